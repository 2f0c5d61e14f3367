"""Systems compared query by query, their orders compared, and recall by condition."""

from types import SimpleNamespace

import numpy as np
import pytest

from delf_lesson.datasets import Benchmark, Truth
from delf_lesson.evaluation.comparison import (
    Recall,
    difference,
    discordant_pairs,
    recall_by_condition,
)
from delf_lesson.evaluation.metrics import mean_interval
from delf_lesson.evaluation.report import Evaluation
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


def image(name, weather="noon", azimuth=0.0, pixels_per_metre=10.0, visible_share=1.0):
    return SimpleNamespace(
        name=name,
        weather=weather,
        azimuth=azimuth,
        pixels_per_metre=pixels_per_metre,
        visible_share=visible_share,
    )


IMAGES = (
    image("query", azimuth=-10.0),
    image("day", azimuth=5.0, visible_share=0.7),
    image("night", weather="night", azimuth=35.0, pixels_per_metre=5.0),
    image("near", azimuth=60.0, pixels_per_metre=30.0, visible_share=0.3),
    image("hidden"),
)
TRUTH = Truth(frozenset({"day", "night"}), frozenset({"near"}), frozenset({"hidden"}))


def recall_of(ranking):
    benchmark = Benchmark("small", (), (), {"query": TRUTH})
    return recall_by_condition(Evaluation({"query": ranking}, {"query": 0.0}), benchmark, IMAGES)


def test_positives_count_as_found_among_the_first_r_without_junk():
    table = recall_of(["day", "hidden", "other", "near", "night"])
    assert table["light"] == {"night": Recall(0.0, 1), "noon": Recall(1.0, 2)}
    assert table["viewpoint"] == {
        "0 to 20": Recall(1.0, 1),
        "40 to 60": Recall(0.0, 1),
        "60 to 120": Recall(1.0, 1),
    }
    assert table["scale"] == {
        "1 to 1.4": Recall(1.0, 1),
        "2 to 8": Recall(0.5, 2),
    }
    assert table["visible share"]["0.25 to 0.6"] == Recall(1.0, 1)
    assert table["visible share"]["0.8 to 1"] == Recall(0.0, 1)


def test_every_positive_is_counted_once_a_condition():
    for values in recall_of(["other"]).values():
        assert sum(value.count for value in values.values()) == 3
        assert all(value.share == 0 for value in values.values())


def test_images_of_another_town_are_refused():
    benchmark = Benchmark("small", (), (), {"query": TRUTH})
    with pytest.raises(ValueError, match="pictures: day is not among them; give small's own"):
        recall_by_condition(Evaluation({"query": []}, {"query": 0.0}), benchmark, IMAGES[:1])


def test_an_image_without_camera_facts_is_refused():
    benchmark = Benchmark("small", (), (), {"query": TRUTH})
    unknown = [image(known.name, azimuth=None) for known in IMAGES]
    with pytest.raises(ValueError, match="pictures: a query or one of its positives"):
        recall_by_condition(Evaluation({"query": []}, {"query": 0.0}), benchmark, unknown)
