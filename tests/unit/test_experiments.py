"""Keypoints on a mask, words spent on clutter, neighbours elsewhere, and where cells look."""

import cv2
import numpy as np
import pytest
import torch

from delf_lesson.classroom.experiments import (
    localisation_bias,
    nearest_elsewhere,
    on_mask,
    shares_on_mask,
    words_on_clutter,
)
from delf_lesson.deep.backbone import ResNetTrunk
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.receptive_field import DenseGrid
from delf_lesson.deep.weights import load_trained
from delf_lesson.features import LocalFeatures, l2_normalise


def features(xy, scores=None):
    n = len(xy)
    rows = np.tile(np.array([[1.0, 0.0]]), (n, 1))
    scores = np.arange(n, 0, -1) if scores is None else scores
    return LocalFeatures(np.array(xy), rows, scores, np.ones(n), (8, 4))


def test_a_keypoint_is_on_the_pixel_it_is_nearest_to():
    mask = np.zeros((4, 8), bool)
    mask[1, 5] = True
    found = on_mask(features([(5, 1), (5.4, 1.4), (5.6, 1), (1, 5), (7.4, 3.4), (-0.4, 0)]), mask)
    assert found.tolist() == [True, True, False, False, False, False]
    with pytest.raises(ValueError, match="mask"):
        on_mask(features([(1, 1)]), mask.T)
    with pytest.raises(ValueError, match="bool"):
        on_mask(features([(1, 1)]), 255 * mask.astype(np.uint8))


def test_shares_are_of_the_best_scored_whatever_their_order():
    mask = np.zeros((4, 8), bool)
    mask[:, 4:] = True
    xy = [(0, 0), (7, 0), (6, 0), (1, 0)]
    shares = shares_on_mask(features(xy, [1, 4, 3, 2]), mask, counts=(1, 2, 3, 4, 100))
    assert shares == pytest.approx([1, 1, 2 / 3, 1 / 2, 1 / 2])
    with pytest.raises(ValueError, match="no keypoints"):
        shares_on_mask(features(np.zeros((0, 2))).select(np.zeros(0, int)), mask)


def test_words_go_where_the_descriptors_are():
    """Of sixteen tight bunches twelve are clutter, and so are three of four words."""
    rng = np.random.default_rng(0)
    bunches = np.eye(16, dtype=np.float32).repeat(200, axis=0)
    rows = bunches + rng.normal(0, 0.01, bunches.shape).astype(np.float32)
    landmark = np.arange(16).repeat(200) < 4
    shares = [words_on_clutter(rows, landmark, 128, seed) for seed in range(5)]
    assert np.mean(shares) == pytest.approx(0.75, abs=0.08)
    assert words_on_clutter(rows, np.ones(len(rows), bool), 16) == 0
    assert words_on_clutter(rows, np.zeros(len(rows), bool), 16) == 1
    with pytest.raises(ValueError, match="flag"):
        words_on_clutter(rows, landmark[:-1], 16)


def test_neighbours_are_of_other_images_and_each_image_comes_once():
    angles = np.array([0.0, 0.01, 0.2, 0.21, 0.5, 1.0, 0.1])
    rows = np.c_[np.cos(angles), np.sin(angles)].astype(np.float32)
    images = np.array([0, 0, 1, 1, 2, 3, 3])
    found = nearest_elsewhere(rows, images, np.array([0, 4]), k=3)
    assert found[0].tolist() == [6, 2, 4]  # by hand: angles 0.1, 0.2, 0.5 of images 3, 1, 2
    assert found[1].tolist() == [3, 6, 1]
    with pytest.raises(ValueError, match="images"):
        nearest_elsewhere(rows, images, np.array([0]), k=4)


def test_nearest_elsewhere_against_a_loop_over_images():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    images = rng.integers(0, 12, 300)
    asked = np.arange(0, 300, 7)
    for row, found in zip(asked, nearest_elsewhere(rows, images, asked, 5), strict=True):
        best = {}
        for image in set(images.tolist()) - {images[row]}:
            others = np.flatnonzero(images == image)
            best[others[(rows[others] @ rows[row]).argmax()]] = image
        wanted = sorted(best, key=lambda other: -(rows[other] @ rows[row]))[:5]
        assert found.tolist() == wanted


class LeaningGrid:
    """Cells every 16 pixels that describe the colours around a place beside their keypoint."""

    def __init__(self, dx, dy):
        self.lean = (dx, dy)

    def dense(self, image):
        blurred = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 12)
        height, width = image.shape[:2]
        x, y = (
            part.ravel() for part in np.meshgrid(np.arange(0, width, 16), np.arange(0, height, 16))
        )
        look = blurred[
            (y + self.lean[1]).clip(0, height - 1), (x + self.lean[0]).clip(0, width - 1)
        ]
        rows = l2_normalise(look + 1)
        xy = np.stack([x, y], axis=1)
        n = len(xy)
        found = LocalFeatures(xy, rows, np.ones(n), np.ones(n), (width, height))
        return DenseGrid(found, -(-height // 16), -(-width // 16), 16)


@pytest.fixture(scope="module")
def images():
    """Large soft patches of colour, every image with others."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (6, 12, 14, 3), np.uint8)
    return [cv2.resize(one, (448, 384), interpolation=cv2.INTER_CUBIC) for one in small]


@pytest.mark.slow
@pytest.mark.parametrize("lean", [(0, 0), (5, -3), (-8, 7)])
def test_a_grid_that_leans_is_found_to_lean(images, lean):
    assert localisation_bias(LeaningGrid(*lean), images, tries=20) == pytest.approx(lean, abs=1.5)


def test_one_image_or_a_small_one_is_not_enough(images):
    with pytest.raises(ValueError, match="two or more"):
        localisation_bias(LeaningGrid(0, 0), images[:1])
    with pytest.raises(ValueError, match="293 pixels"):
        localisation_bias(LeaningGrid(0, 0), [image[:200] for image in images])


@pytest.mark.slow
def test_keypoints_of_trained_weights_are_nearer_by_the_tile(images):
    trunk = load_trained("base").trunk
    by_tile, by_field = (
        np.abs(localisation_bias(Delf(trunk, cell_anchor=anchor), images)).max()
        for anchor in ("tile", "field")
    )
    assert by_tile < by_field


def test_the_two_places_are_half_a_tile_apart():
    torch.manual_seed(0)
    trunk = ResNetTrunk("resnet18").eval()
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    tile, field = (
        Delf(trunk, cell_anchor=anchor).dense(image).features.xy for anchor in ("tile", "field")
    )
    np.testing.assert_allclose(tile - field, 7.5, atol=1e-4)
    with pytest.raises(ValueError, match="cell_anchor"):
        Delf(trunk, cell_anchor="corner")
