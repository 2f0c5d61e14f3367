"""Search by one vector an image (slide "mAP Result", rows siaMAC and DIR; lab 07)."""

from collections.abc import Mapping
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import ImageVector
from delf_lesson.images import ImageSource
from delf_lesson.retrieval.calibration import least_surprise, surprises
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.expansion import expand_global
from delf_lesson.retrieval.voting import Confidence, Lap, Ranking, Result, reordered


class GlobalRetriever:
    """Ranks images by the cosine of their vectors and the query's (slide "mAP Result"; lab 07).

    database: the images. expand: the most images that expand the query, 0 for none. alpha: see
    `expand_global`. false_alarms: only images expand the query whose cosine is so high that about
    this many unrelated images reach it, see `least_surprise`; None for no limit, so that the
    first images expand the query whatever they show.

    A result's vote is the cosine. Ties are broken by the images' names.
    """

    confidence: Confidence = "vote"

    def __init__(
        self,
        database: ImageDatabase[ImageVector],
        expand: int = 0,
        alpha: float = 0.0,
        false_alarms: float | None = None,
    ) -> None:
        if expand < 0:
            raise ValueError(f"expand is {expand}; wanted 0 or more images")
        if false_alarms is not None:
            least_surprise(1, false_alarms)  # says what is wrong with it
        self.database = database
        self.databases = (database,)
        self.add = database.add
        self.expand = expand
        self.alpha = alpha
        self.false_alarms = false_alarms
        self._matrix: NDArray[np.float32] | None = None
        self._revision = database.revision

    def __len__(self) -> int:
        return len(self.database)

    @property
    def settings(self) -> Mapping[str, object]:
        """The extractor's."""
        return self.database.settings

    @property
    def names(self) -> list[str]:
        """The names of the images in order, which is that of the rows of `vectors`."""
        return sorted(self.database.descriptions)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The unit vectors (N, D) of the images, in the order of their names."""
        if not len(self):
            raise ValueError("the database is empty; add images before searching")
        stale = self._matrix is None or len(self._matrix) < len(self)
        if stale or self._revision != self.database.revision:
            self._matrix = np.stack([self.database[name].vector for name in self.names])
            self._revision = self.database.revision
        assert self._matrix is not None
        return self._matrix

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part; there are no places."""
        return {"vectors": self.vectors.nbytes}

    def describe(self, query: ImageSource) -> ImageVector:
        """The vector of a query."""
        return self.database.describe(query)

    def search(self, query: ImageSource, top: int | None = None) -> Ranking:
        """Rank the images for a query image; `top` keeps the first ones."""
        laps: list[Lap] = [("", perf_counter())]
        vector = self.describe(query)
        laps.append(("extract", perf_counter()))
        return self.rank(vector, top, laps)

    def rank(
        self, query: ImageVector, top: int | None = None, laps: list[Lap] | None = None
    ) -> Ranking:
        """Rank the images for the vector of a query. laps: see `Ranking.of`."""
        laps = [("", perf_counter())] if laps is None else laps
        vectors, names = self.vectors, self.names
        laps.append(("index", perf_counter()))
        cosine = vectors @ query.vector
        laps.append(("search", perf_counter()))
        if self.expand:
            first = self._trusted(cosine)
            cosine = vectors @ expand_global(query.vector, vectors[first], self.alpha)
            laps.append(("expand", perf_counter()))
        results = [Result(n, 0.0, 0, float(c)) for n, c in zip(names, cosine, strict=True)]
        return Ranking.of(reordered(results, "votes"), laps, top)

    def _trusted(self, cosine: NDArray[np.float32]) -> NDArray[np.int64]:
        """The images that expand the query, by their cosines with it (N,), the nearest first."""
        first = np.argsort(-cosine, kind="stable")[: self.expand]
        if self.false_alarms is None:
            return first
        least = least_surprise(len(cosine), self.false_alarms)
        return first[surprises(cosine)[first] > least]
