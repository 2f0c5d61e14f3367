"""Lighthouses: a tapering tower with a gallery and a lamp room, the keeper's house at its foot."""

import numpy as np

from ..elements import around, block, chimney, cornice, portal, sign, window
from ..mesh import Mesh, block_frames
from ..surfaces import Palette, Surface, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A lighthouse 22 to 40 m high, round or eight-sided, plain or in painted bands."""
    mesh = Mesh(rng)
    height, radius = rng.uniform(20, 34), rng.uniform(3.0, 4.4)
    sides = 8 if rng.random() < 0.35 else 40
    taper = rng.uniform(0.55, 0.75)
    base = rng.uniform(2.0, 4.0)
    mesh.lathe(
        [
            (1.5 * radius, 0),
            (1.45 * radius, base),
            (1.2 * radius, base + 0.3),
            (0.95 * radius, base + 0.35),
        ],
        (0, radius, 0),
        sides,
        "base",
        smooth=False,
    )
    bands = int(rng.choice([1, 3, 4, 5]))
    z = np.linspace(base, height, bands + 1)
    r = np.interp(z, [base, height], [radius, radius * taper])
    for k in range(bands):
        mesh.lathe(
            [(r[k], z[k]), (r[k + 1], z[k + 1])],
            (0, radius, 0),
            sides,
            "wall" if k % 2 == 0 else "accent",
            smooth=sides > 8,
        )
    for k in range(int(rng.integers(4, 8))):
        share = (k + 0.5) / 7
        y = base + share * (height - base) * 0.95
        angle = -np.pi / 2 + rng.uniform(-0.9, 0.9)
        for frame in around(
            0, radius, y, np.interp(y, [base, height], [radius, radius * taper]) * 0.985, 1, angle
        ):
            window(
                mesh,
                frame,
                0,
                0,
                0.8,
                1.5,
                str(rng.choice(["rect", "round"])),
                panes=(2, 2),
                depth=-0.03,
            )
    top = r[-1]
    mesh.lathe(
        [
            (top, height - 0.8),
            (1.5 * top, height),
            (1.55 * top, height + 0.35),
            (top, height + 0.35),
        ],
        (0, radius, 0),
        sides,
        "trim",
        smooth=False,
    )
    for frame in around(0, radius, height + 0.35, 1.48 * top, 20):
        mesh.boxes(frame.at(0, 0.55, 0), [0.07, 0.07, 1.1], "metal")
    for rise in (0.55, 1.1):
        mesh.lathe(
            [
                (1.46 * top, rise),
                (1.5 * top, rise),
                (1.5 * top, rise + 0.06),
                (1.46 * top, rise + 0.06),
            ],
            (0, radius, height + 0.35),
            32,
            "metal",
        )
    lamp = 0.72 * top
    mesh.cylinder((0, radius, height + 0.35), lamp, 1.0, 16, "accent")
    mesh.cylinder((0, radius, height + 1.35), 0.92 * lamp, 2.4, 16, "glass", smooth=False)
    for frame in around(0, radius, height + 1.35, 0.95 * lamp, 10):
        mesh.boxes(frame.at(0, 1.2, 0), [0.09, 0.09, 2.4], "frame")
    mesh.sphere((0, radius, height + 2.5), 0.5 * lamp, "clockface", 12)
    mesh.lathe(
        [(1.2 * lamp, 0), (1.1 * lamp, 0.3), (0.6 * lamp, 1.1), (0.12, 1.7), (0.1, 2.6)],
        (0, radius, height + 3.75),
        24,
        "dome",
    )
    mesh.sphere((0, radius, height + 6.4), 0.25, "gold")
    front = block_frames(-1.4, 1.4, radius - 1.5 * radius - 0.6, radius, 0)
    mesh.box(-1.4, 1.4, -0.5 * radius - 0.6, radius, 0, 4.2, "wall")
    portal(mesh, front[0][0], 1.4, 1.9, 3.4, "round", 2)
    _keepers_house(mesh, 1.45 * radius + 1.0)
    colour = str(rng.choice(["b3261e", "1d1d1f", "24508f", "c77a1e"]))
    stripe = Surface("plaster", (colour, colour, "5a5048"), int(rng.integers(1000)), stain=0.5)
    return mesh, draw_palette(
        rng, ("plaster", "granite", "brick", "stucco"), ("slate", "tile"), accent=stripe
    )


def _keepers_house(mesh: Mesh, x: float) -> None:
    rng = mesh.rng
    side = rng.choice([-1, 1])
    width, depth, height = rng.uniform(9, 14), 7.0, rng.choice([3.6, 6.6])
    house = Mesh(rng)
    rows = [(0.9, 1.6, 1.0, "rect", (2, 2))] + (
        [(3.9, 1.5, 1.0, "rect", (2, 2))] if height > 5 else []
    )
    block(
        house,
        0,
        width,
        0,
        depth,
        0,
        height,
        "accent" if rng.random() < 0.3 else "wall",
        rows,
        int(width / 2.4),
        shutters=0.6,
    )
    cornice(house, 0, width, 0, depth, height - 0.2, reach=0.3, height=0.3, dentils=False)
    house.gable_roof(0, width, 0, depth, height, rng.uniform(2.4, 3.6), along="x")
    chimney(house, rng.uniform(0.2, 0.8) * width, depth / 2 + 1, height + 1, 3.0)
    sign(
        house,
        block_frames(0, width, 0, depth)[0][0],
        0.4 * width,
        0.4 * width + 2.6,
        height - 0.95,
        height - 0.35,
    )
    mesh.merge(house, (x if side > 0 else -x - width, rng.uniform(0, 3), 0))
