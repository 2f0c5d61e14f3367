"""Drawings that are ready in milliseconds: marks, text, bars and maps over images.

matplotlib takes a fifth of a second for a figure, too long while a slider moves. Images here are
`uint8` RGB (H, W, 3), points `(x, y)` in their pixels. A canvas is changed in place.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from delf_lesson.images import Pixels

WIDTH = 880  # pixels of an explorer's image
GAP = 8
TITLE = 24  # pixels of height
BLUE, ORANGE = (0, 114, 178), (230, 159, 0)  # safe for colour-blind eyes
BLACK, WHITE, GREY = (0, 0, 0), (255, 255, 255), (130, 130, 130)
SUBPIXEL = 4  # bits behind the point of OpenCV's coordinates

Colour = tuple[int, int, int]
Mark = Literal["cross", "tilted cross", "ring"]


def white(height: int, width: int) -> Pixels:
    """An empty image."""
    return np.full((height, width, 3), 255, np.uint8)


def of_height(image: Pixels, height: int) -> Pixels:
    """The image at another height, its sides in proportion."""
    return _resized(image, max(1, round(image.shape[1] * height / image.shape[0])), height)


def of_width(image: Pixels, width: int) -> Pixels:
    """The image at another width, its sides in proportion."""
    return _resized(image, width, max(1, round(image.shape[0] * width / image.shape[1])))


def _resized(image: Pixels, width: int, height: int) -> Pixels:
    smaller = width < image.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=how)


def enlarged(patch: NDArray, side: int, ends: tuple[float, float] | None = None) -> Pixels:
    """A small grey patch (h, w), each sample a square; ends: the values of black and white."""
    low, high = ends or (float(patch.min()), float(patch.max()))
    grey = np.rint(255 * np.clip((patch - low) / max(high - low, 1e-9), 0, 1)).astype(np.uint8)
    grey = cv2.resize(grey, (side, side), interpolation=cv2.INTER_NEAREST)
    return grey[:, :, None].repeat(3, axis=2)


def beside(*parts: Pixels) -> Pixels:
    """Images in a row with gaps, their tops aligned."""
    height = max(part.shape[0] for part in parts)
    row: list[Pixels] = []
    for part in parts:
        row += [white(height, GAP)] if row else []
        row.append(np.vstack([part, white(height - part.shape[0], part.shape[1])]))
    return np.hstack(row)


def above(*parts: Pixels) -> Pixels:
    """Images in a column with gaps, their left sides aligned."""
    width = max(part.shape[1] for part in parts)
    column: list[Pixels] = []
    for part in parts:
        column += [white(GAP, width)] if column else []
        column.append(np.hstack([part, white(part.shape[0], width - part.shape[1])]))
    return np.vstack(column)


def titled(image: Pixels, title: str) -> Pixels:
    """The image below a line of text, cut off where it does not fit."""
    return np.vstack([text(white(TITLE, image.shape[1]), (2, 4), title), image])


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / "DejaVuSans.ttf"), size)


def text(
    canvas: Pixels, xy: tuple[float, float], words: str, size: int = 14, colour: Colour = BLACK
) -> Pixels:
    """Words with their upper left corner at xy. Returns the canvas."""
    x, y = (round(v) for v in xy)
    box = canvas[max(y, 0) : y + 2 * size, max(x, 0) :]
    if box.size:
        image = Image.fromarray(box)
        ImageDraw.Draw(image).text((0, 0), words, colour, _font(size))
        box[:] = np.asarray(image)
    return canvas


def _fixed(xy: Sequence[float] | NDArray) -> tuple[int, int]:
    x, y = (round(float(v) * 2**SUBPIXEL) for v in xy)
    return x, y


def marks(canvas: Pixels, points: NDArray, kind: Mark, colour: Colour, size: int = 9) -> None:
    """One mark with a white rim at every point (N, 2), to the nearest pixel; thousands at once."""
    height, width = canvas.shape[:2]
    x, y = np.rint(np.asarray(points, np.float64).reshape(-1, 2)).astype(int).T
    for ink, (dy, dx) in zip((WHITE, colour), _sprite(kind, size), strict=True):
        row, column = y[:, None] + dy, x[:, None] + dx
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        canvas[row[inside], column[inside]] = ink


@lru_cache
def _sprite(kind: Mark, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pixels (2, M), as (y, x) from the middle, of a mark's rim and of the mark."""
    parts = []
    for width in (4, 2):
        canvas = np.zeros((size + 9, size + 9), np.uint8)
        middle = (size + 9) // 2
        if kind == "ring":
            cv2.circle(canvas, (middle, middle), size // 2, 1, width)
        else:
            line = cv2.MARKER_CROSS if kind == "cross" else cv2.MARKER_TILTED_CROSS
            cv2.drawMarker(canvas, (middle, middle), 1, line, size, width)
        parts.append(np.stack(np.nonzero(canvas)) - middle)
    return parts[0], parts[1]


def ring(
    canvas: Pixels,
    xy: Sequence[float] | NDArray,
    radius: float,
    colour: Colour,
    width: int = 2,
    rim: bool = True,
) -> None:
    """A circle, with a white rim if wanted."""
    centre, fixed = _fixed(xy), max(1, round(radius * 2**SUBPIXEL))
    for ink, line in ((WHITE, width + 2), (colour, width))[not rim :]:
        cv2.circle(canvas, centre, fixed, ink, line, cv2.LINE_AA, SUBPIXEL)


def path(
    canvas: Pixels, points: NDArray, colour: Colour, width: int = 2, closed: bool = False
) -> None:
    """A line through points (N, 2)."""
    fixed = np.rint(np.asarray(points) * 2**SUBPIXEL).astype(np.int32)
    cv2.polylines(canvas, [fixed], closed, colour, width, cv2.LINE_AA, SUBPIXEL)


def framed(image: Pixels, colour: Colour, dashed: bool = False, width: int = 4) -> Pixels:
    """The image in a frame; dashes tell frames apart without their colours."""
    framed_image = image.copy()
    framed_image[:width] = framed_image[-width:] = colour
    framed_image[:, :width] = framed_image[:, -width:] = colour
    if dashed:
        for start in range(8, max(image.shape[:2]), 16):
            stop = start + 8
            framed_image[:width, start:stop] = framed_image[-width:, start:stop] = WHITE
            framed_image[start:stop, :width] = framed_image[start:stop, -width:] = WHITE
    return framed_image


def bars(
    values: NDArray,
    size: tuple[int, int],
    most: float,
    colour: Colour = BLUE,
    marked: Sequence[int] = (),
) -> Pixels:
    """Upright bars (N,) from 0 to `most` in an image of `(width, height)`; some in orange."""
    width, height = size
    canvas = white(height, width)
    edges = np.rint(np.linspace(0, width, len(values) + 1)).astype(int)
    tops = np.rint((height - 2) * (1 - np.clip(values / max(most, 1e-9), 0, 1))).astype(int)
    for k, top in enumerate(tops):
        canvas[top : height - 1, edges[k] : max(edges[k] + 1, edges[k + 1] - 1)] = (
            ORANGE if k in marked else colour
        )
    canvas[-1] = BLACK
    return canvas


def signed(values: NDArray, most: float) -> Pixels:
    """A map (h, w) of both signs: orange above 0, blue below, white at 0."""
    share = np.clip(values / max(most, 1e-9), -1, 1)
    return cv2.applyColorMap(np.rint(128 + 127 * share).astype(np.uint8), _two_colours())


@lru_cache
def _two_colours() -> NDArray[np.uint8]:
    """The colours of `signed` from 1 for -1 over 128 for 0 to 255, (256, 1, 3)."""
    share = np.clip((np.arange(256) - 128) / 127, -1, 1)[:, None]
    ends = np.where(share > 0, np.array(ORANGE), np.array(BLUE))
    return np.rint(255 + (ends - 255) * np.abs(share)).astype(np.uint8)[:, None]
