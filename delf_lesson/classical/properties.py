"""Repeatable, distinctive, invariant, of adequate quantity: measured, with exact truth.

The four words of the slide "Classical Keypoint & Local Descriptor Properties", for any extractor
(lab 02).
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.repeatability import correspondences, places
from delf_lesson.classical.transformations import CHANGES, Change, Transfer, View
from delf_lesson.datasets.correspondences import Pair
from delf_lesson.features import LocalExtractor, LocalFeatures
from delf_lesson.images import Pixels

MATCH_TOLERANCE, MATCH_OVERLAP_ERROR = 3.0, 0.5  # for a match to be right
RATIOS = np.linspace(0.5, 1.0, 26)
BLOCK = 512  # descriptors compared at once, for the memory
CELL = 40  # pixels: the side of a cell when coverage is counted


def nearest_and_ratio(
    first: LocalFeatures, second: LocalFeatures
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Each descriptor's nearest of the other image, and Lowe's ratio: twice (N,).

    The ratio is the distance of the nearest over that of the second nearest, which must be of
    another place: a keypoint with several orientations is no rival of itself (Lowe, IJCV 2004,
    section 7.1). It is 1 where both are equally near, and 0 where there is no rival. Raises
    ValueError if `second` is empty or the descriptors differ in length.
    """
    if not len(second):
        raise ValueError("second holds no features; wanted one or more to match with")
    if first.descriptors.shape[1] != second.descriptors.shape[1]:
        raise ValueError(
            f"first has descriptors of {first.descriptors.shape[1]} numbers and second of "
            f"{second.descriptors.shape[1]}; wanted features of one extractor"
        )
    place = places(second)
    nearest = np.zeros(len(first), np.intp)
    ratio = np.zeros(len(first))
    for start in range(0, len(first), BLOCK):
        part = slice(start, start + BLOCK)
        similarity = first.descriptors[part] @ second.descriptors.T
        nearest[part] = similarity.argmax(axis=1)
        best = similarity.max(axis=1)
        similarity[place[nearest[part], None] == place] = -np.inf
        # |a - b|^2 = 2 - 2 a.b for unit descriptors; floats leave some 1e-7 of equal ones
        near, far = (np.maximum(2 - 2 * s, 1e-6) for s in (best, similarity.max(axis=1)))
        ratio[part] = np.sqrt(near / far)
    return nearest, ratio


@dataclass(frozen=True, eq=False)
class Matching:
    """Matches by the nearest descriptor, and which are right.

    ratio: (M,), see `nearest_and_ratio`; right: (M,); possible: how many keypoints of the first
    image have a partner in the second.
    """

    ratio: NDArray[np.float64]
    right: NDArray[np.bool_]
    possible: int

    def curve(
        self, ratios: NDArray[np.float64] = RATIOS
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Precision and recall of the matches whose ratio is below each of `ratios`.

        Precision is 1 where there is no match; recall is NaN where nothing could be matched.
        """
        accepted = self.ratio < np.atleast_1d(ratios)[:, None]
        right = (accepted & self.right).sum(axis=1)
        precision = np.where(accepted.any(axis=1), right / np.maximum(1, accepted.sum(axis=1)), 1.0)
        recall = right / self.possible if self.possible else np.full(len(right), np.nan)
        return precision, recall

    def at(self, ratio: float) -> tuple[float, float]:
        """Precision and recall at one ratio."""
        precision, recall = self.curve(np.array([ratio]))
        return float(precision[0]), float(recall[0])


@dataclass(frozen=True, eq=False)
class Matches(Matching):
    """The matches of one pair of images: `first`, `second`: (M,) rows of the two feature sets."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]


def match(first: LocalFeatures, second: LocalFeatures, truth: Transfer) -> Matches:
    """Match every keypoint of the first image that the second shows as well.

    Right is a match whose keypoints correspond within 3 pixels and an overlap error of 0.5, the
    error of K. Mikolajczyk and C. Schmid, TPAMI 2005, whose recall and precision these are.
    """
    same = correspondences(first, second, truth, MATCH_TOLERANCE, MATCH_OVERLAP_ERROR)
    rows = same.rows if len(second) else same.rows[:0]
    if not len(rows):
        return Matches(np.zeros(0), np.zeros(0, bool), 0, rows, rows)
    nearest, ratio = nearest_and_ratio(first.select(rows), second)
    pairs = same.first * len(second) + same.second
    right = np.isin(rows * len(second) + nearest, pairs)
    return Matches(ratio, right, len(np.unique(same.first)), rows, nearest)


def coverage(features: LocalFeatures) -> float:
    """The share of the image's cells, 40 pixels wide, that hold a keypoint."""
    columns, rows = -(-np.array(features.image_size) // CELL)
    x, y = np.clip((features.xy + 0.5) // CELL, 0, [columns - 1, rows - 1]).astype(int).T
    return len(np.unique(y * columns + x)) / int(columns * rows)


@dataclass(frozen=True, eq=False)
class Properties:
    """What one extractor reaches on some views.

    repeatability: the mean over the views that have a common part with keypoints; pairs: the mean
    number of corresponding keypoints a view; matching: of all views together; count and
    coverage: keypoints an image and `coverage`, the mean over all images.
    """

    repeatability: float
    pairs: float
    matching: Matching
    count: float
    coverage: float


def measure(
    found: Iterable[tuple[LocalFeatures, LocalFeatures]], truths: Iterable[Transfer]
) -> Properties:
    """The properties of features extracted from both images of every view.

    Raises ValueError if there is none, or not as many `truths` as `found`.
    """
    repeated, pairs, matchings, counts, covered = [], [], [], [], []
    for (first, second), truth in zip(found, truths, strict=True):
        same = correspondences(first, second, truth)
        repeated.append(same.repeatability)
        pairs.append(same.pairs)
        matchings.append(match(first, second, truth))
        counts += [len(first), len(second)]
        covered += [coverage(first), coverage(second)]
    if not counts:
        raise ValueError("found and truths are empty; wanted the features of one view or more")
    known = [share for share in repeated if not np.isnan(share)]
    return Properties(
        repeatability=float(np.mean(known)) if known else float("nan"),
        pairs=float(np.mean(pairs)),
        matching=Matching(
            np.concatenate([matching.ratio for matching in matchings]),
            np.concatenate([matching.right for matching in matchings]),
            sum(matching.possible for matching in matchings),
        ),
        count=float(np.mean(counts)),
        coverage=float(np.mean(covered)),
    )


def view_of_pair(pair: Pair) -> View:
    """The two pictures of a rendered pair, with its exact truth."""
    return View(pair.first.read(), pair.second.read(), pair)


def compare(
    extractors: Mapping[str, LocalExtractor], views: Sequence[View]
) -> dict[str, Properties]:
    """Each extractor's properties on the same views (slide "Classical Keypoint & ... Properties").

    A `View` is two images and what is true of them: a rendered pair by `view_of_pair`, or one
    image changed by `transformations`. Lab 02.
    """
    if not views:
        raise ValueError("views is empty; wanted one or more")
    return {
        name: measure(
            [(extractor.extract(view.first), extractor.extract(view.second)) for view in views],
            [view.truth for view in views],
        )
        for name, extractor in extractors.items()
    }


def invariance(
    extractors: Mapping[str, LocalExtractor],
    images: Sequence[Pixels],
    changes: Mapping[str, Change] = CHANGES,
) -> dict[str, dict[str, list[Properties]]]:
    """Each extractor's properties under each change, by its amounts: `[change][extractor]`.

    The first image of every view is one of `images`, the second the same changed. Lab 02.
    """
    if not images:
        raise ValueError("images is empty; wanted one or more")
    originals = {
        name: [extractor.extract(i) for i in images] for name, extractor in extractors.items()
    }
    curves: dict[str, dict[str, list[Properties]]] = {}
    for change_name, change in changes.items():
        curves[change_name] = {name: [] for name in extractors}
        for amount in change.amounts:
            views = [change.apply(image, amount) for image in images]
            for name, extractor in extractors.items():
                changed = [extractor.extract(view.second) for view in views]
                features = zip(originals[name], changed, strict=True)
                truths = [view.truth for view in views]
                curves[change_name][name].append(measure(features, truths))
    return curves


@dataclass(frozen=True)
class RandomPlaces:
    """Another extractor's features, each put in a random place: what chance alone reaches.

    The places depend on the image and on the seed. Lab 02.
    """

    extractor: LocalExtractor
    seed: int = 0

    @property
    def settings(self) -> Mapping[str, object]:
        """Those of the extractor, and the seed."""
        return {**self.extractor.settings, "random places": self.seed}

    def extract(self, image: Pixels) -> LocalFeatures:
        """As many features as the extractor finds, with its descriptors and scales."""
        features = self.extractor.extract(image)
        rng = np.random.default_rng([self.seed, zlib.crc32(image.tobytes())])
        last = np.array(features.image_size) - 1
        return replace(features, xy=rng.uniform(0, last, (len(features), 2)).astype(np.float32))
