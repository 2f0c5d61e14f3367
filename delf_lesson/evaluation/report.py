"""Everything that is measured of one system on one data set.

Slides "Precision & Recall Result" and "mAP Result"; lab 06.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets.benchmark import Benchmark, Query
from delf_lesson.evaluation.metrics import (
    LEVELS,
    Level,
    PrecisionRecall,
    at_level,
    average_precision,
    average_precisions,
    mean_interval,
    micro_precision_recall,
    precision_at,
)
from delf_lesson.retrieval.database import Progress, no_progress
from delf_lesson.retrieval.retrievers import VERIFICATION_PARTS, Retriever, add_images
from delf_lesson.retrieval.voting import Order, score
from delf_lesson.systems.specification import System


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
    return tuple(
        queries[number % len(queries) if in_turn else 0]
        for number, queries in enumerate(by_landmark.values())
    )


def evaluate(
    retriever: Retriever,
    benchmark: Benchmark,
    queries: Sequence[Query] | None = None,
    distractor_queries: Sequence[Query] = (),
    progress: Progress = no_progress,
) -> Evaluation:
    """Search a benchmark for its queries, each cut to its box (slide "mAP Result"; lab 06).

    retriever: holds the benchmark's images under their paths; `retriever.add(benchmark.images)`
        adds them. Images it had to skip count as not found.
    queries: all of the benchmark's by default. Raises ValueError if there are none, if one has no
        landmark, or if the retriever holds no images or others.
    distractor_queries: without a landmark; they have no average precision, and what is returned
        for them is wrong (slide "Precision & Recall Result").
    """
    queries = benchmark.queries if queries is None else queries
    without = [query.name for query in queries if query.name not in benchmark.truth]
    if not queries or without:
        wrong = f"{without[0]} has no truth in {benchmark.name}" if without else "it is empty"
        raise ValueError(f"queries: {wrong}; average precision needs queries with a landmark")
    names = {str(path): benchmark.name_of(path) for path in benchmark.images}
    if not retriever.names or not set(retriever.names) <= set(names):
        raise ValueError(
            f"retriever holds {len(retriever)} images, which are not the {len(names)} of "
            f"{benchmark.name}; call retriever.add(benchmark.images) on an empty retriever"
        )
    returned: dict[str, list[tuple[str, float]]] = {}
    seconds: dict[str, list[float]] = {}
    order: Order = "votes" if retriever.confidence == "vote" else "inliers"
    for query in progress((*queries, *distractor_queries), "Searching"):
        ranking = retriever.search(query.read())
        returned[query.name] = [
            (names[result.image], score(order, result.inliers, result.vote))
            for result in ranking.results
        ]
        for stage, spent in ranking.seconds.items():
            seconds.setdefault(stage, []).append(spent)
    rankings = {query.name: [image for image, _ in returned[query.name]] for query in queries}
    precisions = {
        name: average_precision(
            ranking, benchmark.truth[name].positives, benchmark.truth[name].junk
        )
        for name, ranking in rankings.items()
    }
    return Evaluation(rankings, precisions, returned, seconds)


CURVE_POINTS = 200
"""Points of a precision/recall curve in a report; the curve has one for each distinct score."""


def measure(
    system: System,
    benchmark: Benchmark,
    queries: Sequence[Query],
    cache: FeatureCache | None = None,
    compressed: bool = False,
    precision: float = 0.95,
    progress: Progress = no_progress,
    also: Callable[[Evaluation], dict[str, Any]] | None = None,
    retriever: Retriever | None = None,
) -> dict[str, Any]:
    """Search a benchmark for queries and report how good and how expensive it was.

    retriever: holds the images already, as that of an index on disk does.
    also: what else to report of the rankings, as plain values.
    map_interval: 95% of bootstrap means over landmarks. map_by_level: see `average_precisions`.
    threshold: the confidence (see `Evaluation`) above which results are right with the wanted
        precision, over all queries and those without a landmark; None if there is none.
    seconds: of all images or queries together; query_seconds: of one query, without extraction.
    extracted: images that were described now; features of the others came from the cache.
    bytes_per_image: of all that ranking reads: the index, and keypoints and descriptors for
        verification, see `VERIFICATION_PARTS`. index_bytes: of the index alone, of all images.
    """
    started = time.perf_counter()
    skipped: dict[str, str] = {}
    stages: dict[str, float] = {}
    if retriever is None:
        retriever = system.retriever(cache, compressed)
        add_images(retriever, benchmark.images, skipped.__setitem__, progress)
        stages["describe"] = time.perf_counter() - started
    else:
        indexed = set(retriever.names)
        missing = [str(path) for path in benchmark.images if str(path) not in indexed]
        skipped = dict.fromkeys(missing, "it is not in the index")
    described = sum(database.described for database in retriever.databases)
    queries = [query for query in queries if str(query.path) not in skipped]
    if len(retriever) == 0 or not queries:
        raise ValueError(f"benchmark: none of the images of {benchmark.name} can be used")
    started = time.perf_counter()
    memory = retriever.bytes
    stages["index"] = time.perf_counter() - started
    evaluation = evaluate(retriever, benchmark, queries, benchmark.distractor_queries, progress)
    spent = {stage: float(np.sum(values)) for stage, values in evaluation.seconds.items()}
    return {
        "dataset": benchmark.name,
        "system": system.name,
        "queries": len(queries),
        "images": len(retriever),
        **_quality(evaluation, benchmark, queries, precision),
        "confidence": retriever.confidence,
        "seconds": {**stages, **{k: v for k, v in spent.items() if k != "index"}},
        "query_seconds": _of_a_query(evaluation),
        "extracted": described,
        "index": "compressed" if compressed else "exact",
        "index_bytes": sum(memory.values())
        - sum(memory.get(part, 0) for part in VERIFICATION_PARTS),
        "bytes_per_image": sum(memory.values()) / len(retriever),
        "peak_rss_bytes": peak_memory(),
        "skipped": [
            {"image": benchmark.name_of(Path(path)), "reason": reason}
            for path, reason in skipped.items()
        ],
        **(also(evaluation) if also else {}),
    }


def _quality(
    evaluation: Evaluation, benchmark: Benchmark, queries: Sequence[Query], wanted: float
) -> dict[str, Any]:
    landmarks = [query.landmark for query in queries]
    values = [evaluation.average_precisions[query.name] for query in queries]
    by_landmark = defaultdict(list)
    for landmark, value in zip(landmarks, values, strict=True):
        by_landmark[str(landmark)].append(value)
    first = [
        precision_at(evaluation.rankings[query.name], truth.positives, truth.junk)
        for query in queries
        for truth in [benchmark.truth[query.name]]
    ]
    curve = micro_precision_recall(
        evaluation.returned, {query.name: benchmark.truth[query.name] for query in queries}
    )
    threshold = curve.threshold_for(wanted)
    return {
        "map": evaluation.mean_average_precision,
        "map_interval": list(mean_interval(values, landmarks)),
        "map_by_level": _by_level(evaluation, benchmark),
        "precision_at_1": fmean(first),
        "per_landmark": {landmark: fmean(aps) for landmark, aps in by_landmark.items()},
        "average_precisions": dict(evaluation.average_precisions),
        "threshold": {
            "precision": wanted,
            "confidence": threshold,
            "recall": 0.0 if threshold is None else curve.at(threshold)[1],
        },
        "distractor_queries": len(benchmark.distractor_queries),
        "precision_recall": _points(curve),
    }


def _by_level(evaluation: Evaluation, benchmark: Benchmark) -> dict[Level, float | None]:
    """mAP of the protocol's levels; None where no query has a positive."""
    means: dict[Level, float | None] = {}
    for level in LEVELS:
        with_positives = {
            name: ranking
            for name, ranking in evaluation.rankings.items()
            if at_level(benchmark.truth[name], level)[0]
        }
        precisions = (
            average_precisions(with_positives, benchmark.truth, level) if with_positives else {}
        )
        means[level] = fmean(precisions.values()) if precisions else None
    return means


def _points(curve: PrecisionRecall) -> dict[str, list[float]]:
    few = curve.thinned(CURVE_POINTS)
    return {
        "threshold": few.thresholds.tolist(),
        "precision": few.precision.tolist(),
        "recall": few.recall.tolist(),
    }


def _of_a_query(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of a query's seconds by stage, and of all stages together."""
    stages = {
        k: np.array(v) for k, v in evaluation.seconds.items() if k not in ("extract", "index")
    }
    stages["all"] = np.sum(list(stages.values()), axis=0)
    return {
        stage: {"median": float(np.median(spent)), "p95": float(np.percentile(spent, 95))}
        for stage, spent in stages.items()
    }


def peak_memory() -> int | None:
    """The most memory this process has held, in bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
