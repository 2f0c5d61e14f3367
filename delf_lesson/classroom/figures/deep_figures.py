"""Figures of labs 03 to 05: grids, similarity and score maps, neighbours, selections."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from delf_lesson.classroom.figures.alternative_text import counted, course, joined, plural, rounded
from delf_lesson.classroom.figures.keypoint_figures import bare_image
from delf_lesson.classroom.figures.notebook_figure import (
    BLUE,
    LOOK,
    ORANGE,
    NotebookFigure,
    colour_bar,
    jpeg_figure,
    new_figure,
    outline,
    png_figure,
)
from delf_lesson.classroom.figures.retrieval_figures import draw_curves, styles
from delf_lesson.images import Pixels


def show_grid(image: Pixels, xy: NDArray, boxes: NDArray) -> NotebookFigure:
    """A grid's centres (N, 2) over its image, and the squares (K, 4) that chosen cells can see."""
    with rc_context(LOOK):
        figure = new_figure(3.6)
        axes = figure.add_subplot(1, 2, 1)
        bare_image(axes, image, f"{len(xy)} cells, one descriptor each")
        axes.plot(*xy.T, ".", color=ORANGE, markersize=3, mec="black", mew=0.3)
        axes = figure.add_subplot(1, 2, 2)
        bare_image(axes, image, f"what {len(boxes)} of them can see")
        for (x0, y0, x1, y1), (colour, style) in zip(boxes, styles(len(boxes)), strict=True):
            square = Rectangle(
                (x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=colour, linewidth=2
            )
            square.set_path_effects(outline(2, "white"))
            axes.add_patch(square)
            axes.plot(
                (x0 + x1) / 2, (y0 + y1) / 2, style[0], color=colour, markersize=7, mec="white"
            )
        for axes in figure.axes:
            axes.set_xlim(-0.5, image.shape[1] - 0.5)
            axes.set_ylim(image.shape[0] - 0.5, -0.5)
        wide = joined(dict.fromkeys(f"{x1 - x0:.0f}" for x0, _, x1, _ in boxes))
        high, across = image.shape[:2]
        return jpeg_figure(
            figure,
            f"The centres of {len(xy)} cells over an image of {across} x {high} pixels",
            f"{plural(len(boxes), 'square')} show what chosen cells can see, {wide} pixels wide",
        )


def overlay(image: Pixels, values: NDArray, low: float, high: float, cell: float = 16) -> Pixels:
    """A map (h, w) laid over its image (H, W, 3): brighter and yellower where it is higher.

    cell: pixels of the image for each value: 16 divided by the pyramid's scale. Values are blocks,
    so that nobody takes the grid for something finer; the last blocks may be cut off.
    """
    share = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    rows, columns = (
        np.minimum((np.arange(side) + 0.5) // cell, count - 1).astype(int)
        for side, count in zip(image.shape[:2], values.shape, strict=True)
    )
    blocks = (255 * share).astype(np.uint8)[rows][:, columns]
    colours = cv2.applyColorMap(blocks, cv2.COLORMAP_CIVIDIS)[:, :, ::-1]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None].repeat(3, axis=2)
    return cv2.addWeighted(grey, 0.35, np.ascontiguousarray(colours), 0.65, 0)


def show_overlays(
    images: Sequence[Pixels],
    maps: Sequence[NDArray],
    titles: Sequence[str],
    mark: tuple[float, float] | None = None,
    ends: tuple[float, float] | None = None,
    columns: int = 3,
    cell: float = 16,
) -> NotebookFigure:
    """Maps (h, w) over their images, from `ends`, or from the lowest to the highest of each map.

    cell: see `overlay`. mark: `(x, y)` of the query cell in the first image.
    """
    rows = -(-len(images) // columns)
    with rc_context(LOOK):
        tallest = max(image.shape[0] / image.shape[1] for image in images)
        figure = new_figure((9.0 / columns * tallest + 0.3) * rows)
        for place, (image, values, title) in enumerate(zip(images, maps, titles, strict=True)):
            axes = figure.add_subplot(rows, columns, place + 1)
            low, high = ends or (float(values.min()), float(values.max()))
            bare_image(axes, overlay(image, values, low, high, cell), title)
            if values.dtype != bool:
                colour_bar(axes, (low, high), "cividis")
            if place == 0 and mark is not None:
                draw_mark(axes, mark)
        scale = f" from {ends[0]:g} to {ends[1]:g}" if ends else ""
        return jpeg_figure(
            figure,
            f"{plural(len(maps), 'map')} over images: {counted(titles)}",
            f"Yellow is high and dark blue is low{scale}",
            "A cross marks the cell in question" if mark is not None else "",
        )


def draw_mark(axes: Axes, xy: tuple[float, float]) -> None:
    """A cross that is visible on bright and on dark images."""
    axes.plot(*xy, "+", color="white", markersize=16, markeredgewidth=5)
    axes.plot(*xy, "+", color="black", markersize=14, markeredgewidth=2)


def draw_selected(axes: Axes, image: Pixels, xy: NDArray, on: NDArray, title: str = "") -> None:
    """Keypoints (N, 2) over their image: blue circles on the landmark, orange crosses off it."""
    bare_image(axes, image, title)
    look: dict[str, Any] = {"markersize": 5, "markeredgewidth": 1.2}
    bright, dark = outline(1, "white"), outline(1)
    axes.plot(*xy[on].T, "o", color=BLUE, markerfacecolor="none", path_effects=bright, **look)
    axes.plot(*xy[~on].T, "x", color=ORANGE, path_effects=dark, **look)
    axes.set_xlim(-0.5, image.shape[1] - 0.5)
    axes.set_ylim(image.shape[0] - 0.5, -0.5)


def show_selected(
    image: Pixels, selected: Mapping[str, tuple[NDArray, NDArray]], columns: int = 2
) -> NotebookFigure:
    """The keypoints that several methods select in one image, by their titles.

    selected: points (N, 2) and whether each is on the landmark (N,).
    """
    rows = -(-len(selected) // columns)
    with rc_context(LOOK):
        height = 9.0 / columns * image.shape[0] / image.shape[1] * 0.95 + 0.3
        figure = new_figure(height * rows + 0.5)  # titles above, the legend below
        for place, (title, (xy, on)) in enumerate(selected.items(), start=1):
            axes = figure.add_subplot(rows, columns, place)
            draw_selected(axes, image, xy, on, f"{title}: {on.mean():.0%} on the landmark")
        axes.plot([], [], "o", color=BLUE, markerfacecolor="none", label="on the landmark")
        axes.plot([], [], "x", color=ORANGE, label="off it")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        told = (f"{name} {rounded(100 * float(on.mean()))}%" for name, (_, on) in selected.items())
        counts = (f"{rounded(len(on))} of {name}" for name, (_, on) in selected.items())
        return jpeg_figure(
            figure,
            f"Keypoints over one image: {joined(counts)}",
            f"On the landmark: {joined(told)}",
        )


def show_stages(stages: Sequence[tuple[str, Pixels, NDArray | None]]) -> NotebookFigure:
    """The stages of a method: by title, the image drawn, and points (N, 2) over it."""
    columns = 3
    rows = -(-len(stages) // columns)
    with rc_context(LOOK):
        shape = stages[0][1].shape
        figure = new_figure((9.0 / columns * shape[0] / shape[1] + 0.3) * rows)
        for place, (title, image, xy) in enumerate(stages, start=1):
            axes = figure.add_subplot(rows, columns, place)
            bare_image(axes, image, title)
            if xy is not None:
                axes.plot(*xy.T, "o", color=ORANGE, markersize=2.8, mec="black", mew=0.4)
                axes.set_xlim(-0.5, image.shape[1] - 0.5)
                axes.set_ylim(image.shape[0] - 0.5, -0.5)
        told = (
            title if xy is None else f"{title} ({plural(len(xy), 'point')})"
            for title, _, xy in stages
        )
        return jpeg_figure(figure, f"{plural(len(stages), 'stage')} over one image: {joined(told)}")


def around(image: Pixels, xy: NDArray, radius: int) -> Pixels:
    """The image within a radius of the points (N, 2), and pale elsewhere."""
    near = np.zeros(image.shape[:2], np.uint8)
    for x, y in np.rint(xy).astype(int).tolist():
        cv2.circle(near, (x, y), radius, 1, -1)
    pale = cv2.addWeighted(image, 0.2, np.full_like(image, 255), 0.8, 0)
    return np.where(near[:, :, None] == 1, image, pale)


def show_neighbours(
    rows: Mapping[str, tuple[Pixels, Sequence[Pixels], Sequence[bool]]], told: bool = True
) -> NotebookFigure:
    """The patch of each cell and the patches of its nearest cells, framed by right or wrong.

    rows: by name, the query patch, the nearest patches, nearest first, and which are right.
    told: whether the alternative text counts the right patches; False for networks trained in the
        notebook, which differ from processor to processor.
    """
    with rc_context(LOOK):
        columns = 1 + max(len(patches) for _, patches, _ in rows.values())
        figure = new_figure((9.0 / columns + 0.1) * len(rows) + 0.3)
        for row, (name, (query, patches, right)) in enumerate(rows.items()):
            for column, patch in enumerate([query, *patches]):
                axes = figure.add_subplot(len(rows), columns, row * columns + column + 1)
                axes.imshow(patch)
                axes.set(xticks=[], yticks=[])
                if column == 0:
                    axes.set_ylabel(name)
                    continue
                for spine in axes.spines.values():
                    spine.set(
                        visible=True,
                        linewidth=3,
                        color=BLUE if right[column - 1] else ORANGE,
                        linestyle="-" if right[column - 1] else "--",
                    )
        counts = (f"{name}, {sum(map(bool, r))} of {len(r)}" for name, (_, _, r) in rows.items())
        return jpeg_figure(
            figure,
            f"A patch and its {columns - 1} nearest patches in each row: {joined(rows)}",
            f"Right neighbours: {'; '.join(counts)}" if told else "",
        )


def show_curves(
    x: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    labels: tuple[str, str],
    log: bool = False,
    told: int = 2,
) -> NotebookFigure:
    """Curves from 0 to 1 over x; labels: of both axes.

    told: significant digits in the alternative text; 0 for times, which differ from run to run.
    """
    with rc_context(LOOK):
        figure = new_figure(3.6, 7.5)
        axes = figure.add_subplot()
        draw_curves(axes, x, curves)
        if log:
            axes.set_xscale("log")
            axes.set_xticks(x, [f"{value:g}" for value in x])
            axes.minorticks_off()
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        values = list(x)
        courses = (f"{name} {course(y, told)}" for name, y in curves.items()) if told else ()
        return png_figure(
            figure,
            f"Curves of {labels[1]}, over {labels[0]} from {values[0]:g} to {values[-1]:g}: "
            f"{joined(curves)}",
            "; ".join(courses),
        )


def show_loss(losses: Mapping[str, Sequence[float]], chance: float) -> NotebookFigure:
    """Cross-entropy after every epoch, and of guessing: the logarithm of the number of classes.

    The alternative text tells coarse steps, since the last digits of a loss differ from processor
    to processor.
    """
    steps = ((0.1, "a tenth"), (0.25, "a quarter"), (0.5, "half"), (1, "the value"))
    ends = []
    for name, values in losses.items():
        below = [word for share, word in steps if values[-1] < share * chance]
        end = f"below {below[0]} of guessing" if below else "no better than guessing"
        ends.append(f"{name} ends {end} after {plural(len(values), 'epoch')}")
    return png_figure(
        loss_figure(losses, chance),
        f"Cross-entropy over epochs, and of guessing ({rounded(chance)})",
        "; ".join(ends),
    )


def loss_figure(
    losses: Mapping[str, Sequence[float]],
    chance: float,
    epochs: int | None = None,
    step: str = "epoch",
) -> Figure:
    """The figure of `show_loss`; epochs: their final number, while the training runs.

    step: the name of the x axis.
    """
    with rc_context(LOOK):
        figure = new_figure(3.4, 7.5)
        axes = figure.add_subplot()
        for (name, values), (colour, style) in zip(
            losses.items(), styles(len(losses)), strict=True
        ):
            done = np.arange(1, len(values) + 1)
            axes.plot(done, values, style, color=colour, label=name, markersize=4)
        axes.axhline(chance, color="black", linewidth=1, linestyle="--", label="guessing")
        axes.set(xlabel=step, ylabel="cross-entropy", ylim=(0, None))
        if epochs:
            axes.set_xlim(0.5, epochs + 0.5)
        axes.grid(alpha=0.3)
        axes.legend()
        return figure
