"""An exercise of notebook 02: matches by the ratio test."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.properties import nearest_and_ratio
from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake, rows_in_order
from delf_lesson.features import LocalFeatures, l2_normalise


def _descriptors(rng: np.random.Generator) -> Sequence[Case]:
    angles = np.radians([[0, 50, 26], [10, 40, 200]])
    first, second = (np.stack([np.cos(a), np.sin(a)], axis=1) for a in angles)
    noisy = rng.normal(size=(20, 16))
    drawn = l2_normalise(noisy)
    blurred = noisy + rng.normal(size=noisy.shape) * np.linspace(0.1, 2, 20)[:, None]
    others = l2_normalise(blurred[rng.permutation(20)])
    return [
        Case("three descriptors of two numbers each", (first, second, 0.8)),
        Case("random descriptors, ratio 0.9", (drawn, others, 0.9)),
        Case("random descriptors, ratio 0.6", (drawn, others, 0.6)),
    ]


def _features(descriptors: NDArray) -> LocalFeatures:
    count = len(descriptors)
    xy = np.stack([np.arange(count), np.zeros(count)], axis=1).astype(np.float32)
    ones = np.ones(count, np.float32)
    return LocalFeatures(xy, descriptors.astype(np.float32), ones, ones, (max(count, 1), 1))


def ratio_test(first: NDArray, second: NDArray, ratio: float) -> NDArray[np.intp]:
    """Rows (i, j) of the matches that pass, by `nearest_and_ratio`."""
    nearest, found = nearest_and_ratio(_features(first), _features(second))
    rows = np.flatnonzero(found < ratio)
    return np.stack([rows, nearest[rows]], axis=1)


def _by(
    measure: Callable[[NDArray, NDArray], NDArray],
) -> Callable[[NDArray, NDArray, float], NDArray]:
    """Matches by another measure of the nearest and the second nearest distance."""

    def matches(first: NDArray, second: NDArray, ratio: float) -> NDArray:
        distance = np.sqrt(np.maximum(2 - 2 * first @ second.T, 0))
        near, next_near = np.sort(distance, axis=1)[:, :2].T
        rows = np.flatnonzero(measure(near, next_near) < ratio)
        return np.stack([rows, distance.argmin(axis=1)[rows]], axis=1)

    return matches


def _similarity_ratio(first: NDArray, second: NDArray, ratio: float) -> NDArray:
    similarity = first @ second.T
    best, next_best = -np.sort(-similarity, axis=1)[:, :2].T
    rows = np.flatnonzero(next_best / best < ratio)
    return np.stack([rows, similarity.argmax(axis=1)[rows]], axis=1)


EXERCISES = (
    Exercise(
        name="ratio_test",
        notebook="02_local_descriptors",
        task="Matches whose nearest neighbour is much nearer than the second nearest.",
        points=3,
        reference=ratio_test,
        cases=_descriptors,
        canonical=partial(rows_in_order, columns=2),
        mistakes=(
            Mistake(
                "Squared distances are compared: Lowe's ratio is of distances. Either take the "
                "roots or square the ratio too.",
                _by(lambda near, next_near: near**2 / next_near**2),
            ),
            Mistake(
                "Similarities are compared, and they run the other way: near means large. Turn "
                "them into distances, sqrt(2 - 2 a·b), first.",
                _similarity_ratio,
            ),
            Mistake(
                "The distance itself is held against the ratio; the second nearest is not used.",
                _by(lambda near, next_near: near),
            ),
            Mistake(
                "Every descriptor is matched: keep only those with nearest / second nearest < "
                "ratio.",
                _by(lambda near, next_near: np.full_like(near, -1)),
            ),
            Mistake(
                "The columns are turned round: first the row of `first`, then that of `second`.",
                lambda first, second, ratio: ratio_test(first, second, ratio)[:, ::-1],
            ),
            Mistake(
                "Kept are those that fail the test: a good match is *much nearer* than the next.",
                _by(lambda near, next_near: next_near / near),
            ),
        ),
        hints=(
            "For one descriptor of `first`, sort its distances to all of `second`. Which two "
            "numbers does the test need?",
            "For unit descriptors |a - b|² = 2 - 2 a·b, so first @ second.T gives all distances at "
            "once. np.argsort(distances, axis=1)[:, :2] names the nearest and the second.",
            "near < ratio * second, row by row. Return np.stack([rows, nearest[rows]], axis=1) of "
            "the rows that pass.",
        ),
    ),
)
