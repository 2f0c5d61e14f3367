"""One ranking from two: local features with a vector of the whole image (slide "mAP Result")."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from delf_lesson.features import ImageVector, LocalFeatures
from delf_lesson.images import ImageSource, LoadedImage
from delf_lesson.retrieval.calibration import surprises, vote_surprises
from delf_lesson.retrieval.database import Skip, with_names
from delf_lesson.retrieval.global_retriever import GlobalRetriever
from delf_lesson.retrieval.retrievers import LocalRetriever
from delf_lesson.retrieval.voting import Confidence, Lap, Ranking, Result, score


def fuse(
    local: Mapping[str, float], whole: Mapping[str, float], weight: float = 0.25
) -> dict[str, float]:
    """Weighted mean of two scores of the same query by image, best first (paper, section 5).

    local: scores by local features, as DELF's; whole: by a vector of the whole image, as DIR's;
    weight: of the local score, the paper's by default.

    Each score is stretched first, so that the query's best image has 1 and its worst 0; an image
    that only one of them returned has the other's 0. Scores of different queries can therefore
    not be compared. Ties come in the order of the names. Introduced in lab 06.
    """
    return _weighted_mean(_stretched(local), _stretched(whole), weight, 0.0, 0.0)


def fuse_calibrated(
    votes: Mapping[str, float], cosines: Mapping[str, float], weight: float = 0.5
) -> dict[str, float]:
    """Weighted mean of how far two scores lie above those of unrelated images, best first.

    votes: by local features, at least 0, as votes times inliers; cosines: by a vector of the whole
    image; weight: of the local score. Introduced in lab 07.

    `fuse` divides each score by that of the first image. If the first image is a copy of the query,
    all others then have nearly the same score. Here the unit is the spread of unrelated images, see
    `surprises` and `vote_surprises`, which the first image doesn't change. An image that only one
    of them returned has the lowest score of the other. Ties come in the order of the names.
    """
    names = list(cosines)
    first = vote_surprises(votes)
    second = dict(zip(names, surprises(list(cosines.values())).tolist(), strict=True))
    lowest = (min(part.values(), default=0.0) for part in (first, second))
    return _weighted_mean(first, second, weight, *lowest)


def _weighted_mean(
    first: Mapping[str, float],
    second: Mapping[str, float],
    weight: float,
    no_first: float,
    no_second: float,
) -> dict[str, float]:
    """The mean of two scores by image, best first; no_first, no_second: of a missing image."""
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight}; wanted 0 to 1")
    fused = {
        image: weight * first.get(image, no_first) + (1 - weight) * second.get(image, no_second)
        for image in sorted({*first, *second})
    }
    return dict(sorted(fused.items(), key=lambda item: -item[1]))


def _stretched(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores from 0 to 1; all 1 if they are equal."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if low == high:
        return dict.fromkeys(scores, 1.0)
    return {image: (score - low) / (high - low) for image, score in scores.items()}


@dataclass(frozen=True)
class FusedQuery:
    """A query described both ways."""

    vector: ImageVector
    features: LocalFeatures


class FusedRetriever:
    """Ranks by the weighted mean of a local and a global score: DELF+FT+ATT+DIR+QE (lab 07).

    local, whole: retrievers of the same images, usually empty; weight: of the local score.
    calibrated: fuse by `fuse_calibrated`, else by `fuse`, as in the paper. Raises ValueError if
    local holds an image that whole does not.

    An image without keypoints is found by its vector alone. A result has the local retriever's
    inliers and vote, since fused scores of different queries cannot be compared.
    """

    def __init__(
        self,
        local: LocalRetriever,
        whole: GlobalRetriever,
        weight: float = 0.25,
        calibrated: bool = False,
    ) -> None:
        fuse({}, {}, weight)  # says what is wrong with the weight
        alone = local.database.descriptions.keys() - whole.database.descriptions.keys()
        if alone:
            raise ValueError(f"local holds {min(alone)}, which whole does not; give empty ones")
        self.local = local
        self.whole = whole
        self.weight = weight
        self.calibrated = calibrated
        self.databases = (whole.database, local.database)

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def settings(self) -> Mapping[str, object]:
        """Both retrievers', the weight, and how scores are fused."""
        return {
            "local": dict(self.local.settings),
            "whole": dict(self.whole.settings),
            "weight": self.weight,
            "calibrated": self.calibrated,
        }

    @property
    def confidence(self) -> Confidence:
        """The local retriever's."""
        return self.local.confidence

    @property
    def names(self) -> list[str]:
        """The names of the images, in order."""
        return self.whole.names

    @property
    def bytes(self) -> dict[str, int]:
        """Memory of both by part."""
        return {**(self.local.bytes if len(self.local) else {}), **self.whole.bytes}

    def add(
        self,
        images: Iterable[ImageSource],
        names: Sequence[str] | None = None,
        skip: Skip | None = None,
    ) -> None:
        """Describe images both ways, each read once, and add them; see `ImageDatabase.add`."""
        vectors, features = self.whole.database, self.local.database
        pairs = with_names(images, names)
        first, second = itertools.tee(LoadedImage.of(image) for _, image in pairs)
        both = zip(vectors.describe_all(first), features.describe_all(second), strict=True)
        for (name, _), (vector, local) in zip(pairs, both, strict=True):
            refused: dict[str, str] = {}
            vectors.insert(name, vector, refused.__setitem__ if skip else None)
            if skip and refused:
                skip(name, refused[name])
                continue
            features.discard(name)  # an older image of this name may have had keypoints
            features.insert(name, local, skip=lambda name, reason: None)

    def describe(self, query: ImageSource) -> FusedQuery:
        """The vector and the features of a query, which is read once."""
        image = LoadedImage.of(query)
        return FusedQuery(self.whole.database.describe(image), self.local.database.describe(image))

    def search(self, query: ImageSource, top: int | None = None) -> Ranking:
        """Rank the images for a query image; `top` keeps the first ones."""
        laps: list[Lap] = [("", perf_counter())]
        described = self.describe(query)
        laps.append(("extract", perf_counter()))
        return self.rank(described, top, laps)

    def rank(
        self, query: FusedQuery, top: int | None = None, laps: list[Lap] | None = None
    ) -> Ranking:
        """Rank the images for a query that was described both ways. laps: see `Ranking.of`."""
        laps = [("", perf_counter())] if laps is None else laps
        by_features: list[Result] = []
        if len(self.local):
            by_features = self.local.rank(query.features, laps=laps).results
        by_vector = self.whole.rank(query.vector, laps=laps).results
        local = {result.image: result for result in by_features}
        scores = self.fused_scores(by_features, by_vector)
        results = [
            replace(local.get(image, Result(image, 0.0, 0, 0.0)), score=fused)
            for image, fused in scores.items()
        ]
        laps.append(("fuse", perf_counter()))
        return Ranking.of(results, laps, top)

    def fused_scores(
        self, by_features: Sequence[Result], by_vector: Sequence[Result]
    ) -> dict[str, float]:
        """Fuse the results of both retrievers for a query. Returns scores by image, best first."""
        if self.calibrated:
            votes = {r.image: score("product", r.inliers, r.vote) for r in by_features}
            cosines = {r.image: r.vote for r in by_vector}
            return fuse_calibrated(votes, cosines, self.weight)
        return fuse(
            {result.image: result.score for result in by_features},
            {result.image: result.score for result in by_vector},
            self.weight,
        )
