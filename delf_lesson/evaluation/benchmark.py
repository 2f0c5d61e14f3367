"""A system measured on a benchmark: every query ranked, and how good the rankings are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from delf_lesson.datasets.benchmark import Benchmark, Query
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.retrieval.ranking import Order, score
from delf_lesson.retrieval.searching import Engine

Progress = Callable[[Sequence[Query]], Iterable[Query]]


@dataclass(frozen=True)
class Evaluation:
    """The rankings of a benchmark's queries.

    rankings: by query name, the names of the images found, best first.
    average_precisions: by query name, fractions in [0, 1].
    returned: by query name, also of queries without a landmark, (image, confidence) of what was
        found, in the order of the ranking. The confidence can be compared between queries: it is
        the number of inliers, the vote settling ties; where nothing is verified, the vote.
    seconds: by stage, what each query took, in the order of `returned`.
    """

    rankings: Mapping[str, Sequence[str]]
    average_precisions: Mapping[str, float]
    returned: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)
    seconds: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def mean_average_precision(self) -> float:
        """mAP, a fraction in [0, 1] (slide "mAP Result")."""
        return fmean(self.average_precisions.values())


def one_query_each(benchmark: Benchmark, in_turn: bool = True) -> tuple[Query, ...]:
    """One query of each landmark: less work than all, and a rougher measure.

    in_turn: the first landmark gives its first query, the second its second and so on, since a
    rendered town's first queries were all taken at noon, its second ones in the morning.
    Otherwise all give their first.
    """
    by_landmark: dict[str | None, list[Query]] = {}
    for query in benchmark.queries:
        by_landmark.setdefault(query.landmark, []).append(query)
    return tuple(own[k % len(own) if in_turn else 0] for k, own in enumerate(by_landmark.values()))


def evaluate(
    engine: Engine,
    benchmark: Benchmark,
    queries: Sequence[Query] | None = None,
    distractor_queries: Sequence[Query] = (),
    progress: Progress = iter,
) -> Evaluation:
    """Search a benchmark for its queries, each cut to its box (slide "mAP Result"; notebook 06).

    engine: holds the benchmark's images under their paths; `engine.add(benchmark.images)` does.
        Images it had to skip count as not found.
    queries: all of the benchmark's by default. Raises ValueError if there are none, if one has no
        landmark, or if the engine holds no images or others.
    distractor_queries: without a landmark; they have no average precision, and what is returned
        for them is wrong (slide "Precision & Recall Result").
    """
    queries = benchmark.queries if queries is None else queries
    without = [query.name for query in queries if query.name not in benchmark.truth]
    if not queries or without:
        wrong = f"{without[0]} has no truth in {benchmark.name}" if without else "it is empty"
        raise ValueError(f"queries: {wrong}; average precision needs queries with a landmark")
    names = {str(path): benchmark.name_of(path) for path in benchmark.images}
    if not engine.names or not set(engine.names) <= set(names):
        raise ValueError(
            f"engine holds {len(engine)} images, which are not the {len(names)} of "
            f"{benchmark.name}; call engine.add(benchmark.images) on an empty engine"
        )
    returned: dict[str, list[tuple[str, float]]] = {}
    seconds: dict[str, list[float]] = {}
    by: Order = "votes" if engine.confidence == "vote" else "inliers"
    for query in progress((*queries, *distractor_queries)):
        found = engine.search(query.read())
        returned[query.name] = [
            (names[one.image], score(by, one.inliers, one.vote)) for one in found.results
        ]
        for stage, spent in found.seconds.items():
            seconds.setdefault(stage, []).append(spent)
    rankings = {query.name: [image for image, _ in returned[query.name]] for query in queries}
    precisions = {
        name: average_precision(
            ranking, benchmark.truth[name].positives, benchmark.truth[name].junk
        )
        for name, ranking in rankings.items()
    }
    return Evaluation(rankings, precisions, returned, seconds)
