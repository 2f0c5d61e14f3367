"""A system measured on a benchmark: every query ranked, and how good the rankings are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from delf_lesson.datasets.benchmark import Benchmark, Query
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.retrieval.engine import RetrievalEngine


@dataclass(frozen=True)
class Evaluation:
    """The rankings of a benchmark's queries.

    rankings: by query name, the names of the images found, best first.
    average_precisions: by query name, fractions in [0, 1].
    """

    rankings: Mapping[str, Sequence[str]]
    average_precisions: Mapping[str, float]

    @property
    def mean_average_precision(self) -> float:
        """mAP, a fraction in [0, 1] (slide "mAP Result")."""
        return fmean(self.average_precisions.values())


def one_query_each(benchmark: Benchmark) -> tuple[Query, ...]:
    """One query of each landmark: less work than all, and a rougher measure.

    The first landmark gives its first query, the second its second and so on: a rendered town's
    first queries were all taken at noon, its second ones in the morning.
    """
    by_landmark: dict[str | None, list[Query]] = {}
    for query in benchmark.queries:
        by_landmark.setdefault(query.landmark, []).append(query)
    return tuple(own[k % len(own)] for k, own in enumerate(by_landmark.values()))


def evaluate(
    engine: RetrievalEngine, benchmark: Benchmark, queries: Sequence[Query] | None = None
) -> Evaluation:
    """Search a benchmark for its queries, each cut to its box (slide "mAP Result"; notebook 06).

    engine: holds the benchmark's images under their paths; `engine.add(benchmark.images)` does.
        Images it had to skip count as not found.
    queries: all of the benchmark's by default. Raises ValueError if there are none, if one has no
        landmark, or if the engine holds no images or others.
    """
    queries = benchmark.queries if queries is None else queries
    without = [query.name for query in queries if query.name not in benchmark.truth]
    if not queries or without:
        wrong = f"{without[0]} has no truth in {benchmark.name}" if without else "it is empty"
        raise ValueError(f"queries: {wrong}; average precision needs queries with a landmark")
    names = {str(path): path.stem for path in benchmark.images}
    if not engine.names or not set(engine.names) <= set(names):
        raise ValueError(
            f"engine holds {len(engine)} images, which are not the {len(names)} of "
            f"{benchmark.name}; call engine.add(benchmark.images) on an empty engine"
        )
    rankings, precisions = {}, {}
    for query in queries:
        found = engine.search(query.read()).results
        truth = benchmark.truth[query.name]
        rankings[query.name] = [names[result.image] for result in found]
        precisions[query.name] = average_precision(
            rankings[query.name], truth.positives, truth.junk
        )
    return Evaluation(rankings, precisions)
