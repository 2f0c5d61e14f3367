"""The share of exact neighbours that an approximate search finds."""

import numpy as np
import pytest

from delf_lesson.retrieval.voting import Neighbours, neighbour_recall


def test_recall_by_hand():
    """Of four exact neighbours two are found; their order and a gap do not matter."""
    exact = Neighbours(np.array([[0, 1], [2, 2]]), np.array([[5, 6], [0, 1]]), np.zeros((2, 2)))
    found = Neighbours(np.array([[1, 0], [2, -1]]), np.array([[6, 4], [1, -1]]), np.zeros((2, 2)))
    assert neighbour_recall(found, exact) == 0.5
    assert neighbour_recall(exact, exact) == 1.0
    with pytest.raises(ValueError, match="approximate is of 1 queries"):
        neighbour_recall(
            Neighbours(*(part[:1] for part in (found.images, found.features, found.similarities))),
            exact,
        )
