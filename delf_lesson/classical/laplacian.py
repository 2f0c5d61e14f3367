"""Keypoints at extrema of the Laplacian of Gaussian (notebook 07).

T. Lindeberg, *Feature detection with automatic scale selection*, IJCV 1998: the Laplacian times
sigma squared, which the difference of Gaussians approximates (Lowe, IJCV 2004, section 3).
"""

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.dog import EDGE, check_thresholds, refined_keypoints
from delf_lesson.classical.keypoints import Keypoints
from delf_lesson.classical.scale_space import BASE_SIGMA, LEVELS, Octave, ScaleSpace

CONTRAST = 0.05  # the least value of an extremum; grey runs from 0 to 1


def laplacians(octave: Octave) -> NDArray[np.float32]:
    """sigma squared times the Laplacian of the levels searched and their neighbours, (5, H, W).

    Level i is blurred by 1.6 * 2^(i / 3) samples of the octave; the Laplacian is the sum of the
    second differences along x and y, 0 at the rim.
    """
    levels = octave.gaussians[: LEVELS + 2]
    sums = np.zeros_like(levels)
    middle = levels[:, 1:-1, 1:-1]
    sums[:, 1:-1, 1:-1] = (
        levels[:, :-2, 1:-1] + levels[:, 2:, 1:-1] + levels[:, 1:-1, :-2] + levels[:, 1:-1, 2:]
    ) - 4 * middle
    sigma = BASE_SIGMA * 2 ** (np.arange(len(levels)) / LEVELS)
    return sums * (sigma**2).astype(np.float32)[:, None, None]


def log_keypoints(space: ScaleSpace, contrast: float = CONTRAST, edge: float = EDGE) -> Keypoints:
    """Extrema of the scale-normalised Laplacian over space and scale, refined (notebook 07).

    contrast: its least magnitude at a refined extremum. edge: the largest ratio of its principal
    curvatures. The response is the magnitude, sigma the blur in pixels. Raises ValueError if
    contrast is negative or edge below 1.
    """
    check_thresholds(contrast, edge)
    return refined_keypoints(space, [laplacians(one) for one in space.octaves], contrast, edge)
