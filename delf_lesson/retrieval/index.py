"""Nearest neighbours among all local descriptors of a collection (notebook 06)."""

from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures

# From so many queries on, FAISS multiplies matrices. Its newest versions wait for 128,000, which
# makes the search of one image's 400 features in 300,000 four times slower.
faiss.cvar.distance_compute_blas_threshold = 20


@dataclass(frozen=True)
class Neighbours:
    """The k nearest database features of each of Q query features, nearest first.

    images: int64 (Q, k), the position of the neighbour's image in the collection; -1 for none.
    features: int64 (Q, k), the neighbour's row within that image's features.
    similarities: float32 (Q, k), the dot product of the unit descriptors.
    """

    images: NDArray[np.int64]
    features: NDArray[np.int64]
    similarities: NDArray[np.float32]

    def nearest(self, k: int) -> "Neighbours":
        """Only the k nearest of each query feature."""
        return Neighbours(self.images[:, :k], self.features[:, :k], self.similarities[:, :k])


class ExactIndex:
    """Exact search by dot product over the features of a collection of images (notebook 06).

    Each feature's image is kept as one offset an image, not one number a feature.
    """

    def __init__(self, collection: Sequence[LocalFeatures]) -> None:
        dimensions = {features.descriptors.shape[1] for features in collection}
        if len(dimensions) != 1:
            raise ValueError(
                "collection holds no features"
                if not dimensions
                else f"collection mixes descriptors of {sorted(dimensions)} dimensions"
            )
        self.dimensions = dimensions.pop()
        counts = [len(features) for features in collection]
        self._first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._faiss = faiss.IndexFlatIP(self.dimensions)
        for features in collection:
            self._faiss.add(np.ascontiguousarray(features.descriptors))

    def __len__(self) -> int:
        return int(self._first[-1])

    def search(self, descriptors: NDArray[np.float32], k: int) -> Neighbours:
        """The k nearest database features of each row of descriptors (Q, D).

        Fewer than k columns come back when the collection holds fewer features.
        """
        if descriptors.ndim != 2 or descriptors.shape[1] != self.dimensions:
            raise ValueError(
                f"descriptors has shape {descriptors.shape}; wanted (Q, {self.dimensions})"
            )
        if k < 1:
            raise ValueError(f"k is {k}; wanted 1 or more neighbours")
        k = min(k, len(self))
        if k == 0 or len(descriptors) == 0:
            nothing = np.zeros((len(descriptors), k), np.int64)
            return Neighbours(nothing, nothing, nothing.astype(np.float32))
        similarities, rows = self._faiss.search(np.ascontiguousarray(descriptors), k)
        images = np.searchsorted(self._first, rows, side="right") - 1
        return Neighbours(images, rows - self._first[images], similarities)
