"""Figures of lab 02: patches, orientation, the 128 numbers, matches right and wrong."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from delf_lesson.classical.keypoints import gradients
from delf_lesson.classical.sift import BINS, CELL_SAMPLES, CELLS, DIRECTIONS
from delf_lesson.classroom.figures.alternative_text import joined, plural, rounded
from delf_lesson.classroom.figures.image_figures import MOST_LINES, side_by_side
from delf_lesson.classroom.figures.keypoint_figures import bare_image
from delf_lesson.classroom.figures.notebook_figure import (
    BLUE,
    LOOK,
    ORANGE,
    NotebookFigure,
    jpeg_figure,
    new_figure,
    outline,
    png_figure,
)
from delf_lesson.images import Pixels

RIM = (CELLS + 1) * CELL_SAMPLES / 2  # samples from a descriptor patch's middle to its edge


def show_patches(rows: Mapping[str, Sequence[NDArray]], titles: Sequence[str]) -> NotebookFigure:
    """Grey patches in rows by their names, one column for each title; each has its own contrast."""
    with rc_context(LOOK):
        columns = len(titles)
        figure = new_figure(9.0 / max(columns, 5) * len(rows) + 0.4)
        for row, (name, patches) in enumerate(rows.items()):
            for column, patch in enumerate(patches):
                axes = figure.add_subplot(len(rows), columns, row * columns + column + 1)
                axes.imshow(patch, cmap="gray")
                axes.set(xticks=[], yticks=[])
                if row == 0:
                    axes.set_title(titles[column])
                if column == 0:
                    axes.set_ylabel(name)
        return jpeg_figure(
            figure,
            f"Grey patches in {plural(len(rows), 'row')} and {plural(columns, 'column')}",
            f"Columns: {joined(titles)}",
            f"Rows: {joined(rows)}",
        )


def show_on_image(
    image: Pixels, xy: NDArray, sigma: float, angle: float, title: str = ""
) -> NotebookFigure:
    """One keypoint on its image: the turned square of its descriptor, and its direction."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    half = 3 * sigma * CELLS / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half
    tip = xy + turn @ [half, 0]
    with rc_context(LOOK):
        figure = new_figure(5.2, 7.0)
        axes = figure.add_subplot()
        bare_image(axes, image, title)
        rim = outline(2)
        axes.plot(*(xy + corners @ turn.T).T, color=ORANGE, linewidth=2, path_effects=rim)
        axes.plot([xy[0], tip[0]], [xy[1], tip[1]], color=ORANGE, linewidth=2, path_effects=rim)
        degrees = round(float(np.degrees(angle)) % 360)
        x, y = (round(float(v)) for v in xy)
        return jpeg_figure(
            figure,
            f"A keypoint at ({x}, {y}) of the image, with the square of its descriptor and a line "
            "for its direction",
            f"The square's side is {rounded(2 * half)} pixels, and the direction is {degrees} "
            "degrees clockwise from the right",
        )


def draw_gradients(axes: Axes, patch: NDArray) -> None:
    """A patch (side, side) with its gradients as arrows, from dark to bright."""
    magnitude, angle = (part[0] for part in gradients(patch[None].astype(np.float32)))
    side = len(magnitude)
    place = np.arange(side)
    bare_image(axes, patch[1:-1, 1:-1], alpha=0.6)
    size = magnitude / max(float(magnitude.max()), 1e-9)
    axes.quiver(
        place,
        place,
        size * np.cos(angle),
        size * np.sin(angle),
        color=BLUE,
        angles="xy",
        scale_units="xy",
        scale=0.45,
        width=0.005,
    )


def show_orientation(patch: NDArray, histogram: NDArray, angles: NDArray) -> NotebookFigure:
    """A patch with its gradients, and the histogram of their angles (36,) with its peaks."""
    with rc_context(LOOK):
        figure = new_figure(3.9)
        draw_gradients(figure.add_subplot(1, 2, 1), patch)
        axes = figure.add_subplot(1, 2, 2)
        axes.bar(np.arange(BINS) * (360 / BINS), histogram / histogram.max(), width=8, color=BLUE)
        for angle in np.degrees(angles) % 360:
            axes.axvline(angle, color=ORANGE, linewidth=2)
        axes.axhline(0.8, color="black", linestyle="--", linewidth=1)
        axes.set(xticks=range(0, 361, 60), xlim=(-10, 360), ylim=(0, 1.03))
        axes.set_xlabel("angle of the gradient, degrees clockwise from the right")
        axes.set_ylabel("weight in the histogram")
        peaks = [f"{degrees:.0f}" for degrees in np.sort(np.degrees(angles) % 360)]
        return png_figure(
            figure,
            "A patch with its gradients as arrows, and the histogram of their angles",
            f"The histogram's peaks, over 0.8 of the highest, are at {joined(peaks)} degrees",
        )


def draw_cells(axes: Axes, patch: NDArray, descriptor: NDArray) -> None:
    """The 4x4 cells over their patch (22, 22), each with an arrow for each of its 8 numbers."""
    bare_image(axes, patch[1:-1, 1:-1], alpha=0.5, extent=(-RIM, RIM, RIM, -RIM))
    for line in (np.arange(CELLS + 1) - CELLS / 2) * CELL_SAMPLES:
        end = CELLS / 2 * CELL_SAMPLES
        axes.plot([line, line], [-end, end], color="black", linewidth=0.8)
        axes.plot([-end, end], [line, line], color="black", linewidth=0.8)
    middles = (np.arange(CELLS) - (CELLS - 1) / 2) * CELL_SAMPLES
    angle = -np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)  # counter-clockwise, y down
    length = descriptor.reshape(CELLS, CELLS, DIRECTIONS) / descriptor.max() * CELL_SAMPLES * 0.55
    rim = [Stroke(linewidth=2.1, foreground="black"), Normal()]  # thin: the arrows are close
    for row, y in enumerate(middles):
        for column, x in enumerate(middles):
            ends = length[row, column, :, None] * np.c_[np.cos(angle), np.sin(angle)] + [x, y]
            for end_x, end_y in ends:
                axes.plot(
                    [x, end_x],
                    [y, end_y],
                    color=ORANGE,
                    linewidth=1.5,
                    path_effects=rim,
                )


def draw_numbers(axes: Axes, descriptor: NDArray, title: str = "") -> None:
    """The 128 numbers as bars, a line between one row of cells and the next."""
    axes.bar(np.arange(len(descriptor)), descriptor, color=BLUE, width=1)
    for cell_row in range(1, CELLS):
        axes.axvline(cell_row * CELLS * DIRECTIONS - 0.5, color="black", linewidth=0.6)
    axes.set(title=title, xlim=(-1, len(descriptor)), ylim=(0, 0.4))


def show_descriptor(patch: NDArray, descriptor: NDArray) -> NotebookFigure:
    """A patch, its gradients, its 4x4 cells, and its 128 numbers."""
    with rc_context(LOOK):
        figure = new_figure(5.4)
        grid = figure.add_gridspec(2, 3, height_ratios=[1.7, 1])
        bare_image(figure.add_subplot(grid[0, 0]), patch[1:-1, 1:-1], "the upright patch")
        axes = figure.add_subplot(grid[0, 1])
        draw_gradients(axes, patch)
        axes.set_title("its gradients")
        axes = figure.add_subplot(grid[0, 2])
        draw_cells(axes, patch, descriptor)
        axes.set_title("4x4 cells of 8 directions")
        draw_numbers(figure.add_subplot(grid[1, :]), descriptor, "the 128 numbers")
        small = np.mean(descriptor < 0.05)
        return jpeg_figure(
            figure,
            "An upright patch, its gradients, its 4x4 cells of 8 directions, and its "
            f"{len(descriptor)} numbers as bars",
            f"The largest number is {rounded(float(descriptor.max()))}, and "
            f"{rounded(100 * float(small))}% of the numbers are below 0.05",
        )


def show_descriptors(
    patches: Sequence[NDArray], descriptors: Sequence[NDArray], titles: Sequence[str]
) -> NotebookFigure:
    """Descriptors below each other, each beside its patch and cells."""
    with rc_context(LOOK):
        figure = new_figure(1.75 * len(patches))
        grid = figure.add_gridspec(len(patches), 2, width_ratios=[1, 4.6])
        for row, (patch, descriptor) in enumerate(zip(patches, descriptors, strict=True)):
            draw_cells(figure.add_subplot(grid[row, 0]), patch, descriptor)
            draw_numbers(figure.add_subplot(grid[row, 1]), descriptor, titles[row])
        apart = [float(np.linalg.norm(other - descriptors[0])) for other in descriptors[1:]]
        told = (f"{title} {rounded(far)}" for title, far in zip(titles[1:], apart, strict=True))
        return jpeg_figure(
            figure,
            f"{len(patches)} descriptors as bars, each beside its patch: {joined(titles)}",
            f"Distances to the first: {joined(told)}" if apart else "",
        )


def show_judged_matches(
    first: Pixels, second: Pixels, lines: NDArray, right: NDArray, title: str = ""
) -> NotebookFigure:
    """Matches (N, 4), `(x, y)` of the first image and of the second; wrong ones are dashed."""
    canvas, left_scale, right_scale, start = side_by_side(first, second, 600)
    shown = np.unique(np.linspace(0, len(lines) - 1, min(len(lines), MOST_LINES)).astype(int))
    with rc_context(LOOK):
        figure = new_figure(4.3)
        axes = figure.add_subplot()
        bare_image(axes, canvas, title)
        for x0, y0, x1, y1, is_right in np.c_[lines, right][shown]:
            axes.plot(
                [x0 * left_scale, x1 * right_scale + start],
                [y0 * left_scale, y1 * right_scale],
                "o-" if is_right else "x--",
                color=BLUE if is_right else ORANGE,
                linewidth=0.9,
                markersize=3,
                path_effects=outline(0.9, "black" if not is_right else "white"),
            )
        axes.plot([], [], "o-", color=BLUE, label="right")
        axes.plot([], [], "x--", color=ORANGE, label="wrong")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        count, wrong = (rounded(int(np.sum(kind))) for kind in (right, ~np.asarray(right, bool)))
        what = title or "Matches of two images"
        return jpeg_figure(figure, f"{what}, as lines: {count} right and {wrong} wrong")
