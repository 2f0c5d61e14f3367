"""Exercises of lab 01: the corner response and the extrema of the difference of Gaussians."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.dog import extrema
from delf_lesson.classical.harris import harris_response
from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake, rows_in_order


def _tensors(rng: np.random.Generator) -> Sequence[Case]:
    corner = np.array([[[2.0, 2, 0]]])
    edge = np.array([[[2.0, 2, 2]]])
    gradients = rng.normal(size=(5, 7, 9, 2))
    dx, dy = gradients[..., 0], gradients[..., 1]
    drawn = np.stack([(dx * dx).mean(2), (dy * dy).mean(2), (dx * dy).mean(2)], axis=2)
    return [
        Case("the tensor of a corner, A = B = 2, C = 0", (corner, 0.05)),
        Case("the tensor of an edge, A = B = C = 2", (edge, 0.05)),
        Case("tensors of random gradients", (drawn.astype(np.float32), 0.04)),
    ]


def _dog(rng: np.random.Generator) -> Sequence[Case]:
    blob = np.zeros((4, 7, 9), np.float32)
    blob[1, 3, 5], blob[2, 3, 5] = 0.4, 0.3
    dark = np.zeros((3, 6, 6), np.float32)
    dark[1, 2, 4], dark[1, 4, 1] = -0.5, -0.02
    drawn = rng.normal(0, 0.1, (5, 12, 15)).astype(np.float32)
    drawn[0, 5, 5], drawn[2, 0, 3] = 1, 1  # the highest of all, but on the rim of the stack
    return [
        Case("one bright blob, seen on two levels", (blob, 0.1)),
        Case("a dark blob, and one too weak", (dark, 0.1)),
        Case("random levels", (drawn, 0.05)),
    ]


def _maxima(dog: NDArray, least: float) -> NDArray:
    samples = extrema(dog, least)
    return samples[dog[tuple(samples.T)] > 0]


def _of_one_level(dog: NDArray, least: float) -> NDArray:
    parts = []
    for level in range(1, len(dog) - 1):
        alone = np.stack([np.zeros_like(dog[level]), dog[level], np.zeros_like(dog[level])])
        parts.append(extrema(alone, least) + np.array([level - 1, 0, 0]))
    return np.concatenate(parts)


def _outer_levels(dog: NDArray, least: float) -> NDArray:
    return extrema(np.pad(dog, ((1, 1), (0, 0), (0, 0))), least) - np.array([1, 0, 0])


EXERCISES = (
    Exercise(
        name="harris_response",
        notebook="01_keypoints",
        task="The response R = det M - k (trace M)² of structure tensors.",
        points=2,
        reference=harris_response,
        cases=_tensors,
        mistakes=(
            Mistake(
                "The trace is not squared: it is k (trace M)², so that both parts of R grow with "
                "the fourth power of the contrast.",
                lambda m, k: m[..., 0] * m[..., 1] - m[..., 2] ** 2 - k * (m[..., 0] + m[..., 1]),
            ),
            Mistake(
                "The determinant lacks the entry beside the diagonal: det M = A B - C². Without "
                "C² a diagonal edge looks like a corner.",
                lambda m, k: m[..., 0] * m[..., 1] - k * (m[..., 0] + m[..., 1]) ** 2,
            ),
            Mistake(
                "C is subtracted, but the determinant of [[A, C], [C, B]] is A B - C².",
                lambda m, k: m[..., 0] * m[..., 1] - m[..., 2] - k * (m[..., 0] + m[..., 1]) ** 2,
            ),
            Mistake(
                "k is not used: without it R = det M - (trace M)², which is never positive.",
                lambda m, k: harris_response(m, 1.0),
            ),
            Mistake(
                "The entries are taken in another order: they are A, B, C, and C stands beside "
                "the diagonal.",
                lambda m, k: harris_response(m[..., [0, 2, 1]], k),
            ),
            Mistake(
                "The sign is turned round: corners must come out positive and edges negative.",
                lambda m, k: -harris_response(m, k),
            ),
        ),
        hints=(
            "A 2x2 matrix [[A, C], [C, B]] has a determinant and a trace, two numbers a pixel. "
            "Neither needs its eigenvalues.",
            "The tensor holds A, B and C along its last axis: `tensor[..., 0]` is A at every "
            "pixel. Then det M = A B - C² and trace M = A + B, for all pixels at once.",
            "a, b, c = tensor[..., 0], tensor[..., 1], tensor[..., 2]; return the determinant less "
            "k times the square of the trace.",
        ),
    ),
    Exercise(
        name="extrema",
        notebook="01_keypoints",
        task="The samples of D that stick out among their 26 neighbours, up or down.",
        points=3,
        reference=extrema,
        cases=_dog,
        canonical=partial(rows_in_order, columns=3),
        mistakes=(
            Mistake(
                "The minima are missing. A bright blob on dark ground gives a minimum, D < -least.",
                _maxima,
            ),
            Mistake(
                "Neighbours of the same level only: a sample must also stick out from the 9 of the "
                "level below and the 9 of the level above.",
                _of_one_level,
            ),
            Mistake(
                "The threshold is not used: |D| must exceed `least`, or noise gives extrema too.",
                lambda dog, least: extrema(dog, 0.0),
            ),
            Mistake(
                "The rows are (level, x, y); wanted (level, y, x), as the array is indexed.",
                lambda dog, least: extrema(dog, least)[:, [0, 2, 1]],
            ),
            Mistake(
                "The first or the last level is searched: its samples have no level on one side to "
                "be compared with.",
                _outer_levels,
            ),
        ),
        hints=(
            "Look at one sample first: when is it the largest of the 3x3x3 cube around it, and "
            "when the smallest?",
            "Three loops, over levels 1 to L - 2, rows 1 to H - 2 and columns 1 to W - 2, and the "
            "cube dog[level-1:level+2, y-1:y+2, x-1:x+2]. Compare its middle with its max and min.",
            "Keep (level, y, x) if the middle is cube.max() and over `least`, or cube.min() and "
            "below -`least`. Return np.array(kept).reshape(-1, 3).",
        ),
    ),
)
