"""JupyterLab opens on the first notebook and writes nothing outside the project."""

import json
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner

from delf_lesson.cli import lab_command
from delf_lesson.cli.main import command
from delf_lesson.files import project_root


def test_all_state_lies_in_the_given_folder(tmp_path):
    environment = lab_command.environment(tmp_path / "state")
    folders = [value for name, value in environment.items() if name.startswith("JUPYTER")]
    folders = [Path(value) for value in [*folders, environment["IPYTHONDIR"]] if value != "1"]
    assert len(folders) >= 5
    assert all((tmp_path / "state").resolve() in folder.parents for folder in folders)


def test_command_opens_the_notebook_and_later_options_win():
    words = lab_command.command(
        Path("root"), "notebooks/a.ipynb", browser=False, port=9, extra=["--x=1"]
    )
    assert "--ServerApp.root_dir=root" in words
    assert "--LabApp.default_url=/lab/tree/notebooks/a.ipynb" in words
    assert "--no-browser" in words and "--port=9" in words
    assert words[-1] == "--x=1"


def test_root_is_allowed_only_to_root(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0, raising=False)
    assert "--allow-root" in lab_command.command(Path(), "a")
    monkeypatch.setattr("os.geteuid", lambda: 1000, raising=False)
    assert "--allow-root" not in lab_command.command(Path(), "a")


def test_a_missing_notebook_says_what_to_do():
    with pytest.raises(FileNotFoundError, match="make lab"):
        lab_command.launch("no_such_notebook.ipynb")


def test_the_first_notebook_and_the_lecture_are_there():
    for name in (lab_command.FIRST, lab_command.LECTURE):
        assert (project_root() / "notebooks" / name).is_file()


class Server:
    """In the place of JupyterLab: it notes how it was started, and ends at once."""

    calls: ClassVar[list] = []

    def __init__(self, words, env, cwd):
        Server.calls.append(words)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def wait(self):
        return 0


def write_cell(path, source):
    cell = {"cell_type": "code", "source": source, "outputs": [1], "metadata": {}}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}}))


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A project with the notebooks that can be opened, and a JupyterLab that does nothing."""
    (tmp_path / "notebooks").mkdir()
    for name in (lab_command.FIRST, lab_command.LECTURE):
        write_cell(tmp_path / "notebooks" / name, "1")
    monkeypatch.setattr(lab_command, "project_root", lambda: tmp_path)
    monkeypatch.setattr(lab_command.subprocess, "Popen", Server)
    monkeypatch.setattr(Server, "calls", [])
    return tmp_path


def lab(*options):
    """The exit status, what is said, and the address that JupyterLab opens."""
    done = CliRunner().invoke(command, ["lab", *options])
    words = Server.calls.pop() if Server.calls else []
    (address,) = [word for word in words if "default_url" in word] or [""]
    return done.exit_code, done.output, address.partition("=")[2]


def test_it_opens_the_copy_of_the_first_notebook(lesson):
    assert lab() == (0, "", "/lab/tree/work/00_start_here.ipynb")
    assert {path.name for path in (lesson / "work").iterdir()} == {
        lab_command.FIRST,
        lab_command.LECTURE,
    }


@pytest.mark.parametrize(
    ("option", "name"), [("--stored", "00_start_here"), ("--lecture", "00_lecture")]
)
def test_originals_are_opened_without_making_copies_and_in_a_workspace_apart(lesson, option, name):
    assert lab(option) == (0, "", f"/lab/workspaces/stored/tree/notebooks/{name}.ipynb")
    assert not (lesson / "work").exists()


def test_further_options_go_to_jupyterlab(lesson):
    done = CliRunner().invoke(command, ["lab", "--no-browser", "--port", "9", "--X.y=1"])
    assert done.exit_code == 0
    (words,) = Server.calls
    assert {"--no-browser", "--port=9"} <= set(words) and words[-1] == "--X.y=1"


def test_an_edited_copy_with_a_newer_version_is_named_in_one_sentence(lesson):
    lab()
    copy = lesson / "work" / lab_command.LECTURE
    copy.write_text(copy.read_text().replace('"1"', '"mine"'))
    assert lab()[1] == ""
    write_cell(lesson / "notebooks" / lab_command.LECTURE, "2")
    status, said, _ = lab()
    assert status == 0
    assert said == (
        "You have edited work/00_lecture.ipynb, and the lesson now has a newer version: "
        "to get it, rename or move your file and start again.\n"
    )


def test_a_damaged_copy_is_named(lesson):
    lab()
    (lesson / "work" / lab_command.FIRST).write_text("")
    status, said, address = lab()
    assert status == 0 and address
    assert said.startswith("work/00_start_here.ipynb is damaged") and said.count("\n") == 1


def test_copies_that_cannot_be_written_are_an_error_with_a_remedy(lesson):
    (lesson / "work").touch()  # refuses also a user who may write everywhere
    status, said, address = lab()
    assert (status, address) == (1, "")
    assert said.startswith(f"Error: your copies of the notebooks cannot be written to {lesson}")
    assert "lab --stored" in said and said.count("\n") == 1
    assert lab("--stored")[0] == 0


def test_settings_that_cannot_be_written_are_an_error_with_a_remedy(lesson):
    (lesson / ".jupyter").touch()
    status, said, _ = lab("--stored")
    assert status == 1 and "Copy the project to a folder" in said
