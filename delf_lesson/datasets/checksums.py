"""Shipped files are checked when they are first used, against the SHA256SUMS beside them."""

import hashlib
from functools import lru_cache
from pathlib import Path

SUMS = "SHA256SUMS"


def checked(path: Path, root: Path) -> Path:
    """`path` itself, if it holds what the SHA256SUMS in the folder `root` says.

    A file is read whole once in a process, and again only after it changed. Raises
    FileNotFoundError if it is missing and ValueError if it differs, with the command that
    restores it.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; {_remedy(root)}") from None
    wanted = _listed(root / SUMS, _changed_at(root / SUMS, root)).get(
        path.relative_to(root).as_posix()
    )
    if wanted is None:
        raise ValueError(f"{path} is not listed in {root / SUMS}; {_remedy(root)}")
    if _digest(path, state.st_mtime_ns, state.st_size) != wanted:
        raise ValueError(f"{path} has changed since it was shipped; {_remedy(root)}")
    return path


def _remedy(root: Path) -> str:
    return f"restore it with: git checkout -- {root} (or, if you rendered it, render it again)"


def _changed_at(sums: Path, root: Path) -> int:
    try:
        return sums.stat().st_mtime_ns
    except FileNotFoundError:
        raise FileNotFoundError(f"{sums} is missing; {_remedy(root)}") from None


@lru_cache(maxsize=8)
def _listed(sums: Path, changed_at: int) -> dict[str, str]:
    lines = (line.split(maxsplit=1) for line in sums.read_text(encoding="utf-8").splitlines())
    return {name: digest for digest, name in lines}


@lru_cache(maxsize=65536)
def _digest(path: Path, changed_at: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
