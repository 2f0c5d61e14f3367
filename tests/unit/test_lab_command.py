"""JupyterLab opens on the first notebook and writes nothing outside the project."""

from pathlib import Path

import pytest

from delf_lesson.cli import lab_command
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


def test_the_first_notebook_is_there():
    assert (project_root() / "notebooks" / "00_start_here.ipynb").is_file()
