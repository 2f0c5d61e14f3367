"""Renders one planned scene: builds the place in Blender, takes its pictures, writes them down."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from . import photograph
from .cycles import Stage, configure, trace_light, trace_truth
from .materials import Materials
from .plan import Scene, Shot
from .scenes import Setting
from .sky import add_sky

SAMPLES, SAMPLES_AT_NIGHT = 5, 10
TRIES = 4
QUALITIES = {"training": (58, 80)}
"""Least and first too high compression quality by role; (66, 88) for all others."""
SUFFIX = {"training": ".webp"}
"""WebP halves the training set; all other pictures are JPEGs, as cameras give them."""


@dataclass(frozen=True)
class Picture:
    """An image file with its depth (H, W) in metres, landmark mask (H, W) and record."""

    encoded: bytes
    depth: np.ndarray
    mask: np.ndarray
    record: dict


class BuiltScene:
    """A planned scene, set up in Blender."""

    def __init__(self, scene: Scene):
        self.setting = setting = Setting(scene)
        Stage.reset()
        weather = setting.weather
        own = setting.landmark.palette.surfaces if setting.landmark else {}
        stage = Stage(Materials(setting.town, weather), Materials(own, weather))
        configure()
        add_sky(weather, setting.rng)
        self.place = setting.furnish(stage)

    def shoot(self, shot: Shot) -> Picture:
        """One picture. What passes by may hide too much: the photographer then tries again."""
        setting = self.setting
        for attempt in range(TRIES):
            camera, rng = setting.compose(self.place, shot, attempt)
            depth, mask = trace_truth(camera)
            if setting.acceptable(shot, camera, depth, mask):
                break
        samples = SAMPLES_AT_NIGHT if setting.weather.lit else SAMPLES
        light = trace_light(camera, shot.seed, samples)
        photo = photograph.develop(light, depth, mask, setting.weather, rng)
        quality = int(rng.integers(*QUALITIES.get(shot.role, (66, 88))))
        record = setting.record(shot, camera, mask)
        record |= {"quality": quality, "attempt": attempt}
        encoded = photograph.encode(photo, SUFFIX.get(shot.role, ".jpg"), quality)
        return Picture(encoded, depth, mask, record)


def render_scene(scene: Scene, folder: Path) -> float:
    """Render a scene's pictures into a folder; returns the CPU seconds it took.

    The record is written last, so a scene whose record is there is whole.
    """
    started = time.process_time()
    built = BuiltScene(scene)
    records = []
    for shot in scene.shots:
        picture = built.shoot(shot)
        suffix = SUFFIX.get(shot.role, ".jpg")
        (folder / f"{shot.name}{suffix}").write_bytes(picture.encoded)
        if scene.landmark:
            mask = picture.mask.astype(np.uint8) * 255
            cv2.imwrite(str(folder / f"{shot.name}.mask.png"), mask)
        if scene.landmark and shot.role != "training":
            np.savez_compressed(folder / f"{shot.name}.depth.npz", depth=picture.depth)
        records.append(picture.record)
    seconds = time.process_time() - started
    draft = folder / f"{scene.name}.json.part"
    draft.write_text(json.dumps({"records": records, "cpu_seconds": round(seconds, 2)}))
    os.replace(draft, folder / f"{scene.name}.json")
    return seconds
