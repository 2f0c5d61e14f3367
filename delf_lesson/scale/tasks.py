"""Tasks that executors run; each can run again without harm."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delf_lesson.cache import FeatureCache, FeatureStore
from delf_lesson.features import LocalFeatures, check_usable
from delf_lesson.images import LoadedImage
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.index_files import load_index, save_index
from delf_lesson.retrieval.retrievers import Retriever
from delf_lesson.systems.registry import find_system
from delf_lesson.systems.specification import System, SystemOptions

FEATURES = "features"
"""The folder of descriptions within an index."""
ADDED_TOGETHER = 200
"""Images added to a shard at a time."""


@dataclass(frozen=True)
class Setup:
    """How images are described, and the folder that stores the descriptions."""

    system_name: str
    options: SystemOptions
    features: Path

    @property
    def cache(self) -> FeatureCache:
        """The folder, as a cache."""
        return FeatureCache(self.features)

    @property
    def system(self) -> System:
        """The system with its options."""
        return find_system(self.system_name).with_options(self.options)

    def retriever(self) -> Retriever:
        """An empty retriever of the system, with the folder as its cache."""
        return self.system.retriever(self.cache)


@dataclass(frozen=True)
class ImageReport:
    """What a task reports of an image.

    digest: of its content; usable: which of the retriever's databases can hold it; reason: why
    the first cannot, or ""; features: how many local features it has.
    """

    digest: str
    usable: tuple[bool, ...]
    reason: str
    features: int


def describe(setup: Setup, images: Sequence[Path]) -> list[ImageReport]:
    """Describe images into the folder of descriptions, except those that are there already.

    Raises OSError if the folder did not take one, as when the disk is full.
    """
    databases = _retriever(setup).databases
    loaded = (LoadedImage(image) for image in images)
    names, *sources = itertools.tee(loaded, len(databases) + 1)
    described = [
        database.describe_all(source) for database, source in zip(databases, sources, strict=True)
    ]
    reports = []
    for image, *descriptions in zip(names, *described, strict=True):
        outcomes = [_outcome(description) for description in descriptions]
        digest = _digest(image)
        for database, (reason, _) in zip(databases, outcomes, strict=True):
            if not reason and not setup.cache.path(digest, database.settings).is_file():
                raise OSError(f"{setup.features} takes no more files; is its disk full?")
        usable = tuple(not reason for reason, _ in outcomes)
        reports.append(ImageReport(digest, usable, outcomes[0][0], outcomes[-1][1]))
    return reports


def _outcome(description: Any) -> tuple[str, int]:
    """Why an image cannot be searched by this description, or ""; and its local features."""
    try:
        check_usable(description)
    except (ValueError, OSError) as error:
        return str(error), 0
    return "", len(description) if isinstance(description, LocalFeatures) else 0


def _digest(image: LoadedImage) -> str:
    try:
        return image.digest
    except OSError:
        return ""


@lru_cache(maxsize=2)
def _retriever(setup: Setup) -> Retriever:
    """Loading a network takes seconds, so a worker does it once."""
    return setup.retriever()


def change_shard(
    setup: Setup,
    start: Path,
    leaving: Sequence[str],
    arriving: Mapping[str, str],
    path: Path,
) -> int:
    """Write a shard of an index: another shard, or its codebook, less some images, plus others.

    arriving: digests of the content of the images to add, by name; their descriptions are in the
    folder. Returns how many features the shard holds.
    """
    index = load_index(start)
    if leaving:
        index.remove(leaving)
    features = local_features(setup, arriving)
    names = list(arriving)
    for first in range(0, len(names), ADDED_TOGETHER):  # each is read once, and few are in memory
        index.add({name: features[name] for name in names[first : first + ADDED_TOGETHER]})
    save_index(index, path)
    return len(index)


def local_features(setup: Setup, digests: Mapping[str, str]) -> FeatureStore[LocalFeatures]:
    """The local features of images by name, each read when it is asked for."""
    return FeatureStore(setup.cache, _retriever(setup).databases[-1].settings, digests)


def search_shard(
    path: Path, descriptors: NDArray[np.float32], k: int, probes: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The nearest neighbours within one shard; see `FeatureIndex.search`."""
    neighbours = _shard(path).search(descriptors, k, probes)
    return neighbours.images, neighbours.features, neighbours.similarities


@lru_cache(maxsize=64)
def _shard(path: Path) -> FeatureIndex:
    """A shard's file never changes: a changed shard has another name."""
    return load_index(path, mapped=True)
