"""Everything that is measured of one system on one data set.

Slides "Precision & Recall Result" and "mAP Result"; lab 06.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets.benchmark import Benchmark, Query
from delf_lesson.evaluation.comparison import mean_interval
from delf_lesson.evaluation.metrics import (
    LEVELS,
    Level,
    PrecisionRecall,
    at_level,
    average_precision,
    average_precisions,
    micro_precision_recall,
    precision_at,
)
from delf_lesson.retrieval.database import Engine
from delf_lesson.retrieval.ranking import Order, Stopwatch, score
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
    return tuple(own[k % len(own) if in_turn else 0] for k, own in enumerate(by_landmark.values()))


def evaluate(
    engine: Engine,
    benchmark: Benchmark,
    queries: Sequence[Query] | None = None,
    distractor_queries: Sequence[Query] = (),
    progress: Callable[[Sequence[Query]], Iterable[Query]] = iter,
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


Progress = Callable[[Sequence[Any], str], Iterable[Any]]
"""Wraps steps, with a word for them, as a progress bar does."""

POINTS = 200
"""Points kept of a precision/recall curve, which has one for each distinct score."""

TOGETHER = 8
"""Batches added at a time, where an extractor takes several images at once."""


def silent(steps: Sequence[Any], label: str) -> Iterable[Any]:
    """No progress bar."""
    return steps


def measure(
    system: System,
    benchmark: Benchmark,
    queries: Sequence[Query],
    cache: FeatureCache | None = None,
    compressed: bool = False,
    precision: float = 0.95,
    progress: Progress = silent,
    also: Callable[[Evaluation], dict[str, Any]] | None = None,
    engine: Engine | None = None,
) -> dict[str, Any]:
    """Search a benchmark for queries and say how good and how dear that was, as plain values.

    engine: holds the images already, as one of an index on disk does.
    also: what else to say of the rankings, as plain values.
    map_interval: 95% of bootstrap means over landmarks. map_by_level: see `revisited`.
    threshold: the confidence (see `Evaluation`) from which on results are right with the wanted
        precision, over all queries and those without a landmark; None if there is none.
    seconds: of all images or queries together; query_seconds: of one query, without extraction.
    extracted: images that were really described; features of the others were kept from before.
    bytes_per_image: of the index, and of the places of keypoints for verification.
    """
    watch = Stopwatch()
    skipped: dict[str, str] = {}
    if engine is None:
        engine = system.engine(cache, compressed)
        with watch("describe"):
            images, size = benchmark.images, 1 if engine.batch == 1 else TOGETHER * engine.batch
            together = [images[first : first + size] for first in range(0, len(images), size)]
            for some in progress(together, "Describing images"):
                engine.add(some, skip=lambda path, reason: skipped.update({path: reason}))
    else:
        here = set(engine.names)
        missing = [str(path) for path in benchmark.images if str(path) not in here]
        skipped = dict.fromkeys(missing, "it is not in the index")
    extracted = engine.extracted
    queries = [query for query in queries if str(query.path) not in skipped]
    if len(engine) == 0 or not queries:
        raise ValueError(f"benchmark: none of the images of {benchmark.name} can be used")
    with watch("index"):
        memory = engine.bytes
    found = evaluate(
        engine,
        benchmark,
        queries,
        benchmark.distractor_queries,
        lambda steps: progress(steps, "Searching"),
    )
    spent = {stage: float(np.sum(values)) for stage, values in found.seconds.items()}
    size = sum(memory.values()) - memory.get("places", 0)
    return {
        "dataset": benchmark.name,
        "system": system.name,
        "queries": len(queries),
        "images": len(engine),
        **_quality(found, benchmark, queries, precision),
        "confidence": engine.confidence,
        "seconds": {**watch.seconds, **{k: v for k, v in spent.items() if k != "index"}},
        "query_seconds": _of_a_query(found),
        "extracted": extracted,
        "index": "compressed" if compressed else "exact",
        "index_bytes": size,
        "bytes_per_image": sum(memory.values()) / len(engine),
        "peak_rss_bytes": peak_memory(),
        "skipped": [
            {"image": benchmark.name_of(Path(path)), "reason": reason}
            for path, reason in skipped.items()
        ],
        **(also(found) if also else {}),
    }


def _quality(
    found: Evaluation, benchmark: Benchmark, queries: Sequence[Query], wanted: float
) -> dict[str, Any]:
    landmarks = [query.landmark for query in queries]
    values = [found.average_precisions[query.name] for query in queries]
    own = defaultdict(list)
    for landmark, value in zip(landmarks, values, strict=True):
        own[str(landmark)].append(value)
    first = [
        precision_at(found.rankings[query.name], truth.positives, truth.junk)
        for query in queries
        for truth in [benchmark.truth[query.name]]
    ]
    curve = micro_precision_recall(
        found.returned, {query.name: benchmark.truth[query.name] for query in queries}
    )
    threshold = curve.threshold_for(wanted)
    return {
        "map": found.mean_average_precision,
        "map_interval": list(mean_interval(values, landmarks)),
        "map_by_level": _by_level(found, benchmark),
        "precision_at_1": fmean(first),
        "per_landmark": {landmark: fmean(aps) for landmark, aps in own.items()},
        "average_precisions": dict(found.average_precisions),
        "threshold": {
            "precision": wanted,
            "confidence": threshold,
            "recall": 0.0 if threshold is None else curve.at(threshold)[1],
        },
        "distractor_queries": len(benchmark.distractor_queries),
        "precision_recall": _points(curve),
    }


def _by_level(found: Evaluation, benchmark: Benchmark) -> dict[Level, float | None]:
    """mAP of the protocol's levels; None where no query has a positive."""
    means: dict[Level, float | None] = {}
    for level in LEVELS:
        with_positives = {
            name: ranking
            for name, ranking in found.rankings.items()
            if at_level(benchmark.truth[name], level)[0]
        }
        own = average_precisions(with_positives, benchmark.truth, level) if with_positives else {}
        means[level] = fmean(own.values()) if own else None
    return means


def _points(curve: PrecisionRecall) -> dict[str, list[float]]:
    few = curve.thinned(POINTS)
    return {
        "threshold": few.thresholds.tolist(),
        "precision": few.precision.tolist(),
        "recall": few.recall.tolist(),
    }


def _of_a_query(found: Evaluation) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of a query's seconds by stage, and of all stages together."""
    stages = {k: np.array(v) for k, v in found.seconds.items() if k not in ("extract", "index")}
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
