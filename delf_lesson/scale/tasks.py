"""What machines are asked to do; each task can be done again without harm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delf_lesson.cache import FeatureCache, Kept, content_digest
from delf_lesson.features import LocalFeatures
from delf_lesson.retrieval.database import Described, Engine
from delf_lesson.retrieval.fusion import FusedEngine
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.index_files import load_index, save_index
from delf_lesson.retrieval.voting import Neighbours
from delf_lesson.systems.registry import Choices, configured

FEATURES = "features"
"""The folder of descriptions within an index."""
TOGETHER = 200
"""Images added to a shard at a time."""


@dataclass(frozen=True)
class Setup:
    """How images are described, and the folder that descriptions are kept in."""

    choices: Choices
    features: Path

    @property
    def cache(self) -> FeatureCache:
        """The folder, as a cache."""
        return FeatureCache(self.features)

    def engine(self) -> Engine:
        """An empty engine of the system, with the folder as its cache."""
        return configured(self.choices).engine(self.cache)


@dataclass(frozen=True)
class About:
    """What a task says of an image.

    digest: of its content; usable: which parts of the system can search it, in the order of
    `parts`; reason: why none can, or ""; features: how many local ones it has.
    """

    digest: str
    usable: tuple[bool, ...]
    reason: str
    features: int


def parts(engine: Engine) -> tuple[Described, ...]:
    """What describes images: the engine itself, or both parts of a fused one, vector first."""
    if isinstance(engine, FusedEngine):
        return engine.whole, engine.local
    assert isinstance(engine, Described)
    return (engine,)


def describe(setup: Setup, images: Sequence[Path]) -> list[About]:
    """Describe images into the folder of descriptions; those that are there are not made again.

    Raises OSError if the folder did not take one, as when the disk is full.
    """
    described_by = parts(_engine(setup))
    told = [
        [_told(part, found) for found in part.describe_all(list(images))] for part in described_by
    ]
    abouts = [
        About(_digest(image), tuple(not why for why, _ in own), own[0][0], own[-1][1])
        for image, own in zip(images, zip(*told, strict=True), strict=True)
    ]
    for number, part in enumerate(described_by):
        for one in abouts:
            if one.usable[number] and not setup.cache.path(one.digest, part.settings).is_file():
                raise OSError(f"{setup.features} takes no more files; is its disk full?")
    return abouts


def _told(part: Described, found: Any) -> tuple[str, int]:
    """Why an image cannot be searched by this part, or nothing; and its local features."""
    try:
        if isinstance(found, Exception):
            raise found
        part.check_found(found)
    except (ValueError, OSError) as error:
        return str(error), 0
    return "", len(found) if isinstance(found, LocalFeatures) else 0


def _digest(image: Path) -> str:
    return content_digest(image.read_bytes()) if image.is_file() else ""


@lru_cache(maxsize=2)
def _engine(setup: Setup) -> Engine:
    """Loading a network takes seconds, so a worker does it once."""
    return setup.engine()


def change_shard(
    setup: Setup,
    begin_with: Path,
    leave_out: Sequence[str],
    digests: Mapping[str, str],
    path: Path,
) -> int:
    """Write a shard of an index: another one, or its codebook, less some images and with others.

    digests: of the content of the images to add, by name; their descriptions are in the folder.
    Returns how many features it holds.
    """
    index = load_index(begin_with)
    if leave_out:
        index.remove(leave_out)
    found = local_features(setup, digests)
    names = list(digests)
    for first in range(0, len(names), TOGETHER):  # so that each is read once, and few are held
        index.add({name: found[name] for name in names[first : first + TOGETHER]})
    save_index(index, path)
    return len(index)


def local_features(setup: Setup, digests: Mapping[str, str]) -> Kept[LocalFeatures]:
    """The local features of images by name, each read when it is asked for."""
    local = parts(_engine(setup))[-1]
    return Kept(setup.cache, local.settings, LocalFeatures, digests)


def search_shard(
    path: Path, descriptors: NDArray[np.float32], k: int, probes: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The nearest neighbours within one shard; see `FeatureIndex.search`."""
    found: Neighbours = _shard(path).search(descriptors, k, probes)
    return found.images, found.features, found.similarities


@lru_cache(maxsize=64)
def _shard(path: Path) -> FeatureIndex:
    """A shard's file never changes: a changed shard has another name."""
    return load_index(path, mapped=True)
