"""SIFT: the lesson's own, and OpenCV's behind the same interface (slide "Recap: Local Descriptor").

D. Lowe, *Distinctive image features from scale-invariant keypoints*, IJCV 2004. Introduced in lab
02; OpenCV's is the yardstick for ours and the first extractor of the course.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Literal, TypeVar, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.dog import CONTRAST, EDGE, check_thresholds, dog_keypoints
from delf_lesson.classical.harris import harris_keypoints
from delf_lesson.classical.keypoints import Keypoints, gradients, sample_patches
from delf_lesson.classical.scale_space import BASE_SIGMA, ScaleSpace, scale_space
from delf_lesson.features import LocalFeatures, check_limits, l2_normalise
from delf_lesson.images import Pixels, resize_longest, to_grey, to_original

CELLS = 4  # a descriptor has 4x4 cells,
DIRECTIONS = 8  # each a histogram of 8 directions
DIMENSIONS = CELLS * CELLS * DIRECTIONS
CELL_SIGMAS = 3.0  # side of a cell, in sigmas of the keypoint
CELL_SAMPLES = 4  # samples along it
MOST = 0.2  # what a number of the unit descriptor is cut to, so that one edge cannot rule it

BINS = 36  # of the orientation histogram
ORIENTATION_RADIUS = 9  # samples
ORIENTATION_STEP = 0.5  # sigmas between them
PEAK = 0.8  # share of the highest peak from which on another one makes a keypoint too

BATCH = 500  # descriptors at once, for the memory

Detector = Literal["dog", "harris"]
Real = TypeVar("Real", np.float32, np.float64)


def orientation_histograms(space: ScaleSpace, keypoints: Keypoints) -> NDArray[np.float32]:
    """The histogram of gradient angles around each keypoint (N, 36); bin i is i * 10 degrees.

    Gradients count by their magnitude under a Gaussian of 1.5 sigma (Lowe, section 5). The
    histogram is smoothed by the filter 1 4 6 4 1, as OpenCV does.
    """
    side = 2 * ORIENTATION_RADIUS + 1
    upright = np.zeros(len(keypoints))
    patches = sample_patches(space, keypoints, upright, side + 2, ORIENTATION_STEP)
    magnitude, angle = gradients(patches)
    along = (np.arange(side) - ORIENTATION_RADIUS) * ORIENTATION_STEP
    near = np.exp(-(along**2 + along[:, None] ** 2) / (2 * 1.5**2))
    near[np.hypot(along, along[:, None]) > ORIENTATION_RADIUS * ORIENTATION_STEP] = 0
    weight = magnitude * near.astype(np.float32)
    histogram = angle_histograms(angle, weight, BINS)
    smooth: NDArray[np.float32] = (
        6 * histogram
        + 4 * (np.roll(histogram, 1, axis=1) + np.roll(histogram, -1, axis=1))
        + (np.roll(histogram, 2, axis=1) + np.roll(histogram, -2, axis=1))
    ) / np.float32(16)
    return smooth


def orientation_peaks(
    histograms: NDArray[np.float32],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The row and the angle in radians of every peak of at least 0.8 of its histogram's highest.

    histograms: (N, 36). A parabola through each peak and its neighbours gives its place between
    the bins (Lowe, section 5).
    """
    before, after = np.roll(histograms, 1, axis=1), np.roll(histograms, -1, axis=1)
    highest = histograms.max(axis=1, keepdims=True)
    peaks = (histograms > before) & (histograms >= after) & (histograms >= PEAK * highest)
    row, place = np.nonzero(peaks)
    left, top, right = (h[row, place].astype(np.float64) for h in (before, histograms, after))
    offset = (left - right) / (2 * (left - 2 * top + right))
    return row, (place + offset) * (2 * np.pi / BINS)


def angle_histograms(
    angle: NDArray[np.floating], weight: NDArray[np.floating], bins: int
) -> NDArray[np.float32]:
    """A histogram around the circle of the angles in each row: (N, ...) twice to (N, bins).

    An angle between two bins' centres counts in both, the more the nearer.
    """
    place = angle.reshape(len(angle), int(np.prod(angle.shape[1:]))) * (bins / (2 * np.pi))
    weight = weight.reshape(place.shape)
    lower = np.floor(place)
    upper_share = place - lower
    row = np.arange(len(angle))[:, None] * bins
    parts = [
        np.bincount(
            (row + (lower + step) % bins).astype(np.intp).ravel(),
            (weight * share).ravel(),
            len(angle) * bins,
        )
        for step, share in ((0, 1 - upper_share), (1, upper_share))
    ]
    return (parts[0] + parts[1]).reshape(-1, bins).astype(np.float32)


def describe_patches(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """SIFT of upright patches: (N, 22, 22) to unit rows (N, 128) (Lowe, section 6.1).

    Every gradient counts by its magnitude under a Gaussian of half the descriptor's width, split
    by trilinear interpolation over cells and directions. Numbers are in the order row, column,
    direction counter-clockwise as seen, which is OpenCV's.
    """
    side = (CELLS + 1) * CELL_SAMPLES + 2
    if patches.ndim != 3 or patches.shape[1:] != (side, side):
        raise ValueError(f"patches has shape {patches.shape}; wanted (N, {side}, {side})")
    magnitude, angle = gradients(patches)
    n, samples = len(patches), ((CELLS + 1) * CELL_SAMPLES) ** 2
    direction = direction_weights(-angle.reshape(n, samples))
    direction *= magnitude.reshape(n, samples, 1)  # (N, samples, 8)
    histograms = cell_weights().T @ direction  # (N, 16, 8)
    return normalise_histograms(histograms.reshape(n, DIMENSIONS))


def normalise_histograms(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows (N, 128) of unit length, no number over 0.2, and of unit length again.

    Contrast drops out, and so does what a single glint adds (Lowe, section 6.1; lab 02).
    """
    return l2_normalise(np.minimum(l2_normalise(rows), MOST))


def tent(distance: NDArray[Real]) -> NDArray[Real]:
    """Linear interpolation: a sample counts fully in its bin's centre, and nothing one bin away."""
    share: NDArray[Real] = np.maximum(0, 1 - np.abs(distance))
    return share


def direction_weights(angle: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each angle (...) counts in each of the 8 directions: (..., 8)."""
    directions = np.arange(DIRECTIONS, dtype=np.float32)
    turns = angle[..., None] * np.float32(DIRECTIONS / (2 * np.pi)) - directions
    return tent(turns - DIRECTIONS * np.rint(turns / DIRECTIONS))


def cell_weights() -> NDArray[np.float32]:
    """How much each of the 20x20 samples of a patch counts in each of the 4x4 cells: (400, 16)."""
    samples = (CELLS + 1) * CELL_SAMPLES  # interpolation reaches half a cell beyond the outer ones
    along = (np.arange(samples) - (samples - 1) / 2) / CELL_SAMPLES  # in cells
    cell = tent(along[:, None] - (np.arange(CELLS) - (CELLS - 1) / 2))
    cell *= np.exp(-(along**2) / (2 * (CELLS / 2) ** 2))[:, None]
    cells: NDArray[np.float64] = np.einsum("yr,xc->yxrc", cell, cell)
    return cells.reshape(-1, CELLS**2).astype(np.float32)


def descriptor_patches(
    space: ScaleSpace, keypoints: Keypoints, angles: NDArray[np.floating]
) -> NDArray[np.float32]:
    """The patches (N, 22, 22) that `describe_patches` wants; see `sample_patches`."""
    side = (CELLS + 1) * CELL_SAMPLES + 2
    return sample_patches(space, keypoints, angles, side, CELL_SIGMAS / CELL_SAMPLES)


def root_sift(descriptors: NDArray[np.floating]) -> NDArray[np.float32]:
    """RootSIFT of non-negative SIFT descriptors (N, 128): L1-normalise, then square root.

    Their dot product is the Hellinger kernel (Arandjelovic and Zisserman, CVPR 2012).
    """
    if descriptors.size and descriptors.min() < 0:
        raise ValueError("descriptors holds negative numbers; wanted histograms, as SIFT's are")
    sums = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-12)
    return l2_normalise(np.sqrt(descriptors / sums))


@dataclass(frozen=True)
class Sift:
    """Keypoints of DoG or Harris with SIFT descriptors, all of it the lesson's own.

    detector: "dog", which finds a size for each keypoint, or "harris", which has one for all.
    root: RootSIFT instead of SIFT. max_keypoints: how many are kept, strongest first.
    max_side: larger images are shrunk to this longer side first, in pixels.
    contrast, edge: see `dog_keypoints`; Harris has no use for them.
    upright: take no orientation, for cameras that are held upright: every patch stands as it is.

    Slides "Recap: Keypoint" and "Recap: Local Descriptor"; lab 02. `scales` is 1.6 / sigma.
    """

    detector: Detector = "dog"
    root: bool = True
    max_keypoints: int = 1000
    max_side: int = 640
    contrast: float = CONTRAST
    edge: float = EDGE
    upright: bool = False

    def __post_init__(self) -> None:
        if self.detector not in get_args(Detector):
            raise ValueError(f"detector is {self.detector!r}; wanted 'dog' or 'harris'")
        check_limits(self.max_keypoints, self.max_side)
        check_thresholds(self.contrast, self.edge)

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result, OpenCV's version included: it blurs and resizes."""
        settings = asdict(self)
        if self.detector == "harris":
            del settings["contrast"], settings["edge"]
        return {"extractor": "Sift", "revision": 1, "opencv": cv2.__version__, **settings}

    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image, strongest first; none for a constant image."""
        small, _ = resize_longest(image, self.max_side)
        grey = to_grey(small)
        space = scale_space(grey)
        if self.detector == "dog":
            keypoints = dog_keypoints(space, self.contrast, self.edge)
        else:
            keypoints = harris_keypoints(grey)
        keypoints = keypoints.strongest(self.max_keypoints)
        if self.upright:
            angles = np.zeros(len(keypoints))
        else:
            row, angles = orientation_peaks(orientation_histograms(space, keypoints))
            keypoints = keypoints.select(row[: self.max_keypoints])
            angles = angles[: self.max_keypoints]
        descriptors = np.empty((len(keypoints), DIMENSIONS), np.float32)
        for start in range(0, len(keypoints), BATCH):
            part = np.arange(start, min(start + BATCH, len(keypoints)))
            patches = descriptor_patches(space, keypoints.select(part), angles[part])
            descriptors[part] = describe_patches(patches)
        size, small_size = (image.shape[1], image.shape[0]), (small.shape[1], small.shape[0])
        return keypoints.described(
            root_sift(descriptors) if self.root else descriptors, small_size, size
        )


@dataclass(frozen=True)
class OpenCVSift:
    """SIFT keypoints and descriptors by OpenCV (slides "Recap: Keypoint" and after).

    max_keypoints: how many are kept, those of highest contrast first.
    root: RootSIFT (Arandjelovic and Zisserman, CVPR 2012): the square root of the
        L1-normalised descriptor, so that the dot product is the Hellinger kernel.
    max_side: larger images are shrunk to this longer side first, in pixels.

    Lab 00. `scales` is 1.6 / sigma of the keypoint.
    """

    max_keypoints: int = 1000
    root: bool = True
    max_side: int = 640

    def __post_init__(self) -> None:
        check_limits(self.max_keypoints, self.max_side)

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result, OpenCV's version included."""
        return {"extractor": "OpenCVSift", "revision": 1, "opencv": cv2.__version__, **asdict(self)}

    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image, strongest first; none for a constant image."""
        small, _ = resize_longest(image, self.max_side)
        sift = cv2.SIFT.create(nfeatures=self.max_keypoints, enable_precise_upscale=True)
        keypoints, descriptors = sift.detectAndCompute(to_grey(small), None)
        size = (image.shape[1], image.shape[0])
        small_size = (small.shape[1], small.shape[0])
        if not keypoints:
            empty = np.zeros(0, np.float32)
            return LocalFeatures(
                empty.reshape(0, 2), empty.reshape(0, DIMENSIONS), empty, empty, size
            )
        xy = np.array(list(map(attrgetter("pt"), keypoints)))
        sigma = np.array(list(map(attrgetter("size"), keypoints))) / 2 * size[0] / small_size[0]
        features = LocalFeatures(
            to_original(xy, small_size, size),
            root_sift(descriptors) if self.root else l2_normalise(descriptors),
            np.array(list(map(attrgetter("response"), keypoints))),
            BASE_SIGMA / sigma,
            size,
        )
        return features.top(self.max_keypoints)  # OpenCV may keep more where responses tie
