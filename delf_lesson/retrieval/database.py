"""Images by name, each read and described once (lab 06)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from delf_lesson.cache import FeatureCache, content_digest
from delf_lesson.features import ImageVector, LocalExtractor, LocalFeatures
from delf_lesson.images import Pixels, ahead, groups, read_image
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.ranking import Ranking
from delf_lesson.retrieval.voting import Neighbours

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
    def batch(self) -> int:
        """How many images are described at once; `add` is quickest with some times as many."""

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


if TYPE_CHECKING:
    from delf_lesson.deep.torch_index import TorchIndex


class Searchable(Protocol):
    """An index of images: a `FeatureIndex`, or several that are searched as one."""

    names: list[str]

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part."""

    def search(
        self, descriptors: NDArray[np.float32], k: int, probes: int | None = None
    ) -> Neighbours:
        """See `FeatureIndex.search`."""


class Collection(Described[LocalFeatures]):
    """Images by name, with their local features and an index (notebook 06).

    extractor: gives the features. cache: where they are kept, or None to keep none. compression:
    of the index; None compares all descriptors (see `Compression`). device: where they are
    compared, as "cuda"; codes are searched by processors.

    The index is made when it is first asked for, of the images in the order of their names; later
    ones are appended.
    """

    extractor: LocalExtractor

    def __init__(
        self,
        extractor: LocalExtractor,
        cache: FeatureCache | None = None,
        compression: Compression | None = None,
        device: str = "cpu",
    ) -> None:
        super().__init__(LocalFeatures, extractor, cache)
        self.compression = compression
        self.device = device
        self._index: FeatureIndex | TorchIndex | None = None
        self._restored: tuple[Mapping[str, LocalFeatures], Searchable] | None = None

    def __len__(self) -> int:
        return len(self._restored[0]) if self._restored else len(self._found)

    def restore(self, found: Mapping[str, LocalFeatures], index: Searchable) -> None:
        """Search an index that was made before, and take features from where they were kept.

        found: of the index's images, by name. Nothing can be added then. Raises ValueError if the
        collection is not empty, or the two do not hold the same images.
        """
        if len(self):
            raise ValueError(f"the collection holds {len(self)} images; restore into an empty one")
        if set(found) != set(index.names):
            raise ValueError(
                f"found holds {len(found)} images and index {len(index.names)}, not the same ones"
            )
        self._restored = found, index

    def admit(self, name: str, found: LocalFeatures | Exception, skip: Skip | None = None) -> None:
        """See `Described.admit`. Raises ValueError if the index was restored."""
        if self._restored:
            raise ValueError("the index was restored, and nothing can be added to it here")
        super().admit(name, found, skip)

    @property
    def names(self) -> list[str]:
        """The names of the images, in the order of the index's positions."""
        return list(self.index.names) if len(self) else []

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part: the index's own, and the places of keypoints for verification."""
        if self._restored:
            return self.index.bytes
        places = sum(features.xy.nbytes for features in self._found.values())
        return {**self.index.bytes, "places": places}

    def features_of(self, name: str) -> LocalFeatures:
        """The features of an image of the collection."""
        return self._restored[0][name] if self._restored else self._found[name]

    @property
    def index(self) -> Searchable:
        """The index over the collection, brought up to date when it is asked for."""
        if self._restored:
            return self._restored[1]
        if not self._found:
            raise ValueError("the collection is empty; add images before searching")
        if self._index is None:
            self._index = self._made()
        elif len(self._index.names) < len(self._found):
            new = sorted(self._found.keys() - set(self._index.names))
            self._index.add({name: self._found[name] for name in new})
        return self._index

    def _made(self) -> "FeatureIndex | TorchIndex":
        if self.compression is None and self.device != "cpu":
            # Here, not above: the classical systems need no torch.
            from delf_lesson.deep.torch_index import TorchIndex

            return TorchIndex.of(self._found, self.device)
        return FeatureIndex.of(self._found, self.compression)

    def _describe(self, image: Pixels) -> LocalFeatures:
        return self.extractor.extract(image)

    def _describe_prepared(self, prepared: Sequence[Any]) -> list[LocalFeatures]:
        of_several: Any = self.extractor
        return list(of_several.extract_prepared(prepared))

    def check_found(self, found: LocalFeatures) -> None:
        """Raise ValueError for an image without keypoints."""
        if len(found) == 0:
            raise ValueError("no keypoints were found in it; take one with more detail")

    def _changed(self, name: str) -> None:
        self._index = None  # what it holds of the image is out of date
