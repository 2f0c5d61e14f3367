"""Figures of the image pyramid: what a cell can see at each scale, and which cells are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from delf_lesson.classroom.figures.alternative_text import joined, plural, rounded
from delf_lesson.classroom.figures.keypoint_figures import bare_image
from delf_lesson.classroom.figures.notebook_figure import (
    BLUE,
    LOOK,
    ORANGE,
    NotebookFigure,
    jpeg_figure,
    new_figure,
    outline,
)
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels

COLUMNS = 4
MARGIN = 0.16  # around the images, as a share of their width


def show_pyramid(
    levels: Mapping[float, Pixels], size: tuple[int, int], centre: tuple[float, float], field: int
) -> NotebookFigure:
    """An image at every scale, and the square that the cell at one point can see.

    levels: by scale, the resized image; all are drawn equally large, so that coarse levels show
    their pixels. size: `(width, height)` of the original image. centre: `(x, y)` of the cells, in
    pixels of the original image. field: the receptive field in pixels of the resized image.
    """
    with rc_context(LOOK):
        figure = new_figure(_height(len(levels), size[1] / size[0]))
        for axes, (scale, level) in zip(_panels(figure, len(levels)), levels.items(), strict=True):
            bounds = (-0.5, size[0] - 0.5, size[1] - 0.5, -0.5)
            axes.imshow(level, extent=bounds, interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(f"scale {scale:.2g}: {field / scale:.0f} pixels")
            _draw_field(axes, size, centre, field / scale)
            margin = MARGIN * size[0]
            axes.set_xlim(-margin, size[0] + margin)
            axes.set_ylim(size[1] + margin, -margin)
        sides = joined(f"{rounded(field / scale)} at scale {scale:.2g}" for scale in levels)
        return jpeg_figure(
            figure,
            f"One image at {plural(len(levels), 'scale')}, and the square that one cell can see",
            f"Its side in pixels of the original image: {sides}",
        )


def show_scales(
    image: Pixels,
    features: LocalFeatures,
    on: NDArray[np.bool_],
    cells: Mapping[float, int],
    stride: int,
) -> NotebookFigure:
    """Where the kept cells of each scale lie: their tiles over the image, one panel for a scale.

    features: the kept cells; on: which of them (N,) lie on the landmark. cells: by scale, how many
    cells the grid has. stride: of the trunk, in pixels of the resized image.
    """
    with rc_context(LOOK):
        figure = new_figure(_height(len(cells), image.shape[0] / image.shape[1]) + 0.3)
        shares = []
        for axes, (scale, count) in zip(_panels(figure, len(cells)), cells.items(), strict=True):
            rows = np.flatnonzero(np.isclose(features.scales, scale, rtol=1e-3))
            bare_image(axes, image, f"scale {scale:.2g}: {len(rows)} of {count} cells")
            _draw_tiles(axes, features.xy[rows], on[rows], stride / scale)
            axes.set_xlim(-0.5, image.shape[1] - 0.5)
            axes.set_ylim(image.shape[0] - 0.5, -0.5)
            shares.append(f"{rounded(100 * len(rows) / count)}% at scale {scale:.2g}")
        names = {"on the landmark": BLUE, "off it": ORANGE}
        patches = [Patch(facecolor=c, edgecolor="black", label=name) for name, c in names.items()]
        figure.legend(handles=patches, loc="outside lower center", ncols=2)
        return jpeg_figure(
            figure,
            f"The tiles of the best {len(features)} cells, one panel for each scale",
            f"Kept of all cells: {joined(shares)}",
        )


def _height(panels: int, ratio: float) -> float:
    """Inches for rows of panels with their titles; ratio: height through width of an image."""
    return (9.0 / COLUMNS * ratio + 0.35) * -(-panels // COLUMNS)


def _panels(figure: Figure, count: int) -> Sequence[Axes]:
    return [figure.add_subplot(-(-count // COLUMNS), COLUMNS, k + 1) for k in range(count)]


def _draw_field(
    axes: Axes, size: tuple[int, int], centre: tuple[float, float], side: float
) -> None:
    """The square around a point, or a frame around the image if the square holds all of it."""
    left, top = centre[0] - side / 2, centre[1] - side / 2
    look: dict[str, Any] = {"color": ORANGE, "path_effects": outline(2)}
    if left < 0 and top < 0 and left + side > size[0] and top + side > size[1]:
        square = Rectangle((-0.5, -0.5), *size, fill=False, linewidth=2, linestyle="--", **look)
        axes.text(size[0] / 2, size[1] * 1.03, "sees the whole image", ha="center", va="top")
    else:
        square = Rectangle((left, top), side, side, fill=False, linewidth=2, **look)
    axes.add_patch(square)
    axes.plot(*centre, "+", markersize=9, mew=2, **look)


def _draw_tiles(axes: Axes, xy: NDArray[np.floating], on: NDArray[np.bool_], side: float) -> None:
    """Squares (N,) around points (N, 2): blue on the landmark, orange off it."""
    tiles = [Rectangle((x - side / 2, y - side / 2), side, side) for x, y in xy]
    colours = [BLUE if hit else ORANGE for hit in on]
    axes.add_collection(
        PatchCollection(tiles, facecolor=colours, edgecolor="black", linewidth=0.4, alpha=0.6)
    )
