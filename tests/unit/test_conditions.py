"""Shares found by condition, on a ranking worked out by hand."""

from types import SimpleNamespace

import pytest

from delf_lesson.datasets import Benchmark, Truth
from delf_lesson.evaluation.comparison import Recall, recall_by_condition
from delf_lesson.evaluation.report import Evaluation


def picture(name, weather="noon", azimuth=0.0, pixels_per_metre=10.0, visible_share=1.0):
    return SimpleNamespace(
        name=name,
        weather=weather,
        azimuth=azimuth,
        pixels_per_metre=pixels_per_metre,
        visible_share=visible_share,
    )


PICTURES = (
    picture("query", azimuth=-10.0),
    picture("day", azimuth=5.0, visible_share=0.7),
    picture("night", weather="night", azimuth=35.0, pixels_per_metre=5.0),
    picture("near", azimuth=60.0, pixels_per_metre=30.0, visible_share=0.3),
    picture("hidden"),
)
TRUTH = Truth(frozenset({"day", "night"}), frozenset({"near"}), frozenset({"hidden"}))


def found(ranking):
    benchmark = Benchmark("small", (), (), {"query": TRUTH})
    return recall_by_condition(Evaluation({"query": ranking}, {"query": 0.0}), benchmark, PICTURES)


def test_positives_count_as_found_among_the_first_r_without_junk():
    table = found(["day", "hidden", "other", "near", "night"])
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
    for values in found(["other"]).values():
        assert sum(value.count for value in values.values()) == 3
        assert all(value.share == 0 for value in values.values())


def test_pictures_of_another_town_are_refused():
    benchmark = Benchmark("small", (), (), {"query": TRUTH})
    with pytest.raises(ValueError, match="pictures: day is not among them; give small's own"):
        recall_by_condition(Evaluation({"query": []}, {"query": 0.0}), benchmark, PICTURES[:1])


def test_a_picture_without_camera_facts_is_refused():
    benchmark = Benchmark("small", (), (), {"query": TRUTH})
    unknown = [picture(p.name, azimuth=None) for p in PICTURES]
    with pytest.raises(ValueError, match="pictures: a query or one of its positives"):
        recall_by_condition(Evaluation({"query": []}, {"query": 0.0}), benchmark, unknown)
