"""What passes from extractors to retrieval: keypoints with their descriptors, or one vector."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from delf_lesson.files import write_atomically

FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False)
class LocalFeatures:
    """N keypoints of one image and their D-dimensional descriptors (slides "Recap"; lab 00).

    xy: float32 (N, 2), `(x, y)` in pixels of the image given to the extractor, pixel centres at
        integers.
    descriptors: float32 (N, D), each row of unit L2 norm.
    scores: float32 (N,), larger is better; its unit belongs to the extractor.
    scales: float32 (N,), the resizing of the image at which the feature has its extractor's
        native size: 0.5 means twice as large in the image as one of scale 1.
    image_size: `(width, height)` of the image in pixels.

    The arrays are read-only copies. Raises ValueError naming the field that breaks this.
    """

    xy: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    scores: NDArray[np.float32]
    scales: NDArray[np.float32]
    image_size: tuple[int, int]

    def __post_init__(self) -> None:
        for name in ("xy", "descriptors", "scores", "scales"):
            array = np.array(getattr(self, name), dtype=np.float32)
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds NaN or infinite values; every value must be finite")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        n = len(self.xy) if self.xy.ndim else 0
        if self.xy.shape != (n, 2):
            raise ValueError(f"xy has shape {self.xy.shape}; wanted (N, 2), one (x, y) a row")
        if self.descriptors.ndim != 2 or len(self.descriptors) != n:
            raise ValueError(f"descriptors has shape {self.descriptors.shape}; wanted ({n}, D)")
        for name in ("scores", "scales"):
            if getattr(self, name).shape != (n,):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}; wanted ({n},)")
        if (self.scales <= 0).any():
            raise ValueError("scales holds values that are not positive")
        norms = np.linalg.norm(self.descriptors, axis=1)
        if n and np.abs(norms - 1).max() > 1e-3:
            raise ValueError(
                f"descriptors holds rows of L2 norm {norms.min():.3f} to {norms.max():.3f}; "
                "divide each row by its norm"
            )
        size = tuple(int(side) for side in self.image_size)
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f"image_size is {self.image_size}; wanted (width, height) in pixels")
        object.__setattr__(self, "image_size", size)

    def __len__(self) -> int:
        return len(self.xy)

    def select(self, rows: NDArray) -> "LocalFeatures":
        """The features of the given rows (indices or a boolean mask), in that order."""
        return LocalFeatures(
            self.xy[rows],
            self.descriptors[rows],
            self.scores[rows],
            self.scales[rows],
            self.image_size,
        )

    def top(self, k: int) -> "LocalFeatures":
        """The k features of the highest scores, best first; ties keep their order."""
        return self.select(np.argsort(-self.scores, kind="stable")[:k])

    def save(self, path: str | Path) -> None:
        """Write all fields to one `.npz` without pickle; an older file stays whole until then."""
        _save(path, self)

    @classmethod
    def load(cls, path: str | Path) -> "LocalFeatures":
        """Read what `save` wrote.

        Raises FileNotFoundError if there is no such file, and ValueError if it is damaged, of
        another version or not a features file.
        """
        return cls(**_load(path, cls))


@dataclass(frozen=True, eq=False)
class ImageVector:
    """One unit vector that describes a whole image: `vector`, float32 (D,) (lab 07)."""

    vector: NDArray[np.float32]

    def __post_init__(self) -> None:
        vector = np.array(self.vector, dtype=np.float32)
        if vector.ndim != 1 or not abs(np.linalg.norm(vector) - 1) <= 1e-3:
            raise ValueError(f"vector has shape {vector.shape}; wanted (D,), of unit L2 norm")
        vector.flags.writeable = False
        object.__setattr__(self, "vector", vector)

    def __len__(self) -> int:
        return 1

    def save(self, path: str | Path) -> None:
        """Write it to one `.npz` without pickle; an older file stays whole until then."""
        _save(path, self)

    @classmethod
    def load(cls, path: str | Path) -> "ImageVector":
        """Read what `save` wrote; raises as `LocalFeatures.load` does."""
        return cls(**_load(path, cls))


Description = LocalFeatures | ImageVector
"""What an extractor says of an image."""


def load_description(path: str | Path) -> Description:
    """Read the features or the vector that a file holds; raises as `LocalFeatures.load` does."""
    values = _read(path)
    kind = ImageVector if "vector" in values else LocalFeatures
    return kind(**_fields(path, values, kind))


def _save(path: str | Path, description: Description) -> None:
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        field.name: np.asarray(getattr(description, field.name)) for field in fields(description)
    }
    np.savez(buffer, version=np.int64(FORMAT_VERSION), **arrays)
    write_atomically(path, buffer.getvalue())


def _load(path: str | Path, kind: type[LocalFeatures] | type[ImageVector]) -> dict[str, Any]:
    return _fields(path, _read(path), kind)


def _read(path: str | Path) -> dict[str, Any]:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no features file {path}")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            values = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"path: {path} is not a whole features file; extract again") from error
    version = int(values.pop("version", -1))
    if version != FORMAT_VERSION:
        raise ValueError(
            f"path: {path} has features format {version}, this package reads "
            f"{FORMAT_VERSION}; extract again"
        )
    return values


def _fields(
    path: str | Path, values: dict[str, Any], kind: type[LocalFeatures] | type[ImageVector]
) -> dict[str, Any]:
    missing = {field.name for field in fields(kind)} - set(values)
    if missing:
        raise ValueError(f"path: {path} lacks {', '.join(sorted(missing))}; extract again")
    return values


def l2_normalise(rows: NDArray) -> NDArray[np.float32]:
    """Each row (N, D) divided by its L2 norm; rows of zeros become the constant unit row."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    even = np.full(rows.shape[1], rows.shape[1] ** -0.5)
    return np.where(norms > 0, rows / np.maximum(norms, 1e-12), even).astype(np.float32)


D = TypeVar("D", LocalFeatures, ImageVector)


def check_usable(description: D | Exception) -> D:
    """The description itself. Raises it if it is an error, ValueError if it is empty."""
    if isinstance(description, Exception):
        raise description
    if len(description) == 0:
        raise ValueError("no keypoints were found in it; take one with more detail")
    return description


def check_limits(max_keypoints: int, max_side: int) -> None:
    """Raise ValueError unless both limits of an extractor are 1 or more."""
    if max_keypoints < 1 or max_side < 1:
        raise ValueError(
            f"max_keypoints is {max_keypoints} and max_side is {max_side}; both must be 1 or more"
        )


D_co = TypeVar("D_co", LocalFeatures, ImageVector, covariant=True)


@runtime_checkable
class Extractor(Protocol[D_co]):
    """Anything that describes an image, by local features or by one vector.

    `settings` holds everything that changes its result, as plain numbers and strings: descriptions
    on disk are looked up by it.

    A network may describe several images of one size at once. It then has a `batch` over 1, a
    method `prepare(image)` for what threads can do ahead, and `extract_prepared(prepared)`, which
    returns the descriptions of a list of prepared images.
    """

    @property
    def settings(self) -> Mapping[str, object]:
        """Plain numbers and strings."""

    def extract(self, image: NDArray[np.uint8]) -> D_co:
        """The description of a `uint8` RGB (H, W, 3) image."""


LocalExtractor = Extractor[LocalFeatures]
GlobalExtractor = Extractor[ImageVector]
