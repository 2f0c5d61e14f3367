"""Exercises of lab 07: measures of rankings."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.datasets.benchmark import Truth
from delf_lesson.evaluation.metrics import average_precision, micro_precision_recall

Returned = Mapping[str, Sequence[tuple[str, float]]]
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
    junk_keeps_rank: bool = False,
) -> float:
    """AP with another term for each right image, of the precisions before and after it."""
    area, right, rank, precision = 0.0, 0, 0, 1.0
    for image in ranking:
        if image in junk:
            rank += junk_keeps_rank
            continue
        rank += 1
        right += image in positives
        before, precision = precision, right / rank
        if image in positives:
            area += term(before, precision)
    return area / (max(1, right) if of_found else len(positives))


def micro_at(
    returned: Returned, positives: Sets, junk: Sets, threshold: float
) -> tuple[float, float]:
    """Precision and recall, by the package's `micro_precision_recall`."""
    truth = {
        name: Truth(frozenset(right), frozenset(), frozenset(junk.get(name, ())))
        for name, right in positives.items()
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
    returned: Returned,
    positives: Sets,
    junk: Sets,
    threshold: float,
    strictly: bool = False,
    junk_is_wrong: bool = False,
    known_only: bool = False,
    returned_only: bool = False,
) -> tuple[float, float]:
    right, given, possible = 0, 0, 0
    least = threshold - (0 if strictly else 1e-9)
    for query, results in returned.items():
        known = positives.get(query, set())
        if known_only and not known:
            continue
        images = {image for image, score in results if score > least}
        images -= set() if junk_is_wrong else set(junk.get(query, ()))
        right += len(images & known)
        given += len(images)
        possible += len(known & {image for image, _ in results}) if returned_only else len(known)
    return (right / given if given else 1.0), right / possible


def _macro(
    returned: Returned, positives: Sets, junk: Sets, threshold: float
) -> tuple[float, float]:
    each = [
        _counted({query: returned[query]}, {query: positives[query]}, junk, threshold)
        for query in returned
        if query in positives
    ]
    precision, recall = np.mean(each, axis=0)
    return float(precision), float(recall)


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
                partial(_summed, junk_keeps_rank=True),
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
)
