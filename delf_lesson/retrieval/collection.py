"""The images that are searched: their features, described once, and the index over them."""

from collections.abc import Mapping

from delf_lesson.features import LocalExtractor, LocalFeatures
from delf_lesson.images import Pixels
from delf_lesson.retrieval.cache import FeatureCache
from delf_lesson.retrieval.compression import Compression
from delf_lesson.retrieval.described import Described
from delf_lesson.retrieval.index import FeatureIndex


class Collection(Described[LocalFeatures]):
    """Images by name, with their local features and an index (notebook 06).

    extractor: gives the features. cache: where they are kept, or None to keep none. compression:
    of the index; None compares all descriptors (see `Compression`).

    The index is made when it is first asked for, of the images in the order of their names; later
    ones are appended.
    """

    def __init__(
        self,
        extractor: LocalExtractor,
        cache: FeatureCache | None = None,
        compression: Compression | None = None,
    ) -> None:
        super().__init__(LocalFeatures, cache)
        self.extractor = extractor
        self.compression = compression
        self._index: FeatureIndex | None = None

    @property
    def settings(self) -> Mapping[str, object]:
        """The extractor's."""
        return self.extractor.settings

    @property
    def names(self) -> list[str]:
        """The names of the images, in the order of the index's positions."""
        return list(self.index.names) if self._found else []

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part: the index's own, and the places of keypoints for verification."""
        places = sum(features.xy.nbytes for features in self._found.values())
        return {**self.index.bytes, "places": places}

    def features_of(self, name: str) -> LocalFeatures:
        """The features of an image of the collection."""
        return self._found[name]

    @property
    def index(self) -> FeatureIndex:
        """The index over the collection, brought up to date when it is asked for."""
        if not self._found:
            raise ValueError("the collection is empty; add images before searching")
        if self._index is None:
            self._index = FeatureIndex.of(self._found, self.compression)
        elif len(self._index.names) < len(self._found):
            new = sorted(self._found.keys() - set(self._index.names))
            self._index.add({name: self._found[name] for name in new})
        return self._index

    def _describe(self, image: Pixels) -> LocalFeatures:
        return self.extractor.extract(image)

    def _check(self, found: LocalFeatures) -> None:
        if len(found) == 0:
            raise ValueError("no keypoints were found in it; take one with more detail")

    def _changed(self, name: str) -> None:
        self._index = None  # what it holds of the image is out of date
