"""Move the window over a picture, and see when Harris takes it for a corner (notebook 01)."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.harris import (
    RADIUS,
    SIGMA,
    K,
    eigenvalues,
    harris_response,
    local_maxima,
    structure_tensor,
)
from delf_lesson.classroom.explorers.controls import slider
from delf_lesson.classroom.explorers.drawing import (
    BLACK,
    BLUE,
    ORANGE,
    TITLE,
    WHITE,
    beside,
    enlarged,
    marks,
    of_width,
    path,
    ring,
    signed,
    titled,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer
from delf_lesson.images import Pixels, to_grey

WINDOW, SIDE = 17, 144  # pixels of the image that the window shows, and of the drawing
SHOWN, RISES = 440, 280  # pixels of the picture's and of R's width


class Corners(NamedTuple):
    """What Harris finds in an image, and drawings of it: the same wherever the window is.

    tensor: (H, W, 3); share: R (H, W) over its highest value; number: of the corners.
    """

    tensor: NDArray[np.float32]
    share: NDArray[np.float32]
    number: int
    shown: Pixels
    rises: Pixels


def explore_harris(image: Pixels) -> Explorer:
    """Choose a pixel, k, sigma and the threshold; see the structure tensor, R and the corners.

    Slide "Recap: Keypoint".
    """
    grey = to_grey(image)
    height, width = grey.shape
    tensor_of = lru_cache(maxsize=8)(lambda sigma: structure_tensor(grey, sigma))
    corners_of = lru_cache(maxsize=8)(
        lambda sigma, k, threshold: find_corners(image, tensor_of(sigma), k, threshold)
    )

    def draw(x: int, y: int, sigma: float, k: float, threshold: float) -> Drawn:
        corners = corners_of(sigma, k, threshold / 100)
        return draw_harris(grey, corners, (x, y), threshold / 100)

    return Explorer(
        draw,
        {
            "x": slider("x of the window", 0, width - 1, width // 2),
            "y": slider("y of the window", 0, height - 1, height // 2),
            "sigma": slider("sigma of the window", 0.5, 6, SIGMA, step=0.1),
            "k": slider("k", 0, 0.24, K, step=0.01),
            "threshold": slider("threshold, percent of the highest R", 0.1, 30, 1, step=0.1),
        },
        "Harris corners of a picture, the map of R, and one window with its ellipse; click a "
        "pixel or move the sliders",
        click=lambda x, y: {"x": round(x), "y": round(y)},
    )


def find_corners(image: Pixels, tensor: NDArray[np.float32], k: float, threshold: float) -> Corners:
    """The corners of an image by its structure tensors; threshold: a share of the highest R."""
    response = harris_response(tensor, k)
    share = response / max(float(response.max()), 1e-12)
    found = local_maxima(share, threshold, RADIUS)
    shown = of_width(image, SHOWN)
    marks(shown, found[:, :2] * SHOWN / image.shape[1], "cross", ORANGE, 7)
    # The root shows what is weak beside what is strong.
    roots = np.sign(share) * np.sqrt(np.abs(share))
    rises = signed(cv2.resize(roots, (RISES, round(RISES * len(roots) / roots.shape[1]))), 1.0)
    return Corners(tensor, share, len(found), shown, rises)


def draw_harris(
    grey: NDArray[np.uint8], corners: Corners, xy: tuple[int, int], threshold: float
) -> Drawn:
    """The corners of a grey image, R, and what the window at a pixel holds."""
    shown, rises = corners.shown.copy(), corners.rises.copy()
    height, width = grey.shape
    scale = SHOWN / width
    ring(shown, np.array(xy) * scale, WINDOW / 2 * scale, BLUE, 3)
    ring(rises, np.array(xy) * RISES / width, 6, BLACK, 2)
    tensor = corners.tensor[xy[1], xy[0]]
    panels = (
        titled(shown, f"{corners.number} corners (orange)"),
        titled(rises, "R: corners orange, edges blue"),
        titled(_window(grey, tensor, xy), "the window"),
    )
    large, small = (float(v[0, 0]) for v in eigenvalues(tensor[None, None]))
    own = round(float(corners.share[xy[1], xy[0]]), 3) + 0.0  # no -0.0
    kind = "a corner" if own > threshold else "an edge" if own < -threshold else "neither"
    says = (
        f"At ({xy[0]}, {xy[1]}) the eigenvalues are {large:.5f} and {small:.5f}, and R is "
        f"{own:.1%} of the highest: {kind}. {corners.number} maxima of R are over the threshold."
    )
    return Drawn(beside(*panels), says, (0, TITLE), scale, (width, height))


def _window(grey: NDArray[np.uint8], tensor: NDArray[np.float32], xy: tuple[int, int]) -> Pixels:
    """What lies around a pixel, and the ellipse of shifts that change it equally."""
    half = WINDOW // 2
    padded = np.pad(grey, half, mode="reflect")
    shown = enlarged(padded[xy[1] : xy[1] + WINDOW, xy[0] : xy[0] + WINDOW], SIDE, (0, 255))
    a, b, c = tensor.astype(float)
    values, vectors = np.linalg.eigh([[a, c], [c, b]])
    # A shift of one pixel across a hard edge fills a quarter of the window.
    axes = np.minimum(0.25 * SIDE * 0.1 / np.sqrt(np.maximum(values, 1e-9)), 0.48 * SIDE)
    turn = np.linspace(0, 2 * np.pi, 60)
    outline = (vectors * axes) @ np.stack([np.cos(turn), np.sin(turn)])
    path(shown, outline.T + SIDE / 2, WHITE, 5, closed=True)
    path(shown, outline.T + SIDE / 2, ORANGE, 2, closed=True)
    return shown
