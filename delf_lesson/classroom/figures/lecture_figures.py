"""Figures that only the lecture shows: two detectors, channels of a CNN, the paper beside ours."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delf_lesson.classical.scale_space import BASE_SIGMA
from delf_lesson.classroom.figures.alternative_text import joined, rounded
from delf_lesson.classroom.figures.deep_figures import draw_mark, overlay
from delf_lesson.classroom.figures.keypoint_figures import bare_image
from delf_lesson.classroom.figures.notebook_figure import (
    BLUE,
    LOOK,
    ORANGE,
    NotebookFigure,
    colour_bar,
    jpeg_figure,
    new_figure,
    png_figure,
)
from delf_lesson.deep.receptive_field import DenseGrid
from delf_lesson.evaluation.table import PAPER_MAP, PAPER_SETS
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels

LARGE = LOOK | {"font.size": 12, "axes.titlesize": 12}  # read from the last row


def show_regions(
    image: Pixels, detected: Mapping[str, LocalFeatures], count: int
) -> NotebookFigure:
    """The best `count` keypoints of each detector, each with the circle that it describes.

    Slide "Recap: Keypoint". detected: features by the detector's name, best first. The radius is
    three times the keypoint's sigma.
    """
    with rc_context(LARGE):
        width = 9.0 / len(detected)
        figure = new_figure(width * image.shape[0] / image.shape[1] + 0.35)
        for place, (name, features) in enumerate(detected.items(), start=1):
            axes = figure.add_subplot(1, len(detected), place)
            best = features.top(count)
            bare_image(axes, image, f"{name}: {len(best)} of {len(features)} keypoints")
            points = 72 * width / image.shape[1]  # of the figure, per pixel of the image
            sizes = (2 * 3 * BASE_SIGMA / best.scales * points) ** 2
            x, y = best.xy.T
            for colour, line in (("black", 2.8), (ORANGE, 1.4)):
                axes.scatter(x, y, s=sizes, facecolors="none", edgecolors=colour, lw=line)
            axes.set_xlim(-0.5, image.shape[1] - 0.5)
            axes.set_ylim(image.shape[0] - 0.5, -0.5)
        radii = []
        for name, features in detected.items():
            reach = 3 * BASE_SIGMA / features.top(count).scales
            ends = [rounded(float(end)) for end in (reach.min(), reach.max())]
            same = ends[0] == ends[1]
            radii.append(f"{name} {ends[0] if same else ' to '.join(ends)}")
        names = " and of ".join(detected)
        return jpeg_figure(
            figure,
            f"The best keypoints of {names}, as circles over one photo",
            f"Radii in pixels: {joined(radii)}",
        )


def show_channels(
    image: Pixels, grid: DenseGrid, cells: Sequence[tuple[int, int]]
) -> NotebookFigure:
    """For each cell (row, column) the channel that stands out there, as a map over the image.

    Slide "How about deep feature?". Each map is drawn from its lowest to its highest value, with a
    cross at its cell.
    """
    values = grid.features.descriptors
    with rc_context(LARGE):
        figure = new_figure(9.0 / len(cells) * image.shape[0] / image.shape[1] + 0.35)
        for place, (row, column) in enumerate(cells, start=1):
            channel = outstanding_channel(grid, row, column)
            one = values[:, channel].reshape(grid.rows, grid.columns)
            axes = figure.add_subplot(1, len(cells), place)
            shown = overlay(image, one, float(one.min()), float(one.max()), grid.spacing)
            bare_image(axes, shown, f"number {channel + 1} of {values.shape[1]}")
            colour_bar(axes, (float(one.min()), float(one.max())), "cividis")
            x, y = grid.features.xy[grid.cell(row, column)]
            draw_mark(axes, (float(x), float(y)))
        return jpeg_figure(
            figure,
            f"Maps of {len(cells)} of the {values.shape[1]} numbers that a CNN gives for each cell",
            "A cross marks the cell where the number stands out; yellow is high",
        )


def outstanding_channel(grid: DenseGrid, row: int, column: int) -> int:
    """The channel that is highest around a cell, in standard deviations above its mean.

    The cell and its eight neighbours count together.
    """
    values = grid.features.descriptors
    above = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    maps = above.reshape(grid.rows, grid.columns, -1)
    near = maps[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return int(near.mean(axis=(0, 1)).argmax())


def show_paper_and_ours(cells: Mapping[str, Mapping[str, Any]], paper_set: str) -> NotebookFigure:
    """`paper_and_ours_figure` for a notebook."""
    figure = paper_and_ours_figure(cells, paper_set)
    told = []
    for name, row in PAPER_MAP.items():
        pair = row[list(PAPER_SETS).index(paper_set)], _percent(cells, name, PAPER_SETS[paper_set])
        paper, ours = ("unknown" if value is None else f"{value:.0f}" for value in pair)
        told.append(f"{name} {paper} and {ours}")
    return png_figure(
        figure,
        f"mAP of the paper's systems on {paper_set}, and of ours",
        f"In percent, the paper's and ours: {'; '.join(told)}",
    )


def paper_and_ours_figure(cells: Mapping[str, Mapping[str, Any]], paper_set: str) -> Figure:
    """mAP of the paper's systems: the paper's numbers on the left, ours on the right.

    Slide "mAP Result". cells: of our table, by system and set. paper_set: "Oxf5k" or "Par6k"; the
    set with distractors is drawn beside it. Whiskers are 95% intervals without distractors; the
    paper has none. The panels don't share values, because photos, networks and training sets
    differ. Raises ValueError for another set.
    """
    names = list(PAPER_SETS)
    if paper_set not in names[::2]:
        raise ValueError(f"paper_set is {paper_set!r}; wanted {names[0]} or {names[2]}")
    first = names.index(paper_set)
    labels = (names[first], names[first + 1])
    town = PAPER_SETS[paper_set]
    with rc_context(LARGE):
        figure = new_figure(4.3)
        left, right = figure.subplots(1, 2, sharey=True)
        paper = {name: row[first : first + 2] for name, row in PAPER_MAP.items()}
        _draw_pairs(left, paper, labels, "the paper's numbers, photos")
        ours = {
            name: tuple(_percent(cells, name, PAPER_SETS[label]) for label in labels)
            for name in PAPER_MAP
        }
        _draw_pairs(right, ours, (town.title(), f"{town.title()}+D"), "ours, rendered images")
        for y, name in enumerate(PAPER_MAP):
            if town in cells.get(name, {}):
                ends = [100 * end for end in cells[name][town]["map_interval"]]
                right.plot(ends, [y, y], color=BLUE, linewidth=1.2, marker="|", zorder=1)
        left.set_yticks(range(len(PAPER_MAP)), list(PAPER_MAP))
        left.invert_yaxis()
        return figure


def _percent(cells: Mapping[str, Mapping[str, Any]], name: str, column: str) -> float | None:
    measured = cells.get(name, {}).get(column)
    return None if measured is None else 100 * measured["map"]


def _draw_pairs(
    axes: Axes,
    rows: Mapping[str, tuple[float | None, ...]],
    labels: tuple[str, str],
    title: str,
) -> None:
    """A row for each system: a circle without distractors, a square with them, and both numbers."""
    for y, values in enumerate(rows.values()):
        told = [f"{value:.1f}" if value is not None else "–" for value in values]
        axes.text(102, y, " | ".join(told), va="center", fontsize=11)
    for place, (marker, colour) in enumerate((("o", BLUE), ("s", ORANGE))):
        known = [(row[place], y) for y, row in enumerate(rows.values()) if row[place] is not None]
        points = np.array(known, float).reshape(-1, 2)
        style: dict[str, Any] = {"color": colour, "marker": marker, "edgecolors": "black"}
        axes.scatter(points[:, 0], points[:, 1], s=55, label=labels[place], **style)
    axes.set(xlim=(30, 100), xlabel="mAP, %", title=title)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower left", fontsize=10)
