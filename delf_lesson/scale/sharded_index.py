"""One index in several files: which images go to which shard, and a search through all shards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from delf_lesson.retrieval.voting import Neighbours, name_ranks, nearest
from delf_lesson.scale.executors import Machines, ThisMachine
from delf_lesson.scale.index_state import Photo
from delf_lesson.scale.tasks import search_shard

SHARD = 10_000
"""Images of a shard."""


@dataclass(frozen=True)
class Change:
    """A shard that is written anew: which it is, and the images that leave it and come to it."""

    shard: int
    leaving: tuple[Photo, ...]
    arriving: tuple[Photo, ...]


def plan(
    before: Sequence[Photo], now: Iterable[Photo], shards: int, size: int = SHARD
) -> tuple[list[list[Photo]], list[Change]]:
    """Where images go: those that are in a shard stay there, new ones fill the first with room.

    before: the images of so many shards. now: those that shall be there, new and changed ones
    with no shard. size: the most images of a shard. Returns each shard's images, in the order of
    its rows, and the changes; a shard may be left empty, and there may be more shards.
    """
    inside: list[list[Photo]] = [[] for _ in range(shards)]
    waiting = []
    for photo in now:
        if photo.shard is None:
            waiting.append(photo)
        else:
            inside[photo.shard].append(photo)
    stays = {photo.name for own in inside for photo in own}
    leaving: list[list[Photo]] = [[] for _ in range(shards)]
    for photo in before:
        if photo.shard is not None and photo.name not in stays:
            leaving[photo.shard].append(photo)
    arriving: list[list[Photo]] = [[] for _ in range(shards)]
    place = 0
    for photo in sorted(waiting, key=lambda one: one.name):
        while place < len(inside) and len(inside[place]) + len(arriving[place]) >= size:
            place += 1
        if place == len(inside):
            for lists in (inside, leaving, arriving):
                lists.append([])
        arriving[place].append(photo.moved(place))
    changes = [
        Change(shard, tuple(gone), tuple(come))
        for shard, (gone, come) in enumerate(zip(leaving, arriving, strict=True))
        if gone or come
    ]
    return [own + come for own, come in zip(inside, arriving, strict=True)], changes


class ShardedIndex:
    """Shards that are searched as one `FeatureIndex` of all their images would be.

    paths: of the shards' files. names: of each shard's images, in its order. size: bytes of all.
    machines: that search them.

    All shards have the same codebooks, so a descriptor has the same code and the same distance in
    whichever it lies, and the nearest of all are among the nearest of each.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        names: Sequence[Sequence[str]],
        machines: Machines | None = None,
    ) -> None:
        if len(paths) != len(names):
            raise ValueError(f"paths holds {len(paths)} shards and names {len(names)}")
        self.paths = list(paths)
        self.names = [name for own in names for name in own]
        self.machines = machines or ThisMachine()
        self._first = np.cumsum([0, *(len(own) for own in names)])
        self._ranks = name_ranks(self.names)

    @property
    def bytes(self) -> dict[str, int]:
        """What the shards take on disk."""
        return {"shards": sum(path.stat().st_size for path in self.paths)}

    def search(
        self, descriptors: NDArray[np.float32], k: int, probes: int | None = None
    ) -> Neighbours:
        """See `FeatureIndex.search`. Raises ValueError that names the shards with no answer."""
        tasks = [(path, descriptors, k, probes) for path in self.paths]
        found: list[tuple[NDArray, NDArray, NDArray]] = []
        failed: list[str] = []
        for outcome in self.machines.run(search_shard, tasks):
            if outcome.error is not None:
                failed.append(f"{self.paths[outcome.number].name} ({outcome.error})")
                continue
            images, features, similarities = outcome.value
            images = np.where(images < 0, -1, images + self._first[outcome.number])
            found.append((images, features, similarities))
        if failed:
            raise ValueError(
                f"paths: {len(failed)} of {len(self.paths)} shards gave no answer, so neighbours "
                f"would be missing: {'; '.join(sorted(failed)[:3])}; index the folder again"
            )
        images, features, similarities = (
            np.concatenate(part, axis=1) for part in zip(*found, strict=True)
        )
        return Neighbours(*nearest(images, features, similarities, self._ranks, k))
