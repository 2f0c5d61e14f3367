"""The images that are searched: their features, described once, and the index over them."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from delf_lesson.features import LocalExtractor, LocalFeatures
from delf_lesson.images import Pixels, read_image
from delf_lesson.retrieval.cache import FeatureCache, content_digest
from delf_lesson.retrieval.compression import Compression
from delf_lesson.retrieval.index import FeatureIndex

Source = str | Path | Pixels


class Collection:
    """Images by name, with their local features and an index (notebook 06).

    extractor: gives the features. cache: where they are kept, or None to keep none. compression:
    of the index; None compares all descriptors (see `Compression`).

    The index is made when it is first asked for, of the images in the order of their names; later
    ones are appended. `extracted` counts what was described and not found in the cache.
    """

    def __init__(
        self,
        extractor: LocalExtractor,
        cache: FeatureCache | None = None,
        compression: Compression | None = None,
    ) -> None:
        self.extractor = extractor
        self.cache = cache
        self.compression = compression
        self.extracted = 0
        self._features: dict[str, LocalFeatures] = {}
        self._index: FeatureIndex | None = None

    def __len__(self) -> int:
        return len(self._features)

    @property
    def names(self) -> list[str]:
        """The names of the images, in the order of the index's positions."""
        return list(self.index.names) if self._features else []

    def describe(self, source: Source) -> LocalFeatures:
        """Local features of an image file or array, from the cache where it has them."""
        if self.cache is None:
            return self._extract(source)
        content = source if isinstance(source, np.ndarray) else _existing(source).read_bytes()
        digest = content_digest(content)
        kept = self.cache.get(digest, self.extractor.settings)
        if kept is None:
            kept = self._extract(source)
            self.cache.put(digest, self.extractor.settings, kept)
        return kept

    def _extract(self, source: Source) -> LocalFeatures:
        self.extracted += 1
        image = source if isinstance(source, np.ndarray) else read_image(source)
        return self.extractor.extract(image)

    def add(
        self,
        images: Iterable[Source],
        names: Sequence[str] | None = None,
        skip: Callable[[str, str], None] | None = None,
    ) -> None:
        """Describe images and add them to the collection.

        names: how results call them; the paths themselves by default.
        skip: called with (name, reason) for an image that cannot be used, which is then left
            out; without it such an image raises ValueError.
        """
        images = list(images)
        names = [str(image) for image in images] if names is None else list(names)
        if len(names) != len(images):
            raise ValueError(f"names holds {len(names)} names for {len(images)} images")
        for name, image in zip(names, images, strict=True):
            try:
                features = self.describe(image)
                if len(features) == 0:
                    raise ValueError("no keypoints were found in it")
            except (ValueError, OSError) as error:
                if skip is None:
                    raise ValueError(f"images: {name} cannot be used: {error}") from error
                skip(name, str(error))
                continue
            if name in self._features:
                self._index = None  # what the index holds of it is out of date
            self._features[name] = features

    def features_of(self, name: str) -> LocalFeatures:
        """The features of an image of the collection."""
        return self._features[name]

    @property
    def index(self) -> FeatureIndex:
        """The index over the collection, brought up to date when it is asked for."""
        if not self._features:
            raise ValueError("the collection is empty; add images before searching")
        if self._index is None:
            self._index = FeatureIndex.of(self._features, self.compression)
        elif len(self._index.names) < len(self._features):
            new = sorted(self._features.keys() - set(self._index.names))
            self._index.add({name: self._features[name] for name in new})
        return self._index


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise FileNotFoundError(f"source: there is no image file {path}")
    return Path(path)
