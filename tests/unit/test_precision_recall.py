"""Micro precision and recall by hand, and against scikit-learn on the pooled results."""

import numpy as np
import pytest

from delf_lesson.datasets.benchmark import Truth
from delf_lesson.evaluation.metrics import micro_precision_recall


def truth(good="", ok="", junk=""):
    return Truth(frozenset(good), frozenset(ok), frozenset(junk))


def test_three_queries_by_hand():
    """One finds both of its images, one finds one of two, one shows no landmark."""
    returned = {
        "first": [("a", 9.0), ("j", 8.0), ("x", 3.0), ("b", 5.0)],
        "second": [("y", 7.0), ("c", 5.0)],
        "nothing": [("a", 6.0)],
    }
    known = {"first": truth("a", "b", "j"), "second": truth("cd")}
    curve = micro_precision_recall(returned, known)
    assert curve.thresholds.tolist() == [9, 7, 6, 5, 3]  # junk's score is none
    assert curve.precision == pytest.approx([1, 1 / 2, 1 / 3, 3 / 5, 3 / 6])
    assert curve.recall == pytest.approx([1 / 4, 1 / 4, 1 / 4, 3 / 4, 3 / 4])  # d was missed


def test_it_holds_between_and_beyond_the_scores():
    curve = micro_precision_recall({"q": [("a", 4.0), ("x", 2.0)]}, {"q": truth("ab")})
    assert curve.at(5) == (1.0, 0.0)
    assert curve.at(4) == (1.0, 0.5) and curve.at(3) == (1.0, 0.5)
    assert curve.at(2) == (0.5, 0.5) and curve.at(-1) == (0.5, 0.5)


def test_the_threshold_for_a_precision_gives_the_most_recall():
    returned = {"q": [("a", 6.0), ("x", 5.0), ("b", 4.0), ("c", 3.0), ("y", 2.0), ("z", 1.0)]}
    curve = micro_precision_recall(returned, {"q": truth("abc")})
    # precision falls to 1/2 and rises again to 3/4 at the score 3
    assert curve.threshold_for(1.0) == 6
    assert curve.threshold_for(0.7) == 3 and curve.at(3)[0] == 0.75
    assert curve.threshold_for(0.5) == 3  # lower ones return no more that is right
    nothing_right = micro_precision_recall({"q": [("x", 1.0)]}, {"q": truth("a")})
    assert nothing_right.threshold_for(0.5) is None


@pytest.mark.parametrize("seed", range(5))
def test_pooled_results_agree_with_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(seed)
    images = [f"i{k}" for k in range(40)]
    returned, known, labels, scores = {}, {}, [], []
    for query in range(12):
        order = list(rng.permutation(images))
        returned[str(query)] = [
            (image, float(rng.integers(0, 15))) for image in order[: rng.integers(0, 40)]
        ]
        found = dict(returned[str(query)])
        junk, positives = set(), set()
        if query % 4:  # the others show no landmark
            parts = list(rng.permutation(images))
            positives, junk = set(parts[:7]), set(parts[7:11])
            known[str(query)] = truth(parts[:4], parts[4:7], junk)
        for image in images:
            if image not in junk and (image in found or image in positives):
                labels.append(image in positives)
                scores.append(found.get(image, -1e9))
    precision, recall, thresholds = metrics.precision_recall_curve(labels, scores)
    ours = micro_precision_recall(returned, known)
    # theirs rises, begins with what was not returned and ends with a point of no threshold
    kept = thresholds > -1e9
    assert np.allclose(ours.thresholds, thresholds[kept][::-1])
    assert np.allclose(ours.precision, precision[:-1][kept][::-1])
    assert np.allclose(ours.recall, recall[:-1][kept][::-1])


def test_a_thinned_curve_keeps_its_ends_and_only_points_of_the_curve():
    returned = {"q": [(f"i{k}", float(-k)) for k in range(1000)]}
    curve = micro_precision_recall(returned, {"q": truth([f"i{k}" for k in range(0, 1000, 2)])})
    few = curve.thinned(50)
    assert len(few.thresholds) <= 50
    assert (few.recall[0], few.recall[-1]) == (curve.recall[0], curve.recall[-1])
    for threshold, precision, recall in zip(few.thresholds, few.precision, few.recall, strict=True):
        assert curve.at(threshold) == (precision, recall)


def test_a_system_that_returns_nothing_has_an_empty_curve():
    curve = micro_precision_recall({"q": [], "r": []}, {"q": truth("a")})
    assert curve.at(0) == (1.0, 0.0)
    assert curve.threshold_for(0.5) is None
    assert len(curve.thinned().thresholds) == 0


def test_a_query_that_returns_nothing_costs_recall_only():
    one = {"q": [("a", 1.0)]}
    known = {"q": truth("a"), "r": truth("b")}
    assert micro_precision_recall(one, known).at(1) == (1.0, 1.0)
    assert micro_precision_recall({**one, "r": []}, known).at(1) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("returned", "known", "message"),
    [
        ({"q": [("a", 1.0), ("a", 2.0)]}, {"q": truth("a")}, "twice for q"),
        ({"q": [("a", float("nan"))]}, {"q": truth("a")}, "returned holds scores"),
        ({"q": [("a", float("inf"))]}, {"q": truth("a")}, "returned holds scores"),
        ({"q": [("a", 1.0)]}, {}, "no positive"),
        ({}, {"q": truth("a")}, "no positive"),
    ],
)
def test_bad_input_is_named(returned, known, message):
    with pytest.raises(ValueError, match=message):
        micro_precision_recall(returned, known)
