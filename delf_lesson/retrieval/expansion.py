"""Query expansion: what was found for certain is asked for too (slide "mAP Result", rows "QE").

Total recall (Chum et al., ICCV 2007): a picture taken at night may be unlike the query and like
another picture that the query did find. Introduced in lab 06.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.retrieval.verification import transform


def expand_local(
    query: LocalFeatures, verified: Sequence[tuple[NDArray[np.float64], LocalFeatures]]
) -> LocalFeatures:
    """The query's features, and the verified ones of images found, mapped into its frame.

    verified: of each image, the matrix (3, 3) from query pixels to image pixels, and its features
    that are inliers. Those that end outside the query add nothing. A feature keeps its descriptor
    and score; its place and scale become what they would be in the query.
    """
    parts = [query]
    width, height = query.image_size
    for matrix, inliers in verified:
        zoom = np.sqrt(np.abs(np.linalg.det(_jacobian(matrix, query.image_size))))
        xy = transform(np.linalg.inv(matrix), inliers.xy)
        inside = ((xy >= -0.5) & (xy < (width - 0.5, height - 0.5))).all(axis=1)
        parts.append(
            LocalFeatures(
                xy[inside].astype(np.float32),
                inliers.descriptors[inside],
                inliers.scores[inside],
                inliers.scales[inside] * np.float32(zoom),
                query.image_size,
            )
        )
    return LocalFeatures(
        np.concatenate([part.xy for part in parts]),
        np.concatenate([part.descriptors for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.scales for part in parts]),
        query.image_size,
    )


def _jacobian(matrix: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """How the middle of a picture of this size is stretched (2, 2)."""
    middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    around = middle + np.array([[0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]])
    right, left, below, above = transform(matrix, around)
    return np.column_stack([right - left, below - above])


def expand_global(
    query: NDArray[np.float32], nearest: NDArray[np.float32], alpha: float = 0.0
) -> NDArray[np.float32]:
    """The unit mean (D,) of a query's unit vector (D,) and those of the nearest images (k, D).

    alpha: 0 for average query expansion; else each image weighs its similarity to the query, at
    least 0, to this power (Radenović et al., PAMI 2018; they take 3). The query itself weighs 1.
    Raises ValueError for arrays of other shapes or a negative alpha.
    """
    if query.ndim != 1 or nearest.ndim != 2 or nearest.shape[1] != len(query):
        raise ValueError(f"nearest has shape {nearest.shape}; wanted (k, {query.shape[-1]})")
    if alpha < 0:
        raise ValueError(f"alpha is {alpha}; wanted 0 or more")
    weights = np.maximum(nearest @ query, 0) ** alpha if alpha else np.ones(len(nearest))
    expanded: NDArray[np.float32] = l2_normalise((query + weights @ nearest)[None])[0]
    return expanded
