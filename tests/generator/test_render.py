"""The same seed gives the same bytes: runs where Blender's module is installed."""

import cv2
import numpy as np
import pytest

from data.generator.plan import plan

pytest.importorskip("bpy", reason="Blender's module is not installed (make test-render)")


def scene_of(name, weather):
    return next(s for s in plan(name) if s.weather == weather and s.kind == "landmark")


@pytest.mark.parametrize("city, weather", [("albion", "noon"), ("lutetia", "night")])
def test_a_picture_renders_to_the_same_bytes_as_the_shipped_one(city, weather):
    from data.generator.__main__ import ROOT
    from data.generator.render import BuiltScene

    scene = scene_of(city, weather)
    shot = scene.shots[0]
    first, second = (BuiltScene(scene).shoot(shot) for _ in range(2))
    assert first.encoded == second.encoded
    assert np.array_equal(first.depth, second.depth)
    folder = ROOT / "data" / "landmarks" / city
    kind = "queries" if shot.role == "query" else "images"
    assert first.encoded == (folder / kind / f"{shot.name}.jpg").read_bytes()
    if scene.landmark:
        mask = cv2.imread(str(folder / "masks" / f"{shot.name}.png"), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(first.mask, mask > 0)


def test_two_pictures_of_one_scene_do_not_share_their_noise():
    from data.generator.cycles import trace_light
    from data.generator.render import BuiltScene

    scene = scene_of("albion", "noon")
    built = BuiltScene(scene)
    camera, _ = built.setting.compose(built.place, scene.shots[0], 0)
    one, other = (trace_light(camera, seed, 1) for seed in (1, 2))
    assert not np.array_equal(one, other)
    assert np.array_equal(one, trace_light(camera, 1, 1))
