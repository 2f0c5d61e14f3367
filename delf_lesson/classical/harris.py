"""Corners by the structure tensor (Harris and Stephens, 1988; Shi and Tomasi, 1994).

Slide "Recap: Keypoint"; lab 01. A grey image is (H, W), `uint8` or float from 0
to 1; anything else raises ValueError.
"""

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.keypoints import Keypoints
from delf_lesson.images import unit_range

K = 0.04  # Harris and Stephens' factor: 0.04 to 0.06 is usual
SIGMA = 2.0  # pixels of the Gaussian window
THRESHOLD = 0.01  # of the image's highest response
ROUNDING = 1e-6  # of the strongest edge: what floats make of an edge without any corner
RADIUS = 4  # pixels: the least distance of two corners

Window = Literal["gaussian", "box"]


def image_gradient(grey: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Derivatives by x and by y (H, W) of a grey image (H, W), by Sobel's 3x3 filters.

    In grey levels a pixel, of which 1 is all from black to white.
    """
    image = unit_range(grey)
    border = cv2.BORDER_REFLECT_101
    dx = cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8, borderType=border)
    dy = cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8, borderType=border)
    return dx, dy


def window_change(
    grey: NDArray[Any], xy: tuple[int, int], most: int = 6, sigma: float = SIGMA
) -> NDArray[np.float64]:
    """How much a Gaussian window changes when it is shifted: E[v, u] for shifts up to `most`.

    E(u, v) = sum w(q) (I(q + (u, v)) - I(q))^2, what Moravec (1980) asked of a corner: every
    shift must change it. xy: the window's middle, whole pixels. Shape (2 most + 1, 2 most + 1),
    no shift in the middle. Raises ValueError where the shifted window would leave the image.
    """
    if not sigma > 0 or most < 1:
        raise ValueError(f"sigma is {sigma} and most is {most}; wanted over 0 and 1 or more")
    image = unit_range(grey).astype(np.float64)
    half = int(np.ceil(3 * sigma))
    (x, y), (height, width), reach = xy, image.shape, half + most
    if not (reach <= x < width - reach and reach <= y < height - reach):
        raise ValueError(f"xy is {xy}; wanted a place {reach} pixels or more inside the image")
    around = np.lib.stride_tricks.sliding_window_view(
        image[y - reach : y + reach + 1, x - reach : x + reach + 1], (2 * half + 1,) * 2
    )
    along = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * sigma**2))
    window = np.outer(along, along) / along.sum() ** 2
    change: NDArray[np.float64] = np.einsum(
        "vuyx,yx->vu", (around - around[most, most]) ** 2, window
    )
    return change


def structure_tensor(
    grey: NDArray[Any], sigma: float = SIGMA, window: Window = "gaussian"
) -> NDArray[np.float32]:
    """The mean of the gradient's products around each pixel: (H, W, 3), the entries A, B, C of

        M = [[A, C], [C, B]],  A = w * Ix^2,  B = w * Iy^2,  C = w * Ix Iy

    (slide "Recap: Keypoint"; lab 01). A shift (u, v) of the window changes its grey levels by
    the square (u, v) M (u, v)^T. The window w is a Gaussian of sigma pixels, or a box of about that
    spread, of the odd side nearest to sqrt(12 sigma^2 + 1), as `cv2.cornerHarris` has it.
    """
    if not sigma > 0 or window not in ("gaussian", "box"):
        raise ValueError(
            f"sigma is {sigma} and window {window!r}; wanted a sigma over 0 and a window "
            "'gaussian' or 'box'"
        )
    dx, dy = image_gradient(grey)
    products = np.stack([dx * dx, dy * dy, dx * dy], axis=2)
    tensor: NDArray[np.float32]
    if window == "gaussian":
        tensor = cv2.GaussianBlur(products, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    else:
        side = 2 * round((np.sqrt(12 * sigma**2 + 1) - 1) / 2) + 1
        tensor = cv2.blur(products, (side, side), borderType=cv2.BORDER_REFLECT_101)
    return tensor


def eigenvalues(tensor: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The larger and the smaller eigenvalue of every structure tensor (H, W, 3): twice (H, W).

    Both large at a corner, one at an edge, none where there is no texture.
    """
    a, b, c = np.moveaxis(tensor.astype(np.float64), 2, 0)
    mean, half = (a + b) / 2, np.hypot((a - b) / 2, c)
    return mean + half, mean - half


def harris_response(tensor: NDArray[np.float32], k: float = K) -> NDArray[np.float32]:
    """R = det M - k (trace M)^2 of structure tensors (H, W, 3): (H, W) (slide "Recap: Keypoint").

    Positive at corners, negative at edges, near 0 without texture.
    """
    a, b, c = np.moveaxis(tensor, 2, 0)
    response: NDArray[np.float32] = a * b - c * c - k * (a + b) ** 2
    return response


def shi_tomasi_response(tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smaller eigenvalue of structure tensors (H, W, 3): (H, W) (Shi and Tomasi, CVPR 1994)."""
    return eigenvalues(tensor)[1].astype(np.float32)


def local_maxima(
    response: NDArray[np.floating], threshold: float, radius: int
) -> NDArray[np.float64]:
    """Places (N, 3) of maxima, as (x, y, response), to a fraction of a pixel.

    response: (H, W). A maximum exceeds `threshold` and is the highest within `radius` pixels; a
    parabola in x and one in y place it between pixels. Neighbours of exactly one height count
    once, in their middle. The outermost pixels have no neighbour for the parabola and give none.
    """
    peaks = (response == cv2.dilate(response, _disc(radius))) & (response > threshold)
    peaks[[0, -1]] = peaks[:, [0, -1]] = False
    touching = cv2.dilate(peaks.astype(np.uint8), _disc((radius - 1) // 2))
    count, label = cv2.connectedComponents(touching, connectivity=8)
    y, x = np.nonzero(peaks)
    height = response[y, x].astype(np.float64)
    group = label[y, x] - 1
    columns = (
        x + _vertex(response[y, x - 1], height, response[y, x + 1]),
        y + _vertex(response[y - 1, x], height, response[y + 1, x]),
        height,
    )
    sizes = np.bincount(group, minlength=count - 1)
    return np.stack([np.bincount(group, column, count - 1) / sizes for column in columns], axis=1)


def harris_keypoints(
    grey: NDArray[Any],
    k: float = K,
    sigma: float = SIGMA,
    threshold: float = THRESHOLD,
    radius: int = RADIUS,
    shi_tomasi: bool = False,
) -> Keypoints:
    """Corners of a grey image (H, W) (slide "Recap: Keypoint"; lab 01).

    k: see `harris_response`; sigma: of the window, pixels, and of every keypoint: Harris has no
    scale of its own. threshold: share of the image's highest response. radius: pixels between
    corners. shi_tomasi: rank by the smaller eigenvalue instead.
    """
    if not 0 <= threshold < 1 or radius < 1 or radius != int(radius):
        raise ValueError(
            f"threshold is {threshold} and radius is {radius}; wanted a threshold from 0 to below "
            "1 and whole pixels, 1 or more"
        )
    tensor = structure_tensor(grey, sigma)
    response = shi_tomasi_response(tensor) if shi_tomasi else harris_response(tensor, k)
    strongest_edge = float(tensor[..., :2].sum(axis=2).max())  # the trace
    rounding = ROUNDING * (strongest_edge if shi_tomasi else strongest_edge**2)
    least = max(threshold * float(response.max()), rounding)
    x, y, height = local_maxima(response, least, int(radius)).T
    return Keypoints(np.c_[x, y], np.full(len(x), sigma), height)


def _vertex(
    left: NDArray[np.floating], middle: NDArray[np.float64], right: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Where the parabola through values at -1, 0 and 1 has its peak; 0 where it is flat."""
    bend = left.astype(np.float64) - 2 * middle + right
    return np.where(bend < 0, (left - right.astype(np.float64)) / np.minimum(2 * bend, -1e-30), 0)


def _disc(radius: int) -> NDArray[np.uint8]:
    disc: NDArray[np.uint8] = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    return disc
