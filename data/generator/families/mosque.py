"""Mosques: a domed prayer hall behind a gate of tiles, with slender or square minarets."""

import numpy as np

from ..elements import (
    arcade,
    around,
    band,
    block,
    cornice,
    dome,
    facade,
    frieze,
    merlons,
    picture,
    window,
)
from ..mesh import Mesh, block_frames, outline
from ..surfaces import ROOFS, Palette, Surface, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """An Ottoman cascade of domes, a Persian iwan, or a Moorish hall with a square minaret."""
    mesh = Mesh(rng)
    manner = str(rng.choice(["ottoman", "persian", "moorish"]))
    {"ottoman": _ottoman, "persian": _persian, "moorish": _moorish}[manner](mesh)
    walls = {
        "ottoman": ("limestone", "granite", "marble"),
        "persian": ("brick", "sandstone"),
        "moorish": ("brick", "plaster", "stucco"),
    }
    tiled = ROOFS["glazed"][int(rng.integers(3))]
    dome_surface = {
        "ottoman": Surface("metal", ("8a9096",), 3, roughness=0.5, metallic=0.3),
        "persian": Surface("roof", tiled, 5, roughness=0.5),
    }
    palette = draw_palette(rng, walls[manner], ("lead", "tile", "glazed"))
    palette.surfaces.update({"dome": dome_surface[manner]} if manner in dome_surface else {})
    return mesh, palette


def _ottoman(mesh: Mesh) -> None:
    rng = mesh.rng
    side, top = rng.uniform(22, 28), rng.uniform(11, 14)
    half = side / 2
    rows = [
        (1.5, 2.6, 1.3, "rect", (2, 3)),
        (6.0, 2.8, 1.3, "pointed", (2, 3)),
        (top - 2.6, 1.6, 1.0, "round", (2, 2)),
    ]
    block(mesh, -half, half, 5, 5 + side, 0, top, "wall", rows, int(rng.integers(5, 8)))
    cornice(mesh, -half, half, 5, 5 + side, top - 0.3, reach=0.4, height=0.6, dentils=False)
    mesh.box(-half, half, 5, 5 + side, top, top + 0.2, "roof")
    y, radius = 5 + half, rng.uniform(6.5, 8.5)
    for a in (0, np.pi / 2, np.pi, -np.pi / 2):  # half domes lean on the drum
        r = 0.62 * radius
        dome(
            mesh,
            radius * 0.95 * np.cos(a),
            y + radius * 0.95 * np.sin(a),
            top,
            r,
            0.8,
            ribs=0,
            n=32,
            opening=0.02,
        )
    mesh.boxes([0, y, top + 2.0], [1.75 * radius, 1.75 * radius, 4.0], "wall")
    _drum(mesh, y, top + 4.0, radius, 2.8, 20)
    z = dome(
        mesh,
        0,
        y,
        top + 6.8,
        radius,
        rng.uniform(0.75, 0.95),
        ribs=int(rng.choice([0, 24])),
        opening=0.02,
    )
    _alem(mesh, 0, y, z, 3.0)
    for sx in (-1, 1):
        for yy in (5 + 2.5, 5 + side - 2.5):
            small = rng.uniform(1.8, 2.4)
            mesh.cylinder((sx * (half - 2.8), yy, top), small, 1.6, 8, "trim", smooth=False)
            _alem(
                mesh,
                sx * (half - 2.8),
                yy,
                dome(
                    mesh, sx * (half - 2.8), yy, top + 1.6, small, 0.9, ribs=0, n=24, opening=0.02
                ),
                1.2,
            )
    _domed_porch(mesh, half)
    count = int(rng.choice([1, 2, 4]))
    for sx, yy in [(1, 6.0), (-1, 6.0), (1, 4 + side), (-1, 4 + side)][:count]:
        _slender_minaret(mesh, sx * (half + 1.8), yy, rng.uniform(34, 46), int(rng.integers(1, 4)))


def _domed_porch(mesh: Mesh, half) -> None:
    rng, n = mesh.rng, int(mesh.rng.choice([3, 5, 7]))
    frame = block_frames(-half + 1, half - 1, 0, 5)[0][0]
    width = 2 * half - 2
    arcade(
        mesh,
        frame,
        width,
        0,
        4.6,
        n,
        "pointed" if rng.random() < 0.6 else "round",
        0.6,
        0.14,
        "wall",
        6.2,
    )
    mesh.box(-half + 1, half - 1, 0.0, 5, 6.2, 6.6, "trim")
    for k in range(n):
        x = -width / 2 + width * (k + 0.5) / n
        dome(mesh, x, 2.5, 6.6, 0.4 * width / n, 0.8, ribs=0, n=24, opening=0.02)
    back = block_frames(-half, half, 4.95, 6)[0][0]
    for k in range(n):
        x = 2 * half * (k + 0.5) / n
        mesh.panel(back, x - 0.9, x + 0.9, 3.4, 5.2, picture(mesh, "mural"), 0.05)
    mesh.polygon(back, outline("pointed", half, 0, 2.4, 3.2), "door", depth=0.08)
    frieze(mesh, frame, 0.2, width - 0.2, 5.4, 0.6, "mural", 1.6, 0.04)


def _drum(mesh: Mesh, y, z, radius, tall, n) -> None:
    mesh.lathe(
        [(radius, 0), (radius, tall), (1.05 * radius, tall), (1.05 * radius, tall + 0.2)],
        (0, y, z),
        64,
        "wall",
        smooth=False,
    )
    for frame in around(0, y, z, radius, n):
        window(mesh, frame, 0, 0.5, 0.8, tall - 1.0, "round", depth=-0.04, panes=(1, 2), sill=False)
    for frame in around(0, y, z, radius, n, np.pi / n):
        mesh.slab(frame, -0.3, 0.3, 0, tall, -0.1, 0.5, "trim")


def _alem(mesh: Mesh, x, y, z, size) -> None:
    mesh.tube([(x, y, z - 0.3), (x, y, z + size)], 0.05 * size, 6, "gold")
    for k, r in enumerate((0.16, 0.12, 0.08)):
        mesh.sphere((x, y, z + size * (0.2 + 0.25 * k)), r * size, "gold", 10)
    a = np.linspace(-2.4, 2.4, 12) + np.pi / 2 + np.pi
    mesh.tube(
        np.c_[
            x + 0.16 * size * np.cos(a), np.full(12, y), z + 1.1 * size + 0.16 * size * np.sin(a)
        ],
        0.03 * size,
        5,
        "gold",
    )


def _slender_minaret(mesh: Mesh, x, y, height, balconies) -> None:
    rng, r = mesh.rng, mesh.rng.uniform(1.2, 1.6)
    mesh.boxes([x, y, 3.5], [2.9 * r, 2.9 * r, 7.0], "wall")
    profile = [(1.9 * r, 7.0), (1.15 * r, 9.0)]
    for k in range(balconies):
        z = 9 + (height * 0.78 - 9) * (k + 1) / balconies
        rr = r * (1.1 - 0.13 * k)
        profile += [
            (rr, z - 2.0),
            (1.75 * rr, z),
            (1.75 * rr, z + 1.1),
            (1.6 * rr, z + 1.1),
            (1.6 * rr, z + 0.2),
            (0.9 * rr, z + 0.2),
        ]
    profile += [(profile[-1][0], 0.84 * height)]
    mesh.lathe(profile, (x, y, 0), 16, "wall", smooth=False)
    mesh.cone((x, y, 0.84 * height), 1.1 * r, 0.16 * height, 16, "roof")
    _alem(mesh, x, y, height, 1.8)
    for z in np.arange(10, 0.75 * height, 3.1):
        for frame in around(x, y, z, 1.08 * r, 1, rng.uniform(-2.6, -0.5)):
            mesh.slab(frame, -0.14, 0.14, 0, 0.9, -0.2, 0.05, "dark")


def _persian(mesh: Mesh) -> None:
    rng = mesh.rng
    width, top = rng.uniform(30, 42), rng.uniform(8, 10)
    half, gate, high = width / 2, rng.uniform(9, 12), rng.uniform(17, 22)
    for frame, w in block_frames(-half, half, 2, 22)[0:1]:
        n = int(w / 4.2)
        facade(mesh, frame, w, top, "wall", [], 1)
        for k in range(n):
            x = w * (k + 0.5) / n
            if abs(x - half) < gate / 2 + 1.5:
                continue
            for y0, tall in ((0.4, 3.4), (4.6, top - 5.6)):
                mesh.polygon(
                    frame,
                    outline("ogee", x, y0, 2.8, tall),
                    picture(mesh, "mural"),
                    depth=0.04,
                    fit=True,
                )
                mesh.moulding(
                    frame,
                    outline("ogee", x, y0, 2.8, tall),
                    outline("ogee", x, y0, 3.2, tall + 0.25),
                    0,
                    0.22,
                    "trim",
                )
        frieze(mesh, frame, 0.2, w - 0.2, top - 0.9, 0.8, "mural", 1.5, 0.05)
    for frame, w in block_frames(-half, half, 2, 22)[1:]:
        mesh.wall(frame, w, top, "wall")
    mesh.box(-half, half, 2, 22, top, top + 0.2, "base")
    _iwan(mesh, gate, high, -2.0)
    radius, y = rng.uniform(6, 8), 17.0
    mesh.lathe(
        [(radius, top), (radius, high - 3)],
        (0, y, 0),
        48,
        "mural0" if rng.random() < 0.2 else "wall",
    )
    for frame in around(0, y, top, radius, 16):
        mesh.panel(
            frame,
            -0.9,
            0.9,
            max(0.5, high - 3 - top - 2.4),
            high - 3 - top - 0.3,
            picture(mesh, "mural"),
            0.06,
        )
    z = dome(
        mesh,
        0,
        y,
        high - 3,
        1.02 * radius,
        rng.uniform(1.1, 1.5),
        ribs=int(rng.choice([0, 0, 32])),
        bulge=0.3,
        opening=0.02,
    )
    _alem(mesh, 0, y, z - 0.4, 2.6)
    for side in (-1, 1):
        _tiled_minaret(
            mesh,
            side * (gate / 2 + 1.4 if rng.random() < 0.5 else half - 1.5),
            2.4,
            rng.uniform(26, 36),
        )


def _iwan(mesh: Mesh, width, height, y0) -> None:
    """The great arched gate, all tiles; its recess, 3.5 m deep, ends before the hall's wall."""
    half = width / 2
    opening = outline("ogee", half, 0.01, 0.66 * width, 0.78 * height, 14)
    frame, w = block_frames(-half, half, y0, y0 + 6)[0]
    mesh.wall(frame, w, height, "wall", [opening])
    mesh.strip(frame, opening, 0, -3.5, "trim")
    mesh.polygon(frame, opening, "mural0", depth=-3.5, fit=True)
    mesh.polygon(frame, outline("ogee", half, 0, 2.6, 4.2), "door", depth=-3.4)
    for k in range(5):  # muqarnas: shrinking arches step inwards
        t = 1 - 0.08 * k
        ring = outline("ogee", half, 0.01, 0.66 * width * t, 0.78 * height * t, 14)
        outer = outline("ogee", half, 0.01, 0.66 * width * t + 0.3, 0.78 * height * t + 0.3, 14)
        mesh.moulding(frame, ring, outer, -0.7 * k - 0.4, -0.7 * k, "trim" if k % 2 else "accent")
    frieze(mesh, frame, 0.3, width - 0.3, 0.84 * height, 0.11 * height, "mural", 1.8, 0.06)
    for x0 in (0.25, width - 1.35):
        n = int(0.8 * height / 1.5)
        for k in range(n):
            y = 0.4 + 0.8 * height * k / n
            mesh.panel(
                frame, x0, x0 + 1.1, y, y + 0.8 * height / n - 0.15, picture(mesh, "mural"), 0.06
            )
    for side, w in block_frames(-half, half, y0, y0 + 6)[1:]:
        mesh.wall(side, w, height, "wall")
    mesh.box(-half, half, y0, y0 + 6, height, height + 0.2, "base")
    merlons(mesh, -half, half, y0, y0 + 6, height + 0.2, "accent", 0.4, 0.8, 0.3)


def _tiled_minaret(mesh: Mesh, x, y, height) -> None:
    rng, r = mesh.rng, mesh.rng.uniform(1.3, 1.8)
    mesh.lathe(
        [
            (1.2 * r, 0),
            (r, 0.8 * height),
            (1.6 * r, 0.84 * height),
            (1.6 * r, 0.87 * height),
            (0.7 * r, 0.87 * height),
            (0.7 * r, 0.95 * height),
        ],
        (x, y, 0),
        24,
        "wall",
        smooth=False,
    )
    for k, z in enumerate(np.arange(0.1, 0.8, 0.075) * height):
        here = r * (1.2 - 0.25 * z / height)  # the shaft's radius at this height
        if k % 3:
            mesh.lathe(
                [(here - 0.05, 0), (here + 0.05, 0.02), (here + 0.05, 1.2), (here - 0.05, 1.22)],
                (x, y, z),
                24,
                "accent" if k % 2 else "rib",
                smooth=False,
            )
        for frame in around(x, y, z, here, 5, rng.uniform(0, 1)):
            mesh.slab(frame, -0.55, 0.55, 0.05, 1.15, -0.2, 0.07, "trim")
            mesh.panel(frame, -0.5, 0.5, 0.1, 1.1, picture(mesh, "mural"), 0.09)
    z = dome(mesh, x, y, 0.95 * height, 0.8 * r, 1.2, ribs=0, n=20, bulge=0.25, opening=0.02)
    _alem(mesh, x, y, z - 0.2, 1.4)


def _moorish(mesh: Mesh) -> None:
    rng = mesh.rng
    width, depth, top = rng.uniform(28, 40), 20.0, rng.uniform(7.5, 10)
    half = width / 2
    frame, w = block_frames(-half, half, 1, depth)[0]
    n = int(w / rng.uniform(3.0, 4.0))
    mesh.wall(frame, w, top, "wall")
    for k in range(n):
        x = w * (k + 0.5) / n
        if rng.random() < 0.75:
            mesh.polygon(
                frame,
                outline("horseshoe", x, 0.4, 1.8, 3.6),
                "dark" if rng.random() < 0.5 else picture(mesh, "mural"),
                depth=0.04,
                fit=True,
            )
            mesh.moulding(
                frame,
                outline("horseshoe", x, 0.4, 1.8, 3.6),
                outline("horseshoe", x, 0.4, 2.4, 4.0),
                0,
                0.2,
                "trim" if k % 2 else "accent",
            )
        window(mesh, frame, x, 5.0, 1.1, 1.6, "horseshoe", panes=(2, 2), depth=-0.04)
    frieze(mesh, frame, 0.3, w - 0.3, top - 1.0, 0.8, "mural", 1.7, 0.05)
    for side, length in block_frames(-half, half, 1, depth)[1:]:
        facade(
            mesh, side, length, top, "wall", [(4.6, 1.8, 1.0, "horseshoe", (2, 2))], int(length / 4)
        )
    merlons(mesh, -half, half, 1, depth, top, "trim", 0.5, 0.9, 0.4)
    for k in range(int(rng.integers(2, 5))):
        y = 3 + (depth - 6) * k / 4
        mesh.gable_roof(
            -half + 0.6, half - 0.6, y, y + 3.6, top - 0.4, 1.9, "roof", "wall", 0.0, along="x"
        )
    _iwan(mesh, rng.uniform(6.5, 8.5), top + rng.uniform(2, 4), -3.0)
    if rng.random() < 0.6:
        r = rng.uniform(3, 4.5)
        mesh.cylinder((0, depth * 0.6, top), 1.1 * r, 3, 8, "wall", smooth=False)
        _alem(
            mesh,
            0,
            depth * 0.6,
            dome(mesh, 0, depth * 0.6, top + 3, r, 1.0, ribs=16, opening=0.02),
            2.0,
        )
    _square_minaret(
        mesh,
        float(rng.choice([-1, 1])) * (half - 3.2) + rng.uniform(-0.5, 0.5),
        2.5,
        rng.uniform(5.5, 7.5),
        rng.uniform(26, 38),
    )


def _square_minaret(mesh: Mesh, x, y, width, height) -> None:
    rng, half = mesh.rng, width / 2
    kinds = [str(rng.choice(["horseshoe", "pointed", "round"])) for _ in range(4)]
    rows = [((0.18 + 0.19 * k) * height, 2.4, 0.9, kind, (2, 2)) for k, kind in enumerate(kinds)]
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
        int(rng.integers(1, 4)),
    )
    for frame, w in block_frames(x - half, x + half, y - half, y + half):
        for s in (0.31, 0.5, 0.69, 0.9):
            frieze(mesh, frame, 0.4, w - 0.4, s * height, 0.055 * height, "mural", 1.5, 0.06)
        band(mesh, frame, 0, w, 0.97 * height, 0.5, 0.25)
    mesh.box(x - half, x + half, y - half, y + half, height - 0.3, height, "base")
    merlons(mesh, x - half, x + half, y - half, y + half, height, "trim", 0.5, 1.0, 0.4)
    small = 0.5 * width
    rows = [(height + 1.2, 2.2, 0.8, "horseshoe", (1, 2))]
    block(
        mesh,
        x - small / 2,
        x + small / 2,
        y - small / 2,
        y + small / 2,
        height - 0.5,
        height + 5,
        "wall",
        rows,
        1,
    )
    merlons(
        mesh,
        x - small / 2,
        x + small / 2,
        y - small / 2,
        y + small / 2,
        height + 5,
        "trim",
        0.3,
        0.6,
        0.3,
    )
    _alem(
        mesh, x, y, dome(mesh, x, y, height + 5, 0.42 * small, 1.1, ribs=8, n=24, opening=0.02), 2.4
    )
    mesh.cylinder((x, y, height + 4.5), 0.44 * small, 0.6, 16, "trim")
