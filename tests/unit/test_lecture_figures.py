"""Figures of the lecture show what they are given: channels, regions, two panels of numbers."""

import io

import numpy as np
import pytest
from PIL import Image

from delf_lesson.classroom.explorers.grid_explorers import explore_pair
from delf_lesson.classroom.figures.lecture_figures import (
    outstanding_channel,
    paper_and_ours_figure,
    show_channels,
    show_paper_and_ours,
    show_regions,
)
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.receptive_field import DenseGrid
from delf_lesson.deep.weights import load_trained
from delf_lesson.features import LocalFeatures

CELLS = {
    "DIR": {"albion": {"map": 0.8, "map_interval": [0.7, 0.9]}, "albion+d": {"map": 0.7}},
    "LIFT": {"albion": {"map": 0.5, "map_interval": [0.4, 0.6]}},
}


def shown(figure) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(figure.data)).convert("RGB")).astype(int)


def features(xy, scales) -> LocalFeatures:
    count = len(xy)
    rows = np.ones((count, 1), np.float32)
    scores = np.arange(count, 0, -1, dtype=np.float32)
    return LocalFeatures(np.float32(xy), rows, scores, np.float32(scales), (64, 48))


@pytest.fixture
def grid() -> DenseGrid:
    """4 x 5 cells: channel 0 is the same everywhere, channel 1 rises at (1, 1), 2 at (3, 4)."""
    values = np.ones((4, 5, 3), np.float32)
    values[:, :, 1:] = 0.1
    values[1, 1, 1], values[3, 4, 2] = 2, 3
    rows = values.reshape(20, 3) / np.linalg.norm(values.reshape(20, 3), axis=1, keepdims=True)
    y, x = np.indices((4, 5)).reshape(2, -1)
    xy = np.stack([16 * x + 7.5, 16 * y + 7.5], axis=1).astype(np.float32)
    ones = np.ones(20, np.float32)
    return DenseGrid(LocalFeatures(xy, rows, ones, ones, (80, 64)), 4, 5, 16.0)


def test_the_channel_of_a_cell_is_the_one_that_stands_out_there(grid):
    assert outstanding_channel(grid, 1, 1) == 1
    assert outstanding_channel(grid, 3, 4) == 2
    image = np.full((64, 80, 3), 128, np.uint8)
    figure = show_channels(image, grid, [(1, 1), (3, 4)])
    assert figure.alt.startswith("Maps of 2 of the 3 numbers that a CNN gives for each cell. ")
    assert shown(figure).shape[1] == 2 * figure.width == 1800


def test_a_keypoint_of_twice_the_size_has_a_larger_circle():
    image = np.full((48, 64, 3), 128, np.uint8)
    inks = []
    for scale in (1.0, 0.5):
        figure = show_regions(image, {"one": features([(32, 24)], [scale])}, 1)
        red, _, blue = shown(figure)[120:].transpose(2, 0, 1)  # below the title
        rows, columns = np.nonzero(red - blue > 90)  # orange
        inks.append(np.ptp(columns))
        assert abs(rows.mean() + 120 - (shown(figure).shape[0] + 70) / 2) < 60
    assert 1.8 < inks[1] / inks[0] < 2.2


def test_the_best_keypoints_are_shown_and_counted():
    image = np.full((48, 64, 3), 128, np.uint8)
    few = features([(10, 10), (50, 40)], [1, 1])
    figure = show_regions(image, {"Harris": few, "DoG": few}, 1)
    assert figure.alt == (
        "The best keypoints of Harris and of DoG, as circles over one photo. "
        "Radii in pixels: Harris 4.8 and DoG 4.8"
    )
    one, both = (shown(show_regions(image, {"a": few}, count)) for count in (1, 2))
    assert np.abs(one - both)[600:].max() > 50  # the second keypoint, in the lower half


def test_a_system_that_was_not_measured_has_no_mark():
    left, right = paper_and_ours_figure(CELLS, "Oxf5k").axes
    paper, ours = (
        [dots.get_offsets().tolist() for dots in one.collections] for one in (left, right)
    )
    assert ours == [[[80, 0], [50, 5]], [[70, 0]]]  # in the order of the slide
    assert [len(dots) for dots in paper] == [8, 7] and paper[1][0] == [82.8, 0]
    assert [text.get_text() for text in right.texts][5] == "50.0 | –"
    whiskers = [line.get_xdata() for line in right.lines]
    assert np.allclose(whiskers, [[70, 90], [40, 60]])
    told = show_paper_and_ours(CELLS, "Oxf5k")
    assert told.caption == "mAP of the paper's systems on Oxf5k, and of ours"
    assert "DIR 86 and 80;" in told.alt and "LIFT 54 and 50" in told.alt
    with pytest.raises(ValueError, match="wanted Oxf5k or Par6k"):
        show_paper_and_ours(CELLS, "Oxf105k")


def test_two_photos_are_explored_from_their_dense_grids():
    extractor = Delf(load_trained("base").trunk)
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 255, (64, 96, 3)).astype(np.uint8) for _ in range(2))
    explorer = explore_pair(extractor, first, second)
    grid = extractor.dense(first)
    assert explorer.controls["row"].max == grid.rows - 1
    assert explorer.controls["column"].max == grid.columns - 1
    explorer.set(row=0, column=0)
    assert "Cell (0, 0)" in explorer.drawn.says
