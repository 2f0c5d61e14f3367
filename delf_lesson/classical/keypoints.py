"""Keypoints: where something is in an image, how large and how strong, but not yet what."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.scale_space import BASE_SIGMA
from delf_lesson.features import LocalFeatures
from delf_lesson.images import to_original


@dataclass(frozen=True, eq=False)
class Keypoints:
    """N keypoints of one image (slide "Recap: Keypoint"; notebook 01).

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

    def select(self, rows: NDArray) -> "Keypoints":
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


def check_limits(max_keypoints: int, max_side: int) -> None:
    """Raise ValueError unless both limits of an extractor are 1 or more."""
    if max_keypoints < 1 or max_side < 1:
        raise ValueError(
            f"max_keypoints is {max_keypoints} and max_side is {max_side}; both must be 1 or more"
        )
