"""Where cells look is measured: a grid that is known to lean is found to lean so much."""

import cv2
import numpy as np
import pytest
import torch

from delf_lesson.classroom.experiments import localisation_bias
from delf_lesson.deep.backbone import Trunk
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.receptive_field import DenseGrid
from delf_lesson.deep.weights import load_trained
from delf_lesson.features import LocalFeatures, l2_normalise


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
    trunk = Trunk("resnet18").eval()
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    tile, field = (
        Delf(trunk, cell_anchor=anchor).dense(image).features.xy for anchor in ("tile", "field")
    )
    np.testing.assert_allclose(tile - field, 7.5, atol=1e-4)
    with pytest.raises(ValueError, match="cell_anchor"):
        Delf(trunk, cell_anchor="corner")
