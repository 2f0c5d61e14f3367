"""Shorter descriptors: L2, PCA or whitening, L2 (the paper's section 4.2; lab 05)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalExtractor, LocalFeatures, l2_normalise
from delf_lesson.images import Pixels


@dataclass(frozen=True, eq=False)
class Projection:
    """L2-normalise, subtract a mean, multiply by a matrix, L2-normalise.

    mean: float32 (D,); components: float32 (K, D), the most useful row first; trained_on: the
    name of the set that they were computed from.
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

    def apply(self, rows: NDArray[np.floating]) -> NDArray[np.float32]:
        """Rows (N, D) to unit rows (N, K)."""
        rows = np.asarray(rows, np.float32)
        if rows.ndim != 2 or rows.shape[1] != len(self.mean):
            raise ValueError(f"rows has shape {rows.shape}; wanted (N, {len(self.mean)})")
        return l2_normalise((l2_normalise(rows) - self.mean) @ self.components.T)


class Pca(Projection):
    """Principal components of unit descriptors, without whitening.

    components: orthonormal rows, largest variance first.

    The paper reduces DELF's descriptors to 40 numbers in this way. A port that whitened, and left
    the last L2 out, needed a match threshold of 3.4 for distances that cannot exceed 2.
    """

    @classmethod
    def fit(cls, rows: NDArray[np.floating], dimensions: int, trained_on: str) -> Self:
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
        components = _signed(vectors[:, ::-1].T[:dimensions])
        return cls(mean.astype(np.float32), components.astype(np.float32), trained_on)

    @classmethod
    def of_extractor(
        cls,
        extractor: LocalExtractor,
        images: Iterable[Pixels],
        dimensions: int,
        trained_on: str,
    ) -> Self:
        """The components of the descriptors that an extractor keeps of images; see `fit`."""
        rows = [extractor.extract(image).descriptors for image in images]
        if not rows:
            raise ValueError("images is empty; wanted some to take descriptors of")
        return cls.fit(np.concatenate(rows), dimensions, trained_on)


class LearnedWhitening(Projection):
    """Whitening learned from matching pairs, for global vectors as MAC (lab 07).

    Directions in which two images of the same thing differ are shrunk. Then the directions in which
    all images differ most come first (Mikolajczyk and Matas, ICCV 2007; Radenović et al., ECCV
    2016).
    """

    @classmethod
    def fit(
        cls,
        queries: NDArray[np.floating],
        positives: NDArray[np.floating],
        dimensions: int,
        trained_on: str,
        ridge: float = 0.0,
    ) -> Self:
        """Fit to vectors (N, D) of images, and of a second image (N, D) of what each shows.

        ridge: is added to the variance of every direction of the differences, as a share of their
        mean variance. Otherwise a direction in which the pairs hardly differ is stretched most,
        and noise of other images with it.

        With C the covariance of their differences, P = eigᵀ C^(-1/2), where C^(-1/2) is the
        inverse of C's Cholesky factor and eig holds the principal directions of all vectors after
        it. Raises ValueError for unequal shapes, or fewer pairs than D + 1 or otherwise singular C.
        """
        queries, positives = np.asarray(queries), np.asarray(positives)
        if queries.shape != positives.shape or queries.ndim != 2:
            raise ValueError(
                f"queries has shape {queries.shape} and positives {positives.shape}; wanted (N, D) "
                "for both"
            )
        count, width = queries.shape
        if not 1 <= dimensions <= width or count <= width:
            raise ValueError(
                f"dimensions is {dimensions} and queries has shape {queries.shape}; wanted "
                "dimensions from 1 to D, and more pairs than D"
            )
        first, second = (l2_normalise(v).astype(np.float64) for v in (queries, positives))
        mean = first.mean(axis=0)
        difference = first - second
        try:
            covariance = difference.T @ difference / count
            covariance += ridge * np.trace(covariance) / width * np.eye(width)
            factor = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError as error:
            raise ValueError(
                "positives: the pairs do not differ in every direction; give more of them"
            ) from error
        whitened = np.linalg.solve(factor, (np.concatenate([first, second]) - mean).T)  # (D, 2N)
        _, vectors = np.linalg.eigh(whitened @ whitened.T)
        directions = _signed(vectors[:, ::-1].T[:dimensions])
        components = np.linalg.solve(factor.T, directions.T).T  # directions @ inverse of factor
        return cls(mean.astype(np.float32), components.astype(np.float32), trained_on)


def _signed(components: NDArray[np.float64]) -> NDArray[np.float64]:
    """A component's sign is arbitrary: the largest entry of every row (K, D) becomes positive."""
    largest = np.abs(components).argmax(axis=1)
    signs: NDArray[np.float64] = np.sign(components[np.arange(len(components)), largest])
    return components * signs[:, None]


@dataclass(frozen=True)
class Reduced:
    """Features of another extractor, their descriptors projected; a `LocalExtractor` itself."""

    extractor: LocalExtractor
    reduction: Projection

    @property
    def settings(self) -> Mapping[str, object]:
        """Those of the extractor, and a digest of the projection."""
        content = self.reduction.mean.tobytes() + self.reduction.components.tobytes()
        return {**self.extractor.settings, "reduction": hashlib.sha256(content).hexdigest()}

    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image; an image without any gives none."""
        features = self.extractor.extract(image)
        return replace(features, descriptors=self.reduction.apply(features.descriptors))
