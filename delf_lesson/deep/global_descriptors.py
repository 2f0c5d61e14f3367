"""A whole image as one vector: siaMAC and DIR (slide "mAP Result"; notebook 07)."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from delf_lesson.deep.backbone import Trunk, fold_batch_norm
from delf_lesson.deep.pooling import pooling
from delf_lesson.deep.weights import (
    empty_trunk,
    fill,
    load_weights,
    part,
    values_digest,
    weights_path,
)
from delf_lesson.images import Pixels, check_image, rescale, resize_longest
from delf_lesson.retrieval.reduction import Projection

SCALES = (2**-0.5, 1.0, 2**0.5)
"""DIR's several resolutions: the authors' longer sides are 550, 800 and 1050 pixels."""


class GlobalNetwork(nn.Module):
    """A trunk and a pooling: images to unit vectors.

    name: of the pooling, one of `pooling.POOLINGS`.
    """

    def __init__(self, trunk: Trunk, name: str) -> None:
        super().__init__()
        self.trunk = trunk
        self.name = name
        self.pooling = pooling(name, trunk.channels)

    def forward(self, images: Tensor, bf16: bool = False) -> Tensor:
        """Images (N, 3, H, W), RGB from 0 to 1, to unit vectors (N, C); bf16: in the trunk."""
        with torch.autocast(images.device.type, torch.bfloat16, enabled=bf16):
            features = self.trunk(images)
        vectors: Tensor = self.pooling(features.float())
        return vectors


@dataclass(frozen=True, eq=False)
class GlobalDescriptor:
    """Describes a whole image by one unit vector; a `GlobalExtractor`.

    network: trunk and pooling. whitening: of the vector (siaMAC's is learned from pairs), or None.
    max_side: larger images are shrunk to this longer side first, in pixels. scales: the image is
    resized by each, and the unit vectors are added. device: where torch computes. bf16: half
    precision in the trunk. batch: images of one size that it sees at once, which pays on a GPU.

    The network is copied to the device, batch normalisation folded into convolutions.
    """

    network: GlobalNetwork
    whitening: Projection | None = None
    scales: tuple[float, ...] = (1.0,)
    max_side: int = 480
    device: str = "cpu"
    bf16: bool = False
    batch: int = 1

    def __post_init__(self) -> None:
        if min(self.max_side, self.batch) < 1 or not self.scales or min(self.scales) <= 0:
            raise ValueError(
                f"max_side is {self.max_side}, batch {self.batch} and scales {self.scales}; "
                "wanted 1 or more, and scales over 0"
            )
        own = copy.deepcopy(self.network).eval().to(torch.device(self.device))
        fold_batch_norm(own.trunk)
        object.__setattr__(self, "network", own.to(memory_format=torch.channels_last))

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result; weights by the SHA-256 of their values."""
        return {
            "extractor": "GlobalDescriptor",
            "revision": 1,
            "trunk": self.network.trunk.name,
            "input": f"{self.network.trunk.mean} {self.network.trunk.std}",
            "pooling": self.network.name,
            "weights": self._digest,
            "scales": ",".join(f"{scale:.4f}" for scale in self.scales),
            "max_side": self.max_side,
            # Only where it is so: the results in data/results are known by settings without it.
            **({"bf16": True} if self.bf16 else {}),
        }

    @cached_property
    def _digest(self) -> str:
        return values_digest(self.network, projection=self.whitening)

    def describe(self, image: Pixels) -> NDArray[np.float32]:
        """The unit vector (D,) of a `uint8` RGB (H, W, 3) image."""
        return self.describe_prepared([self.prepare(image)])[0]

    def prepare(self, image: Pixels) -> tuple[Pixels, ...]:
        """The image at all scales, which several threads may make while the network is at work."""
        check_image(image)
        small, _ = resize_longest(image, self.max_side)
        return tuple(rescale(small, scale) for scale in self.scales)

    def describe_prepared(self, images: Sequence[tuple[Pixels, ...]]) -> NDArray[np.float32]:
        """The unit vectors (N, D) of prepared images. Raises ValueError if they differ in size."""
        if len({one[0].shape for one in images}) > 1:
            raise ValueError("images differ in size; wanted one size, or one image at a time")
        levels = [np.stack(level) for level in zip(*images, strict=True)]
        total = torch.stack([self._vectors(level) for level in levels]).sum(0)
        vectors = F.normalize(total, dim=1).cpu().numpy()
        return vectors if self.whitening is None else self.whitening.apply(vectors)

    @torch.inference_mode()
    def _vectors(self, images: NDArray[np.uint8]) -> Tensor:
        """Images (N, H, W, 3) to unit vectors (N, D), float32."""
        batch = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)  # channels last
        vectors: Tensor = self.network(batch.float() / 255, self.bf16)
        return vectors


def load_global(
    weights: str | Path,
    backbone: str = "resnet18",
    scales: tuple[float, ...] = (1.0,),
    device: str = "cpu",
    max_side: int | None = None,
    bf16: bool = False,
    batch: int = 1,
) -> GlobalDescriptor:
    """The descriptor of "siamac" or "dir" (ours, shipped), or of a file that training wrote.

    The rest: see `GlobalDescriptor`; max_side None for its own.
    """
    path = weights_path(weights, backbone)
    tensors, card = load_weights(path)
    if "pooling" not in card:
        raise ValueError(f"weights: {path} holds no global descriptor; its card has no pooling")
    network = GlobalNetwork(empty_trunk(card, path), card["pooling"])
    fill(network.trunk, part("trunk", tensors), network.trunk.name)
    fill(network.pooling, part("pooling", tensors), card["pooling"])
    whitening = None
    if found := part("whitening", tensors):
        mean, components = found["mean"].numpy(), found["components"].numpy()
        whitening = Projection(mean, components, card["data"])
    size = {} if max_side is None else {"max_side": max_side}
    return GlobalDescriptor(
        network, whitening, scales, device=device, bf16=bf16, batch=batch, **size
    )
