"""Domed churches and halls: a great dome on a drum, a columned porch, towers or lesser domes."""

import numpy as np

from ..elements import (
    around,
    balustrade,
    block,
    clock,
    column,
    cornice,
    dome,
    frieze,
    lantern,
    niche,
    pediment,
    portal,
    spire,
    statue,
    steps,
    window,
)
from ..mesh import TAU, Mesh, block_frames
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A dome 10 to 20 m across over a block with a porch; towers or small domes round it."""
    mesh = Mesh(rng)
    width, depth, top = rng.uniform(28, 40), rng.uniform(22, 28), rng.uniform(11, 16)
    plan = str(rng.choice(["porch", "towers", "five domes", "round"]))
    order = str(rng.choice(["corinthian", "ionic"]))
    if plan == "round":
        radius = rng.uniform(11, 15)
        centre_y = radius + 3
        _round_body(mesh, centre_y, radius, top * 0.8)
        _drum_and_dome(mesh, 0, centre_y, top * 0.8 + 1.0, 0.66 * radius, order, square=False)
    else:
        centre_y = 0.52 * depth
        _body(mesh, width, depth, top)
        _drum_and_dome(mesh, 0, centre_y, top + 0.5, rng.uniform(6.5, 9.5), order)
    porch = rng.uniform(0.34, 0.5) * width
    _porch(mesh, porch, rng.uniform(4.5, 7), 0.78 * top, order)
    if plan == "round":
        _vestibule(mesh, porch / 2 + 0.9, centre_y - 0.5 * radius, 0.78 * top + 2.2)
    if plan == "towers":
        for side in (-1, 1):
            _bell_tower(
                mesh,
                side * (width / 2 - 2.6),
                -0.6,
                6.4,
                top * rng.uniform(1.7, 2.3),
                clocked=side < 0,
            )
    elif plan == "five domes":
        bulge, kind = float(rng.choice([0.0, 0.3])), rng.uniform(0.9, 1.4)
        for side in (-1, 1):
            for y in (0.16, 0.86):
                _small_dome(
                    mesh,
                    side * 0.36 * width,
                    y * depth,
                    top + 0.5,
                    rng.uniform(2.2, 3.2),
                    bulge,
                    kind,
                )
    walls = ("limestone", "marble", "sandstone", "stucco", "brick")
    return mesh, draw_palette(rng, walls, ("lead", "copper", "tile", "slate"))


def _body(mesh: Mesh, width, depth, top) -> None:
    rng, half = mesh.rng, width / 2
    bays = int(rng.choice([5, 7, 9]))
    kinds = [str(v) for v in rng.choice(["rect", "round", "segment"], 2)]
    rows = [
        (1.6, 0.28 * top, 1.7, kinds[0], (2, 3)),
        (0.54 * top, 0.28 * top, 1.7, kinds[1], (2, 3)),
    ]
    block(mesh, -half, half, 0, depth, 0, top, "wall", rows, bays)
    cornice(mesh, -half, half, 0, depth, 0.45 * top, reach=0.35, height=0.6)
    cornice(mesh, -half, half, 0, depth, top - 1.0, reach=0.7, height=1.1)
    balustrade(mesh, -half, half, 0, depth, top + 0.1, height=1.2)
    mesh.box(-half, half, 0, depth, top - 0.2, top + 0.05, "roof")
    front = block_frames(-half, half, 0, depth)[0][0]
    for b in range(bays + 1):
        x = width * b / bays
        mesh.slab(front, x - 0.4, x + 0.4, 0, top - 1, -0.1, 0.35, "trim")
        if rng.random() < 0.7:
            mesh.boxes([x - half, 0.2, top + 0.8], [1.1, 1.1, 1.6], "trim")
            statue(mesh, x - half, 0.2, top + 1.6, rng.uniform(2.0, 2.7))
    for b in (0, bays - 1):
        frieze(
            mesh,
            front,
            width * b / bays + 0.6,
            width * (b + 1) / bays - 0.6,
            0.36 * top,
            0.07 * top,
            panel=1.6,
        )


def _round_body(mesh: Mesh, y, radius, top) -> None:
    rng = mesh.rng
    mesh.lathe([(radius, 0), (radius, top)], (0, y, 0), 64, "wall")
    for z, p in ((0.45 * top, 0.4), (top - 0.8, 0.8)):
        mesh.lathe(
            [(radius, 0), (radius + p, 0.3), (radius + p, 0.7), (radius, 0.8)],
            (0, y, z),
            64,
            "trim",
            smooth=False,
        )
    mesh.lathe([(radius + 0.5, top), (0.7 * radius, top + 1.2)], (0, y, 0), 64, "roof")
    n = int(rng.choice([16, 20, 24]))
    for k, frame in enumerate(around(0, y, 0, radius, n, np.pi / n)):
        if k % 2:
            niche(mesh, frame, 0, 0.12 * top, 1.2, 0.3 * top)
        else:
            window(mesh, frame, 0, 0.12 * top, 1.4, 0.28 * top, "round", depth=-0.03)
        window(
            mesh,
            frame,
            0,
            0.58 * top,
            1.2,
            0.26 * top,
            str(rng.choice(["rect", "round"])),
            depth=-0.03,
            panes=(2, 2),
        )
    for frame in around(0, y, 0, radius, n):
        mesh.slab(frame, -0.35, 0.35, 0, top - 0.8, -0.2, 0.3, "trim")


def _vestibule(mesh: Mesh, half, depth, top) -> None:
    """The block that joins the porch to a curved wall."""
    mesh.box(-half, half, 0, depth, 0, top, "wall")
    cornice(mesh, -half, half, 0.6, depth, top, reach=0.5, height=0.6)
    for frame, width in block_frames(-half, half, 0, 0.6 * depth)[1::2]:
        niche(mesh, frame, 0.5 * width, 1.6, 1.2, 3.2)
        frieze(mesh, frame, 0.4, width - 0.4, 0.66 * top, 1.4, panel=2.2)


def _porch(mesh: Mesh, width, depth, height, order: str) -> None:
    rng, half = mesh.rng, width / 2
    count = int(rng.choice([4, 6, 8]))
    steps(mesh, -half - 0.8, half + 0.8, -depth - 0.8, 0, 0.9, 5)
    radius = 0.42 + 0.02 * height / count * 6
    for x in np.linspace(-half, half, count):
        column(mesh, x, -depth, 0.9, height, radius, order=order)
    for side in (-1, 1):
        column(mesh, side * half, -depth / 2, 0.9, height, radius, order=order)
    z = 0.9 + height
    mesh.box(-half - 0.9, half + 0.9, -depth - 0.9, 0, z, z + 1.3, "trim")
    frame = block_frames(-half - 0.9, half + 0.9, -depth - 0.9, 0, z)[0][0]
    total = width + 1.8
    if rng.random() < 0.5:
        mesh.panel(frame, 0.15 * total, 0.85 * total, 0.25, 1.1, f"sign{rng.integers(4)}", 0.05)
    else:
        frieze(mesh, frame, 0.3, total - 0.3, 0.25, 0.8, panel=1.3, depth=0.04)
    cornice(mesh, -half - 0.9, half + 0.9, -depth - 0.9, 0, z + 1.3, reach=0.5, height=0.6)
    rise = total * rng.uniform(0.17, 0.26)
    pediment(mesh, frame.moved(y=1.9, d=0.2), total / 2, 0, total, rise)
    mesh.gable_roof(-half - 0.9, half + 0.9, -depth - 0.6, 1.5, z + 1.9, rise, gable="trim")
    for x in (-half - 0.6, 0, half + 0.6):
        statue(mesh, x, -depth - 0.6, z + 1.9 + (rise if x == 0 else 0.3), 2.4)
    door = block_frames(-half, half, 0, 1)[0][0].moved(d=0.05)
    portal(mesh, door, half, 0.26 * width, 0.7 * height, "round", 3, y=0.9)
    for x in (0.2, 0.8):
        niche(mesh, door, x * width, 2.2, 1.2, 3.2)


def _drum_and_dome(mesh: Mesh, x, y, z, radius, order: str, square=True) -> None:
    rng, tall = mesh.rng, mesh.rng.uniform(5, 9)
    if square:
        mesh.boxes([x, y, z + 0.7], [2.25 * radius, 2.25 * radius, 2.6], "wall")
    else:
        mesh.cylinder((x, y, z - 1.0), 1.13 * radius, 3.0, 64, "wall")
    z += 2.0
    mesh.lathe([(0.93 * radius, 0), (0.93 * radius, tall)], (x, y, z), 64, "wall")
    n = int(rng.choice([12, 16, 20, 24]))
    paired = rng.random() < 0.6
    for a in TAU * np.arange(n) / n:
        if paired:
            column(
                mesh,
                x + 1.04 * radius * np.cos(a),
                y + 1.04 * radius * np.sin(a),
                z,
                tall - 0.4,
                0.36,
                n=10,
                flute=0,
                order=order,
            )
        else:
            mesh.boxes(
                [x + 0.97 * radius * np.cos(a), y + 0.97 * radius * np.sin(a), z + tall / 2],
                [0.4, 0.6, tall],
                "trim",
                turn=a,
            )
    for frame in around(x, y, z, 0.93 * radius, n, np.pi / n):
        w = min(1.4, 1.1 * TAU * radius / n - 0.9)
        window(mesh, frame, 0, 1.0, w, tall - 2.6, "round", depth=-0.04, panes=(2, 3), sill=False)
    ring = [
        (1.0, 0),
        (1.13, 0),
        (1.13, 0.05),
        (1.2, 0.1),
        (1.2, 0.14),
        (0.98, 0.14),
        (0.98, 0.3),
        (0.94, 0.34),
    ]
    mesh.lathe(np.array(ring) * [radius, 7], (x, y, z + tall - 0.4), 64, "trim", smooth=False)
    rise = rng.uniform(0.85, 1.4)
    top = dome(
        mesh, x, y, z + tall + 1.7, 0.95 * radius, rise, ribs=int(rng.choice([0, 8, 16, 24]))
    )
    for frame in around(
        x, y, z + tall + 1.7 + 0.3 * rise * radius, 0.88 * radius, 8, 0.2
    ):  # dormers in the dome
        window(mesh, frame, 0, 0, 0.8, 1.1, "circle", depth=-0.25, panes=(1, 1), sill=False)
    lantern(mesh, x, y, top - 0.1, 0.17 * radius, rng.uniform(5, 8))


def _bell_tower(mesh: Mesh, x, y, width, height, clocked: bool) -> None:
    rng, half = mesh.rng, width / 2
    rows = [(s * height, 0.16 * height, 1.5, "round", (2, 3)) for s in (0.1, 0.38, 0.66)]
    block(mesh, x - half, x + half, y, y + width, 0, 0.86 * height, "wall", rows, 1, borders=2)
    for s in (0.32, 0.6, 0.86):
        cornice(mesh, x - half, x + half, y, y + width, s * height - 0.4, reach=0.5, height=0.7)
    frame = block_frames(x - half, x + half, y, y + width)[0][0]
    if clocked:
        clock(mesh, frame, half, 0.56 * height, 1.0)
    balustrade(mesh, x - half, x + half, y, y + width, 0.86 * height + 0.3)
    centre = (x, y + half, 0.86 * height + 0.3)
    if rng.random() < 0.5:
        mesh.lathe(
            np.array([(0.42, 0), (0.42, 0.35), (0.5, 0.4), (0.47, 0.6), (0.25, 0.8), (0.2, 1.05)])
            * width,
            centre,
            8,
            "accent",
            smooth=False,
        )
        top = dome(
            mesh,
            x,
            y + half,
            centre[2] + 1.05 * width,
            0.2 * width,
            1.2,
            ribs=0,
            n=16,
            bulge=0.3,
            opening=0.02,
        )
        mesh.sphere((x, y + half, top + 0.2), 0.25, "gold")
    else:
        mesh.cylinder(centre, 0.4 * width, 3.0, 8, "wall", smooth=False)
        spire(mesh, x, y + half, centre[2] + 3.0, 0.46 * width, width * rng.uniform(0.9, 1.8))


def _small_dome(mesh: Mesh, x, y, z, radius, bulge, rise) -> None:
    mesh.lathe(
        [
            (radius, -0.6),
            (radius, 3.2),
            (1.15 * radius, 3.4),
            (1.15 * radius, 3.8),
            (0.95 * radius, 3.8),
        ],
        (x, y, z),
        24,
        "trim",
        smooth=False,
    )
    for frame in around(x, y, z, radius, 8):
        window(mesh, frame, 0, 0.5, 0.8, 2.0, "round", depth=-0.04, panes=(1, 2), sill=False)
    top = dome(mesh, x, y, z + 3.8, 0.95 * radius, rise, ribs=8, n=32, bulge=bulge, opening=0.03)
    mesh.tube([(x, y, top - 0.2), (x, y, top + 1.8)], 0.08, 6, "gold")
    mesh.sphere((x, y, top + 0.5), 0.28, "gold")
