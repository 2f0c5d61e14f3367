"""Bring an index of photos up to date: describe what is new, write what changed."""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from delf_lesson.cache import FeatureStore
from delf_lesson.features import ImageVector
from delf_lesson.files import replacing
from delf_lesson.retrieval.database import ImageDatabase, Progress
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.index_files import save_index
from delf_lesson.scale import tasks
from delf_lesson.scale.executors import Executor, Outcome
from delf_lesson.scale.index_state import IndexedImage, IndexState
from delf_lesson.scale.sharded_index import SHARD_SIZE, ShardChange, shard_plan
from delf_lesson.systems.specification import FusedSystem, GlobalSystem

CHUNK = 32
"""Images, or batches of them, that a task describes."""
OUTGROWN = 4
"""Codebooks are trained again when a collection is this many times what they were made for."""


@dataclass(frozen=True)
class Update:
    """What an update did: names of images, and why some are not in the index.

    unfinished: images that were not described for a reason that is not theirs, and the reason: the
    next update tries them again. seconds: by stage.
    """

    added: list[str]
    changed: list[str]
    removed: list[str]
    skipped: dict[str, str]
    unfinished: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class IndexUpdate:
    """One update of the index in a folder; `state` is what it was, and after `run` what it is.

    setup: how images are described. executor, progress: see `PhotoIndex.update`.
    """

    path: Path
    state: IndexState
    setup: tasks.Setup
    executor: Executor
    progress: Progress

    def run(self, databases: Sequence[ImageDatabase], images: Sequence[Path]) -> Update:
        """Make the index that of these images of the folder. databases: of its system, empty."""
        started = time.perf_counter()
        before = {image.name: image for image in self.state.images}
        here = {path.relative_to(self.state.folder).as_posix(): path for path in images}
        seen = {name: (path.stat().st_size, path.stat().st_mtime_ns) for name, path in here.items()}
        stays = {
            name: image
            for name, image in before.items()
            # What could not be used is tried again: a new library may read it now.
            if seen.get(name) == (image.size, image.changed_at) and not image.reason
        }
        stale = [name for name in here if name not in stays]
        reports, unfinished = self._describe(stale)
        new = {
            name: IndexedImage(
                name, *seen[name], report.digest, report.usable, report.reason, report.features
            )
            for name, report in reports.items()
        }
        described = time.perf_counter()
        if new or len(stays) < len(before):
            self._write(databases, {**stays, **new})
        self._delete_old_files()
        good = {name for name, image in new.items() if not image.reason}
        return Update(
            added=sorted(good - before.keys()),
            changed=sorted(good & before.keys()),
            removed=sorted(before.keys() - here.keys()),
            skipped={name: image.reason for name, image in new.items() if image.reason},
            unfinished=unfinished,
            seconds={
                "describe": described - started,
                "index": time.perf_counter() - described,
            },
        )

    def _describe(
        self, names: Sequence[str]
    ) -> tuple[dict[str, tasks.ImageReport], dict[str, str]]:
        """What tasks report of images, and why some were not described."""
        reports: dict[str, tasks.ImageReport] = {}
        unfinished: dict[str, str] = {}
        size = CHUNK * self.setup.options.batch
        chunks = [names[first : first + size] for first in range(0, len(names), size)]
        folder = Path(self.state.folder)
        work = [(self.setup, [folder / name for name in chunk]) for chunk in chunks]
        for outcome in self._outcomes(tasks.describe, work, "Describing images"):
            chunk = chunks[outcome.number]
            if outcome.error is not None:
                unfinished.update(dict.fromkeys(chunk, outcome.error))
            else:
                reports.update(zip(chunk, outcome.value, strict=True))
        return reports, unfinished

    def _write(
        self, databases: Sequence[ImageDatabase], images: Mapping[str, IndexedImage]
    ) -> None:
        """Make the state of these images, file by file, and then `index.json`."""
        state = replace(self.state, images=tuple(images[name] for name in sorted(images)))
        system = self.setup.system
        if not isinstance(system, GlobalSystem):
            state = self._with_shards(images)
        if isinstance(system, GlobalSystem | FusedSystem):
            state = replace(state, vectors=self._write_vectors(databases[0], state.images))
        state.write(self.path)
        self.state = state

    def _with_shards(self, images: Mapping[str, IndexedImage]) -> IndexState:
        """The state of these images, its shards written."""
        state = self.state
        local = [image for image in images.values() if image.usable[-1]]
        others = tuple(image.moved(None) for image in images.values() if not image.usable[-1])
        if not local:
            return replace(state, shards=(), codebook=None, trained_for=0, images=others)
        if state.codebook is None or len(local) > OUTGROWN * state.trained_for:
            local = [image.moved(None) for image in local]
            codebook = self._write_codebook(local)
            state = replace(state, codebook=codebook, trained_for=len(local), shards=(), images=())
        inside, changes = shard_plan(state.images, local, len(state.shards), SHARD_SIZE)
        names = [*state.shards, *[""] * (len(inside) - len(state.shards))]
        starts = [name or str(state.codebook) for name in names]
        for change in changes:
            names[change.shard] = f"shard-{change.shard:05}-{uuid.uuid4().hex[:8]}.index"
        work = [self._task(change, starts[change.shard], names[change.shard]) for change in changes]
        for outcome in self._outcomes(tasks.change_shard, work, "Indexing"):
            if outcome.error is not None:
                raise ValueError(
                    f"path: {names[changes[outcome.number].shard]} could not be written "
                    f"({outcome.error}); the index is as it was, update it again"
                )
        filled = [number for number, members in enumerate(inside) if members]
        placed = [image.moved(to) for to, number in enumerate(filled) for image in inside[number]]
        shards = tuple(names[number] for number in filled)
        return replace(state, shards=shards, images=(*others, *placed))

    def _task(self, change: ShardChange, start: str, name: str) -> tuple[object, ...]:
        """The arguments of `tasks.change_shard`."""
        leaving = [self.state.path_of(image) for image in change.leaving]
        arriving = {self.state.path_of(image): image.digest for image in change.arriving}
        return self.setup, self.path / start, leaving, arriving, self.path / name

    def _write_codebook(self, images: Sequence[IndexedImage]) -> str:
        """The file of an empty index with codebooks from the descriptors of these images."""
        compression = self.state.compression
        features = tasks.local_features(
            self.setup, {self.state.path_of(image): image.digest for image in images}
        )
        first = next(iter(features.values()))
        codebook = FeatureIndex(first.descriptors.shape[1], compression)
        if compression is not None:
            count = sum(image.features for image in images)
            codebook.train(compression.sample_of(features, count), count)
        name = f"codebook-{uuid.uuid4().hex[:8]}.index"
        save_index(codebook, self.path / name)
        return name

    def _write_vectors(self, database: ImageDatabase, images: Sequence[IndexedImage]) -> str:
        """The file of the vectors of those of these images that have one, in their order."""
        digests = {image.name: image.digest for image in images if image.usable[0]}
        vectors: FeatureStore[ImageVector] = FeatureStore(
            self.setup.cache, database.settings, digests
        )
        rows: list[NDArray[np.float32]] = [vectors[name].vector for name in digests]
        name = f"vectors-{uuid.uuid4().hex[:8]}.npz"
        with replacing(self.path / name) as temporary, temporary.open("wb") as file:
            np.savez(file, vectors=np.stack(rows) if rows else np.zeros((0, 1), np.float32))
        return name

    def _delete_old_files(self) -> None:
        """Delete files of older states and of runs that were killed."""
        current = self.state.files
        for path in (*self.path.glob("*.index"), *self.path.glob("*.npz")):
            if path.name not in current:
                path.unlink(missing_ok=True)
        for path in self.path.glob(".*.part"):
            path.unlink(missing_ok=True)

    def _outcomes(
        self, task: Callable[..., object], work: Sequence[tuple[object, ...]], label: str
    ) -> Iterable[Outcome]:
        return self.progress(self.executor.run(task, work), label, len(work))
