"""Keypoints and descriptors of an image by LIFT's networks (slide "mAP Result"; lab 07)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from delf_lesson.classical.keypoints import Keypoints, sample_patches
from delf_lesson.classical.scale_space import (
    LEVELS,
    SMALLEST_SIDE,
    ScaleSpace,
    scale_space,
)
from delf_lesson.deep.backbone import values_digest
from delf_lesson.deep.lift_network import DIMENSIONS, SIDE, STEP, TAPS, LiftNetwork
from delf_lesson.deep.weights import load_into, load_weights, weights_path
from delf_lesson.features import LocalFeatures, check_limits
from delf_lesson.images import Pixels, resize_longest, to_grey

NEAR = 2  # samples; of two maxima nearer than that only the higher is a keypoint
FLAT = 1e-3  # by which a maximum stands out of them at least: above what rounding gives
BATCH = 256  # patches at once


@dataclass(frozen=True, eq=False)
class Lift:
    """Keypoints, orientations and descriptors by three learned networks, in the manner of LIFT.

    network: the three parts. max_keypoints: how many are kept over all scales, best score first.
    max_side: larger images are shrunk to this longer side first, in pixels. `scales` is 1.6 /
    sigma. Each level of a scale space is scored densely, which is why it is slow.
    """

    network: LiftNetwork = field(default_factory=LiftNetwork)
    max_keypoints: int = 1000
    max_side: int = 640

    def __post_init__(self) -> None:
        check_limits(self.max_keypoints, self.max_side)
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
        return values_digest(self.network)

    @torch.inference_mode()
    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image, best first; none for a constant image."""
        small, _ = resize_longest(image, self.max_side)
        space = scale_space(to_grey(small))
        keypoints = self.detect(space).strongest(self.max_keypoints)
        angles = self._by_patch(
            self.network.orientation, space, keypoints, np.zeros(len(keypoints))
        )
        descriptors = self._by_patch(self.network.descriptor, space, keypoints, angles)
        size, small_size = (image.shape[1], image.shape[0]), (small.shape[1], small.shape[0])
        return keypoints.described(
            descriptors.reshape(len(keypoints), DIMENSIONS), small_size, size
        )

    def _by_patch(
        self, part: nn.Module, space: ScaleSpace, keypoints: Keypoints, angles: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """What a part says of the patch around each keypoint."""
        patches = torch.from_numpy(sample_patches(space, keypoints, angles, SIDE, STEP))
        batches = torch.split(patches[:, None], BATCH)
        outputs = [part(batch).numpy() for batch in batches]
        return np.concatenate(outputs) if outputs else np.zeros(0, np.float32)

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

    def pixels(self, samples: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where samples `(x, y)` (N, 2) lie in the picture."""
        return samples * self.step + self.origin

    def samples(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
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
    largest: NDArray[np.float32] = cv2.dilate(scores, np.ones((side, side), np.uint8))
    return largest


def _nearest(scores: NDArray[np.float32], xy: NDArray[np.float64]) -> NDArray[np.float32]:
    """The samples nearest to places, at the rim where these lie outside."""
    x, y = np.rint(xy).astype(int).T
    nearest: NDArray[np.float32] = scores[
        y.clip(0, scores.shape[0] - 1), x.clip(0, scores.shape[1] - 1)
    ]
    return nearest


def load_lift(weights: str | Path = "lift") -> Lift:
    """The extractor with "lift" (ours, shipped), or with a file that training wrote."""
    path = weights_path(weights)
    tensors, card = load_weights(path)
    if card.get("stage") != "lift":
        raise ValueError(f"weights: {path} is not of lift; its card says {card.get('stage')}")
    network = LiftNetwork()
    load_into(network, tensors, "lift")
    return Lift(network)
