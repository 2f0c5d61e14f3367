"""Which of two systems is better, and where does a system fail (labs 06 and 07)?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import fmean

from delf_lesson.datasets.benchmark import Benchmark
from delf_lesson.datasets.rendered import RenderedImage
from delf_lesson.evaluation.metrics import mean_interval
from delf_lesson.evaluation.report import Evaluation


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


VIEWPOINTS = (0, 20, 40, 60, 120)
"""Edges of the classes of the angle between the query's and the image's camera, degrees."""


SCALES = (1.0, 1.4, 2.0, 8.0)
"""Edges of the classes of the larger over the smaller scale of the landmark."""


VISIBLE = (0.25, 0.6, 0.8, 1.0)
"""Edges of the classes of the share of the landmark that the image shows."""


@dataclass(frozen=True)
class Recall:
    """Of `count` pairs of a query and an image it should find, the share that was found."""

    share: float
    count: int


def recall_by_condition(
    evaluation: Evaluation, benchmark: Benchmark, pictures: Sequence[RenderedImage]
) -> dict[str, dict[str, Recall]]:
    """The share of positives found, by "light", "viewpoint", "scale" and "visible share".

    A positive is found if it is among the first R of its ranking, where R is the number of
    positives and junk does not count. pictures: of the benchmark, with all that is known.
    """
    known = {picture.name: picture for picture in pictures}
    asked = {name for query in evaluation.rankings for name in benchmark.truth[query].positives}
    if unknown := (asked | set(evaluation.rankings)) - set(known):
        raise ValueError(f"pictures: {min(unknown)} is not among them; give {benchmark.name}'s own")
    hits: Mapping[str, dict[str, list[bool]]] = {
        condition: defaultdict(list)
        for condition in ("light", "viewpoint", "scale", "visible share")
    }
    for query, ranking in evaluation.rankings.items():
        truth = benchmark.truth[query]
        counted = [name for name in ranking if name not in truth.junk]
        first = set(counted[: len(truth.positives)])
        for name in truth.positives:
            for condition, value in _conditions(known[query], known[name]).items():
                hits[condition][value].append(name in first)
    return {
        condition: {
            value: Recall(sum(outcomes) / len(outcomes), len(outcomes))
            for value, outcomes in sorted(values.items())
        }
        for condition, values in hits.items()
    }


def _conditions(query: RenderedImage, image: RenderedImage) -> dict[str, str]:
    scale = _known(image.pixels_per_metre) / _known(query.pixels_per_metre)
    return {
        "light": image.weather,
        "viewpoint": _class(abs(_known(image.azimuth) - _known(query.azimuth)), VIEWPOINTS),
        "scale": _class(max(scale, 1 / scale), SCALES),
        "visible share": _class(image.visible_share, VISIBLE),
    }


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("pictures: a query or one of its positives has no camera facts")
    return value


def _class(value: float, edges: Sequence[float]) -> str:
    """The class a value lies in; values beyond the last edge belong to the last class."""
    low, high = next(((a, b) for a, b in pairwise(edges) if value < b), edges[-2:])
    return f"{low:g} to {high:g}"
