"""A whole image as one vector: MAC, GeM and R-MAC pooling, siaMAC and DIR.

Slide "mAP Result", rows siaMAC and DIR; lab 07. A grid is (N, C, h, w), as `Trunk` gives it.
"""

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

from delf_lesson.deep.backbone import Trunk, fold_batch_norm, values_digest
from delf_lesson.deep.efficientnet import LITE0, unchanged_tensors
from delf_lesson.deep.reduction import Projection
from delf_lesson.deep.weights import empty_trunk, load_into, load_weights, weights_path, with_prefix
from delf_lesson.features import ImageVector
from delf_lesson.images import Pixels, check_image, rescale, resize_longest


def mac(features: Tensor) -> Tensor:
    """The largest activation of every channel: (N, C) (Tolias et al., ICLR 2016)."""
    return features.amax(dim=(2, 3))


def gem(features: Tensor, power: Tensor | float = 3.0, least: float = 1e-6) -> Tensor:
    """Generalised mean (N, C): the average for power 1, MAC for a very large one.

    Radenović et al., PAMI 2018, equation 3. power: one number, or one for every channel (C,).
    """
    power = torch.as_tensor(power, dtype=features.dtype, device=features.device).view(-1, 1, 1)
    return (features.clamp(min=least) ** power).mean(dim=(2, 3)) ** (1 / power.view(1, -1))


def regions(height: int, width: int, levels: int) -> list[tuple[int, int, int]]:
    """R-MAC's squares `(row, column, side)` in cells, from large to small (Tolias et al., 2016).

    At level l = 1 to `levels` the side is 2 min(h, w) / (l + 1), rounded down. Level 1 has so many
    along the longer side that neighbours share about 40% of their area, at least one; each level
    adds one in both directions, and all are spread evenly. As in DIR, no square covers the whole
    grid unless the grid is a square; other code adds the whole grid.
    """
    short, long = sorted((height, width))
    if short < 1 or levels < 1:
        raise ValueError(f"the grid is {height} x {width} and levels {levels}; wanted 1 or more")
    more = 0
    if long > short:
        shares = [1 - (long - short) / (short * step) for step in range(1, 7)]
        more = min(range(1, 7), key=lambda step: abs(shares[step - 1] - 0.4))
    squares = []
    for level in range(1, levels + 1):
        side = max(1, 2 * short // (level + 1))
        down, across = (level + more, level) if height > width else (level, level + more)
        squares += [
            (row, column, side)
            for row in _spread(height - side, down)
            for column in _spread(width - side, across)
        ]
    return squares


def _spread(room: int, count: int) -> list[int]:
    """So many starts from 0 to `room`, evenly."""
    return [room // 2] if count == 1 else [room * k // (count - 1) for k in range(count)]


def region_vectors(features: Tensor, levels: int = 3) -> Tensor:
    """MAC of every region, of unit length: (N, C, h, w) to (N, R, C)."""
    height, width = features.shape[2:]
    vectors = [
        mac(features[:, :, row : row + side, column : column + side])
        for row, column, side in regions(height, width, levels)
    ]
    return F.normalize(torch.stack(vectors, dim=1), dim=2)


class Mac(nn.Module):
    """siaMAC's pooling: MAC, then L2."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to unit vectors (N, C)."""
        return F.normalize(mac(features))


class Gem(nn.Module):
    """GeM with a power that is learned, L2, a linear layer, L2."""

    def __init__(self, channels: int, power: float = 3.0) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor([power]))
        self.whiten = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to unit vectors (N, C)."""
        return F.normalize(self.whiten(F.normalize(gem(features, self.power))))


class Rmac(nn.Module):
    """DIR's pooling (Gordo et al., ECCV 2016, section 3.1): R-MAC whose whitening is learned.

    Each region's MAC is L2-normalised, whitened by a linear layer and L2-normalised again. The sum
    over regions is L2-normalised too.
    """

    def __init__(self, channels: int, levels: int = 3) -> None:
        super().__init__()
        self.levels = levels
        self.whiten = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to unit vectors (N, C)."""
        whitened = F.normalize(self.whiten(region_vectors(features, self.levels)), dim=2)
        return F.normalize(whitened.sum(dim=1))


POOLINGS = ("mac", "gem", "rmac")


def pooling(name: str, channels: int) -> Mac | Gem | Rmac:
    """The pooling of that name, one of `POOLINGS`, for features of so many channels."""
    if name not in POOLINGS:
        raise ValueError(f"pooling is {name!r}; wanted one of {', '.join(POOLINGS)}")
    return Mac() if name == "mac" else Gem(channels) if name == "gem" else Rmac(channels)


@torch.no_grad()
def begin_whitening(layer: nn.Linear, rows: Tensor) -> None:
    """Initialise a linear layer with the PCA-whitening of unit rows (N, C); training refines it.

    The variance of every direction becomes 1. A variance below a thousandth of the largest counts
    as that thousandth, so that noise is not amplified.
    """
    rows = rows.double()
    mean = rows.mean(0)
    variances, directions = torch.linalg.eigh(torch.cov((rows - mean).T))
    variances = variances.flip(0).clamp(min=1e-3 * float(variances.max()))
    weight = directions.flip(1).T / variances.sqrt()[:, None]
    layer.weight.copy_(weight)
    layer.bias.copy_(-weight @ mean)


SCALES = (2**-0.5, 1.0, 2**0.5)
"""DIR's several resolutions: the authors' longer sides are 550, 800 and 1050 pixels."""


class GlobalNetwork(nn.Module):
    """A trunk and a pooling: images to unit vectors.

    name: of the pooling, one of `POOLINGS`.
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
        network = copy.deepcopy(self.network).eval().to(torch.device(self.device))
        fold_batch_norm(network.trunk)
        object.__setattr__(self, "network", network.to(memory_format=torch.channels_last))

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

    def extract(self, image: Pixels) -> ImageVector:
        """The unit vector (D,) of a `uint8` RGB (H, W, 3) image."""
        return self.extract_prepared([self.prepare(image)])[0]

    def prepare(self, image: Pixels) -> tuple[Pixels, ...]:
        """The image at all scales, which several threads may make while the network is at work."""
        check_image(image)
        small, _ = resize_longest(image, self.max_side)
        return tuple(rescale(small, scale) for scale in self.scales)

    def extract_prepared(self, images: Sequence[tuple[Pixels, ...]]) -> list[ImageVector]:
        """The unit vectors of prepared images. Raises ValueError if they differ in size."""
        if len({one[0].shape for one in images}) > 1:
            raise ValueError("images differ in size; wanted one size, or one image at a time")
        levels = [np.stack(level) for level in zip(*images, strict=True)]
        total = torch.stack([self._vectors(level) for level in levels]).sum(0)
        vectors: NDArray[np.float32] = F.normalize(total, dim=1).cpu().numpy()
        if self.whitening is not None:
            vectors = self.whitening.apply(vectors)
        return [ImageVector(vector) for vector in vectors]

    @torch.inference_mode()
    def _vectors(self, images: NDArray[np.uint8]) -> Tensor:
        """Images (N, H, W, 3) to unit vectors (N, D), float32."""
        batch = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)  # channels last
        vectors: Tensor = self.network(batch.float() / 255, self.bf16)
        return vectors


def load_global(
    weights: str | Path,
    backbone: str = LITE0,
    scales: tuple[float, ...] = (1.0,),
    device: str = "cpu",
    bf16: bool = False,
    batch: int = 1,
) -> GlobalDescriptor:
    """The descriptor of "siamac" or "dir" (ours, shipped), or of a file that training wrote.

    The rest: see `GlobalDescriptor`.
    """
    path = weights_path(weights, backbone)
    tensors, card = load_weights(path)
    if "pooling" not in card:
        raise ValueError(f"weights: {path} holds no global descriptor; its card has no pooling")
    network = GlobalNetwork(empty_trunk(card, path), card["pooling"])
    trunk = {**unchanged_tensors(card, path), **with_prefix("trunk", tensors)}
    load_into(network.trunk, trunk, network.trunk.name)
    load_into(network.pooling, with_prefix("pooling", tensors), card["pooling"])
    whitening = None
    if stored := with_prefix("whitening", tensors):
        mean, components = stored["mean"].numpy(), stored["components"].numpy()
        whitening = Projection(mean, components, card["data"])
    return GlobalDescriptor(network, whitening, scales, device=device, bf16=bf16, batch=batch)
