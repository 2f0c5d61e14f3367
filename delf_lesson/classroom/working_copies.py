"""Working copies of the notebooks: without outputs, beside the originals, and the student's.

Stored outputs would give away what students predict. So students work on copies, and the originals
stay as they are. Each copy keeps a digest of the cells that it began with in its metadata. From
the digest we know whether a student has edited the copy and whether the lesson has a newer version.
The digest and the cells are one file, so a program that is killed cannot separate them.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from delf_lesson.files import write_atomically

Outcome = Literal["made", "kept", "updated", "outdated", "unknown"]
"""What happened to a copy.

- made: there was none.
- kept: the original has the cells that the copy began with, so the copy stays as it is.
- updated: the original has changed and the student has not edited the copy, so it was replaced.
- outdated: the original has changed and the student has edited the copy, so the copy stays.
- unknown: the file cannot be read or has no digest, so it stays.
"""

_RECORD = "delf_lesson"
_LINK = re.compile(
    r"""(?P<before>\]\(\s*<?|\b(?:src|href)=["']|^\[[^\]\n]+\]:[ ]*)(?P<target>[^\s)"'<>]+)""",
    re.MULTILINE,
)


def update_copies(originals: Path, folder: Path) -> dict[Path, Outcome]:
    """Make or update the copy of each notebook of `originals`; return what happened, by copy.

    folder: where the copies are, beside `originals`. It is created. A copy that a student has
    edited is never written to. Raises ValueError if an original is no notebook, and OSError if a
    copy cannot be written.
    """
    paths = sorted(originals.glob("*.ipynb"))
    names = [path.name for path in paths]
    fresh = {folder / path.name: fresh_copy(path, names) for path in paths}
    outcomes = {path: _outcome(path, copy) for path, copy in fresh.items()}
    for path, outcome in outcomes.items():
        if outcome in ("made", "updated"):
            _write(path, fresh[path])
    return outcomes


def fresh_copy(original: Path, copied: Collection[str] = ()) -> dict[str, Any]:
    """Return a notebook as its copy begins: no outputs, links that work, and the digest.

    copied: the names of all notebooks that get a copy; links to them lead to the copies. Raises
    ValueError if the original is no notebook.
    """
    try:
        notebook = _read(original)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{original} cannot be read as a notebook ({error}); restore the file from the lesson"
        ) from error
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        elif cell["cell_type"] == "markdown":
            source = _with_links("".join(cell["source"]), original.parent, copied)
            cell["source"] = source.splitlines(keepends=True)
    metadata = notebook.setdefault("metadata", {})
    metadata.pop("widgets", None)  # what the explorers showed
    metadata[_RECORD] = {"cells": cells_digest(notebook)}
    return notebook


def is_edited(path: Path) -> bool:
    """Return whether the cells of a copy differ from those it began with; outputs don't count.

    A file that cannot be read or has no digest counts as edited.
    """
    try:
        copy = _read(path)
    except (OSError, ValueError):
        return True
    return cells_digest(copy) != _recorded(copy)


def cells_digest(notebook: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the types and sources of all cells."""
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _outcome(path: Path, fresh: Mapping[str, Any]) -> Outcome:
    """Return what has to happen to the copy at the path."""
    if not path.exists():
        return "made"
    try:
        copy = _read(path)
    except (OSError, ValueError):
        return "unknown"
    newest, recorded = cells_digest(fresh), _recorded(copy)
    if newest in (recorded, cells_digest(copy)):
        return "kept"
    if recorded is None:
        return "unknown"
    return "outdated" if is_edited(path) else "updated"


def _recorded(copy: Mapping[str, Any]) -> str | None:
    """Return the digest of the cells that a copy began with, None if the copy has lost it."""
    try:
        return str(copy["metadata"][_RECORD]["cells"])
    except (KeyError, TypeError):
        return None


def _read(path: Path) -> dict[str, Any]:
    """Return the notebook in a file. Raises OSError, or ValueError if the file holds none."""
    notebook = json.loads(path.read_bytes())
    try:
        cells_digest(notebook)
    except (KeyError, TypeError) as error:
        raise ValueError("its cells are damaged or missing") from error
    return notebook


def _write(path: Path, notebook: Mapping[str, Any]) -> None:
    """Write a copy, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode())


def _with_links(source: str, folder: Path, copied: Collection[str]) -> str:
    """Return Markdown of a notebook in the folder with links that work in a folder beside it."""

    def moved(link: re.Match[str]) -> str:
        target = link["target"]
        name = unquote(re.split(r"[#?]", target)[0]).removeprefix("./")
        # From both folders `../` leads to the same place, and copies lie beside each other.
        if not name or name.startswith(("../", "/")) or name in copied:
            return link[0]
        exists = (folder / name).exists()  # else it is an address, or no link at all
        return f"{link['before']}../{folder.name}/{target}" if exists else link[0]

    return _LINK.sub(moved, source)
