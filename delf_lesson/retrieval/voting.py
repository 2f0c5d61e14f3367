"""Nearest neighbours, and the image they point to (slide "Image retrieval pipeline"; lab 06)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures


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


@dataclass(frozen=True)
class Match:
    """Putative correspondences between the query and one image.

    query, image: int64 (M,), rows of the query's and of the image's features.
    weights: float32 (M,), how much each adds to the image's vote.
    """

    query: NDArray[np.int64]
    image: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.query)

    def lines(
        self,
        query: LocalFeatures,
        image: LocalFeatures,
        rows: NDArray[np.bool_] | slice = slice(None),
    ) -> NDArray[np.float32]:
        """Ends of the chosen correspondences (N, 4): `(x, y)` in the query, then in the image."""
        return np.hstack([query.xy[self.query[rows]], image.xy[self.image[rows]]])


def group_by_image(neighbours: Neighbours) -> dict[int, Match]:
    """The neighbours of all query features grouped by image: position -> correspondences.

    A query feature is matched to its nearest feature in an image only: an image of many alike
    windows would otherwise get one vote for each of them. Within an image they are in the order
    of the query features.
    """
    count, k = neighbours.images.shape
    query = np.repeat(np.arange(count), k)
    images = neighbours.images.ravel()
    # Neighbours come nearest first, so the first of each (image, query) is the nearest.
    order = np.lexsort((query, images))
    images, query = images[order], query[order]
    first = np.ones(len(order), bool)
    first[1:] = (images[1:] != images[:-1]) | (query[1:] != query[:-1])
    first &= images >= 0
    order, images, query = order[first], images[first], query[first]
    features = neighbours.features.ravel()[order]
    weights = vote_weights(neighbours).ravel()[order]
    starts = np.flatnonzero(np.diff(images, prepend=-1))
    bounds = [*starts.tolist(), len(images)]
    return {
        int(images[low]): Match(query[low:high], features[low:high], weights[low:high])
        for low, high in pairwise(bounds)
    }


def vote_weights(neighbours: Neighbours) -> NDArray[np.float32]:
    """How much nearer each neighbour is than the farthest one listed: float32 (Q, k), >= 0.

    A neighbour that is hardly nearer than the k-th says little about the image it is in, so it
    adds little to its vote. Where there are fewer than k, the last there is counts.
    """
    if neighbours.similarities.shape[1] == 0:
        return neighbours.similarities
    missing = neighbours.images < 0
    farthest = np.where(missing, np.inf, neighbours.similarities).min(axis=1, keepdims=True)
    return np.where(missing, np.float32(0), neighbours.similarities - farthest)


def votes(matches: dict[int, Match], images: int) -> NDArray[np.float64]:
    """The vote of each of a collection's images: the sum of its correspondences' weights."""
    total = np.zeros(images)
    for image, match in matches.items():
        total[image] = match.weights.sum(dtype=np.float64)
    return total


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
