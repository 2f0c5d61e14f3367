"""From nearest neighbours to a ranking: matches, votes, order (lab 06).

Slide "Image retrieval pipeline with ours".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures


@dataclass(frozen=True)
class Neighbours:
    """The k nearest database features of each of Q query features, nearest first.

    images: int64 (Q, k), the position of the neighbour's image in the collection; -1 for none.
    features: int64 (Q, k), the neighbour's row within that image's features.
    similarities: float32 (Q, k), the dot product of the unit descriptors; of a compressed one,
        what its distance from the query descriptor would give.
    """

    images: NDArray[np.int64]
    features: NDArray[np.int64]
    similarities: NDArray[np.float32]

    def nearest(self, k: int) -> "Neighbours":
        """Only the k nearest of each query feature."""
        return Neighbours(self.images[:, :k], self.features[:, :k], self.similarities[:, :k])


def neighbour_recall(approximate: Neighbours, exact: Neighbours) -> float:
    """The share of the exact nearest neighbours that another search found, whatever its order.

    Both are of the same queries in the same collection (lab 06). Raises ValueError if they
    are of different numbers of queries or exact holds no neighbour.
    """
    if len(approximate.images) != len(exact.images) or exact.images.size == 0:
        raise ValueError(
            f"approximate is of {len(approximate.images)} queries and exact of "
            f"{len(exact.images)}, with {exact.images.size} neighbours; wanted the same queries "
            "and some neighbours"
        )
    hits = 0
    for ours, truth in zip(_pairs(approximate), _pairs(exact), strict=True):
        hits += len(ours & truth)
    return hits / exact.images.size


def _pairs(neighbours: Neighbours) -> list[set[tuple[int, int]]]:
    """(image, feature) of every neighbour, a set for each query."""
    rows = zip(neighbours.images.tolist(), neighbours.features.tolist(), strict=True)
    return [set(zip(images, features, strict=True)) for images, features in rows]


def name_ranks(names: Sequence[str]) -> NDArray[np.int64]:
    """The place of each image's name among all names; the last one stands for no image."""
    ranks = np.full(len(names) + 1, -1)
    ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return ranks


def in_order(
    rows: NDArray[np.int64],
    similarities: NDArray[np.float32],
    first: NDArray[np.int64],
    ranks: NDArray[np.int64],
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The nearest k of found rows (Q, N), as images, features and similarities.

    first: the first row of each image. ranks: see `name_ranks`; they settle ties. -1 is no row.
    """
    images = np.searchsorted(first, rows, side="right") - 1
    features = rows - first[images]
    features[images < 0] = -1
    return nearest(images, features, similarities, ranks, k)


def nearest(
    images: NDArray[np.int64],
    features: NDArray[np.int64],
    similarities: NDArray[np.float32],
    ranks: NDArray[np.int64],
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The k of largest similarity in each row, ties in the order of the images' names."""
    order = np.lexsort((features, ranks[images], -similarities))[:, :k]
    return (
        np.take_along_axis(images, order, axis=1),
        np.take_along_axis(features, order, axis=1),
        np.take_along_axis(similarities, order, axis=1),
    )


@dataclass(frozen=True)
class Match:
    """Putative correspondences between the query and one image.

    query, image: int64 (M,), rows of the query's and of the image's features.
    weights: float32 (M,), how much each adds to the image's vote.
    """

    query: NDArray[np.int64]
    image: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.query)

    def lines(
        self,
        query: LocalFeatures,
        image: LocalFeatures,
        rows: NDArray[np.bool_] | slice = slice(None),
    ) -> NDArray[np.float32]:
        """Ends of the chosen correspondences (N, 4): `(x, y)` in the query, then in the image."""
        return np.hstack([query.xy[self.query[rows]], image.xy[self.image[rows]]])


def group_by_image(neighbours: Neighbours) -> dict[int, Match]:
    """The neighbours of all query features grouped by image: position -> correspondences.

    A query feature is matched to its nearest feature in an image only: an image of many alike
    windows would otherwise get one vote for each of them. Within an image they are in the order
    of the query features.
    """
    count, k = neighbours.images.shape
    query = np.repeat(np.arange(count), k)
    images = neighbours.images.ravel()
    # Neighbours come nearest first, so the first of each (image, query) is the nearest.
    order = np.lexsort((query, images))
    images, query = images[order], query[order]
    first = np.ones(len(order), bool)
    first[1:] = (images[1:] != images[:-1]) | (query[1:] != query[:-1])
    first &= images >= 0
    order, images, query = order[first], images[first], query[first]
    features = neighbours.features.ravel()[order]
    weights = vote_weights(neighbours).ravel()[order]
    starts = np.flatnonzero(np.diff(images, prepend=-1))
    bounds = [*starts.tolist(), len(images)]
    return {
        int(images[low]): Match(query[low:high], features[low:high], weights[low:high])
        for low, high in pairwise(bounds)
    }


def vote_weights(neighbours: Neighbours) -> NDArray[np.float32]:
    """How much nearer each neighbour is than the farthest one listed: float32 (Q, k), >= 0.

    A neighbour that is hardly nearer than the k-th says little about the image it is in, so it
    adds little to its vote. Where there are fewer than k, the last there is counts.
    """
    if neighbours.similarities.shape[1] == 0:
        return neighbours.similarities
    missing = neighbours.images < 0
    farthest = np.where(missing, np.inf, neighbours.similarities).min(axis=1, keepdims=True)
    return np.where(missing, np.float32(0), neighbours.similarities - farthest)


def votes(matches: dict[int, Match], images: int) -> NDArray[np.float64]:
    """The vote of each of a collection's images: the sum of its correspondences' weights."""
    total = np.zeros(images)
    for image, match in matches.items():
        total[image] = match.weights.sum(dtype=np.float64)
    return total


Order = Literal["inliers", "product", "votes"]
"""What results are sorted by. "inliers", the paper's: by (inliers, vote). "product": by the vote
times 1 + inliers / 10. "votes": by the vote alone; nothing is verified."""
ORDERS: tuple[Order, ...] = get_args(Order)
Confidence = Literal["inliers", "vote"]
"""Which number of a result can be compared between queries; for inliers the vote settles ties."""


_NO_LINES: Any = partial(np.zeros, (0, 4), np.float32)
_NO_FEATURES: Any = partial(np.zeros, 0, np.int64)


@dataclass(frozen=True)
class Result:
    """One image of a ranking.

    score: sorts as the ranking does; its unit belongs to the retriever.
    inliers: verified correspondences; 0 if they were so few that chance explains them.
    lines: float32 (inliers, 4), the verified correspondences, `(x, y)` in the query then in
        the image.
    features: int64 (inliers,), the image's features that they end at.
    matrix: float64 (3, 3), query pixels to image pixels; None without inliers.
    """

    image: str
    score: float
    inliers: int
    vote: float
    lines: NDArray[np.float32] = field(default_factory=_NO_LINES, repr=False)
    features: NDArray[np.int64] = field(default_factory=_NO_FEATURES, repr=False)
    matrix: NDArray[np.float64] | None = field(default=None, repr=False)


def ranked_by_votes(matches: dict[int, Match], names: Sequence[str]) -> dict[int, Result]:
    """A result for the position of each image that has matches, best vote first, ties by name."""
    vote = votes(matches, len(names))
    order = sorted(matches, key=lambda image: (-vote[image], names[image]))
    return {image: Result(names[image], 0.0, 0, float(vote[image])) for image in order}


Lap = tuple[str, float]
"""The name of a stage of a search, and the time when it ended (`time.perf_counter`)."""


@dataclass(frozen=True)
class Ranking:
    """The images found, best first, and the seconds each stage took."""

    results: list[Result]
    seconds: dict[str, float]

    @classmethod
    def of(cls, results: list[Result], laps: Sequence[Lap], top: int | None) -> "Ranking":
        """The first `top` results, or all. laps: of the search, the first one is its start.

        Raises ValueError for a top below 1.
        """
        if top is not None and top < 1:
            raise ValueError(f"top is {top}; wanted 1 or more results")
        seconds: dict[str, float] = {}
        for (_, before), (stage, after) in pairwise(laps):
            seconds[stage] = seconds.get(stage, 0.0) + after - before
        return cls(results[:top], seconds)


def score(order: Order, inliers: int, vote: float) -> float:
    """The number that results are sorted by, the largest first."""
    if order == "inliers":
        return inliers + vote / (1 + vote)  # the second part is below 1: it only settles ties
    return vote * (1 + inliers / 10) if order == "product" else vote


def reordered(results: Iterable[Result], order: Order) -> list[Result]:
    """Results with the scores of an order, sorted by score, then by vote, then by name."""
    scored = [replace(r, score=score(order, r.inliers, r.vote)) for r in results]
    return sorted(scored, key=lambda r: (-r.score, -r.vote, r.image))
