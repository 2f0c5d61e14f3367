"""Strict comparison needs outputs to compare with; these tests see that they are stored."""

import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_there_are_notebooks():
    assert "00_start_here" in {path.stem for path in NOTEBOOKS}


def test_every_cell_was_run_in_order(notebook):
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_stored_error_or_stderr(notebook):
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]


def test_cells_are_short_and_outputs_small(notebook):
    for cell in code(notebook):
        assert len(cell.source.splitlines()) <= 20
        assert len(str(cell.outputs)) < 1_000_000


def test_every_picture_has_an_alternative_text(notebook):
    for cell in code(notebook):
        captions = [output.get("data", {}).get("text/markdown") for output in cell.outputs]
        for place, output in enumerate(cell.outputs):
            for mime in set(output.get("data", {})) & {"image/png", "image/jpeg"}:
                alt = output.metadata[mime]["alt"]
                assert alt and captions[place + 1] == f"*{alt}.*"


def test_explorers_are_stored_as_pictures_and_not_as_widgets(notebook):
    """A widget is nothing without its kernel; every notebook has an explorer."""
    text = str(notebook)
    assert "widget-view" not in text and "widget-state" not in text
    explorers = [cell for cell in code(notebook) if re.search(r"^explore_\w+\(", cell.source, re.M)]
    assert explorers or "RetrievalExplorer(" in text
    for cell in explorers:
        assert any("image/jpeg" in output.get("data", {}) for output in cell.outputs)


def test_no_output_names_a_folder_of_the_machine(notebook):
    for cell in code(notebook):
        for output in cell.outputs:
            text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            assert not re.search(r"(^|\s)(/[\w.-]+){2,}|[A-Z]:\\", text)


def test_goals_times_recap_and_references(notebook):
    text = prose(notebook)
    for part in ("you can", "minutes", "Recap", "Questions", "Reference", "Predict before you run"):
        assert part in text, part
    assert text.count("<details>") >= 3


def test_links_lead_somewhere(notebook):
    links = re.findall(r"\]\(([^)]+)\)", prose(notebook))
    assert links
    for link in links:
        assert (FOLDER / link).exists(), link
