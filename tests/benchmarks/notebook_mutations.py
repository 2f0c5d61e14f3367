"""Which spoilt outputs validation refuses, and which honest differences it accepts.

    python tests/benchmarks/notebook_mutations.py [NOTEBOOK ...]

Goes over all notebooks by default (half an hour on one core). For each fault: how many cells could
be spoilt, in how many the verdict was wrong, and their names. For figures also the similarity that
comes nearest to the bound: the highest of a fault, the lowest of an honest difference.
"""

import base64
import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

from delf_lesson.classroom.validation import figure_similarity

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "notebooks"))

from spoiling import FAULTS, HONEST, figures, not_told  # noqa: E402


def main(paths: list[Path]) -> None:
    cells = {
        f"{path.stem}, cell {place}": cell
        for path in paths
        for place, cell in enumerate(nbformat.read(path, as_version=4).cells)
        if cell.cell_type == "code" and cell.outputs
    }
    for title, changes, refused in (("fault", FAULTS, True), ("honest", HONEST, False)):
        print(f"| {title} | cells | wrong verdicts | similarity |\n|---|---|---|---|", flush=True)
        for name, change in changes.items():
            tried, wrong = not_told(cells, change, refused)
            close = (max if refused else min)(similarities(cells, change), default=None)
            shown = "" if close is None else f"{close:.5f}"
            print(
                f"| {name} | {tried} | {len(wrong)} {'; '.join(wrong[:6])} | {shown} |", flush=True
            )


def similarities(cells: Mapping[str, Any], change: Callable[[list[Any]], bool]) -> Iterator[float]:
    """The similarity of each figure that the change spoils to the stored one."""
    for cell in cells.values():
        outputs = copy.deepcopy(cell.outputs)
        if not change(outputs):
            continue
        for (new, kind), (stored, _) in zip(figures(outputs), figures(cell.outputs), strict=False):
            if new[kind] != stored.get(kind):
                try:
                    yield figure_similarity(*(base64.b64decode(one[kind]) for one in (stored, new)))
                except ValueError:
                    yield 0.0


if __name__ == "__main__":
    main(
        [Path(name) for name in sys.argv[1:]]
        or sorted((TESTS.parent / "notebooks").glob("*.ipynb"))
    )
