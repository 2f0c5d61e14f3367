"""Every script in tests/benchmarks imports, and its docstring names the command."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
SCRIPTS = sorted(FOLDER.glob("*.py"))


@pytest.fixture(params=SCRIPTS, ids=lambda path: path.stem)
def script(request):
    return request.param


def test_there_are_scripts():
    assert len(SCRIPTS) > 15


def test_a_script_imports(script, monkeypatch):
    """A script may lengthen the search path; later tests must not see that."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    name = f"benchmark_{script.stem}"
    specification = importlib.util.spec_from_file_location(name, script)
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, name, module)
    specification.loader.exec_module(module)
    assert callable(module.main)


def test_its_docstring_names_the_command_and_only_options_that_exist(script):
    source = script.read_text(encoding="utf-8")
    docstring = source.split('"""')[1]
    assert f"python tests/benchmarks/{script.name}" in docstring
    options = set(re.findall(r"--[a-z0-9-]+", docstring))
    assert options <= set(re.findall(r'"(--[a-z0-9-]+)"', source))
