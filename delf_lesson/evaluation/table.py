"""The table of results, each system on each set, beside the paper's (slide "mAP Result"; lab 07).

The paper's numbers come from photographs of Oxford and Paris, ours from rendered towns. The order
of the systems may be compared, the numbers may not. Measuring the table takes hours and can be
stopped: every cell is written as soon as it is known, and is kept while images, weights and steps
stay the same.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.datasets.benchmark import Benchmark
from delf_lesson.datasets.rendered import rendered_images
from delf_lesson.evaluation.comparison import recall_by_condition
from delf_lesson.evaluation.metrics import PrecisionRecall
from delf_lesson.evaluation.report import Evaluation, measure
from delf_lesson.evaluation.report_cache import digest, recipe
from delf_lesson.files import project_root, write_atomically
from delf_lesson.retrieval.database import Progress, no_progress
from delf_lesson.systems.registry import BASELINES, SYSTEMS, find_system
from delf_lesson.systems.specification import System

PAPER_SETS: Mapping[str, str] = MappingProxyType(
    {"Oxf5k": "albion", "Oxf105k": "albion+d", "Par6k": "lutetia", "Par106k": "lutetia+d"}
)
"""The paper's data sets, and which column of ours stands in for each."""

PAPER_MAP: Mapping[str, tuple[float | None, ...]] = MappingProxyType(
    {
        "DIR": (86.1, 82.8, 94.5, 90.6),
        "DIR+QE": (87.1, 85.2, 95.3, 91.8),
        "siaMAC": (77.1, 69.5, 83.9, 76.3),
        "siaMAC+QE": (81.7, 76.6, 86.2, 79.8),
        "CONGAS": (70.8, 61.1, 67.1, 56.8),
        "LIFT": (54.0, None, 53.6, None),
        "DELF+FT+ATT": (83.8, 82.6, 85.0, 81.7),
        "DELF+FT+ATT+DIR+QE": (90.0, 88.5, 95.7, 92.8),
    }
)
"""mAP in percent, in the order of `PAPER_SETS`; None where it was not measured."""


COLUMNS = ("albion", "albion+d", "lutetia", "lutetia+d")
"""The towns, and each among the pictures of other places too."""
TIMED = 9
"""Images whose description is timed."""
POINTS = 60
"""Points of a precision/recall curve in the table."""
REPORT_FIELDS = (
    *("map", "map_interval", "map_by_level", "precision_at_1", "average_precisions"),
    *("confidence", "threshold", "query_seconds", "bytes_per_image", "images", "queries"),
    *("distractor_queries", "found", "first"),
)
"""Fields of a report that the table has."""
FIRST = 3
"""Results of each query in the table."""


def load_column(column: str) -> Benchmark:
    """The benchmark of one of `COLUMNS`."""
    city, _, distractors = column.partition("+")
    return load(city, bool(distractors))


def benchmark_system(
    system: System,
    column: str,
    cache: FeatureCache | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """One system on one set, measured now: `REPORT_FIELDS`, the curve, seconds to describe.

    column: one of `COLUMNS`.

    Of what is kept, "found" is by condition and class the share found and the number of pairs, see
    `recall_by_condition`; "first" by query the first results, each with its confidence.
    """
    benchmark = load_column(column)
    progress = _labelled(progress, f"{system.name} on {column}")
    report = measure(
        system,
        benchmark,
        benchmark.queries,
        cache,
        system.index == "compressed",
        progress=progress,
        also=partial(_particulars, benchmark, column),
    )
    return {
        **{name: report[name] for name in REPORT_FIELDS},
        "precision_recall": _thinned(report["precision_recall"]),
        "describe_seconds": describe_seconds(system, benchmark.images, progress),
    }


def curve_of(cell: Mapping[str, Any]) -> PrecisionRecall:
    """The precision-recall curve that a cell keeps, at `POINTS` thresholds or fewer."""
    curve = cell["precision_recall"]
    return PrecisionRecall(
        *(np.array(curve[name]) for name in ("threshold", "precision", "recall"))
    )


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
    compressed = system.index == "compressed"
    return digest(recipe(system, benchmark, benchmark.queries, compressed, 0.95))


def _particulars(benchmark: Benchmark, column: str, evaluation: Evaluation) -> dict[str, Any]:
    conditions = recall_by_condition(
        evaluation, benchmark, rendered_images(column.partition("+")[0])
    )
    return {
        "found": {
            condition: {name: [recall.share, recall.count] for name, recall in classes.items()}
            for condition, classes in conditions.items()
        },
        "first": {
            query: list(map(list, evaluation.returned[query][:FIRST]))
            for query in evaluation.rankings
        },
    }


def describe_seconds(
    system: System, images: Sequence[Path], progress: Progress = no_progress
) -> float:
    """The median seconds that describing an image takes, without any cache."""
    retriever, spent = system.retriever(), []
    for image in progress(images[:: max(1, len(images) // TIMED)][:TIMED], "Timing"):
        started = time.perf_counter()
        retriever.add([image], skip=lambda path, reason: None)
        spent.append(time.perf_counter() - started)
    return median(spent)


def _labelled(progress: Progress, title: str) -> Progress:
    def titled(steps: Iterable[Any], label: str, count: int | None = None) -> Iterable[Any]:
        return progress(steps, f"{title}: {label}", count)

    return titled


def _thinned(curve: dict[str, list[float]]) -> dict[str, list[float]]:
    every = max(1, -(-len(curve["threshold"]) // POINTS))
    return {name: values[::every] for name, values in curve.items()}


VERSION = 2
"""Of the file's form; one of another version is begun anew."""
SMALL_ONLY = (
    *("LIFT", "LIFT-untrained"),
    *("DIR-untrained", "DIR-begun", "siaMAC-untrained", "siaMAC-begun"),
    *("DELF+FT+ATT-neighbours", "DELF+FT+ATT+DIR+QE-plain"),
)
"""LIFT, which the paper also found too slow for the large sets; and what is only compared with."""
LEFT_OUT = ("OpenCV-RootSIFT-votes",)


def table_path() -> Path:
    """The measured table that comes with the lesson."""
    return project_root() / "data" / "results" / "table.json"


def read_table(path: str | Path | None = None) -> dict[str, Any]:
    """A table: `cells[system][column]` is what `benchmark_system` gives, and a key.

    path: the lesson's own by default. Raises FileNotFoundError if there is none, ValueError if it
    is damaged or of another version.
    """
    path = Path(path) if path else table_path()
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no table {path}; make it with `make bench`")
    try:
        table = dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"path: {path} is no whole table; make it with `make bench`") from error
    if table.get("version") != VERSION:
        raise ValueError(
            f"path: {path} has version {table.get('version')}, this package reads {VERSION}; "
            "make it with `make bench`"
        )
    return table


@dataclass(frozen=True)
class Cell:
    """One system on one set; fresh: whether it was measured now."""

    system: str
    column: str
    values: dict[str, Any]
    fresh: bool


def measure_table(
    path: str | Path,
    systems: Sequence[str] = (*SYSTEMS, *BASELINES),
    columns: Sequence[str] = COLUMNS,
    cache: FeatureCache | None = None,
    progress: Progress = no_progress,
) -> Iterator[Cell]:
    """Measure what the table at a path lacks, a cell a step, and write each into it.

    systems: by name; those of `SMALL_ONLY` and `LEFT_OUT` have no cells in large sets or at all.
    Raises ValueError for a name that there is not.
    """
    odd = set(columns) - set(COLUMNS)
    if odd:
        raise ValueError(f"columns: there is no {odd.pop()}; choose of {', '.join(COLUMNS)}")
    chosen = [find_system(name) for name in systems if name not in LEFT_OUT]
    try:
        table = read_table(path)
    except (FileNotFoundError, ValueError):
        table = {"version": VERSION, "cells": {}}
    for column in columns:
        benchmark = load_column(column)
        for system in chosen:
            if "+d" in column and system.name in SMALL_ONLY:
                continue
            key = measurement_key(system, benchmark)
            row = table["cells"].setdefault(system.name, {})
            fresh = row.get(column, {}).get("key") != key
            if fresh:
                row[column] = benchmark_system(system, column, cache, progress) | {"key": key}
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, _text(table).encode())
            yield Cell(system.name, column, row[column], fresh)


def _text(table: dict[str, Any]) -> str:
    """JSON with a line for each cell, so that a new measurement changes one line."""
    lines = []
    for system, row in table["cells"].items():
        cells = (f" {json.dumps(name)}: {json.dumps(_rounded(cell))}" for name, cell in row.items())
        lines.append(f"{json.dumps(system)}: {{\n" + ",\n".join(cells) + "\n}")
    systems = ",\n".join(lines)
    return f'{{"version": {VERSION}, "cells": {{\n{systems}\n}}}}\n'


def _rounded(values: Any) -> Any:
    """Floats to six digits, all through lists and mappings."""
    if isinstance(values, dict):
        return {name: _rounded(value) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return [_rounded(value) for value in values]
    return float(f"{values:.6g}") if isinstance(values, float) else values
