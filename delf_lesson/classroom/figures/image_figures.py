"""Figures of images, matches and rankings; the look and the format of all figures.

Every figure has alternative text and is at most 900 pixels wide.
"""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from IPython.display import display
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from delf_lesson.classical.scale_space import BASE_SIGMA
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels, read_image
from delf_lesson.retrieval.voting import Result

WIDTH = 9.0  # inches at DPI
DPI = 100
BLUE, ORANGE = "#0072b2", "#e69f00"  # safe for colour-blind eyes
LOOK: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "figure.facecolor": "white",
}
MOST_LINES = 60  # of correspondences in a figure


class NotebookFigure:
    """An encoded figure with its alternative text; a notebook shows both.

    mime: `image/png` for lines and text, `image/jpeg` for figures that hold photos, which are a
    fifth of the size that way.
    """

    def __init__(self, data: bytes, alt: str, mime: str = "image/png") -> None:
        self.data = data
        self.alt = alt
        self.mime = mime

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"

    def _ipython_display_(self) -> None:
        # JupyterLab puts no alternative text on images, so a caption says it to everyone.
        shown = {
            self.mime: base64.b64encode(self.data).decode("ascii"),
            "text/plain": repr(self),
        }
        display(shown, metadata={self.mime: {"alt": self.alt}}, raw=True)
        display({"text/markdown": f"*{self.alt}.*", "text/plain": self.alt}, raw=True)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure of the lesson's width; height in inches of 100 pixels."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def encode(figure: Figure, mime: str) -> bytes:
    """A figure as the bytes of a PNG or JPEG file."""
    buffer = io.BytesIO()
    if mime == "image/jpeg":
        figure.savefig(buffer, format="jpeg", dpi=DPI, pil_kwargs={"quality": 88})
    else:
        figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def pixels(figure: Figure) -> Pixels:
    """A figure as an image, `uint8` RGB (H, W, 3)."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def png_figure(figure: Figure, alt: str) -> NotebookFigure:
    """A figure of lines and text for a notebook."""
    return NotebookFigure(encode(figure, "image/png"), alt)


def jpeg_figure(figure: Figure, alt: str) -> NotebookFigure:
    """A figure that holds photos for a notebook."""
    return NotebookFigure(encode(figure, "image/jpeg"), alt, "image/jpeg")


def show_images(
    images: Sequence[Pixels], titles: Sequence[str], alt: str, columns: int = 5
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
        return jpeg_figure(figure, alt)


def show_keypoints(
    image: Pixels, features: LocalFeatures, alt: str, title: str = ""
) -> NotebookFigure:
    """Keypoints over their image, as circles of three times their sigma: the part they describe."""
    with rc_context(LOOK):
        figure = new_figure(6.0, 8.0)
        axes = figure.add_subplot()
        axes.imshow(image)
        drawn = figure.dpi * 8.0 / image.shape[1]  # figure pixels an image pixel
        radius = 3 * BASE_SIGMA / features.scales * drawn * 72 / figure.dpi
        x, y = features.xy.T
        areas = (2 * radius) ** 2
        axes.scatter(x, y, s=areas, facecolors="none", edgecolors=ORANGE, linewidths=1)
        axes.set_xlim(-0.5, image.shape[1] - 0.5)
        axes.set_ylim(image.shape[0] - 0.5, -0.5)
        axes.set_title(title)
        axes.set_axis_off()
        return jpeg_figure(figure, alt)


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


def draw_match(
    axes: Axes, query: Pixels, image: Pixels, lines: np.ndarray, height: int = 300
) -> None:
    """Query and image side by side on the axes, with a line for each correspondence (N, 4)."""
    canvas, left, right, start = side_by_side(query, image, height)
    axes.imshow(canvas)
    shown = lines[np.linspace(0, len(lines) - 1, min(len(lines), MOST_LINES)).astype(int)]
    for x0, y0, x1, y1 in shown:
        axes.plot(
            [x0 * left, x1 * right + start],
            [y0 * left, y1 * right],
            color=ORANGE,
            linewidth=0.7,
            alpha=0.8,
            marker="o",
            markersize=2,
        )
    axes.set_xlim(-0.5, canvas.shape[1] - 0.5)
    axes.set_ylim(canvas.shape[0] - 0.5, -0.5)
    axes.set_axis_off()


def show_match(
    query: Pixels, image: Pixels, lines: np.ndarray, alt: str, title: str = ""
) -> NotebookFigure:
    """Two images with a line for each correspondence; lines is (N, 4), query `(x, y)` first."""
    with rc_context(LOOK):
        figure = new_figure(3.6)
        axes = figure.add_subplot()
        draw_match(axes, query, image, lines, 480)
        axes.set_title(title)
        return jpeg_figure(figure, alt)


def draw_ranking(
    query: str | Path | Pixels,
    results: Sequence[Result],
    most: int = 6,
    name: str = "the query",
    first: int = 1,
) -> Figure:
    """The first results, each beside the query with its inlier lines; paths must be readable.

    query: an image file or array; name: of an array; first: the rank of the first result.
    """
    results = list(results[:most])
    query_image, name = _named(query, name)
    with rc_context(LOOK):
        rows = max(1, -(-len(results) // 2))
        figure = new_figure(1.95 * rows + 0.4)
        summary = f"the best {len(results)} images found" if results else "nothing found"
        if len(results) == 1:
            summary = "one image found"
        if first > 1:
            summary = f"ranks {first} to {first + len(results) - 1}"
        figure.suptitle(f"Query {name}, {summary}")
        for place, result in enumerate(results, start=1):
            axes = figure.add_subplot(rows, 2, place)
            draw_match(axes, query_image, read_image(result.image), result.lines)
            proof = f"{result.inliers} inliers" if result.inliers else f"vote {result.vote:.2f}"
            axes.set_title(f"{first + place - 1}. {short_name(result.image)}: {proof}")
        return figure


def _named(query: str | Path | Pixels, name: str) -> tuple[Pixels, str]:
    if isinstance(query, np.ndarray):
        return query, name
    return read_image(query), short_name(query)


def show_ranking(
    query: str | Path | Pixels,
    results: Sequence[Result],
    most: int = 6,
    name: str = "the query",
    alt: str | None = None,
    first: int = 1,
) -> NotebookFigure:
    """`draw_ranking` for a notebook.

    alt: by default it names only the first image: later images have close scores and may swap on
        another processor, and texts are compared strictly.
    """
    if alt is None:
        first_image = (
            f"first comes {short_name(results[0].image)}" if results else "nothing was found"
        )
        alt = f"Ranking for the query {_named(query, name)[1]}: {first_image}"
    return jpeg_figure(draw_ranking(query, results, most, name, first), alt)


def short_name(path: str | Path, longest: int = 36) -> str:
    """An image's folder and file name, cut at the front if it is long."""
    name = "/".join(Path(path).parts[-2:])
    return name if len(name) <= longest else f"…{name[1 - longest :]}"


def show_bars(values: dict[str, float], label: str, alt: str, digits: int = 2) -> NotebookFigure:
    """Horizontal bars, the first on top, each with its rounded value."""
    with rc_context(LOOK):
        figure = new_figure(0.6 + 0.3 * len(values))
        axes = figure.add_subplot()
        bars = axes.barh(list(values), list(values.values()), color=BLUE)
        axes.bar_label(bars, fmt=f"%.{digits}f", padding=3)
        axes.invert_yaxis()
        axes.set_xlabel(label)
        return png_figure(figure, alt)
