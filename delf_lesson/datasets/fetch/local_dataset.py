"""Data sets on disk: fetched file by file, and whole only when every file has its record.

A file's record is written last, after the file came whole, passed its checksum and was unpacked. It
lists the unpacked files with lengths and SHA-256. Images without a record are not used.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from delf_lesson.datasets.fetch.catalogue import DatasetSpec, RemoteFile
from delf_lesson.datasets.fetch.download import sha256
from delf_lesson.datasets.fetch.unpacking import Unpacked
from delf_lesson.files import datasets_dir, write_atomically


@dataclass(frozen=True)
class LocalDataset:
    """A data set's folder.

    spec: the data set; folder: by default `datasets_dir()` / its name.
    """

    spec: DatasetSpec
    folder: Path

    @classmethod
    def of(cls, spec: DatasetSpec, root: str | Path | None = None) -> "LocalDataset":
        """A data set in its folder under `root`."""
        return cls(spec, (Path(root) if root else datasets_dir()) / spec.name)

    def missing(self, files: Iterable[RemoteFile] | None = None) -> list[RemoteFile]:
        """The files that have no record, of all files of the data set or of these."""
        return [file for file in files or self.spec.files if not self._record(file).is_file()]

    def unpacked(self, file: RemoteFile) -> list[Unpacked]:
        """What a file unpacked to, paths from the data set's folder on; nothing if it is not here.

        Raises ValueError if the record is damaged.
        """
        path = self._record(file)
        if not path.is_file():
            return []
        try:
            return [Unpacked(*line) for line in json.loads(path.read_bytes())["files"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"name: {path} is damaged; delete it and fetch {self.spec.name} again"
            ) from error

    def paths(self, into: str) -> list[Path]:
        """All files in one of its folders, sorted.

        Raises FileNotFoundError, with the command that helps, if not all of its files are here; for
        a data set in parts, if none is here.
        """
        wanted = [file for file in self.spec.files if file.into == into]
        missing = self.missing(wanted)
        if missing and (not self.spec.parts or len(missing) == len(wanted)):
            raise FileNotFoundError(
                f"name: {self.spec.name} is not whole in {self.folder}, {missing[0].name} and "
                f"{len(missing) - 1} more files are missing; get it with: "
                f"delf-lesson data fetch {self.spec.name}"
            )
        names = {inner.path for file in wanted for inner in self.unpacked(file)}
        return sorted(self.folder / name for name in names)

    def keep(self, file: RemoteFile, digest: str, unpacked: Sequence[Unpacked]) -> None:
        """Write a file's record, which says that it is here."""
        record = {
            "file": file.name,
            "url": file.url,
            "sha256": digest,
            "checksum": "the publisher's" if file.checksum else "none published",
            "files": [list(asdict(inner).values()) for inner in unpacked],
        }
        path = self._record(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(record).encode())

    def forget(self, file: RemoteFile) -> None:
        """Delete a file's record, so that the next fetch gets the file again."""
        self._record(file).unlink(missing_ok=True)

    def _record(self, file: RemoteFile) -> Path:
        return self.folder / "records" / f"{file.name}.json"

    @property
    def downloads(self) -> Path:
        """The folder of files until they are unpacked."""
        return self.folder / "downloads"


def verify(
    dataset: LocalDataset, progress: Callable[[Sequence[RemoteFile]], Iterable[RemoteFile]] = iter
) -> Iterator[tuple[str, str]]:
    """Read every file that was fetched and compare it with its record.

    Yields (path, what is wrong) for each that is missing or differs. The record of its archive is
    then deleted, so that the next fetch gets it again.
    """
    here = [file for file in dataset.spec.files if file not in dataset.missing([file])]
    for file in progress(here):
        try:
            listed = dataset.unpacked(file)
        except ValueError:
            yield file.name, "its record is damaged"
            dataset.forget(file)
            continue
        wrong = [
            (inner.path, why)
            for inner in listed
            if (why := _wrong(dataset.folder / inner.path, inner))
        ]
        if wrong:
            dataset.forget(file)
        yield from wrong


def _wrong(path: Path, wanted: Unpacked) -> str:
    if not path.is_file():
        return "it is missing"
    if path.stat().st_size != wanted.bytes:
        return f"it has {path.stat().st_size} bytes instead of {wanted.bytes}"
    return "" if sha256(path) == wanted.sha256 else "its content has changed"
