"""Images by name, each described once: what all engines have in common (notebook 06)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np

from delf_lesson.features import ImageVector, LocalFeatures
from delf_lesson.images import Pixels, read_image
from delf_lesson.retrieval.cache import FeatureCache, content_digest
from delf_lesson.retrieval.ranking import Ranking

Source = str | Path | Pixels
Skip = Callable[[str, str], None]
Confidence = Literal["inliers", "vote"]
"""Which number of a result can be compared between queries; inliers with the vote for ties."""


class Engine(Protocol):
    """Images are added, then searched; local features, whole images and both do it.

    extracted: images that were really described, and not found in a cache. settings: all that
    changes what an image is described by, as plain values. confidence: of the results.
    """

    @property
    def extracted(self) -> int:
        """How often something was really described."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Plain values."""

    @property
    def confidence(self) -> Confidence:
        """See `Confidence`."""

    @property
    def names(self) -> list[str]:
        """The names of the images."""

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part; "places" is what verification needs beside the index."""

    def __len__(self) -> int:
        """How many images there are."""

    def add(
        self,
        images: Iterable[Source],
        names: Sequence[str] | None = None,
        skip: Skip | None = None,
    ) -> None:
        """Describe images and add them."""

    def check(self, query: Source) -> None:
        """Raise ValueError for an image that cannot be searched for."""

    def search(self, query: Source, top: int | None = None) -> Ranking:
        """Rank the images for a query."""


D = TypeVar("D", LocalFeatures, ImageVector)


class Described(ABC, Generic[D]):
    """Images by name and what each was described by; descriptions may be kept on disk.

    kind: of the descriptions. cache: where they are kept, or None to keep none. `extracted` counts
    what was described and not found there.
    """

    def __init__(self, kind: type[D], cache: FeatureCache | None = None) -> None:
        self.kind: type[D] = kind
        self.cache = cache
        self.extracted = 0
        self._found: dict[str, D] = {}

    def __len__(self) -> int:
        return len(self._found)

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, object]:
        """All that changes a description, as plain numbers and strings."""

    @abstractmethod
    def _describe(self, image: Pixels) -> D:
        """Describe an image."""

    def _check(self, found: D) -> None:
        """Raise ValueError for a description that nothing can be compared with."""

    def _changed(self, name: str) -> None:
        """An image that was there before is described anew or taken out."""

    def describe(self, source: Source) -> D:
        """The description of an image file or array, from the cache where it has it."""
        if self.cache is None:
            return self._extract(source)
        content = source if isinstance(source, np.ndarray) else _existing(source).read_bytes()
        digest = content_digest(content)
        kept = self.cache.get(digest, self.settings, self.kind)
        if kept is None:
            kept = self._extract(source)
            self.cache.put(digest, self.settings, kept)
        return kept

    def _extract(self, source: Source) -> D:
        self.extracted += 1
        return self._describe(source if isinstance(source, np.ndarray) else read_image(source))

    def check(self, query: Source) -> None:
        """Raise ValueError for an image that cannot be described or not be compared."""
        self._check(self.describe(query))

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
        for name, image in named(images, names):
            try:
                found = self.describe(image)
                self._check(found)
            except (ValueError, OSError) as error:
                if skip is None:
                    raise ValueError(f"images: {name} cannot be used: {error}") from error
                skip(name, str(error))
                continue
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
