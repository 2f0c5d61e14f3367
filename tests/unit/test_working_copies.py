"""Students work on copies: without outputs, with links that work, never replaced once edited."""

import json
import os
import re
import shutil
import subprocess
from urllib.parse import unquote

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from delf_lesson.classroom.working_copies import is_edited, update_copies
from delf_lesson.files import project_root

LESSON = project_root() / "notebooks"


def write_lesson(folder, code="1 + 1", output="2", text="Some text."):
    """A lesson with one notebook and a figure. Its cells have the same ids each time."""
    (folder / "notebooks" / "figures").mkdir(parents=True, exist_ok=True)
    (folder / "notebooks" / "figures" / "a.svg").write_text("<svg/>")
    outputs = [new_output("execute_result", {"text/plain": output}, execution_count=7)]
    cells = [
        new_markdown_cell(text, id="a"),
        new_code_cell(code, id="b", outputs=outputs, execution_count=7),
    ]
    notebook = new_notebook(cells=cells, metadata={"widgets": {"state": output}})
    nbformat.write(notebook, folder / "notebooks" / "one.ipynb")


@pytest.fixture
def root(tmp_path):
    write_lesson(tmp_path)
    return tmp_path


def update(root):
    """What happened to the copies, by name."""
    outcomes = update_copies(root / "notebooks", root / "work")
    return {path.name: outcome for path, outcome in outcomes.items()}


def change(path, source=None, output=None):
    """What a student does: write into the last cell, or run it."""
    notebook = nbformat.read(path, as_version=4)
    cell = notebook.cells[-1]
    if source is not None:
        cell.source = source
    if output is not None:
        cell.outputs, cell.execution_count = [new_output("stream", text=output)], 1
    nbformat.write(notebook, path)


@pytest.fixture
def copy(root):
    """The copy of the lesson's one notebook."""
    assert update(root) == {"one.ipynb": "made"}
    return root / "work" / "one.ipynb"


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """The copies of the real notebooks."""
    folder = tmp_path_factory.mktemp("project") / "work"
    assert set(update_copies(LESSON, folder).values()) == {"made"}
    return folder


def test_copies_have_the_originals_cells_and_none_of_their_outputs(copies):
    names = {path.name for path in LESSON.glob("*.ipynb")}
    assert {path.name for path in copies.iterdir()} == names
    for path in copies.iterdir():
        copy, original = (nbformat.read(one, as_version=4) for one in (path, LESSON / path.name))
        nbformat.validate(copy)
        for cell, before in zip(copy.cells, original.cells, strict=True):
            assert (cell.cell_type, cell.id) == (before.cell_type, before.id)
            assert cell.metadata == before.metadata
            if cell.cell_type == "code":
                assert cell.source == before.source
                assert cell.outputs == [] and cell.execution_count is None


def links(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.findall(r"\]\(<?([^)>\s]+)", text)
    found += re.findall(r"""(?:src|href)=["']([^"']+)""", text)
    found += re.findall(r"^\[[^\]\n]+\]: *(\S+)", text, re.M)
    paths = [unquote(re.split("[#?]", link)[0]) for link in found if not re.match(r"\w+:", link)]
    return [path for path in paths if path]


def test_every_relative_link_of_a_copy_leads_to_a_file(copies):
    work, count = project_root() / "work", 0
    for path in copies.iterdir():
        for link in links(nbformat.read(path, as_version=4)):
            # By its text: `..` after a folder that isn't there leads nowhere on a disk.
            target = project_root() / os.path.normpath(work.relative_to(project_root()) / link)
            target = copies / target.name if target.parent == work else target
            assert target.exists(), (path.name, link)
            count += 1
    assert count > 20


def test_links_to_figures_lead_to_the_originals_folder_and_others_stay(root):
    text = (
        "![a](figures/a.svg) ![b](./figures/a.svg) <img src='figures/a.svg'> [c](one.ipynb#top) "
        '[d](../work/x) [e](https://x.org/figures/a.svg) [f](#top) <a href="figures/a.svg">g</a>\n'
        "$A[i](x)$ and `[h](no/such.svg)`\n\n[i]: figures/a.svg"
    )
    write_lesson(root, text=text)
    update(root)
    copied = nbformat.read(root / "work" / "one.ipynb", as_version=4).cells[0].source
    assert copied == (
        "![a](../notebooks/figures/a.svg) ![b](../notebooks/./figures/a.svg) "
        "<img src='../notebooks/figures/a.svg'> [c](one.ipynb#top) "
        "[d](../work/x) [e](https://x.org/figures/a.svg) [f](#top) "
        '<a href="../notebooks/figures/a.svg">g</a>\n'
        "$A[i](x)$ and `[h](no/such.svg)`\n\n[i]: ../notebooks/figures/a.svg"
    )


def test_widgets_that_the_original_stored_are_gone(copy):
    assert "widgets" not in nbformat.read(copy, as_version=4).metadata


def test_a_copy_of_an_unchanged_original_stays_byte_for_byte(root, copy):
    for changes in ({}, {"output": "2"}, {"source": "edited"}):
        change(copy, **changes)
        before = copy.read_bytes()
        assert update(root) == {"one.ipynb": "kept"}
        assert copy.read_bytes() == before


def test_other_stored_outputs_are_no_newer_version(root, copy):
    change(copy, source="edited", output="3")
    write_lesson(root, output="two")
    assert update(root) == {"one.ipynb": "kept"}


def test_an_unedited_copy_is_replaced_by_a_newer_version(root, copy):
    change(copy, output="2")  # running is no edit
    assert not is_edited(copy)
    write_lesson(root, code="2 + 2")
    assert update(root) == {"one.ipynb": "updated"}
    cell = nbformat.read(copy, as_version=4).cells[-1]
    assert cell.source == "2 + 2" and not cell.outputs
    assert update(root) == {"one.ipynb": "kept"}


@pytest.mark.parametrize("what", ["source", "another cell", "another type"])
def test_an_edited_copy_is_kept_and_named(root, copy, what):
    notebook = nbformat.read(copy, as_version=4)
    if what == "source":
        notebook.cells[-1].source = "my solution"
    elif what == "another cell":
        notebook.cells.append(new_code_cell(""))
    else:
        notebook.cells[-1] = new_markdown_cell(notebook.cells[-1].source)
    nbformat.write(notebook, copy)
    assert is_edited(copy)
    before = copy.read_bytes()
    write_lesson(root, code="2 + 2")
    for _ in range(2):
        assert update(root) == {"one.ipynb": "outdated"}
    assert copy.read_bytes() == before
    copy.rename(root / "work" / "mine.ipynb")
    assert update(root) == {"one.ipynb": "made"}
    assert (root / "work" / "mine.ipynb").read_bytes() == before


def test_an_edit_that_is_taken_back_is_no_edit(root, copy):
    change(copy, source="my solution")
    change(copy, source="1 + 1")
    write_lesson(root, code="2 + 2")
    assert update(root) == {"one.ipynb": "updated"}


def test_a_deleted_copy_is_made_again(root, copy):
    first = copy.read_bytes()
    copy.unlink()
    assert update(root) == {"one.ipynb": "made"}
    assert copy.read_bytes() == first


WITHOUT_DIGEST = json.dumps({"cells": [{"cell_type": "code", "source": "x"}], "metadata": {}})


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\xff", b"[]", b'{"cells": [1]}', b"null", WITHOUT_DIGEST.encode()],
)
def test_a_damaged_copy_is_kept_and_named(root, copy, content):
    copy.write_bytes(content)
    for code in ("1 + 1", "2 + 2"):
        write_lesson(root, code=code)
        assert update(root) == {"one.ipynb": "unknown"}
        assert copy.read_bytes() == content and is_edited(copy)


@pytest.mark.parametrize("record", [None, [], {"cells": None}, "x"])
def test_a_damaged_digest_counts_as_an_edit(root, copy, record):
    notebook = json.loads(copy.read_bytes())
    notebook["metadata"]["delf_lesson"] = record
    copy.write_text(json.dumps(notebook))
    before = copy.read_bytes()
    assert update(root) == {"one.ipynb": "kept"}  # its cells are those of the lesson
    write_lesson(root, code="2 + 2")
    assert update(root)["one.ipynb"] in ("unknown", "outdated")
    assert copy.read_bytes() == before


def test_a_folder_of_the_copys_name_is_named(root):
    (root / "work" / "one.ipynb").mkdir(parents=True)
    assert update(root) == {"one.ipynb": "unknown"}


@pytest.mark.parametrize("error", [OSError("the disk is full"), KeyboardInterrupt()])
def test_an_interrupted_update_leaves_the_old_copy(root, copy, monkeypatch, error):
    before = copy.read_bytes()
    write_lesson(root, code="2 + 2")

    def fail(*_):
        raise error

    with monkeypatch.context() as patch, pytest.raises(type(error)):
        patch.setattr("delf_lesson.files.os.replace", fail)
        update(root)
    assert copy.read_bytes() == before
    assert list(copy.parent.iterdir()) == [copy]
    assert update(root) == {"one.ipynb": "updated"}


def test_the_originals_stay_as_they_are(root):
    before = (root / "notebooks" / "one.ipynb").read_bytes()
    update(root)
    assert (root / "notebooks" / "one.ipynb").read_bytes() == before


def test_a_damaged_original_is_named(root, copy):
    (root / "notebooks" / "one.ipynb").write_text("<<<<<<<")
    with pytest.raises(ValueError, match=r"one\.ipynb cannot be read.*restore the file"):
        update(root)
    assert copy.exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_clean_keeps_what_students_wrote(tmp_path):
    shutil.copy(project_root() / "Makefile", tmp_path)
    kept = [tmp_path / "work" / name for name in ("a.ipynb", ".ipynb_checkpoints/a.ipynb")]
    gone = tmp_path / "notebooks" / ".ipynb_checkpoints" / "a.ipynb"
    for path in (*kept, gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert all(path.exists() for path in kept) and not gone.exists()


@pytest.mark.skipif(not (project_root() / ".git").exists(), reason="not a checkout")
def test_git_ignores_the_copies():
    ignored = subprocess.run(["git", "check-ignore", "-q", "work/a.ipynb"], cwd=project_root())
    assert ignored.returncode == 0
