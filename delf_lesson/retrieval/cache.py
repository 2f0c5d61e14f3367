"""Features on disk, so that an image is described once (notebook 06)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from delf_lesson.features import FORMAT_VERSION, ImageVector, LocalFeatures
from delf_lesson.paths import cache_dir

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
