"""What unnecessary descriptors cost: visual words, time and average precision (notebook 03).

Slide "Motivation": "Many local descriptors containing unnecessary ones hinder search and making
codebook". With the landmark's mask known, clutter can be taken out bit by bit and the cost seen.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from delf_lesson.datasets.benchmark import Truth
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.evaluation.selection import on_mask, words_on_clutter
from delf_lesson.features import LocalFeatures
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.voting import group_by_image, votes


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
