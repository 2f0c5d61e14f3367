"""Strict comparison needs outputs to compare with; these tests see that they are stored."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from stored_outputs import differences

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LABS = [path for path in NOTEBOOKS if path.stem != "00_lecture"]  # which has tests of its own


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


@pytest.fixture(params=LABS, ids=lambda path: path.stem)
def lab(request):
    return nbformat.read(request.param, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_there_are_notebooks():
    assert {"00_lecture", "00_start_here"} <= {path.stem for path in NOTEBOOKS}


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
                caption = captions[place + 1].removeprefix("*").removesuffix(".*")
                # The caption of a long text is its first sentence.
                assert caption == alt or alt.startswith(f"{caption}. ")


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


def test_hardly_a_cell_is_left_out_of_the_comparison(notebook):
    """nbval compares a cell unless a tag or a comment tells it not to."""
    left_out = [
        cell
        for cell in code(notebook)
        if "NBVAL" in cell.source
        or any(
            tag.startswith("nbval") or tag == "raises-exception"
            for tag in cell.metadata.get("tags", [])
        )
    ]
    assert len(left_out) <= 0.1 * len(code(notebook))


def test_cells_import_only_what_every_user_has(notebook):
    """The extras for tests hold more libraries than `make lab` installs."""
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())["project"]
    wanted = {re.match(r"[\w.-]+", one)[0].lower() for one in project["dependencies"]}
    modules = {
        module
        for module, distributions in packages_distributions().items()
        if wanted & {name.lower() for name in distributions}
    }
    for cell in code(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            names = [alias.name for alias in getattr(node, "names", [])]
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            elif not isinstance(node, ast.Import):
                continue
            tops = {name.partition(".")[0] for name in names}
            assert tops <= {*modules, *sys.stdlib_module_names, "delf_lesson"}, cell.source


def test_every_notebook_ends_with_a_quiz(notebook):
    asked = [cell for cell in code(notebook) if re.search(r"^(quiz|practice)\(", cell.source, re.M)]
    assert len(asked) == 1
    (output,) = asked[0].outputs
    assert output.data["text/markdown"].startswith("**1.** ")


def test_exercises_are_empty_and_their_checks_say_so(notebook):
    solutions = [cell for cell in code(notebook) if re.match(r"def my_\w+\(", cell.source)]
    checks = [cell for cell in code(notebook) if re.search(r"^check\(", cell.source, re.M)]
    name = notebook.cells[0].source.split()[1]
    assert len(solutions) == len(checks) >= (2 if "01" <= name <= "07" else 0)
    for cell in solutions:
        assert cell.source.endswith("raise NotImplementedError") and not cell.outputs
    for cell in checks:
        assert ": not solved yet, 0 of " in cell.outputs[0].data["text/plain"]


def test_the_minutes_are_those_of_the_readme(lab, request):
    rows = re.findall(r"^\| \d+\. .* \| (\d+) \|$", lab.cells[0].source, re.M)
    sections = re.findall(r"^## (\d+)\. ", prose(lab), re.M)
    assert len(rows) == len(sections) and sections == [str(n + 1) for n in range(len(sections))]
    name = request.node.callspec.params["lab"].name
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(rf"notebooks/{name}\) \|.*\| (\d+) \|", readme)
    assert sum(map(int, rows)) == int(told)


def test_every_prediction_is_compared_with_its_result(lab):
    """A student commits an answer first; a later cell shows it beside the result."""
    sources = [cell.source for cell in code(lab)]
    asked = [
        (place, *found)
        for place, source in enumerate(sources)
        for found in re.findall(r"^(\w+) = predict\(\s*\"(.+?)\"", source, re.M)
    ]
    if not asked:  # until each lab has its widgets
        assert "Predict before you run" in prose(lab)
        return
    number = lab.cells[0].source.split()[1]
    names = [name for *_, name in asked]
    assert len(names) == len(set(names)) and all(name.startswith(f"{number}-") for name in names)
    for place, variable, name in asked:
        assert sources[place].endswith(f"\n{variable}"), f"{name} is not shown"
        assert any(f"{variable}.compare(" in source for source in sources[place + 1 :]), name


def test_notebooks_lead_from_one_to_the_next():
    for before, after in pairwise(LABS):
        for path, other in ((before, after), (after, before)):
            cells = nbformat.read(path, as_version=4).cells
            for end in (cells[0], cells[-1]):
                assert f"({other.name})" in end.source, (path.name, other.name)


def test_goals_times_recap_and_references(lab):
    text = prose(lab)
    for part in ("you can", "minutes", "Recap", "Questions", "Reference"):
        assert part in text, part
    predictions = [cell for cell in code(lab) if "= predict(" in cell.source]
    assert predictions or "Predict before you run" in text
    assert text.count("<details>") >= 3


def test_links_lead_somewhere(notebook):
    links = re.findall(r"\]\(([^)]+)\)", prose(notebook))
    assert links
    for link in links:
        assert (FOLDER / link).exists(), link


def test_what_is_stored_does_not_differ_from_itself(notebook, request):
    path = NOTEBOOKS[request.node.callspec.indices["notebook"]]
    assert not list(differences(path, notebook, request.session))


def test_another_number_a_lost_output_and_a_new_one_are_differences(request):
    def with_last(change):
        run = nbformat.read(path, as_version=4)
        outputs = next(cell.outputs for cell in code(run)[::-1] if has_text(cell))
        change(outputs)
        return list(differences(path, run, request.session))

    def has_text(cell):
        return any("text/plain" in output.get("data", {}) for output in cell.outputs)

    def another_number(outputs):
        data = next(o.data for o in outputs if "text/plain" in o.get("data", {}))
        data["text/plain"] += "1"

    path = NOTEBOOKS[0]
    warning = nbformat.v4.new_output("stream", name="stderr", text="a warning")
    for change in (another_number, list.clear, lambda outputs: outputs.append(warning)):
        (difference,) = with_last(change)
        assert difference.startswith("Cell ")
