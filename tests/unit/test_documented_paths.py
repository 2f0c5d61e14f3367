"""Links, paths and modules that the documentation names exist."""

import re
from pathlib import Path

import pytest

from delf_lesson.files import project_root

ROOT = project_root()
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "data/**/*.md")
    for path in ROOT.glob(pattern)
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
ELSEWHERE = ("http://", "https://", "#")
"""How links begin that lead to no file."""
MADE_LATER = ("data/landmarks/.rendered",)
"""Paths of files that a command makes."""


@pytest.fixture(params=PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def page(request) -> Path:
    return request.param


def in_backquotes(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def test_there_are_pages():
    assert {"README.md", "CONTRIBUTING.md", "scale.md", "teaching.md"} <= {p.name for p in PAGES}


def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    files = [link.split("#")[0] for link in links if not link.startswith(ELSEWHERE)]
    assert [file for file in files if not (page.parent / file).exists()] == []


def test_paths_in_the_project_exist(page):
    """A path may have a pattern, as tests/exercises/answers_*.py."""
    words = " ".join(in_backquotes(page.read_text(encoding="utf-8")))
    paths = re.findall(r"(?<![\w/])(?:delf_lesson|tests|data|docs|notebooks)/[\w./*-]*", words)
    wrong = [path for path in paths if not any(ROOT.glob(path.rstrip("./")))]
    assert [path for path in wrong if path not in MADE_LATER] == []


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_modules_exist(page):
    names = re.findall(r"\bdelf_lesson(?:\.\w+)+", page.read_text(encoding="utf-8"))
    assert [name for name in names if not is_module(name)] == []


def test_the_table_of_what_is_computed_names_modules():
    """In its second column a module's folder is that of the module before it, if it has none."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## What is computed live")[1].split("\n## ")[0]
    rows = [line.split("|")[2] for line in section.splitlines() if line.startswith("| ")][2:]
    names = []
    for row in rows:
        folder = "?"
        for name in in_backquotes(row):
            folder = name.rpartition(".")[0] or folder
            names.append(f"{folder}.{name.rpartition('.')[2]}")
    assert len(names) > 20
    assert [name for name in names if not is_module(name)] == []
