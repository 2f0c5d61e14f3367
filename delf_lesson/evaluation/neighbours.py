"""Whose descriptors are nearest (notebook 04), and which of them a search finds (notebook 06)."""

import numpy as np
from numpy.typing import NDArray

from delf_lesson.retrieval.neighbours import Neighbours


def nearest_elsewhere(
    descriptors: NDArray[np.float32], images: NDArray[np.int64], asked: NDArray[np.int64], k: int
) -> NDArray[np.int64]:
    """The k descriptors nearest to each one asked, one an image, its own image left out.

    descriptors: unit rows (N, D); images: which image each is of (N,); asked: rows (Q,). Returns
    rows (Q, k), nearest first. One an image, since the cells beside the nearest show the same.
    Raises ValueError unless there are more than k images.
    """
    if len(set(images.tolist())) <= k:
        raise ValueError(f"images holds {len(set(images.tolist()))} images; wanted more than {k}")
    similarity = descriptors[asked] @ descriptors.T
    best, values = [], []  # of each image: its nearest descriptor, and how near
    for image in np.unique(images):
        own = np.flatnonzero(images == image)
        nearest = own[similarity[:, own].argmax(axis=1)]
        best.append(nearest)
        values.append(
            np.where(images[asked] == image, -np.inf, similarity[np.arange(len(asked)), nearest])
        )
    order = np.argsort(-np.stack(values, axis=1), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(np.stack(best, axis=1), order, axis=1)


def neighbour_recall(found: Neighbours, exact: Neighbours) -> float:
    """The share of the exact nearest neighbours that another search found, whatever its order.

    Both are of the same queries in the same collection (notebook 06). Raises ValueError if they
    are of different numbers of queries or exact holds no neighbour.
    """
    if len(found.images) != len(exact.images) or exact.images.size == 0:
        raise ValueError(
            f"found is of {len(found.images)} queries and exact of {len(exact.images)}, with "
            f"{exact.images.size} neighbours; wanted the same queries and some neighbours"
        )
    hits = 0
    for ours, truth in zip(_pairs(found), _pairs(exact), strict=True):
        hits += len(ours & truth)
    return hits / exact.images.size


def _pairs(neighbours: Neighbours) -> list[set[tuple[int, int]]]:
    """(image, feature) of every neighbour, a set for each query."""
    rows = zip(neighbours.images.tolist(), neighbours.features.tolist(), strict=True)
    return [set(zip(images, features, strict=True)) for images, features in rows]
