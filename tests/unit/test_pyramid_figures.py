"""The figures of the image pyramid tell what they draw."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from delf_lesson.classroom.figures import pyramid_figures
from delf_lesson.classroom.figures.notebook_figure import BLUE, ORANGE
from delf_lesson.classroom.figures.pyramid_figures import show_pyramid, show_scales
from delf_lesson.features import LocalFeatures

GREY = np.full((60, 80, 3), 128, np.uint8)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were drawn, before they are encoded."""
    figures = []
    make = pyramid_figures.new_figure

    def keep(*size):
        figures.append(make(*size))
        return figures[-1]

    monkeypatch.setattr(pyramid_figures, "new_figure", keep)
    return figures


def test_the_field_shrinks_as_the_scale_grows(drawn):
    levels = {0.5: GREY[::2, ::2], 1: GREY, 2: GREY.repeat(2, 0).repeat(2, 1)}
    figure = show_pyramid(levels, (80, 60), (40, 30), 60)
    assert "120 at scale 0.5, 60 at scale 1 and 30 at scale 2" in figure.alt
    squares = [axes.patches[0] for axes in drawn[0].axes]
    assert [square.get_width() for square in squares[1:]] == [60, 30]
    assert [square.get_xy() for square in squares[1:]] == [(10, 0), (25, 15)]
    # At scale 0.5 the field holds the whole image, so the frame is the image's.
    assert (squares[0].get_width(), squares[0].get_height()) == (80, 60)
    assert [len(axes.texts) for axes in drawn[0].axes] == [1, 0, 0]


def test_each_kept_cell_is_a_tile_on_the_panel_of_its_scale(drawn):
    xy = np.array([[15.5, 15.5], [47.5, 15.5], [7.5, 7.5]], np.float32)
    scales = np.array([0.5, 0.5, 1], np.float32)
    features = LocalFeatures(xy, np.eye(3, dtype=np.float32), np.ones(3), scales, (80, 60))
    on = np.array([True, False, False])
    figure = show_scales(GREY, features, on, {0.5: 4, 1: 20}, 16)
    assert "best 3 cells" in figure.alt and "50% at scale 0.5 and 5% at scale 1" in figure.alt
    coarse, fine = (axes.collections[0] for axes in drawn[0].axes)
    sides = [np.ptp(path.vertices[:, 0]) for path in (coarse.get_paths()[0], fine.get_paths()[0])]
    assert sides == [32, 16] and len(coarse.get_paths()) == 2
    colours = [tuple(colour[:3]) for colour in coarse.get_facecolor()]
    assert colours == [to_rgb(BLUE), to_rgb(ORANGE)]
