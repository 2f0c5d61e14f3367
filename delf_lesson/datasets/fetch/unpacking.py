"""Unpack archives from the network: nothing lands outside the folder, no links, no bombs.

Every file is written whole, and hashed as it is written.
"""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from delf_lesson.files import DownloadError, replacing

LARGEST_RATIO = 20
"""Images do not shrink in an archive, and lists do not shrink to a twentieth."""
SPARE_BYTES = 10 << 20
"""Small archives of text may grow by this many bytes more."""
MOST_FILES = 2_000_000


@dataclass(frozen=True)
class Unpacked:
    """A file that came out of an archive: its path in the folder, length and SHA-256."""

    path: str
    bytes: int
    sha256: str


def unpack(archive: Path, folder: Path, kind: str = "tar") -> list[Unpacked]:
    """Unpack an archive into a folder and list the unpacked files.

    kind: "tar", plain or compressed; or "rar", where the archive is the first volume.

    Raises DownloadError if it is damaged, cut off, or holds something that an honest archive does
    not: a path out of the folder, a link, a device, or far more than its size allows. Files that
    were unpacked before the error stay, and are not listed anywhere. Raises OSError if the disk is
    full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "rar":
        return _unpack_rar(archive, folder)
    try:
        return _unpack_tar(archive, folder)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DownloadError(
            f"{archive.name} is damaged or cut off ({error}); fetch it again"
        ) from error


def _unpack_tar(archive: Path, folder: Path) -> list[Unpacked]:
    allowed = archive.stat().st_size * LARGEST_RATIO + SPARE_BYTES
    files: list[Unpacked] = []
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            if member.isdir():
                continue
            if not member.isreg():
                raise DownloadError(f"{archive.name} holds a link or a device, {member.name}")
            allowed -= member.size
            content = tar.extractfile(member)
            if content is None or allowed < 0 or len(files) >= MOST_FILES:
                raise DownloadError(f"{archive.name} holds far more than its size allows")
            files.append(_write(content, member.size, member.name, folder, archive.name))
    if not files:
        raise DownloadError(f"{archive.name} is empty or cut off; fetch it again")
    return files


def _write(content: IO[bytes], size: int, name: str, folder: Path, archive: str) -> Unpacked:
    inner = _inside(name, folder, archive)
    path = folder / inner
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    written = 0
    with replacing(path, durable=False) as temporary, temporary.open("wb") as file:
        while block := content.read(1 << 18):
            file.write(block)
            digest.update(block)
            written += len(block)
        if written != size:
            raise DownloadError(f"{archive} is cut off within {name}; fetch it again")
    return Unpacked(inner.as_posix(), written, digest.hexdigest())


def _inside(name: str, folder: Path, archive: str) -> PurePosixPath:
    """A member's path from the folder on. Raises DownloadError if it leads out of the folder."""
    path = PurePosixPath(name)
    foreign = "\\" in name or ":" in name or "\0" in name
    if foreign or path.is_absolute() or ".." in path.parts or not path.name:
        raise DownloadError(f"{archive} holds a path that leads out of its folder, {name!r}")
    root = Path(os.path.realpath(folder))
    if not Path(os.path.realpath(folder / path.parent)).is_relative_to(root):
        raise DownloadError(f"{archive} holds a path that leads out of its folder, {name!r}")
    return path


def _unpack_rar(archive: Path, folder: Path) -> list[Unpacked]:
    """Unpack the volumes of a RAR by a program of the system, then move them file by file."""
    try:
        import rarfile
    except ImportError as error:
        raise DownloadError(
            "rarfile is missing, which reads RAR archives; install it with: "
            "pip install -e '.[scale]'"
        ) from error
    with _scratch(folder) as scratch:
        try:
            with rarfile.RarFile(archive, errors="strict") as rar:
                members = rar.infolist()
                allowed = sum(member.compress_size for member in members) * LARGEST_RATIO
                for member in members:
                    allowed -= member.file_size
                    if member.is_symlink() or allowed + SPARE_BYTES < 0:
                        raise DownloadError(
                            f"{archive.name} holds a link or far more than its size allows"
                        )
                    _inside(member.filename.rstrip("/"), folder, archive.name)
                rar.extractall(scratch)
        except rarfile.RarCannotExec as error:
            raise DownloadError(
                "no program was found that unpacks RAR; install unar (Debian, macOS) or unrar"
            ) from error
        except rarfile.Error as error:
            raise DownloadError(
                f"{archive.name} is damaged or lacks a volume ({error}); fetch it again"
            ) from error
        files = []
        for path in sorted(scratch.rglob("*")):
            if path.is_symlink():
                raise DownloadError(f"{archive.name} holds a link, {path.name}")
            if path.is_file():
                name = path.relative_to(scratch).as_posix()
                with path.open("rb") as content:
                    files.append(_write(content, path.stat().st_size, name, folder, archive.name))
                path.unlink()
    return files


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(dir=folder, prefix=".unpacking-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
