"""Exercises of lab 02: orientation, descriptor, matching."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.properties import nearest_and_ratio
from delf_lesson.classical.sift import MOST, angle_histograms, normalise_histograms
from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake, rows_in_order
from delf_lesson.features import LocalFeatures, l2_normalise

TURN = 2 * np.pi


def _angles(rng: np.random.Generator) -> Sequence[Case]:
    last = np.array([[0, TURN * 7.5 / 8]]), np.array([[1.0, 2]])
    return [
        Case("one angle on a bin, one between the last bin and the first", (*last, 8)),
        Case("one angle between bins 1 and 2", (np.array([[TURN * 1.25 / 8]]), np.ones((1, 1)), 8)),
        Case(
            "two patches of random gradients",
            (rng.uniform(0, TURN, (2, 50)), rng.uniform(0, 1, (2, 50)), 36),
        ),
    ]


def _in_nearest_bin(
    place: Callable[[NDArray], NDArray],
) -> Callable[[NDArray, NDArray, int], NDArray]:
    def histogram(angle: NDArray, weight: NDArray, bins: int) -> NDArray:
        width = TURN / bins
        return angle_histograms(place(angle / width) * width, weight, bins)

    return histogram


def _without_wrap(angle: NDArray, weight: NDArray, bins: int) -> NDArray:
    after_last = angle * bins / TURN > bins - 1
    share = np.where(after_last, bins - angle * bins / TURN, 1)
    at = np.where(after_last, (bins - 1) * TURN / bins, angle)
    return angle_histograms(at, weight * share, bins)


def _histograms(rng: np.random.Generator) -> Sequence[Case]:
    peak = np.zeros((1, 128), np.float32)
    peak[0, :3] = 10, 1, 1
    return [
        Case("a histogram with one large number", (peak,)),
        Case("random histograms", (rng.gamma(0.3, 50, (6, 128)).astype(np.float32),)),
    ]


def _by_sum(rows: NDArray) -> NDArray:
    return rows / rows.sum(axis=1, keepdims=True)


def _whole(rows: NDArray) -> NDArray:
    return rows / np.linalg.norm(rows)


def _by_column(rows: NDArray) -> NDArray:
    return rows / np.maximum(np.linalg.norm(rows, axis=0), 1e-12)


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
    nearest, ratios = nearest_and_ratio(_features(first), _features(second))
    rows = np.flatnonzero(ratios < ratio)
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
        name="angle_histograms",
        notebook="02_local_descriptors",
        task="Histograms of gradient angles around the circle, each angle split over two bins.",
        points=3,
        reference=angle_histograms,
        cases=_angles,
        mistakes=(
            Mistake(
                "Each angle counts in the nearest bin only. An angle between two bins counts in "
                "both, the more the nearer, so that a small turn changes little.",
                _in_nearest_bin(np.rint),
            ),
            Mistake(
                "Each angle counts in the bin below it only: split it, its share of the way to the "
                "next bin going there.",
                _in_nearest_bin(np.floor),
            ),
            Mistake(
                "The circle is not closed: what lies beyond the last bin's centre counts in the "
                "first bin too (take the bin modulo `bins`).",
                _without_wrap,
            ),
            Mistake(
                "The weights are not used: each gradient counts by its weight, not once.",
                lambda angle, weight, bins: angle_histograms(angle, np.ones_like(weight), bins),
            ),
            Mistake(
                "All patches share one histogram: wanted a row for each.",
                lambda angle, weight, bins: angle_histograms(
                    angle.reshape(1, -1), weight.reshape(1, -1), bins
                )[0],
            ),
        ),
        hints=(
            "In units of bins an angle is angle * bins / (2π). What are its whole part and the "
            "rest?",
            "The whole part is one bin, the next is the other. If the rest is 0.25, the first gets "
            "0.75 of the weight and the next 0.25. After the last bin comes bin 0.",
            "For each patch: place = angle * bins / (2π); low = floor(place); rest = place - low. "
            "np.add.at(histogram, low % bins, weight * (1 - rest)), and the rest to (low + 1) % "
            "bins.",
        ),
    ),
    Exercise(
        name="normalise_histograms",
        notebook="02_local_descriptors",
        task="SIFT's normalisation: unit length, no number over 0.2, unit length again.",
        points=2,
        reference=normalise_histograms,
        cases=_histograms,
        mistakes=(
            Mistake(
                "The last step is missing: after the cut the rows are shorter than 1.",
                lambda rows: np.minimum(l2_normalise(rows), MOST),
            ),
            Mistake(
                "Nothing is cut: a single bright glint would rule the descriptor. Let no number "
                "exceed 0.2 after the first normalisation.",
                l2_normalise,
            ),
            Mistake(
                "The cut comes before the first normalisation, where numbers still depend on the "
                "contrast: normalise, cut, normalise.",
                lambda rows: l2_normalise(np.minimum(rows, MOST)),
            ),
            Mistake(
                "Rows are divided by their sum (L1). Unit length means L2: the root of the sum of "
                "squares.",
                lambda rows: _by_sum(np.minimum(_by_sum(rows), MOST)),
            ),
            Mistake(
                "One norm for all rows: each descriptor has its own length (axis=1, "
                "keepdims=True).",
                lambda rows: _whole(np.minimum(_whole(rows), MOST)),
            ),
            Mistake(
                "The norm runs along the wrong axis: each row is a descriptor (axis=1).",
                lambda rows: _by_column(np.minimum(_by_column(rows), MOST)),
            ),
        ),
        hints=(
            "Three steps, one line each. Which of them takes care of contrast, and which of a "
            "single very bright spot?",
            "np.linalg.norm(rows, axis=1, keepdims=True) is a column of lengths; np.minimum cuts.",
            "unit = rows / norm(rows); cut = np.minimum(unit, 0.2); return cut / norm(cut).",
        ),
    ),
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
