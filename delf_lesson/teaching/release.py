"""The zip file for students: the lesson without keys and solutions, checked before it is named."""

import ast
import builtins
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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

_DEFINED = re.compile(r"^[ \t]*def[ \t]+my_(\w+)[ \t]*\(", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)


@dataclass(frozen=True)
class SolutionCell:
    """A code cell: its source, and nbgrader's name for it, if it has kept one."""

    source: str
    grade_id: str = ""


@dataclass(frozen=True)
class Solutions:
    """The cells of one notebook that count: source by exercise; problems: what a teacher reads."""

    sources: Mapping[str, str]
    problems: tuple[str, ...] = ()


def code_cells(content: bytes) -> list[SolutionCell]:
    """The code cells of a notebook's bytes, of any version of the format.

    Raises ValueError saying why it cannot be read.
    """
    if not content.strip():
        raise ValueError("it is empty")
    try:
        notebook = json.loads(content.decode(_encoding(content)))
    except UnicodeDecodeError as error:
        raise ValueError("it is not text in UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not whole JSON ({error})") from error
    if not isinstance(notebook, dict) or not {"cells", "worksheets"} & set(notebook):
        raise ValueError("it is no notebook")
    try:
        return list(_cells(notebook))
    except (AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"its cells are damaged ({error})") from error


def _encoding(content: bytes) -> str:
    """Of JSON: UTF-8, or UTF-16 where a byte order mark says so."""
    return "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _cells(notebook: Mapping[str, Any]) -> Iterator[SolutionCell]:
    sheets = notebook.get("worksheets") or [notebook]  # before version 4
    for cell in (cell for sheet in sheets for cell in sheet["cells"]):
        if cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        name = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", "")
        yield SolutionCell("".join(source), str(name))


def solutions_in(cells: Sequence[SolutionCell]) -> Solutions:
    """Of each exercise the cell that counts: the last one that is not the empty stub.

    A cell belongs to an exercise if it defines the exercise's function, wherever it stands, or has
    its name from nbgrader. Imports that it uses and another cell makes are put before it.
    """
    sources: dict[str, str] = {}
    problems: list[str] = []
    for name in EXERCISES:
        own = [cell for cell in cells if name in _DEFINED.findall(cell.source)]
        own = own or [cell for cell in cells if cell.grade_id == name]
        written = [cell for cell in own if not is_stub(cell.source, name)]
        if len({cell.source for cell in written}) > 1:
            problems.append(f"{name}: {len(written)} cells define it; the last one counts")
        if written:
            source = written[-1].source
            sources[name] = "\n".join([*missing_imports(source, cells), source])
    return Solutions(sources, tuple(problems))


def parsed(source: str) -> ast.Module | None:
    """A cell's syntax, without IPython's commands; None if it has errors."""
    try:
        return ast.parse(_MAGIC.sub("", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_stub(source: str, name: str) -> bool:
    """Whether the exercise's function is still as it was given: it only raises."""
    tree = parsed(source)
    if tree is None:
        return not source.strip()
    functions = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == f"my_{name}"
    ]
    if not functions:
        return not tree.body
    body = functions[-1].body
    said = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    rest = body[1:] if said else body
    return len(rest) == 1 and ast.unparse(rest[0]).startswith("raise NotImplementedError")


def missing_imports(source: str, cells: Sequence[SolutionCell]) -> list[str]:
    """The imports of other cells that make a name which a cell uses and does not define."""
    tree = parsed(source)
    if tree is None:
        return []
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used = {node.id for node in names}
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    bound |= {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    wanted = used - bound - set(dir(builtins))
    found: dict[str, str] = {}
    for cell in cells:
        for node in getattr(parsed(cell.source), "body", []):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    made = (alias.asname or alias.name).split(".")[0]
                    if made in wanted:
                        found[made] = ast.unparse(node)
    return sorted(set(found.values()))


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
    "data/landmarks",
    "data/quiz",
    "data/results",
    "data/weights",
)
"""What students need; the tests, among them solutions right and wrong, are left out."""
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".rendered", ".DS_Store"}
TOP = "delf-lesson"
_SOLUTION_MARKS = (b"BEGIN SOLUTION", b"BEGIN HIDDEN TESTS")


def release(out: Path, form: str | None = None) -> list[str]:
    """Write the students' zip file, whole or not at all; the names of the files in it.

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
                stored = name.endswith((".jpg", ".png", ".safetensors", ".npz"))
                how = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                packed.writestr(f"{TOP}/{name}", content, how)
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
    """What a zip file holds that students must not have: sentences, none if it is clean.

    Every file is read. Sought are the exam's key by its file and by each of its sentences, marks
    of nbgrader's solutions and hidden tests, exercises that are not empty, and the tests.
    """
    secret = {said.encode(): question.id for question in exam for said in _sentences(question)}
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
            for said, question in secret.items():
                if said in plain and said not in public:
                    problems.append(f"{name} holds what is said to answers of {question}")
                    break
            if name.endswith(".ipynb"):
                problems += [f"{name} {what}" for what in _solved(content)]
            elif parts[0] != "delf_lesson" and any(mark in content for mark in _SOLUTION_MARKS):
                problems.append(f"{name} has the mark of a solution")
    return problems


def _sentences(question: Question) -> list[str]:
    """All that the key says, if it is long enough to be found by chance nowhere."""
    if question.key is None:
        return []
    said = [*(question.key.feedback or {}).values(), *(text for _, text in question.key.near)]
    return [one for one in said if len(one) >= 20]


def _readable(name: str, content: bytes) -> bytes:
    """The content, of JSON without escapes, so that a sentence is found as it is written."""
    if not name.endswith((".ipynb", ".json")):
        return content
    strings: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, str):
            strings.append(value)
        elif isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                collect(one)

    collect(json.loads(content))
    return "".join(strings).encode()


def _solved(content: bytes) -> Iterator[str]:
    if any(mark in content for mark in _SOLUTION_MARKS):
        yield "has the mark of a solution"
    for cell in code_cells(content):
        for name in EXERCISES:
            if f"def my_{name}(" in cell.source and not is_stub(cell.source, name):
                yield f"holds a solution of {name}"
