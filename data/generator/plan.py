"""What is rendered: every picture of every set, from names and seeds alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .families import FAMILIES
from .weather import WEATHERS

LANDSCAPE, PORTRAIT = (480, 360), (360, 480)
SMALL = (224, 168), (168, 224)
"""Sizes of the training pictures."""

ALBION = {
    "minster": ("gothic_church", 3),
    "saint_osyth": ("gothic_church", 6),
    "castle_mound": ("castle", 2),
    "water_gate": ("city_gate", 5),
    "corn_hall": ("market_hall", 4),
    "guildhall": ("palace", 6),
    "carillon": ("clock_tower", 2),
    "north_light": ("lighthouse", 2),
    "abbots_bridge": ("bridge", 3),
    "playhouse": ("theatre", 5),
    "admirals_column": ("monument", 1),
}
LUTETIA = {
    "cathedral": ("gothic_church", 12),
    "grand_dome": ("domed_basilica", 4),
    "arch_of_peace": ("triumphal_arch", 2),
    "opera": ("theatre", 4),
    "iron_bridge": ("bridge", 4),
    "temple_of_glory": ("temple", 3),
    "great_mosque": ("mosque", 4),
    "garden_pagoda": ("pagoda", 5),
    "concert_shells": ("modern", 3),
    "summer_palace": ("palace", 9),
    "belfry": ("clock_tower", 7),
}
CITIES = {"albion": ALBION, "lutetia": LUTETIA}
"""The landmarks of the two cities: name to (family, seed). No other set uses these seeds."""

LOOK_ALIKE_SEED, TOWN_SEED, TRAINING_SEED = 200, 400, 1000
"""First family seeds of the look-alikes, of the other towns and of the training landmarks."""

QUERY_WEATHERS = ("noon", "morning", "overcast", "golden", "autumn")
TRAINING_LANDMARKS, TRAINING_SCENES, TRAINING_SHOTS = 120, 8, 5


@dataclass(frozen=True)
class Shot:
    """One picture: its file's name, its role, its size and the seed of all that is its own.

    role: "query", "database", "absent", "distractor", "distractor_query" or "training".
    """

    name: str
    role: str
    size: tuple[int, int]
    seed: int


@dataclass(frozen=True)
class Scene:
    """Pictures that share a built scene: one place under one weather.

    kind: "landmark", "street", "square" or "country"; family, seed: of the landmark, or of the
    place; landmark: its name where it counts as one of the set's.
    """

    name: str
    kind: str
    family: str | None
    seed: int
    landmark: str | None
    weather: str
    shots: tuple[Shot, ...]


def plan(name: str, training_landmarks: int = TRAINING_LANDMARKS) -> list[Scene]:
    """The scenes of a set: "albion", "lutetia", "distractors" or "training".

    training_landmarks: any number of them; fewer are the first ones of more.
    """
    if name == "training":
        if training_landmarks < 2:  # a wrong label is another landmark's
            raise ValueError(f"training_landmarks is {training_landmarks}; wanted 2 or more")
        return list(_training(training_landmarks))
    sets = {"albion": _city, "lutetia": _city, "distractors": _distractors}
    if name not in sets:
        raise ValueError(f"name is {name!r}; wanted one of {', '.join((*sets, 'training'))}")
    return list(sets[name](name))


def _rng(*words: str | int) -> np.random.Generator:
    flat = [v for w in words for v in (w.encode() if isinstance(w, str) else [w])]
    return np.random.default_rng(flat)


def _size(
    rng: np.random.Generator, family: str | None = None, sizes=(LANDSCAPE, PORTRAIT)
) -> tuple[int, int]:
    tall = family in ("clock_tower", "lighthouse", "pagoda", "monument")
    return sizes[int(rng.random() < (0.5 if tall else 0.25))]


def _shots(
    rng: np.random.Generator,
    prefix: str,
    first: int,
    count: int,
    role: str,
    family=None,
    sizes=(LANDSCAPE, PORTRAIT),
):
    return tuple(
        Shot(
            f"{prefix}_{first + k:02d}", role, _size(rng, family, sizes), int(rng.integers(1 << 30))
        )
        for k in range(count)
    )


def _city(city: str) -> Iterator[Scene]:
    """Each landmark: 5 queries, and 18 database pictures under 9 of the 10 weathers."""
    for landmark, (family, seed) in CITIES[city].items():
        rng = _rng(city, landmark)
        weathers = [str(w) for w in rng.permutation(list(WEATHERS))[:9]]
        if "night" not in weathers[:7]:  # every landmark is seen by night
            weathers[0] = "night"
        weathers = list(dict.fromkeys(weathers))
        for k, weather in enumerate(QUERY_WEATHERS):
            shots = _shots(rng, f"{landmark}_q", k + 1, 1, "query", family)
            yield Scene(
                f"{landmark}_query_{weather}", "landmark", family, seed, landmark, weather, shots
            )
        for k, weather in enumerate(weathers):
            shots = _shots(rng, landmark, 2 * k + 1, 2, "database", family)
            yield Scene(f"{landmark}_{weather}", "landmark", family, seed, landmark, weather, shots)
    yield from _absent(city)


def _absent(city: str) -> Iterator[Scene]:
    """Look-alikes of every landmark's family, and streets and squares of the same city."""
    rng = _rng(city, "absent")
    names = list(WEATHERS)
    for k, (family, _) in enumerate(CITIES[city].values()):
        seed = LOOK_ALIKE_SEED + k + (50 if city == "lutetia" else 0)
        for j in range(4):
            weather = names[int(rng.integers(len(names)))]
            shots = _shots(rng, f"alike_{family}_{seed}", 2 * j + 1, 2, "absent", family)
            yield Scene(
                f"alike_{family}_{seed}_{j}", "landmark", family, seed, None, weather, shots
            )
    for kind, places in (("street", 7), ("square", 7)):
        for p in range(places):
            seed = int(rng.integers(1 << 20))
            for j in range(2):
                weather = names[int(rng.integers(len(names)))]
                shots = _shots(rng, f"{kind}_{p + 1:02d}", 3 * j + 1, 3, "absent")
                yield Scene(f"{kind}_{p + 1:02d}_{j}", kind, None, seed, None, weather, shots)


def _distractors(name: str) -> Iterator[Scene]:
    """Other towns' buildings, streets, squares, open country; 44 queries without landmark."""
    rng = _rng(name)
    names = list(WEATHERS)
    families = [f for f in FAMILIES for _ in range(2)]
    places = [("landmark", f, TOWN_SEED + k, 4) for k, f in enumerate(families)]
    for kind, count, each in (("street", 20, 8), ("square", 12, 8), ("country", 20, 6)):
        places += [(kind, None, 2_000_000 + 1000 * len(kind) + k, each) for k in range(count)]
    for kind, family, seed, each in places:
        for j in range(each // 2):
            weather = names[int(rng.integers(len(names)))]
            prefix = f"{family or kind}_{seed % 1000:03d}"
            shots = _shots(rng, prefix, 2 * j + 1, 2, "distractor", family)
            yield Scene(f"{prefix}_{j}", kind, family, seed, None, weather, shots)
    for k in range(44):
        kind = ("street", "square", "country", "landmark")[k % 4]
        family = FAMILIES[(k // 4) % len(FAMILIES)] if kind == "landmark" else None
        weather = QUERY_WEATHERS[k % 5]
        shots = _shots(rng, f"query_{k + 1:02d}", 1, 1, "distractor_query", family)
        yield Scene(
            f"query_{k + 1:02d}",
            kind,
            family,
            3_000_000 + k if family is None else 700 + k,
            None,
            weather,
            shots,
        )


def _training(landmarks: int) -> Iterator[Scene]:
    """Landmarks of every family in turn, each under eight of the ten weathers."""
    for n in range(landmarks):
        family, seed = FAMILIES[n % len(FAMILIES)], TRAINING_SEED + n
        landmark = f"{family}_{seed}"
        rng = _rng("training", n)
        weathers = [str(w) for w in rng.permutation(list(WEATHERS))]
        for k, weather in enumerate(weathers[:TRAINING_SCENES]):
            first = TRAINING_SHOTS * k + 1
            shots = _shots(rng, landmark, first, TRAINING_SHOTS, "training", family, SMALL)
            yield Scene(f"{landmark}_{k}", "landmark", family, seed, landmark, weather, shots)
