"""Detector, orientation and descriptor as small networks, in the manner of LIFT (notebook 07).

Yi, Trulls, Lepetit, Fua, *LIFT: learned invariant feature transform*, ECCV 2016; slide "mAP
Result". The steps are SIFT's, each one learned. From the paper are the parts, how they are chained
by a soft maximum, the losses and their order; sizes are smaller, the code is our own and for
teaching, so what is measured here says nothing exact of the original.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from delf_lesson.classical.keypoints import Keypoints
from delf_lesson.classical.patches import sample_patches
from delf_lesson.classical.scale_space import (
    BASE_SIGMA,
    LEVELS,
    SMALLEST_SIDE,
    ScaleSpace,
    scale_space,
)
from delf_lesson.deep.weights import fill, load_weights, weights_path
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels, resize_longest, to_grey, to_original

STEP = 0.375  # sigmas of a keypoint from one sample of its patch to the next
SIDE = 32  # samples of the patch that is described: 12 sigmas, as SIFT's
TAPS = 13  # samples of the detector's filters along a side, about 5 sigmas
AROUND = 2 * TAPS - 1  # samples over which the detector takes off brightness and contrast
FAINT = 0.02  # standard deviation of grey that counts as no contrast; grey runs from 0 to 1
SHARPNESS = 10.0  # of the soft maximum, by which training looks for a keypoint
NEAR = 2  # samples; of two maxima nearer than that only the higher is a keypoint
FLAT = 1e-3  # by which a maximum stands out of them at least: above what rounding gives
DIMENSIONS = 128
BATCH = 256  # patches at once


class Ghh(nn.Module):
    """Sum of hinging hyperplanes: of each group of numbers the largest, alternately added and
    taken off (LIFT, section 3.3).

    Channels (N, groups * members, ...) to (N, ...).
    """

    def __init__(self, groups: int = 4, members: int = 4) -> None:
        super().__init__()
        self.groups = groups
        self.members = members

    def forward(self, x: Tensor) -> Tensor:
        """The activation of one output."""
        largest = x.unflatten(1, (self.groups, self.members)).amax(dim=2)
        return largest[:, ::2].sum(dim=1) - largest[:, 1::2].sum(dim=1)


class Detector(nn.Module):
    """How good a keypoint would be at each sample: one layer of filters and `Ghh`."""

    def __init__(self) -> None:
        super().__init__()
        self.ghh = Ghh()
        self.filters = nn.Conv2d(1, self.ghh.groups * self.ghh.members, TAPS)
        with torch.no_grad():  # scores near 0, of which the sharp soft maximum has a gradient
            self.filters.weight.mul_(0.1)

    def forward(self, images: Tensor) -> Tensor:
        """Grey images (N, 1, H, W) from 0 to 1, to scores (N, H - 12, W - 12)."""
        return self.ghh(self.filters(locally_standardised(images)))


class Orientation(nn.Module):
    """The angle that a patch is to be turned by; it learns from tilts of up to 45 degrees."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 5),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * 5 * 5, 128),
            nn.BatchNorm1d(128),
            nn.ReLU(),
        )
        self.ghh = Ghh()
        self.cos = nn.Linear(128, self.ghh.groups * self.ghh.members)
        self.sin = nn.Linear(128, self.ghh.groups * self.ghh.members)

    def forward(self, patches: Tensor) -> Tensor:
        """Patches (N, 1, 32, 32) to angles (N,) in radians, clockwise as seen."""
        found = self.features(standardised(patches))
        return torch.atan2(self.ghh(self.sin(found)), self.ghh(self.cos(found)))


class L2Pool(nn.Module):
    """The root of the sum of the squares of 2 x 2 samples."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H / 2, W / 2)."""
        return (4 * F.avg_pool2d(x * x, 2) + 1e-6).sqrt()


class Descriptor(nn.Module):
    """128 numbers of an upright patch: three layers, as LIFT took them from its authors' own
    earlier descriptor (Simo-Serra et al., ICCV 2015)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 7),
            nn.Tanh(),
            L2Pool(),
            nn.BatchNorm2d(32),
            nn.Conv2d(32, 64, 6),
            nn.Tanh(),
            L2Pool(),
            nn.BatchNorm2d(64),
            nn.Conv2d(64, DIMENSIONS, 4),
            nn.Flatten(),
        )

    def forward(self, patches: Tensor) -> Tensor:
        """Patches (N, 1, 32, 32) to unit vectors (N, 128)."""
        return F.normalize(self.layers(standardised(patches)))


class LiftNetwork(nn.Module):
    """The three parts."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = Detector()
        self.orientation = Orientation()
        self.descriptor = Descriptor()


def standardised(patches: Tensor) -> Tensor:
    """Each patch (N, 1, H, W) with mean 0 and standard deviation 1; a constant one becomes 0."""
    centred = patches - patches.mean(dim=(2, 3), keepdim=True)
    return centred / (centred.pow(2).mean(dim=(2, 3), keepdim=True) + 1e-6).sqrt()


def locally_standardised(images: Tensor) -> Tensor:
    """Each sample of (N, 1, H, W) less the mean around it, over the standard deviation there.

    So a keypoint at night scores as one by day; less contrast than `FAINT` stays less.
    """
    mean = _around(images)
    spread = (_around(images * images) - mean * mean).clamp(min=0).sqrt()
    return (images - mean) / (spread + FAINT)


def _around(images: Tensor) -> Tensor:
    """The mean over a square of 25 samples, or what of it lies in the image."""
    for size in ((1, AROUND), (AROUND, 1)):
        half = (size[0] // 2, size[1] // 2)
        images = F.avg_pool2d(images, size, 1, half, count_include_pad=False)
    return images


def soft_argmax(scores: Tensor) -> Tensor:
    """Where scores (N, h, w) are high, `(x, y)` in samples (N, 2), in a way that can be learned.

    The mean of all places, each weighing exp(10 score) (LIFT, equation 8).
    """
    n, height, width = scores.shape
    weight = (SHARPNESS * scores.flatten(1)).softmax(dim=1).view(n, height, width)
    x = torch.arange(width, dtype=scores.dtype, device=scores.device)
    y = torch.arange(height, dtype=scores.dtype, device=scores.device)
    return torch.stack([(weight.sum(1) * x).sum(1), (weight.sum(2) * y).sum(1)], dim=1)


def soft_maximum(scores: Tensor) -> Tensor:
    """About the largest of scores (N, h, w), (N,): the logarithm of the mean of exp(10 score)."""
    flat = scores.flatten(1)
    return (torch.logsumexp(SHARPNESS * flat, dim=1) - np.log(flat.shape[1])) / SHARPNESS


def cut(patches: Tensor, centre: Tensor, angle: Tensor, side: int = SIDE) -> Tensor:
    """Smaller patches (N, 1, side, side) of larger ones (N, 1, S, S), turned and moved.

    centre: (N, 2), `(x, y)` from the middle in samples; angle: (N,), radians clockwise as seen,
    the direction of the new x axis. Gradients pass to both.
    """
    along = torch.arange(side, dtype=patches.dtype, device=patches.device) - (side - 1) / 2
    v, u = torch.meshgrid(along, along, indexing="ij")
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    x = centre[:, 0, None, None] + cos * u - sin * v
    y = centre[:, 1, None, None] + sin * u + cos * v
    grid = torch.stack([x, y], dim=3) / ((patches.shape[-1] - 1) / 2)
    return F.grid_sample(patches, grid, padding_mode="reflection", align_corners=True)


@dataclass(frozen=True, eq=False)
class Lift:
    """Keypoints, orientations and descriptors by three learned networks, in the manner of LIFT.

    network: the three parts. max_keypoints: the best-scored so many of all scales are kept.
    max_side: larger images are shrunk to this longer side first, in pixels. `scales` is 1.6 /
    sigma. Each level of a scale space is scored densely, which is why it is slow.
    """

    network: LiftNetwork = field(default_factory=LiftNetwork)
    max_keypoints: int = 1000
    max_side: int = 640

    def __post_init__(self) -> None:
        if self.max_keypoints < 1 or self.max_side < 1:
            raise ValueError(
                f"max_keypoints is {self.max_keypoints} and max_side is {self.max_side}; "
                "both must be 1 or more"
            )
        self.network.eval()

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result; weights by the SHA-256 of their values."""
        return {
            "extractor": "Lift",
            "revision": 1,
            "opencv": cv2.__version__,
            "weights": self._digest,
            "max_keypoints": self.max_keypoints,
            "max_side": self.max_side,
        }

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256()
        for tensor in self.network.state_dict().values():
            digest.update(tensor.cpu().numpy().tobytes())
        return digest.hexdigest()

    @torch.inference_mode()
    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image, best first; none for a constant image."""
        small, _ = resize_longest(image, self.max_side)
        space = scale_space(to_grey(small))
        found = self.detect(space).strongest(self.max_keypoints)
        angles = self._by_patch(self.network.orientation, space, found, np.zeros(len(found)))
        descriptors = self._by_patch(self.network.descriptor, space, found, angles)
        size, small_size = (image.shape[1], image.shape[0]), (small.shape[1], small.shape[0])
        sigma = found.sigma * size[0] / small_size[0]
        return LocalFeatures(
            to_original(found.xy, small_size, size).astype(np.float32),
            descriptors.reshape(len(found), DIMENSIONS),
            found.response.astype(np.float32),
            (BASE_SIGMA / sigma).astype(np.float32),
            size,
        )

    def _by_patch(
        self, part: nn.Module, space: ScaleSpace, keypoints: Keypoints, angles: NDArray
    ) -> NDArray[np.float32]:
        """What a part says of the patch around each keypoint."""
        patches = torch.from_numpy(sample_patches(space, keypoints, angles, SIDE, STEP))
        found = [part(some[:, None]).numpy() for some in patches.split(BATCH)]
        return np.concatenate(found) if found else np.zeros(0, np.float32)

    @torch.inference_mode()
    def detect(self, space: ScaleSpace) -> Keypoints:
        """Maxima of the score over space and scale, of all levels of a scale space."""
        levels = list(scored_levels(space))
        maps = [
            self.network.detector(torch.from_numpy(level.image)[None, None])[0].numpy()
            for level in levels
        ]
        widest = [_dilated(scores, 1) for scores in maps]
        xy, sigmas, responses = [], [], []
        for number, (level, scores) in enumerate(zip(levels, maps, strict=True)):
            lowest = -_dilated(-scores, NEAR)
            peak = (scores == _dilated(scores, NEAR)) & (scores - lowest > FLAT)
            rows, columns = np.nonzero(peak)
            pixels = level.pixels(np.stack([columns, rows], axis=1) + (TAPS - 1) / 2)
            response = scores[rows, columns]
            best = ((pixels >= 0) & (pixels <= np.array(space.image_size) - 1)).all(axis=1)
            for other in (number - 1, number + 1):
                if 0 <= other < len(maps):
                    there = levels[other].samples(pixels) - (TAPS - 1) / 2
                    best &= response >= _nearest(widest[other], there)
            xy.append(pixels[best])
            sigmas.append(np.full(int(best.sum()), level.sigma))
            responses.append(response[best])
        if not levels:
            return Keypoints(np.zeros((0, 2)), np.zeros(0), np.zeros(0))
        return Keypoints(np.concatenate(xy), np.concatenate(sigmas), np.concatenate(responses))


@dataclass(frozen=True, eq=False)
class ScoredLevel:
    """A level of a scale space so resized that a sample is `STEP` of its sigma.

    image: float32 (h, w). sigma, step: blur, and from one sample to the next, in pixels of the
    picture; origin: `(x, y)` of sample (0, 0) there.
    """

    image: NDArray[np.float32]
    sigma: float
    step: float
    origin: NDArray[np.float64]

    def pixels(self, samples: NDArray) -> NDArray[np.float64]:
        """Where samples `(x, y)` (N, 2) lie in the picture."""
        return samples * self.step + self.origin

    def samples(self, pixels: NDArray) -> NDArray[np.float64]:
        """Where the picture's pixels `(x, y)` (N, 2) lie among the samples."""
        return (pixels - self.origin) / self.step


def scored_levels(space: ScaleSpace) -> Iterator[ScoredLevel]:
    """Each level of a scale space as the detector sees it.

    Those too small for the detector's filters are left out. Samples lie around the picture's
    centre, as those of the octaves do, so that a turned picture has the same ones.
    """
    for number, octave in enumerate(space.octaves):
        height, width = octave.gaussians.shape[1:]
        for level in range(1, LEVELS + 1):
            sigma = space.sigma(number, level)
            ratio = STEP * sigma / octave.step  # samples of the octave to one of ours
            size = int((width - 1) / ratio) + 1, int((height - 1) / ratio) + 1
            if min(size) < TAPS + SMALLEST_SIDE:
                continue
            first = (np.array([width, height]) - 1 - (np.array(size) - 1) * ratio) / 2
            image = cv2.warpAffine(
                octave.gaussians[level],
                np.array([[ratio, 0, first[0]], [0, ratio, first[1]]]),
                size,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REFLECT_101,
            )
            yield ScoredLevel(image, sigma, STEP * sigma, first * octave.step + space.origin)


def _dilated(scores: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """The largest of each sample's neighbours and itself."""
    side = 2 * radius + 1
    return cv2.dilate(scores, np.ones((side, side), np.uint8))


def _nearest(scores: NDArray[np.float32], xy: NDArray) -> NDArray[np.float32]:
    """The samples nearest to places, at the rim where these lie outside."""
    x, y = np.rint(xy).astype(int).T
    return scores[y.clip(0, scores.shape[0] - 1), x.clip(0, scores.shape[1] - 1)]


def load_lift(weights: str | Path = "lift") -> Lift:
    """The extractor with "lift" (ours, shipped), or with a file that training wrote."""
    path = weights_path(weights)
    tensors, card = load_weights(path)
    if card.get("stage") != "lift":
        raise ValueError(f"weights: {path} is not of lift; its card says {card.get('stage')}")
    network = LiftNetwork()
    fill(network, tensors, "lift")
    return Lift(network)
