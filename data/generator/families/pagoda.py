"""Pagodas and stupas: storeys with curved eaves, of timber or brick, or tiers under a bell."""

import numpy as np

from ..elements import (
    around,
    balustrade,
    band,
    cornice,
    frieze,
    niche,
    picture,
    sign,
    statue,
    steps,
    window,
)
from ..mesh import TAU, Mesh, block_frames, outline
from ..surfaces import Palette, Surface, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A square timber pagoda, an eight-sided brick one, or a stupa with niches."""
    mesh = Mesh(rng)
    form = str(rng.choice(["timber", "brick", "stupa"], p=[0.4, 0.35, 0.25]))
    if form == "stupa":
        _stupa(mesh)
        return mesh, draw_palette(rng, ("plaster", "sandstone", "limestone"), ("tile",))
    sides = 4 if form == "timber" else int(rng.choice([6, 8]))
    _pagoda(mesh, sides, form)
    if rng.random() < 0.7:
        _gate(mesh, rng.uniform(14, 20))
    _lanterns(mesh)
    red = Surface("wood", ("8a2f22", "6d241b", "4a1a14"), int(rng.integers(1000)))
    dark = Surface("wood", ("4f4438", "3b332a", "28221c"), int(rng.integers(1000)))
    walls = ("wood", "plaster") if form == "timber" else ("brick", "limestone", "plaster")
    accent = (red, dark)[int(rng.integers(2))]
    return mesh, draw_palette(rng, walls, ("glazed", "slate", "tile"), accent=accent)


def _pagoda(mesh: Mesh, sides, form) -> None:
    rng = mesh.rng
    storeys = int(rng.choice([3, 5, 7])) if form == "timber" else int(rng.choice([5, 7, 9, 11]))
    radius = rng.uniform(5.5, 7.5) if form == "timber" else rng.uniform(5.0, 6.5)
    height = rng.uniform(5.0, 6.2) if form == "timber" else rng.uniform(3.4, 4.6)
    y, start = radius + 3, np.pi / sides
    base = rng.uniform(1.0, 3.0)
    for k in range(3):
        mesh.cylinder(
            (0, y, base * k / 3),
            1.5 * radius + 0.8 * (3 - k),
            base / 3,
            sides,
            "base",
            smooth=False,
            start=start,
        )
    _railing(mesh, y, base, 1.45 * radius, sides)
    shrink, z = rng.uniform(0.82, 0.93), base
    for k in range(storeys):
        tall = height * (1.25 if k == 0 else 0.94**k)
        _storey(mesh, y, z, radius, tall, sides, k)
        reach = radius * (1.75 if form == "timber" else rng.uniform(1.28, 1.4))
        _eaves(mesh, y, z + tall, 0.98 * shrink * radius, reach, sides, 0.32 * tall)
        z += tall + (0.3 if form == "timber" else 0.15) * tall
        radius *= shrink
    _eaves(mesh, y, z - 0.2, 0.02, radius * 1.6, sides, 1.3 * radius)
    mast = rng.uniform(0.18, 0.3) * z
    mesh.tube([(0, y, z), (0, y, z + mast)], 0.12, 8, "gold")
    for k in range(int(rng.integers(5, 10))):
        at = z + mast * (0.25 + 0.06 * k)
        r = 0.75 - 0.05 * k
        mesh.lathe(
            [(0.1, 0), (r, 0.05), (r, 0.15), (0.1, 0.2)], (0, y, at), 16, "gold", smooth=False
        )
    mesh.sphere((0, y, z + mast), 0.3, "gold", 10, 1.4)


def _storey(mesh: Mesh, y, z, radius, tall, sides, k) -> None:
    rng, start = mesh.rng, np.pi / sides
    mesh.lathe([(radius, 0), (radius, tall)], (0, y, z), sides, "wall", smooth=False, start=start)
    flat, half = radius * np.cos(np.pi / sides), radius * np.sin(np.pi / sides)
    for a in start + TAU * np.arange(sides) / sides:
        mesh.tube(
            [
                (radius * np.cos(a), y + radius * np.sin(a), z),
                (radius * np.cos(a), y + radius * np.sin(a), z + tall),
            ],
            0.05 * tall,
            8,
            "accent",
        )
    bays = 3 if sides == 4 else 1
    for frame in around(0, y, z, flat, sides):
        for level in (0.05, 0.78, 0.92):
            mesh.slab(
                frame, -half, half, level * tall, (level + 0.06) * tall, -0.05, 0.12, "accent"
            )
        for b in range(bays):
            cx = 2 * half * ((b + 0.5) / bays - 0.5)
            w = 1.3 * half / bays
            choice = rng.random()
            if b == bays // 2 and (k == 0 or choice < 0.4):
                mesh.panel(frame, cx - w / 2, cx + w / 2, 0.12 * tall, 0.74 * tall, "door", 0.04)
                mesh.polygon(
                    frame,
                    outline(
                        "rect" if sides == 4 else "round", cx, 0.1 * tall, 0.8 * w, 0.55 * tall
                    ),
                    "dark",
                    depth=0.06,
                )
            elif choice < 0.7:
                window(
                    mesh,
                    frame,
                    cx,
                    0.25 * tall,
                    w,
                    0.45 * tall,
                    str(rng.choice(["rect", "circle"])),
                    depth=-0.05,
                    panes=(5, 4),
                    trim="accent",
                    crown=False,
                )
            else:
                mesh.panel(
                    frame,
                    cx - w / 2,
                    cx + w / 2,
                    0.2 * tall,
                    0.72 * tall,
                    picture(mesh, str(rng.choice(["mural", "relief"]))),
                    0.05,
                )
        if rng.random() < 0.4:
            mesh.panel(frame, -0.7, 0.7, 0.8 * tall, 0.8 * tall + 0.5, picture(mesh, "sign"), 0.15)
        n = max(4, int(2 * half / 0.9))  # brackets under the eaves
        x = np.linspace(-half, half, n)
        mesh.boxes(
            frame.at(x, np.full(n, 0.94 * tall), 0.35),
            [0.3, 0.3, 0.12 * tall],
            "accent" if rng.random() < 0.7 else "trim",
        )
    if k and sides == 4:
        _railing(mesh, y, z + 0.02, 1.18 * radius, sides, 0.7)


def _railing(mesh: Mesh, y, z, radius, sides, height=1.0) -> None:
    flat, half = radius * np.cos(np.pi / sides), radius * np.sin(np.pi / sides)
    for frame in around(0, y, z, flat, sides):
        for rise in (0.4, 1.0):
            mesh.slab(
                frame, -half, half, rise * height - 0.06, rise * height, -0.05, 0.05, "accent"
            )
        for x in np.linspace(-half, half, max(3, int(half * 2.2))):
            mesh.slab(frame, x - 0.05, x + 0.05, 0, height, -0.05, 0.05, "accent")


def _eaves(mesh: Mesh, y, z, inner, outer, sides, rise) -> None:
    """A roof whose edges sweep up to its corners."""
    steps_along, steps_out = 9, 5
    for k in range(sides):
        a0, a1 = np.pi / sides + TAU * k / sides, np.pi / sides + TAU * (k + 1) / sides
        u = np.linspace(0, 1, steps_along)
        rows = []
        for v in np.linspace(0, 1, steps_out):
            r = outer + (inner - outer) * v
            p0, p1 = r * np.array([np.cos(a0), np.sin(a0)]), r * np.array([np.cos(a1), np.sin(a1)])
            xy = p0 + (p1 - p0) * u[:, None]
            lift = 0.16 * outer * (1 - v) ** 2 * np.abs(2 * u - 1) ** 3
            rows.append(
                np.c_[xy[:, 0], y + xy[:, 1], z + rise * (v**1.6 if inner > 0.1 else v**1.3) + lift]
            )
        grid = np.array(rows)
        i, j = np.meshgrid(np.arange(steps_out - 1), np.arange(steps_along - 1), indexing="ij")
        q = i * steps_along + j
        faces = np.stack([q, q + 1, q + steps_along + 1, q + steps_along], -1).reshape(-1, 4)
        length = np.linalg.norm(grid[0, -1] - grid[0, 0])
        uv = np.stack(
            np.broadcast_arrays(
                u[None] * length,
                np.linspace(0, 1, steps_out)[:, None] * np.hypot(outer - inner, rise),
            ),
            -1,
        ).reshape(-1, 2)
        mesh.add(grid.reshape(-1, 3), faces, "roof", uv[faces])
        mesh.add(grid.reshape(-1, 3) - [0, 0, 0.25], faces[:, ::-1], "accent")
        mesh.tube(grid[0] - [0, 0, 0.1], 0.14, 5, "trim")
        mesh.tube(grid[:, 0] + [0, 0, 0.1], 0.16, 5, "roof")
        mesh.lathe([(0.16, 0), (0.1, 0.3), (0.02, 0.35)], grid[0, 0] - [0, 0, 0.6], 8, "gold")


def _gate(mesh: Mesh, distance) -> None:
    """A small gate hall to one side."""
    rng, side = mesh.rng, float(mesh.rng.choice([-1, 1]))
    x, half = side * distance, rng.uniform(4, 6)
    for px in np.linspace(-half, half, 4):
        for py in (0.0, 3.5):
            mesh.tube([(x + px, py, 0), (x + px, py, 4.2)], 0.22, 10, "accent")
    mesh.box(x - half, x - half * 0.4, 1.6, 1.9, 0, 4, "wall")
    mesh.box(x + half * 0.4, x + half, 1.6, 1.9, 0, 4, "wall")
    frame, w = block_frames(x - half, x + half, 1.6, 2)[0]
    for a in (0.05, 0.75):
        mesh.panel(frame, a * w, (a + 0.2) * w, 0.8, 3.4, picture(mesh, "mural"), 0.05)
    sign(mesh, frame.moved(d=1.6), half - 1.2, half + 1.2, 3.5, 4.3)
    mesh.gable_roof(
        x - half - 0.8, x + half + 0.8, -1.2, 4.8, 4.4, 2.4, "roof", "wall", 0.3, along="x"
    )
    mesh.boxes([x, 1.8, 4.3], [2 * half + 0.6, 4.4, 0.3], "accent")


def _lanterns(mesh: Mesh) -> None:
    rng = mesh.rng
    for _ in range(int(rng.integers(2, 7))):
        x, y = rng.uniform(-14, 14), rng.uniform(-7, -1)
        profile = [
            (0.45, 0),
            (0.4, 0.3),
            (0.17, 0.4),
            (0.15, 1.3),
            (0.4, 1.45),
            (0.34, 1.5),
            (0.34, 1.95),
            (0.7, 2.0),
            (0.25, 2.35),
            (0.05, 2.7),
        ]
        mesh.lathe(np.array(profile) * rng.uniform(0.8, 1.3), (x, y, 0), 6, "base", smooth=False)


def _stupa(mesh: Mesh) -> None:
    rng = mesh.rng
    tiers, side = int(rng.integers(2, 5)), rng.uniform(20, 28)
    y, z = side / 2, 0.0
    steps(mesh, -side / 2, side / 2, 0, side, 0.9, 4)
    z = 0.9
    for k in range(tiers):
        half, tall = side / 2 * (1 - 0.2 * k) - 1.0, rng.uniform(2.6, 4.0)
        mesh.box(-half, half, y - half, y + half, z, z + tall, "wall" if k % 2 == 0 else "accent")
        for frame, w in block_frames(-half, half, y - half, y + half):
            n = max(3, int(w / rng.uniform(2.2, 3.0)))
            for b in range(n):
                x = w * (b + 0.5) / n
                if rng.random() < 0.6:
                    niche(mesh, frame.moved(y=z), x, 0.5, 1.1, tall - 1.0)
                else:
                    mesh.panel(
                        frame,
                        x - 0.8,
                        x + 0.8,
                        z + 0.5,
                        z + tall - 0.6,
                        picture(mesh, "relief"),
                        0.08,
                    )
            band(mesh, frame, 0, w, z + 0.05, 0.3, 0.3)
        cornice(mesh, -half, half, y - half, y + half, z + tall - 0.3, reach=0.4, height=0.5)
        for sx in (-1, 1):
            for sy in (-1, 1):
                _bell(mesh, sx * (half - 0.9), y + sy * (half - 0.9), z + tall + 0.2, 0.9, "trim")
        if k == 0:
            balustrade(mesh, -half, half, y - half, y + half, z + tall + 0.2, height=0.8)
        z += tall
    _bell(mesh, 0, y, z, 0.26 * side, "wall" if rng.random() < 0.5 else "gold")
    for side_x in (-1, 1):
        mesh.boxes([side_x * 3.2, -1.8, 0.7], [1.4, 1.4, 1.4], "base")
        statue(mesh, side_x * 3.2, -1.8, 1.4, 2.6)
    frame = block_frames(-2.2, 2.2, -0.6, 2, 0)[0][0]
    mesh.box(-2.2, 2.2, -0.6, 2, 0, 4.2, "accent")
    mesh.polygon(frame, outline("ogee", 2.2, 0, 2.2, 3.2), "dark", depth=0.05)
    mesh.moulding(
        frame, outline("ogee", 2.2, 0, 2.2, 3.2), outline("ogee", 2.2, 0, 3.0, 3.8), 0, 0.3, "gold"
    )
    frieze(mesh, frame, 0.1, 4.3, 3.75, 0.4, panel=1.1)


def _bell(mesh: Mesh, x, y, z, radius, surface) -> None:
    """A bell-shaped dome under rings that draw in to a point."""
    profile = [
        (1.15, 0),
        (1.15, 0.12),
        (1.0, 0.15),
        (1.02, 0.35),
        (0.95, 0.7),
        (0.78, 1.0),
        (0.5, 1.2),
        (0.4, 1.25),
    ]
    mesh.lathe(np.array(profile) * radius, (x, y, z), 40, surface)
    mesh.boxes([x, y, z + 1.4 * radius], [0.6 * radius, 0.6 * radius, 0.3 * radius], "trim")
    for k in range(8):
        r = radius * (0.34 - 0.036 * k)
        mesh.lathe(
            [(0.6 * r, 0), (r, 0.03 * radius), (r, 0.1 * radius), (0.6 * r, 0.13 * radius)],
            (x, y, z + radius * (1.55 + 0.13 * k)),
            20,
            "gold",
        )
    mesh.cone((x, y, z + 2.58 * radius), 0.06 * radius, 0.5 * radius, 10, "gold")
