"""Images by name, each described once: what all engines have in common (notebook 06)."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from delf_lesson.features import ImageVector, LocalFeatures
from delf_lesson.images import Pixels, read_image
from delf_lesson.reading_ahead import ahead, groups
from delf_lesson.retrieval.cache import FeatureCache, content_digest
from delf_lesson.retrieval.searching import Skip, Source

D = TypeVar("D", LocalFeatures, ImageVector)

READERS = 8
"""Threads that read images where they are described several at a time."""
AHEAD = 3
"""So many batches are read ahead."""
AT_WORK = 2
"""Batches that are described at once: while a GPU has one, the other is brought or taken away."""


@dataclass(frozen=True)
class _Ready(Generic[D]):
    """An image on its way: what is known of it, or what is prepared, and its height and width."""

    digest: str
    found: D | Exception | None
    prepared: Any = None
    size: tuple[int, ...] | None = None


class Described(ABC, Generic[D]):
    """Images by name and what each was described by; descriptions may be kept on disk.

    kind: of the descriptions. extractor: gives them. cache: where they are kept, or None to keep
    none. `extracted` counts what was described and not found there.

    An extractor with a `batch` of more than one takes so many images of one size at once: those
    that its own `prepare` made ready, which threads do ahead of it.
    """

    def __init__(self, kind: type[D], extractor: Any, cache: FeatureCache | None = None) -> None:
        self.kind: type[D] = kind
        self.extractor = extractor
        self.cache = cache
        self.extracted = 0
        self._found: MutableMapping[str, D] = {}

    def __len__(self) -> int:
        return len(self._found)

    @property
    def settings(self) -> Mapping[str, object]:
        """The extractor's: all that changes a description, as plain numbers and strings."""
        settings: Mapping[str, object] = self.extractor.settings
        return settings

    @property
    def batch(self) -> int:
        """How many images the extractor takes at once."""
        return int(getattr(self.extractor, "batch", 1))

    @abstractmethod
    def _describe(self, image: Pixels) -> D:
        """Describe an image."""

    @abstractmethod
    def _describe_prepared(self, prepared: Sequence[Any]) -> list[D]:
        """Describe images of one size that the extractor prepared."""

    def check_found(self, found: D) -> None:
        """Raise ValueError for a description that nothing can be compared with."""

    def _changed(self, name: str) -> None:
        """An image that was there before is described anew or taken out."""

    def describe(self, source: Source) -> D:
        """The description of an image file or array, from the cache where it has it."""
        return self._extract(source) if self.cache is None else self.describe_with_digest(source)[1]

    def describe_with_digest(self, source: Source) -> tuple[str, D]:
        """The digest of an image's content, which the cache keeps its description by, and this."""
        content = source if isinstance(source, np.ndarray) else _existing(source).read_bytes()
        digest = content_digest(content)
        kept = self.cache.get(digest, self.settings, self.kind) if self.cache else None
        if kept is None:
            kept = self._extract(source)
            if self.cache:
                self.cache.put(digest, self.settings, kept)
        return digest, kept

    def describe_all(self, sources: Sequence[Source]) -> Iterator[D | Exception]:
        """The descriptions of images in their order; an error stands for an image that has none.

        Where the extractor takes several images at once, those of one size that follow each other
        go together, and threads read and prepare the next ones meanwhile.
        """
        if self.batch == 1:
            for source in sources:
                try:
                    yield self.describe(source)
                except (ValueError, OSError) as error:
                    yield error
            return
        ready = ahead(self._ready, sources, READERS, AHEAD * self.batch)
        together = groups(ready, lambda one: one.size, self.batch)
        for group, described in ahead(self._with_descriptions, together, AT_WORK, AT_WORK - 1):
            yield from self._kept(group, described)

    def _ready(self, source: Source) -> _Ready[D]:
        """An image read and prepared, if it is not in the cache; in one of several threads."""
        try:
            content = source if isinstance(source, np.ndarray) else _existing(source).read_bytes()
            digest = content_digest(content)
            kept = self.cache.get(digest, self.settings, self.kind) if self.cache else None
            if kept is not None:
                return _Ready(digest, kept)
            image = source if isinstance(source, np.ndarray) else read_image(source)
            return _Ready(digest, None, self.extractor.prepare(image), image.shape[:2])
        except (ValueError, OSError) as error:
            return _Ready("", error)

    def _with_descriptions(self, group: list[_Ready[D]]) -> tuple[list[_Ready[D]], list[D]]:
        """A group, and the descriptions of those that had none; in one of two threads."""
        new = [one.prepared for one in group if one.found is None]
        return group, self._describe_prepared(new) if new else []

    def _kept(self, group: Sequence[_Ready[D]], described: Sequence[D]) -> Iterator[D | Exception]:
        """What was found of a group, new descriptions put into the cache."""
        self.extracted += len(described)
        rest = iter(described)
        for one in group:
            if one.found is not None:
                yield one.found
                continue
            found = next(rest)
            if self.cache:
                self.cache.put(one.digest, self.settings, found)
            yield found

    def _extract(self, source: Source) -> D:
        self.extracted += 1
        return self._describe(source if isinstance(source, np.ndarray) else read_image(source))

    def check(self, query: Source) -> None:
        """Raise ValueError for an image that cannot be described or not be compared."""
        self.check_found(self.describe(query))

    def add(
        self,
        images: Iterable[Source],
        names: Sequence[str] | None = None,
        skip: Skip | None = None,
    ) -> None:
        """Describe images and add them.

        names: how results call them; the paths themselves by default.
        skip: called with (name, reason) for an image that cannot be used, which is then left
            out; without it such an image raises ValueError.
        """
        pairs = named(images, names)
        described = self.describe_all([image for _, image in pairs])
        for (name, _), found in zip(pairs, described, strict=True):
            self.admit(name, found, skip)

    def admit(self, name: str, found: D | Exception, skip: Skip | None = None) -> None:
        """Add an image by its description, or by the error that stands for it; see `add`."""
        try:
            if isinstance(found, Exception):
                raise found
            self.check_found(found)
        except (ValueError, OSError) as error:
            if skip is None:
                raise ValueError(f"images: {name} cannot be used: {error}") from error
            skip(name, str(error))
            return
        if name in self._found:
            self._changed(name)
        self._found[name] = found

    def discard(self, name: str) -> None:
        """Take an image out, if it is there."""
        if self._found.pop(name, None) is not None:
            self._changed(name)


def named(images: Iterable[Source], names: Sequence[str] | None) -> list[tuple[str, Source]]:
    """Images with their names, which are their paths by default."""
    images = list(images)
    names = [str(image) for image in images] if names is None else list(names)
    if len(names) != len(images):
        raise ValueError(f"names holds {len(names)} names for {len(images)} images")
    return list(zip(names, images, strict=True))


def check_top(top: int | None) -> None:
    """Raise ValueError unless a number of results, or all of them, is asked for."""
    if top is not None and top < 1:
        raise ValueError(f"top is {top}; wanted 1 or more results")


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise FileNotFoundError(f"source: there is no image file {path}")
    return Path(path)
