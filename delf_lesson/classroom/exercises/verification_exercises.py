"""Exercises of labs 06 and 07: geometric verification and fusion."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.features import l2_normalise
from delf_lesson.retrieval.expansion import expand_global
from delf_lesson.retrieval.fusion import fuse
from delf_lesson.retrieval.ransac import agreeing
from delf_lesson.retrieval.verification import transform


def inliers(
    model: NDArray, query_xy: NDArray, image_xy: NDArray, threshold: float
) -> NDArray[np.bool_]:
    """The package's `agreeing`."""
    return agreeing(model, query_xy, image_xy, threshold)


def _matches(rng: np.random.Generator) -> Sequence[Case]:
    shift = np.array([[1.0, 0, 10], [0, 1, 0], [0, 0, 1]])
    points = np.array([[0.0, 0], [5, 5], [9, 1]])
    moved = np.array([[10.0, 0], [18, 9], [19, 5]])  # off by 0, by (3, 4) and by (0, 4)
    small = np.array([[1.0, 0, 2], [0, 1, 0], [0, 0, 1]])
    near = points[[0, 0, 0]] + np.array([[5, 0], [-2, 0], [2, 0]])
    turn = np.array([[0.8, -0.6, 30], [0.6, 0.8, -5], [0, 0, 1]])
    query = rng.uniform(0, 200, (40, 2))
    image = transform(turn, query) + rng.normal(0, 6, query.shape)
    return [
        Case("a shift, and points off by 0, 5 and 4 pixels", (shift, points, moved, 5.0)),
        Case("the same with a threshold of 3 pixels", (shift, points, moved, 3.0)),
        Case(
            "a shift of 2, and points off by 3, 4 and 0 pixels",
            (small, points[[0, 0, 0]], near, 3.0),
        ),
        Case("a turn and forty noisy points", (turn, query, image, 8.0)),
    ]


def _measured(
    agrees: Callable[[NDArray, float], NDArray],
) -> Callable[[NDArray, NDArray, NDArray, float], NDArray]:
    return lambda model, query, image, threshold: agrees(transform(model, query) - image, threshold)


def average_query_expansion(query: NDArray, found: NDArray) -> NDArray[np.float32]:
    """The package's `expand_global`, without alpha."""
    return expand_global(query, found)


def _vectors(rng: np.random.Generator) -> Sequence[Case]:
    drawn = l2_normalise(rng.normal(size=(6, 10)))
    axes = np.eye(3, dtype=np.float32)
    return [
        Case("a query and one image at a right angle", (axes[0], axes[1:2])),
        Case("a query and two images", (axes[0], axes[1:3])),
        Case("random unit vectors", (drawn[0], drawn[1:])),
    ]


def _unit(vector: NDArray) -> NDArray:
    return l2_normalise(vector[None])[0]


def score_fusion(
    local: Mapping[str, float], whole: Mapping[str, float], weight: float
) -> dict[str, float]:
    """The package's `fuse`."""
    return fuse(local, whole, weight)


def _scores(rng: np.random.Generator) -> Sequence[Case]:
    local = {"a": 40.0, "b": 10.0, "c": 0.0}
    whole = {"c": 0.9, "a": 0.8, "b": 0.3}
    names = [f"image {i}" for i in range(8)]
    inliers = dict(zip(names, rng.permutation(60)[:8].astype(float).tolist(), strict=True))
    similarity = dict(zip(names, rng.uniform(0.2, 1, 8).tolist(), strict=True))
    return [
        Case("three images", (local, whole, 0.25)),
        Case(
            "an image that only one of them found",
            ({"a": 40.0, "b": 10.0}, {"b": 0.9, "c": 0.5, "d": 0.1}, 0.4),
        ),
        Case("eight images", (inliers, similarity, 0.7)),
    ]


def _mixed(
    local: Mapping[str, float], whole: Mapping[str, float], weight: float
) -> dict[str, float]:
    """Scores as they come, not stretched."""
    total = {
        image: weight * local.get(image, 0.0) + (1 - weight) * whole.get(image, 0.0)
        for image in sorted({*local, *whole})
    }
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def _by_highest(scores: Mapping[str, float]) -> dict[str, float]:
    return {image: score / max(scores.values()) for image, score in scores.items()}


def _of_both(
    local: Mapping[str, float], whole: Mapping[str, float], weight: float
) -> dict[str, float]:
    both = fuse(local, whole, weight)
    return {image: score for image, score in both.items() if image in local and image in whole}


EXERCISES = (
    Exercise(
        name="inliers",
        notebook="06_retrieval_pipeline",
        task="Which matches agree with a transformation within a threshold.",
        points=2,
        reference=inliers,
        cases=_matches,
        mistakes=(
            Mistake(
                "The transformation is applied to the wrong side: it brings points of the query "
                "into the image.",
                lambda model, query, image, threshold: agreeing(model, image, query, threshold),
            ),
            Mistake(
                "The *squared* distance is held against the threshold, which is in pixels.",
                _measured(lambda off, threshold: (off**2).sum(axis=1) <= threshold),
            ),
            Mistake(
                "|dx| + |dy| is not the distance; take the root of the sum of squares.",
                _measured(lambda off, threshold: np.abs(off).sum(axis=1) <= threshold),
            ),
            Mistake(
                "x and y are judged apart: a point 5 right and 5 down is 7 pixels away.",
                _measured(lambda off, threshold: np.abs(off).max(axis=1) <= threshold),
            ),
            Mistake(
                "The shift is left out: multiply (x, y, 1), not (x, y), by the matrix.",
                lambda model, query, image, threshold: agreeing(
                    np.array([[1, 1, 0], [1, 1, 0], [1, 1, 1]]) * model, query, image, threshold
                ),
            ),
            Mistake(
                "This is the number of inliers; wanted which they are, True or False for each "
                "match.",
                lambda *given: int(agreeing(*given).sum()),
            ),
        ),
        hints=(
            "Where does the model put each point of the query, and how far is that from its "
            "partner?",
            "An affine model is [A | t] in its first two rows: points @ A.T + t. The distance of "
            "each pair is np.linalg.norm(..., axis=1).",
            "there = query_xy @ model[:2, :2].T + model[:2, 2]; "
            "return np.linalg.norm(there - image_xy, axis=1) <= threshold.",
        ),
    ),
    Exercise(
        name="average_query_expansion",
        notebook="06_retrieval_pipeline",
        task="The query expanded by the mean with the vectors of the images found first.",
        points=1,
        reference=average_query_expansion,
        cases=_vectors,
        mistakes=(
            Mistake(
                "The query itself is left out of the mean; it is the only image known to be right.",
                lambda query, found: _unit(found.mean(axis=0)),
            ),
            Mistake(
                "The mean is shorter than 1: bring it to unit length again.",
                lambda query, found: (query + found.sum(axis=0)) / (1 + len(found)),
            ),
            Mistake(
                "The query counts as much as all the images found together; in the mean of k + 1 "
                "vectors each counts once.",
                lambda query, found: _unit(query + found.mean(axis=0)),
            ),
            Mistake(
                "Only the first image found is used; take all of them.",
                lambda query, found: _unit(query + found[0]),
            ),
        ),
        hints=(
            "How many vectors is the mean of, and how long is it?",
            "Sum the query and all rows of found (axis 0), then divide by the length of that sum. "
            "Dividing by k + 1 first changes nothing.",
            "total = query + found.sum(axis=0); return total / np.linalg.norm(total).",
        ),
    ),
    Exercise(
        name="score_fusion",
        notebook="07_results",
        task="Two rankings made one: stretched scores, weighted, best first.",
        points=2,
        reference=score_fusion,
        cases=_scores,
        mistakes=(
            Mistake(
                "The scores are added as they come. Inliers run to hundreds and similarities to 1: "
                "stretch each to 0 for its worst image and 1 for its best first.",
                _mixed,
            ),
            Mistake(
                "The weight is given to the other: it belongs to the local features.",
                lambda local, whole, weight: fuse(local, whole, 1 - weight),
            ),
            Mistake(
                "Scores are divided by the highest only; the lowest must become 0, too.",
                lambda local, whole, weight: _mixed(_by_highest(local), _by_highest(whole), weight),
            ),
            Mistake(
                "Images that only one of the two found are dropped; they have 0 by the other.",
                _of_both,
            ),
            Mistake(
                "The order is not that of the fused score, the best first.",
                lambda local, whole, weight: {
                    image: fuse(local, whole, weight)[image] for image in sorted({*local, *whole})
                },
            ),
            Mistake(
                "The worst comes first; wanted the best first.",
                lambda local, whole, weight: dict(reversed(fuse(local, whole, weight).items())),
            ),
        ),
        hints=(
            "What are the highest and the lowest score of each, and what should they become?",
            "(score - low) / (high - low) for each of the two. Go over the images of either, with "
            "0 for one that is missing: stretched.get(image, 0).",
            "fused[image] = weight * a.get(image, 0) + (1 - weight) * b.get(image, 0); "
            "return dict(sorted(fused.items(), key=lambda item: -item[1])).",
        ),
    ),
)
