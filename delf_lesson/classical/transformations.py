"""Changes of one image by a known amount, with the exact geometry of each.

Slide "Classical Keypoint & Local Descriptor Properties"; lab 02. An amount that
is out of its range raises ValueError, and so does an image that is not `uint8` RGB.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.images import Pixels, check_image


class Transfer(Protocol):
    """Where points of one image are in another, and back: a rendered `Pair` or a `Homography`."""

    def transfer(self, xy: NDArray[Any]) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """Points (N, 2) of the first image in the second, and whether each is seen there (N,)."""

    def transfer_back(self, xy: NDArray[Any]) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """Points (N, 2) of the second image in the first, and whether each is seen there (N,)."""


@dataclass(frozen=True, eq=False)
class Homography:
    """The projective map between two images of one plane, or of one place of the camera.

    matrix: (3, 3), takes `(x, y, 1)` of the first image to the second; sizes: `(width, height)`.
    Its sign is chosen so that the middle of the first image is seen. Raises ValueError for a
    matrix of another shape or without an inverse.
    """

    matrix: NDArray[np.float64]
    first_size: tuple[int, int]
    second_size: tuple[int, int]

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix, np.float64)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
            raise ValueError(f"matrix has shape {matrix.shape}; wanted (3, 3), all finite")
        if abs(np.linalg.det(matrix / np.abs(matrix).max())) < 1e-12:
            raise ValueError("matrix has no inverse; wanted a map between two images")
        width, height = self.first_size
        middle = matrix[2] @ [(width - 1) / 2, (height - 1) / 2, 1]
        object.__setattr__(self, "matrix", matrix if middle > 0 else -matrix)

    def transfer(self, xy: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Points (N, 2) of the first image in the second, and whether they lie inside it."""
        return _mapped(self.matrix, xy, self.second_size)

    def transfer_back(self, xy: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Points (N, 2) of the second image in the first, and whether they lie inside it."""
        return _mapped(np.linalg.inv(self.matrix).astype(np.float64), xy, self.first_size)


@dataclass(frozen=True, eq=False)
class View:
    """Two images and where the points of one are in the other."""

    first: Pixels
    second: Pixels
    truth: Transfer


def rotated(image: Pixels, degrees: float) -> View:
    """The camera turned about its axis: the image turns clockwise; the canvas grows with it."""
    if not np.isfinite(degrees):
        raise ValueError(f"degrees is {degrees}; wanted a finite angle")
    size = np.array(_size(image))
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    new_size = np.maximum(1, np.rint(np.abs(turn) @ size)).astype(int)
    return _warped(image, _about_centres(turn, size, new_size), new_size)


def scaled(image: Pixels, factor: float) -> View:
    """The camera moved back or a shorter lens: the image resized, by 0.5 to half its sides."""
    _check_positive("factor", factor)
    size = np.array(_size(image))
    new_size = np.maximum(1, np.rint(size * factor)).astype(int)
    # Pixel centres are at integers: the corner of the image, at -0.5, stays at -0.5.
    ratio = new_size / size
    matrix = np.array([[ratio[0], 0, ratio[0] / 2 - 0.5], [0, ratio[1], ratio[1] / 2 - 0.5]])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(image, (int(new_size[0]), int(new_size[1])), interpolation=how)
    return _view(image, resized, np.vstack([matrix, [0, 0, 1]]))


def tilted(image: Pixels, degrees: float) -> View:
    """A flat picture seen from aside: the camera walks around it, at twice its width's distance."""
    if not abs(degrees) < 90:
        raise ValueError(f"degrees is {degrees}; wanted less than 90 to either side")
    width, height = _size(image)
    focal = distance = 2.0 * width
    angle = np.deg2rad(degrees)
    from_centre = np.array([[1, 0, (1 - width) / 2], [0, 1, (1 - height) / 2], [0, 0, 1]])
    seen = np.array([[np.cos(angle), 0, 0], [0, 1, 0], [np.sin(angle), 0, distance]])
    to_pixels = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    return _warped(image, to_pixels @ seen @ from_centre, np.array([width, height]))


def lit(image: Pixels, gamma: float) -> View:
    """Other light: every grey level to its power gamma, dark above 1 and bright below."""
    check_image(image)
    _check_positive("gamma", gamma)
    curve = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return _view(image, cv2.LUT(image, curve), np.eye(3))


def blurred(image: Pixels, sigma: float) -> View:
    """Out of focus: a Gaussian of sigma pixels; 0 changes nothing."""
    check_image(image)
    if not 0 <= sigma < np.inf:
        raise ValueError(f"sigma is {sigma}; wanted 0 or more pixels")
    soft = cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image.copy()
    return _view(image, soft, np.eye(3))


def noisy(image: Pixels, sigma: float, seed: int = 0) -> View:
    """A dark room's sensor: Gaussian noise of sigma grey levels on every channel."""
    check_image(image)
    if not 0 <= sigma < np.inf:
        raise ValueError(f"sigma is {sigma}; wanted 0 or more grey levels")
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return _view(image, np.clip(np.rint(image + noise), 0, 255).astype(np.uint8), np.eye(3))


def compressed(image: Pixels, quality: float) -> View:
    """Written as JPEG of a quality from 1 to 100, and read again."""
    if not 1 <= quality <= 100:
        raise ValueError(f"quality is {quality}; wanted 1 to 100")
    check_image(image)
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return _view(image, cv2.cvtColor(cv2.imdecode(data, 1), cv2.COLOR_BGR2RGB), np.eye(3))


@dataclass(frozen=True)
class Change:
    """One way to change an image, and the amounts at which to measure it, mildest first."""

    apply: Callable[[Pixels, float], View]
    label: str
    amounts: tuple[float, ...]


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "rotation": Change(rotated, "degrees turned", (15, 30, 45, 60, 90)),
        "scale": Change(scaled, "size of the second image", (0.8, 0.65, 0.5, 0.35, 0.25)),
        "viewpoint": Change(tilted, "degrees walked around", (15, 30, 45, 55, 65)),
        "light": Change(lit, "gamma", (1.25, 1.5, 2, 3, 4)),
        "blur": Change(blurred, "sigma in pixels", (0.5, 1, 1.5, 2, 3)),
        "noise": Change(noisy, "sigma in grey levels", (4, 8, 12, 18, 25)),
        "jpeg": Change(compressed, "quality", (80, 60, 40, 20, 10)),
    }
)
"""The invariances of the slide "Classical Keypoint & Local Descriptor Properties", one a name."""


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise ValueError(f"{name} is {value}; wanted more than 0")


def _size(image: Pixels) -> tuple[int, int]:
    check_image(image)
    return image.shape[1], image.shape[0]


def _view(image: Pixels, changed: Pixels, matrix: NDArray[np.float64]) -> View:
    return View(image, changed, Homography(matrix, _size(image), _size(changed)))


def _about_centres(
    linear: NDArray[np.float64], size: NDArray[np.integer], new_size: NDArray[np.integer]
) -> NDArray[np.float64]:
    shift = (new_size - 1) / 2 - linear @ ((size - 1) / 2)
    return np.vstack([np.c_[linear, shift], [0, 0, 1]])


def _warped(image: Pixels, matrix: NDArray[np.float64], new_size: NDArray[np.integer]) -> View:
    """The image under the map; what it does not show is filled with its mean colour."""
    changed = cv2.warpPerspective(
        image,
        matrix,
        (int(new_size[0]), int(new_size[1])),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=tuple(map(float, image.mean(axis=(0, 1)))),
    )
    return _view(image, changed, matrix)


def _mapped(
    matrix: NDArray[np.float64], xy: NDArray[Any], size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    xy = np.asarray(xy, np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ValueError(f"xy has shape {xy.shape}; wanted (N, 2), one (x, y) a row")
    there = np.c_[xy, np.ones(len(xy))] @ matrix.T
    in_front = there[:, 2] > 0
    there = there[:, :2] / np.where(in_front, there[:, 2], np.nan)[:, None]
    with np.errstate(invalid="ignore"):
        inside = ((there >= -0.5) & (there <= np.array(size) - 0.5)).all(axis=1)
    return there, inside & in_front
