"""Neighbours come from other images, one each, nearest first."""

import numpy as np
import pytest

from delf_lesson.classroom.experiments import nearest_elsewhere
from delf_lesson.retrieval.voting import Neighbours, neighbour_recall


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


def test_recall_by_hand():
    """Of four exact neighbours two are found; their order and a gap do not matter."""
    exact = Neighbours(np.array([[0, 1], [2, 2]]), np.array([[5, 6], [0, 1]]), np.zeros((2, 2)))
    found = Neighbours(np.array([[1, 0], [2, -1]]), np.array([[6, 4], [1, -1]]), np.zeros((2, 2)))
    assert neighbour_recall(found, exact) == 0.5
    assert neighbour_recall(exact, exact) == 1.0
    with pytest.raises(ValueError, match="found is of 1 queries"):
        neighbour_recall(
            Neighbours(*(part[:1] for part in (found.images, found.features, found.similarities))),
            exact,
        )
