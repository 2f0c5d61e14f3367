"""One index in several files, each searched by itself, by one machine or by many."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from delf_lesson.retrieval.neighbours import Neighbours, name_ranks, nearest
from delf_lesson.scale.machines import Machines, ThisMachine
from delf_lesson.scale.tasks import search_shard


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
