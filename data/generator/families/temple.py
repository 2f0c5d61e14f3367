"""Classical temples: a colonnade on steps under a pediment; round ones, and ruins."""

import numpy as np

from ..elements import around, block, column, cornice, frieze, niche, pediment, portal, statue
from ..mesh import TAU, Mesh, block_frames
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A temple 14 to 34 m wide: whole, ruined or round."""
    mesh = Mesh(rng)
    form = str(rng.choice(["temple", "temple", "ruin", "round", "winged"]))
    order = str(rng.choice(["doric", "ionic", "corinthian"]))
    if form == "round":
        _round_temple(mesh, order)
    else:
        count = int(rng.choice([4, 6, 8, 10]))
        _temple(mesh, count, order, form)
    walls = ("marble", "limestone", "sandstone")
    palette = draw_palette(rng, walls, ("tile", "lead"))
    palette.surfaces["trim"] = palette.surfaces["wall"]  # temples are built of one stone
    return mesh, palette


def _temple(mesh: Mesh, count, order, form) -> None:
    rng = mesh.rng
    pitch = rng.uniform(2.6, 3.6)
    width, height = pitch * (count - 1), rng.uniform(7.5, 12)
    radius = height / rng.uniform(13, 17) if order == "doric" else height / rng.uniform(17, 21)
    half, sides = width / 2, int(count * rng.uniform(1.3, 1.8))
    depth, plinth = pitch * (sides - 1), rng.uniform(1.0, 3.0)
    steps_x = half + 1.6
    for k in range(5):  # the stylobate
        p = 0.45 * (5 - k)
        mesh.box(
            -steps_x - p,
            steps_x + p,
            -1.6 - p,
            depth + 1.6 + p,
            plinth * k / 5,
            plinth * (k + 1) / 5,
            "base" if k < 2 else "trim",
        )
    fallen = rng.random(2 * sides + 2 * count) < (0.3 if form == "ruin" else 0.0)
    reach = depth * rng.uniform(0.2, 0.6) if form == "ruin" else 0.0
    places = [(x, y) for y in (0.0, depth) for x in np.linspace(-half, half, count)]
    places += [(x, y) for x in (-half, half) for y in np.linspace(0, depth, sides)[1:-1]]
    for k, (x, y) in enumerate(places):
        carries = y == 0 or (x == -half and y <= reach + pitch)
        if fallen[k] and not carries:
            _broken(mesh, x, y, plinth, radius, height * rng.uniform(0.1, 0.6))
        else:
            column(mesh, x, y, plinth, height, radius, order=order, flute=0.1)
    _cella(mesh, half, depth, plinth, height, pitch)
    z = plinth + height
    if form == "ruin":
        mesh.box(-half - 0.9, half + 0.9, -0.9, 0.9, z, z + 1.8, "trim")
        mesh.box(-half - 0.9, -half + 0.9, 0.9, reach, z, z + 1.8, "trim")
    else:
        mesh.box(-half - 0.9, half + 0.9, -0.9, depth + 0.9, z, z + 1.8, "trim")
    front = block_frames(-half - 0.9, half + 0.9, -0.9, depth, z)[0][0]
    _frieze(mesh, front, width + 1.8, order)
    if form != "ruin":
        for frame, w in block_frames(-half - 0.9, half + 0.9, -0.9, depth + 0.9, z)[1::2]:
            _frieze(mesh, frame, w, order)
        cornice(mesh, -half - 0.9, half + 0.9, -0.9, depth + 0.9, z + 1.8, reach=0.6, height=0.6)
    rise = width * rng.uniform(0.13, 0.2)
    pediment(
        mesh, front.moved(y=1.9 if form == "ruin" else 2.4, d=0.3), half + 0.9, 0, width + 2.4, rise
    )
    if form != "ruin":
        mesh.gable_roof(-half - 0.9, half + 0.9, -0.6, depth + 0.9, z + 2.4, rise, gable="trim")
    for x in (-half - 0.6, 0.0, half + 0.6):
        if rng.random() < 0.8:
            statue(mesh, x, -0.6, z + 2.4 + (rise if x == 0 else 0.2), rng.uniform(2.0, 3.2))
    for side in (-1, 1):  # figures beside the steps
        x = side * (steps_x + 0.3)
        mesh.boxes([x, -3.2, plinth / 2 + 0.5], [2.0, 2.6, plinth + 1.0], "base")
        statue(mesh, x, -3.2, plinth + 1.0, rng.uniform(2.4, 3.6))
    if form == "winged":
        for side in (-1, 1):
            _wing(mesh, side, half + 2.5, plinth, height)


def _frieze(mesh: Mesh, frame, width, order) -> None:
    if order == "doric":  # triglyphs between carved metopes
        n = max(3, int(width / 1.5))
        for k in range(n):
            x = width * (k + 0.5) / n
            for dx in (-0.22, 0.0, 0.22):
                mesh.slab(frame, x + dx - 0.07, x + dx + 0.07, 0.8, 1.7, 0, 0.14, "trim")
            if k < n - 1:
                mesh.panel(
                    frame,
                    x + 0.4,
                    x + width / n - 0.4,
                    0.85,
                    1.65,
                    f"relief{mesh.rng.integers(6)}",
                    0.03,
                )
    else:
        frieze(
            mesh, frame, 0.2, width - 0.2, 0.85, 0.75, panel=mesh.rng.uniform(1.6, 2.6), depth=0.04
        )
    for y in (0.25, 0.5):
        mesh.slab(frame, 0, width, y, y + 0.06, 0, 0.08, "trim")


def _cella(mesh: Mesh, half, depth, plinth, height, pitch) -> None:
    rng = mesh.rng
    x0, x1, y0, y1 = -half + pitch, half - pitch, pitch * rng.uniform(0.9, 1.6), depth - pitch
    block(mesh, x0, x1, y0, y1, plinth, plinth + height, "wall", [], 1)
    frame, width = block_frames(x0, x1, y0, y1)[0]
    portal(mesh, frame, width / 2, min(4.0, 0.4 * width), 0.66 * height, "rect", 3, y=plinth)
    frieze(mesh, frame, 0.1, width - 0.1, plinth + 0.8 * height, 1.1, panel=1.7)
    for x in (0.14, 0.86):
        niche(mesh, frame, x * width, plinth + 1.5, 1.1, 2.8)


def _broken(mesh: Mesh, x, y, z, radius, height) -> None:
    mesh.lathe(
        [
            (1.3 * radius, 0),
            (1.3 * radius, 0.4),
            (radius, 0.7),
            (radius, height),
            (0.7 * radius, height + 0.3),
            (0.01, height + 0.2),
        ],
        (x, y, z),
        16,
        "trim",
        flute=0.08,
        smooth=False,
    )
    at = np.array([x, y, 0]) + mesh.rng.normal(0, 1.2, 3) * [1, 1, 0]
    mesh.boxes(
        at + [0, 0, z + 0.4], mesh.rng.uniform(0.6, 1.3, 3), "trim", turn=mesh.rng.uniform(0, 3)
    )


def _wing(mesh: Mesh, side, start, plinth, height) -> None:
    rng, length = mesh.rng, mesh.rng.uniform(8, 13)
    x0, x1 = sorted((side * start, side * (start + length)))
    rows = [
        (plinth + 1.0, 0.3 * height, 1.3, "rect", (2, 3)),
        (plinth + 0.55 * height, 0.2 * height, 1.2, "rect", (2, 2)),
    ]
    block(mesh, x0, x1, 2, 12, 0, plinth + 0.9 * height, "wall", rows, int(length / 2.6))
    cornice(mesh, x0, x1, 2, 12, plinth + 0.9 * height - 0.3, reach=0.5, height=0.7)
    mesh.box(x0, x1, 2, 12, plinth + 0.9 * height - 0.2, plinth + 0.9 * height, "roof")
    for x in np.linspace(x0 + 1, x1 - 1, 4):
        statue(mesh, x, 2.4, plinth + 0.9 * height + 0.4, rng.uniform(1.6, 2.2))


def _round_temple(mesh: Mesh, order: str) -> None:
    rng = mesh.rng
    radius, height, n = rng.uniform(6.5, 10), rng.uniform(7, 11), int(rng.choice([12, 14, 16, 20]))
    y, plinth = radius + 2, rng.uniform(1.2, 2.6)
    for k in range(5):
        mesh.cylinder(
            (0, y, plinth * k / 5),
            radius + 1.2 + 0.45 * (5 - k),
            plinth / 5,
            64,
            "base" if k < 2 else "trim",
            smooth=False,
        )
    for a in TAU * (np.arange(n) + 0.5) / n:
        column(
            mesh,
            radius * np.cos(a),
            y + radius * np.sin(a),
            plinth,
            height,
            height / 19,
            order=order,
            flute=0.1,
        )
    inner, z = 0.68 * radius, plinth + height
    mesh.lathe([(inner, 0), (inner, height)], (0, y, plinth), 48, "wall")
    for k, frame in enumerate(around(0, y, plinth, inner, 8, -np.pi / 2)):
        if k == 0:
            portal(mesh, frame, 0, 2.2, 0.62 * height, "rect", 2)
        else:
            niche(mesh, frame, 0, 1.5, 1.2, 3.0)
    ring = [
        (radius - 0.8, 0),
        (radius + 0.8, 0),
        (radius + 0.8, 1.5),
        (radius + 1.3, 1.8),
        (radius + 1.3, 2.1),
        (radius, 2.2),
    ]
    mesh.lathe(ring, (0, y, z), 64, "trim", smooth=False)
    for frame in around(0, y, z + 0.5, radius + 0.8, 2 * n):
        mesh.panel(frame, -0.6, 0.6, 0.1, 0.9, f"relief{rng.integers(6)}", 0.06)
    if rng.random() < 0.6:
        t = np.linspace(0, np.pi / 2 * 0.95, 14)
        mesh.lathe(
            np.c_[(radius + 0.4) * np.cos(t), 0.55 * radius * np.sin(t)],
            (0, y, z + 2.1),
            64,
            "dome",
        )
        statue(mesh, 0, y, z + 2.0 + 0.55 * radius, 3.0)
    else:
        mesh.cone((0, y, z + 2.1), radius + 1.2, 0.45 * radius, 48, "roof", smooth=True)
        mesh.sphere((0, y, z + 2.3 + 0.45 * radius), 0.6, "gold", stretch=1.5)
    for a in (-2.2, -0.94):
        at = (1.7 * radius * np.cos(a), y + 1.35 * radius * np.sin(a))
        mesh.boxes([*at, 0.9], [1.4, 1.4, 1.8], "base")
        statue(mesh, *at, 1.8, rng.uniform(2.2, 3.4))
