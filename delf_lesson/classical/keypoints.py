"""Keypoints of a scale space, and the upright patch of one size around each of them.

Slide "Recap: Local Descriptor": a descriptor describes the patch centred on a keypoint (labs 01
and 02).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.scale_space import BASE_SIGMA, ScaleSpace
from delf_lesson.features import LocalFeatures
from delf_lesson.images import to_original


@dataclass(frozen=True, eq=False)
class Keypoints:
    """N keypoints of one image (slide "Recap: Keypoint"; lab 01).

    xy: float64 (N, 2), `(x, y)` in pixels of the image, pixel centres at integers.
    sigma: float64 (N,), its size in pixels, over 0: the blur at which it stands out.
    response: float64 (N,), larger is stronger; its unit belongs to the detector.

    Raises ValueError naming the field whose shape or values are wrong.
    """

    xy: NDArray[np.float64]
    sigma: NDArray[np.float64]
    response: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("xy", "sigma", "response"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        n = len(self.xy) if self.xy.ndim else 0
        for name, shape in (("xy", (n, 2)), ("sigma", (n,)), ("response", (n,))):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}; wanted {shape}")
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"{name} holds NaN or infinite values; every one must be finite")
        if (self.sigma <= 0).any():
            raise ValueError("sigma holds values that are not over 0; wanted sizes in pixels")

    def __len__(self) -> int:
        return len(self.xy)

    def select(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Keypoints":
        """The keypoints of the given rows (indices or a boolean mask), in that order."""
        return Keypoints(self.xy[rows], self.sigma[rows], self.response[rows])

    def strongest(self, k: int) -> "Keypoints":
        """The k keypoints of the largest responses, strongest first; ties keep their order."""
        return self.select(np.argsort(-self.response, kind="stable")[:k])

    def described(
        self, descriptors: NDArray[np.float32], small_size: tuple[int, int], size: tuple[int, int]
    ) -> LocalFeatures:
        """These keypoints of a shrunk image as features of the image itself.

        descriptors: (N, D). Sizes are `(width, height)`. `scales` is 1.6 / sigma.
        """
        sigma = self.sigma * size[0] / small_size[0]
        return LocalFeatures(
            to_original(self.xy, small_size, size).astype(np.float32),
            descriptors,
            self.response.astype(np.float32),
            (BASE_SIGMA / sigma).astype(np.float32),
            size,
        )


MOST_ROWS = 32_000  # that OpenCV can map at once


def sample_patches(
    space: ScaleSpace, keypoints: Keypoints, angles: NDArray[np.floating], side: int, step: float
) -> NDArray[np.float32]:
    """The patch around each keypoint, turned upright and brought to one size: (N, side, side).

    angles: (N,), radians clockwise as seen; that direction becomes the patch's x axis.
    step: sigmas of the keypoint from one sample to the next. Sampled from the level of the scale
    space nearest to sigma, so that every patch is as sharp as its size.
    """
    angles = np.asarray(angles, np.float64)
    if angles.shape != (len(keypoints),) or side < 1 or not step > 0:
        raise ValueError(
            f"angles has shape {angles.shape}, side is {side} and step {step}; wanted "
            f"({len(keypoints)},), one for each keypoint, a side of 1 or more and a step over 0"
        )
    octaves, levels = space.find_level(keypoints.sigma)
    patches = np.empty((len(keypoints), side, side), np.float32)
    along = np.arange(side) - (side - 1) / 2
    u, v = along[None, None, :], along[None, :, None]  # x and y in the patch
    for octave, level in np.unique(np.c_[octaves, levels], axis=0):
        rows = np.flatnonzero((octaves == octave) & (levels == level))
        source = space.octaves[octave]
        x, y = ((keypoints.xy[rows] - space.origin) / source.step).T[..., None, None]
        size = (step * keypoints.sigma[rows] / source.step)[:, None, None]
        cos, sin = np.cos(angles[rows])[:, None, None], np.sin(angles[rows])[:, None, None]
        map_x = (x + size * (cos * u - sin * v)).astype(np.float32)
        map_y = (y + size * (sin * u + cos * v)).astype(np.float32)
        patches[rows] = bilinear(source.gaussians[level], map_x, map_y)
    return patches


def bilinear(
    image: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    """An image (H, W) at points (N, side, side) between its samples, reflected at its border."""
    shape = x.shape
    x, y = x.reshape(shape[0], -1), y.reshape(shape[0], -1)
    parts = [
        cv2.remap(
            image,
            x[start : start + MOST_ROWS],
            y[start : start + MOST_ROWS],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        for start in range(0, shape[0], MOST_ROWS)
    ]
    return np.concatenate(parts).reshape(shape)


def gradients(patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Magnitude and angle, radians clockwise as seen, of each patch but its rim.

    patches: (N, side, side) to twice (N, side - 2, side - 2), by central differences.
    """
    dx = (patches[:, 1:-1, 2:] - patches[:, 1:-1, :-2]) / 2
    dy = (patches[:, 2:, 1:-1] - patches[:, :-2, 1:-1]) / 2
    return np.hypot(dx, dy), np.arctan2(dy, dx)
