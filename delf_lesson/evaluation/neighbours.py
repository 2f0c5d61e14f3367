"""Whose descriptors are nearest: does a descriptor know its landmark (notebook 04)?"""

import numpy as np
from numpy.typing import NDArray


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
