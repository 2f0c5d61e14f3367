"""The index of a folder of photos on disk: made once, then only what changed is done again.

    INDEX/index.json     which images, what of them, and which files belong to this state
    INDEX/features/      the description of each image, by the digest of its content
    INDEX/*.index        the codebook and the shards of local features
    INDEX/*.npz          the vectors of whole images

Files never change: a new state has new files, and is there when `index.json` names them. A run that
is killed leaves the old state, and the descriptions that it made.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from delf_lesson.cache import FeatureStore
from delf_lesson.features import ImageVector, LocalFeatures
from delf_lesson.images import list_images
from delf_lesson.retrieval.database import ImageDatabase, Progress, no_progress
from delf_lesson.retrieval.global_retriever import GlobalRetriever
from delf_lesson.retrieval.retrievers import LocalRetriever, Retriever
from delf_lesson.retrieval.voting import Ranking
from delf_lesson.scale import tasks
from delf_lesson.scale.executors import Executor, SerialExecutor
from delf_lesson.scale.index_state import FILE, IndexedImage, IndexState
from delf_lesson.scale.index_update import IndexUpdate, Update
from delf_lesson.scale.sharded_index import ShardedIndex
from delf_lesson.systems.specification import (
    FusedSystem,
    GlobalSystem,
    LocalSystem,
    System,
    SystemOptions,
)

COMPRESS_FROM = 2000
"""Images from which on codes are searched by default: comparing all descriptors would take seconds
a query, and more memory than a laptop has to spare."""


class PhotoIndex:
    """The index of a folder in a folder of its own; see `create` and `open`."""

    def __init__(self, path: Path, state: IndexState) -> None:
        self.path = path
        self._state = state
        self._device, self._batch = "cpu", 1

    @classmethod
    def create(
        cls, path: str | Path, folder: str | Path, system: System, compressed: bool | None = None
    ) -> "PhotoIndex":
        """An empty index at a path, for the images of a folder.

        system: describes images, with its options. compressed: search codes, which takes a system
        with local features; by default from `COMPRESS_FROM` images on.

        Raises FileNotFoundError or ValueError for a folder without images, FileExistsError if the
        path holds something, ValueError for a system that cannot be compressed.
        """
        path = Path(path)
        images = list_images(folder)
        local = _local(system)
        if compressed is None:
            compressed = len(images) >= COMPRESS_FROM and local is not None
        settings = _settings(system.retriever(compressed=compressed))
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise FileExistsError(f"path: {path} holds something already; choose another")
        compression = local.compression if local and compressed else None
        anywhere = system.options.on("cpu", 1)
        state = IndexState(
            str(Path(folder).resolve()), system.name, anywhere, settings, compression
        )
        path.mkdir(parents=True, exist_ok=True)
        state.write(path)
        return cls(path, state).on(system.options.device, system.options.batch)

    @classmethod
    def open(cls, path: str | Path) -> "PhotoIndex":
        """The index at a path; raises as `IndexState.read` does."""
        return cls(Path(path), IndexState.read(Path(path)))

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
        """The folder of the images."""
        return Path(self._state.folder)

    @property
    def system_name(self) -> str:
        """The name of the system that describes images."""
        return self._state.system

    @property
    def options(self) -> SystemOptions:
        """The options of the system; the device and the batch do not belong to the index."""
        return self._state.options

    @property
    def compressed(self) -> bool:
        """Whether codes are searched."""
        return self._state.compression is not None

    @property
    def images(self) -> tuple[IndexedImage, ...]:
        """All images that were looked at, also those that cannot be searched."""
        return self._state.images

    @property
    def skipped(self) -> dict[str, str]:
        """Images that cannot be searched, and why."""
        return {image.name: image.reason for image in self.images if image.reason}

    def retriever(self, executor: Executor | None = None) -> Retriever:
        """A retriever that searches the index; images are named by their paths.

        executor: searches the shards. Raises ValueError if the index is empty, or if the system
        describes differently now.
        """
        if not any(any(image.usable) for image in self.images):
            raise ValueError(f"path: {self.path} holds no image that can be searched; update it")
        empty = self._empty_retriever()
        system = self._setup.system
        if isinstance(system, LocalSystem):
            return self._local_retriever(system, empty.databases[0], executor)
        if isinstance(system, GlobalSystem):
            return self._global_retriever(system, empty.databases[0])
        assert isinstance(system, FusedSystem)
        return system.retriever_of(
            self._local_retriever(system.local, empty.databases[1], executor),
            self._global_retriever(system.whole, empty.databases[0]),
        )

    def search(self, retriever: Retriever, query: str | Path, top: int | None = None) -> Ranking:
        """Rank the images for a query photo, which is not a result of itself.

        retriever: of the index. Raises FileNotFoundError for a missing query, and ValueError for
        one that cannot be searched for, or if a part of the index is damaged.
        """
        query = Path(query)
        if not query.is_file():
            raise FileNotFoundError(f"query: there is no image file {query}")
        try:
            described = retriever.describe(query)
        except ValueError as error:
            raise ValueError(f"query: {query} cannot be searched for: {error}") from error
        ranking = retriever.rank(described, None if top is None else top + 1)
        others = [result for result in ranking.results if not _same(Path(result.image), query)]
        return Ranking(others[:top], ranking.seconds)

    def update(
        self,
        executor: Executor | None = None,
        progress: Progress = no_progress,
        images: Sequence[Path] | None = None,
    ) -> Update:
        """Bring the index up to date with its folder: new, changed and missing images.

        executor: describes images and writes shards, in this process by default. images: those of
        the folder that belong into the index; all by default. An image counts as changed when its
        size or time did; one that was moved is not described again.

        Raises ValueError if another update is at work, or if the system describes differently
        now; OSError if the disk is full. The old state stays then.
        """
        lock = filelock.FileLock(self.path / "update.lock")
        try:
            with lock.acquire(timeout=0):
                self._state = IndexState.read(self.path)
                wanted = self._folder_images() if images is None else images
                work = IndexUpdate(
                    self.path, self._state, self._setup, executor or SerialExecutor(), progress
                )
                done = work.run(self._empty_retriever().databases, wanted)
                self._state = work.state
                return done
        except filelock.Timeout as error:
            raise ValueError(f"path: another update of {self.path} is at work") from error

    def _folder_images(self) -> list[Path]:
        """Images of the folder, without the index itself, which may lie in it."""
        index = self.path.resolve()
        return [
            image for image in list_images(self.folder) if not image.resolve().is_relative_to(index)
        ]

    @property
    def _setup(self) -> tasks.Setup:
        options = self.options.on(self._device, self._batch)
        return tasks.Setup(self.system_name, options, self.path / tasks.FEATURES)

    def _empty_retriever(self) -> Retriever:
        """A retriever of the system. ValueError if that describes differently now."""
        retriever = self._setup.retriever()
        if (settings := _settings(retriever)) != self._state.settings:
            raise ValueError(
                f"path: {self.path} was made by another version of {self.system_name}. "
                f"{_differences(self._state.settings, settings)}. Index the folder again"
            )
        return retriever

    def _usable(self, database: int) -> dict[str, IndexedImage]:
        """The images that a database of the retriever holds, by path."""
        return {
            self._state.path_of(image): image for image in self.images if image.usable[database]
        }

    def _local_retriever(
        self, system: LocalSystem, described: ImageDatabase, executor: Executor | None
    ) -> LocalRetriever:
        digests = {path: image.digest for path, image in self._usable(-1).items()}
        features: FeatureStore[LocalFeatures] = FeatureStore(
            self._setup.cache, described.settings, digests
        )
        database = ImageDatabase(described.extractor, described.cache, features)
        names: list[list[str]] = [[] for _ in self._state.shards]
        for image in self.images:
            if image.shard is not None:
                names[image.shard].append(self._state.path_of(image))
        paths = [self.path / shard for shard in self._state.shards]
        index = ShardedIndex(paths, names, executor)
        return LocalRetriever(database, system.ranking, index=index)

    def _global_retriever(self, system: GlobalSystem, described: ImageDatabase) -> GlobalRetriever:
        with np.load(self.path / str(self._state.vectors), allow_pickle=False) as stored:
            rows = stored["vectors"]
        names = self._usable(0)
        vectors = {name: ImageVector(row) for name, row in zip(names, rows, strict=True)}
        database = ImageDatabase(described.extractor, described.cache, vectors)
        return system.retriever_of(database)


def _local(system: System) -> LocalSystem | None:
    """The part of a system that searches local features."""
    if isinstance(system, FusedSystem):
        return system.local
    return system if isinstance(system, LocalSystem) else None


def _settings(retriever: Retriever) -> str:
    return json.dumps(dict(retriever.settings), sort_keys=True, default=str)


def _differences(before: str, now: str) -> str:
    """The settings that differ, each with its value in the index and its value today."""
    old, new = _flat(json.loads(before)), _flat(json.loads(now))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return "; ".join(f"{n}: {old.get(n)} in the index, {new.get(n)} today" for n in names)


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Settings without levels; values of 64 digits, which are digests, by their first 12."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name} ")
        else:
            text = str(value)
            flat[prefix + name] = text[:12] if len(text) == 64 else text
    return flat


def _same(image: Path, query: Path) -> bool:
    return image.is_file() and os.path.samefile(image, query)
