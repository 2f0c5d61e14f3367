"""Average precision as in the Oxford buildings benchmark, and the interval of a mean."""

from pathlib import Path

import numpy as np
import pytest

from delf_lesson.evaluation.metrics import average_precision, mean_interval, precision_at

GROUND_TRUTH = Path(__file__).resolve().parents[3] / "shared" / "groundtruth" / "oxford5k_gt"


def oxford_average_precision(ranking, positives, junk):
    """The benchmark's published algorithm, step by step as it describes it."""
    old_recall, old_precision, area, intersect, j = 0.0, 1.0, 0.0, 0, 0
    for image in ranking:
        if image in junk:
            continue
        if image in positives:
            intersect += 1
        recall = intersect / len(positives)
        precision = intersect / (j + 1.0)
        area += (recall - old_recall) * ((old_precision + precision) / 2.0)
        old_recall, old_precision = recall, precision
        j += 1
    return area


@pytest.mark.parametrize(
    ("ranking", "positives", "expected"),
    [
        ("ab", "ab", 1.0),
        ("abx", "ab", 1.0),
        ("xa", "a", (0 + 1 / 2) / 2),
        ("axb", "ab", 1 / 2 + (1 / 2 + 2 / 3) / 2 / 2),
        ("ax", "ab", 1 / 2),  # one positive was never returned
        ("xyz", "a", 0.0),
        ("", "a", 0.0),
    ],
)
def test_rankings_worked_out_by_hand(ranking, positives, expected):
    assert average_precision(list(ranking), set(positives)) == pytest.approx(expected)


def test_random_rankings_agree_with_the_benchmark():
    rng = np.random.default_rng(0)
    for _ in range(300):
        images = [str(number) for number in rng.permutation(40)]
        parts = rng.permutation(40).astype(str)
        positives, junk = set(parts[: rng.integers(1, 12)]), set(parts[12 : rng.integers(12, 25)])
        ranking = images[: rng.integers(0, 41)]
        expected = oxford_average_precision(ranking, positives, junk)
        assert average_precision(ranking, positives, junk) == pytest.approx(expected)
        assert 0 <= expected <= 1


def test_junk_never_changes_it():
    clean = average_precision(list("axbyc"), set("abc"))
    assert average_precision(list("1a2x34by5c6"), set("abc"), set("123456")) == clean


def test_real_ground_truth_lists():
    if not GROUND_TRUTH.is_dir():
        pytest.skip("the Oxford5k ground truth is not beside this checkout")
    rng = np.random.default_rng(0)
    queries = sorted(
        path.name.removesuffix("_good.txt") for path in GROUND_TRUTH.glob("*_good.txt")
    )
    assert len(queries) == 55
    for query in queries:
        lists = [
            (GROUND_TRUTH / f"{query}_{k}.txt").read_text().split() for k in ("good", "ok", "junk")
        ]
        positives, junk = set(lists[0]) | set(lists[1]), set(lists[2])
        ranking = list(rng.permutation(sorted(positives | junk) + [f"x{n}" for n in range(500)]))
        expected = oxford_average_precision(ranking, positives, junk)
        assert average_precision(ranking, positives, junk) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ranking", "positives", "junk", "message"),
    [("ab", "", "", "positives"), ("ab", "a", "a", "junk"), ("aa", "a", "", "twice")],
)
def test_bad_input_is_named(ranking, positives, junk, message):
    for judge in (average_precision, precision_at):
        with pytest.raises(ValueError, match=message):
            judge(list(ranking), set(positives), set(junk))


def test_precision_among_the_first_by_hand():
    assert precision_at(list("axb"), "ab") == 1.0
    assert precision_at(list("xab"), "ab") == 0.0
    assert precision_at(list("jab"), "ab", "j") == 1.0
    assert precision_at(list("axb"), "ab", k=3) == pytest.approx(2 / 3)
    assert precision_at(list("a"), "ab", k=2) == 0.5  # nothing more was found
    assert precision_at([], "ab") == 0.0
    with pytest.raises(ValueError, match="k is 0"):
        precision_at(list("a"), "a", k=0)


def test_the_interval_of_single_values_agrees_with_scipy():
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
def test_bad_groups_and_levels_are_named(values, groups, level, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(values, groups, level)
