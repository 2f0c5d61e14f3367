"""The nearest neighbours of a query's features (notebook 06)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Neighbours:
    """The k nearest database features of each of Q query features, nearest first.

    images: int64 (Q, k), the position of the neighbour's image in the collection; -1 for none.
    features: int64 (Q, k), the neighbour's row within that image's features.
    similarities: float32 (Q, k), the dot product of the unit descriptors; of a compressed one,
        what its distance from the query descriptor would give.
    """

    images: NDArray[np.int64]
    features: NDArray[np.int64]
    similarities: NDArray[np.float32]

    def nearest(self, k: int) -> "Neighbours":
        """Only the k nearest of each query feature."""
        return Neighbours(self.images[:, :k], self.features[:, :k], self.similarities[:, :k])


def name_ranks(names: Sequence[str]) -> NDArray[np.int64]:
    """The place of each image's name among all names; the last one stands for no image."""
    ranks = np.full(len(names) + 1, -1)
    ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return ranks


def in_order(
    rows: NDArray[np.int64],
    similarities: NDArray[np.float32],
    first: NDArray[np.int64],
    ranks: NDArray[np.int64],
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The nearest k of found rows (Q, N), as images, features and similarities.

    first: the first row of each image. ranks: see `name_ranks`; they settle ties. -1 is no row.
    """
    images = np.searchsorted(first, rows, side="right") - 1
    features = rows - first[images]
    features[images < 0] = -1
    return nearest(images, features, similarities, ranks, k)


def nearest(
    images: NDArray[np.int64],
    features: NDArray[np.int64],
    similarities: NDArray[np.float32],
    ranks: NDArray[np.int64],
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The k of largest similarity in each row, ties in the order of the images' names."""
    order = np.lexsort((features, ranks[images], -similarities))[:, :k]
    return (
        np.take_along_axis(images, order, axis=1),
        np.take_along_axis(features, order, axis=1),
        np.take_along_axis(similarities, order, axis=1),
    )
