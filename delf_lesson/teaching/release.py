"""The zip file for students: the lesson without keys and solutions, scanned before it is named."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.classroom.quiz.question_bank import (
    EXAM,
    EXAM_WITHOUT_KEY,
    Question,
    bank_folder,
    questions_without_key,
    read_questions,
)
from delf_lesson.files import project_root, replacing
from delf_lesson.teaching.solution_cells import code_cells, is_stub

PARTS = (
    "README.md",
    "LICENSE",
    "Makefile",
    "environment.yml",
    "pyproject.toml",
    "constraints.txt",
    "delf_lesson",
    "notebooks",
    "docs",
    "data/features",
    "data/landmarks",
    "data/quiz",
    "data/results",
    "data/weights",
)
"""What students need. The tests are left out, since they hold right and wrong solutions."""
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".rendered", ".DS_Store"}
TOP = "delf-lesson"
_SOLUTION_MARKS = (b"BEGIN SOLUTION", b"BEGIN HIDDEN TESTS")


def release(out: Path, form: str | None = None) -> list[str]:
    """Write the students' zip file, whole or not at all. Returns the names of the files in it.

    form: the content of `form.toml`, to hand in by a Google Form. Raises ValueError if the scan
    finds a key or a solution: then nothing is written.
    """
    root = project_root()
    exam = read_questions(bank_folder() / EXAM)
    with replacing(out) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in _names(root):
                if name == f"data/quiz/{EXAM}":
                    continue
                content = (root / name).read_bytes()
                compressed = name.endswith((".jpg", ".png", ".safetensors", ".npz"))
                method = zipfile.ZIP_STORED if compressed else zipfile.ZIP_DEFLATED
                packed.writestr(f"{TOP}/{name}", content, method)
            packed.writestr(f"{TOP}/data/quiz/{EXAM_WITHOUT_KEY}", questions_without_key(exam))
            if form is not None:
                packed.writestr(f"{TOP}/data/quiz/form.toml", form)
        problems = scan(temporary, exam)
        if problems:
            raise ValueError("students must not have this: " + "; ".join(problems))
        with zipfile.ZipFile(temporary) as packed:
            return packed.namelist()


def _names(root: Path) -> Iterator[str]:
    """All files of the parts, as names with slashes, in one order."""
    for part in PARTS:
        path = root / part
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            name = file.relative_to(root)
            if file.is_file() and not LEFT_OUT & set(name.parts) and file.suffix != ".part":
                yield name.as_posix()


def scan(path: Path, exam: list[Question]) -> list[str]:
    """What a zip file holds that students must not have, as sentences; none if it is clean.

    The scan reads every file. It looks for the exam's key, by its file and by each of its
    sentences, for nbgrader's marks of solutions and hidden tests, for solved exercises, and for
    the tests.
    """
    secret = {text.encode(): question.id for question in exam for text in _sentences(question)}
    public = {
        text.encode()
        for question in exam
        for text in (question.text, *(option.text for option in question.options))
    }
    problems = []
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            parts = PurePosixPath(name).parts[1:]
            if parts[-1] == EXAM or parts[0] == "tests":
                problems.append(f"{name} is inside")
            content = packed.read(name)
            plain = _readable(name, content)
            for sentence, question in secret.items():
                if sentence in plain and sentence not in public:
                    problems.append(f"{name} holds what is said to answers of {question}")
                    break
            if name.endswith(".ipynb"):
                problems += [f"{name} {problem}" for problem in _solutions(content)]
            elif parts[0] != "delf_lesson" and any(mark in content for mark in _SOLUTION_MARKS):
                problems.append(f"{name} has the mark of a solution")
    return problems


def _sentences(question: Question) -> list[str]:
    """The sentences of the key that are too long to occur elsewhere by chance."""
    if question.key is None:
        return []
    sentences = [*(question.key.feedback or {}).values(), *(text for _, text in question.key.near)]
    return [sentence for sentence in sentences if len(sentence) >= 20]


def _readable(name: str, content: bytes) -> bytes:
    """The content; of JSON its strings without escapes, so that sentences are found as written."""
    if not name.endswith((".ipynb", ".json")):
        return content
    strings: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, str):
            strings.append(value)
        elif isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                collect(item)

    collect(json.loads(content))
    return "".join(strings).encode()


def _solutions(content: bytes) -> Iterator[str]:
    if any(mark in content for mark in _SOLUTION_MARKS):
        yield "has the mark of a solution"
    for cell in code_cells(content):
        for name in EXERCISES:
            if f"def my_{name}(" in cell.source and not is_stub(cell.source, name):
                yield f"holds a solution of {name}"
