"""Metric learning for siaMAC and DIR: losses, hard negatives, tuples and whitening (lab 07).

Classification asks which landmark an image shows. siaMAC and DIR are trained on the question that a
search asks: is this image nearer to the query than that image?
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from delf_lesson.datasets.training_set import training_points
from delf_lesson.deep.global_descriptors import (
    GlobalNetwork,
    Mac,
    Rmac,
    begin_whitening,
    gem,
    region_vectors,
)
from delf_lesson.deep.reduction import LearnedWhitening
from delf_lesson.images import Pixels, prefetch, resize_longest
from delf_lesson.training.training_data import ClassificationDataset

SHARED = 0.5
"""A positive shows at least this share of the points that the query shows."""
LONGEST = 224
"""Default longer side in pixels to which larger images of a folder are shrunk."""


def contrastive_loss(
    query: Tensor, positive: Tensor, negatives: Tensor, margin: float = 0.7
) -> Tensor:
    """siaMAC's loss (Radenović et al., ECCV 2016, equation 3), the mean over tuples.

    query, positive: unit vectors (B, D); negatives: (B, K, D). With d the distance of a pair, a
    positive costs d² / 2, and a negative nearer than the margin (margin - d)² / 2.
    """
    near = (query - positive).pow(2).sum(1) / 2
    far = (query[:, None] - negatives + 1e-6).norm(dim=2)  # the norm has no gradient at 0
    return (near + (margin - far).clamp(min=0).pow(2).sum(1) / 2).mean()


def triplet_loss(query: Tensor, positive: Tensor, negatives: Tensor, margin: float = 0.1) -> Tensor:
    """DIR's loss (Gordo et al., ECCV 2016, equation 1), the mean over triplets.

    query, positive: unit vectors (B, D); negatives: (B, K, D), K triplets of each query. One costs
    max(0, margin + d(q, p)² - d(q, n)²) / 2.
    """
    near = (query - positive).pow(2).sum(1)
    far = (query[:, None] - negatives).pow(2).sum(2)
    return (margin + near[:, None] - far).clamp(min=0).mean() / 2


def hard_negatives(
    vectors: NDArray[np.float32], landmarks: NDArray[np.int64], queries: NDArray, count: int
) -> NDArray[np.int64]:
    """For each query the nearest pictures of other landmarks, at most one of each: (Q, count).

    vectors: unit, (N, D), of all pictures; landmarks: (N,), what each shows; queries: (Q,), rows
    of them. Raises ValueError if there are not so many other landmarks.
    """
    others = len(np.unique(landmarks)) - 1
    if not 1 <= count <= others:
        raise ValueError(f"count is {count}; wanted 1 to {others}, the other landmarks")
    negatives = np.empty((len(queries), count), np.int64)
    for row, query in enumerate(queries):
        nearest = np.argsort(-(vectors @ vectors[query]), kind="stable")
        of = landmarks[nearest]
        _, first = np.unique(of, return_index=True)  # where each landmark appears first
        first = np.sort(first[of[first] != landmarks[query]])
        negatives[row] = nearest[first[:count]]
    return negatives


@dataclass(frozen=True)
class TupleDataset:
    """Images to draw tuples from: for each image, which other images show the same.

    readers: for each image a function that returns `uint8` RGB (H, W, 3). landmarks: int64 (N,).
    positives: for each image the rows of those that show the same; may be empty. name: of the set.
    """

    readers: Sequence[Callable[[], Pixels]]
    landmarks: NDArray[np.int64]
    positives: Sequence[NDArray[np.int64]]
    name: str

    def __len__(self) -> int:
        return len(self.readers)

    def read(self, rows: Sequence[int] | NDArray[np.int64]) -> list[Pixels]:
        """The images of these rows."""
        return [self.readers[row]() for row in rows]

    @property
    def digest(self) -> str:
        """SHA-256 of the landmarks and of the positives."""
        digest = hashlib.sha256(self.landmarks.tobytes())
        for positives in self.positives:
            digest.update(np.asarray(positives, np.int64).tobytes() + b";")
        return digest.hexdigest()


def rendered_tuples(folder: str | Path | None = None) -> TupleDataset:
    """The clean rendered training set; positives share `SHARED` of a picture's visible points.

    Depth and cameras tell which points an image shows; the authors of siaMAC knew it from structure
    from motion. An image of the other side of a building is not a positive.
    """
    readers: list[Callable[[], Pixels]] = []
    landmarks: list[int] = []
    positives: list[NDArray[np.int64]] = []
    for number, landmark in enumerate(training_points(folder)):
        first = len(readers)
        related = (landmark.covisible >= SHARED) & ~np.eye(len(landmark.images), dtype=bool)
        positives += [first + np.flatnonzero(row) for row in related]
        readers += [picture.read for picture in landmark.images]
        landmarks += [number] * len(landmark.images)
    return TupleDataset(readers, np.array(landmarks), positives, "rendered, clean")


def labelled_tuples(pictures: ClassificationDataset, longest: int = LONGEST) -> TupleDataset:
    """Pictures with their landmarks as labels; positives are the others of the same one.

    longest: side of a picture in pixels; larger ones are shrunk to it.
    """
    landmarks = pictures.labels[:, 0]
    order = np.argsort(landmarks, kind="stable")
    ends = np.cumsum(np.bincount(landmarks))
    of_landmark = np.split(order, ends[:-1])
    positives = [of_landmark[k][of_landmark[k] != row] for row, k in enumerate(landmarks)]
    readers = [partial(_small, read, longest) for read in pictures.readers]
    return TupleDataset(readers, landmarks, positives, pictures.name)


def _small(read: Callable[[], Pixels], longest: int) -> Pixels:
    return resize_longest(read(), longest)[0]


def forward_all(
    network: Callable[[Tensor], Tensor], images: Sequence[Pixels], device: str = "cpu"
) -> Tensor:
    """Vectors (N, D) of images of several sizes, those of one size computed together."""
    rows: dict[tuple[int, ...], list[int]] = {}
    for row, image in enumerate(images):
        rows.setdefault(image.shape, []).append(row)
    vectors, order = [], []
    for same_size in rows.values():
        batch = torch.from_numpy(np.stack([images[row] for row in same_size])).to(device)
        vectors.append(network(batch.permute(0, 3, 1, 2).float() / 255))  # channels last
        order += same_size
    return torch.cat(vectors)[torch.argsort(torch.tensor(order, device=device))]


BEGIN_PICTURES = 600
"""The whitening that training begins with is computed from so many pictures at most."""
DESCRIBED_AT_ONCE = 32
PAIRS = 200_000
"""Pairs that a whitening is learned from at most; more, evenly spread, are left out."""
RIDGE = 0.1
"""See `LearnedWhitening.fit`: some channels of MAC have one value in all renderings, ReLU6's 6."""


@torch.no_grad()
def describe_all(
    network: Callable[[Tensor], Tensor],
    data: TupleDataset,
    rows: NDArray,
    device: str = "cpu",
    readers: int = 1,
) -> NDArray[np.float32]:
    """The vectors (N, D) of the pictures of these rows; readers: threads that read them ahead."""
    parts = np.split(rows, range(DESCRIBED_AT_ONCE, len(rows), DESCRIBED_AT_ONCE))
    vectors = [
        forward_all(network, images, device).cpu().numpy()
        for images in prefetch(data.read, parts, readers, 2 * readers)
    ]
    return np.concatenate(vectors)


@torch.no_grad()
def begin_pooling(network: GlobalNetwork, data: TupleDataset, device: str = "cpu") -> None:
    """A pooling's linear layer begins as the whitening of what it is given; MAC has none."""
    pooling = network.pooling
    if isinstance(pooling, Mac):
        return
    rows = []
    for read in data.readers[:: -(-len(data) // BEGIN_PICTURES)]:
        features = forward_all(network.trunk, [read()], device)
        described = (
            region_vectors(features, pooling.levels)[0]
            if isinstance(pooling, Rmac)
            else F.normalize(gem(features, pooling.power))
        )
        rows.append(described.cpu())
    begin_whitening(pooling.whiten, torch.cat(rows))


def learned_whitening(
    network: GlobalNetwork, data: TupleDataset, device: str = "cpu", readers: int = 1
) -> LearnedWhitening | None:
    """siaMAC's, of pairs of the data, `PAIRS` at most; DIR's is a layer of its network.

    None also where there are no more pairs than dimensions.
    """
    if not isinstance(network.pooling, Mac):
        return None
    first = np.repeat(np.arange(len(data)), [len(positives) for positives in data.positives])
    second = np.concatenate(list(data.positives))
    if len(first) <= network.trunk.channels:
        return None
    if len(first) > PAIRS:
        spread = np.linspace(0, len(first) - 1, PAIRS).astype(np.int64)
        first, second = first[spread], second[spread]
    rows = np.union1d(first, second)
    vectors = describe_all(network, data, rows, device, readers)
    queries, positives = (vectors[np.searchsorted(rows, pair)] for pair in (first, second))
    return LearnedWhitening.fit(queries, positives, vectors.shape[1], data.name, RIDGE)
