"""Tables say what was measured, curves stand where a threshold puts them."""

import numpy as np
import pytest

from delf_lesson.classroom.figures import result_figures
from delf_lesson.classroom.figures.result_figures import (
    Table,
    found_shares,
    map_table,
    threshold_figure,
    verdict,
)
from delf_lesson.datasets import load
from delf_lesson.datasets.benchmark import Truth
from delf_lesson.evaluation.metrics import PrecisionRecall
from delf_lesson.evaluation.table import curve_of, read_table

CURVE = curve_of(
    {
        "precision_recall": {
            "threshold": [30.0, 20.0, 8.0],
            "precision": [1.0, 0.9, 0.5],
            "recall": [0.2, 0.4, 0.6],
        }
    }
)
OTHER = PrecisionRecall(np.array([12.0]), np.array([0.3]), np.array([0.1]))


def test_marks_stand_on_their_curves():
    axes = threshold_figure({"one": CURVE, "two": OTHER}, 15).axes[0]
    assert [line.get_label() for line in axes.lines[:2]] == ["one", "two"]
    one, two = (tuple(float(v[0]) for v in line.get_data()) for line in axes.lines[2:])
    assert one == (0.4, 0.9) and two == (0.0, 1.0)  # (recall, precision)
    colours = [line.get_color() for line in axes.lines]
    assert colours[:2] == colours[2:]


def test_a_cell_that_was_not_measured_is_not_a_number():
    cells = {"LIFT": {"albion": {"map": 0.4213, "map_interval": [0.303, 0.52]}}}
    table = map_table(cells, ["LIFT", "DIR"], ["albion", "albion+d"])
    assert table.rows == [["LIFT", "**42.1** [30, 52]", "–"], ["DIR", "–", "–"]]
    assert table.text.splitlines()[1:3] == [
        "| --- | ---: | ---: |",
        "| LIFT | **42.1** [30, 52] | – |",
    ]
    with pytest.raises(ValueError, match="rows"):
        Table(["a", "b"], [["1"]])


def test_shares_of_two_towns_count_by_their_pairs():
    own = {
        "albion": {"found": {"light": {"night": [0.5, 10], "noon": [1.0, 4]}}},
        "lutetia": {"found": {"light": {"night": [1.0, 30]}, "scale": {"1 to 1.4": [0.25, 4]}}},
    }
    assert found_shares(own, ("albion", "lutetia")) == {
        ("light", "night"): 35 / 40,
        ("light", "noon"): 1.0,
        ("scale", "1 to 1.4"): 0.25,
    }


def test_junk_is_neither_right_nor_wrong():
    truth = Truth(frozenset("a"), frozenset("b"), frozenset("j"))
    judged = [verdict(image, truth) for image in "abjx"]
    assert judged == ["right", "right", "junk", "wrong"]


def test_a_figure_of_first_results_shows_its_query_once(monkeypatch):
    drawn = []
    monkeypatch.setattr(result_figures, "jpeg_figure", lambda *parts: drawn.append(parts))
    benchmark, cells = load("albion"), read_table()["cells"]
    systems = {name: cells[name]["albion"] for name in ("DELF+FT", "DIR", "SIFT")}
    query = benchmark.queries[0].name
    result_figures.show_first(systems, benchmark, query)
    figure, *sentences = drawn[0]
    results = sum(len(cell["first"][query]) for cell in systems.values())
    titles = [axes.get_title() for axes in figure.axes]
    assert titles.count("query") == 1 and len(titles) == 1 + results
    for name, cell in systems.items():
        score = f"{name}: AP {cell['average_precisions'][query]:.2f}"
        assert sum(title.startswith(score) for title in titles) == 1
        assert any(score in sentence for sentence in sentences)
