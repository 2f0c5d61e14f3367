"""Writing files so that a killed program never leaves half of one."""

import os
import tempfile
from pathlib import Path


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write content to path through a temporary file beside it, then rename.

    Readers see the old file or the whole new one. Raises OSError if the folder is not writable.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~current_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def current_umask() -> int:
    """The process's umask; mkstemp makes private files, results should be as any other file."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


class DownloadError(Exception):
    """Something could not be fetched, or is not what was asked for; the message has a remedy."""
