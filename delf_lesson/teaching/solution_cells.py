"""Solutions in the cells of a notebook: find them, and tell them from the empty stubs."""

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
class SolutionCell:
    """A code cell: its source, and its name from nbgrader, if it still has one."""

    source: str
    grade_id: str = ""


@dataclass(frozen=True)
class Solutions:
    """The solutions of one notebook: sources by exercise; problems: sentences for the teacher."""

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
    """The encoding of JSON: UTF-8, or UTF-16 where a byte order mark says so."""
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
    """The cell that counts for each exercise: the last cell that is not the empty stub.

    A cell belongs to an exercise if it defines the exercise's function, wherever it stands, or has
    the exercise's name from nbgrader. Imports of other cells that it uses are put before it.
    """
    sources: dict[str, str] = {}
    problems: list[str] = []
    for name in EXERCISES:
        candidates = [cell for cell in cells if name in _DEFINED.findall(cell.source)]
        candidates = candidates or [cell for cell in cells if cell.grade_id == name]
        solved = [cell for cell in candidates if not is_stub(cell.source, name)]
        if len({cell.source for cell in solved}) > 1:
            problems.append(f"{name}: {len(solved)} cells define it; the last one counts")
        if solved:
            source = solved[-1].source
            sources[name] = "\n".join([*missing_imports(source, cells), source])
    return Solutions(sources, tuple(problems))


def parsed(source: str) -> ast.Module | None:
    """A cell's syntax, without IPython's commands; None if it has errors."""
    try:
        return ast.parse(_MAGIC.sub("", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_stub(source: str, name: str) -> bool:
    """Whether the exercise's function is still the stub: it only raises."""
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
    has_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    statements = body[1:] if has_docstring else body
    return len(statements) == 1 and ast.unparse(statements[0]).startswith(
        "raise NotImplementedError"
    )


def missing_imports(source: str, cells: Sequence[SolutionCell]) -> list[str]:
    """Imports of other cells that define the names which a cell uses and does not define."""
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
    undefined = used - bound - set(dir(builtins))
    imports: dict[str, str] = {}
    for cell in cells:
        for node in getattr(parsed(cell.source), "body", []):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    name = (alias.asname or alias.name).split(".")[0]
                    if name in undefined:
                        imports[name] = ast.unparse(node)
    return sorted(set(imports.values()))
