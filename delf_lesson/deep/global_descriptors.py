"""A whole image as one vector: siaMAC and DIR (slide "mAP Result"; notebook 07)."""

import copy
import hashlib
from collections.abc import Mapping
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
from delf_lesson.deep.weights import empty_trunk, fill, load_weights, part, weights_path
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

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W), RGB from 0 to 1, to unit vectors (N, C)."""
        return self.pooling(self.trunk(images))


@dataclass(frozen=True, eq=False)
class GlobalDescriptor:
    """Describes a whole image by one unit vector; a `GlobalExtractor`.

    network: trunk and pooling. whitening: of the vector (siaMAC's is learned from pairs), or None.
    max_side: larger images are shrunk to this longer side first, in pixels. scales: the image is
    resized by each, and the unit vectors are added. device: where torch computes.

    The network is copied to the device, batch normalisation folded into convolutions.
    """

    network: GlobalNetwork
    whitening: Projection | None = None
    scales: tuple[float, ...] = (1.0,)
    max_side: int = 480
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.max_side < 1 or not self.scales or min(self.scales) <= 0:
            raise ValueError(
                f"max_side is {self.max_side} and scales {self.scales}; wanted 1 or more, and "
                "scales over 0"
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
        }

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256()
        for tensor in self.network.state_dict().values():
            digest.update(tensor.cpu().numpy().tobytes())
        if self.whitening is not None:
            digest.update(self.whitening.mean.tobytes() + self.whitening.components.tobytes())
        return digest.hexdigest()

    def describe(self, image: Pixels) -> NDArray[np.float32]:
        """The unit vector (D,) of a `uint8` RGB (H, W, 3) image."""
        check_image(image)
        small, _ = resize_longest(image, self.max_side)
        total = torch.stack([self._vector(rescale(small, scale)) for scale in self.scales]).sum(0)
        vector = F.normalize(total, dim=0).numpy()
        return vector if self.whitening is None else self.whitening.apply(vector[None])[0]

    @torch.inference_mode()
    def _vector(self, image: Pixels) -> Tensor:
        batch = torch.from_numpy(image[None]).to(self.device).permute(0, 3, 1, 2)
        return self.network(batch.float() / 255)[0].cpu()


def load_global(
    weights: str | Path,
    backbone: str = "resnet18",
    scales: tuple[float, ...] = (1.0,),
    device: str = "cpu",
    max_side: int | None = None,
) -> GlobalDescriptor:
    """The descriptor of "siamac" or "dir" (ours, shipped), or of a file that training wrote.

    max_side: see `GlobalDescriptor`; None for its own.
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
    return GlobalDescriptor(network, whitening, scales, device=device, **size)
