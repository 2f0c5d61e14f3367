"""Experiments of the labs: cells on the landmark, the cost of clutter, where cells look.

Slides "Motivation" and "Keypoint Selection Result"; labs 03 to 05. The mask of a rendered image
says which pixels are the landmark, so what the slides show on two examples is counted here.
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


def on_mask(features: LocalFeatures, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which keypoints (N,) lie on a mask (H, W) of the image they are of.

    Raises ValueError if the mask is not boolean, or of another size than the image.
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

    Where there are fewer keypoints, of all there are. Raises ValueError if there are none.
    """
    if len(features) == 0:
        raise ValueError("features holds no keypoints, so no share of them is on the mask")
    on = on_mask(features.top(max(counts)), mask)
    return np.array([on[:count].mean() for count in counts])


def words_on_clutter(
    descriptors: NDArray[np.float32], landmark: NDArray[np.bool_], words: int, seed: int = 0
) -> float:
    """The share of a codebook's visual words that stand for clutter.

    descriptors: (N, D), quantised by k-means into so many words; landmark: which of them (N,) lie
    on the landmark. A word stands for what the majority of its descriptors lie on.
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
class Seen:
    """Features of an image, and which of them (N,) lie on its landmark."""

    features: LocalFeatures
    landmark: NDArray[np.bool_]

    @classmethod
    def of(cls, features: LocalFeatures, mask: NDArray[np.bool_]) -> "Seen":
        """Features of an image whose landmark covers a mask (H, W)."""
        return cls(features, on_mask(features, mask))

    def without_clutter(self, kept: float, seed: int = 0) -> "Seen":
        """All features on the landmark, and this share of the others, chosen by lot."""
        clutter = np.flatnonzero(~self.landmark)
        drawn = np.random.default_rng(seed).permutation(clutter)[: round(kept * len(clutter))]
        rows = np.sort(np.concatenate([np.flatnonzero(self.landmark), drawn]))
        return Seen(self.features.select(rows), self.landmark[rows])


@dataclass(frozen=True)
class Cost:
    """What a collection costs with this share of its clutter kept.

    descriptors: in the index; words: share of visual words spent on clutter; seconds: of searching
    all queries; mean_average_precision: of rankings by votes, without verification.
    """

    kept: float
    descriptors: int
    words: float
    seconds: float
    mean_average_precision: float


def cost_of_clutter(
    images: Mapping[str, Seen],
    queries: Mapping[str, Seen],
    truth: Mapping[str, Truth],
    shares: Sequence[float],
    words: int = 256,
    sample: int = 20_000,
    seed: int = 0,
) -> list[Cost]:
    """The same collection and queries with more and more of their clutter.

    shares: of the clutter kept, in images and queries, from 0 to 1. words: of a codebook made from
    `sample` of the descriptors.

    Raises ValueError if an image of a query's landmark is lacking, or descriptors for the words.
    """
    lacking = [name for name in queries if not truth[name].positives & set(images)]
    if lacking:
        raise ValueError(f"images hold none of the landmark of query {lacking[0]}")
    return [_cost(images, queries, truth, kept, words, sample, seed) for kept in shares]


def _cost(
    images: Mapping[str, Seen],
    queries: Mapping[str, Seen],
    truth: Mapping[str, Truth],
    kept: float,
    words: int,
    sample: int,
    seed: int,
) -> Cost:
    names = sorted(images)
    thinned = [images[name].without_clutter(kept, seed) for name in names]
    collection = {name: one.features for name, one in zip(names, thinned, strict=True)}
    asked = {name: query.without_clutter(kept, seed) for name, query in queries.items()}
    index = FeatureIndex.of(collection)
    started = time.perf_counter()
    found = {name: index.search(query.features.descriptors, 60) for name, query in asked.items()}
    seconds = time.perf_counter() - started
    precisions = []
    for name, neighbours in found.items():
        vote = votes(group_by_image(neighbours), len(names))
        ranking = [names[place] for place in np.argsort(-vote, kind="stable")]
        known = truth[name]
        positives = known.positives & set(names)
        precisions.append(average_precision(ranking, positives, known.junk & set(names)))
    rows = np.concatenate([one.features.descriptors for one in thinned])
    landmark = np.concatenate([one.landmark for one in thinned])
    drawn = np.random.default_rng(seed).permutation(len(rows))[:sample]
    spent = words_on_clutter(rows[drawn], landmark[drawn], words, seed)
    return Cost(kept, len(rows), spent, seconds, fmean(precisions))


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
    """The k descriptors nearest to each one asked, one an image, its own image left out.

    descriptors: unit rows (N, D); images: which image each is of (N,); asked: rows (Q,). Returns
    rows (Q, k), nearest first. One an image, since the cells beside the nearest show the same.
    Raises ValueError unless there are more than k images.
    """
    if len(set(images.tolist())) <= k:
        raise ValueError(f"images holds {len(set(images.tolist()))} images; wanted more than {k}")
    similarity = descriptors[asked] @ descriptors.T
    best, values = [], []  # of each image: its nearest descriptor, and how near
    for image in np.unique(images):
        own = np.flatnonzero(images == image)
        nearest = own[similarity[:, own].argmax(axis=1)]
        best.append(nearest)
        values.append(
            np.where(images[asked] == image, -np.inf, similarity[np.arange(len(asked)), nearest])
        )
    order = np.argsort(-np.stack(values, axis=1), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(np.stack(best, axis=1), order, axis=1)
