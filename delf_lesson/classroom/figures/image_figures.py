"""Figures of images, matches and rankings, and bars."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delf_lesson.classical.scale_space import BASE_SIGMA
from delf_lesson.classroom.figures.alternative_text import (
    bounded,
    counted,
    named,
    plural,
    rounded,
)
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
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels, read_image
from delf_lesson.retrieval.voting import Result

MOST_LINES = 60  # of correspondences in a figure


def show_images(
    images: Sequence[Pixels], titles: Sequence[str], columns: int = 5
) -> NotebookFigure:
    """Images in a grid, each under its title."""
    rows = -(-len(images) // columns)
    with rc_context(LOOK):
        figure = new_figure(1.75 * rows)
        for place, (image, title) in enumerate(zip(images, titles, strict=True), start=1):
            axes = figure.add_subplot(rows, columns, place)
            axes.imshow(image)
            axes.set_title(title)
            axes.set_axis_off()
        return jpeg_figure(figure, f"{plural(len(images), 'image')}: {counted(titles)}")


def show_keypoints(image: Pixels, features: LocalFeatures, title: str = "") -> NotebookFigure:
    """Keypoints over their image, as circles of three times their sigma: the part they describe."""
    with rc_context(LOOK):
        figure = new_figure(6.0, 8.0)
        axes = figure.add_subplot()
        axes.imshow(image)
        drawn = figure.dpi * 8.0 / image.shape[1]  # figure pixels an image pixel
        reach = 3 * BASE_SIGMA / features.scales
        radius = reach * drawn * 72 / figure.dpi
        x, y = features.xy.T
        areas = (2 * radius) ** 2
        for colour, line in (("black", 2.2), (ORANGE, 1.0)):
            axes.scatter(x, y, s=areas, facecolors="none", edgecolors=colour, linewidths=line)
        axes.set_xlim(-0.5, image.shape[1] - 0.5)
        axes.set_ylim(image.shape[0] - 0.5, -0.5)
        axes.set_title(title)
        axes.set_axis_off()
        return jpeg_figure(figure, title, circles_in_words(len(features), reach))


def circles_in_words(count: int, radius: np.ndarray) -> str:
    """How many circles there are, and between which radii, in pixels of the image."""
    text = f"{plural(count, 'keypoint')}, each a circle over the image"
    if not count:
        return text
    ends = [rounded(float(end)) for end in (radius.min(), radius.max())]
    return f"{text}, with radii from {ends[0]} to {ends[1]} pixels"


def side_by_side(query: Pixels, image: Pixels, height: int) -> tuple[Pixels, float, float, int]:
    """Both images at one height with a white gap; their scales, and the x of the second image."""
    gap = 8
    parts, scales = [], []
    for part in (query, image):
        scale = height / part.shape[0]
        size = (max(1, round(part.shape[1] * scale)), height)
        parts.append(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
        scales.append(scale)
    white = np.full((height, gap, 3), 255, np.uint8)
    return np.hstack([parts[0], white, parts[1]]), *scales, parts[0].shape[1] + gap


def spread(lines: np.ndarray) -> np.ndarray:
    """At most 60 of the correspondences (N, 4), spread over their order."""
    return lines[np.linspace(0, len(lines) - 1, min(len(lines), MOST_LINES)).astype(int)]


def show_match(query: Pixels, image: Pixels, lines: np.ndarray, title: str = "") -> NotebookFigure:
    """Two images with a line for each correspondence; lines is (N, 4), query `(x, y)` first."""
    canvas, left, right, start = side_by_side(query, image, 600)
    with rc_context(LOOK):
        figure = new_figure(3.6)
        axes = figure.add_subplot()
        axes.imshow(canvas)
        for x0, y0, x1, y1 in spread(lines):
            axes.plot(
                [x0 * left, x1 * right + start],
                [y0 * left, y1 * right],
                "o-",
                color=ORANGE,
                linewidth=0.9,
                markersize=2,
                path_effects=outline(0.9),
            )
        axes.set_xlim(-0.5, canvas.shape[1] - 0.5)
        axes.set_ylim(canvas.shape[0] - 0.5, -0.5)
        axes.set_axis_off()
        axes.set_title(title)
        said = f"Two images side by side, with {bounded(len(lines))} matches between them as lines"
        # The title may tell a number of inliers, which another processor may count differently.
        return jpeg_figure(figure, said)


def draw_ranking(
    query: str | Path | Pixels,
    results: Sequence[Result],
    most: int = 6,
    name: str = "the query",
    first: int = 1,
) -> Figure:
    """The query on the left and the first results beside it; paths must be readable.

    Dots mark the inliers. A dot has the same colour in the query and in a result: dark blue at the
    query's left edge, yellow at its right edge.
    query: an image file or array; name: of an array; first: the rank of the first result.
    """
    results = list(results[:most])
    query_image, name = _named(query, name)
    with rc_context(LOOK):
        columns = 1 if len(results) < 2 else 2 if len(results) < 5 else 3
        rows = max(1, -(-len(results) // columns))
        figure = new_figure(1.9 * rows + 0.4 if rows > 1 else 3.2)
        grid = figure.add_gridspec(rows, 1 + columns, width_ratios=[1.4] + [1] * columns)
        summary = f"the best {len(results)} images found" if results else "nothing found"
        if len(results) == 1:
            summary = "one image found"
        if first > 1:
            summary = f"ranks {first} to {first + len(results) - 1}"
        figure.suptitle(f"Query {name}, {summary}")
        left = figure.add_subplot(grid[:, 0])
        every = [spread(result.lines)[:, :2] for result in results if len(result.lines)]
        points = np.concatenate([np.empty((0, 2)), *every])
        _draw_dots(left, query_image, points, points[:, 0] / query_image.shape[1], "the query")
        names = _short_names(results, (40, 36, 20)[columns - 1])
        for place, result in enumerate(results):
            axes = figure.add_subplot(grid[place // columns, 1 + place % columns])
            lines = spread(np.reshape(result.lines, (-1, 4)))
            proof = f"{result.inliers} inliers" if result.inliers else f"vote {result.vote:.2f}"
            title = f"{first + place}. {names[place]}\n{proof}"
            shares = lines[:, 0] / query_image.shape[1]
            _draw_dots(axes, read_image(result.image), lines[:, 2:], shares, title)
        return figure


def _draw_dots(axes: Axes, image: Pixels, xy: np.ndarray, shares: np.ndarray, title: str) -> None:
    """An image with dots (N, 2), coloured by shares from 0 to 1."""
    axes.imshow(image)
    axes.scatter(
        xy[:, 0],
        xy[:, 1],
        c=shares,
        cmap="plasma",
        vmin=0,
        vmax=1,
        s=14,
        edgecolors="white",
        linewidths=0.6,
    )
    axes.set_xlim(-0.5, image.shape[1] - 0.5)
    axes.set_ylim(image.shape[0] - 0.5, -0.5)
    axes.set_title(title)
    axes.set_axis_off()


def _short_names(results: Sequence[Result], longest: int) -> list[str]:
    """The file names of the results' images, with their folders if these differ."""
    paths = [Path(result.image) for result in results]
    if len({path.parent for path in paths}) > 1:
        return [short_name(path, longest) for path in paths]
    return [short_name(path.name, longest) for path in paths]


def _named(query: str | Path | Pixels, name: str) -> tuple[Pixels, str]:
    if isinstance(query, np.ndarray):
        return query, name
    return read_image(query), short_name(query)


def show_ranking(
    query: str | Path | Pixels,
    results: Sequence[Result],
    most: int = 6,
    name: str = "the query",
    first: int = 1,
) -> NotebookFigure:
    """`draw_ranking` for a notebook.

    The alternative text names only the first image: later images have close scores and may swap on
    another processor, and texts are compared strictly.
    """
    figure = draw_ranking(query, results, most, name, first)
    said = f"The query {_named(query, name)[1]}"
    if not results:
        return jpeg_figure(figure, f"{said}. Nothing was found")
    shown = min(most, len(results))
    if first > 1:
        return jpeg_figure(figure, f"{said} and its ranks {first} to {first + shown - 1}")
    best, proof = short_name(results[0].image), bounded(results[0].inliers)
    found = f"{said} and the first {shown} images found" if shown > 1 else f"{said} and one image"
    return jpeg_figure(figure, found, f"First comes {best}, with {proof} inliers")


def short_name(path: str | Path, longest: int = 36) -> str:
    """An image's folder and file name, cut at the front if it is long."""
    name = "/".join(Path(path).parts[-2:])
    return name if len(name) <= longest else f"…{name[1 - longest :]}"


def show_bars(
    values: dict[str, float], label: str, digits: int = 2, told: int = 2
) -> NotebookFigure:
    """Horizontal bars, the first on top, each with its rounded value.

    told: significant digits in the alternative text; 0 for values that differ from run to run, as
        times do, or from processor to processor, as networks trained in the notebook do.
    """
    with rc_context(LOOK):
        figure = new_figure(0.6 + 0.3 * len(values))
        axes = figure.add_subplot()
        bars = axes.barh(list(values), list(values.values()), color=BLUE)
        axes.bar_label(bars, fmt=f"%.{digits}f", padding=3)
        axes.invert_yaxis()
        axes.set_xlabel(label)
        short = {name: round(value, digits) for name, value in values.items()}
        return png_figure(figure, f"{plural(len(values), 'bar')}: {label}", named(short, told))
