"""What a notebook shows when it is run, compared with what is stored in it by the cells' rules."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbval.plugin import coalesce_streams

from delf_lesson.classroom.validation import ValidatedNotebook


def differences(stored: Path, run: NotebookNode, session: pytest.Session) -> Iterator[str]:
    """The number of each cell that shows something else than what is stored, and what differs.

    These are the cells that fail in `pytest --nbval`. Cells that nbval leaves out are left out.
    """
    run_cells = [cell for cell in run.cells if cell.cell_type == "code"]
    cells = ValidatedNotebook.from_parent(session, path=stored).collect()
    for cell, run_cell in zip(cells, run_cells, strict=True):
        if not cell.options["check"]:
            continue
        outputs = [coalesce_streams(shown.outputs) for shown in (run_cell, cell.cell)]
        if not cell.compare_outputs(*outputs):
            yield "\n".join([cell.name, *cell.comparison_traceback])
