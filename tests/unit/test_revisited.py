"""Easy, Medium and Hard by hand, and against the protocol's own way to count."""

import numpy as np
import pytest

from delf_lesson.datasets.benchmark import Truth
from delf_lesson.evaluation.metrics import LEVELS, at_level, average_precisions


def by_positions(ranking, easy, hard, junk, level):
    """As the protocol counts: from the positions of positives, less the ignored ones before."""
    positives = {"easy": easy, "medium": easy | hard, "hard": hard}[level]
    ignored = {"easy": hard | junk, "medium": junk, "hard": easy | junk}[level]
    if not positives:
        return None
    is_ignored = np.isin(ranking, list(ignored))
    positions = np.flatnonzero(np.isin(ranking, list(positives)))
    positions = positions - np.cumsum(is_ignored)[positions]
    total = 0.0
    for found, position in enumerate(positions):
        before = 1.0 if position == 0 else found / position
        total += (before + (found + 1) / (position + 1)) / (2 * len(positives))
    return total


def test_random_rankings_agree_with_the_protocols_algorithm():
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(200):
        images = [f"i{k}" for k in rng.permutation(60)]
        cuts = np.sort(rng.integers(0, 30, 3))
        parts = list(rng.permutation(images))
        easy, hard, junk = set(parts[: cuts[0]]), set(parts[cuts[0] : cuts[1]]), set()
        junk = set(parts[cuts[1] : cuts[2]])
        known = {"q": Truth(frozenset(easy), frozenset(hard), frozenset(junk))}
        for level in LEVELS:
            expected = by_positions(images, easy, hard, junk, level)
            if expected is not None:
                found = average_precisions({"q": images}, known, level)
                assert found == {"q": pytest.approx(expected)}
                compared += 1
    assert compared > 400


def test_levels_by_hand():
    known = {"q": Truth(frozenset("a"), frozenset("b"), frozenset("j"))}
    ranking = {"q": list("jbxa")}
    assert average_precisions(ranking, known, "easy")["q"] == pytest.approx((0 + 1 / 2) / 2)
    assert average_precisions(ranking, known, "hard")["q"] == 1.0
    medium = 1 / 2 + (1 / 2 + 2 / 3) / 2 / 2
    assert average_precisions(ranking, known, "medium")["q"] == pytest.approx(medium)


def test_queries_without_a_positive_at_a_level_are_left_out():
    known = {
        "both": Truth(frozenset("a"), frozenset("b"), frozenset()),
        "easy alone": Truth(frozenset("a"), frozenset(), frozenset()),
    }
    rankings = {query: list("ab") for query in known}
    assert set(average_precisions(rankings, known, "hard")) == {"both"}
    assert set(average_precisions(rankings, known, "easy")) == set(known)


def test_bad_input_is_named():
    known = Truth(frozenset("a"), frozenset(), frozenset())
    with pytest.raises(ValueError, match="level is 'mild'"):
        at_level(known, "mild")
    with pytest.raises(ValueError, match="rankings: stranger has no truth"):
        average_precisions({"stranger": []}, {"q": known}, "easy")
    with pytest.raises(ValueError, match=r"rankings: none of its 1 queries .* 'hard'"):
        average_precisions({"q": ["a"]}, {"q": known}, "hard")
