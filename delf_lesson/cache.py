"""Features on disk: an image is described once, and read back when it is asked for (lab 06)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from delf_lesson.features import (
    FORMAT_VERSION,
    Description,
    ImageVector,
    LocalFeatures,
    load_description,
)
from delf_lesson.files import cache_dir

D = TypeVar("D", LocalFeatures, ImageVector)


@dataclass(frozen=True)
class FeatureCache:
    """A folder of features and vectors, one file for each image content and extractor settings.

    Entries are written whole or not at all; one that cannot be read counts as absent and is
    written again. A folder that cannot be written to is no error: nothing is kept then.
    """

    folder: Path

    @classmethod
    def default(cls) -> "FeatureCache":
        """The cache in `$DELF_LESSON_CACHE`, or in the user's own cache folder."""
        return cls(cache_dir() / "features")

    def path(self, digest: str, settings: Mapping[str, object]) -> Path:
        """The file for the description of this content by an extractor of these settings."""
        recipe = json.dumps({"format": FORMAT_VERSION, **settings}, sort_keys=True)
        key = hashlib.sha256(f"{digest} {recipe}".encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.npz"

    def get(self, digest: str, settings: Mapping[str, object]) -> Description | None:
        """The description that was stored, or None."""
        path = self.path(digest, settings)
        if not path.is_file():
            return None
        try:
            return load_description(path)
        except (OSError, ValueError):
            return None

    def put(self, digest: str, settings: Mapping[str, object], description: Description) -> None:
        """Store a description."""
        path = self.path(digest, settings)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            description.save(path)
        except OSError:
            return


class FeatureStore(Mapping[str, D]):
    """Descriptions by image name that stay on disk; only the content's digests are in memory.

    cache: holds all of them. settings: of the extractor. digests: of the images' content, by name.

    Raises ValueError when a description that is missing or damaged is asked for.
    """

    def __init__(
        self, cache: FeatureCache, settings: Mapping[str, object], digests: Mapping[str, str]
    ) -> None:
        self._cache = cache
        self._settings = settings
        self._digests = digests

    def __len__(self) -> int:
        return len(self._digests)

    @property
    def bytes(self) -> int:
        """What the descriptions take on disk; that of equal images counts once."""
        paths = {self._cache.path(digest, self._settings) for digest in self._digests.values()}
        return sum(path.stat().st_size for path in paths if path.is_file())

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __contains__(self, name: object) -> bool:
        return name in self._digests

    def __getitem__(self, name: str) -> D:
        description = self._cache.get(self._digests[name], self._settings)
        if description is None:
            raise ValueError(
                f"name: the description of {name} in {self._cache.folder} is missing or damaged; "
                "index the folder again"
            )
        return cast(D, description)
