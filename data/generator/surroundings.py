"""What stands around a landmark, and scenes without one: streets, squares, open country.

What belongs to a place is drawn from the place's own generator and is the same in all its
pictures; what passes by (people, cars, stalls...) is drawn anew for each picture.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from . import clutter, town
from .cameras import Camera
from .families import Landmark
from .mesh import Mesh
from .truth import LANDMARK
from .weather import Weather

GROUNDS = {
    "town": ("cobbles", "slabs", "asphalt"),
    "park": ("gravel", "slabs"),
    "country": ("grass", "gravel"),
}
"""Paving to choose from by kind of site."""
SITES = {
    "lighthouse": "country",
    "castle": "country",
    "temple": "park",
    "pagoda": "park",
    "monument": "park",
}
"""Where a family mostly stands; all others stand in town."""
PEOPLE, CARS = 48, 24


@lru_cache(maxsize=512)
def _made(kind: str, *seed: int | str) -> Mesh:
    """A shape by name and seed, kept while a worker goes through the pictures of a place."""
    rng = np.random.default_rng(
        [*kind.encode(), *(v if isinstance(v, int) else sum(v.encode()) for v in seed)]
    )
    extra = [v for v in seed if isinstance(v, str)]
    maker = getattr(clutter, kind, None) or getattr(town, kind)
    if extra and extra[0].endswith("-bare"):
        return maker(rng, extra[0].removesuffix("-bare"), leaves=False)
    return maker(rng, *extra)


class Place:
    """A stage with everything that belongs to one place, under one weather."""

    def __init__(self, stage, seed: int, weather: Weather):
        self.stage, self.seed, self.weather = stage, seed, weather
        self.rng = np.random.default_rng([seed, 77])

    def shape(self, kind: str, k: int, extra: str | None = None, own=True):
        """A Blender mesh of a kind; `own` ones are found at this place alone."""
        seed = (self.seed if own else 0, k, *([extra] if extra else []))
        return self.stage.shape(f"{kind}{k}{extra or ''}", _made(kind, *seed))

    def tree(self, kind: str, k: int):
        """A tree as the season has it."""
        bare = self.weather.season == "winter" and kind != "conifer"
        return self.shape("tree", k, f"{kind}-bare" if bare else kind)

    def earth(self, hills=True) -> None:
        """The ground to 180 m, and hills behind it."""
        flat = Mesh(0)
        flat.add(
            [[-180, -180, 0], [180, -180, 0], [180, 180, 0], [-180, 180, 0]],
            [[0, 1, 2, 3]],
            "ground",
        )
        self.stage.place(self.stage.shape("ground", flat))
        if hills:
            self.stage.place(self.shape("hills", 0))

    def houses(self, count: int) -> list:
        """Town houses of this place, as (shape, width)."""
        kinds = ["house"] * count if count < 4 else ["house"] * (count - 1) + ["office"]
        found = []
        for k, kind in enumerate(kinds):
            walls = [p for p in _made(kind, self.seed, k).parts if p.surface.startswith("wall")]
            width = 2 * max(float(np.abs(p.vertices[:, 0]).max()) for p in walls)
            found.append((self.shape(kind, k), width))
        return found

    def row(self, houses: list, start, along, length: float, facing: float) -> None:
        """A closed row of houses from a point along a direction; `facing` is where fronts look."""
        along, at = np.asarray(along, float), 0.0
        while at < length:
            shape, width = houses[int(self.rng.integers(len(houses)))]
            middle = np.asarray(start, float) + along * (at + width / 2)
            self.stage.place(shape, (*middle, 0), facing + np.pi / 2)
            at += width + (0.0 if self.rng.random() < 0.8 else self.rng.uniform(1, 5))


def landmark_site(stage, landmark: Landmark, seed: int, weather: Weather) -> Place:
    """A landmark with its permanent surroundings."""
    place = Place(stage, seed, weather)
    rng = place.rng
    site = (
        SITES.get(landmark.family, "town")
        if rng.random() < 0.75
        else str(rng.choice(["town", "park"]))
    )
    body, scenery = landmark.split()
    stage.place(stage.shape("landmark", body, of_landmark=True), index=LANDMARK)
    if scenery.parts:
        stage.place(stage.shape("scenery", scenery, of_landmark=True))
    low, high = landmark.mesh.bounds()
    place.earth()
    if site == "town":
        houses = place.houses(5)
        for side in (-1, 1):
            x = side * (max(abs(low[0]), high[0]) + rng.uniform(9, 18))
            place.row(houses, (x, 6 + rng.uniform(0, 6)), (0, 1), 60, np.pi if side > 0 else 0.0)
        place.row(houses, (-75, high[1] + rng.uniform(18, 34)), (1, 0), 150, -np.pi / 2)
    elif site == "park":
        houses = place.houses(3)
        place.row(houses, (-80, high[1] + rng.uniform(45, 70)), (1, 0), 160, -np.pi / 2)
    else:
        for k in range(int(rng.integers(1, 4))):
            at = (rng.uniform(-90, 90), high[1] + rng.uniform(25, 80), 0)
            stage.place(place.shape("farmhouse" if k else "barn", k), at, rng.uniform(-0.6, 0.6))
    _plant(place, low, high, {"town": 9, "park": 26, "country": 14}[site])
    _furnish(place, low, high, site)
    return place


def _plant(place: Place, low, high, count: int) -> None:
    rng = place.rng
    kinds = [
        str(rng.choice(["broad", "conifer", "poplar", "young"], p=[0.5, 0.2, 0.15, 0.15]))
        for _ in range(3)
    ]
    trees = [place.tree(kind, k) for k, kind in enumerate(kinds)]
    for _ in range(count):
        side = rng.choice([-1, 1])
        x = side * (max(abs(low[0]), high[0]) + rng.uniform(4, 34))
        place.stage.place(
            trees[int(rng.integers(3))],
            (x, rng.uniform(-32, 34), 0),
            rng.uniform(0, 6),
            rng.uniform(0.7, 1.4),
        )
    for _ in range(2):
        at = (rng.choice([-1, 1]) * rng.uniform(12, 26), low[1] - rng.uniform(10, 26), 0)
        place.stage.place(trees[int(rng.integers(3))], at, rng.uniform(0, 6), rng.uniform(0.5, 0.9))


def _furnish(place: Place, low, high, site: str) -> None:
    rng, stage = place.rng, place.stage
    lamp = place.shape("street_lamp", 0)
    width = max(30.0, high[0] - low[0])
    for k in range(5):
        at = (-width * 0.6 + width * 0.3 * k, low[1] - 5 - 4 * (k % 2), 0)
        stage.place(lamp, at)
    if site != "country":
        bench = place.shape("bench", 0)
        for _ in range(4):
            stage.place(
                bench,
                (rng.uniform(-30, 30), low[1] - rng.uniform(6, 24), 0),
                rng.choice([0, np.pi]),
            )
    else:
        rocks = place.shape("rocks", 0)
        for _ in range(6):
            stage.place(
                rocks,
                (rng.uniform(-50, 50), low[1] - rng.uniform(6, 40), -0.2),
                rng.uniform(0, 6),
                rng.uniform(0.4, 1.2),
            )
    if place.weather.lit:
        for x in (-0.36, 0.0, 0.36):
            energy = 2600 * max(1.0, (high[2] / 30) ** 2)
            stage.lamp((x * width, low[1] - 0.35 * high[2] - 4, 0.6), 0.6, energy)


def street(stage, seed: int, weather: Weather) -> Place:
    """A street along +Y between two rows of houses, with nothing remarkable in it."""
    place = Place(stage, seed, weather)
    rng = place.rng
    place.earth()
    houses, half = place.houses(7), rng.uniform(6, 11)
    for side in (-1, 1):
        place.row(houses, (side * half, -60), (0, 1), 150, np.pi if side > 0 else 0.0)
    if rng.random() < 0.7:  # the street ends at a house
        place.row(houses, (-30, rng.uniform(55, 95)), (1, 0), 60, -np.pi / 2)
    lamp, sign = place.shape("street_lamp", 0), place.shape("road_sign", 0)
    for y in range(-48, 70, 18):
        stage.place(lamp, (half - 1.2, y, 0))
        if rng.random() < 0.3:
            stage.place(sign, (1.2 - half, y + 4, 0))
    kinds = [place.tree(str(rng.choice(["broad", "young"])), k) for k in range(2)]
    if rng.random() < 0.5:
        for y in np.arange(-40, 70, rng.uniform(9, 16)):
            stage.place(
                kinds[int(rng.integers(2))],
                (1.6 - half, y, 0),
                rng.uniform(0, 6),
                rng.uniform(0.4, 0.7),
            )
    _light_street(place)
    return place


def square(stage, seed: int, weather: Weather) -> Place:
    """A square with houses on three sides and a fountain, a kiosk or trees in its middle."""
    place = Place(stage, seed, weather)
    rng = place.rng
    place.earth()
    houses, half = place.houses(6), rng.uniform(22, 34)
    depth = rng.uniform(20, 40)
    for side in (-1, 1):
        place.row(houses, (side * half, -45), (0, 1), 45 + depth, np.pi if side > 0 else 0.0)
    place.row(houses, (-half - 8, depth + 2), (1, 0), 2 * half + 16, -np.pi / 2)
    for k in range(int(rng.integers(1, 4))):
        thing = str(rng.choice(["kiosk", "fountain", "market_stall", "parasol_table"]))
        stage.place(
            place.shape(thing, k),
            (rng.uniform(-0.6, 0.6) * half, rng.uniform(-10, 0.7 * depth), 0),
            rng.uniform(0, 6),
        )
    trees = [place.tree(str(rng.choice(["broad", "young", "poplar"])), k) for k in range(2)]
    for _ in range(int(rng.integers(0, 10))):
        at = (rng.uniform(-0.9, 0.9) * half, rng.uniform(-15, 0.9 * depth), 0)
        stage.place(trees[int(rng.integers(2))], at, rng.uniform(0, 6), rng.uniform(0.5, 0.9))
    _light_street(place)
    return place


def country(stage, seed: int, weather: Weather) -> Place:
    """Open country: hills, trees, rocks, a farm."""
    place = Place(stage, seed, weather)
    rng = place.rng
    place.earth()
    kinds = ["broad", "conifer", "poplar", "young"]
    trees = [place.tree(str(rng.choice(kinds)), k) for k in range(4)]
    for _ in range(int(rng.integers(15, 70))):
        angle, distance = rng.normal(np.pi / 2, 0.8), rng.uniform(14, 150)
        at = (distance * np.cos(angle), distance * np.sin(angle) - 10, 0)
        stage.place(trees[int(rng.integers(4))], at, rng.uniform(0, 6), rng.uniform(0.6, 1.6))
    for kind, most in (("farmhouse", 3), ("barn", 2), ("rocks", 6), ("bush", 16)):
        shape = place.shape(kind, 0)
        for _ in range(int(rng.integers(0, most + 1))):
            far = kind in ("farmhouse", "barn")
            at = (rng.uniform(-50, 50), rng.uniform(30 if far else 0, 120 if far else 50), 0)
            stage.place(shape, at, rng.uniform(-0.8, 0.8), rng.uniform(0.7, 1.3))
    return place


def _light_street(place: Place) -> None:
    if place.weather.lit:
        for y in (-20, 5, 30):
            place.stage.lamp((0, y, 4.5), 0.2, 900, 2.0)


def passers_by(
    place: Place, camera: Camera, rng: np.random.Generator, low, high, rural=False
) -> None:
    """People, cars, trees and stalls that happen to be in the picture.

    low, high: bounds (3,) of what must stay free: nothing is put inside them; rural: few come by.
    """
    stage, eye = place.stage, camera.centre
    forward = camera.R[2][:2] / np.linalg.norm(camera.R[2][:2])
    side = np.array([forward[1], -forward[0]])
    reach = max(12.0, min(70.0, np.linalg.norm(eye[:2] - [(low[0] + high[0]) / 2, low[1]])))
    spread = np.tan(camera.field_of_view / 2)

    def spot(nearest: float, furthest: float = 1.0):
        for _ in range(12):
            d = rng.uniform(nearest, max(nearest + 1, reach * furthest))
            at = eye[:2] + d * (forward + side * spread * rng.uniform(-1.05, 1.05))
            inside = low[0] - 1 < at[0] < high[0] + 1 and low[1] - 1.5 < at[1] < high[1] + 1
            if not inside and abs(at).max() < 150:
                return (*at, 0.0)
        return None

    def put(kind: str, pool: int, nearest: float, turn: float, scale=1.0, extra=None, furthest=1.0):
        at = spot(nearest, furthest)
        if at is not None:
            shape = place.shape(kind, int(rng.integers(pool)), extra, own=False)
            stage.place(shape, at, turn, scale, passing=True)

    if rural:
        for _ in range(int(rng.integers(0, 4))):
            put("person", PEOPLE, 7.0, rng.uniform(0, 6.3))
        return
    for _ in range(
        int(rng.choice([2, 6, 14, 30], p=[0.25, 0.35, 0.28, 0.12]) * rng.uniform(0.6, 1.4))
    ):
        put("person", PEOPLE, 4.0, rng.uniform(0, 6.3))
    for _ in range(int(rng.choice([0, 1, 3, 5], p=[0.45, 0.25, 0.2, 0.1]))):
        put("car", CARS, 9.0, rng.choice([0, np.pi]) + rng.normal(0, 0.1))
    if rng.random() < 0.2:
        put("bicycle", 6, 5.0, rng.uniform(0, 6.3))
    if rng.random() < 0.10:
        put("bus", 6, 14.0, rng.choice([0, np.pi]) + rng.normal(0, 0.1))
    for _ in range(int(rng.choice([0, 1, 2], p=[0.6, 0.28, 0.12]))):
        kind = str(rng.choice(["broad", "young", "conifer"]))
        bare = place.weather.season == "winter" and kind != "conifer"
        put(
            "tree",
            4,
            7.0,
            rng.uniform(0, 6),
            rng.uniform(0.4, 0.9),
            f"{kind}-bare" if bare else kind,
            0.85,
        )
    for _ in range(int(rng.choice([0, 1, 3], p=[0.6, 0.25, 0.15]))):
        kind = str(
            rng.choice(
                [
                    "market_stall",
                    "kiosk",
                    "parasol_table",
                    "flag_banner",
                    "road_sign",
                    "bench",
                    "tram_or_bus_stop",
                ]
            )
        )
        put(kind, 5, 6.0, rng.uniform(0, 6), furthest=0.9)
    if rng.random() < 0.12:
        _building_site(place, rng, low, high)


def _building_site(place: Place, rng: np.random.Generator, low, high) -> None:
    width, height = rng.uniform(5, 12), min(rng.uniform(5, 16), 0.8 * high[2])
    x = rng.uniform(low[0] + width / 2, max(low[0] + width / 2 + 1, high[0] - width / 2))
    shape = place.stage.shape("scaffolding", clutter.scaffolding(rng, width, height))
    place.stage.place(shape, (x, low[1] - 2.2, 0), passing=True)
