"""How good is a ranking (slides "Precision & Recall Result" and "mAP Result"; lab 06)?

Average precision after the Oxford protocol, its three levels after Revisited Oxford and Paris (F.
Radenović et al., CVPR 2018), and precision and recall at one threshold for all queries. A ranking
always has a first image, even for a query of which the collection holds nothing. A system must then
be able to return nothing, so it must say how sure it is, in one unit for all queries.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from delf_lesson.datasets.benchmark import Truth


def average_precision(
    ranking: Sequence[str], positives: Collection[str], junk: Collection[str] = ()
) -> float:
    """Area under the precision-recall curve of one ranking, by the trapezoidal rule.

    This is the Oxford buildings protocol (Philbin et al., CVPR 2007): junk images are taken out
    before ranks are counted, and positives that were not returned count as missed. Returns a
    fraction in [0, 1]. Raises ValueError if there are no positives, if an image is both positive
    and junk, or if the ranking names an image twice.
    """
    positives, junk = _checked(ranking, positives, junk)
    area, hits, precision = 0.0, 0, 1.0
    for rank, image in enumerate((image for image in ranking if image not in junk), start=1):
        hit = image in positives
        hits += hit
        previous, precision = precision, hits / rank
        if hit:
            area += (previous + precision) / 2 / len(positives)
    return area


def precision_at(
    ranking: Sequence[str], positives: Collection[str], junk: Collection[str] = (), k: int = 1
) -> float:
    """The share of the first k images, junk left out, that are positive.

    A ranking of fewer counts as if wrong images followed. Raises ValueError as `average_precision`
    does, and for a k below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; wanted 1 or more")
    positives, junk = _checked(ranking, positives, junk)
    first = [image for image in ranking if image not in junk][:k]
    return sum(image in positives for image in first) / k


def _checked(
    ranking: Sequence[str], positives: Collection[str], junk: Collection[str]
) -> tuple[set[str], set[str]]:
    positives, junk = set(positives), set(junk)
    if not positives:
        raise ValueError("positives is empty; a ranking is judged by at least one")
    if positives & junk:
        raise ValueError(f"junk and positives share {min(positives & junk)}")
    if len(set(ranking)) != len(ranking):
        raise ValueError("ranking names an image twice; each may stand at one rank only")
    return positives, junk


Level = Literal["easy", "medium", "hard"]
LEVELS: tuple[Level, ...] = get_args(Level)


def at_level(truth: Truth, level: Level) -> tuple[frozenset[str], frozenset[str]]:
    """The positives of a level, and what it ignores as if it were junk.

    The protocol's easy images are the truth's good ones, its hard images the ok ones, and its
    unclear ones junk. Easy asks for easy images and ignores hard ones, Hard the other way round,
    Medium asks for both. Raises ValueError for another level.
    """
    if level == "easy":
        return truth.good, truth.ok | truth.junk
    if level == "medium":
        return truth.good | truth.ok, truth.junk
    if level == "hard":
        return truth.ok, truth.good | truth.junk
    raise ValueError(f"level is {level!r}; wanted one of {', '.join(LEVELS)}")


def average_precisions(
    rankings: Mapping[str, Sequence[str]], truth: Mapping[str, Truth], level: Level
) -> dict[str, float]:
    """Average precision by query at a level; queries without a positive at it are left out.

    Raises ValueError if a ranking has no truth, or if no query is left.
    """
    precisions = {}
    for query, ranking in rankings.items():
        if query not in truth:
            raise ValueError(f"rankings: {query} has no truth")
        positives, ignored = at_level(truth[query], level)
        if positives:
            precisions[query] = average_precision(ranking, positives, ignored)
    if not precisions:
        raise ValueError(
            f"rankings: none of its {len(rankings)} queries has a positive at level {level!r}; "
            "choose another level or other queries"
        )
    return precisions


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Micro precision and recall if all results of at least a score are returned.

    thresholds: float64 (T,), every score there is, falling; precision, recall: float64 (T,),
    fractions in [0, 1] at these thresholds.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    def at(self, threshold: float) -> tuple[float, float]:
        """Precision and recall at any threshold; 1 and 0 where nothing is returned."""
        row = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        if row < 0:
            return 1.0, 0.0
        return float(self.precision[row]), float(self.recall[row])

    def threshold_for(self, precision: float) -> float | None:
        """What a user would choose for a wanted precision: of the thresholds that reach it, the
        highest that has the largest recall. None if none reaches it."""
        reached = np.flatnonzero(self.precision >= precision)
        if len(reached) == 0:
            return None
        return float(self.thresholds[reached[self.recall[reached].argmax()]])

    def thinned(self, points: int = 200) -> "PrecisionRecall":
        """At most so many of its points, about equally far apart in recall."""
        if len(self.recall) == 0:  # nothing was returned for any query
            return self
        wanted = np.linspace(self.recall[0], self.recall[-1], points)
        rows = np.unique(np.searchsorted(self.recall, wanted))
        return PrecisionRecall(self.thresholds[rows], self.precision[rows], self.recall[rows])


def micro_precision_recall(
    returned: Mapping[str, Sequence[tuple[str, float]]], truth: Mapping[str, Truth]
) -> PrecisionRecall:
    """The slide's PRE = Σ|TP| / Σ|R| and REC = Σ|TP| / Σ|P| over all queries, P the positives.

    returned: by query name, the images found, with scores that can be compared between queries.
    truth: by query name; a query without one shows no landmark, so all it returns is wrong.

    Junk is neither right nor wrong, and positives that were not returned are missed. The paper
    does not divide by Σ|P|, since it does not know all positives. Raises ValueError if an image is
    named twice for a query, a score is not finite or no query has a positive.
    """
    positives = sum(len(truth[query].positives) for query in returned if query in truth)
    if positives == 0:
        raise ValueError("truth holds no positive of any query returned; recall needs one")
    scores: list[float] = []
    right: list[bool] = []
    for query, results in returned.items():
        known = truth.get(query)
        if len({image for image, _ in results}) != len(results):
            raise ValueError(f"returned names an image twice for {query}")
        for image, score in results:
            if known is None or image not in known.junk:
                scores.append(score)
                right.append(known is not None and image in known.positives)
    values = np.array(scores, np.float64)
    if not np.isfinite(values).all():
        raise ValueError("returned holds scores that are NaN or infinite")
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.cumsum(np.array(right, bool)[order])
    last = np.flatnonzero(np.diff(values, append=-np.inf))  # equal scores are returned together
    return PrecisionRecall(values[last], hits[last] / (last + 1), hits[last] / positives)


def mean_interval(
    values: Sequence[float],
    groups: Sequence[Hashable],
    level: float = 0.95,
    rounds: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of values (Efron, 1979).

    groups: of each value, as the landmark of a query. Groups are drawn with replacement, each with
    all its values: queries of one landmark succeed and fail together, and drawing them one by one
    would make the interval too narrow.

    Raises ValueError if there are no values, if lengths differ or for a level outside (0, 1).
    """
    if len(values) == 0 or len(values) != len(groups):
        raise ValueError(f"groups holds {len(groups)} for {len(values)} values; wanted one each")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; wanted a fraction between 0 and 1")
    by_group: dict[Hashable, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        by_group[group].append(value)
    sums = np.array([sum(members) for members in by_group.values()])
    counts = np.array([len(members) for members in by_group.values()])
    drawn = np.random.default_rng(seed).integers(len(sums), size=(rounds, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
