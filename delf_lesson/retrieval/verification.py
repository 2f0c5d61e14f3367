"""Geometric verification: do the correspondences agree on one transformation (lab 06)?"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures
from delf_lesson.retrieval.voting import Match, Result

Model = Literal["affine", "similarity", "homography"]
MINIMUM_POINTS: dict[Model, int] = {"similarity": 2, "affine": 3, "homography": 4}
COARSE = 1 / 15
"""How far from the similarity that comes first, as a share of the points' extent; at least twice
an inlier's distance."""


@dataclass(frozen=True)
class Verified:
    """The outcome for one image.

    matrix: float64 (3, 3), query pixels to image pixels in homogeneous coordinates; None if no
        transformation was found.
    inliers: bool (M,), the correspondences that agree with it, each keypoint used once.
    """

    matrix: NDArray[np.float64] | None
    inliers: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """The number of inliers: the score of the image."""
        return int(self.inliers.sum())


def verify(
    query_xy: NDArray[Any],
    image_xy: NDArray[Any],
    model: Model = "affine",
    threshold: float = 10.0,
    trials: int = 1000,
    seed: int = 0,
) -> Verified:
    """Fit one transformation to correspondences by RANSAC (Fischler and Bolles, 1981).

    query_xy, image_xy: (M, 2), row i of one corresponds to row i of the other.
    threshold: largest distance of an inlier from where the model puts it, in pixels.
    trials: at most so many samples are drawn, fewer if an early model has many inliers.

    A larger model is sought among the correspondences that roughly agree on a similarity: two
    right ones are drawn much more often than three. Where 10 of 200 are right, that finds more
    than twice as many pairs as 1000 trials for the affine model (benchmark verification_speed).

    The result depends on the set of correspondences and the seed, not on their order: OpenCV's
    estimator draws with a fixed generator, so they are sorted and then permuted by the seed.
    Transformations that mirror, or that stretch more than a real change of viewpoint does, are
    refused. Raises ValueError for arrays of unequal or wrong shape and unknown models.
    """
    query_xy = np.asarray(query_xy, np.float64)
    image_xy = np.asarray(image_xy, np.float64)
    if query_xy.shape != image_xy.shape or query_xy.ndim != 2 or query_xy.shape[1] != 2:
        raise ValueError(
            f"query_xy has shape {query_xy.shape} and image_xy {image_xy.shape}; "
            "wanted (M, 2) for both"
        )
    if model not in MINIMUM_POINTS:
        raise ValueError(f"model is {model!r}; wanted one of {', '.join(MINIMUM_POINTS)}")
    nothing = Verified(None, np.zeros(len(query_xy), bool))
    if len(query_xy) < MINIMUM_POINTS[model]:
        return nothing

    order = np.lexsort((image_xy[:, 1], image_xy[:, 0], query_xy[:, 1], query_xy[:, 0]))
    order = order[_permutation(seed, len(order))]
    matrix = _estimate(query_xy[order], image_xy[order], model, threshold, trials)
    if matrix is None or not is_plausible(matrix, query_xy.mean(axis=0)):
        return nothing
    errors = np.linalg.norm(transform(matrix, query_xy) - image_xy, axis=1)
    return Verified(matrix, _one_to_one(query_xy, image_xy, errors, threshold))


def verify_result(
    result: Result,
    query: LocalFeatures,
    image: LocalFeatures,
    match: Match,
    model: Model,
    threshold: float,
    minimum_inliers: int,
    seed: int,
) -> Result:
    """The result of an image with the inliers of its correspondences, if they are enough.

    threshold: as a share of the longer side of the image. minimum_inliers: fewer count as none.
    The rest: see `verify`.
    """
    pixels = threshold * max(image.image_size)
    verified = verify(query.xy[match.query], image.xy[match.image], model, pixels, seed=seed)
    if verified.count < minimum_inliers:
        return result
    return replace(
        result,
        inliers=verified.count,
        lines=match.lines(query, image, verified.inliers),
        features=match.image[verified.inliers],
        matrix=verified.matrix,
    )


@lru_cache(maxsize=4096)
def _permutation(seed: int, count: int) -> NDArray[np.int64]:
    """The numbers below `count`, shuffled. Making a generator takes as long as shuffling 10,000."""
    return np.random.default_rng(seed).permutation(count)


def _estimate(
    source: NDArray[Any], target: NDArray[Any], model: Model, threshold: float, trials: int
) -> NDArray[Any] | None:
    if model == "similarity":
        return _homogeneous(_fit(cv2.estimateAffinePartial2D, source, target, threshold, trials)[0])
    coarse = max(COARSE * np.ptp(target, axis=0).max(), 2 * threshold)
    _, near = _fit(cv2.estimateAffinePartial2D, source, target, coarse, trials, refine=0)
    if near.sum() < MINIMUM_POINTS[model]:
        return None
    source, target = source[near], target[near]
    if model == "affine":
        return _homogeneous(_fit(cv2.estimateAffine2D, source, target, threshold, trials)[0])
    homography: NDArray[Any] | None = cv2.findHomography(
        source, target, cv2.RANSAC, threshold, maxIters=trials
    )[0]
    return homography


def _fit(
    estimate: Callable[..., tuple[NDArray[Any] | None, NDArray[Any] | None]],
    source: NDArray[Any],
    target: NDArray[Any],
    threshold: float,
    trials: int,
    refine: int = 10,
) -> tuple[NDArray[Any] | None, NDArray[np.bool_]]:
    """OpenCV's matrix (2, 3) and the inliers (M,)."""
    matrix, inliers = estimate(
        source,
        target,
        method=cv2.RANSAC,
        ransacReprojThreshold=threshold,
        maxIters=trials,
        refineIters=refine,
    )
    if matrix is None or inliers is None:
        return None, np.zeros(len(source), bool)
    return matrix, inliers.ravel() > 0


def _homogeneous(matrix: NDArray[Any] | None) -> NDArray[Any] | None:
    return None if matrix is None else np.vstack([matrix, [0.0, 0.0, 1.0]])


def _one_to_one(
    query_xy: NDArray[Any], image_xy: NDArray[Any], errors: NDArray[Any], threshold: float
) -> NDArray[np.bool_]:
    """Inliers such that no query point and no image point counts twice; the nearest one stays."""
    inliers = np.zeros(len(errors), bool)
    near = np.flatnonzero(errors <= threshold)  # NaN is not near
    here, there = query_xy[near], image_xy[near]
    alone = _occurs_once(here) & _occurs_once(there)
    inliers[near[alone]] = True
    near, here, there = near[~alone], here[~alone], there[~alone]
    order = np.lexsort((there[:, 1], there[:, 0], here[:, 1], here[:, 0], errors[near]))
    used_here: set[tuple[float, ...]] = set()
    used_there: set[tuple[float, ...]] = set()
    ends = zip(
        near[order].tolist(),
        map(tuple, here[order].tolist()),
        map(tuple, there[order].tolist()),
        strict=True,
    )
    for row, start, end in ends:
        if start not in used_here and end not in used_there:
            inliers[row] = True
            used_here.add(start)
            used_there.add(end)
    return inliers


def _occurs_once(points: NDArray[Any]) -> NDArray[np.bool_]:
    """Which points (N, 2) are equal to no other."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    equal = (points[order][1:] == points[order][:-1]).all(axis=1)
    once = np.ones(len(points), bool)
    once[order[1:]] &= ~equal
    once[order[:-1]] &= ~equal
    return once


def transform(matrix: NDArray[Any], xy: NDArray[Any]) -> NDArray[np.float64]:
    """Points (N, 2) mapped by a (3, 3) homogeneous matrix."""
    mapped = np.column_stack([xy, np.ones(len(xy))]) @ np.asarray(matrix).T
    with np.errstate(divide="ignore", invalid="ignore"):
        points: NDArray[np.float64] = mapped[:, :2] / mapped[:, 2:]
    return points


def is_plausible(
    matrix: NDArray[Any], at: NDArray[Any], largest_zoom: float = 8.0, largest_stretch: float = 4.0
) -> bool:
    """Whether a transformation could be a change of viewpoint, judged by its Jacobian at a point.

    It must not mirror, must zoom by at most `largest_zoom` either way, and must stretch one
    direction at most `largest_stretch` times as much as the other (a wall seen at 75 degrees).
    """
    if not np.isfinite(matrix).all():
        return False
    centre = matrix @ np.array([at[0], at[1], 1.0])
    if abs(centre[2]) < 1e-9:
        return False
    jacobian = matrix[:2, :2] - np.outer(centre[:2] / centre[2], matrix[2, :2])
    jacobian = jacobian / centre[2]
    largest, smallest = np.linalg.svd(jacobian, compute_uv=False)
    return bool(
        np.linalg.det(jacobian) > 0
        and largest <= largest_zoom
        and smallest >= 1 / largest_zoom
        and largest <= largest_stretch * smallest
    )
