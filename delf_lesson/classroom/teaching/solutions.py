"""Finding students' solutions in notebooks, whatever has become of them."""

import ast
import builtins
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delf_lesson.classroom.exercises import EXERCISES

_DEFINED = re.compile(r"^[ \t]*def[ \t]+my_(\w+)[ \t]*\(", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A code cell: its source, and nbgrader's name for it, if it has kept one."""

    source: str
    grade_id: str = ""


@dataclass(frozen=True)
class Solutions:
    """The cells of one notebook that count: source by exercise; problems: what a teacher reads."""

    sources: Mapping[str, str]
    problems: tuple[str, ...] = ()


def code_cells(content: bytes) -> list[Cell]:
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


def _cells(notebook: Mapping[str, Any]) -> Iterator[Cell]:
    sheets = notebook.get("worksheets") or [notebook]  # before version 4
    for cell in (cell for sheet in sheets for cell in sheet["cells"]):
        if cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        name = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", "")
        yield Cell("".join(source), str(name))


def solutions_in(cells: Sequence[Cell]) -> Solutions:
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


def missing_imports(source: str, cells: Sequence[Cell]) -> list[str]:
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
