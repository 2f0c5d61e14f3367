"""Features on disk: an image is described once, and read back when it is asked for (lab 06)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from delf_lesson.features import FORMAT_VERSION, ImageVector, LocalFeatures
from delf_lesson.files import cache_dir

D = TypeVar("D", LocalFeatures, ImageVector)


def content_digest(content: bytes | np.ndarray) -> str:
    """SHA-256 of a file's bytes, or of an array's shape, type and values."""
    if isinstance(content, np.ndarray):
        head = f"{content.shape} {content.dtype}".encode()
        return hashlib.sha256(head + np.ascontiguousarray(content).tobytes()).hexdigest()
    return hashlib.sha256(content).hexdigest()


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
        """The file that holds the features of this content by an extractor of these settings."""
        recipe = json.dumps({"format": FORMAT_VERSION, **settings}, sort_keys=True)
        key = hashlib.sha256(f"{digest} {recipe}".encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.npz"

    def get(self, digest: str, settings: Mapping[str, object], kind: type[D]) -> D | None:
        """The description of that kind which was kept, or None."""
        try:
            return kind.load(self.path(digest, settings))
        except (OSError, ValueError):
            return None

    def put(self, digest: str, settings: Mapping[str, object], found: D) -> None:
        """Keep a description."""
        path = self.path(digest, settings)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            found.save(path)
        except OSError:
            return


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
