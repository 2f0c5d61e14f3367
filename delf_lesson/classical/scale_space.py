"""The Gaussian scale space: one image at every blur, in octaves.

D. Lowe, IJCV 2004, section 3; slide "Recap: Keypoint"; lab 01.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.images import unit_range

LEVELS = 3  # levels an octave that are searched; each is 2^(1/3) times as blurred as the last
BASE_SIGMA = 1.6  # blur of an octave's first level, in samples of that octave
CAMERA_SIGMA = 0.5  # blur that a camera's own optics and pixels give, in pixels
SMALLEST_SIDE = 12  # samples; a smaller octave has nothing left inside its border


@dataclass(frozen=True, eq=False)
class Octave:
    """The levels between one blur and its double.

    gaussians: float32 (LEVELS + 3, H, W), level i blurred by 1.6 * 2^(i / 3) samples.
    step: pixels of the image from one sample to the next: 0.5, 1, 2, ...
    """

    gaussians: NDArray[np.float32]
    step: float

    @cached_property
    def dog(self) -> NDArray[np.float32]:
        """Differences of Gaussians (LEVELS + 2, H, W): each level minus the one before."""
        return self.gaussians[1:] - self.gaussians[:-1]


@dataclass(frozen=True, eq=False)
class ScaleSpace:
    """Octaves over one image (slide "Recap: Keypoint"; lab 01).

    origin: `(x, y)` of sample (0, 0) of every octave, in pixels of the image.
    image_size: `(width, height)`.
    """

    octaves: tuple[Octave, ...]
    origin: NDArray[np.float64]
    image_size: tuple[int, int]

    def sigma(self, octave: int, level: float) -> float:
        """The blur of a level in pixels of the image (Lowe, section 3)."""
        return BASE_SIGMA * self.octaves[octave].step * 2 ** (level / LEVELS)

    def pixels(self, octave: Octave, samples: NDArray[Any]) -> NDArray[np.float64]:
        """Where samples (level, y, x) of an octave lie in the image, (N, 3) to `(x, y)` (N, 2)."""
        return np.asarray(samples)[:, :0:-1] * octave.step + self.origin

    def find_level(self, sigma: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The octave and the searched level (1 to LEVELS) nearest to each blur, in pixels."""
        steps = LEVELS * np.log2(np.asarray(sigma) / (BASE_SIGMA * self.octaves[0].step))
        octave = np.clip((steps - 0.5) // LEVELS, 0, len(self.octaves) - 1).astype(np.intp)
        level = np.clip(np.rint(steps - LEVELS * octave), 1, LEVELS).astype(np.intp)
        return octave, level


def scale_space(grey: NDArray[Any]) -> ScaleSpace:
    """The scale space of a grey image (H, W), `uint8` or float in [0, 1].

    As Lowe does, the image is first doubled, and an octave begins with every second sample of the
    one before. The doubled grid is laid around the image's centre and its sides are a multiple of
    every octave's step, plus one: so all octaves are centred as well, and turning or mirroring the
    image turns or mirrors every sample exactly. What it covers beyond the image is its reflection.
    """
    image = unit_range(grey)
    height, width = image.shape
    sides = 2 * np.array([width, height]) - 1
    octaves = max(1, int(np.log2(sides.min() / SMALLEST_SIDE)) + 1)
    coarsest = 2 ** (octaves - 1)
    samples = -(-(sides - 1) // coarsest) * coarsest + 1
    origin = (np.array([width, height]) - 1) / 2 - (samples - 1) / 4
    base = cv2.warpAffine(
        image,
        np.array([[0.5, 0, origin[0]], [0, 0.5, origin[1]]]),
        (int(samples[0]), int(samples[1])),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    base = blur(base, np.sqrt(BASE_SIGMA**2 - (2 * CAMERA_SIGMA) ** 2))
    built = []
    for number in range(octaves):
        built.append(Octave(_levels(base), 0.5 * 2**number))
        base = built[-1].gaussians[LEVELS, ::2, ::2]  # blurred by 2 * BASE_SIGMA
    return ScaleSpace(tuple(built), origin, (width, height))


def blur(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """An image (H, W) under a Gaussian of sigma samples, reflected at its border."""
    soft: NDArray[np.float32] = cv2.GaussianBlur(
        image, (0, 0), float(sigma), borderType=cv2.BORDER_REFLECT_101
    )
    return soft


def _levels(base: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur adds in squares: what lies between two levels is the root of their difference."""
    levels = np.empty((LEVELS + 3, *base.shape), np.float32)
    levels[0] = base
    sigma = BASE_SIGMA * 2 ** (np.arange(LEVELS + 3) / LEVELS)
    for level in range(1, LEVELS + 3):
        levels[level] = blur(levels[level - 1], np.sqrt(sigma[level] ** 2 - sigma[level - 1] ** 2))
    return levels
