"""The images that are searched: their features, described once, and the index over them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalExtractor, LocalFeatures
from delf_lesson.images import Pixels
from delf_lesson.retrieval.cache import FeatureCache
from delf_lesson.retrieval.compression import Compression
from delf_lesson.retrieval.described import Described
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.neighbours import Neighbours
from delf_lesson.retrieval.searching import Skip

if TYPE_CHECKING:
    from delf_lesson.retrieval.device_index import DeviceIndex


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
        self._index: FeatureIndex | DeviceIndex | None = None
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

    def _made(self) -> "FeatureIndex | DeviceIndex":
        if self.compression is None and self.device != "cpu":
            # Here, not above: the classical systems need no torch.
            from delf_lesson.retrieval.device_index import DeviceIndex

            return DeviceIndex.of(self._found, self.device)
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
