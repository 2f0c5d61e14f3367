"""Votes from nearest neighbours, and the share of the exact neighbours that a search finds."""

import numpy as np
import pytest

from delf_lesson.retrieval.voting import Neighbours, group_by_image, neighbour_recall, votes


def test_votes_by_hand():
    """Two query features; image 7 holds both near neighbours of the first."""
    neighbours = Neighbours(
        images=np.array([[7, 7, 2], [2, 7, 5]]),
        features=np.array([[1, 4, 0], [3, 1, 9]]),
        similarities=np.float32([[0.9, 0.8, 0.5], [0.7, 0.6, 0.6]]),
    )
    matches = group_by_image(neighbours)
    assert list(matches) == [2, 5, 7]
    assert matches[7].query.tolist() == [0, 1]
    assert matches[7].image.tolist() == [1, 1]  # feature 4 is the farther one of query 0
    assert matches[2].query.tolist() == [0, 1] and matches[2].image.tolist() == [0, 3]
    # weights: similarity less that of the last neighbour
    expected = {2: 0.0 + 0.1, 5: 0.0, 7: 0.4 + 0.0}
    assert votes(matches, 8) == pytest.approx([expected.get(image, 0) for image in range(8)])


def test_missing_neighbours_do_not_vote():
    """FAISS marks a neighbour it does not have by -1."""
    neighbours = Neighbours(np.array([[3, -1]]), np.array([[0, -1]]), np.float32([[0.9, 0.1]]))
    assert list(group_by_image(neighbours)) == [3]


def test_recall_by_hand():
    """Of four exact neighbours two are found; their order and a gap do not matter."""
    exact = Neighbours(np.array([[0, 1], [2, 2]]), np.array([[5, 6], [0, 1]]), np.zeros((2, 2)))
    found = Neighbours(np.array([[1, 0], [2, -1]]), np.array([[6, 4], [1, -1]]), np.zeros((2, 2)))
    assert neighbour_recall(found, exact) == 0.5
    assert neighbour_recall(exact, exact) == 1.0
    with pytest.raises(ValueError, match="is of 1 queries"):
        neighbour_recall(
            Neighbours(*(part[:1] for part in (found.images, found.features, found.similarities))),
            exact,
        )
