"""Explorers redraw when a slider moves, say what went wrong, and mark what they are asked to."""

import cv2
import numpy as np
import pytest

from delf_lesson.classroom import deep_figures
from delf_lesson.classroom.explorers import (
    Explorer,
    LiveLoss,
    draw_similarity,
    draw_top,
    explore_similarity,
    explore_top,
)
from delf_lesson.deep.cells import Dense
from delf_lesson.features import LocalFeatures


def decoded(data: bytes):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]


@pytest.fixture
def grid():
    """Six cells of three directions over an image of 96 x 64."""
    rows = np.eye(3)[[0, 1, 2, 0, 1, 1]]
    x, y = np.meshgrid([16, 48, 80], [16, 48])
    xy = np.stack([x.ravel(), y.ravel()], axis=1)
    return Dense(LocalFeatures(xy, rows, np.arange(6), np.ones(6), (96, 64)), 2, 3, 32)


def test_a_moved_slider_changes_the_picture():
    def draw(level: int):
        return np.full((20, 30, 3), level, np.uint8)

    explorer = Explorer(draw, {"level": ("grey level", 0, 255, 40)}, "a grey picture")
    assert abs(decoded(explorer.picture.value).mean() - 40) < 2
    explorer.sliders["level"].value = 200
    assert abs(decoded(explorer.picture.value).mean() - 200) < 2
    assert explorer.sliders["level"].description == "grey level"
    assert repr(explorer) == "a grey picture"


def test_an_error_is_shown_and_leaves_when_it_is_over():
    def draw(divisor: int):
        return np.full((4, 4, 3), 100 // divisor, np.uint8)

    explorer = Explorer(draw, {"divisor": ("divisor", 0, 9, 5)}, "a quotient")
    before = explorer.picture.value
    explorer.sliders["divisor"].value = 0
    assert "ZeroDivisionError" in explorer.message.value and explorer.picture.value == before
    explorer.sliders["divisor"].value = 4
    assert explorer.message.value == ""


def test_markup_in_an_error_is_shown_as_text():
    def draw(value: int):
        raise ValueError("<img src=x> & more")

    explorer = Explorer(draw, {"value": ("value", 0, 1, 0)}, "nothing")
    assert "&lt;img src=x&gt; &amp; more" in explorer.message.value


def test_overlays_are_brightest_where_the_map_is_highest():
    image = np.full((64, 96, 3), 128, np.uint8)
    painted = deep_figures.overlay(image, np.tile([0.0, 0.5, 1.0], (2, 1)), 0, 1, cell=32)
    assert painted.shape == image.shape
    left, middle, right = (painted[:, x].mean() for x in (16, 48, 80))
    assert left < middle < right
    assert (painted[:, :32] == painted[0, 0]).all()  # a cell is one block, nothing smoothed over


def test_blocks_of_an_overlay_lie_where_their_cells_are():
    """Three rows of 16 pixels and one of 4: the last is cut off, and none is stretched."""
    image = np.full((52, 40, 3), 128, np.uint8)
    values = np.arange(12.0).reshape(4, 3)
    painted = deep_figures.overlay(image, values, 0, 11)
    edges = np.flatnonzero((np.diff(painted[:, 0].astype(int), axis=0) != 0).any(axis=1)) + 1
    assert edges.tolist() == [16, 32, 48]
    halved = deep_figures.overlay(image, values[:2, :2], 0, 3, cell=32)
    across = np.flatnonzero((np.diff(halved[0].astype(int), axis=0) != 0).any(axis=1)) + 1
    assert across.tolist() == [32]


def test_similarity_marks_the_cell_and_lights_its_kin(grid):
    image = np.full((64, 96, 3), 128, np.uint8)
    drawn = draw_similarity(image, grid, image, grid, 0, 1)
    half = drawn.shape[1] // 2
    scale = drawn.shape[0] / 64
    there = drawn[:, half + 8 :].astype(float).mean(axis=2)

    def at(x, y):
        return there[round(y * scale), round(x * scale)]

    assert min(at(48, 16), at(48, 52), at(78, 52)) > max(at(12, 16), at(78, 12), at(12, 52)) + 30
    black = (drawn[:, : half - 8] == 0).all(axis=2)
    y, x = np.argwhere(black).mean(axis=0) / scale
    assert (x, y) == pytest.approx((48, 16), abs=1.5)
    explorer = explore_similarity(image, grid, image, grid)
    assert explorer.sliders["row"].max == 1 and explorer.sliders["column"].max == 2


def test_top_draws_the_best_and_counts_them(grid):
    image = np.full((64, 96, 3), 128, np.uint8)
    on = np.array([True, True, True, False, False, True])
    one, three = (draw_top(image, grid.features, on, count) for count in (1, 3))
    blue, orange = np.array([0, 114, 178]), np.array([230, 159, 0])

    def painted(picture, colour):
        return np.argwhere((picture == colour).all(axis=2)).mean(axis=0)

    scale = one.shape[1] / 96
    y, x = painted(one, blue)  # the best is the last cell, at (80, 48), below a banner of 34
    assert (x / scale, (y - 34) / scale) == pytest.approx((80, 48), abs=1)
    assert not (one == orange).all(axis=2).any() and (three == orange).all(axis=2).any()
    explorer = explore_top(image, grid.features, on, "score")
    assert explorer.sliders["count"].max == 6


def test_a_live_loss_redraws_with_every_epoch():
    live = LiveLoss(3, 2.3)
    seen = [live.picture.value]
    for loss in (2.3, 1.5, 1.0):
        live.add(loss)
        seen.append(live.picture.value)
    assert len(set(seen)) == 4 and live.losses == [2.3, 1.5, 1.0]
