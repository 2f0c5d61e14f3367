"""What a system must beat to have shown anything: chance, colours, and itself unlearned.

Introduced in lab 07; beside them stands the slide "mAP Result".
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from delf_lesson.classical.congas import Congas
from delf_lesson.features import GlobalExtractor, ImageVector, LocalExtractor
from delf_lesson.images import Pixels, check_image, resize_longest
from delf_lesson.systems.specification import (
    SIFT_CODE,
    GlobalSystem,
    LocalSystem,
    PlainSpec,
    System,
)

BINS = 8


@dataclass(frozen=True)
class RandomVector:
    """A direction at random, which an image always has again."""

    dimensions: int = 128

    def __post_init__(self) -> None:
        if self.dimensions < 1:
            raise ValueError(f"dimensions is {self.dimensions}; wanted 1 or more")

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result."""
        return {"extractor": "RandomVector", "revision": 1, "dimensions": self.dimensions}

    def extract(self, image: Pixels) -> ImageVector:
        """A unit vector (D,) drawn by the image's content."""
        check_image(image)
        digest = hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        vector = rng.normal(size=self.dimensions)
        return ImageVector((vector / np.linalg.norm(vector)).astype(np.float32))


@dataclass(frozen=True)
class ColourHistogram:
    """How often each of 8 x 8 x 8 colours occurs (Swain and Ballard, IJCV 1991).

    The roots of the shares, so that the cosine is the Bhattacharyya coefficient.
    """

    max_side: int = 640

    def __post_init__(self) -> None:
        if self.max_side < 1:
            raise ValueError(f"max_side is {self.max_side}; wanted 1 or more pixels")

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result, OpenCV's version included: it resizes."""
        return {
            "extractor": "ColourHistogram",
            "revision": 1,
            "opencv": cv2.__version__,
            "max_side": self.max_side,
        }

    def extract(self, image: Pixels) -> ImageVector:
        """The unit vector (512,) of a `uint8` RGB (H, W, 3) image."""
        check_image(image)
        small, _ = resize_longest(image, self.max_side)
        counts = cv2.calcHist([small], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3).ravel()
        return ImageVector(np.sqrt(counts / counts.sum()).astype(np.float32))


def _untrained_lift() -> LocalExtractor:
    import torch

    from delf_lesson.deep.lift import Lift
    from delf_lesson.deep.lift_network import LiftNetwork

    torch.manual_seed(0)
    return Lift(LiftNetwork())


def _pooled(name: str, weights: str | None) -> GlobalExtractor:
    """A pooling before its training: over random weights, or over the trunk that it began with."""
    import torch

    from delf_lesson.deep.global_descriptors import SCALES, GlobalDescriptor, GlobalNetwork, Rmac
    from delf_lesson.deep.weights import load_trunk, make_trunk

    torch.manual_seed(0)
    network = GlobalNetwork(load_trunk(weights) if weights else make_trunk(), name)
    if isinstance(network.pooling, Rmac):
        torch.nn.init.eye_(network.pooling.whiten.weight)
        torch.nn.init.zeros_(network.pooling.whiten.bias)
    return GlobalDescriptor(network, scales=SCALES if name == "rmac" else (1.0,))


BASELINE_SYSTEMS: tuple[System, ...] = (
    GlobalSystem("random", "a direction at random for each image", PlainSpec(RandomVector)),
    GlobalSystem("colours", "a histogram of 512 colours", PlainSpec(ColourHistogram)),
    GlobalSystem(
        "siaMAC-untrained",
        "siaMAC with random weights",
        PlainSpec.of(_pooled, name="mac", weights=None),
    ),
    GlobalSystem(
        "siaMAC-begun",
        "MAC over the trunk that siaMAC's training begins with",
        PlainSpec.of(_pooled, name="mac", weights="base"),
    ),
    GlobalSystem(
        "DIR-untrained",
        "DIR with random weights",
        PlainSpec.of(_pooled, name="rmac", weights=None),
    ),
    GlobalSystem(
        "DIR-begun",
        "R-MAC, not whitened, over the trunk that DIR's training begins with",
        PlainSpec.of(_pooled, name="rmac", weights="ft"),
    ),
    LocalSystem(
        "CONGAS-noise",
        "CONGAS with random filters instead of Gabor wavelets",
        PlainSpec.of(Congas, bank="noise"),
    ),
    LocalSystem(
        "LIFT-untrained",
        "LIFT with random weights",
        PlainSpec(_untrained_lift),
        compression=SIFT_CODE,
    ),
)
"""Not systems of the table, but what each of them is compared with."""
