"""How sure is a mean over a few queries, and which of two systems is better (labs 06 and 07)?"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np


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
    own: dict[Hashable, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        own[group].append(value)
    sums = np.array([sum(one) for one in own.values()])
    counts = np.array([len(one) for one in own.values()])
    drawn = np.random.default_rng(seed).integers(len(sums), size=(rounds, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class Difference:
    """How much more average precision the first of two systems has than the second.

    mean: over all queries; low, high: its 95% interval. Where that leaves out 0, other landmarks
    would likely show the same order.
    """

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """In percent, as "+1.2 [-0.3, +2.5]"."""
        return f"{100 * self.mean:+.1f} [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"


def difference(
    first: Mapping[str, float], second: Mapping[str, float], landmarks: Mapping[str, str | None]
) -> Difference:
    """Compare average precisions query by query.

    first, second: by query name; landmarks: of every query, which are drawn as `mean_interval`
    does. Queries that are hard for both take nothing from this interval, so it is narrower than
    those of the two means. Raises ValueError if the two did not answer the same queries.
    """
    if set(first) != set(second):
        odd = min(set(first) ^ set(second))
        raise ValueError(f"second: {odd} was answered by one system only; compare the same queries")
    gains = [value - second[query] for query, value in first.items()]
    low, high = mean_interval(gains, [landmarks[query] for query in first])
    return Difference(fmean(gains), low, high)


def discordant_pairs(
    theirs: Mapping[str, float | None], ours: Mapping[str, float]
) -> list[tuple[str, str]]:
    """The pairs of systems whose order differs: the one that is better in theirs first.

    Systems that either lacks, or has no value for, are left out.
    """
    both = {
        name: (value, ours[name])
        for name, value in theirs.items()
        if value is not None and name in ours
    }
    ordered = sorted(both, key=lambda name: -both[name][0])
    return [
        (better, worse)
        for better, worse in combinations(ordered, 2)
        if both[better][0] > both[worse][0] and both[better][1] < both[worse][1]
    ]
