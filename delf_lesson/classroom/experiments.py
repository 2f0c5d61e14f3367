"""Experiments of the labs: features on the landmark, the cost of clutter, where cells look.

Slides "Motivation" and "Keypoint Selection Result"; labs 03 to 05. The slides show two examples.
Here the mask of every rendered image says which pixels are the landmark, so we can count.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import faiss
import numpy as np
from numpy.typing import NDArray

from delf_lesson.datasets.benchmark import Truth
from delf_lesson.deep.delf import Delf
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.voting import group_by_image, votes

COUNTS = (100, 300, 1000)
"""Numbers of best-scored keypoints for which `shares_on_mask` is measured."""


def on_mask(features: LocalFeatures, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which keypoints (N,) lie on a mask (H, W) of their image.

    Raises ValueError if the mask is not boolean, or has another size than the image.
    """
    if mask.dtype != bool:
        raise ValueError(f"mask is {mask.dtype}; wanted bool: compare a grey one with 0")
    if mask.shape != features.image_size[::-1]:
        raise ValueError(
            f"mask has shape {mask.shape}; the features are of an image {features.image_size[::-1]}"
        )
    x, y = np.rint(features.xy).astype(int).T
    height, width = mask.shape
    return mask[y.clip(0, height - 1), x.clip(0, width - 1)]


def shares_on_mask(
    features: LocalFeatures, mask: NDArray[np.bool_], counts: Sequence[int] = COUNTS
) -> NDArray[np.float64]:
    """The share of the best-scored 100, 300 and 1000 keypoints that lie on a mask (H, W).

    With fewer keypoints, the share of all of them. Raises ValueError if there are none.
    """
    if len(features) == 0:
        raise ValueError("features holds no keypoints, so no share of them is on the mask")
    on = on_mask(features.top(max(counts)), mask)
    return np.array([on[:count].mean() for count in counts])


def words_on_clutter(
    descriptors: NDArray[np.float32], landmark: NDArray[np.bool_], words: int, seed: int = 0
) -> float:
    """The share of a codebook's visual words that stand for clutter.

    descriptors: (N, D), quantised by k-means into this many words; landmark: which descriptors
    (N,) lie on the landmark. A word stands for what most of its descriptors lie on.
    """
    if len(descriptors) != len(landmark) or len(descriptors) < words:
        raise ValueError(
            f"{len(descriptors)} descriptors, {len(landmark)} flags and {words} words; wanted one "
            "flag a descriptor and no more words than descriptors"
        )
    rows = np.ascontiguousarray(descriptors, np.float32)
    kmeans = faiss.Kmeans(rows.shape[1], words, niter=10, seed=seed, min_points_per_centroid=1)
    kmeans.train(rows)
    word = kmeans.index.search(rows, 1)[1][:, 0]
    members = np.bincount(word, minlength=words)
    of_landmark = np.bincount(word[landmark], minlength=words)
    used = members > 0
    return float((2 * of_landmark < members)[used].mean())


@dataclass(frozen=True)
class LandmarkFeatures:
    """Features of an image, and which features (N,) lie on its landmark."""

    features: LocalFeatures
    landmark: NDArray[np.bool_]

    @classmethod
    def of(cls, features: LocalFeatures, mask: NDArray[np.bool_]) -> "LandmarkFeatures":
        """Features of an image whose landmark covers a mask (H, W)."""
        return cls(features, on_mask(features, mask))

    def with_clutter(self, share: float, seed: int = 0) -> "LandmarkFeatures":
        """All features on the landmark, and a random share of the other features."""
        clutter = np.flatnonzero(~self.landmark)
        drawn = np.random.default_rng(seed).permutation(clutter)[: round(share * len(clutter))]
        rows = np.sort(np.concatenate([np.flatnonzero(self.landmark), drawn]))
        return LandmarkFeatures(self.features.select(rows), self.landmark[rows])


@dataclass(frozen=True)
class ClutterCost:
    """What it costs to index and search images with a share of their clutter.

    clutter: the share; descriptors: in the index; words: share of visual words spent on clutter;
    seconds: to search all queries; mean_average_precision: of rankings by votes, without
    verification.
    """

    clutter: float
    descriptors: int
    words: float
    seconds: float
    mean_average_precision: float


def cost_of_clutter(
    images: Mapping[str, LandmarkFeatures],
    queries: Mapping[str, LandmarkFeatures],
    truth: Mapping[str, Truth],
    shares: Sequence[float],
    words: int = 256,
    sample: int = 20_000,
    seed: int = 0,
) -> list[ClutterCost]:
    """The same images and queries with more and more of their clutter.

    shares: of the clutter in images and queries, each from 0 to 1. words: of a codebook that is
    trained on `sample` of the descriptors.

    Raises ValueError if a query has no image of its landmark, or if there are fewer descriptors
    than words.
    """
    missing = [name for name in queries if not truth[name].positives & set(images)]
    if missing:
        raise ValueError(f"images hold none of the landmark of query {missing[0]}")
    return [_cost(images, queries, truth, share, words, sample, seed) for share in shares]


def _cost(
    images: Mapping[str, LandmarkFeatures],
    queries: Mapping[str, LandmarkFeatures],
    truth: Mapping[str, Truth],
    share: float,
    words: int,
    sample: int,
    seed: int,
) -> ClutterCost:
    names = sorted(images)
    thinned = {name: images[name].with_clutter(share, seed) for name in names}
    index = FeatureIndex.of({name: image.features for name, image in thinned.items()})
    query_features = {
        name: query.with_clutter(share, seed).features for name, query in queries.items()
    }
    started = time.perf_counter()
    neighbours = {
        name: index.search(features.descriptors, 60) for name, features in query_features.items()
    }
    seconds = time.perf_counter() - started
    precisions = []
    for name in queries:
        scores = votes(group_by_image(neighbours[name]), len(names))
        ranking = [names[image] for image in np.argsort(-scores, kind="stable")]
        positives, junk = (
            images_of & set(names) for images_of in (truth[name].positives, truth[name].junk)
        )
        precisions.append(average_precision(ranking, positives, junk))
    rows = np.concatenate([image.features.descriptors for image in thinned.values()])
    landmark = np.concatenate([image.landmark for image in thinned.values()])
    drawn = np.random.default_rng(seed).permutation(len(rows))[:sample]
    spent = words_on_clutter(rows[drawn], landmark[drawn], words, seed)
    return ClutterCost(share, len(rows), spent, seconds, fmean(precisions))


def localisation_bias(
    extractor: Delf,
    images: Sequence[Pixels],
    side: int = 32,
    tries: int = 6,
    margin: int = 130,
    seed: int = 0,
) -> NDArray[np.float64]:
    """How far beside its keypoint a cell looks, `(x, y)` in pixels, on average.

    A square of an image is exchanged for one of another image. The cells that notice, each
    weighted by how much its descriptor changed, should lie around the square; what looks to the
    right of its keypoint notices things that are to the right of it. Returns the mean over
    `tries` squares of `side` pixels in each image, all `margin` pixels from its edges or more, so
    that the cells that can see one lie inside: over half the receptive field.

    Raises ValueError for fewer than two images, or smaller ones than that takes.
    """
    least = 2 * margin + side + 1
    if len(images) < 2 or min(min(image.shape[:2]) for image in images) < least:
        raise ValueError(f"images: wanted two or more of {least} pixels a side or more")
    drawn = np.random.default_rng(seed)
    found = []
    for number, image in enumerate(images):
        other = images[number - 1]
        before = extractor.dense(image).features
        height, width = image.shape[:2]
        for _ in range(tries):
            x, y = (int(drawn.integers(margin, end - margin - side)) for end in (width, height))
            u, v = (int(drawn.integers(end - side)) for end in other.shape[1::-1])
            changed = image.copy()
            changed[y : y + side, x : x + side] = other[v : v + side, u : u + side]
            after = extractor.dense(changed).features
            noticed = np.square(after.descriptors - before.descriptors).sum(axis=1)
            middle = np.array([x, y]) + (side - 1) / 2
            if noticed.sum() > 0:  # squares may be alike
                found.append(middle - noticed @ before.xy / noticed.sum())
    return np.mean(found, axis=0)


def nearest_elsewhere(
    descriptors: NDArray[np.float32], images: NDArray[np.int64], asked: NDArray[np.int64], k: int
) -> NDArray[np.int64]:
    """The k nearest descriptors of other images for each query row, at most one from each image.

    descriptors: unit rows (N, D); images: which image each row comes from (N,); asked: the query
    rows (Q,). Returns rows (Q, k), nearest first. An image counts once, since the cells beside its
    nearest cell show the same. Raises ValueError unless there are more than k images.
    """
    if len(set(images.tolist())) <= k:
        raise ValueError(f"images holds {len(set(images.tolist()))} images; wanted more than {k}")
    similarity = descriptors[asked] @ descriptors.T
    best, values = [], []  # for each image: its nearest row to every query row, and the similarity
    for image in np.unique(images):
        rows = np.flatnonzero(images == image)
        nearest = rows[similarity[:, rows].argmax(axis=1)]
        best.append(nearest)
        values.append(
            np.where(images[asked] == image, -np.inf, similarity[np.arange(len(asked)), nearest])
        )
    order = np.argsort(-np.stack(values, axis=1), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(np.stack(best, axis=1), order, axis=1)
