"""The nearest neighbours of a query's features (notebook 06)."""

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
