"""Exercises of notebook 05: pooling by attention, and keypoints chosen by their score."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.deep.by_hand import attend
from delf_lesson.features import LocalFeatures


def _grids(rng: np.random.Generator) -> Sequence[Case]:
    two = np.array([[[3.0, 0]], [[4, 2]]])  # two cells: (3, 4) and (0, 2)
    return [
        Case("two cells, of which the second scores 0", (two, np.array([[1.0, 0]]))),
        Case("two cells of scores 1 and 3", (two, np.array([[1.0, 3]]))),
        Case("a random grid", (rng.gamma(1, 2, (8, 5, 7)), rng.gamma(1, 1, (5, 7)))),
    ]


def _unit(features: NDArray, axis: int | None = 0) -> NDArray:
    return features / np.sqrt((features**2).sum(axis=axis, keepdims=True))


def _pooled(
    weigh: Callable[[NDArray], NDArray], unit: Callable[[NDArray], NDArray] = _unit
) -> Callable[[NDArray, NDArray], NDArray]:
    return lambda features, scores: (unit(features) * weigh(scores)).sum(axis=(1, 2))


def _softmax(scores: NDArray) -> NDArray:
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def top_k(xy: NDArray, scores: NDArray, k: int) -> NDArray[np.float32]:
    """The best points, by the package's `LocalFeatures.top`."""
    ones = np.ones((len(xy), 1), np.float32)
    size = (int(xy.max()) + 2, int(xy.max()) + 2)
    features = LocalFeatures(
        xy.astype(np.float32), ones, scores.astype(np.float32), ones[:, 0], size
    )
    return features.top(k).xy


def _points(rng: np.random.Generator) -> Sequence[Case]:
    few = np.array([[0.0, 0], [10, 5], [20, 9], [30, 2]])
    xy = rng.uniform(0, 100, (50, 2)).astype(np.float32)
    scores = rng.permutation(50).astype(np.float32)
    return [
        Case("four points, two of them to keep", (few, np.array([0.1, 0.7, 0.3, 0.9]), 2)),
        Case("fifty random points", (xy, scores, 12)),
        Case("fewer points than asked for", (few, np.array([3.0, 1, 2, 5]), 9)),
    ]


EXERCISES = (
    Exercise(
        name="attend",
        notebook="05_attention",
        task="The mean of the cells' unit descriptors, weighted by their attention scores.",
        points=3,
        reference=attend,
        cases=_grids,
        mistakes=(
            Mistake(
                "The descriptors are not brought to unit length first, so strong cells count "
                "twice: by their score and by their norm.",
                lambda f, s: (f * s).sum(axis=(1, 2)) / s.sum(),
            ),
            Mistake(
                "The norm runs over the whole grid, or over each channel: each *cell* has its own "
                "descriptor (axis 0).",
                lambda f, s: _pooled(lambda w: w / w.sum(), lambda one: _unit(one, None))(f, s),
            ),
            Mistake(
                "This is the sum; divide by the sum of the scores, so that only the scores' "
                "proportions matter.",
                _pooled(lambda scores: scores),
            ),
            Mistake(
                "This divides by the number of cells, as the public code does; here cells that "
                "score 0 must count for nothing: divide by the sum of the scores.",
                _pooled(lambda scores: scores / scores.size),
            ),
            Mistake(
                "The scores pass a softmax. Attention here is a plain weighted mean: scores are "
                "positive already.",
                _pooled(_softmax),
            ),
            Mistake(
                "The scores are not used: all cells count alike, and nothing is selected.",
                _pooled(lambda scores: np.full(scores.shape, 1 / scores.size)),
            ),
        ),
        hints=(
            "Write the mean of unit descriptors without attention first. Where do the scores "
            "enter, and what keeps the result from growing when all scores double?",
            "np.linalg.norm(features, axis=0) is the norm of every cell (H, W). Divide by it, "
            "multiply by scores, and sum over both axes of the grid.",
            "unit = features / np.linalg.norm(features, axis=0); "
            "return (unit * scores).sum(axis=(1, 2)) / scores.sum().",
        ),
    ),
    Exercise(
        name="top_k",
        notebook="05_attention",
        task="The k points of the highest scores, the best first.",
        points=1,
        reference=top_k,
        cases=_points,
        mistakes=(
            Mistake(
                "These are the k of the *lowest* scores: argsort goes upwards.",
                lambda xy, scores, k: xy[np.argsort(scores)[:k]],
            ),
            Mistake(
                "The right points, but the best comes last: turn the order round.",
                lambda xy, scores, k: top_k(xy, scores, k)[::-1],
            ),
            Mistake(
                "The right points in the order they came: sort them by score, the best first.",
                lambda xy, scores, k: xy[np.sort(np.argsort(-scores)[:k])],
            ),
            Mistake(
                "One too few (or too many): keep k.",
                lambda xy, scores, k: top_k(xy, scores, k - 1),
            ),
            Mistake(
                "These are the first k points; the scores are not used.",
                lambda xy, scores, k: xy[:k],
            ),
        ),
        hints=(
            "Which order of the rows puts the highest score first?",
            "np.argsort(-scores) are the rows from best to worst. If there are fewer than k, a "
            "slice takes what there is.",
            "return xy[np.argsort(-scores)[:k]]",
        ),
    ),
)
