"""RANSAC to read: what `verify` lets OpenCV do, in a few lines of NumPy (lab 06).

M. Fischler and R. Bolles, *Random sample consensus*, CACM 1981 (slide "Image retrieval pipeline").
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delf_lesson.retrieval.verification import Verified, transform

POINTS = 3
"""Correspondences that fix an affine transformation."""


def ransac(
    query_xy: NDArray[Any],
    image_xy: NDArray[Any],
    threshold: float = 10.0,
    trials: int = 1000,
    seed: int = 0,
) -> Verified:
    """An affine transformation that as many correspondences as possible agree with.

    query_xy, image_xy: (M, 2), row i of one corresponds to row i of the other; threshold: largest
    distance of an inlier from where the model puts it, in pixels.

    Unlike `verify` it draws all its trials, takes any affine transformation, and counts a point as
    often as it is matched. Raises ValueError for arrays of unequal or wrong shape.
    """
    if query_xy.shape != image_xy.shape or query_xy.ndim != 2 or query_xy.shape[1] != 2:
        raise ValueError(
            f"query_xy has shape {query_xy.shape} and image_xy {image_xy.shape}; "
            "wanted (M, 2) for both"
        )
    rng = np.random.default_rng(seed)
    best = np.zeros(len(query_xy), bool)
    if len(query_xy) < POINTS:
        return Verified(None, best)

    for _ in range(trials):
        sample = rng.choice(len(query_xy), POINTS, replace=False)
        model = fit_affine(query_xy[sample], image_xy[sample])
        inliers = agreeing(model, query_xy, image_xy, threshold)
        if inliers.sum() > best.sum():
            best = inliers

    if best.sum() < POINTS:
        return Verified(None, np.zeros(len(query_xy), bool))
    model = fit_affine(query_xy[best], image_xy[best])  # of all inliers, not of three
    return Verified(model, agreeing(model, query_xy, image_xy, threshold))


def fit_affine(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """The affine matrix (3, 3) that brings source (N, 2) nearest to target, by least squares."""
    ones = np.ones((len(source), 1))
    solution = np.linalg.lstsq(np.hstack([source, ones]), target, rcond=None)[0]  # (3, 2)
    return np.vstack([solution.T, [0.0, 0.0, 1.0]])


def agreeing(
    model: NDArray[Any], query_xy: NDArray[Any], image_xy: NDArray[Any], threshold: float
) -> NDArray[np.bool_]:
    """Which correspondences (M,) a model maps to within the threshold of their partner."""
    errors = np.linalg.norm(transform(model, query_xy) - image_xy, axis=1)
    near: NDArray[np.bool_] = errors <= threshold
    return near


def trials_needed(inlier_ratio: float, points: int = POINTS, confidence: float = 0.99) -> int:
    """Trials until one has drawn inliers only, with this confidence: log(1 - p) / log(1 - w^n).

    Raises ValueError unless ratio and confidence are fractions above 0, and confidence is below 1.
    """
    if not (0 < inlier_ratio <= 1 and 0 < confidence < 1):
        raise ValueError(
            f"inlier_ratio is {inlier_ratio} and confidence {confidence}; wanted fractions"
        )
    if inlier_ratio == 1:
        return 1
    return math.ceil(math.log(1 - confidence) / math.log1p(-(inlier_ratio**points)))
