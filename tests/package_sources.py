"""What the sources of the package say about its structure, read without importing the package.

`Sources` maps the path of a module inside the package, such as "classical/harris.py", to its text.
Every function takes such a mapping, so that a test can hand in a small made-up package.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

PACKAGE = "delf_lesson"
Sources = Mapping[str, str]


def read_sources(folder: Path | None = None) -> dict[str, str]:
    """Every module of the package folder by its path in the folder."""
    folder = folder or Path(__file__).resolve().parents[1] / PACKAGE
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


def modules(sources: Sources) -> list[str]:
    """The paths without the `__init__` files."""
    return [path for path in sources if PurePosixPath(path).name != "__init__.py"]


def loose_modules(sources: Sources) -> list[str]:
    """The modules at the top of the package, in no folder."""
    return [path for path in modules(sources) if "/" not in path]


def line_count(text: str) -> int:
    """The number of lines of a module."""
    return len(text.splitlines())


def duplicate_files(sources: Sources) -> dict[str, list[str]]:
    """File names that more than one folder uses, with their paths."""
    return _shared((PurePosixPath(path).name, path) for path in modules(sources))


def duplicate_classes(sources: Sources) -> dict[str, list[str]]:
    """Class names that are defined more than once, with the path of each definition."""
    return _shared(
        (node.name, path)
        for path in sources
        for node in ast.walk(_tree(sources[path]))
        if isinstance(node, ast.ClassDef)
    )


def _shared(named: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    pairs = sorted(named)
    counts = Counter(name for name, _ in pairs)
    return {
        name: [path for other, path in pairs if other == name]
        for name, count in counts.items()
        if count > 1
    }


def imported_modules(path: str, sources: Sources) -> set[str]:
    """Full dotted names of all modules that a file imports, wherever in the file it does so.

    This counts imports inside functions, under `if TYPE_CHECKING`, and by `import_module("name")`.
    Of `from a import b` the result has "a.b" if that is a module of the package, and otherwise "a".
    """
    known = {_dotted(other) for other in sources}
    parts = _dotted(path).split(".")
    folder = parts if PurePosixPath(path).name == "__init__.py" else parts[:-1]
    names: set[str] = set()
    for node in ast.walk(_tree(sources[path])):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) + 1 - node.level] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                module = f"{start}.{alias.name}"
                names.add(module if module in known else start)
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            names |= {
                argument.value
                for argument in node.args[:1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            }
    return names


def imported_files(sources: Sources) -> dict[str, set[str]]:
    """For each file, the files of the package that it imports; see `imported_modules`."""
    by_name = {_dotted(path): path for path in sources}
    return {
        path: {by_name[name] for name in imported_modules(path, sources) if name in by_name}
        for path in sources
    }


def reachable_files(starts: Iterable[str], imports: Mapping[str, set[str]]) -> set[str]:
    """The given files, all that they import, all that those import, and so on."""
    reached = set(starts)
    waiting = list(reached)
    while waiting:
        new = imports[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def import_circles(imports: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """Groups of files each of which reaches every other by imports, sorted."""
    below = {path: reachable_files(imports[path], imports) for path in imports}
    return sorted(
        {
            tuple(sorted(other for other in below[path] if path in below[other]))
            for path in imports
            if path in below[path]
        }
    )


def printing_lines(text: str) -> list[int]:
    """Numbers of the lines that write to standard output or standard error."""
    tree = _tree(text)
    from_click = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "click"
        for alias in node.names
        if alias.name in ("echo", "secho")
    }
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in {
            "print",
            "click.echo",
            "click.secho",
            "sys.stdout.write",
            "sys.stderr.write",
            *from_click,
        }:
            lines.append(node.lineno)
    return sorted(lines)


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rsplit(".", 1)[-1]


def _dotted(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join([PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)])


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)
