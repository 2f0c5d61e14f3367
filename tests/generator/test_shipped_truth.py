"""The shipped masks, depths and cameras against the geometry, without Blender."""

import json
from functools import lru_cache

import numpy as np
import pytest

from data.generator.cameras import Camera
from data.generator.families import build
from data.generator.plan import CITIES, plan
from data.generator.rasteriser import NumpyStage, rasterise
from data.generator.scenes import Setting
from data.generator.truth import LANDMARK, silhouette_pixels
from delf_lesson.datasets import rendered
from delf_lesson.datasets.correspondences import landmark_depth, pairs
from delf_lesson.datasets.training_set import training_images

SAMPLES = 4000


@lru_cache(maxsize=4)
def records(city):
    lines = (rendered.data_folder() / city / "images.jsonl").read_text().splitlines()
    return {r["name"]: r for r in map(json.loads, lines)}


@lru_cache(maxsize=24)
def surface_points(family, seed):
    """Points (N, 3) spread evenly over a landmark's faces."""
    body, _ = build(family, seed).split()
    a, b, c = body.triangles().transpose(1, 0, 2)
    rng = np.random.default_rng(0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = rng.choice(len(area), SAMPLES, p=area / area.sum())
    u, v = np.sort(rng.random((2, SAMPLES, 1)), axis=0)
    return a[chosen] * u + b[chosen] * (v - u) + c[chosen] * (1 - v)


def reprojection_errors(pair):
    """Pixels between where known points of the building are, and where `transfer` says."""
    points = surface_points(pair.first.family, pair.first.seed)
    first, depth = pair.first.camera.project(points)
    second, _ = pair.second.camera.project(points)
    shown = landmark_depth(pair.first)
    height, width = shown.shape
    with np.errstate(invalid="ignore"):
        pixel = np.floor(np.nan_to_num(first) + 0.5).astype(int)
    inside = ((pixel >= 0) & (pixel < [width, height])).all(1) & (depth > 0)
    x, y = np.where(inside[:, None], pixel, 0).T
    with np.errstate(invalid="ignore"):
        on_surface = inside & (np.abs(shown[y, x] / depth - 1) < 0.003)
    there, visible = pair.transfer(first[on_surface])
    return np.linalg.norm(there - second[on_surface], axis=1)[visible]


@pytest.mark.slow
def test_known_points_reproject_within_half_a_pixel():
    medians = []
    for pair in pairs():
        errors = reprojection_errors(pair)
        if len(errors) >= 20:
            medians.append(np.median(errors))
    assert len(medians) >= 60
    assert np.median(medians) < 0.5
    assert max(medians) < 0.5


@pytest.mark.slow
def test_training_cameras_see_their_building_where_the_mask_is():
    ious = []
    chosen = training_images("full")[::97]
    for picture in chosen:
        body, _ = build(picture.family, int(picture.landmark.rsplit("_", 1)[1])).split()
        mask = picture.mask()
        height, width = mask.shape
        camera = Camera(picture.camera.K, picture.camera.R, picture.camera.t, (width, height))
        alone = silhouette_pixels(body.triangles(), camera, margin=1.0) > 0
        assert (mask & alone).sum() >= 0.97 * mask.sum()
        ious.append((mask & alone).sum() / (mask | alone).sum())
        if picture.crop is None:  # the whole building is then on the canvas of the definition
            share = mask.sum() / silhouette_pixels(body.triangles(), camera).sum()
            assert share == pytest.approx(picture.visible_share, abs=2e-3)
    assert len(ious) > 40 and sum(p.crop is not None for p in chosen) >= 3
    assert max(ious) > 0.95  # what nothing hides fills its silhouette


# Scaffolding is hung with nets, which Blender makes half transparent and NumPy does not.
@pytest.mark.slow
@pytest.mark.parametrize("city", CITIES)
def test_masks_and_depths_are_those_of_an_independent_rasteriser(city):
    ious, errors = [], []
    scenes = [s for s in plan(city) if s.landmark]
    for scene in scenes[:: len(scenes) // 8]:
        shot = scene.shots[0]
        setting, stage = Setting(scene), NumpyStage()
        place = setting.furnish(stage)
        record = records(city)[shot.name]
        camera, _ = setting.compose(place, shot, record["attempt"])
        assert np.allclose(camera.R, record["camera"]["R"], atol=1e-8)
        depth, label = rasterise(*stage.triangles(), camera)
        picture = next(p for p in rendered.rendered_images(city) if p.name == shot.name)
        mask, again = picture.mask(), label == LANDMARK
        ious.append((mask & again).sum() / (mask | again).sum())
        if (picture.path.parent.parent / "depth" / f"{shot.name}.png").exists():
            both = mask & again
            errors.append(np.median(np.abs(landmark_depth(picture)[both] / depth[both] - 1)))
    assert np.median(ious) > 0.98
    assert min(ious) > 0.9
    assert errors and max(errors) < 0.001
