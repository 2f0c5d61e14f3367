"""City gates: one great gate tower, or two drums with a curtain between, painted and gabled."""

import numpy as np

from ..elements import (
    around,
    band,
    banner,
    block,
    clock,
    coat_of_arms,
    cornice,
    frieze,
    lantern,
    merlons,
    niche,
    picture,
    pinnacle,
    quoins,
    spire,
    window,
)
from ..mesh import Mesh, block_frames, outline
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A gate with its passage, 18 to 40 m high, and pieces of the town wall beside it."""
    mesh = Mesh(rng)
    form = str(rng.choice(["tower", "drums", "gabled"]))
    width, height = rng.uniform(11, 16), rng.uniform(15, 26)
    passage = rng.uniform(4.0, 5.5), rng.uniform(6, 8.5)
    if form == "drums":
        height *= 0.8
    _gate_block(mesh, width, height, passage, form)
    if form == "tower":
        _crown(mesh, width, height)
    elif form == "drums":
        for side in (-1, 1):
            _drum(
                mesh,
                side * (width / 2 + 2.4),
                rng.uniform(3.6, 4.8),
                height * rng.uniform(1.0, 1.3),
            )
        merlons(mesh, -width / 2, width / 2, 0, 8, height + 0.4)
    else:
        _stepped_gable(mesh, width, height)
        for side in (-1, 1):
            _drum(mesh, side * (width / 2 + 1.2), 2.0, height * rng.uniform(0.9, 1.25), slim=True)
    reach = width / 2 + (7 if form == "drums" else 3)
    for side in (-1, 1):
        _town_wall(mesh, side, reach, rng.uniform(8, 13), rng.uniform(5.5, 8))
    return mesh, draw_palette(
        rng, ("brick", "limestone", "sandstone", "stucco"), ("tile", "slate", "copper", "glazed")
    )


def _gate_block(mesh: Mesh, width, height, passage, form: str) -> None:
    rng, depth = mesh.rng, 8.0
    opening, rise = passage
    kind = str(rng.choice(["round", "pointed", "segment"]))
    for k, (frame, w) in enumerate(block_frames(-width / 2, width / 2, 0, depth)):
        holes = []
        if k % 2 == 0:
            gate = outline(kind, w / 2, 0.01, opening, rise)
            holes.append(gate)
            mesh.moulding(
                frame, gate, outline(kind, w / 2, 0.01, opening + 1.4, rise + 0.8), 0, 0.4, "trim"
            )
            mesh.strip(frame, gate, 0, -depth / 2, "wall")
        n = 3 if k % 2 == 0 else 2
        for row, y in enumerate(
            np.linspace(rise + 3.6, height - 3.4, max(1, int((height - rise) / 5)))
        ):
            for b in range(n):
                if rng.random() < 0.88:
                    style = str(rng.choice(["rect", "round", "pointed"]))
                    holes.append(
                        window(
                            mesh,
                            frame,
                            w * (b + 0.5) / n,
                            y,
                            1.1,
                            1.9,
                            style,
                            panes=(2, 3),
                            shutters=0.3 * (row == 0),
                        )
                    )
        mesh.wall(frame, w, height, "wall", holes)
    front = block_frames(-width / 2, width / 2, 0, depth)[0][0]
    frieze(
        mesh,
        front,
        0.8,
        width - 0.8,
        rise + 1.2,
        1.6,
        str(rng.choice(["mural", "relief"])),
        rng.uniform(1.8, 3.2),
    )
    for x in (0.12, 0.88):
        niche(mesh, front, x * width, 1.8, 1.0, 2.6)
        coat_of_arms(mesh, front, x * width, 5.4, 1.3)
    if rng.random() < 0.5:
        for x in (0.1, 0.9):
            banner(mesh, front, x * width, height - 1.0, 1.3, 4.5)
    quoins(mesh, -width / 2, width / 2, 0, depth, 0, height)
    band(mesh, front, 0, width, rise + 3.1, 0.35, 0.3)
    cornice(mesh, -width / 2, width / 2, 0, depth, height - 0.4, reach=0.6, height=0.9)
    if form != "drums":
        clock(mesh, front, width / 2, height - 2.4, 1.35)
    mesh.box(-width / 2, width / 2, 0, depth, height - 0.2, height + 0.3, "base")


def _crown(mesh: Mesh, width, height) -> None:
    """What ends the tower: an onion and lantern, a steep roof with turrets, or a second stage."""
    rng, z = mesh.rng, height + 0.4
    choice = int(rng.integers(3))
    if choice == 0:
        mesh.hip_roof(-width / 2, width / 2, 0, 8, z, rng.uniform(6, 11), ridge=rng.uniform(0, 3))
        for x in (-width / 2, width / 2):
            spire(mesh, x, 0.2, z - 2.5, 1.3, 6.0, 8, ribs=False, finial="ball")
            mesh.lathe(
                [(0.2, 0), (1.2, 2.0), (1.2, 4.0)], (x, 0.2, z - 6.3), 8, "trim", smooth=False
            )
    elif choice == 1:
        side = 0.6 * width
        rows = [(z + 1.2, 2.6, 1.1, "round", (2, 3))]
        block(mesh, -side / 2, side / 2, 0.8, 7.2, z, z + 5.5, "accent", rows, 3)
        cornice(mesh, -side / 2, side / 2, 0.8, 7.2, z + 5.2, reach=0.4, height=0.6)
        mesh.lathe(
            np.array([(0.62, 0), (0.6, 0.2), (0.75, 0.5), (0.5, 0.9), (0.18, 1.05), (0.14, 1.1)])
            * [side * 0.72, side * 0.72],
            (0, 4, z + 5.8),
            8,
            "dome",
            smooth=False,
        )
        lantern(mesh, 0, 4, z + 5.8 + 0.78 * side, 0.13 * side, 3.2, 6)
    else:
        merlons(mesh, -width / 2 - 0.4, width / 2 + 0.4, -0.4, 8.4, z, "trim")
        spire(
            mesh, 0, 4, z, 0.33 * width, rng.uniform(7, 14), int(rng.choice([4, 8])), finial="vane"
        )


def _stepped_gable(mesh: Mesh, width, height) -> None:
    rng, steps = mesh.rng, int(mesh.rng.integers(4, 7))
    frame = block_frames(-width / 2, width / 2, 0, 8)[0][0]
    tread, rise = width / (2 * steps), rng.uniform(1.0, 1.5)
    left = [
        (tread * k, height + rise * j) for k in range(steps) for j in ((k, k + 1) if k else (0, 1))
    ]
    right = [(width - x, y) for x, y in left[::-1]]
    ring = [(0, height), *left[1:], *right[:-1], (width, height)]
    mesh.extrude(frame, ring, -0.6, 0.05, "wall")
    for k in range(steps):
        for x in (tread * (k + 0.5), width - tread * (k + 0.5)):
            mesh.slab(
                frame,
                x - tread / 2,
                x + tread / 2,
                height + rise * (k + 1),
                height + rise * (k + 1) + 0.2,
                -0.7,
                0.2,
                "trim",
            )
            pinnacle(mesh, *frame.at(x, height + rise * (k + 1) + 0.2, -0.25), 0.4, 1.4)
    for row in range(max(1, steps - 2)):
        n = max(1, steps - 1 - row)
        for b in range(n):
            x = width / 2 + (b - (n - 1) / 2) * 1.6 * tread
            if rng.random() < 0.5:
                niche(mesh, frame, x, height + rise * row + 0.8, 0.7, 1.5)
            else:
                mesh.panel(
                    frame,
                    x - 0.5,
                    x + 0.5,
                    height + rise * row + 0.7,
                    height + rise * row + 1.7,
                    picture(mesh, "mural"),
                    0.09,
                )
    mesh.gable_roof(
        -width / 2 + 0.3, width / 2 - 0.3, 0.3, 8, height, rise * steps - 0.4, overhang=0.0
    )


def _drum(mesh: Mesh, x, radius, height, slim=False) -> None:
    rng, y = mesh.rng, 2.5
    mesh.lathe(
        [
            (1.12 * radius, 0),
            (radius, 2),
            (radius, height),
            (1.12 * radius, height + 0.6),
            (1.12 * radius, height + 1.6),
            (0.9 * radius, height + 1.6),
        ],
        (x, y, 0),
        28,
        "wall",
        smooth=False,
    )
    for z in (0.3, 0.62):
        mesh.lathe(
            [(radius, 0), (1.05 * radius, 0.1), (1.05 * radius, 0.4), (radius, 0.5)],
            (x, y, z * height),
            28,
            "trim",
            smooth=False,
        )
    for z in np.arange(0.15, 0.95, 0.2) * height:
        for frame in around(x, y, z, radius, 3 if slim else 7, rng.uniform(-2.4, -0.6)):
            if rng.random() < 0.7:
                window(
                    mesh,
                    frame,
                    0,
                    0,
                    0.6,
                    rng.uniform(1.0, 1.7),
                    str(rng.choice(["rect", "round"])),
                    depth=-0.04,
                    panes=(1, 2),
                )
    top = height + 1.4
    if rng.random() < 0.7:
        rise = radius * rng.uniform(1.6, 3.0)
        mesh.cone((x, y, top), 1.05 * radius, rise, 28, "roof", smooth=True)
        mesh.sphere((x, y, top + rise), 0.2, "gold")
    else:
        mesh.lathe(
            np.array([(1.0, 0), (1.1, 0.3), (0.95, 0.7), (0.5, 1.1), (0.15, 1.5), (0.05, 2.0)])
            * radius,
            (x, y, top),
            28,
            "dome",
        )


def _town_wall(mesh: Mesh, side, start, length, height) -> None:
    x0, x1 = sorted((side * start * 0.8, side * (start + length)))
    mesh.box(x0, x1, 2.5, 4.5, 0, height, "wall")
    merlons(mesh, x0, x1, 2.6, 4.4, height)
    frame, w = block_frames(x0, x1, 2.5, 4.5)[0]
    for x in np.arange(1.2, w - 0.6, 2.4):
        y = mesh.rng.uniform(1.5, height - 2)
        mesh.panel(frame, x - 0.5, x + 0.5, y, y + 0.8, picture(mesh, "relief"), 0.06)
