"""What explorers draw with: marks on their places, bars of their heights, frames with dashes."""

import numpy as np
import pytest

from delf_lesson.classroom.explorers import drawing
from delf_lesson.classroom.explorers.drawing import BLUE, GREY, ORANGE, WHITE
from delf_lesson.classroom.figures import deep_figures


def is_colour(canvas, colour):
    return (canvas == np.array(colour)).all(axis=2)


@pytest.mark.parametrize("kind", ["cross", "tilted cross", "ring"])
def test_marks_are_centred_on_their_points(kind):
    canvas = np.full((60, 90, 3), 100, np.uint8)
    drawing.marks(canvas, np.array([[20.4, 30.0], [70.0, 25.6]]), kind, ORANGE, 9)
    for x, y in ((20, 30), (70, 26)):
        part = is_colour(canvas, ORANGE)[:, x - 12 : x + 13]
        rows, columns = np.nonzero(part)
        assert (rows.mean(), columns.mean()) == pytest.approx((y, 12), abs=0.6)
    assert is_colour(canvas, WHITE).any()  # a rim, for dark pictures


def test_marks_at_the_edge_are_cut_off():
    canvas = np.full((20, 20, 3), 100, np.uint8)
    drawing.marks(canvas, np.array([[0, 0], [19, 19], [-30, 50]]), "cross", BLUE)
    assert is_colour(canvas, BLUE)[0, 0] and is_colour(canvas, BLUE)[19, 19]
    drawing.marks(canvas, np.zeros((0, 2)), "ring", BLUE)


def test_bars_are_as_high_as_their_values():
    canvas = drawing.bars(np.array([0.0, 0.5, 1.0, 2.0]), (80, 102), 1.0, marked=[1])
    heights = [
        (is_colour(canvas, BLUE) | is_colour(canvas, ORANGE))[:, x].sum() for x in (5, 25, 45, 65)
    ]
    assert heights == pytest.approx([1, 51, 101, 101], abs=1)
    assert is_colour(canvas, ORANGE)[:, 20:38].any() and not is_colour(canvas, ORANGE)[:, 40:].any()


def test_pictures_stand_beside_and_above_each_other():
    small, tall = np.zeros((10, 20, 3), np.uint8), np.zeros((30, 5, 3), np.uint8)
    row = drawing.beside(small, tall)
    assert row.shape == (30, 20 + drawing.GAP + 5, 3) and (row[10:, :20] == 255).all()
    column = drawing.above(small, tall)
    assert column.shape == (10 + drawing.GAP + 30, 20, 3) and (column[-30:, 5:] == 255).all()
    assert drawing.titled(small, "a title").shape == (10 + drawing.TITLE, 20, 3)
    assert (drawing.titled(drawing.white(10, 200), "a title") < 128).any()


def test_a_dashed_frame_is_told_from_a_whole_one_without_colour():
    image = np.full((50, 60, 3), 90, np.uint8)
    whole, dashed = (drawing.framed(image, GREY, dash) for dash in (False, True))
    assert not is_colour(whole, WHITE).any() and is_colour(dashed, WHITE).sum() > 200
    assert (whole[4:-4, 4:-4] == 90).all() and (image == 90).all()


def test_signs_have_colours_and_nothing_is_white():
    shown = drawing.signed(np.array([[-1.0, 0.0, 1.0]]), 1.0)
    assert [tuple(v) for v in shown[0]] == [BLUE, WHITE, ORANGE]


def test_a_path_and_a_ring_lie_where_they_are_asked_to():
    canvas = drawing.white(50, 50)
    drawing.path(canvas, np.array([[10, 10], [40, 10]]), ORANGE, 3)
    assert is_colour(canvas, ORANGE)[10, 12:38].all() and (canvas[:7] == 255).all()
    drawing.ring(canvas, (25, 30), 10, BLUE, 2, rim=False)
    near = np.hypot(*(np.indices((50, 50)) - [[[30]], [[25]]]))
    assert abs(near[is_colour(canvas, BLUE)] - 10).max() < 2


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
