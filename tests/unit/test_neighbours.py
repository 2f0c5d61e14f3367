"""Neighbours come from other images, one each, nearest first."""

import numpy as np
import pytest

from delf_lesson.evaluation.neighbours import nearest_elsewhere


def test_neighbours_are_of_other_images_and_each_image_comes_once():
    angles = np.array([0.0, 0.01, 0.2, 0.21, 0.5, 1.0, 0.1])
    rows = np.c_[np.cos(angles), np.sin(angles)].astype(np.float32)
    images = np.array([0, 0, 1, 1, 2, 3, 3])
    found = nearest_elsewhere(rows, images, np.array([0, 4]), k=3)
    assert found[0].tolist() == [6, 2, 4]  # by hand: angles 0.1, 0.2, 0.5 of images 3, 1, 2
    assert found[1].tolist() == [3, 6, 1]
    with pytest.raises(ValueError, match="images"):
        nearest_elsewhere(rows, images, np.array([0]), k=4)


def test_against_a_loop_over_images():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    images = rng.integers(0, 12, 300)
    asked = np.arange(0, 300, 7)
    for row, found in zip(asked, nearest_elsewhere(rows, images, asked, 5), strict=True):
        best = {}
        for image in set(images.tolist()) - {images[row]}:
            own = np.flatnonzero(images == image)
            best[own[(rows[own] @ rows[row]).argmax()]] = image
        wanted = sorted(best, key=lambda other: -(rows[other] @ rows[row]))[:5]
        assert found.tolist() == wanted
