"""DELF: describe every cell of a dense grid, then keep the cells with the highest scores.

H. Noh et al., *Large-Scale Image Retrieval with Attentive Deep Local Features*, ICCV 2017. This
file follows the paper: image pyramid and dense descriptors (section 3.1), attention (3.2),
selection and reduction (3.3 and 4.2). Slides "Deep Feature", "Training for Keypoint Selection" and
"Keypoint Selection Result"; labs 03 (the grid) and 05 (attention).
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
from delf_lesson.deep.receptive_field import (
    CellAnchor,
    DenseGrid,
    cell_keypoints,
    receptive_fields,
)
from delf_lesson.deep.reduction import Pca
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.images import Pixels, check_image, rescale, resize_longest, to_original

SCALES = tuple(2 ** (step / 2) for step in range(-4, 3))
"""The paper's pyramid: the image resized by 0.25, 0.35, 0.5, 0.71, 1, 1.41 and 2."""


@dataclass(frozen=True, eq=False)
class Pyramid:
    """An image resized to all scales, ready for the trunk.

    image_size: `(width, height)` of the image. base_size: the same of the image at scale 1, which
    was resized by `shrink` to fit `max_side`. levels: `uint8` RGB (H, W, 3), one for each scale.
    """

    image_size: tuple[int, int]
    base_size: tuple[int, int]
    shrink: float
    levels: tuple[Pixels, ...]


def image_pyramid(image: Pixels, scales: Sequence[float], max_side: int) -> Pyramid:
    """Shrink a `uint8` RGB image to a longer side of `max_side` pixels, then resize it by scale."""
    check_image(image)
    base, shrink = resize_longest(image, max_side)
    levels = tuple(rescale(base, scale) for scale in scales)
    image_size, base_size = (image.shape[1], image.shape[0]), (base.shape[1], base.shape[0])
    return Pyramid(image_size, base_size, shrink, levels)


class Attention(nn.Module):
    """A score for every cell: two 1x1 convolutions, a ReLU between them, softplus at the end.

    The paper's section 3.2; slide "Training for Keypoint Selection"; lab 05. Softplus makes scores
    positive without an upper bound, so the slide's "close to 1" holds only after normalisation.
    Batch normalisation follows the first convolution, as in the authors' code.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = 512  # as in the authors' code
        self.conv1 = nn.Conv2d(channels, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv2 = nn.Conv2d(hidden, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W), as the trunk gives them, to scores (N, 1, H, W)."""
        hidden = F.relu(self.bn1(self.conv1(features)))
        scores: Tensor = F.softplus(self.conv2(hidden))
        return scores


def norm_scores(features: Tensor) -> Tensor:
    """The L2 norms of the features (N, 1, H, W): the score of DELF without attention."""
    norms: Tensor = torch.linalg.vector_norm(features, dim=1, keepdim=True)
    return norms


@dataclass(frozen=True, eq=False)
class ScoredCells:
    """Cells of one image, with all that selection and reduction need.

    xy: (N, 2), keypoints in pixels of the image at scale 1. scores: (N,). scales: (N,), of the
    pyramid. features: (N, C), the trunk's channels, on the device that computed them.
    """

    xy: NDArray[np.float32]
    scores: NDArray[np.float32]
    scales: NDArray[np.floating]
    features: Tensor


@dataclass(frozen=True, eq=False)
class Delf:
    """The DELF extractor, a `LocalExtractor`.

    trunk: its channels are the descriptor. attention: scores the cells; None scores them by their
    L2 norm. reduction: L2-PCA-L2 to fewer dimensions (the paper's 40); None is L2 alone.
    max_features: how many cells of all scales together are kept. scales: of the pyramid. max_side:
    longer side in pixels to which larger images are shrunk first. overlap: non-maximum suppression
    of cells whose receptive fields share more than this (intersection over union), or None.
    cell_anchor: "tile" or the paper's "field", see `CellAnchor`. device: where torch computes.
    bf16: half precision in the trunk. batch: how many images of one size to compute together, which
    pays on a GPU.

    The networks are copied to the device with batch normalisation folded into convolutions, so
    training the originals afterwards changes nothing here. `LocalFeatures.scales` is the pyramid's
    scale times the shrinking to `max_side`.
    """

    trunk: Trunk
    attention: Attention | None = None
    reduction: Pca | None = None
    max_features: int = 1000
    scales: tuple[float, ...] = SCALES
    max_side: int = 640
    overlap: float | None = None
    cell_anchor: CellAnchor = "tile"
    device: str = "cpu"
    bf16: bool = False
    batch: int = 1

    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image, best score first."""
        return self.extract_batch([image])[0]

    def extract_batch(self, images: Sequence[Pixels]) -> list[LocalFeatures]:
        """Features of images of one size, computed together; ValueError if the sizes differ."""
        return self.extract_prepared([self.prepare(image) for image in images])

    def prepare(self, image: Pixels) -> Pyramid:
        """The image pyramid; threads can prepare images while the network computes others."""
        return image_pyramid(image, self.scales, self.max_side)

    @torch.inference_mode()
    def extract_prepared(self, pyramids: Sequence[Pyramid]) -> list[LocalFeatures]:
        """Features of prepared images of one size; see `extract_batch`."""
        if len({pyramid.image_size for pyramid in pyramids}) > 1:
            raise ValueError("images differ in size; wanted one size, or one image at a time")
        candidates = []
        for level, scale in enumerate(self.scales):
            images = np.stack([pyramid.levels[level] for pyramid in pyramids])
            candidates.append(self._best_cells(images, scale, pyramids[0].base_size))
        return [
            self._select([of_scale[k] for of_scale in candidates], pyramid)
            for k, pyramid in enumerate(pyramids)
        ]

    @torch.inference_mode()
    def _score_cells(
        self, images: NDArray[np.uint8], base_size: tuple[int, int]
    ) -> tuple[NDArray[np.float32], Tensor, Tensor]:
        """Trunk and attention for images (N, H, W, 3) of one scale.

        Returns keypoints (h * w, 2) in pixels of the image at scale 1, features (N, h * w, C) and
        scores (N, h, w), the cells of a grid row by row.
        """
        device, size = torch.device(self.device), (images.shape[2], images.shape[1])
        batch = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)  # (N, 3, H, W)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            features = self.trunk(batch.float() / 255)
        features = features.float()  # (N, C, h, w)
        scores = norm_scores(features) if self.attention is None else self.attention(features)
        rows, columns = features.shape[2:]
        xy = cell_keypoints(rows, columns, self.trunk.grid, self.cell_anchor, size)
        return to_original(xy, size, base_size), features.flatten(2).transpose(1, 2), scores[:, 0]

    def _best_cells(
        self, images: NDArray[np.uint8], scale: float, base_size: tuple[int, int]
    ) -> list[ScoredCells]:
        """Selection within one scale: the best cells of each image (N, H, W, 3)."""
        xy, features, scores = self._score_cells(images, base_size)
        # A scale contributes at most this many, unless suppression makes room for weaker cells.
        most = len(xy) if self.overlap else min(self.max_features, len(xy))
        scores, best = scores.flatten(1).topk(most)  # (N, most)
        values, cells = scores.cpu().numpy(), best.cpu().numpy()
        scales = np.full(most, scale, np.float32)
        return [
            ScoredCells(xy[cells[k]], values[k], scales, features[k][best[k]])
            for k in range(len(images))
        ]

    def _select(self, candidates: Sequence[ScoredCells], pyramid: Pyramid) -> LocalFeatures:
        """Selection over all scales of one image, with suppression if `overlap` is set."""
        xy = np.concatenate([cells.xy for cells in candidates])
        scores = np.concatenate([cells.scores for cells in candidates])
        scales = np.concatenate([cells.scales for cells in candidates])
        features = torch.cat([cells.features for cells in candidates])
        if self.overlap is None:
            best = np.argsort(-scores, kind="stable")
        else:
            fields = torch.from_numpy(receptive_fields(xy, scales, self.trunk.grid))
            best = nms(fields, torch.from_numpy(scores), self.overlap).numpy()
        best = best[: self.max_features]
        features = features[torch.from_numpy(best).to(features.device)]  # only these leave a GPU
        return self._reduce(ScoredCells(xy[best], scores[best], scales[best], features), pyramid)

    def _reduce(self, cells: ScoredCells, pyramid: Pyramid) -> LocalFeatures:
        """Reduction of the descriptors: L2, PCA, L2. Keypoints move to the original image."""
        rows = cells.features.cpu().numpy()
        return LocalFeatures(
            to_original(cells.xy, pyramid.base_size, pyramid.image_size),
            l2_normalise(rows) if self.reduction is None else self.reduction.apply(rows),
            cells.scores,
            cells.scales * pyramid.shrink,
            pyramid.image_size,
        )

    def dense(self, image: Pixels, scale: float = 1.0) -> DenseGrid:
        """All cells at one scale of the pyramid, without selection (slide "Deep Feature")."""
        pyramid = image_pyramid(image, (scale,), self.max_side)
        xy, features, scores = self._score_cells(pyramid.levels[0][None], pyramid.base_size)
        _, rows, columns = scores.shape
        values = scores.flatten().cpu().numpy()
        cells = ScoredCells(xy, values, np.full(len(xy), scale), features[0].contiguous())
        spacing = self.trunk.grid.stride / (scale * pyramid.shrink)
        return DenseGrid(self._reduce(cells, pyramid), rows, columns, spacing)

    def score_map(self, image: Pixels, scale: float = 1.0) -> NDArray[np.float32]:
        """The score of every cell (h, w) of the image at one scale of the pyramid."""
        grid = self.dense(image, scale)
        return grid.features.scores.reshape(grid.rows, grid.columns)

    @property
    def dimensions(self) -> int:
        """The length of a descriptor."""
        return self.trunk.channels if self.reduction is None else len(self.reduction.components)

    @property
    def settings(self) -> Mapping[str, object]:
        """Everything that changes the result; weights by the SHA-256 of their values."""
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
            "places": self.cell_anchor,  # the key that stored results know
            "bf16": self.bf16,
        }

    @cached_property
    def _digest(self) -> str:
        networks = [self.trunk] if self.attention is None else [self.trunk, self.attention]
        return values_digest(*networks, projection=self.reduction)

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
        if self.cell_anchor not in get_args(CellAnchor):
            raise ValueError(f"cell_anchor is {self.cell_anchor!r}; wanted tile or field")
        if self.reduction is not None and len(self.reduction.mean) != self.trunk.channels:
            raise ValueError(
                f"reduction takes {len(self.reduction.mean)} numbers; the trunk gives "
                f"{self.trunk.channels}: fit it on this trunk's descriptors"
            )
        for name in ("trunk", "attention"):
            if (given := getattr(self, name)) is not None:
                network = copy.deepcopy(given).eval().to(torch.device(self.device))
                if isinstance(network, Trunk):
                    fold_batch_norm(network)
                object.__setattr__(self, name, network.to(memory_format=torch.channels_last))
