"""Fetch a data set: several files at a time, each checked, unpacked, recorded, and then deleted."""

import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import filelock

from delf_lesson.datasets.fetch.catalogue import DatasetSpec, RemoteFile
from delf_lesson.datasets.fetch.download import (
    ByteProgress,
    FetchStopped,
    download,
    length_of,
    sha256,
    text_of,
)
from delf_lesson.datasets.fetch.local_dataset import LocalDataset
from delf_lesson.datasets.fetch.unpacking import Unpacked, unpack
from delf_lesson.files import DownloadError

SPARE_SPACE = 200 << 20
"""Bytes that a fetch leaves free."""


def chosen(spec: DatasetSpec, parts: Sequence[int] | None) -> list[RemoteFile]:
    """The files to fetch: all, or the plain ones and the archives of these numbers.

    Raises ValueError if the data set is not usable in parts, or has no such part.
    """
    if parts is None:
        return list(spec.files)
    archives = [file for file in spec.files if file.kind != "plain"]
    if not spec.parts:
        raise ValueError(f"parts: {spec.name} is of no use in parts; leave parts out")
    unknown = [number for number in parts if not 0 <= number < len(archives)]
    if unknown or not parts:
        raise ValueError(
            f"parts: {spec.name} has parts 0 to {len(archives) - 1}; "
            f"there is no {unknown or 'part'}"
        )
    plain = [file for file in spec.files if file.kind == "plain"]
    return plain + [archives[number] for number in sorted(set(parts))]


def fetch(
    dataset: LocalDataset,
    parts: Sequence[int] | None = None,
    jobs: int = 4,
    progress: ByteProgress = lambda name, here, all_: None,
    pause: float = 1.0,
    space: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> None:
    """Fetch the missing files of a data set: several at a time, each unpacked as it comes.

    parts: the numbers of the archives, for a data set that is usable in parts. jobs: files at a
    time. pause: see `download`. space: how many bytes are free.

    The next call resumes a fetch that was killed. Archives are deleted when unpacked. Raises
    DownloadError that lists the files that did not come, after the others were fetched; OSError if
    the disk is too small, which is checked before the first byte, or cannot be written; ValueError
    for wrong parts, or if another fetch works in the same folder.
    """
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}; wanted 1 or more")
    wanted = dataset.missing(chosen(dataset.spec, parts))
    if not wanted:
        return
    dataset.downloads.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(dataset.folder / "fetch.lock")
    try:
        with lock.acquire(timeout=0):
            _fetch(dataset, wanted, jobs, progress, pause, space)
    except filelock.Timeout as error:
        raise ValueError(
            f"name: another fetch of {dataset.spec.name} is at work in {dataset.folder}; wait for "
            "it, or stop it"
        ) from error


def _fetch(
    dataset: LocalDataset,
    wanted: list[RemoteFile],
    jobs: int,
    progress: ByteProgress,
    pause: float,
    space: Callable[[Path], int],
) -> None:
    _check_space(dataset, wanted, jobs, space)
    stop = threading.Event()
    errors: list[DownloadError] = []
    # The volumes of a RAR can only be unpacked together, so they are one step.
    volumes = [file for file in wanted if file.kind == "rar"]
    steps = [[file] for file in wanted if file.kind != "rar"] + ([volumes] if volumes else [])
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running = {pool.submit(_step, dataset, files, progress, stop, pause) for files in steps}
        try:
            while running:
                done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    running.discard(future)
                    if (error := future.exception()) is None or isinstance(error, FetchStopped):
                        continue
                    if not isinstance(error, DownloadError):
                        raise error  # the disk: every other file would fail too
                    errors.append(error)
        finally:
            stop.set()
            for future in running:
                future.cancel()
    if errors:
        listed = "; ".join(map(str, errors[:3]))
        more = f"; and {len(errors) - 3} more" if len(errors) > 3 else ""
        raise DownloadError(f"{len(errors)} of {len(wanted)} files did not come: {listed}{more}")


def _check_space(
    dataset: LocalDataset, wanted: list[RemoteFile], jobs: int, space: Callable[[Path], int]
) -> None:
    """Raise OSError unless all files fit, and with them the archives unpacked at the same time."""
    lengths = _lengths(wanted)
    largest = sorted(lengths, reverse=True)
    archives = sum(largest) if any(file.kind == "rar" for file in wanted) else sum(largest[:jobs])
    here = sum(path.stat().st_size for path in dataset.downloads.glob("*.part"))
    needed = sum(lengths) + archives - here + SPARE_SPACE
    free = space(dataset.folder)
    if free < needed:
        raise OSError(
            f"{dataset.folder} has {free / 1e9:.1f} GB free, and {needed / 1e9:.1f} are needed for "
            f"{dataset.spec.name}; make room, or set DELF_LESSON_DATASETS to a folder elsewhere"
        )


def _lengths(wanted: Sequence[RemoteFile]) -> list[int]:
    """The lengths of the files whose servers tell them. Raises DownloadError if none does."""
    lengths, errors = [], []
    with ThreadPoolExecutor(max_workers=8) as pool:
        for answer in [pool.submit(length_of, file.url) for file in wanted]:
            try:
                lengths.append(answer.result())
            except DownloadError as error:
                errors.append(error)
    if not lengths:
        raise errors[0]
    return lengths


def _step(
    dataset: LocalDataset,
    files: Sequence[RemoteFile],
    progress: ByteProgress,
    stop: threading.Event,
    pause: float,
) -> None:
    """Fetch, check, unpack, record, and delete the archive, in this order."""
    digests = []
    for file in files:
        if stop.is_set():
            raise FetchStopped
        path = dataset.downloads / file.name
        published = _published(file) if file.checksum else None
        if not path.is_file() or published:  # without a checksum, a file here is whole
            download(file.url, path, published, progress, stop, pause)
        digests.append(sha256(path))
    first = files[0]
    archive = dataset.downloads / first.name
    folder = dataset.folder / first.into
    if first.kind == "plain":
        folder.mkdir(parents=True, exist_ok=True)
        size = archive.stat().st_size
        archive.replace(folder / first.name)
        unpacked = [Unpacked(first.name, size, digests[0])]
    else:
        try:
            unpacked = unpack(archive, folder, first.kind)
        except DownloadError:
            for file in files:  # or the next fetch would fail on it again
                (dataset.downloads / file.name).unlink(missing_ok=True)
            raise
    prefix = f"{first.into}/" if first.into else ""
    listed = [replace(file, path=prefix + file.path) for file in unpacked]
    for file, digest in zip(files, digests, strict=True):
        dataset.keep(file, digest, listed if file is first else [])
        (dataset.downloads / file.name).unlink(missing_ok=True)


def _published(file: RemoteFile) -> str:
    """The publisher's MD5 in pooch's form. Raises DownloadError if the text is no MD5."""
    text = text_of(str(file.checksum))
    digest = text.split()[0].lower() if text.split() else ""
    if len(digest) != 32 or set(digest) - set("0123456789abcdef"):
        raise DownloadError(f"{file.checksum} is no checksum; try again later")
    return f"md5:{digest}"
