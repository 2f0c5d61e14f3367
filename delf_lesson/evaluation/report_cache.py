"""Reports on disk, so that a system is measured on a data set once (lab 06)."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from delf_lesson.datasets.benchmark import Benchmark, Query
from delf_lesson.files import cache_dir, write_atomically
from delf_lesson.systems.specification import System

LIBRARIES = ("faiss-cpu", "numpy", "opencv-python", "pillow")


def report_path(
    system: System,
    benchmark: Benchmark,
    queries: Sequence[Query],
    compressed: bool,
    precision: float,
) -> Path:
    """Where the report of this measurement is kept.

    The name is made from all that it depends on: `recipe`, the sources of this package, and the
    versions of the libraries that compute.
    """
    depends_on = {
        **recipe(system, benchmark, queries, compressed, precision),
        "sources": _sources(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }
    return cache_dir() / "reports" / f"{digest(depends_on)}.json"


def recipe(
    system: System,
    benchmark: Benchmark,
    queries: Sequence[Query],
    compressed: bool,
    precision: float,
) -> dict[str, Any]:
    """What is measured, as plain values.

    The content of every picture, the queries' boxes and truth, the extractor's settings, which
    hold its weights, and the system's steps.
    """
    truth = {
        query.name: [sorted(part) for part in (known.good, known.ok, known.junk)]
        for query in queries
        for known in [benchmark.truth[query.name]]
    }
    return {
        "images": {benchmark.name_of(path): _digest(path) for path in benchmark.images},
        "queries": [
            [query.name, query.landmark, query.box, _digest(query.path)]
            for query in (*queries, *benchmark.distractor_queries)
        ],
        "truth": truth,
        "description": dict(system.retriever(compressed=compressed).settings),
        "steps": system.steps,
        "compressed": compressed,
        "precision": precision,
    }


def digest(values: dict[str, Any]) -> str:
    """SHA-256 of plain values."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def load_report(path: Path) -> dict[str, Any] | None:
    """The report at a path, or None where there is no whole one."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return None


def store_report(path: Path, report: dict[str, Any]) -> None:
    """Write a report; a folder that cannot be written to is no error, as for features."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(report).encode())
    except OSError:
        return


def _sources() -> str:
    """A digest of every module of the package."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:  # PackageNotFoundError; conda calls OpenCV otherwise
        return "unknown"
