"""Exercises of notebook 07: how a ranking is judged, and two rankings made one."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.datasets.benchmark import Truth
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.evaluation.precision_recall import micro_precision_recall
from delf_lesson.retrieval.fusion import fuse

Found = Mapping[str, Sequence[tuple[str, float]]]
Sets = Mapping[str, set[str]]


def _rankings(rng: np.random.Generator) -> Sequence[Case]:
    images = [f"image {i}" for i in range(12)]
    drawn = [images[i] for i in rng.permutation(12)]
    return [
        Case("right, wrong, right", (["a", "b", "c"], {"a", "c"}, set())),
        Case("junk at the first rank", (["j", "a", "b", "c"], {"a", "c"}, {"j"})),
        Case("a right image that was not returned", (["b", "a"], {"a", "missed"}, set())),
        Case("a random ranking", (drawn, {*images[:4], "missed"}, set(images[8:11]))),
    ]


def ap_with_junk(ranking: Sequence[str], positives: set[str], junk: set[str]) -> float:
    """The package's `average_precision`."""
    return average_precision(ranking, positives, junk)


def _summed(
    ranking: Sequence[str],
    positives: set[str],
    junk: set[str],
    term: Callable[[float, float], float] = lambda before, after: (before + after) / 2,
    of_found: bool = False,
) -> float:
    """AP with another term for each right image, of the precisions before and after it."""
    area, found, precision = 0.0, 0, 1.0
    for rank, image in enumerate((one for one in ranking if one not in junk), start=1):
        before = precision
        found += image in positives
        precision = found / rank
        if image in positives:
            area += term(before, precision)
    return area / (max(1, found) if of_found else len(positives))


def _skipped(ranking: Sequence[str], positives: set[str], junk: set[str]) -> float:
    """Junk adds nothing, but keeps its rank."""
    area, found, precision = 0.0, 0, 1.0
    for rank, image in enumerate(ranking, start=1):
        if image in junk:
            continue
        before = precision
        found += image in positives
        precision = found / rank
        if image in positives:
            area += (before + precision) / 2 / len(positives)
    return area


def micro_at(returned: Found, positives: Sets, junk: Sets, threshold: float) -> tuple[float, float]:
    """Precision and recall, by the package's `micro_precision_recall`."""
    truth = {
        name: Truth(frozenset(found), frozenset(), frozenset(junk.get(name, ())))
        for name, found in positives.items()
    }
    return micro_precision_recall(returned, truth).at(threshold)


def _returned(rng: np.random.Generator) -> Sequence[Case]:
    returned = {
        "castle": [("c1", 30.0), ("x1", 12.0), ("j1", 11.0), ("c2", 10.0), ("x2", 4.0)],
        "bridge": [("b1", 15.0), ("x1", 3.0)],
        "street": [("x3", 14.0), ("x4", 2.0)],
    }
    positives = {"castle": {"c1", "c2", "c3"}, "bridge": {"b1"}}
    junk = {"castle": {"j1"}, "bridge": set()}
    names = [f"p{i}" for i in range(9)]
    drawn = {
        query: [
            (names[i], float(score)) for i, score in zip(rng.permutation(9), scores, strict=True)
        ]
        for query, scores in (
            (query, -np.sort(-rng.integers(0, 40, 9))) for query in ("q1", "q2", "q3")
        )
    }
    known = {"q1": {"p0", "p1", "p2", "p3"}, "q2": {"p4"}}
    return [
        Case("three queries, threshold 10", (returned, positives, junk, 10.0)),
        Case("the same, threshold 13", (returned, positives, junk, 13.0)),
        Case("random scores", (drawn, known, {"q1": {"p7"}, "q2": {"p8", "p0"}}, 12.0)),
    ]


def _counted(
    returned: Found,
    positives: Sets,
    junk: Sets,
    threshold: float,
    strictly: bool = False,
    junk_is_wrong: bool = False,
    known_only: bool = False,
    returned_only: bool = False,
) -> tuple[float, float]:
    right, given, possible = 0, 0, 0
    for query, found in returned.items():
        known = positives.get(query, set())
        if known_only and not known:
            continue
        kept = {image for image, score in found if score > threshold - (0 if strictly else 1e-9)}
        kept -= set() if junk_is_wrong else set(junk.get(query, ()))
        right += len(kept & known)
        given += len(kept)
        possible += len(known & {image for image, _ in found}) if returned_only else len(known)
    return (right / given if given else 1.0), right / possible


def _macro(returned: Found, positives: Sets, junk: Sets, threshold: float) -> tuple[float, float]:
    each = [
        _counted({query: returned[query]}, {query: positives[query]}, junk, threshold)
        for query in returned
        if query in positives
    ]
    precision, recall = np.mean(each, axis=0)
    return float(precision), float(recall)


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
        name="ap_with_junk",
        notebook="07_results",
        task="The average precision of a ranking, with junk left out.",
        points=3,
        reference=ap_with_junk,
        cases=_rankings,
        mistakes=(
            Mistake(
                "Junk counts as wrong. It is neither right nor wrong: take it out of the ranking "
                "before ranks are counted.",
                lambda ranking, positives, junk: average_precision(ranking, positives),
            ),
            Mistake(
                "Junk counts as right.",
                lambda ranking, positives, junk: average_precision(ranking, positives | junk),
            ),
            Mistake(
                "Junk is skipped but keeps its rank. Take it out first, then count ranks 1, 2, 3 "
                "...",
                _skipped,
            ),
            Mistake(
                "The area is cut into rectangles. The protocol joins the points of the curve by "
                "lines: the mean of the precision before and after each right image.",
                partial(_summed, term=lambda before, after: after),
            ),
            Mistake(
                "The sum is divided by the right images *found*; those that were not returned are "
                "missed: divide by all positives.",
                partial(_summed, of_found=True),
            ),
        ),
        hints=(
            "Make a list of the ranking without junk first; after that junk does not exist.",
            "Go down the list with two counters, rank and found. Precision is found / rank. Each "
            "right image adds the mean of the precision just before it and at it; before the first "
            "rank the precision is 1.",
            "area += (previous + precision) / 2 / len(positives) at every right image, where "
            "previous is the precision one rank before.",
        ),
    ),
    Exercise(
        name="micro_at",
        notebook="07_results",
        task="Precision and recall of all queries together at one threshold.",
        points=3,
        reference=micro_at,
        cases=_returned,
        mistakes=(
            Mistake(
                "This is the mean over queries (macro). Micro means: add up over all queries, then "
                "divide once.",
                _macro,
            ),
            Mistake(
                "Junk counts as wrong; leave it out of what was returned.",
                partial(_counted, junk_is_wrong=True),
            ),
            Mistake(
                "Queries without a landmark are left out. What they return is wrong, and that is "
                "what the threshold is for.",
                partial(_counted, known_only=True),
            ),
            Mistake(
                "A score equal to the threshold is returned too: >=, not >.",
                partial(_counted, strictly=True),
            ),
            Mistake(
                "Recall divides by the positives that were returned; it should divide by all.",
                partial(_counted, returned_only=True),
            ),
            Mistake(
                "Recall comes first; wanted (precision, recall).",
                lambda *given: micro_at(*given)[::-1],
            ),
        ),
        hints=(
            "Three sums over all queries: right and returned, returned, and positives.",
            "For each query keep the images of score >= threshold that are not junk. A query that "
            "is not in `positives` has none: all it returns is wrong. positives.get(query, set()) "
            "helps.",
            "right += len(kept & known); given += len(kept); possible += len(known); "
            "return right / given, right / possible.",
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
