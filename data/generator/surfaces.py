"""What the surfaces of a landmark are made of: plain data, drawn at random for each landmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .elements import PICTURES

WALLS = {
    "limestone": [
        ("b8a98c", "8f8068", "a39a86"),
        ("d8c6a0", "b29c74", "c0b090"),
        ("c4b597", "a08d6c", "b0a58e"),
    ],
    "marble": [
        ("e2ddd2", "c4beb2", "d2ccc2"),
        ("d9d3cb", "b3aea8", "c6c1ba"),
        ("dfd2c2", "b8a590", "cbbfae"),
    ],
    "granite": [
        ("8e8a84", "6a6762", "827e78"),
        ("7d7873", "5a5653", "726e69"),
        ("9a9294", "75696c", "867d7f"),
    ],
    "sandstone": [
        ("b58f6a", "8d6a4c", "a08868"),
        ("a8674a", "7d4833", "96745e"),
        ("c2a06a", "997744", "ac936c"),
    ],
    "brick": [
        ("8e4a34", "6e3426", "a89a88"),
        ("9a5f42", "7c4630", "b0a492"),
        ("74402f", "4f2a20", "8f8578"),
        ("a9754f", "8a5a3a", "b8ab97"),
        ("b39a62", "8f7a4a", "bdb39c"),
    ],
    "stucco": [
        ("d8c9a8", "cbb994", "8d8474"),
        ("cfa98a", "c09878", "857263"),
        ("b8c2c4", "a9b4b8", "78807f"),
        ("c7b078", "b9a066", "85785a"),
        ("c98f7f", "b87d6d", "80645b"),
        ("a9b89a", "9aaa8b", "707a66"),
    ],
    "concrete": [
        ("a5a39d", "8e8c86", "706e69"),
        ("b9b4a8", "a29d92", "7d7970"),
        ("8d8f90", "767879", "5d5f60"),
    ],
    "plaster": [("e6e2d8", "d8d3c6", "9a958a"), ("efe9dc", "e0d8c6", "a39b8b")],
    "wood": [
        ("6e4a2e", "543620", "3a2616"),
        ("8a2f22", "6d241b", "4a1a14"),
        ("4f4438", "3b332a", "28221c"),
    ],
}
"""Wall materials: (first colour, second colour, joint or stain colour) in sRGB hex."""

ROOFS = {
    "slate": [("4a5560", "39424c"), ("54565c", "3e4046"), ("5a5f58", "43483f")],
    "tile": [("7d3f2c", "5d2c1f"), ("94502f", "6f3a22"), ("6b4a36", "4d3325")],
    "copper": [("5f8f7c", "4c7a68"), ("6f9c86", "56806c")],
    "lead": [("8a8f96", "70757c"), ("7d8489", "666c70")],
    "glazed": [("2f5f4a", "1f4635"), ("b5862f", "8f6820"), ("2d4a7a", "1f3558")],
    "thatch": [("8a744a", "6c5a38")],
    "flat": [("6f6d68", "5a5854")],
}
DOMES = ["5f8f7c", "8a8f96", "b5893a", "57707c", "a9b4b0", "7a4b3a", "2f5a7a"]
TRIMS = ["cfc4ac", "d9d4c8", "b9ab90", "a7a299", "dccba6", "8f8a82"]
DOORS = ["4a2b17", "26402f", "5c1f1b", "2c3a55", "33302c"]
MASONRY = {
    "limestone": (1.1, 0.5),
    "marble": (1.8, 0.9),
    "granite": (1.3, 0.6),
    "sandstone": (1.0, 0.45),
    "brick": (0.5, 0.16),
}
"""Length and height of a stone in metres; the other wall materials have no joints."""


@dataclass(frozen=True)
class Surface:
    """One surface: its kind (a function of `materials.py`), sRGB hex colours and details."""

    kind: str
    colours: tuple[str, ...] = ("808080",)
    seed: int = 0
    stone: tuple[float, float] = (1.0, 0.5)
    roughness: float = 0.8
    metallic: float = 0.0
    variation: float = 0.3
    stain: float = 0.4


@dataclass(frozen=True)
class Palette:
    """The surfaces of one landmark by name, and what its walls and roof are called."""

    surfaces: dict[str, Surface]
    wall: str
    roof: str


def _pick(rng: np.random.Generator, options):
    return options[int(rng.integers(len(options)))]


def wall_surface(rng: np.random.Generator, material: str) -> Surface:
    """A wall of a material of `WALLS`, its colours and stones drawn at random."""
    colours = _pick(rng, WALLS[material])
    seed = int(rng.integers(1 << 16))
    if material in MASONRY:
        size = rng.uniform(0.8, 1.3)
        stone = (MASONRY[material][0] * size, MASONRY[material][1] * size)
        return Surface("masonry", colours, seed, stone, stain=rng.uniform(0.25, 0.65))
    if material == "wood":
        return Surface("wood", colours, seed)
    return Surface("plaster", colours, seed, variation=0.25, stain=rng.uniform(0.4, 0.8))


def draw_palette(
    rng: np.random.Generator, walls, roofs=("slate",), accents=None, **fixed: Surface
) -> Palette:
    """Draw the surfaces of a landmark.

    walls, roofs: names of `WALLS` and `ROOFS` to choose from; accents: materials of the second
    wall surface "accent" (default: as walls). Keyword arguments replace single surfaces.

    Names: wall accent base trim roof dome rib gold metal frame glass stained door dark shutter
    clockface clockhand brick clay flower lawn water neon, and relief0.. mural0.. sign0.. banner0..
    """
    wall, roof = _pick(rng, walls), _pick(rng, roofs)
    seed = int(rng.integers(1 << 16))
    trim = _pick(rng, TRIMS)
    dome = _pick(rng, DOMES)
    painted = {
        f"{kind}{k}": Surface(kind, (trim,), seed * 31 + 7 * k + len(kind))
        for kind, count in PICTURES.items()
        for k in range(count)
    }
    dark_clock = rng.random() < 0.4
    surfaces = {
        "wall": wall_surface(rng, wall),
        "accent": wall_surface(rng, _pick(rng, accents or walls)),
        "base": wall_surface(rng, "granite"),
        "trim": Surface(
            "masonry", (trim, trim, trim), seed + 1, (1.6, 0.6), stain=0.35, variation=0.2
        ),
        "roof": Surface(
            "roof",
            _pick(rng, ROOFS[roof]),
            seed + 2,
            roughness=0.5 if roof in ("copper", "lead", "glazed") else 0.8,
        ),
        "dome": Surface("metal", (dome,), seed + 3, roughness=0.45, metallic=0.4, variation=0.35),
        "rib": Surface("metal", ("6d7f78",), seed + 3, roughness=0.5, metallic=0.3),
        "gold": Surface("metal", ("d9a93f",), seed, roughness=0.25, metallic=1.0, variation=0.15),
        "metal": Surface("metal", ("3c3e40",), seed, roughness=0.5, metallic=0.6),
        "frame": Surface(
            "paint", ("e4e0d6" if rng.random() < 0.5 else "3a3029",), seed, variation=0.2
        ),
        "shutter": Surface("paint", (_pick(rng, DOORS),), seed, variation=0.4),
        "door": Surface("wood", (_pick(rng, DOORS), "1a1410", "000000"), seed + 4),
        "dark": Surface("paint", ("1b1b1d",), seed, variation=0.2),
        "glass": Surface("glass", ("303438",), seed + 5),
        "stained": Surface("stained", ("303438",), seed + 6),
        "clockface": Surface("clockface", ("1d2c4a" if dark_clock else "f0ead8",), seed),
        "clockhand": Surface("paint", ("e8cf86" if dark_clock else "1b1b1d",), seed, variation=0.0),
        "brick": wall_surface(rng, "brick"),
        "clay": Surface("paint", ("9a5a3c",), seed, variation=0.3),
        "flower": Surface("foliage", ("b03a3a",), seed),
        "lawn": Surface("foliage", ("5c7a38",), seed),
        "water": Surface("water", ("2f4a50",), seed),
        "neon": Surface("neon", ("ff5a3c",), seed),
        **painted,
        **fixed,
    }
    return Palette(surfaces, wall, roof)


LEAVES = {"summer": "3f5f24", "spring": "6a8a35", "autumn": "a8651f", "winter": "2f4327"}
"""Colour of foliage by season."""

PASSING = {
    "shirt": ("e6e2da", "2f3d55", "9a9a98", "7d2a2c", "3f5d7d", "d9c9a8", "1d1d20", "55683f"),
    "trousers": ("23262e", "33425c", "6b6152", "48566e", "1a1a1c", "8f8674", "3a3a3c"),
    "coat": ("1c1d22", "5b4632", "2a3448", "7a7468", "4a2226", "38402f", "a08a68"),
    "bag": ("17181b", "5a3a24", "2b3950", "6e2327", "8a7a5c"),
    "skin": ("dcae90", "c99878", "a8754f", "7a4e34", "553526"),
    "hair": ("1a1411", "3a2619", "5e4128", "8d7752", "a09a92", "241a14"),
    "paint": ("d9d9d6", "17181a", "8b8f93", "b9bcbf", "22344f", "7c1d20", "4d5257", "3d4d3f"),
}
"""What people and cars come in, by surface, sRGB hex: each object takes one along the row."""


def draw_town(rng: np.random.Generator, season: str, ground: str) -> dict[str, Surface]:
    """The surfaces of a landmark's surroundings: houses, streets, people, cars and trees.

    season: one of `LEAVES`; ground: a paving of `materials.GROUNDS`.
    """
    seed = int(rng.integers(1 << 16))
    walls = [
        str(rng.choice(["stucco", "stucco", "brick", "limestone", "plaster"])) for _ in range(4)
    ]
    roofs = [str(rng.choice(["tile", "slate"])) for _ in range(2)]
    plain = {
        "rim": "9a9a9e",
        "white": "eeeeee",
        "plastic": "4a4d50",
        "asphalt": "4c4c4e",
        "twig": "4a3d30",
        "tyre": "141414",
        "red": "8e1212",
        "clay": "9a5a3c",
        "clockhand": "1b1b1d",
    }
    canvases = ["8e2a2a", "d8d0c0", "2f5a4a", "27476e", "c98a2a"]
    return {
        **draw_palette(rng, ("stucco", "brick", "limestone"), tuple(roofs)).surfaces,
        **{f"wall{k}": wall_surface(rng, material) for k, material in enumerate(walls)},
        **{
            f"roof{k}": Surface("roof", _pick(rng, ROOFS[name]), seed + k)
            for k, name in enumerate(roofs)
        },
        **{
            name: Surface("paint", (colour,), seed, variation=0.1) for name, colour in plain.items()
        },
        **{
            f"canvas{k}": Surface("paint", (_pick(rng, canvases),), seed + k, variation=0.2)
            for k in range(3)
        },
        **{
            name: Surface("coloured", colours, k * 17 + 3, metallic=0.3 if name == "paint" else 0.0)
            for k, (name, colours) in enumerate(PASSING.items())
        },
        "lampglass": Surface("lamp", ("f3ead0",)),
        "bark": Surface("wood", ("4a3a2c", "2f241b", "000000"), seed),
        "leaf": Surface("foliage", (LEAVES[season],), seed),
        "needle": Surface("foliage", ("46603a",), seed),
        "lawn": Surface("foliage", (LEAVES["winter"] if season == "winter" else "5c7a38",), seed),
        "net": Surface("netting", (str(rng.choice(["4a7a5a", "c8c8c0", "5a6f8a"])),), seed),
        "board": Surface("wood", ("8a6f4a", "6f5838", "000000"), seed),
        "awning": Surface("paint", (_pick(rng, canvases),), seed + 9, variation=0.2),
        "ground": Surface("ground", (ground,), seed, variation=0.0 if rng.random() < 0.6 else 1.0),
        "hill": Surface("terrain", seed=seed),
        "rock": Surface("rock", seed=seed),
    }
