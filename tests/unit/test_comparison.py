"""Systems compared query by query, and orders of systems compared."""

import numpy as np
import pytest

from delf_lesson.evaluation.comparison import difference, discordant_pairs
from delf_lesson.evaluation.metrics import mean_interval
from delf_lesson.evaluation.table import COLUMNS, PAPER_MAP, PAPER_SETS
from delf_lesson.systems.registry import SYSTEMS

LANDMARKS = {f"{town}_{k}": town for town in "abcdefgh" for k in range(3)}


def test_what_is_hard_for_both_takes_nothing_from_the_difference():
    rng = np.random.default_rng(3)
    second = {query: float(rng.uniform(0, 0.9)) for query in LANDMARKS}
    first = {query: value + 0.05 for query, value in second.items()}
    found = difference(first, second, LANDMARKS)
    assert found.mean == pytest.approx(0.05)
    assert (found.low, found.high) == pytest.approx((0.05, 0.05))
    assert str(found) == "+5.0 [+5.0, +5.0]"
    low, high = mean_interval(list(first.values()), list(LANDMARKS.values()))
    assert high - low > 0.1  # of one mean alone


def test_one_landmark_makes_no_difference_sure():
    second = dict.fromkeys(LANDMARKS, 0.5)
    first = {query: 0.9 if query.startswith("a") else 0.499 for query in LANDMARKS}
    found = difference(first, second, LANDMARKS)
    assert found.mean > 0.04 and found.low < 0 < found.high
    back = difference(second, first, LANDMARKS)
    assert back.mean == pytest.approx(-found.mean)
    with pytest.raises(ValueError, match="same queries"):
        difference(first, {**second, "x": 0.1}, LANDMARKS)


def test_pairs_that_changed_places():
    theirs = {"a": 90.0, "b": 80.0, "c": 70.0, "d": None, "e": 60.0}
    ours = {"c": 0.9, "a": 0.5, "b": 0.6, "d": 0.99, "f": 1.0}
    assert discordant_pairs(theirs, ours) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert discordant_pairs(theirs, {"a": 0.3, "b": 0.2, "c": 0.1}) == []
    assert (
        discordant_pairs({"a": 1.0, "b": 1.0}, {"a": 0.2, "b": 0.3}) == []
    )  # no order, none turned


def test_the_papers_rows_are_systems_here():
    assert list(PAPER_MAP) == [name for name in SYSTEMS if name in PAPER_MAP]  # in its order
    assert tuple(PAPER_SETS.values()) == COLUMNS
    assert all(len(row) == 4 for row in PAPER_MAP.values())
    assert [row[0] for row in PAPER_MAP.values() if None in row] == [54.0]  # LIFT, small sets only
