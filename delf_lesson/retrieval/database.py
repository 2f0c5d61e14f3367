"""Images by name, each read and described once (lab 06)."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from delf_lesson.cache import FeatureCache
from delf_lesson.features import Extractor, ImageVector, LocalFeatures, check_usable
from delf_lesson.images import ImageSource, LoadedImage, prefetch

D = TypeVar("D", LocalFeatures, ImageVector)
S = TypeVar("S")

Skip = Callable[[str, str], None]
"""Called with the name of an image that cannot be used, and the reason."""

READERS = 8
"""Threads that read images for an extractor that describes several at a time."""
BATCHES_AHEAD = 3
"""Batches that are read ahead."""
BATCHES_AT_WORK = 2
"""Batches that are described at once: while a GPU has one, the other is copied to it or from it."""


class Progress(Protocol):
    """Shows how far some steps are, as a progress bar does, and passes them on."""

    def __call__(self, steps: Iterable[S], label: str, count: int | None = None) -> Iterable[S]:
        """The steps. label: what they do. count: their number, where they have no length."""


def no_progress(steps: Iterable[S], label: str, count: int | None = None) -> Iterable[S]:
    """Pass the steps on and show nothing."""
    return steps


class ImageDatabase(Generic[D]):
    """Describes images, stores the descriptions, and keeps them by the images' names.

    extractor: describes images. cache: stores descriptions on disk, or None. descriptions: by
    name, of a database that was described before; nothing can be added to it. batch: how many
    images the extractor describes at once.

    An image is read from disk once. `described` counts the images that the extractor described,
    so those from the cache do not count. `revision` grows when an image that was there is
    described again or removed.
    """

    def __init__(
        self,
        extractor: Extractor[D],
        cache: FeatureCache | None = None,
        descriptions: Mapping[str, D] | None = None,
    ) -> None:
        self.extractor: Extractor[D] = extractor
        self.cache = cache
        self.settings = extractor.settings
        self.batch = int(getattr(extractor, "batch", 1))
        self.described = 0
        self.revision = 0
        self.descriptions: Mapping[str, D] = {} if descriptions is None else descriptions
        self.fixed = descriptions is not None

    def __len__(self) -> int:
        return len(self.descriptions)

    def __getitem__(self, name: str) -> D:
        return self.descriptions[name]

    def describe(self, image: ImageSource) -> D:
        """The description of an image, from the cache if it is there.

        Raises FileNotFoundError, OSError or ValueError for an image that cannot be read.
        """
        loaded = LoadedImage.of(image)
        if self.cache is None:
            self.described += 1
            return self.extractor.extract(loaded.pixels)
        stored = self.cache.get(loaded.digest, self.settings)
        if stored is not None:
            return cast(D, stored)
        self.described += 1
        description = self.extractor.extract(loaded.pixels)
        self.cache.put(loaded.digest, self.settings, description)
        return description

    def describe_all(self, images: Iterable[ImageSource]) -> Iterator[D | Exception]:
        """Descriptions in the order of the images; an error stands for an unreadable image.

        An extractor with a batch of more than one gets neighbouring images of one size together,
        and threads read and prepare the next ones meanwhile.
        """
        if self.batch > 1:
            yield from self._describe_batches(images)
            return
        for image in images:
            try:
                yield self.describe(image)
            except (ValueError, OSError) as error:
                yield error

    def add(
        self,
        images: Iterable[ImageSource],
        names: Sequence[str] | None = None,
        skip: Skip | None = None,
    ) -> None:
        """Describe images and add them.

        names: of the images in results; by default their paths. skip: called for an image that
        cannot be used, which is then left out; without it that image raises ValueError.
        """
        pairs = with_names(images, names)
        descriptions = self.describe_all([image for _, image in pairs])
        for (name, _), description in zip(pairs, descriptions, strict=True):
            self.insert(name, description, skip)

    def insert(self, name: str, description: D | Exception, skip: Skip | None = None) -> None:
        """Add an image by its description, or by the error that stands for it; see `add`."""
        if self.fixed:
            raise ValueError("the database was described before; nothing can be added to it")
        try:
            usable = check_usable(description)
        except (ValueError, OSError) as error:
            if skip is None:
                raise ValueError(f"images: {name} cannot be used: {error}") from error
            skip(name, str(error))
            return
        self.revision += name in self.descriptions
        cast(dict[str, D], self.descriptions)[name] = usable

    def discard(self, name: str) -> None:
        """Remove an image, if it is there."""
        if name in self.descriptions:
            del cast(dict[str, D], self.descriptions)[name]
            self.revision += 1

    def _describe_batches(self, images: Iterable[ImageSource]) -> Iterator[D | Exception]:
        prepared = prefetch(self._prepare, images, READERS, BATCHES_AHEAD * self.batch)
        batches = group(prepared, lambda image: image.size, self.batch)
        described = prefetch(self._extract_batch, batches, BATCHES_AT_WORK, BATCHES_AT_WORK - 1)
        for batch, new in described:
            self.described += len(new)
            extracted = iter(new)
            for image in batch:
                if image.description is not None:
                    yield image.description
                    continue
                description = next(extracted)
                if self.cache:
                    self.cache.put(image.loaded.digest, self.settings, description)
                yield description

    def _prepare(self, image: ImageSource) -> "PreparedImage[D]":
        """Read and prepare an image, unless the cache has it; several threads do this."""
        loaded = LoadedImage.of(image)
        try:
            stored = self.cache.get(loaded.digest, self.settings) if self.cache else None
            if stored is not None:
                return PreparedImage(loaded, cast(D, stored))
            pixels = loaded.pixels
            extractor: Any = self.extractor
            return PreparedImage(loaded, None, extractor.prepare(pixels), pixels.shape[:2])
        except (ValueError, OSError) as error:
            return PreparedImage(loaded, error)

    def _extract_batch(
        self, batch: list["PreparedImage[D]"]
    ) -> tuple[list["PreparedImage[D]"], list[D]]:
        """A batch, and the descriptions of those of its images that had none; in two threads."""
        extractor: Any = self.extractor
        new = [image.prepared for image in batch if image.description is None]
        return batch, list(extractor.extract_prepared(new)) if new else []


@dataclass(frozen=True)
class PreparedImage(Generic[D]):
    """An image before the network: its description if it is known, else what was prepared."""

    loaded: LoadedImage
    description: D | Exception | None
    prepared: Any = None
    size: tuple[int, ...] | None = None


def with_names(
    images: Iterable[ImageSource], names: Sequence[str] | None
) -> list[tuple[str, ImageSource]]:
    """Images with their names, which are their paths by default."""
    images = list(images)
    names = [str(image) for image in images] if names is None else list(names)
    if len(names) != len(images):
        raise ValueError(f"names holds {len(names)} names for {len(images)} images")
    return list(zip(names, images, strict=True))


def group(items: Iterable[S], kind: Callable[[S], Hashable | None], most: int) -> Iterator[list[S]]:
    """Lists of items in their order, of at most `most` items, all of one kind.

    An item whose kind is None goes with any other.
    """
    batch: list[S] = []
    for item in items:
        kinds = {kind(member) for member in (*batch, item)} - {None}
        if len(batch) == most or len(kinds) > 1:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
