"""Castles: curtain walls, towers round and square, a keep and a gatehouse, brick or stone."""

import numpy as np

from ..elements import (
    around,
    band,
    banner,
    block,
    chimney,
    clock,
    coat_of_arms,
    cornice,
    dormer,
    facade,
    flagpole,
    merlons,
    niche,
    portal,
    quoins,
    sign,
    window,
)
from ..mesh import TAU, Mesh, block_frames, outline
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A fortress with a keep, or a brick castle with a clock tower and pointed roofs."""
    mesh = Mesh(rng)
    width, depth, wall = rng.uniform(28, 42), rng.uniform(18, 24), rng.uniform(8, 14)
    residence = rng.random() < 0.5
    _curtain(mesh, width, depth, wall, residence)
    heights = wall * rng.uniform(1.15, 2.0, 4)
    roofed = rng.random() < 0.6
    shape = str(rng.choice(["round", "square", "mixed"]))
    for k, (x, y) in enumerate(
        [(-width / 2, 0), (width / 2, 0), (width / 2, depth), (-width / 2, depth)]
    ):
        if k > 1 and rng.random() < 0.3:
            continue
        radius = rng.uniform(2.8, 4.6)
        if shape == "round" or (shape == "mixed" and k % 2):
            _round_tower(mesh, x, y, radius, heights[k], roofed)
        else:
            _square_tower(mesh, x, y, 1.8 * radius, heights[k], roofed)
    x = rng.uniform(-0.2, 0.2) * width
    if residence:
        _clock_tower(mesh, x, rng.uniform(5.5, 7.5), wall * rng.uniform(2.2, 3.0))
    else:
        _gatehouse(mesh, x, wall * rng.uniform(1.1, 1.5))
        _keep(mesh, rng.uniform(-0.2, 0.25) * width, 0.45 * depth, wall * rng.uniform(1.9, 2.6))
    return mesh, draw_palette(
        rng, ("brick", "limestone", "sandstone", "granite"), ("slate", "tile", "lead")
    )


def _curtain(mesh: Mesh, width, depth, top, residence: bool) -> None:
    rng, half = mesh.rng, width / 2
    if residence:
        bays = int(width / rng.uniform(3.4, 4.6))
        kinds = [str(v) for v in rng.choice(["rect", "pointed", "round", "segment"], 2)]
        rows = [
            (1.8, 0.24 * top, 1.3, kinds[0], (2, 2)),
            (0.52 * top, 0.28 * top, 1.5, kinds[1], (2, 3)),
        ]
        block(mesh, -half, half, 0, depth, 0, top, "wall", rows, bays)
        cornice(mesh, -half, half, 0, depth, 0.44 * top, reach=0.25, height=0.5, dentils=False)
        mesh.hip_roof(-half + 2, half - 2, 2, depth - 2, top + 0.5, rng.uniform(3, 6), overhang=0.0)
        front = block_frames(-half, half, 0, depth)[0][0]
        for k in range(int(rng.integers(3, 7))):
            dormer(
                mesh,
                front.moved(d=-0.6),
                width * (k + 1) / 8 + rng.uniform(0, 1),
                top + 1.4,
                1.6,
                1.7,
                3.0,
                str(rng.choice(["rect", "pointed"])),
            )
        for k in range(4):
            chimney(
                mesh,
                (k - 1.5) * 0.22 * width,
                depth / 2 + rng.uniform(-3, 3),
                top + 2,
                rng.uniform(3, 5.5),
            )
        sign(mesh, front, 0.06 * width, 0.06 * width + 5, 0.36 * top, 0.36 * top + 0.8)
    else:
        for k, (frame, w) in enumerate(block_frames(-half, half, 0, depth)):
            holes = []
            for _ in range(int(w / 5) if k != 2 else 0):  # arrow slits and a few late windows
                x, y = rng.uniform(2, w - 2), rng.uniform(0.2, 0.75) * top
                if all(abs(x - h[:, 0].mean()) > 2.2 for h in holes):
                    slit = rng.random() < 0.6
                    holes.append(
                        window(
                            mesh,
                            frame,
                            x,
                            y,
                            0.35 if slit else 1.2,
                            1.7 if slit else 1.9,
                            "rect" if slit else "pointed",
                            panes=(1, 1) if slit else (2, 2),
                        )
                    )
            mesh.wall(frame, w, top, "wall", holes)
        mesh.box(-half + 1, half - 1, 1, depth - 1, top - 1.5, top - 1.2, "base")
    mesh.boxes(
        np.c_[
            np.linspace(-half, half, int(width / 0.9)),
            np.full(int(width / 0.9), -0.3),
            np.full(int(width / 0.9), top - 0.5),
        ],
        [0.4, 0.7, 0.9],
        "trim",
    )
    mesh.box(-half - 0.6, half + 0.6, -0.6, depth + 0.6, top, top + 0.7, "wall")
    merlons(
        mesh, -half - 0.3, half + 0.3, -0.3, depth + 0.3, top + 0.7, width=rng.uniform(0.7, 1.2)
    )
    frame = block_frames(-half, half, 0, depth)[0][0]
    for _ in range(3):
        coat_of_arms(
            mesh,
            frame,
            rng.uniform(0.1, 0.9) * width,
            rng.uniform(0.45, 0.6) * top,
            rng.uniform(1.2, 1.9),
        )
    if rng.random() < 0.6:
        for x in (0.22, 0.78):
            banner(mesh, frame, x * width, 0.9 * top, 1.5, 0.45 * top, 0.8)


def _round_tower(mesh: Mesh, x, y, radius, height, roofed: bool) -> None:
    rng = mesh.rng
    profile = [
        (1.14 * radius, 0),
        (radius, 2.5),
        (radius, height),
        (1.16 * radius, height + 0.8),
        (1.16 * radius, height + 2.2),
        (0.9 * radius, height + 2.2),
        (0.9 * radius, height + 1.2),
        (0.01, height + 1.2),
    ]
    mesh.lathe(profile, (x, y, 0), 28, "wall", smooth=False)
    for z in (0.35, 0.68):
        mesh.lathe(
            [(radius, 0), (1.06 * radius, 0.1), (1.06 * radius, 0.35), (radius, 0.45)],
            (x, y, z * height),
            28,
            "trim",
            smooth=False,
        )
    for a in TAU * np.arange(14) / 14:
        mesh.boxes(
            [x + 1.04 * radius * np.cos(a), y + 1.04 * radius * np.sin(a), height + 2.7],
            [0.5, 0.9, 1.0],
            "wall",
            turn=a,
        )
    for z in np.arange(0.2, 0.95, 0.24) * height:
        for frame in around(x, y, z, radius, 6, rng.uniform(0, 1)):
            if rng.random() < 0.75:
                window(
                    mesh,
                    frame,
                    0,
                    rng.uniform(-0.8, 0.8),
                    rng.uniform(0.5, 0.9),
                    rng.uniform(1.4, 2.1),
                    str(rng.choice(["round", "pointed", "rect"])),
                    depth=-0.04,
                    panes=(2, 2),
                )
    if roofed:
        mesh.cone(
            (x, y, height + 1.6),
            0.98 * radius,
            radius * rng.uniform(1.7, 2.8),
            28,
            "roof",
            smooth=True,
        )
    else:
        flagpole(mesh, x, y, height + 1.2, rng.uniform(4, 7))


def _square_tower(mesh: Mesh, x, y, width, height, roofed: bool) -> None:
    rng, half = mesh.rng, width / 2
    rows = [
        (share * height, 1.9, 0.9, str(rng.choice(["round", "pointed", "rect"])), (2, 2))
        for share in (0.22, 0.48, 0.76)
    ]
    block(
        mesh,
        x - half,
        x + half,
        y - half,
        y + half,
        0,
        height,
        "wall",
        rows,
        int(rng.integers(1, 3)),
    )
    quoins(mesh, x - half, x + half, y - half, y + half, 0, height)
    cornice(mesh, x - half, x + half, y - half, y + half, height - 0.4, reach=0.6, height=0.8)
    if roofed:
        mesh.cone(
            (x, y, height + 0.4),
            0.78 * width,
            width * rng.uniform(0.8, 1.5),
            4,
            "roof",
            start=np.pi / 4,
        )
    else:
        merlons(mesh, x - half - 0.4, x + half + 0.4, y - half - 0.4, y + half + 0.4, height + 0.4)
        mesh.box(x - half, x + half, y - half, y + half, height - 0.3, height, "base")


def _clock_tower(mesh: Mesh, x, width, height) -> None:
    rng, half = mesh.rng, width / 2
    x0, x1, y0, y1 = x - half, x + half, -2.5, width - 2.5
    rows = [
        (s * height, 3.2, 1.2, str(rng.choice(["round", "pointed", "segment"])), (2, 3))
        for s in (0.28, 0.45, 0.62)
    ]
    block(mesh, x0, x1, y0, y1, 0, height, "wall", rows, 2)
    for z in (0.24, 0.41, 0.58, 0.76):
        cornice(mesh, x0, x1, y0, y1, z * height, reach=0.3, height=0.6)
    quoins(mesh, x0, x1, y0, y1, 0, height)
    for frame, w in block_frames(x0, x1, y0, y1):
        clock(mesh, frame, w / 2, 0.88 * height, 0.3 * width, 4.2)
    cornice(mesh, x0, x1, y0, y1, height - 0.3, reach=0.7, height=1.2)
    merlons(mesh, x0 - 0.5, x1 + 0.5, y0 - 0.5, y1 + 0.5, height + 0.9, "trim", 0.6, 0.9, 0.4)
    mesh.boxes([x, y0 + half, height + 2.4], [0.6 * width, 0.6 * width, 3.6], "trim")
    mesh.cone(
        (x, y0 + half, height + 4.2),
        0.5 * width,
        width * rng.uniform(0.8, 1.6),
        4,
        "roof",
        start=np.pi / 4,
    )
    frame = block_frames(x0, x1, y0, y1)[0][0]
    portal(mesh, frame, half, 0.55 * width, 0.2 * height, str(rng.choice(["pointed", "round"])), 4)
    niche(mesh, frame, half, 0.69 * height, 0.9, 2.0)


def _gatehouse(mesh: Mesh, x, height) -> None:
    rng, width = mesh.rng, mesh.rng.uniform(7, 10)
    half = width / 2
    frame, w = block_frames(x - half, x + half, -2.5, 4)[0]
    facade(mesh, frame, w, height, "wall", [(0.62 * height, 2.2, 1.0, "pointed", (2, 2))], 3)
    for side, length in block_frames(x - half, x + half, -2.5, 4)[1:]:
        mesh.wall(side, length, height, "wall")
    portal(mesh, frame, half, 0.5 * width, 0.48 * height, "round", 4)
    for _ in range(2):
        coat_of_arms(mesh, frame, half + rng.uniform(-0.3, 0.3) * width, 0.5 * height, 1.5)
    band(mesh, frame, 0, width, 0.57 * height, 0.4, 0.3)
    mesh.box(x - half, x + half, -2.5, 4, height - 0.4, height, "base")
    merlons(mesh, x - half - 0.2, x + half + 0.2, -2.7, 4.2, height)
    for side in (-1, 1):
        _round_tower(
            mesh, x + side * (half + 1.2), -1.5, 2.1, height * rng.uniform(1.0, 1.15), False
        )


def _keep(mesh: Mesh, x, y, height) -> None:
    rng, half = mesh.rng, mesh.rng.uniform(5, 7.5)
    rows = [
        (s * height, 2.4, 1.2, str(rng.choice(["round", "rect", "pointed"])), (2, 2))
        for s in (0.45, 0.62, 0.8)
    ]
    block(mesh, x - half, x + half, y - half, y + half, 0, height, "wall", rows, 3)
    quoins(mesh, x - half, x + half, y - half, y + half, 0, height)
    mesh.box(x - half, x + half, y - half, y + half, height - 0.4, height, "base")
    merlons(
        mesh,
        x - half - 0.3,
        x + half + 0.3,
        y - half - 0.3,
        y + half + 0.3,
        height,
        width=1.1,
        height=1.5,
    )
    for sx in (-1, 1):
        top = height + rng.uniform(1.5, 5)
        mesh.cylinder((x + sx * half, y - half, 0.4 * height), 1.5, top - 0.4 * height, 18, "wall")
        mesh.cone((x + sx * half, y - half, 0.4 * height - 2.4), 0.1, 2.4, 18, "wall", top=1.5)
        mesh.cone((x + sx * half, y - half, top), 1.7, 3.5, 18, "roof", smooth=True)
    frame = block_frames(x - half, x + half, y - half, y + half)[0][0]
    mesh.polygon(
        frame,
        outline("rect", half, 0.9 * height, 3.0, 0.08 * height),
        "mural1",
        depth=0.05,
        fit=True,
    )
    flagpole(mesh, x, y, height, 8, 2.2)
