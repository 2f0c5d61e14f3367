"""Cameras and visible shares, against cases worked out by hand."""

import numpy as np
import pytest

from data.generator import cameras, truth
from data.generator.cameras import look
from data.generator.mesh import Mesh
from data.generator.rasteriser import rasterise


def cube(size=2.0, at=(0, 0, 0)):
    mesh = Mesh(0)
    mesh.boxes(at, [size] * 3, "wall")
    return mesh.triangles()


def test_the_target_lies_in_the_middle_and_up_is_up():
    camera = look((0, -10, 2), (0, 0, 2), np.pi / 2, 0.0, (480, 360))
    pixels, depth = camera.project(np.array([[0, 0, 2.0], [1, 0, 2], [0, 0, 3]]))
    assert pixels[0] == pytest.approx([239.5, 179.5])
    assert depth[0] == pytest.approx(10)
    assert pixels[1] == pytest.approx([239.5 + 24, 179.5])  # f = 240 for 90 degrees across 480
    assert pixels[2] == pytest.approx([239.5, 179.5 - 24])
    assert camera.centre == pytest.approx([0, -10, 2])
    assert camera.field_of_view == pytest.approx(np.pi / 2)


def test_rolling_turns_the_picture_and_shifting_moves_it():
    rolled = look((0, -10, 0), (0, 0, 0), np.pi / 2, np.pi / 2, (480, 360))
    pixels, _ = rolled.project(np.array([[1.0, 0, 0]]))
    assert pixels[0, 0] == pytest.approx(239.5)
    shifted = look((0, -10, 0), (0, 0, 0), np.pi / 2, 0.0, (480, 360), shift=(0.1, -0.05))
    pixels, _ = shifted.project(np.array([[0.0, 0, 0]]))
    assert pixels[0] == pytest.approx([239.5 + 48, 179.5 - 24])


def test_photographers_stay_within_sixty_degrees_and_a_reach_of_scale():
    low, high, scales = np.array([-15, 0, 0.0]), np.array([15, 20, 30.0]), []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        camera = cameras.stand(rng, cameras.DATABASE, low, high, (480, 360))
        away = camera.centre - cameras.before(low, high)
        assert abs(np.degrees(np.arctan2(away[0], -away[1]))) <= 60.001
        scales.append(camera.K[0, 0] / np.hypot(*away[:2]))
    assert np.percentile(scales, 98) / np.percentile(scales, 2) > 3.5


def test_a_square_covers_the_pixels_that_its_projection_says():
    camera = look((0, -11, 0), (0, 0, 0), np.pi / 2, 0.0, (480, 360))
    depth, label = rasterise(cube(), np.full(12, truth.LANDMARK), camera)
    side = 240 * 2 / 10  # the front face is 10 m away
    assert (label == truth.LANDMARK).sum() == pytest.approx(side**2, rel=0.05)
    assert depth[180, 240] == pytest.approx(10)


def test_the_nearer_of_two_things_is_seen():
    camera = look((0, -11, 0), (0, 0, 0), np.pi / 2, 0.0, (480, 360))
    both = np.concatenate([cube(), cube(0.5, (0, -4, 0))])
    depth, label = rasterise(both, np.repeat([1, 2], 12), camera)
    assert label[180, 240] == 2 and depth[180, 240] == pytest.approx(6.75)
    assert label[180, 240 + 22] == 1


def test_visible_share_of_a_half_hidden_and_of_a_cropped_cube():
    camera = look((0, -11, 0), (0, 0, 0), np.pi / 2, 0.0, (480, 360))
    triangles = cube()
    _, label = rasterise(triangles, np.full(12, 1), camera)
    whole = label == 1
    assert truth.visible_share(whole, triangles, camera) == pytest.approx(1.0, abs=0.06)
    half = whole.copy()
    half[:, 240:] = False
    assert truth.visible_share(half, triangles, camera) == pytest.approx(0.5, abs=0.04)
    aside = look((0, -11, 0), (0, 0, 0), np.pi / 2, 0.0, (480, 360), shift=(0.5, 0.0))
    _, label = rasterise(triangles, np.full(12, 1), aside)  # its right half leaves the picture
    assert truth.visible_share(label == 1, triangles, aside) == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize(
    "share, area, view",
    [
        (0.9, 0.2, "good"),
        (0.6, 0.2, "good"),
        (0.59, 0.2, "ok"),
        (0.25, 0.2, "ok"),
        (0.24, 0.2, "junk"),
        (0.9, 0.01, "junk"),  # clear, but tiny
        (0.0, 0.0, "absent"),
    ],
)
def test_classes(share, area, view):
    assert truth.classify(share, area) == view


def test_a_box_holds_the_mask_and_nothing_more():
    mask = np.zeros((360, 480), bool)
    mask[10:21, 30:51] = True
    assert truth.box(mask) == [30, 10, 50, 20]
    assert truth.box(np.zeros((4, 4), bool)) is None
