"""An exercise of notebook 07: two rankings made one."""

from collections.abc import Mapping, Sequence

import numpy as np

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.retrieval.fusion import fuse


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
