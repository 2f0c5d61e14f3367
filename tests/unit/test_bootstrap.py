"""The interval of a mean against SciPy's, and what groups do to it."""

import numpy as np
import pytest

from delf_lesson.evaluation.metrics import mean_interval


def test_single_values_agree_with_scipy():
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    values = np.random.default_rng(0).beta(4, 2, 30)
    low, high = mean_interval(values, range(30), rounds=20_000)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=1
    ).confidence_interval
    assert low == pytest.approx(theirs.low, abs=0.004)
    assert high == pytest.approx(theirs.high, abs=0.004)


def test_alike_queries_of_a_landmark_count_as_one():
    """Five copies of each value: drawn one by one they would seem five times as much evidence."""
    values = np.random.default_rng(1).uniform(size=11)
    once = mean_interval(values, range(11))
    fivefold = mean_interval(np.repeat(values, 5), np.repeat(range(11), 5))
    assert fivefold == pytest.approx(once)
    one_by_one = mean_interval(np.repeat(values, 5), range(55))
    assert one_by_one[1] - one_by_one[0] < 0.6 * (once[1] - once[0])


def test_larger_groups_weigh_more():
    """By hand: of two groups, drawn means are 0, 1 or the mean of all values, 3/4."""
    low, high = mean_interval([0, 1, 1, 1], ["a", "b", "b", "b"], level=0.4)
    assert (low, high) == (0.75, 0.75)


def test_a_wider_level_holds_more_and_a_seed_repeats():
    values = np.linspace(0, 1, 20)
    narrow, wide = (mean_interval(values, range(20), level) for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < values.mean() < narrow[1] < wide[1]
    assert mean_interval(values, range(20)) == mean_interval(values, range(20))
    assert mean_interval(values, range(20), seed=1) != mean_interval(values, range(20))


@pytest.mark.parametrize(
    ("values", "groups", "level", "message"),
    [([], [], 0.95, "groups"), ([1, 2], [1], 0.95, "groups"), ([1], [1], 1.0, "level")],
)
def test_bad_input_is_named(values, groups, level, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(values, groups, level)
