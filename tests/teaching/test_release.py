"""What students get: all they need, and nothing that they should not have."""

import json
import shutil
import zipfile

import nbformat
import pytest
from click.testing import CliRunner
from making import HARRIS, with_solutions

from delf_lesson.classroom.quiz.exam import Form
from delf_lesson.classroom.quiz.question_bank import (
    exam_questions,
    practice_questions,
    read_questions,
)
from delf_lesson.cli.main import command
from delf_lesson.files import project_root
from delf_lesson.teaching.release import scan

EXAM = read_questions(project_root() / "data" / "quiz" / "exam.toml")
LINK = "https://docs.google.com/forms/d/e/X/viewform?entry.1=student&entry.2=quiz&entry.3=answers"


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    out = tmp_path_factory.mktemp("release") / "lesson.zip"
    done = CliRunner().invoke(command, ["release", "--out", str(out), "--form", LINK])
    assert done.exit_code == 0, done.output
    assert "no key and no solution" in done.output
    return out


@pytest.mark.slow
def test_students_have_the_lesson_and_not_the_tests(lesson):
    with zipfile.ZipFile(lesson) as packed:
        names = {name.removeprefix("delf-lesson/") for name in packed.namelist()}
    notebooks = {
        f"notebooks/{path.name}" for path in (project_root() / "notebooks").glob("*.ipynb")
    }
    assert notebooks <= names
    assert {"README.md", "Makefile", "pyproject.toml", "delf_lesson/cli/main.py"} <= names
    assert "data/quiz/exam.json" in names and "data/quiz/exam.toml" not in names
    assert not [name for name in names if name.startswith(("tests/", "answers/", "work/", "."))]


@pytest.mark.slow
def test_the_exam_is_there_without_its_key(lesson, tmp_path):
    with zipfile.ZipFile(lesson) as packed:
        for name in packed.namelist():
            if "/data/quiz/" in name:
                packed.extract(name, tmp_path)
    folder = tmp_path / "delf-lesson" / "data" / "quiz"
    asked = exam_questions(folder)
    assert [question.id for question in asked] == [question.id for question in EXAM]
    assert all(question.key is None for question in asked)
    assert practice_questions(folder) == practice_questions()
    assert Form.configured(folder / "form.toml").address.endswith("/X/formResponse")


def spoilt(lesson, tmp_path, name, content):
    """The zip file with one more file, and what the scan says."""
    path = shutil.copy(lesson, tmp_path / "spoilt.zip")
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr(f"delf-lesson/{name}", content)
    return scan(path, EXAM)


@pytest.mark.slow
def test_the_scan_finds_what_is_smuggled_in(lesson, tmp_path):
    assert scan(lesson, EXAM) == []
    said = next(iter(EXAM[0].key.feedback.values()))
    near = next(one for one in EXAM if one.key.near and len(one.key.near[0][1]) > 20).key.near[0][1]
    solved = nbformat.writes(with_solutions({"harris_response": HARRIS})["01_keypoints"])
    for name, content, words in (
        ("data/quiz/exam.toml", "x", "is inside"),
        ("tests/exercises/answers.py", "x", "is inside"),
        ("docs/notes.txt", f"Psst: {said}", "is said to answers of"),
        ("docs/notes.json", json.dumps({"a": [near]}), "is said to answers of"),
        ("notebooks/09.ipynb", solved, "holds a solution of harris_response"),
        ("notebooks/09.ipynb", json.dumps({"cells": [], "x": "### BEGIN SOLUTION"}), "mark of a"),
    ):
        assert words in " ".join(spoilt(lesson, tmp_path, name, content)), name


def test_nothing_is_written_if_a_key_would_be_inside(tmp_path, monkeypatch):
    monkeypatch.setattr("delf_lesson.teaching.release.scan", lambda *_: ["the key"])
    monkeypatch.setattr("delf_lesson.teaching.release.PARTS", ("README.md",))
    out = tmp_path / "lesson.zip"
    done = CliRunner().invoke(command, ["release", "--out", str(out)])
    assert done.exit_code == 1
    assert "students must not have this: the key" in done.output
    assert not list(tmp_path.iterdir())


def test_a_link_that_is_not_filled_in_is_refused(tmp_path):
    words = ["release", "--out", str(tmp_path / "l.zip"), "--form", LINK.replace("quiz", "q")]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 1
    assert "no field filled with quiz" in done.output
