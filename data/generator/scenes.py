"""A planned scene on a stage: what stands in it, and what each picture of it shows.

The stage may be Blender's (`cycles.Stage`) or any other with the same methods, so that the truth
can be checked without Blender.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from . import cameras, surroundings, truth
from .families import Landmark, build
from .plan import Scene, Shot
from .surfaces import Surface, draw_town
from .weather import WEATHERS

HABITS = {"query": cameras.QUERY}
"""How each role's photographers stand; all others as `cameras.DATABASE`."""
LEAST_SHARE = 0.08
"""A picture that shows less of its landmark is taken again, from elsewhere."""
NOWHERE = (np.array([0, 500, 0.0]), np.array([0, 500, 0.0]))


@lru_cache(maxsize=2)
def _landmark(family: str, seed: int) -> Landmark:
    return build(family, seed)


class Setting:
    """A planned scene before it stands on a stage: its weather, landmark and surfaces."""

    def __init__(self, scene: Scene):
        self.scene = scene
        self.rng = np.random.default_rng([*scene.name.encode(), scene.seed])
        self.weather = WEATHERS[scene.weather].varied(self.rng)
        self.landmark = _landmark(scene.family, scene.seed) if scene.kind == "landmark" else None
        place_rng = np.random.default_rng([scene.seed, *scene.kind.encode()])
        site = "country" if scene.kind == "country" else "town"
        if self.landmark:
            site = surroundings.SITES.get(scene.family, "town")
        grounds = surroundings.GROUNDS[site]
        ground = grounds[int(place_rng.integers(len(grounds)))]
        self.town: dict[str, Surface] = draw_town(place_rng, self.weather.season, ground)
        self.triangles, self.bounds = None, NOWHERE
        if self.landmark:
            body, _ = self.landmark.split()
            self.triangles, self.bounds = body.triangles(), body.bounds()

    def furnish(self, stage) -> surroundings.Place:
        """Put everything that belongs to the place on a stage."""
        if self.landmark:
            return surroundings.landmark_site(stage, self.landmark, self.scene.seed, self.weather)
        return getattr(surroundings, self.scene.kind)(stage, self.scene.seed, self.weather)

    def compose(self, place: surroundings.Place, shot: Shot, attempt: int):
        """Choose where a picture is taken from and who passes by: `(camera, generator)`."""
        rng = np.random.default_rng([shot.seed, attempt])
        if self.landmark:
            habit = HABITS.get(shot.role, cameras.DATABASE)
            camera = cameras.stand(rng, habit, *self.bounds, shot.size)
        else:
            spread = 10.0 if self.scene.kind == "street" else 26.0
            camera = cameras.wander(rng, shot.size, spread=spread)
        place.stage.clear_passing()
        rural = self.scene.kind == "country"
        surroundings.passers_by(place, camera, rng, *self.bounds, rural=rural)
        return camera, rng

    def acceptable(
        self, shot: Shot, camera: cameras.Camera, depth: np.ndarray, mask: np.ndarray
    ) -> bool:
        """Nothing fills the picture from close by, and a query shows its landmark well."""
        if ((depth > 0) & (depth < 2.5)).mean() > 0.2:
            return False
        if not self.landmark:
            return True
        share = truth.visible_share(mask, self.triangles, camera)
        if shot.role == "query":
            return truth.classify(share, float(mask.mean())) == "good"
        return share >= LEAST_SHARE

    def record(self, shot: Shot, camera: cameras.Camera, mask: np.ndarray) -> dict:
        """What is known about a picture."""
        scene = self.scene
        record = {
            "name": shot.name,
            "role": shot.role,
            "landmark": scene.landmark,
            "kind": scene.kind,
            "family": scene.family,
            "wall": self.landmark.palette.wall if self.landmark else None,
            "roof": self.landmark.palette.roof if self.landmark else None,
            "seed": scene.seed,
            "scene": scene.name,
            "weather": scene.weather,
            "season": self.weather.season,
            "camera": camera.as_record(),
        }
        return record | self._view(camera, mask) if self.landmark else record

    def _view(self, camera: cameras.Camera, mask: np.ndarray) -> dict:
        share, area = truth.visible_share(mask, self.triangles, camera), float(mask.mean())
        away = camera.centre - cameras.before(*self.bounds)
        distance = float(np.hypot(*away[:2]))
        return {
            "azimuth_degrees": round(float(np.degrees(np.arctan2(away[0], -away[1]))), 1),
            "distance_metres": round(distance, 1),
            "pixels_per_metre": round(float(camera.K[0, 0]) / distance, 3),
            "visible_share": round(share, 3),
            "area_share": round(area, 4),
            "view": truth.classify(share, area),
            "box": truth.box(mask),
        }
