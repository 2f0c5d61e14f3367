"""Explorers of lab 01: Harris corners, and the extrema of a scale space."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.dog import CONTRAST, EDGE, Refined, extrema, on_edge, refine
from delf_lesson.classical.harris import (
    RADIUS,
    SIGMA,
    K,
    eigenvalues,
    harris_response,
    local_maxima,
    structure_tensor,
)
from delf_lesson.classical.scale_space import LEVELS, ScaleSpace, scale_space
from delf_lesson.classroom.explorers.drawing import (
    BLACK,
    BLUE,
    GREY,
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
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer, slider
from delf_lesson.images import Pixels, to_grey

WINDOW, SIDE = 17, 144  # pixels of the image that the window shows, and of the drawing
SHOWN, RISES = 440, 280  # pixels of width of the image and of the map of R
HALF = 436  # pixels of width for each of two panels
LEAST = 0.0005  # of |D|: smaller values are ripples of rounding


class Corners(NamedTuple):
    """The Harris corners of an image and their drawings; they do not depend on the window.

    tensor: (H, W, 3); share: R (H, W) over its highest value; number: of corners; shown: the
    image with its corners; rises: the map of R.
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
    maxima = local_maxima(share, threshold, RADIUS)
    shown = of_width(image, SHOWN)
    marks(shown, maxima[:, :2] * SHOWN / image.shape[1], "cross", ORANGE, 7)
    # The root makes weak values visible beside strong values.
    roots = np.sign(share) * np.sqrt(np.abs(share))
    rises = signed(cv2.resize(roots, (RISES, round(RISES * len(roots) / roots.shape[1]))), 1.0)
    return Corners(tensor, share, len(maxima), shown, rises)


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
    share = round(float(corners.share[xy[1], xy[0]]), 3) + 0.0  # no -0.0
    kind = "a corner" if share > threshold else "an edge" if share < -threshold else "neither"
    says = (
        f"At ({xy[0]}, {xy[1]}) the eigenvalues are {large:.5f} and {small:.5f}, and R is "
        f"{share:.1%} of the highest: {kind}. {corners.number} maxima of R are over the threshold."
    )
    return Drawn(beside(*panels), says, (0, TITLE), scale, (width, height))


def _window(grey: NDArray[np.uint8], tensor: NDArray[np.float32], xy: tuple[int, int]) -> Pixels:
    """The window around a pixel, and the ellipse of shifts that change it equally."""
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


class Extrema(NamedTuple):
    """Refined extrema of one octave and their positions in the image, (N, 2)."""

    refined: Refined
    xy: NDArray[np.float64]


def explore_scale_space(image: Pixels) -> Explorer:
    """Choose octave and level, contrast and edge; see D and what each threshold drops.

    Slide "Recap: Keypoint"; D. Lowe, IJCV 2004, sections 3 and 4.
    """
    space = scale_space(to_grey(image))
    every = [extrema_of_octave(space, number) for number in range(min(4, len(space.octaves)))]
    shown, scale = of_width(image, HALF), HALF / image.shape[1]
    level_of = lru_cache(maxsize=12)(lambda number, level: draw_level(space, number, level))

    def draw(octave: int, level: int, contrast: float, edge: float) -> Drawn:
        where = (octave - 1, level)
        return draw_scale_space(
            shown, scale, space, every[octave - 1], where, contrast, edge, level_of(*where)
        )

    return Explorer(
        draw,
        {
            "octave": slider("octave", 1, len(every), min(2, len(every))),
            "level": slider("level", 1, LEVELS, 1),
            "contrast": slider("least contrast", 0, 0.2, CONTRAST, step=0.005),
            "edge": slider("largest ratio of curvatures (edge)", 1, 30, EDGE, step=0.5),
        },
        "One level of the difference of Gaussians, and the keypoints that its extrema give; "
        "choose octave, level and thresholds by the sliders",
    )


def extrema_of_octave(space: ScaleSpace, number: int) -> Extrema:
    """The extrema of an octave inside the image, refined; only |D| below `LEAST` is dropped."""
    octave = space.octaves[number]
    refined = refine(octave.dog, extrema(octave.dog, LEAST))
    xy = space.pixels(octave, refined.samples + refined.offset)
    inside = ((xy >= 0) & (xy <= np.array(space.image_size) - 1)).all(axis=1)
    return Extrema(refined.select(np.flatnonzero(inside)), xy[inside])


def draw_scale_space(
    image: Pixels,
    scale: float,
    space: ScaleSpace,
    octave_extrema: Extrema,
    where: tuple[int, int],
    contrast: float,
    edge: float,
    level_drawn: Pixels,
) -> Drawn:
    """D of one level beside the image, on which rings are keypoints and crosses dropped extrema.

    image: resized by `scale`; where: the octave and the level.
    """
    number, level = where
    shown = image.copy()
    here = octave_extrema.refined.samples[:, 0] == level
    refined, xy = octave_extrema.refined.select(here), octave_extrema.xy[here]
    strong = np.abs(refined.value) >= contrast / LEVELS
    edges = on_edge(refined.hessian, edge)
    keypoints = strong & ~edges
    sigma = space.sigma(number, level)
    marks(shown, xy[~strong] * scale, "tilted cross", GREY, 5)
    marks(shown, xy[strong & edges] * scale, "tilted cross", BLUE, 7)
    marks(shown, xy[keypoints] * scale, "ring", ORANGE, round(6 * sigma * scale))
    panels = (
        titled(shown, "keypoints orange, edges blue, weak ones grey"),
        titled(level_drawn, f"D at sigma {sigma:.1f} pixels: dark spots orange"),
    )
    says = (
        f"Octave {number + 1}, level {level}: {len(xy)} extrema of D, of which {(~strong).sum()} "
        f"have too little contrast and {(strong & edges).sum()} lie on edges. {keypoints.sum()} "
        "keypoints are left."
    )
    return Drawn(beside(*panels), says)


def draw_level(space: ScaleSpace, number: int, level: int) -> Pixels:
    """D of one level of an octave in colours, cut to the image and as wide as a panel."""
    octave = space.octaves[number]
    values = octave.dog[level]
    width, height = space.image_size
    first = np.maximum(0, np.rint(-space.origin / octave.step)).astype(int)
    last = first + np.array([width, height]) / octave.step
    x, y = last.astype(int)
    part = values[first[1] : max(y, first[1] + 1), first[0] : max(x, first[0] + 1)]
    return of_width(signed(part, 0.06), HALF)
