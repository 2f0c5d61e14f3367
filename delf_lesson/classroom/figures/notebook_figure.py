"""The look and the format of all figures, and parts that several figures share.

A figure is at most 900 pixels wide on the page and encoded at twice that resolution. It has
alternative text, which its function composes from what it draws.
"""

import base64
import io
import textwrap
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect, Normal, Stroke
from matplotlib.ticker import MaxNLocator
from PIL import Image

from delf_lesson.images import Pixels

WIDTH = 9.0  # inches at DPI
DPI = 100
DENSITY = 2  # encoded pixels for each pixel of the page, on both axes
LONGEST_CAPTION = 200  # characters
BLUE, ORANGE = "#0072b2", "#e69f00"  # safe for colour-blind eyes
LOOK: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "figure.facecolor": "white",
}
SIGNED = colors.LinearSegmentedColormap.from_list(
    "signed", ["#00466e", BLUE, "white", ORANGE, "#7d5500"]
)
"""Blue below 0, white at 0, orange above 0, as in the explorers."""


class NotebookFigure:
    """An encoded figure with its alternative text; a notebook shows both.

    sentences: what is drawn, and what can be read off; without a full stop at the end. Together
    they are the alternative text. The caption is the first sentence if the text is long.
    width: on the page, in CSS pixels. mime: `image/png` for lines and text, `image/jpeg` for
    figures that hold photos, which are a fifth of the size that way.
    """

    def __init__(self, data: bytes, sentences: tuple[str, ...], width: int, mime: str) -> None:
        said = [sentence for sentence in sentences if sentence]
        self.data = data
        self.alt = ". ".join(said)
        self.caption = self.alt if len(self.alt) <= LONGEST_CAPTION else said[0]
        self.width = width
        self.mime = mime

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"

    def _ipython_display_(self) -> None:
        # JupyterLab puts no alternative text on images, so a caption says it to everyone. Pages
        # keep the sides in proportion only where no height is given.
        shown = {
            self.mime: base64.b64encode(self.data).decode("ascii"),
            "text/plain": repr(self),
        }
        metadata = {self.mime: {"alt": self.alt, "width": self.width}}
        display(shown, metadata=metadata, raw=True)
        display({"text/markdown": f"*{self.caption}.*", "text/plain": self.caption}, raw=True)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure of the lesson's width; height in inches of 100 pixels."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def encode(figure: Figure, mime: str, density: int = 1) -> bytes:
    """A figure as the bytes of a PNG or JPEG file, of `density` times its pixels on both axes."""
    fit_titles(figure)
    buffer = io.BytesIO()
    how: dict[str, Any] = {"optimize": True}
    if mime == "image/jpeg":
        how["quality"] = 88 if density == 1 else 70  # finer pixels hide coarser blocks
    figure.savefig(buffer, format=mime.split("/")[1], dpi=density * DPI, pil_kwargs=how)
    if density == 1 or mime == "image/jpeg":
        return buffer.getvalue()
    return _with_palette(buffer)


def _with_palette(png: io.BytesIO) -> bytes:
    """A PNG in 256 colours, a third of the size: lines and text have few colours and many greys."""
    smaller = io.BytesIO()
    with Image.open(png) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(smaller, "png", optimize=True)
    return smaller.getvalue()


def pixels(figure: Figure) -> Pixels:
    """A figure as an image, `uint8` RGB (H, W, 3)."""
    fit_titles(figure)
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def png_figure(figure: Figure, *sentences: str) -> NotebookFigure:
    """A figure of lines and text for a notebook."""
    return _shown(figure, sentences, "image/png")


def jpeg_figure(figure: Figure, *sentences: str) -> NotebookFigure:
    """A figure that holds photos for a notebook."""
    return _shown(figure, sentences, "image/jpeg")


def _shown(figure: Figure, sentences: tuple[str, ...], mime: str) -> NotebookFigure:
    width = round(DPI * float(figure.get_size_inches()[0]))
    return NotebookFigure(encode(figure, mime, DENSITY), sentences, width, mime)


def fit_titles(figure: Figure) -> None:
    """Break titles that are wider than their axes' part of the figure; make room for all of them.

    The figure grows where a title would be cut off at its top.
    """
    whole = figure.bbox.width
    titles = [(axes.title, whole * _share_of_width(axes)) for axes in figure.axes]
    titles = [(title, room) for title, room in titles if title.get_text()]
    for title, room in titles:
        lines = title.get_text().split("\n")
        width = title.get_window_extent(_renderer(figure)).width
        if width > 0.94 * room:
            most = max(8, int(max(map(len, lines)) * 0.92 * room / width))
            wrapped = [part for line in lines for part in textwrap.wrap(line, most)]
            title.set_text("\n".join(wrapped))
    for _ in range(3 if titles else 0):
        figure.draw_without_rendering()
        tops = (title.get_window_extent(_renderer(figure)).y1 for title, _ in titles)
        missing = (max(tops) - figure.bbox.height) / figure.dpi + 0.02
        if missing <= 0:
            break
        figure.set_figheight(figure.get_figheight() + 2 * missing)  # half is added at the bottom


def _renderer(figure: Figure) -> RendererAgg:
    assert isinstance(figure.canvas, FigureCanvasAgg)
    return figure.canvas.get_renderer()


def _share_of_width(axes: Axes) -> float:
    """The share of its figure's width that the axes' columns of the grid take."""
    spec = axes.get_subplotspec()
    if spec is None:
        return 1.0
    grid = spec.get_gridspec()
    ratios = np.asarray(grid.get_width_ratios() or [1] * grid.ncols, float)
    return float(ratios[spec.colspan.start : spec.colspan.stop].sum() / ratios.sum())


def outline(width: float, colour: str = "black") -> list[AbstractPathEffect]:
    """Path effects for a thin rim around a line of `width` points: visible on brick and on sky."""
    return [Stroke(linewidth=width + 1.2, foreground=colour), Normal()]


def colour_bar(
    axes: Axes | list[Axes], ends: tuple[float, float], cmap: str | colors.Colormap
) -> None:
    """A thin colour bar with three ticks or so at the right of the axes, from low to high."""
    first = axes[0] if isinstance(axes, list) else axes
    figure = first.get_figure()
    assert isinstance(figure, Figure)
    drawn = ScalarMappable(colors.Normalize(*ends), cmap)
    bar = figure.colorbar(drawn, ax=axes, fraction=0.03, pad=0.01, aspect=28, shrink=0.9)
    bar.locator = MaxNLocator(3)
    bar.ax.tick_params(labelsize=8, length=2)
    bar.outline.set_linewidth(0.4)
