"""One system on one set: a cell of the table of results (slide "mAP Result"; notebook 07)."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from delf_lesson.datasets import load
from delf_lesson.datasets.benchmark import Benchmark
from delf_lesson.datasets.rendered import pictures
from delf_lesson.evaluation.benchmark import Evaluation
from delf_lesson.evaluation.conditions import found_by_condition
from delf_lesson.evaluation.precision_recall import PrecisionRecall
from delf_lesson.evaluation.report import Progress, measure, silent
from delf_lesson.evaluation.results import digest, recipe
from delf_lesson.evaluation.system import System
from delf_lesson.retrieval.cache import FeatureCache

COLUMNS = ("albion", "albion+d", "lutetia", "lutetia+d")
"""The towns, and each among the pictures of other places too."""
TIMED = 9
"""Images whose description is timed."""
POINTS = 60
"""Points kept of a precision/recall curve."""
KEPT = (
    *("map", "map_interval", "map_by_level", "precision_at_1", "average_precisions"),
    *("confidence", "threshold", "query_seconds", "bytes_per_image", "images", "queries"),
    *("distractor_queries", "found", "first"),
)
"""What is kept of a report."""
FIRST = 3
"""Results kept of each query."""


def load_column(column: str) -> Benchmark:
    """The benchmark of one of `COLUMNS`."""
    city, _, distractors = column.partition("+")
    return load(city, bool(distractors))


def is_compressed(system: str) -> bool:
    """DELF is searched by the paper's codes, all others compare all descriptors."""
    return system.startswith("DELF")


def measure_cell(
    system: System,
    column: str,
    cache: FeatureCache | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """One system on one set, measured now: `KEPT`, the curve, and the time of a description.

    column: one of `COLUMNS`.

    Of what is kept, "found" is by condition and class the share found and the number of pairs, see
    `found_by_condition`; "first" by query the first results, each with its confidence.
    """
    benchmark = load_column(column)
    progress = _labelled(progress, f"{system.name} on {column}")
    report = measure(
        system,
        benchmark,
        benchmark.queries,
        cache,
        is_compressed(system.name),
        progress=progress,
        also=partial(_particulars, benchmark, column),
    )
    return {
        **{name: report[name] for name in KEPT},
        "precision_recall": _thinned(report["precision_recall"]),
        "describe_seconds": describe_seconds(system, benchmark.images, progress),
    }


def curve_of(cell: Mapping[str, Any]) -> PrecisionRecall:
    """The precision-recall curve that a cell keeps, at `POINTS` thresholds or fewer."""
    kept = cell["precision_recall"]
    return PrecisionRecall(*(np.array(kept[name]) for name in ("threshold", "precision", "recall")))


def estimated_seconds(cell: Mapping[str, Any]) -> tuple[float, float]:
    """How long measuring a cell anew takes: with all features kept, and with none.

    Roughly, by the times that the table has, which are of one processor core.
    """
    queries = cell["queries"] + cell["distractor_queries"]
    searching = queries * cell["query_seconds"]["all"]["median"]
    describing = (cell["images"] + queries) * cell["describe_seconds"]
    return searching, searching + describing


def measurement_key(system: System, benchmark: Benchmark) -> str:
    """Changes with whatever a cell depends on: pictures, truth, weights, settings and steps."""
    compressed = is_compressed(system.name)
    return digest(recipe(system, benchmark, benchmark.queries, compressed, 0.95))


def _particulars(benchmark: Benchmark, column: str, found: Evaluation) -> dict[str, Any]:
    conditions = found_by_condition(found, benchmark, pictures(column.partition("+")[0]))
    return {
        "found": {
            condition: {name: [one.share, one.count] for name, one in classes.items()}
            for condition, classes in conditions.items()
        },
        "first": {
            query: list(map(list, found.returned[query][:FIRST])) for query in found.rankings
        },
    }


def describe_seconds(system: System, images: Sequence[Path], progress: Progress = silent) -> float:
    """The median seconds that describing an image takes, without any cache."""
    engine, spent = system.engine(), []
    for image in progress(images[:: max(1, len(images) // TIMED)][:TIMED], "Timing"):
        started = time.perf_counter()
        engine.add([image], skip=lambda path, reason: None)
        spent.append(time.perf_counter() - started)
    return median(spent)


def _labelled(progress: Progress, title: str) -> Progress:
    def titled(steps: Sequence[Any], label: str) -> Iterable[Any]:
        return progress(steps, f"{title}: {label}")

    return titled


def _thinned(curve: dict[str, list[float]]) -> dict[str, list[float]]:
    every = max(1, -(-len(curve["threshold"]) // POINTS))
    return {name: values[::every] for name, values in curve.items()}
