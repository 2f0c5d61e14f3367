"""The whole table of results, each system on each set, in one file (slide "mAP Result").

Measuring it takes hours and can be stopped: every cell is written as soon as it is known, and one
that is there already is kept as long as pictures, weights and steps are those it was measured
with. Notebook 07 reads it, and measures a row of it anew.
"""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from delf_lesson.datasets import load
from delf_lesson.evaluation.baselines import BASELINES
from delf_lesson.evaluation.report import Progress, measure, silent
from delf_lesson.evaluation.results import digest, recipe
from delf_lesson.evaluation.system import System
from delf_lesson.evaluation.systems import SYSTEMS, find_system
from delf_lesson.files import write_atomically
from delf_lesson.paths import project_root
from delf_lesson.retrieval.cache import FeatureCache

VERSION = 1
"""Of the file's form; one of another version is begun anew."""
COLUMNS = ("albion", "albion+d", "lutetia", "lutetia+d")
"""The towns, and each among the pictures of other places too."""
SMALL_ONLY = ("LIFT", "LIFT-untrained")
"""As in the paper, which found LIFT too slow for the large sets."""
LEFT_OUT = ("OpenCV-RootSIFT-votes",)
TIMED = 9
"""Images whose description is timed."""
POINTS = 60
"""Points kept of a precision/recall curve."""
KEPT = (
    *("map", "map_interval", "map_by_level", "precision_at_1", "average_precisions"),
    *("confidence", "threshold", "query_seconds", "bytes_per_image", "images", "queries"),
)
"""What is kept of a report."""


def table_path() -> Path:
    """The measured table that comes with the lesson."""
    return project_root() / "data" / "results" / "table.json"


def read_table(path: str | Path | None = None) -> dict[str, Any]:
    """A table: `cells[system][column]` holds `KEPT`, the curve, and the time of a description.

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


def is_compressed(system: str) -> bool:
    """DELF is searched by the paper's codes, all others compare all descriptors."""
    return system.startswith("DELF")


def measure_table(
    path: str | Path,
    systems: Sequence[str] = (*SYSTEMS, *BASELINES),
    columns: Sequence[str] = COLUMNS,
    cache: FeatureCache | None = None,
    progress: Progress = silent,
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
        city, _, distractors = column.partition("+")
        benchmark = load(city, bool(distractors))
        for system in chosen:
            if distractors and system.name in SMALL_ONLY:
                continue
            compressed = is_compressed(system.name)
            key = digest(recipe(system, benchmark, benchmark.queries, compressed, 0.95))
            own = table["cells"].setdefault(system.name, {})
            fresh = own.get(column, {}).get("key") != key
            if fresh:
                report = measure(
                    system,
                    benchmark,
                    benchmark.queries,
                    cache,
                    compressed,
                    progress=_labelled(progress, f"{system.name} on {column}"),
                )
                own[column] = {
                    **{name: report[name] for name in KEPT},
                    "precision_recall": _thinned(report["precision_recall"]),
                    "describe_seconds": describe_seconds(system, benchmark.images),
                    "key": key,
                }
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, json.dumps(_rounded(table), indent=1).encode())
            yield Cell(system.name, column, own[column], fresh)


def describe_seconds(system: System, images: Sequence[Path]) -> float:
    """The median seconds that describing an image takes, without any cache."""
    engine, spent = system.engine(), []
    for image in images[:: max(1, len(images) // TIMED)][:TIMED]:
        started = time.perf_counter()
        engine.check(image)
        spent.append(time.perf_counter() - started)
    return median(spent)


def _labelled(progress: Progress, title: str) -> Progress:
    def titled(steps: Sequence[Any], label: str) -> Iterable[Any]:
        return progress(steps, f"{title}: {label}")

    return titled


def _thinned(curve: dict[str, list[float]]) -> dict[str, list[float]]:
    every = max(1, -(-len(curve["threshold"]) // POINTS))
    return {name: values[::every] for name, values in curve.items()}


def _rounded(values: Any) -> Any:
    """Floats to six digits, all through lists and mappings."""
    if isinstance(values, dict):
        return {name: _rounded(value) for name, value in values.items()}
    if isinstance(values, list):
        return [_rounded(value) for value in values]
    return float(f"{values:.6g}") if isinstance(values, float) else values
