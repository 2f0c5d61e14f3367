"""Descriptions that stay on disk until they are asked for."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from delf_lesson.features import ImageVector, LocalFeatures
from delf_lesson.retrieval.cache import FeatureCache

D = TypeVar("D", LocalFeatures, ImageVector)


class Kept(Mapping[str, D]):
    """Images' descriptions by name, of which only the digest of the content is held in memory.

    cache: holds all of them. settings: of what described them. kind: of the descriptions.
    digests: of the images' content, by name.

    Raises ValueError, when it is asked for, for one that is missing or damaged.
    """

    def __init__(
        self,
        cache: FeatureCache,
        settings: Mapping[str, object],
        kind: type[D],
        digests: Mapping[str, str],
    ) -> None:
        self._cache = cache
        self._settings = settings
        self._kind: type[D] = kind
        self._digests = digests

    def __len__(self) -> int:
        return len(self._digests)

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __contains__(self, name: object) -> bool:
        return name in self._digests

    def __getitem__(self, name: str) -> D:
        found = self._cache.get(self._digests[name], self._settings, self._kind)
        if found is None:
            raise ValueError(
                f"name: the description of {name} in {self._cache.folder} is missing or damaged; "
                "index the folder again"
            )
        return found
