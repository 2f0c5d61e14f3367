"""Bring an index of photographs up to date: describe what is new, write what changed."""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from delf_lesson.cache import Kept
from delf_lesson.features import ImageVector
from delf_lesson.files import replacing
from delf_lesson.retrieval.database import Engine
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.index_files import save_index
from delf_lesson.retrieval.retrievers import GlobalEngine, RetrievalEngine
from delf_lesson.scale import tasks
from delf_lesson.scale.executors import Machines, Outcome
from delf_lesson.scale.index_state import Photo, State
from delf_lesson.scale.sharded_index import SHARD, Change, plan

CHUNK = 32
"""Images, or batches of them, that a task describes."""
OUTGROWN = 4
"""Codebooks are made anew when a collection has become so many times what they were made for."""

Progress = Callable[[Iterable[Outcome], int, str], Iterable[Outcome]]
"""Wraps outcomes, with their number and a word for them, as a progress bar does."""


@dataclass(frozen=True)
class Update:
    """What an update did: names of images, and why some are not in the index.

    unfinished: images that were not described for another reason than their own, and why: the
    next update tries them again. seconds: by stage.
    """

    added: list[str]
    changed: list[str]
    removed: list[str]
    skipped: dict[str, str]
    unfinished: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Updating:
    """One update of the index in a folder: state before, and after `run` the state it left.

    setup: how images are described. machines, progress: see `PhotoIndex.update`.
    """

    path: Path
    state: State
    setup: tasks.Setup
    machines: Machines
    progress: Progress

    def run(self, engine: Engine, images: Sequence[Path]) -> Update:
        """Make the index that of these images of the folder. engine: an empty one of its system."""
        started = time.perf_counter()
        before = {photo.name: photo for photo in self.state.photos}
        here = {path.relative_to(self.state.folder).as_posix(): path for path in images}
        seen = {name: (path.stat().st_size, path.stat().st_mtime_ns) for name, path in here.items()}
        stays = {
            name: photo
            for name, photo in before.items()
            # What could not be used is tried again: a library more may read it now.
            if seen.get(name) == (photo.size, photo.changed_at) and not photo.reason
        }
        stale = [name for name in here if name not in stays]
        about, unfinished = self._describe(stale)
        new = {
            name: Photo(name, *seen[name], one.digest, one.usable, one.reason, one.features)
            for name, one in about.items()
        }
        described = time.perf_counter()
        if new or len(stays) < len(before):
            self._write(engine, {**stays, **new})
        self._tidy()
        good = {name for name, photo in new.items() if not photo.reason}
        return Update(
            added=sorted(good - before.keys()),
            changed=sorted(good & before.keys()),
            removed=sorted(before.keys() - here.keys()),
            skipped={name: photo.reason for name, photo in new.items() if photo.reason},
            unfinished=unfinished,
            seconds={
                "describe": described - started,
                "index": time.perf_counter() - described,
            },
        )

    def _describe(self, names: Sequence[str]) -> tuple[dict[str, tasks.About], dict[str, str]]:
        """What tasks say of images, and why some were not described."""
        about: dict[str, tasks.About] = {}
        unfinished: dict[str, str] = {}
        size = CHUNK * self.setup.choices.batch
        chunks = [names[first : first + size] for first in range(0, len(names), size)]
        folder = Path(self.state.folder)
        work = [(self.setup, [folder / name for name in chunk]) for chunk in chunks]
        for outcome in self._done(tasks.describe, work, "Describing images"):
            chunk = chunks[outcome.number]
            if outcome.error is not None:
                unfinished.update(dict.fromkeys(chunk, outcome.error))
            else:
                about.update(zip(chunk, outcome.value, strict=True))
        return about, unfinished

    def _write(self, engine: Engine, photos: Mapping[str, Photo]) -> None:
        """Make the state of these images, file by file, and then the index's own."""
        state = replace(self.state, photos=tuple(photos[name] for name in sorted(photos)))
        if isinstance(tasks.parts(engine)[-1], RetrievalEngine):
            state = self._with_shards(photos)
        if isinstance(whole := tasks.parts(engine)[0], GlobalEngine):
            state = replace(state, vectors=self._write_vectors(whole, state.photos))
        state.write(self.path)
        self.state = state

    def _with_shards(self, photos: Mapping[str, Photo]) -> State:
        """The state of these images, its shards written."""
        state = self.state
        local = [photo for photo in photos.values() if photo.usable[-1]]
        others = tuple(photo.moved(None) for photo in photos.values() if not photo.usable[-1])
        if not local:
            return replace(state, shards=(), codebook=None, trained_for=0, photos=others)
        if state.codebook is None or len(local) > OUTGROWN * state.trained_for:
            local = [photo.moved(None) for photo in local]
            codebook = self._write_codebook(local)
            state = replace(state, codebook=codebook, trained_for=len(local), shards=(), photos=())
        inside, changes = plan(state.photos, local, len(state.shards), SHARD)
        names = [*state.shards, *[""] * (len(inside) - len(state.shards))]
        begin = [name or str(state.codebook) for name in names]
        for change in changes:
            names[change.shard] = f"shard-{change.shard:05}-{uuid.uuid4().hex[:8]}.index"
        work = [self._task(one, begin[one.shard], names[one.shard]) for one in changes]
        for outcome in self._done(tasks.change_shard, work, "Indexing"):
            if outcome.error is not None:
                raise ValueError(
                    f"path: {names[changes[outcome.number].shard]} could not be written "
                    f"({outcome.error}); the index is as it was, update it again"
                )
        kept = [number for number, own in enumerate(inside) if own]
        placed = [photo.moved(to) for to, number in enumerate(kept) for photo in inside[number]]
        shards = tuple(names[number] for number in kept)
        return replace(state, shards=shards, photos=(*others, *placed))

    def _task(self, change: Change, begin: str, name: str) -> tuple[object, ...]:
        """The arguments of `tasks.change_shard`."""
        leaving = [self.state.called(photo) for photo in change.leaving]
        digests = {self.state.called(photo): photo.digest for photo in change.arriving}
        return self.setup, self.path / begin, leaving, digests, self.path / name

    def _write_codebook(self, photos: Sequence[Photo]) -> str:
        """The file of an empty index with codebooks from the descriptors of these images."""
        compression = self.state.compression
        found = tasks.local_features(
            self.setup, {self.state.called(photo): photo.digest for photo in photos}
        )
        first = next(iter(found.values()))
        codebook = FeatureIndex(first.descriptors.shape[1], compression)
        if compression is not None:
            count = sum(photo.features for photo in photos)
            codebook.train(compression.sample_of(found, count), count)
        name = f"codebook-{uuid.uuid4().hex[:8]}.index"
        save_index(codebook, self.path / name)
        return name

    def _write_vectors(self, whole: GlobalEngine, photos: Sequence[Photo]) -> str:
        """The file of the vectors of those of these images that have one, in their order."""
        digests = {photo.name: photo.digest for photo in photos if photo.usable[0]}
        found = Kept(self.setup.cache, whole.settings, ImageVector, digests)
        rows: list[NDArray[np.float32]] = [found[name].vector for name in digests]
        name = f"vectors-{uuid.uuid4().hex[:8]}.npz"
        with replacing(self.path / name) as temporary, temporary.open("wb") as file:
            np.savez(file, vectors=np.stack(rows) if rows else np.zeros((0, 1), np.float32))
        return name

    def _tidy(self) -> None:
        """Delete files of older states and of runs that were killed."""
        belong = self.state.files
        for path in (*self.path.glob("*.index"), *self.path.glob("*.npz")):
            if path.name not in belong:
                path.unlink(missing_ok=True)
        for path in self.path.glob(".*.part"):
            path.unlink(missing_ok=True)

    def _done(
        self, task: Callable[..., object], work: Sequence[tuple[object, ...]], label: str
    ) -> Iterable[Outcome]:
        return self.progress(self.machines.run(task, work), len(work), label)
