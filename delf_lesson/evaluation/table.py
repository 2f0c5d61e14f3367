"""The whole table of results, each system on each set, in one file (slide "mAP Result").

Measuring it takes hours and can be stopped: every cell is written as soon as it is known, and one
that is there already is kept as long as pictures, weights and steps are those it was measured
with. Notebook 07 reads it, and measures a row of it anew.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delf_lesson.evaluation.baselines import BASELINES
from delf_lesson.evaluation.report import Progress, silent
from delf_lesson.evaluation.systems import SYSTEMS, find_system
from delf_lesson.evaluation.table_cell import COLUMNS, load_column, measure_cell, measurement_key
from delf_lesson.files import write_atomically
from delf_lesson.paths import project_root
from delf_lesson.retrieval.cache import FeatureCache

VERSION = 2
"""Of the file's form; one of another version is begun anew."""
SMALL_ONLY = ("LIFT", "LIFT-untrained")
"""As in the paper, which found LIFT too slow for the large sets."""
LEFT_OUT = ("OpenCV-RootSIFT-votes",)


def table_path() -> Path:
    """The measured table that comes with the lesson."""
    return project_root() / "data" / "results" / "table.json"


def read_table(path: str | Path | None = None) -> dict[str, Any]:
    """A table: `cells[system][column]` is what `measure_cell` gives, and a key.

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
        benchmark = load_column(column)
        for system in chosen:
            if "+d" in column and system.name in SMALL_ONLY:
                continue
            key = measurement_key(system, benchmark)
            own = table["cells"].setdefault(system.name, {})
            fresh = own.get(column, {}).get("key") != key
            if fresh:
                own[column] = measure_cell(system, column, cache, progress) | {"key": key}
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, _text(table).encode())
            yield Cell(system.name, column, own[column], fresh)


def _text(table: dict[str, Any]) -> str:
    """JSON with a line for each cell, so that a new measurement changes one line."""
    lines = []
    for system, own in table["cells"].items():
        cells = (f" {json.dumps(name)}: {json.dumps(_rounded(cell))}" for name, cell in own.items())
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
