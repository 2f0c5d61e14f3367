"""Figures compose their alternative texts from what they draw, at twice the page's resolution."""

import inspect
import io
from importlib import import_module

import numpy as np
import pytest
from PIL import Image

from delf_lesson.classroom.figures import alternative_text as words
from delf_lesson.classroom.figures import (
    deep_figures,
    descriptor_figures,
    image_figures,
    keypoint_figures,
    notebook_figure,
    retrieval_figures,
)
from delf_lesson.files import project_root
from delf_lesson.retrieval.voting import Result

MODULES = sorted(
    path.stem
    for path in (project_root() / "delf_lesson" / "classroom" / "figures").glob("*_figures.py")
)
GREY = np.full((60, 80, 3), 128, np.uint8)


@pytest.mark.parametrize("name", MODULES)
def test_no_figure_takes_its_alternative_text_as_an_argument(name):
    module = import_module(f"delf_lesson.classroom.figures.{name}")
    drawing = [function for each, function in vars(module).items() if each.startswith("show_")]
    assert drawing
    for function in drawing:
        assert "alt" not in inspect.signature(function).parameters, function


def test_bars_are_named_with_their_rounded_values():
    figure = image_figures.show_bars({"DoG": 0.2634, "Harris": 0.181, "chance": 0.049}, "share")
    assert figure.alt == "3 bars: share. DoG 0.26, Harris 0.18 and chance 0.05"
    counts = image_figures.show_bars({"a": 812.3, "b": 1234.0}, "count", digits=0)
    assert counts.alt == "2 bars: count. a 810 and b 1,200"


def test_times_are_not_told():
    assert image_figures.show_bars({"fast": 1.23}, "seconds", told=0).alt == "1 bar: seconds. fast"
    assert "0.7" not in deep_figures.show_curves([0, 1], {"time": [0.7, 1]}, ("x", "y"), told=0).alt
    points = retrieval_figures.show_tradeoff({"flat": (3.5, 0.7)}, ("milliseconds", "share"))
    assert points.alt == "Points: share, over milliseconds: flat"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.9, 0.5, 0.312], "goes from 0.9 to 0.31"),
        ([0.1, 0.8, 0.2], "goes from 0.1 to 0.2, with a peak of 0.8"),
        ([1, 0.3, 1], "goes from 1 to 1, with a valley of 0.3"),
        ([np.nan, 0.5, np.nan], "goes from 0.5 to 0.5"),
        ([np.nan], "has no values"),
    ],
)
def test_a_curve_is_told_by_its_ends_and_its_turns(values, told):
    assert words.course(values) == told
    curves = deep_figures.show_curves(range(len(values)), {"one": values}, ("x", "y"))
    assert curves.alt.endswith(f"one {told}")


def test_names_and_numbers_in_words():
    assert [words.joined(names) for names in ([], "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert words.joined(["SIFT, noon", "SIFT, night"]) == "SIFT, noon; SIFT, night"
    assert words.counted(["norm", "norm", "map"]) == "2 x norm and map"
    assert [words.rounded(v) for v in (0.0512, 0.00012, 26.4, 366_000, 0, np.nan)] == [
        "0.051",
        "0.00012",
        "26",
        "370,000",
        "0",
        "unknown",
    ]
    assert [words.bounded(count) for count in (0, 5, 10, 11, 730)] == [
        "no",
        "at most 10",
        "at most 10",
        "more than 10",
        "more than 500",
    ]


def test_matches_points_and_losses_are_counted():
    lines = np.array([[1, 1, 2, 2], [3, 3, 4, 4], [5, 5, 6, 6]], float)
    right = np.array([True, True, False])
    judged = descriptor_figures.show_judged_matches(GREY, GREY, lines, right, "Below 0.8")
    assert judged.alt == "Below 0.8, as lines: 2 right and 1 wrong"
    assert "at most 10 matches" in image_figures.show_match(GREY, GREY, lines, "3 inliers").alt
    # One of the points is outside the image.
    points = keypoint_figures.show_points([GREY], {"corners": np.array([[5, 5], [200, 5]])})
    assert points.alt == "Points as crosses over images. corners: 1"
    loss = deep_figures.show_loss({"mine": [2.0, 0.4], "flat": [2.5]}, chance=2.3)
    assert loss.alt.endswith(
        "mine ends below a quarter of guessing after 2 epochs; "
        "flat ends no better than guessing after 1 epoch"
    )


def test_selected_keypoints_are_told_by_their_share_on_the_landmark():
    xy = np.array([[1, 1], [2, 2], [3, 3], [4, 4]], float)
    on = np.array([True, False, False, False])
    figure = deep_figures.show_selected(GREY, {"norm": (xy, on), "attention": (xy, ~on)})
    assert figure.alt.endswith("On the landmark: norm 25% and attention 75%")


@pytest.fixture
def results(tmp_path):
    path = tmp_path / "town" / "a.png"
    path.parent.mkdir()
    Image.fromarray(GREY).save(path)
    lines = np.array([[10, 10, 20, 20], [70, 30, 40, 40]], np.float32)
    return [
        Result(str(path), score=12, inliers=12, vote=0.5, lines=lines),
        Result(str(path), score=0.25, inliers=0, vote=0.25),
    ]


def test_a_ranking_draws_the_query_once_and_marks_the_inliers_in_both(results):
    figure = image_figures.draw_ranking(GREY, results)
    query, first, second = figure.axes
    dots = [axes.collections[0] for axes in (query, first, second)]
    assert [dot.get_offsets().tolist() for dot in dots] == [
        [[10, 10], [70, 30]],
        [[20, 20], [40, 40]],
        [],
    ]
    assert dots[0].get_array().tolist() == dots[1].get_array().tolist()  # the same colours
    alt = image_figures.show_ranking(GREY, results, name="castle").alt
    assert alt == (
        "The query castle and the first 2 images found. "
        "First comes town/a.png, with more than 10 inliers"
    )
    assert image_figures.show_ranking(GREY, []).alt == "The query the query. Nothing was found"
    assert "town" not in image_figures.show_ranking(GREY, results, first=7).alt


def test_a_figure_has_twice_the_pixels_that_the_page_shows(monkeypatch):
    images = image_figures.show_images([GREY, GREY], ["one", "two"])
    bars = image_figures.show_bars({"a": 1.0}, "x")
    shown = []
    monkeypatch.setattr(notebook_figure, "display", lambda *a, **k: shown.append((a, k)))
    for figure in (images, bars):
        assert figure.width == 900
        assert Image.open(io.BytesIO(figure.data)).width == 1800
        figure._ipython_display_()
        (_, picture), ((caption,), _) = shown[-2:]
        assert picture["metadata"] == {figure.mime: {"alt": figure.alt, "width": 900}}
        assert caption["text/markdown"] == f"*{figure.alt}.*"


def test_a_long_text_has_its_first_sentence_as_a_caption():
    figure = image_figures.png_figure(notebook_figure.new_figure(1), "First", "b" * 200)
    assert figure.caption == "First" and figure.alt == f"First. {'b' * 200}"


def test_long_titles_stay_inside_their_figure():
    figure = notebook_figure.new_figure(2)
    for place in (1, 2, 3):
        axes = figure.add_subplot(1, 3, place)
        axes.set_title("a title of many words that is far wider than a third of the figure")
    short = figure.axes[1].set_title("short")
    notebook_figure.pixels(figure)
    assert short.get_text() == "short"
    for axes in (figure.axes[0], figure.axes[2]):
        box = axes.title.get_window_extent()
        assert axes.title.get_text().count("\n") >= 1
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height


def test_signs_have_the_same_colours_in_every_map():
    colours = np.array([notebook_figure.SIGNED(value) for value in (0.25, 0.5, 0.75)])
    (below, zero, above) = colours[:, :3]
    assert below[2] > below[0] and above[0] > above[2] and zero.min() > 0.97
    figure = keypoint_figures.show_maps({"a": np.eye(20), "b": -np.eye(20)})
    assert "a, orange on 5% and blue on 0%; b, orange on 0% and blue on 5%" in figure.alt
