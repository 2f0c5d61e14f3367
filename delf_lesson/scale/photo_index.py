"""The index of a folder of photographs on disk: made once, then only what changed is done again.

    INDEX/index.json     which images, what of them, and which files belong to this state
    INDEX/features/      what each image is described by, under the digest of its content
    INDEX/*.index        the codebook and the shards of local features
    INDEX/*.npz          the vectors of whole images

Files are never changed: a new state has new ones, and is there when `index.json` names them. So a
run that is killed leaves the old state, and the descriptions that it made.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import filelock
import numpy as np

from delf_lesson.cache import Kept
from delf_lesson.images import list_images, read_image
from delf_lesson.retrieval.database import Engine
from delf_lesson.retrieval.folder_search import FolderSearch, Skipped
from delf_lesson.retrieval.ranking import Ranking
from delf_lesson.retrieval.retrievers import GlobalEngine, RetrievalEngine
from delf_lesson.scale import tasks
from delf_lesson.scale.executors import Machines, ThisMachine
from delf_lesson.scale.index_state import FILE, Photo, State
from delf_lesson.scale.index_update import Progress, Update, Updating
from delf_lesson.scale.sharded_index import ShardedIndex
from delf_lesson.systems.registry import Choices, configured

COMPRESS_FROM = 2000
"""Images from which on codes are searched, unless it is said otherwise: comparing all their
descriptors would take seconds a query, and more memory than a laptop has to spare."""


class PhotoIndex:
    """The index of a folder in a folder of its own; see `create` and `open`."""

    def __init__(self, path: Path, state: State) -> None:
        self.path = path
        self._state = state
        self._device, self._batch = "cpu", 1

    @classmethod
    def create(
        cls, path: str | Path, folder: str | Path, choices: Choices, compressed: bool | None = None
    ) -> "PhotoIndex":
        """An empty index at a path, for the images of a folder.

        choices: how images are described. compressed: search codes, which takes a system with
        local features; by default from `COMPRESS_FROM` images on.

        Raises FileNotFoundError or ValueError for a folder without images, FileExistsError if the
        path holds something, ValueError for wrong choices.
        """
        path = Path(path)
        images = list_images(folder)
        system = configured(choices)
        if compressed is None:
            compressed = len(images) >= COMPRESS_FROM and _local(system.engine()) is not None
        engine = system.engine(compressed=compressed)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise FileExistsError(f"path: {path} holds something already; choose another")
        local = _local(engine)
        compression = None if local is None else local.compression
        kept = replace(choices, device="cpu", batch=1)
        state = State(str(Path(folder).resolve()), kept, _settings(engine), compression)
        path.mkdir(parents=True, exist_ok=True)
        state.write(path)
        return cls(path, state).on(choices.device, choices.batch)

    @classmethod
    def open(cls, path: str | Path) -> "PhotoIndex":
        """The index at a path; raises as `State.read` does."""
        return cls(Path(path), State.read(Path(path)))

    @staticmethod
    def is_at(path: str | Path) -> bool:
        """Whether an index is there."""
        return (Path(path) / FILE).is_file()

    def on(self, device: str, batch: int = 1) -> "PhotoIndex":
        """The same index, whose images and queries are described on a device from now on."""
        self._device, self._batch = device, batch
        return self

    @property
    def folder(self) -> Path:
        """Whose images it holds."""
        return Path(self._state.folder)

    @property
    def choices(self) -> Choices:
        """How images are described, wherever that is done: the device does not belong to it."""
        return self._state.choices

    @property
    def compressed(self) -> bool:
        """Whether codes are searched."""
        return self._state.compression is not None

    @property
    def photos(self) -> tuple[Photo, ...]:
        """All images that were looked at, those that cannot be searched among them."""
        return self._state.photos

    @property
    def skipped(self) -> dict[str, str]:
        """Images that cannot be searched, and why."""
        return {photo.name: photo.reason for photo in self.photos if photo.reason}

    def engine(self, machines: Machines | None = None) -> Engine:
        """An engine that searches the index; images are called by their paths.

        machines: that search the shards. Raises ValueError if the index is empty, or if the
        system describes differently now.
        """
        usable = [photo for photo in self.photos if any(photo.usable)]
        if not usable:
            raise ValueError(f"path: {self.path} holds no image that can be searched; update it")
        engine = self._described_by()
        for place, part in enumerate(tasks.parts(engine)):
            own = [photo for photo in usable if photo.usable[place]]
            if isinstance(part, GlobalEngine):
                with np.load(self.path / str(self._state.vectors), allow_pickle=False) as stored:
                    part.restore([self._state.called(photo) for photo in own], stored["vectors"])
            elif isinstance(part, RetrievalEngine) and own:
                digests = {self._state.called(photo): photo.digest for photo in own}
                found = Kept(self._setup.cache, part.settings, part.kind, digests)
                part.restore(found, self._sharded(machines))
        return engine

    def update(
        self,
        machines: Machines | None = None,
        progress: Progress = lambda outcomes, number, label: outcomes,
        images: Sequence[Path] | None = None,
    ) -> Update:
        """Bring the index up to date with its folder: new, changed and missing images.

        machines: that describe images and write shards, this one by default. images: those of the
        folder that shall be in the index; all by default. An image counts as changed when its
        length or its time did; one that was moved is not described again.

        Raises ValueError if another update is at work, or if the system describes differently
        now; OSError if the disk is full. The old state stays then.
        """
        lock = filelock.FileLock(self.path / "update.lock")
        try:
            with lock.acquire(timeout=0):
                self._state = State.read(self.path)
                wanted = self._images() if images is None else images
                work = Updating(
                    self.path, self._state, self._setup, machines or ThisMachine(), progress
                )
                done = work.run(self._described_by(), wanted)
                self._state = work.state
                return done
        except filelock.Timeout as error:
            raise ValueError(f"path: another update of {self.path} is at work") from error

    def _images(self) -> list[Path]:
        """Of the folder, less the index itself, which may lie in it."""
        own = self.path.resolve()
        return [one for one in list_images(self.folder) if not one.resolve().is_relative_to(own)]

    @property
    def _setup(self) -> tasks.Setup:
        choices = replace(self.choices, device=self._device, batch=self._batch)
        return tasks.Setup(choices, self.path / tasks.FEATURES)

    def _described_by(self) -> Engine:
        """An empty engine of the index's system. ValueError if that describes differently now."""
        engine = self._setup.engine()
        if _settings(engine) != self._state.settings:
            raise ValueError(
                f"path: {self.path} was made by another version of {self.choices.system}, or by "
                "other weights; index the folder anew"
            )
        return engine

    def _sharded(self, machines: Machines | None) -> ShardedIndex:
        names: list[list[str]] = [[] for _ in self._state.shards]
        for photo in self.photos:
            if photo.shard is not None:
                names[photo.shard].append(self._state.called(photo))
        paths = [self.path / shard for shard in self._state.shards]
        return ShardedIndex(paths, names, machines)


def _local(engine: Engine) -> RetrievalEngine | None:
    last = tasks.parts(engine)[-1]
    return last if isinstance(last, RetrievalEngine) else None


def _settings(engine: Engine) -> str:
    return json.dumps(dict(engine.settings), sort_keys=True, default=str)


def search_index(
    index: PhotoIndex, engine: Engine, query: str | Path, top: int | None = None
) -> FolderSearch:
    """Search the photographs of an index for a query, which is not a result of itself.

    engine: of the index. Raises FileNotFoundError for a missing query, and ValueError for one
    that cannot be searched for, or if a part of the index is damaged.
    """
    query = Path(query)
    if not query.is_file():
        raise FileNotFoundError(f"query: there is no image file {query}")
    read_image(query)  # says what is wrong with the file, if it is the file
    try:
        engine.check(query)
    except ValueError as error:
        raise ValueError(f"query: {query} cannot be searched for: {error}") from error
    found = engine.search(query, None if top is None else top + 1)
    others = [one for one in found.results if not _same(Path(one.image), query)]
    skipped = [Skipped(str(index.folder / name), why) for name, why in index.skipped.items()]
    return FolderSearch(str(query), Ranking(others[:top], found.seconds), skipped, found.seconds)


def _same(image: Path, query: Path) -> bool:
    return image.is_file() and os.path.samefile(image, query)
