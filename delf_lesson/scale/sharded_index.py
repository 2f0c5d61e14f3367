"""One index in several files: which images go to which shard, and a search through all shards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from delf_lesson.retrieval.voting import Neighbours, name_ranks, nearest
from delf_lesson.scale.executors import Executor, SerialExecutor
from delf_lesson.scale.index_state import IndexedImage
from delf_lesson.scale.tasks import search_shard

SHARD_SIZE = 10_000
"""Images of a shard."""


@dataclass(frozen=True)
class ShardChange:
    """A shard to write: which one, and the images that leave it and arrive in it."""

    shard: int
    leaving: tuple[IndexedImage, ...]
    arriving: tuple[IndexedImage, ...]


def shard_plan(
    before: Sequence[IndexedImage],
    now: Iterable[IndexedImage],
    shards: int,
    size: int = SHARD_SIZE,
) -> tuple[list[list[IndexedImage]], list[ShardChange]]:
    """Where images go: those in a shard stay there, new ones fill the first shard with room.

    before: the images of the shards. now: the images wanted, new and changed ones with no shard.
    size: the most images of a shard. Returns each shard's images, in the order of its rows, and
    the changes; a shard may be left empty, and there may be more shards.
    """
    inside: list[list[IndexedImage]] = [[] for _ in range(shards)]
    waiting = []
    for image in now:
        if image.shard is None:
            waiting.append(image)
        else:
            inside[image.shard].append(image)
    stays = {image.name for images in inside for image in images}
    leaving: list[list[IndexedImage]] = [[] for _ in range(shards)]
    for image in before:
        if image.shard is not None and image.name not in stays:
            leaving[image.shard].append(image)
    arriving: list[list[IndexedImage]] = [[] for _ in range(shards)]
    shard = 0
    for image in sorted(waiting, key=lambda image: image.name):
        while shard < len(inside) and len(inside[shard]) + len(arriving[shard]) >= size:
            shard += 1
        if shard == len(inside):
            for lists in (inside, leaving, arriving):
                lists.append([])
        arriving[shard].append(image.moved(shard))
    changes = [
        ShardChange(number, tuple(gone), tuple(new))
        for number, (gone, new) in enumerate(zip(leaving, arriving, strict=True))
        if gone or new
    ]
    return [old + new for old, new in zip(inside, arriving, strict=True)], changes


class ShardedIndex:
    """Shards that are searched as one `FeatureIndex` of all their images would be.

    paths: of the shards' files. names: of each shard's images, in its order. executor: searches
    them.

    All shards have the same codebooks, so a descriptor has the same code and the same distance in
    any shard, and the nearest of all are among the nearest of each.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        names: Sequence[Sequence[str]],
        executor: Executor | None = None,
    ) -> None:
        if len(paths) != len(names):
            raise ValueError(f"paths holds {len(paths)} shards and names {len(names)}")
        self.paths = list(paths)
        self.names = [name for shard in names for name in shard]
        self.executor = executor or SerialExecutor()
        self._first = np.cumsum([0, *(len(shard) for shard in names)])
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
        answers: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
        failed: list[str] = []
        for outcome in self.executor.run(search_shard, tasks):
            if outcome.error is not None:
                failed.append(f"{self.paths[outcome.number].name} ({outcome.error})")
                continue
            images, features, similarities = outcome.value
            images = np.where(images < 0, -1, images + self._first[outcome.number])
            answers.append((images, features, similarities))
        if failed:
            raise ValueError(
                f"paths: {len(failed)} of {len(self.paths)} shards gave no answer, so neighbours "
                f"would be missing: {'; '.join(sorted(failed)[:3])}; index the folder again"
            )
        images, features, similarities = (
            np.concatenate(part, axis=1) for part in zip(*answers, strict=True)
        )
        return Neighbours(*nearest(images, features, similarities, self._ranks, k))
