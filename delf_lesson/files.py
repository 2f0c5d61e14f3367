"""Write files so that a killed program never leaves half of one, and say where files live."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_dir, user_data_dir


@contextmanager
def replacing(path: str | Path, durable: bool = True) -> Iterator[Path]:
    """A temporary file beside path, which takes its place when the block ends without an error.

    durable: wait until the disk has it, so that it outlives a failure of power too.

    Readers see the old file or the whole new one. Raises OSError if the folder is not writable.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if durable:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~current_umask())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write content to path, whole or not at all; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def current_umask() -> int:
    """The process's umask; mkstemp makes private files, results should be as any other file."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


class DownloadError(Exception):
    """Something could not be fetched, or is not what was asked for; the message has a remedy."""


def project_root() -> Path:
    """Return the folder that holds `notebooks/` and `data/`: the checkout."""
    return Path(__file__).resolve().parents[1]


def cache_dir() -> Path:
    """Return the folder for files that can be computed or downloaded again.

    It is `DELF_LESSON_CACHE` where that is set, else the user's cache folder. It may not exist yet.
    """
    chosen = os.environ.get("DELF_LESSON_CACHE")
    return Path(chosen).expanduser() if chosen else Path(user_cache_dir("delf-lesson"))


def datasets_dir() -> Path:
    """Return the folder for fetched data sets, which are too large for a cache.

    It is `DELF_LESSON_DATASETS` where that is set, else in the user's data folder.
    """
    chosen = os.environ.get("DELF_LESSON_DATASETS")
    return Path(chosen).expanduser() if chosen else Path(user_data_dir("delf-lesson")) / "datasets"
