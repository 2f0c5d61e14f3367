"""Figures of lab 01: windows, structure tensors, responses, scale space, extrema."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Circle, Ellipse, Rectangle
from numpy.typing import NDArray

from delf_lesson.classical.harris import window_change
from delf_lesson.classical.scale_space import LEVELS, ScaleSpace
from delf_lesson.classroom.figures.alternative_text import joined, plural, rounded
from delf_lesson.classroom.figures.notebook_figure import (
    BLUE,
    LOOK,
    ORANGE,
    SIGNED,
    NotebookFigure,
    colour_bar,
    jpeg_figure,
    new_figure,
    outline,
    png_figure,
)
from delf_lesson.classroom.figures.retrieval_figures import styles
from delf_lesson.images import Pixels

MOST_SHIFT = 6


def bare_image(axes: Axes, image: NDArray, title: str = "", **how: object) -> None:
    """An image (H, W) or (H, W, 3) without ticks, its pixels as they are."""
    axes.imshow(image, **({"cmap": "gray"} | how))  # type: ignore[arg-type]
    axes.set_title(title)
    axes.set_axis_off()


def show_maps(maps: Mapping[str, NDArray], columns: int = 2) -> NotebookFigure:
    """Signed maps (H, W), looked up by title. Each map has a colour scale of its own.

    Zero is white, orange is above and blue below in every map. The colours end at the 99th
    percentile of absolute values on both sides.
    """
    rows = -(-len(maps) // columns)
    with rc_context(LOOK):
        first = next(iter(maps.values()))
        height = 9.0 / columns * first.shape[0] / first.shape[1] * 0.95 + 0.3
        figure = new_figure(height * rows)
        positive = []
        for place, (title, values) in enumerate(maps.items(), start=1):
            axes = figure.add_subplot(rows, columns, place)
            end = float(np.percentile(np.abs(values), 99)) or 1.0
            bare_image(axes, values, title, cmap=SIGNED, vmin=-end, vmax=end)
            colour_bar(axes, (-end, end), SIGNED)
            shares = [np.mean(sign * values > 0.1 * end) for sign in (1, -1)]
            up, down = (rounded(100 * float(share), 1) for share in shares)
            positive.append(f"{title}, orange on {up}% and blue on {down}%")
        return jpeg_figure(
            figure,
            f"{plural(len(maps), 'map')}: {joined(maps)}",
            "Orange is above 0, blue is below",
            f"Pixels that are clearly coloured: {'; '.join(positive)}",
        )


def show_windows(
    image: Pixels, grey: NDArray, places: Mapping[str, tuple[int, int]]
) -> NotebookFigure:
    """The position of each window, its content, and how much every shift changes it."""
    with rc_context(LOOK):
        figure = new_figure(3.5)
        ratios = [2.4] + [1] * len(places)
        grid = figure.add_gridspec(2, 1 + len(places), width_ratios=ratios)
        overview = figure.add_subplot(grid[:, 0])
        bare_image(overview, image)
        changes = {name: window_change(grey, xy, MOST_SHIFT) for name, xy in places.items()}
        most = max(change.max() for change in changes.values())
        half = 12
        for place, (name, (x, y)) in enumerate(places.items(), start=1):
            square = Rectangle(
                (x - half, y - half),
                2 * half,
                2 * half,
                fill=False,
                edgecolor=ORANGE,
                linewidth=1.5,
                path_effects=outline(1.5),
            )
            overview.add_patch(square)
            white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            overview.text(x, y - half - 8, name, ha="center", bbox=white)
            near = grey[y - half : y + half + 1, x - half : x + half + 1]
            bare_image(figure.add_subplot(grid[0, place]), near, name, vmin=0, vmax=255)
            axes = figure.add_subplot(grid[1, place])
            edge = MOST_SHIFT + 0.5
            axes.imshow(
                changes[name], cmap="cividis", vmin=0, vmax=most, extent=(-edge, edge, edge, -edge)
            )
            axes.set_xlabel("shift u, pixels")
            if place == 1:
                axes.set_ylabel("shift v, pixels")
        colour_bar(axes, (0, float(most)), "cividis")
        least = [f"{name} {_least_change(c) / most:.2f}" for name, c in changes.items()]
        return jpeg_figure(
            figure,
            f"{plural(len(places), 'window')} of an image, and how much each shift changes them: "
            f"{joined(places)}",
            f"Least change by a shift of {MOST_SHIFT} pixels, as a share of the largest change: "
            f"{joined(least)}",
        )


def _least_change(change: NDArray) -> float:
    """The smallest change (side, side) on the rim, where the shift is largest."""
    rim = [change[0], change[-1], change[:, 0], change[:, -1]]
    return float(np.concatenate(rim).min())


def show_tensor_ellipses(
    image: Pixels, tensor: NDArray, corner: tuple[int, int], size: int, step: int = 8
) -> NotebookFigure:
    """The shifts that change each window equally, as ellipses over a square of the image.

    tensor: (H, W, 3); corner: `(x, y)` of the square; size and step in pixels. The axes of
    u^T M u = const are along M's eigenvectors and 1 / sqrt(eigenvalue) long; cut at `step`.
    """
    x0, y0 = corner
    with rc_context(LOOK):
        figure = new_figure(6.0, 6.5)
        axes = figure.add_subplot()
        bare_image(axes, image)
        part = tensor[y0 : y0 + size, x0 : x0 + size, :2].sum(axis=2)
        unit = step * 0.35 * np.sqrt(np.percentile(part, 90) / 2)
        ratios = []
        for y in range(y0 + step // 2, y0 + size, step):
            for x in range(x0 + step // 2, x0 + size, step):
                a, b, c = tensor[y, x]
                values, vectors = np.linalg.eigh([[a, c], [c, b]])
                long, short = np.minimum(unit / np.sqrt(np.maximum(values, 1e-9)), step)
                angle = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
                ellipse = Ellipse((x, y), long, short, angle=angle, fill=False)
                ellipse.set(edgecolor=ORANGE, linewidth=1.2, path_effects=outline(1.2))
                axes.add_patch(ellipse)
                ratios.append(max(long, short) / min(long, short))
        axes.set_xlim(x0 - 0.5, x0 + size - 0.5)
        axes.set_ylim(y0 + size - 0.5, y0 - 0.5)
        slim = rounded(100 * float(np.mean(np.array(ratios) > 2)), 1)
        return jpeg_figure(
            figure,
            f"{plural(len(ratios), 'ellipse')} over a square of {size} pixels: the shifts that "
            "change each window equally",
            f"About {slim}% of the ellipses are more than twice as long as wide",
        )


def show_eigenvalues(large: NDArray, small: NDArray, k: float, threshold: float) -> NotebookFigure:
    """Every pixel by its two eigenvalues, and the lines where Harris and Shi-Tomasi decide."""
    with rc_context(LOOK):
        figure = new_figure(4.6, 6.5)
        axes = figure.add_subplot()
        every = max(1, large.size // 20_000)
        axes.plot(
            large.ravel()[::every], small.ravel()[::every], ".", color=BLUE, ms=1.5, alpha=0.35
        )
        along = np.geomspace(max(large.max(), 1e-9) * 1e-4, large.max(), 400)
        grid_small = np.geomspace(along[0] * 1e-2, along[-1], 400)
        first, second = np.meshgrid(along, grid_small)
        response = first * second - k * (first + second) ** 2
        response[second > first] = np.nan
        axes.contour(first, second, response, [threshold], colors=ORANGE, linewidths=2)
        axes.axhline(np.sqrt(threshold), color="black", linestyle="--", linewidth=1)
        axes.plot([], [], color=ORANGE, linewidth=2, label="Harris: R = threshold")
        axes.plot([], [], "k--", label="Shi-Tomasi: smaller eigenvalue = constant")
        axes.set(xscale="log", yscale="log", xlim=along[[0, -1]], ylim=grid_small[[0, -1]])
        axes.set_xlabel("larger eigenvalue")
        axes.set_ylabel("smaller eigenvalue")
        axes.legend(loc="lower right")
        passed = np.mean(large * small - k * (large + small) ** 2 > threshold)
        stricter = np.mean(small > np.sqrt(threshold))
        return png_figure(
            figure,
            "Every pixel by its larger and its smaller eigenvalue, on logarithmic axes, with the "
            "lines of Harris and of Shi-Tomasi",
            f"{rounded(100 * float(passed))}% of the pixels lie above Harris's line, "
            f"{rounded(100 * float(stricter))}% above Shi-Tomasi's",
        )


def show_points(
    images: Sequence[Pixels],
    points: Mapping[str, NDArray],
    columns: int = 2,
    radius: float = 0.0,
) -> NotebookFigure:
    """Points (N, 2) by their titles, each over its image; a single image serves for all.

    radius: of a circle around each, in pixels of its image; 0 for none.
    """
    images = list(images) * len(points) if len(images) == 1 else list(images)
    rows = -(-len(points) // columns)
    rim: dict[str, Any] = {"path_effects": outline(1.2)}
    with rc_context(LOOK):
        shape = images[0].shape
        figure = new_figure((9.0 / columns * shape[0] / shape[1] * 0.95 + 0.3) * rows)
        pairs = zip(images, points.items(), strict=True)
        for place, (image, (title, xy)) in enumerate(pairs, start=1):
            axes = figure.add_subplot(rows, columns, place)
            bare_image(axes, image, title)
            axes.plot(*np.reshape(xy, (-1, 2)).T, "+", color=ORANGE, markersize=6, mew=1.2, **rim)
            if radius:
                circles = [Circle((x, y), radius) for x, y in np.reshape(xy, (-1, 2))]
                axes.add_collection(
                    PatchCollection(circles, facecolor="none", edgecolor=ORANGE, linewidth=1, **rim)
                )
            axes.set_xlim(-0.5, image.shape[1] - 0.5)
            axes.set_ylim(image.shape[0] - 0.5, -0.5)
        counts = [
            f"{title}: {rounded(_inside(xy, image.shape))}"
            for image, (title, xy) in zip(images, points.items(), strict=True)
        ]
        marks = f"crosses with circles of {radius:g} pixels" if radius else "crosses"
        return jpeg_figure(figure, f"Points as {marks} over images. {'; '.join(counts)}")


def _inside(xy: NDArray, shape: tuple[int, ...]) -> int:
    """How many of the points (N, 2) are inside the image."""
    x, y = np.reshape(xy, (-1, 2)).T
    return int(((x > -0.5) & (y > -0.5) & (x < shape[1] - 0.5) & (y < shape[0] - 0.5)).sum())


def show_scale_space(space: ScaleSpace, octaves: int = 3, dog: bool = False) -> NotebookFigure:
    """The levels of the first octaves, all drawn at one size; of D with `dog`."""
    stacks = [octave.dog if dog else octave.gaussians for octave in space.octaves[:octaves]]
    count = len(stacks[0])
    with rc_context(LOOK):
        height = 9.0 / count * stacks[0].shape[1] / stacks[0].shape[2] + 0.25
        figure = new_figure(height * len(stacks))
        for row, stack in enumerate(stacks):
            for level, values in enumerate(stack):
                axes = figure.add_subplot(len(stacks), count, row * count + level + 1)
                title = f"$\\sigma$ = {space.sigma(row, level):.1f} px"
                if dog:
                    bare_image(axes, values, title, cmap=SIGNED, vmin=-0.06, vmax=0.06)
                else:
                    bare_image(axes, values, title, vmin=0, vmax=1)
        if dog:
            colour_bar(list(figure.axes), (-0.06, 0.06), SIGNED)
        first, last = space.sigma(0, 0), space.sigma(len(stacks) - 1, count - 1)
        what = "differences of Gaussians" if dog else "blurred images"
        return jpeg_figure(
            figure,
            f"{plural(len(stacks), 'octave')} of {count} {what} each",
            f"Sigma grows from {rounded(first)} to {rounded(last)} pixels",
            "Orange is above 0, blue is below" if dog else "",
        )


def show_along_scale(places: Mapping[str, tuple[ScaleSpace, NDArray]]) -> NotebookFigure:
    """D at one point `(x, y)` of an image over all octaves, by the size of the blur."""
    with rc_context(LOOK):
        figure = new_figure(3.4, 7.5)
        axes = figure.add_subplot()
        drawn = zip(places.items(), styles(len(places)), strict=True)
        peaks = []
        for (name, (space, xy)), (colour, _) in drawn:
            along: list[tuple[float, float]] = []
            for number, octave in enumerate(space.octaves):
                x, y = np.rint((np.asarray(xy) - space.origin) / octave.step).astype(int)
                sigma = [space.sigma(number, level) for level in range(LEVELS + 2)]
                label = name if number == 0 else None
                axes.plot(sigma, octave.dog[:, y, x], ".-", color=colour, label=label)
                along += zip(np.abs(octave.dog[:, y, x]).tolist(), sigma, strict=True)
            peaks.append(f"{name} {rounded(max(along)[1])}")
        axes.axhline(0, color="black", linewidth=0.5)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("sigma in pixels")
        axes.set_ylabel("D at this place")
        axes.legend()
        return png_figure(
            figure,
            "D at one place over sigma in pixels",
            f"Sigma where D is strongest: {joined(peaks)}",
        )
