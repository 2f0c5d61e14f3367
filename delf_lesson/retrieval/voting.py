"""Which image do the neighbours point to (slide "Image retrieval pipeline"; notebook 06)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures
from delf_lesson.retrieval.neighbours import Neighbours


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
