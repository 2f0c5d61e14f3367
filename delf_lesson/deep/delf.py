"""DELF: dense descriptors over an image pyramid, of which the cells with the best score are kept.

H. Noh et al., *Large-Scale Image Retrieval with Attentive Deep Local Features*, ICCV 2017, sections
3 and 4.2. Slides "Deep Feature", "Training for Keypoint Selection" and "Keypoint Selection Result";
labs 03 (the grid) and 05 (attention).
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import nms

from delf_lesson.deep.backbone import Trunk, fold_batch_norm, values_digest
from delf_lesson.deep.receptive_field import Dense, Places, keypoints, receptive_fields
from delf_lesson.deep.reduction import Pca
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.images import Pixels, check_image, rescale, resize_longest, to_original

HIDDEN = 512


class Attention(nn.Module):
    """A score for every cell (the paper's section 3.2; slide "Training for Keypoint Selection").

    Two 1x1 convolutions with a ReLU between and softplus at the end: scores are positive and have
    no upper bound, so the slide's "close to 1" holds after normalisation only. The first is
    followed by batch normalisation, which one public port leaves out. Introduced in notebook 05.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, HIDDEN, 1)
        self.bn1 = nn.BatchNorm2d(HIDDEN)
        self.conv2 = nn.Conv2d(HIDDEN, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W), as the trunk gives them, to scores (N, 1, H, W)."""
        hidden = F.relu(self.bn1(self.conv1(features)))
        return F.softplus(self.conv2(hidden))


def norm_scores(features: Tensor) -> Tensor:
    """The features' L2 norms (N, 1, H, W): the score of DELF without attention."""
    return torch.linalg.vector_norm(features, dim=1, keepdim=True)


@dataclass(frozen=True, eq=False)
class Pyramid:
    """An image at all scales, ready for a trunk.

    size: of the image, small: of its largest form at scale 1, both `(width, height)`; shrunk: the
    scale between them. levels: `uint8` (H, W, 3), one for each scale.
    """

    size: tuple[int, int]
    small: tuple[int, int]
    shrunk: float
    levels: tuple[Pixels, ...]


@dataclass(frozen=True, eq=False)
class Best:
    """The best cells of one image at one scale.

    xy: (N, 2), their keypoints in pixels of the image at scale 1; scores and scales: (N,).
    rows: (N, C), the trunk's channels, on whatever device computed them.
    """

    xy: NDArray[np.float32]
    scores: NDArray[np.float32]
    scales: NDArray[np.float32]
    rows: "Tensor"


SCALES = tuple(2 ** (step / 2) for step in range(-4, 3))
"""The paper's pyramid: 0.25, 0.35, 0.5, 0.71, 1, 1.41, 2 times the image."""


@dataclass(frozen=True, eq=False)
class Delf:
    """Cells of a trunk's grid as keypoints: described first, selected after.

    trunk: its channels are the descriptor. attention: scores the cells; without it their L2 norm
    does. reduction: L2-PCA-L2 to fewer dimensions (the paper's 40), or None for L2 alone.
    max_features: the best-scored so many of all scales together are kept. scales: of the pyramid.
    max_side: larger images are shrunk to this longer side first, in pixels. overlap: cells whose
    receptive fields share more than this (intersection over union) are thinned out to the best
    one, or None; fields are taken around the keypoints. places: "tile" or "field", see below.
    device: where torch computes. bf16: half precision in the network. batch: images of one size
    that the network sees at once, which pays on a GPU.

    The networks are copied to the device, batch normalisation folded into convolutions; training
    them afterwards changes nothing here.
    `LocalFeatures.scales` is the pyramid's scale, times that of shrinking to `max_side`.

    The paper puts a keypoint at the centre of its cell's receptive field. Measured by
    `classroom.experiments.leaning`, trained cells look further right and down: by 7 and 8 pixels
    with ImageNet's weights, 4 to 5 with ours, 0 untrained. Training crops have sides of a
    multiple of 16, whose first cell is centred on the edge and whose last one 15 pixels before it;
    a network that has learned to see all of them alike looks at the middle of each tile of 16
    pixels, 7.5 further. So "tile" is the default, and "field" is the paper's.
    """

    trunk: Trunk
    attention: Attention | None = None
    reduction: Pca | None = None
    max_features: int = 1000
    scales: tuple[float, ...] = SCALES
    max_side: int = 640
    overlap: float | None = None
    places: Places = "tile"
    device: str = "cpu"
    bf16: bool = False
    batch: int = 1

    def __post_init__(self) -> None:
        if min(self.max_features, self.max_side, self.batch) < 1:
            raise ValueError(
                f"max_features is {self.max_features}, max_side {self.max_side} and batch "
                f"{self.batch}; wanted 1 or more"
            )
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(f"scales is {self.scales}; wanted one or more, all over 0")
        if self.overlap is not None and not 0 < self.overlap <= 1:
            raise ValueError(f"overlap is {self.overlap}; wanted over 0 and at most 1, or None")
        if self.places not in get_args(Places):
            raise ValueError(f"places is {self.places!r}; wanted tile or field")
        if self.reduction is not None and len(self.reduction.mean) != self.trunk.channels:
            raise ValueError(
                f"reduction takes {len(self.reduction.mean)} numbers; the trunk gives "
                f"{self.trunk.channels}: fit it on this trunk's descriptors"
            )
        for name in ("trunk", "attention"):
            network = getattr(self, name)
            if network is not None:  # a copy, so that training it elsewhere changes nothing here
                own = copy.deepcopy(network).eval().to(torch.device(self.device))
                if isinstance(own, Trunk):
                    fold_batch_norm(own)
                object.__setattr__(self, name, own.to(memory_format=torch.channels_last))

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result; weights by the SHA-256 of their values."""
        return {
            "extractor": "Delf",
            "revision": 2,
            "trunk": self.trunk.name,
            "input": f"{self.trunk.mean} {self.trunk.std}",
            "weights": self._digest,
            "attention": self.attention is not None,
            "dimensions": self.dimensions,
            "max_features": self.max_features,
            "scales": ",".join(f"{scale:.4f}" for scale in self.scales),
            "max_side": self.max_side,
            "overlap": self.overlap,
            "places": self.places,
            "bf16": self.bf16,
        }

    @cached_property
    def _digest(self) -> str:
        networks = [self.trunk] if self.attention is None else [self.trunk, self.attention]
        return values_digest(*networks, projection=self.reduction)

    @property
    def dimensions(self) -> int:
        """The length of a descriptor."""
        return self.trunk.channels if self.reduction is None else len(self.reduction.components)

    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image, best score first."""
        return self.extract_batch([image])[0]

    def extract_batch(self, images: Sequence[Pixels]) -> list[LocalFeatures]:
        """Features of images of one size, faster than one after another where there is a GPU.

        Raises ValueError if they differ in size.
        """
        return self.extract_prepared([self.prepare(image) for image in images])

    def prepare(self, image: Pixels) -> Pyramid:
        """What the processor does of an extraction before the network: resize to all scales.

        Several threads may do it while the network is at work on other images.
        """
        check_image(image)
        small, shrunk = resize_longest(image, self.max_side)
        size, inner = (image.shape[1], image.shape[0]), (small.shape[1], small.shape[0])
        return Pyramid(size, inner, shrunk, tuple(rescale(small, one) for one in self.scales))

    @torch.inference_mode()
    def extract_prepared(self, pyramids: Sequence[Pyramid]) -> list[LocalFeatures]:
        """Features of prepared images of one size; see `extract_batch`."""
        if len({one.size for one in pyramids}) > 1:
            raise ValueError("images differ in size; wanted one size, or one image at a time")
        best: list[list[Best]] = [[] for _ in pyramids]
        for level, scale in enumerate(self.scales):
            batch = np.stack([one.levels[level] for one in pyramids])
            for own, more in zip(best, self._best_at(batch, scale, pyramids[0].small), strict=True):
                own.append(more)
        return [self._selected(own, one) for own, one in zip(best, pyramids, strict=True)]

    def dense(self, image: Pixels, scale: float = 1.0) -> Dense:
        """All cells at one scale of the pyramid; nothing is selected (slide "Deep Feature")."""
        check_image(image)
        small, shrunk = resize_longest(image, self.max_side)
        resized = rescale(small, scale)
        features, scores = self._forward(resized[None])
        every = torch.arange(scores.numel())
        rows, columns = features.shape[2:]
        inner = (small.shape[1], small.shape[0])
        numbers = every.numpy()
        at = self._places(numbers, columns, (resized.shape[1], resized.shape[0]), inner)
        size = (image.shape[1], image.shape[0])
        found = LocalFeatures(
            to_original(at, inner, size),
            self._reduced(features[0].flatten(1).T[every].cpu().numpy()),
            scores[0].flatten().cpu().numpy(),
            np.full(len(numbers), scale * shrunk, np.float32),
            size,
        )
        return Dense(found, rows, columns, self.trunk.grid.stride / (scale * shrunk))

    def score_map(self, image: Pixels, scale: float = 1.0) -> NDArray[np.float32]:
        """The score of every cell (h, w) of the image at one scale of the pyramid."""
        found = self.dense(image, scale)
        return found.features.scores.reshape(found.rows, found.columns)

    @torch.inference_mode()
    def _forward(self, images: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
        """Images (N, H, W, 3) to features (N, C, h, w) and scores (N, 1, h, w), float32."""
        batch = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)  # channels last
        device = torch.device(self.device).type
        with torch.autocast(device, torch.bfloat16, enabled=self.bf16):
            features = self.trunk(batch.float() / 255)
        features = features.float()
        score = norm_scores if self.attention is None else self.attention
        return features, score(features)

    def _best_at(
        self, batch: NDArray[np.uint8], scale: float, small: tuple[int, int]
    ) -> list[Best]:
        """The best cells at one scale of each image of a batch (N, H, W, 3)."""
        features, scores = self._forward(batch)
        scores = scores.flatten(1)
        # Of one scale no more than this can be kept, unless overlap thins them out later.
        most = scores.shape[1] if self.overlap else min(self.max_features, scores.shape[1])
        values, which = scores.topk(most)
        numbers, columns = which.cpu().numpy(), features.shape[3]
        size = (batch.shape[2], batch.shape[1])
        rows = features.flatten(2).transpose(1, 2)
        return [
            Best(
                self._places(numbers[k], columns, size, small),
                values[k].cpu().numpy(),
                np.full(most, scale, np.float32),
                rows[k][which[k]],
            )
            for k in range(len(batch))
        ]

    def _places(
        self, numbers: NDArray, columns: int, size: tuple[int, int], small: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Keypoints (N, 2) of cells by their number in row-major order, at scale 1."""
        at = keypoints(numbers, columns, self.trunk.grid, self.places, size)
        return to_original(at, size, small)

    def _selected(self, found: Sequence[Best], pyramid: Pyramid) -> LocalFeatures:
        """The best of all scales of one image, in its own pixels."""
        xy, scores, scales = (
            np.concatenate([getattr(one, name) for one in found])
            for name in ("xy", "scores", "scales")
        )
        if self.overlap is None:
            kept = np.argsort(-scores, kind="stable")
        else:
            boxes = torch.from_numpy(receptive_fields(xy, scales, self.trunk.grid))
            kept = nms(boxes, torch.from_numpy(scores), self.overlap).numpy()
        kept = kept[: self.max_features]
        # Rows stay on the device until now: only those that are kept have to leave it.
        rows = torch.cat([one.rows for one in found])
        rows = rows[torch.from_numpy(kept).to(rows.device)]
        return LocalFeatures(
            to_original(xy[kept], pyramid.small, pyramid.size),
            self._reduced(rows.cpu().numpy()),
            scores[kept],
            (scales[kept] * pyramid.shrunk).astype(np.float32),
            pyramid.size,
        )

    def _reduced(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.reduction is not None:
            return self.reduction.apply(rows)
        return l2_normalise(rows)
