"""Town and country around landmarks: houses, offices, farms, hills, rocks."""

from __future__ import annotations

import numpy as np

from .elements import balustrade, banner, chimney, cornice, dormer, picture, quoins, sign, window
from .mesh import TAU, Frame, Mesh, block_frames, outline

STOREY = 3.3


def house(rng: np.random.Generator, floors: int | None = None) -> Mesh:
    """A town house 8 to 18 m wide between neighbours, its front on y = 0."""
    mesh = Mesh(rng)
    width, depth = rng.uniform(8, 18), rng.uniform(9, 13)
    floors = int(rng.integers(2, 6)) if floors is None else floors
    top = floors * STOREY + 1.0
    wall = f"wall{rng.integers(4)}"
    kind = str(rng.choice(["rect", "rect", "segment", "round"]))
    bays = max(2, int(width / rng.uniform(2.3, 3.4)))
    style = {
        "shutters": 0.7 * (rng.random() < 0.4),
        "crown": rng.random() < 0.6,
        "border": rng.uniform(0.08, 0.2),
    }
    shop = rng.random() < 0.45
    for k, (frame, w) in enumerate(block_frames(-width / 2, width / 2, 0, depth)):
        if k % 2:  # party walls are blank
            mesh.wall(frame, w, top, wall)
            continue
        holes = []
        first = 1 if shop and k == 0 else 0
        entrance = int(rng.integers(bays)) if k == 0 and not first else None
        for floor in range(first, floors):
            for b in range(bays):
                if rng.random() < 0.04 or (floor == 0 and b == entrance):
                    continue
                tall = rng.uniform(1.75, 1.85) * (1.0 if floor < floors - 1 else 0.85)
                holes.append(
                    window(
                        mesh,
                        frame,
                        w * (b + 0.5) / bays,
                        floor * STOREY + 1.1,
                        1.1,
                        tall,
                        kind,
                        depth=0.2,
                        panes=(2, 2),
                        **style,
                    )
                )
        mesh.wall(frame, w, top, wall, holes)
        if first:
            _shop(mesh, frame, w)
        elif entrance is not None:
            x = w * (entrance + 0.5) / bays
            mesh.slab(frame, x - 0.75, x + 0.75, 0, 2.5, -0.02, 0.12, "trim")
            mesh.slab(frame, x - 0.55, x + 0.55, 0, 2.3, 0, 0.14, "door")
    _balconies(mesh, width, floors, bays)
    if rng.random() < 0.4:
        quoins(mesh, -width / 2, width / 2, 0, depth, 0, top)
    cornice(
        mesh,
        -width / 2,
        width / 2,
        0,
        depth,
        top - 0.3,
        reach=rng.uniform(0.25, 0.5),
        height=0.5,
        dentils=rng.random() < 0.3,
    )
    _house_roof(mesh, width, depth, top, wall)
    return mesh


def _shop(mesh: Mesh, frame: Frame, width: float) -> None:
    rng, n = mesh.rng, max(2, int(width / 3.5))
    for b in range(n):
        x0, x1 = width * b / n + 0.35, width * (b + 1) / n - 0.35
        mesh.slab(frame, x0 - 0.12, x1 + 0.12, 0, 2.75, -0.02, 0.08, "shutter")
        mesh.slab(frame, x0, x1, 0.45, 2.55, 0, 0.1, "glass")
        if rng.random() < 0.4:
            mesh.slab(frame, x0, x0 + 1.0, 0, 2.45, 0, 0.13, "door")
        if rng.random() < 0.5:
            edge = frame.at([x0, x1, x1, x0], [2.75, 2.75, 2.1, 2.1], [0.05, 0.05, 1.4, 1.4])
            mesh.add(edge, [[0, 3, 2, 1]], "awning")
    sign(mesh, frame, 0.15 * width, 0.15 * width + min(0.7 * width, 5.0), 2.85, 3.4, 0.15)
    if rng.random() < 0.3:
        side = Frame(frame.at(0.08 * width, 3.4, 0.1), -frame.out, frame.up, frame.right)
        mesh.panel(side, -1.0, 0, 0.2, 1.0, picture(mesh, "sign"), 0.03)
        mesh.panel(
            side._replace(right=frame.out, out=-frame.right),
            0,
            1.0,
            0.2,
            1.0,
            picture(mesh, "sign"),
            0.03,
        )


def _balconies(mesh: Mesh, width: float, floors: int, bays: int) -> None:
    rng = mesh.rng
    if rng.random() < 0.4:
        for floor in range(1, floors):
            for b in range(bays):
                if rng.random() < 0.3:
                    x, z = width * ((b + 0.5) / bays - 0.5), floor * STOREY + 0.8
                    mesh.boxes([x, -0.45, z], [1.9, 0.9, 0.15], "trim")
                    balustrade(mesh, x - 0.9, x + 0.9, -0.85, -0.05, z + 0.08, "metal", 0.9)
    if rng.random() < 0.15:
        frame = Frame(np.array([0.0, 0, 0]), np.eye(3)[0], np.eye(3)[2], -np.eye(3)[1])
        banner(mesh, frame, rng.uniform(-0.3, 0.3) * width, 0.8 * floors * STOREY, 1.2, 4.0)


def _house_roof(mesh: Mesh, width: float, depth: float, top: float, wall: str) -> None:
    rng, tiles = mesh.rng, f"roof{mesh.rng.integers(2)}"
    form = str(rng.choice(["side", "gable", "mansard", "flat"], p=[0.45, 0.2, 0.25, 0.1]))
    front = Frame(np.array([-width / 2, 0, 0.0]), np.eye(3)[0], np.eye(3)[2], -np.eye(3)[1])
    rise = rng.uniform(2.5, 5.0)
    if form == "side":
        mesh.gable_roof(
            -width / 2, width / 2, 0, depth, top + 0.2, rise, tiles, wall, 0.3, along="x"
        )
        for b in range(int(rng.integers(0, 4))):
            dormer(mesh, front.moved(d=-1.3), width * (b + 1) / 4.0, top + 0.9, 1.2, 1.4, 2.0)
    elif form == "gable":
        mesh.gable_roof(-width / 2, width / 2, 0, depth, top + 0.2, 1.3 * rise, tiles, wall, 0.15)
        window(
            mesh,
            front.moved(d=0.02),
            width / 2,
            top + 0.5,
            1.0,
            1.4,
            "round",
            depth=-0.02,
            panes=(2, 2),
        )
    elif form == "mansard":
        x0, x1, y0, y1 = -width / 2, width / 2, 0.2, depth - 0.2
        ring = [[x0, y0, top], [x1, y0, top], [x1, y1, top], [x0, y1, top]]
        inner = [
            [x0 + 0.3, y0 + 1.1, top + 2.6],
            [x1 - 0.3, y0 + 1.1, top + 2.6],
            [x1 - 0.3, y1 - 1.1, top + 2.6],
            [x0 + 0.3, y1 - 1.1, top + 2.6],
        ]
        mesh.add(
            ring + inner,
            [[i, (i + 1) % 4, (i + 1) % 4 + 4, i + 4] for i in range(4)] + [[4, 5, 6, 7]],
            tiles,
        )
        for b in range(max(2, int(width / 3))):
            dormer(
                mesh,
                front.moved(d=-0.35),
                width * (b + 0.5) / max(2, int(width / 3)),
                top + 0.3,
                1.2,
                1.5,
                1.2,
                str(rng.choice(["rect", "round"])),
            )
    else:
        mesh.box(-width / 2, width / 2, 0, depth, top, top + 0.5, "trim")
    for _ in range(int(rng.integers(0, 3))):
        chimney(
            mesh,
            rng.uniform(-0.42, 0.42) * width,
            depth / 2 + 1.2,
            top + 0.4,
            rng.uniform(2.5, 1.5 + rise),
        )


def office(rng: np.random.Generator) -> Mesh:
    """A post-war office block with bands of windows."""
    mesh = Mesh(rng)
    width, depth, floors = rng.uniform(14, 22), 12.0, int(rng.integers(3, 7))
    top = 3.4 * floors + 0.8
    mesh.box(-width / 2, width / 2, 0, depth, 0, top, f"wall{rng.integers(4)}")
    frame, w = block_frames(-width / 2, width / 2, 0, depth)[0]
    bays = int(width / rng.uniform(1.2, 2.6))
    for floor in range(floors):
        y = 3.4 * floor + (0.4 if floor == 0 else 1.0)
        mesh.slab(frame, 0.3, w - 0.3, y, 3.4 * floor + 2.9, 0, 0.05, "glass")
        for b in range(bays + 1):
            x = 0.3 + (w - 0.6) * b / bays
            mesh.slab(frame, x - 0.06, x + 0.06, y, 3.4 * floor + 2.9, 0, 0.15, "frame")
        for b in range(bays):
            if rng.random() < 0.12:
                x = 0.3 + (w - 0.6) * b / bays
                mesh.slab(
                    frame, x, x + (w - 0.6) / bays, y, y + rng.uniform(0.5, 1.9), 0, 0.07, "white"
                )
    sign(mesh, frame, 0.1 * w, 0.1 * w + 6, 2.95, 3.6)
    mesh.boxes([rng.uniform(-0.3, 0.3) * width, depth / 2, top + 1.2], [5, 4, 2.4], "metal")
    return mesh


def farmhouse(rng: np.random.Generator) -> Mesh:
    """A low house with a big roof."""
    mesh = Mesh(rng)
    width, depth, top = rng.uniform(10, 16), 7.5, rng.choice([3.2, 5.8])
    frame, w = block_frames(-width / 2, width / 2, 0, depth)[0]
    holes = []
    bays = int(width / 2.8)
    for row in range(1 if top < 4 else 2):
        for b in range(bays):
            holes.append(
                window(
                    mesh,
                    frame,
                    w * (b + 0.5) / bays,
                    0.9 + 2.8 * row,
                    1.0,
                    1.2,
                    "rect",
                    depth=0.2,
                    panes=(2, 2),
                    shutters=0.5,
                )
            )
    for k, (side, length) in enumerate(block_frames(-width / 2, width / 2, 0, depth)):
        mesh.wall(side, length, top, "wall0", holes if k == 0 else ())
    x = w * rng.uniform(0.3, 0.7)
    mesh.slab(frame, x - 0.5, x + 0.5, 0, 2.1, 0, 0.12, "door")
    mesh.gable_roof(
        -width / 2, width / 2, 0, depth, top, rng.uniform(3, 4.5), "roof0", "wall0", 0.6, along="x"
    )
    chimney(mesh, 0.3 * width, depth / 2, top + 2, 3.5)
    return mesh


def barn(rng: np.random.Generator) -> Mesh:
    """A boarded barn with a great door."""
    mesh = Mesh(rng)
    width, depth, top = rng.uniform(9, 13), rng.uniform(14, 20), rng.uniform(4, 5)
    mesh.box(-width / 2, width / 2, 0, depth, 0, top, "door")
    mesh.gable_roof(-width / 2, width / 2, 0, depth, top, rng.uniform(3, 5), "roof1", "door", 0.6)
    frame, w = block_frames(-width / 2, width / 2, 0, depth)[0]
    mesh.extrude(frame, outline("rect", w / 2, 0, 3.6, 3.6), 0, 0.12, "board")
    for dx in (-1.8, 0, 1.8):
        mesh.slab(frame, w / 2 + dx - 0.08, w / 2 + dx + 0.08, 0, 3.6, 0.1, 0.18, "white")
    mesh.slab(frame, w / 2 - 0.6, w / 2 + 0.6, top + 0.4, top + 1.6, 0, 0.1, "dark")
    return mesh


def hills(rng: np.random.Generator) -> Mesh:
    """Rolling country in rings from 170 m to 900 m around the origin."""
    n, radii, heights = 120, (170, 240, 330, 450, 620, 900), (0, 6, 16, 34, 60, 90)
    angle = np.linspace(0, TAU, n + 1)
    rings = []
    for radius, height in zip(radii, heights, strict=True):
        phase = rng.uniform(0, TAU, 5)
        wave = sum(
            np.sin(f * angle + p) / f**0.6 for f, p in zip((2, 5, 9, 17, 31), phase, strict=True)
        )
        z = height * np.maximum(0.4 + 0.35 * wave, 0.0) - 0.3
        rings.append(np.c_[radius * np.cos(angle), radius * np.sin(angle), z])
    mesh = Mesh(rng)
    i, j = np.meshgrid(np.arange(len(radii) - 1), np.arange(n), indexing="ij")
    q = i * (n + 1) + j
    faces = np.stack([q, q + n + 1, q + n + 2, q + 1], -1).reshape(-1, 4)
    mesh.add(np.concatenate(rings), faces, "hill", smooth=True)
    return mesh


def rocks(rng: np.random.Generator) -> Mesh:
    """A few boulders."""
    mesh = Mesh(rng)
    for _ in range(int(rng.integers(3, 7))):
        size, at = rng.uniform(0.4, 1.6), np.r_[rng.normal(0, 1.6, 2), 0]
        t, a = np.linspace(-np.pi / 2, np.pi / 2, 8), np.linspace(0, TAU, 13)
        radius = size * (1 + 0.22 * rng.normal(size=(8, 12)))
        radius = np.c_[radius, radius[:, :1]]
        points = (
            np.stack(
                [
                    radius * np.outer(np.cos(t), np.cos(a)),
                    radius * np.outer(np.cos(t), np.sin(a)),
                    0.7 * radius * np.sin(t)[:, None],
                ],
                -1,
            )
            + at
        )
        i, j = np.meshgrid(np.arange(7), np.arange(12), indexing="ij")
        q = i * 13 + j
        mesh.add(
            points.reshape(-1, 3), np.stack([q, q + 1, q + 14, q + 13], -1).reshape(-1, 4), "rock"
        )
    return mesh
