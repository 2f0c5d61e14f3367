"""Laplacian keypoints with Gabor descriptors, in the manner of CONGAS (slide "mAP Result"; lab 07).

The paper compares DELF with Google's CONGAS, for which there is no public code. Little is known:
keypoints where the Laplacian of Gaussian is extreme, a region normalised by a similarity, the
amplitudes of Gabor wavelets of several frequencies, without low ones that overlap high ones, and 40
numbers (US patent 8,098,938; Zheng et al., *Tour the world*, CVPR 2009). The choice of wavelets,
their places and all sizes are ours, for teaching, so a measurement here says nothing exact about
the original. The detector is T. Lindeberg's (*Feature detection with automatic scale selection*,
IJCV 1998): the Laplacian times sigma squared, which the difference of Gaussians approximates.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.dog import EDGE, check_thresholds, refined_keypoints
from delf_lesson.classical.keypoints import Keypoints, sample_patches
from delf_lesson.classical.scale_space import BASE_SIGMA, LEVELS, Octave, ScaleSpace, scale_space
from delf_lesson.classical.sift import orientation_histograms, orientation_peaks
from delf_lesson.features import LocalFeatures, check_limits, l2_normalise
from delf_lesson.images import Pixels, resize_longest, to_grey

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
    """Extrema of the scale-normalised Laplacian over space and scale, refined (lab 07).

    contrast: its least magnitude at a refined extremum. edge: the largest ratio of its principal
    curvatures. The response is the magnitude, sigma the blur in pixels. Raises ValueError if
    contrast is negative or edge below 1.
    """
    check_thresholds(contrast, edge)
    return refined_keypoints(
        space, [laplacians(octave) for octave in space.octaves], contrast, edge
    )


SIDE = 32  # samples of a patch
STEP = 0.4  # sigmas of the keypoint from one to the next
DIRECTIONS = 8
WAVES = (
    # cycles over a patch's side; where wavelets stand, as shares of it from the middle
    (2.5, ((0.0, 0.0),)),
    (5.0, ((-0.22, -0.22), (0.22, -0.22), (-0.22, 0.22), (0.22, 0.22))),
)
WIDTH = 0.45  # sigma of a wavelet's window, in its wavelengths
DIMENSIONS = DIRECTIONS * 5  # one low wavelet and four high ones in each direction


Bank = Literal["gabor", "noise"]


@cache
def wavelet_bank(bank: Bank = "gabor") -> NDArray[np.complex64]:
    """The wavelets (40, 32 * 32): 8 directions of a low one in the middle and 4 high ones around.

    Each is a complex wave under a Gaussian window; its mean is taken off, so that flat patches give
    nothing, and its norm is 1. "noise" puts random numbers under the same windows, to see what the
    waves are worth.
    """
    rng = np.random.default_rng(0)
    along = (np.arange(SIDE) - (SIDE - 1) / 2) / SIDE
    x, y = along[None, :], along[:, None]
    wavelets = []
    for cycles, places in WAVES:
        for x0, y0 in places:
            sigma = WIDTH / cycles
            window = np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma**2))
            for direction in np.pi / DIRECTIONS * np.arange(DIRECTIONS):
                turned = np.cos(direction) * (x - x0) + np.sin(direction) * (y - y0)
                wave = np.exp(2j * np.pi * cycles * turned)
                if bank == "noise":
                    real, imaginary = rng.normal(size=(2, SIDE, SIDE))
                    wave = real + 1j * imaginary
                wavelet = window * (wave - (window * wave).sum() / window.sum())
                wavelets.append(wavelet.ravel() / np.linalg.norm(wavelet))
    return np.array(wavelets, np.complex64)


def describe_patches(patches: NDArray[np.float32], bank: Bank = "gabor") -> NDArray[np.float32]:
    """Square roots of the wavelets' amplitudes, as unit rows: (N, 32, 32) to (N, 40).

    The amplitude forgets the wave's phase, so that an edge may move a little; the root lets no
    strong edge rule. Raises ValueError for patches of another size.
    """
    if patches.ndim != 3 or patches.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"patches has shape {patches.shape}; wanted (N, {SIDE}, {SIDE})")
    flat = patches.reshape(len(patches), SIDE * SIDE)
    wavelets = wavelet_bank(bank)
    amplitude = np.hypot(flat @ wavelets.real.T, flat @ wavelets.imag.T)
    return l2_normalise(np.sqrt(amplitude))


@dataclass(frozen=True)
class Congas:
    """Keypoints of the Laplacian of Gaussian with Gabor descriptors, in the manner of CONGAS.

    max_keypoints: how many are kept, strongest first. max_side: larger images are
    shrunk to this longer side first, in pixels. contrast, edge: see `log_keypoints`; bank: see
    `wavelet_bank`. `scales` is 1.6 / sigma.
    """

    max_keypoints: int = 1000
    max_side: int = 640
    contrast: float = CONTRAST
    edge: float = EDGE
    bank: Bank = "gabor"

    def __post_init__(self) -> None:
        check_limits(self.max_keypoints, self.max_side)
        if self.bank not in get_args(Bank):
            raise ValueError(f"bank is {self.bank!r}; wanted one of {', '.join(get_args(Bank))}")
        check_thresholds(self.contrast, self.edge)

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result, OpenCV's version included: it blurs and resizes."""
        return {"extractor": "Congas", "revision": 1, "opencv": cv2.__version__, **asdict(self)}

    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image, strongest first; none for a constant image."""
        small, _ = resize_longest(image, self.max_side)
        space = scale_space(to_grey(small))
        keypoints = log_keypoints(space, self.contrast, self.edge).strongest(self.max_keypoints)
        row, angles = orientation_peaks(orientation_histograms(space, keypoints))
        keypoints = keypoints.select(row[: self.max_keypoints])
        angles = angles[: self.max_keypoints]
        patches = sample_patches(space, keypoints, angles, SIDE, STEP)
        size, small_size = (image.shape[1], image.shape[0]), (small.shape[1], small.shape[0])
        return keypoints.described(describe_patches(patches, self.bank), small_size, size)
