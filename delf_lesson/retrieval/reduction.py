"""Fewer dimensions for descriptors: L2, PCA, L2 (the paper's section 4.2; notebook 05)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalExtractor, l2_normalise
from delf_lesson.images import Pixels


@dataclass(frozen=True, eq=False)
class Pca:
    """Principal components of unit descriptors, without whitening.

    mean: float32 (D,); components: float32 (K, D), orthonormal rows, largest variance first;
    trained_on: the name of the set that they were computed from.

    The paper reduces DELF's descriptors to 40 numbers so. A port that whitened, and left the last
    L2 out, needed a match threshold of 3.4 for distances that cannot exceed 2.
    """

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    trained_on: str

    def __post_init__(self) -> None:
        mean = np.asarray(self.mean, np.float32)
        components = np.asarray(self.components, np.float32)
        if mean.ndim != 1 or components.ndim != 2 or components.shape[1] != len(mean):
            raise ValueError(
                f"components has shape {components.shape} and mean {mean.shape}; wanted (K, D) "
                "and (D,)"
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "components", components)

    @classmethod
    def fit(cls, rows: NDArray, dimensions: int, trained_on: str) -> "Pca":
        """The components of rows (N, D), each brought to unit length first.

        Raises ValueError unless `dimensions` is between 1 and the rank that N rows can have.
        """
        rows = np.asarray(rows)
        if rows.ndim != 2 or not 1 <= dimensions <= min(rows.shape[1], len(rows) - 1):
            raise ValueError(
                f"dimensions is {dimensions} and rows has shape {rows.shape}; wanted (N, D) with "
                "dimensions from 1 to D and below N"
            )
        unit = l2_normalise(rows).astype(np.float64)
        mean = unit.mean(axis=0)
        _, vectors = np.linalg.eigh(np.cov(unit - mean, rowvar=False))
        components = vectors[:, ::-1].T[:dimensions]
        # A sign is arbitrary: the largest entry of every component is positive.
        largest = np.abs(components).argmax(axis=1)
        components *= np.sign(components[np.arange(dimensions), largest])[:, None]
        return cls(mean.astype(np.float32), components.astype(np.float32), trained_on)

    @classmethod
    def of_extractor(
        cls,
        extractor: LocalExtractor,
        images: Iterable[Pixels],
        dimensions: int,
        trained_on: str,
    ) -> "Pca":
        """The components of the descriptors that an extractor keeps of images; see `fit`."""
        rows = [extractor.extract(image).descriptors for image in images]
        if not rows:
            raise ValueError("images is empty; wanted some to take descriptors of")
        return cls.fit(np.concatenate(rows), dimensions, trained_on)

    def apply(self, rows: NDArray) -> NDArray[np.float32]:
        """Rows (N, D) to unit rows (N, K)."""
        rows = np.asarray(rows, np.float32)
        if rows.ndim != 2 or rows.shape[1] != len(self.mean):
            raise ValueError(f"rows has shape {rows.shape}; wanted (N, {len(self.mean)})")
        return l2_normalise((l2_normalise(rows) - self.mean) @ self.components.T)
