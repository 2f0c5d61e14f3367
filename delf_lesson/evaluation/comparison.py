"""Two systems that answered the same queries, and two orders of systems (notebook 07)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from delf_lesson.evaluation.bootstrap import mean_interval


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


def turned_pairs(
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
