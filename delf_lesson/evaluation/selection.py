"""Where keypoints are spent: on the landmark or on clutter (notebooks 03 and 05).

Slides "Motivation" and "Keypoint Selection Result". A rendered picture's mask says which pixels
are the landmark, so what the slides show on two examples is counted here.
"""

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures

COUNTS = (100, 300, 1000)


def on_mask(features: LocalFeatures, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which keypoints (N,) lie on a mask (H, W) of the image they are of.

    Raises ValueError if the mask is not boolean, or of another size than the image.
    """
    if mask.dtype != bool:
        raise ValueError(f"mask is {mask.dtype}; wanted bool: compare a grey one with 0")
    if mask.shape != features.image_size[::-1]:
        raise ValueError(
            f"mask has shape {mask.shape}; the features are of an image {features.image_size[::-1]}"
        )
    x, y = np.rint(features.xy).astype(int).T
    height, width = mask.shape
    return mask[y.clip(0, height - 1), x.clip(0, width - 1)]


def shares_on_mask(
    features: LocalFeatures, mask: NDArray[np.bool_], counts: Sequence[int] = COUNTS
) -> NDArray[np.float64]:
    """The share of the best-scored 100, 300 and 1000 keypoints that lie on a mask (H, W).

    Where there are fewer keypoints, of all there are. Raises ValueError if there are none.
    """
    if len(features) == 0:
        raise ValueError("features holds no keypoints, so no share of them is on the mask")
    on = on_mask(features.top(max(counts)), mask)
    return np.array([on[:count].mean() for count in counts])


def words_on_clutter(
    descriptors: NDArray[np.float32], landmark: NDArray[np.bool_], words: int, seed: int = 0
) -> float:
    """The share of a codebook's visual words that stand for clutter.

    descriptors: (N, D), quantised by k-means into so many words; landmark: which of them (N,) lie
    on the landmark. A word stands for what the majority of its descriptors lie on.
    """
    if len(descriptors) != len(landmark) or len(descriptors) < words:
        raise ValueError(
            f"{len(descriptors)} descriptors, {len(landmark)} flags and {words} words; wanted one "
            "flag a descriptor and no more words than descriptors"
        )
    rows = np.ascontiguousarray(descriptors, np.float32)
    kmeans = faiss.Kmeans(rows.shape[1], words, niter=10, seed=seed, min_points_per_centroid=1)
    kmeans.train(rows)
    word = kmeans.index.search(rows, 1)[1][:, 0]
    members = np.bincount(word, minlength=words)
    of_landmark = np.bincount(word[landmark], minlength=words)
    used = members > 0
    return float((2 * of_landmark < members)[used].mean())
