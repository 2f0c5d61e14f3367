"""DELF: dense descriptors over an image pyramid, of which the best-scored cells are kept.

The paper's sections 3 and 4.2; slides "Deep Feature" and "Keypoint Selection Result"; introduced in
notebooks 03 (the grid) and 05 (attention).
"""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import nms

from delf_lesson.deep.attention import Attention, norm_scores
from delf_lesson.deep.backbone import Grid, Trunk
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.images import Pixels, check_image, resize_longest, to_original
from delf_lesson.retrieval.reduction import Pca

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
    one, or None. device: where torch computes. bf16: half precision in the network.

    The networks are copied to the device; training them afterwards changes nothing here.
    Points lie at the centres of receptive fields; `LocalFeatures.scales` is the pyramid's scale.
    """

    trunk: Trunk
    attention: Attention | None = None
    reduction: Pca | None = None
    max_features: int = 1000
    scales: tuple[float, ...] = SCALES
    max_side: int = 640
    overlap: float | None = None
    device: str = "cpu"
    bf16: bool = False

    def __post_init__(self) -> None:
        if self.max_features < 1 or self.max_side < 1 or not self.scales or min(self.scales) <= 0:
            raise ValueError(
                f"max_features is {self.max_features}, max_side {self.max_side} and scales "
                f"{self.scales}; wanted 1 or more, 1 or more, and scales over 0"
            )
        if self.overlap is not None and not 0 < self.overlap <= 1:
            raise ValueError(f"overlap is {self.overlap}; wanted over 0 and at most 1, or None")
        if self.reduction is not None and len(self.reduction.mean) != self.trunk.channels:
            raise ValueError(
                f"reduction takes {len(self.reduction.mean)} numbers; the trunk gives "
                f"{self.trunk.channels}: fit it on this trunk's descriptors"
            )
        for name in ("trunk", "attention"):
            network = getattr(self, name)
            if network is not None:  # a copy, so that training it elsewhere changes nothing here
                own = copy.deepcopy(network).eval().to(torch.device(self.device))
                object.__setattr__(self, name, own.to(memory_format=torch.channels_last))

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result; weights by the SHA-256 of their values."""
        return {
            "extractor": "Delf",
            "revision": 1,
            "trunk": self.trunk.name,
            "input": f"{self.trunk.mean} {self.trunk.std}",
            "weights": self._digest,
            "attention": self.attention is not None,
            "dimensions": self.dimensions,
            "max_features": self.max_features,
            "scales": ",".join(f"{scale:.4f}" for scale in self.scales),
            "max_side": self.max_side,
            "overlap": self.overlap,
            "bf16": self.bf16,
        }

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256()
        for network in self._networks():
            for tensor in network.state_dict().values():
                digest.update(tensor.cpu().numpy().tobytes())
        if self.reduction is not None:
            digest.update(self.reduction.mean.tobytes() + self.reduction.components.tobytes())
        return digest.hexdigest()

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
        for image in images:
            check_image(image)
        if len({image.shape for image in images}) > 1:
            raise ValueError("images differ in size; wanted one size, or one image at a time")
        resized = [resize_longest(image, self.max_side) for image in images]
        small = [image for image, _ in resized]
        found: list[list[_Cells]] = [[] for _ in images]
        for scale in self.scales:
            for cells, more in zip(found, self._at_scale(small, scale), strict=True):
                cells.append(more)
        return [
            self._selected(cells, image, *part)
            for cells, image, part in zip(found, images, resized, strict=True)
        ]

    def score_map(self, image: Pixels, scale: float = 1.0) -> NDArray[np.float32]:
        """The score of every cell (h, w) of the image at one scale of the pyramid."""
        check_image(image)
        small, _ = resize_longest(image, self.max_side)
        _, scores = self._forward(_resized(small, scale)[None])
        return scores[0, 0].cpu().numpy()

    def _networks(self) -> list[torch.nn.Module]:
        return [self.trunk] if self.attention is None else [self.trunk, self.attention]

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

    def _at_scale(self, images: Sequence[Pixels], scale: float) -> list["_Cells"]:
        batch = np.stack([_resized(image, scale) for image in images])
        features, scores = self._forward(batch)
        grid, width = self.trunk.grid, features.shape[3]
        cells = []
        for one, score in zip(features, scores.flatten(1), strict=True):
            # Of one scale no more than this can be kept, unless overlap thins them out later.
            most = len(score) if self.overlap else min(self.max_features, len(score))
            best = score.topk(most).indices
            y, x = np.divmod(best.cpu().numpy(), width)
            at = grid.offset + grid.stride * np.stack([x, y], axis=1).astype(np.float64)
            size, small = batch.shape[2:0:-1], images[0].shape[1::-1]
            cells.append(
                _Cells(
                    to_original(at, size, small),
                    one.flatten(1).T[best].cpu().numpy(),
                    score[best].cpu().numpy(),
                    np.full(len(best), scale, np.float32),
                )
            )
        return cells

    def _selected(
        self, found: Sequence["_Cells"], image: Pixels, small: Pixels, shrunk: float
    ) -> LocalFeatures:
        """The best of all scales of one image, in its own pixels."""
        xy, rows, scores, scales = (
            np.concatenate([getattr(cells, name) for cells in found])
            for name in ("xy", "rows", "scores", "scales")
        )
        if self.overlap is None:
            kept = np.argsort(-scores, kind="stable")
        else:
            boxes = torch.from_numpy(receptive_fields(xy, scales, self.trunk.grid))
            kept = nms(boxes, torch.from_numpy(scores), self.overlap).numpy()
        kept = kept[: self.max_features]
        size, small_size = (image.shape[1], image.shape[0]), (small.shape[1], small.shape[0])
        return LocalFeatures(
            to_original(xy[kept], small_size, size),
            self._reduced(rows[kept]),
            scores[kept],
            (scales[kept] * shrunk).astype(np.float32),
            size,
        )

    def _reduced(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.reduction is not None:
            return self.reduction.apply(rows)
        return l2_normalise(rows)


@dataclass(frozen=True, eq=False)
class _Cells:
    xy: NDArray[np.float32]  # in pixels of the image at scale 1
    rows: NDArray[np.float32]
    scores: NDArray[np.float32]
    scales: NDArray[np.float32]


def receptive_fields(xy: NDArray, scales: NDArray, grid: Grid) -> NDArray[np.float32]:
    """The squares `(x0, y0, x1, y1)` of the image that cells can see: (N, 4), in pixels.

    xy: (N, 2), their centres; scales: (N,), the pyramid's scale that each was computed at.
    """
    half = grid.receptive_field / (2 * np.asarray(scales)[:, None])
    return np.concatenate([xy - half, xy + half], axis=1).astype(np.float32)


def _resized(image: Pixels, scale: float) -> Pixels:
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return image
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, size, interpolation=how)
