"""Search by one vector an image (slide "mAP Result", rows siaMAC and DIR; notebook 07)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import GlobalExtractor, ImageVector
from delf_lesson.images import Pixels
from delf_lesson.retrieval.cache import FeatureCache
from delf_lesson.retrieval.described import Described, check_top
from delf_lesson.retrieval.expansion import expand_global
from delf_lesson.retrieval.ranking import Ranking, Result, Stopwatch, reordered
from delf_lesson.retrieval.searching import Confidence, Source


class GlobalEngine(Described[ImageVector]):
    """Ranks all images of a collection by the cosine of their vectors and the query's.

    extractor: gives the vectors. expand: query expansion by the first so many images, 0 for none;
    with one vector an image nothing can be verified, so wrong ones among them count too.
    alpha: see `expand_global`. cache: see `Described`.

    Add images with `add`, then `search`. A result's vote is the cosine; ties are broken by the
    images' names.
    """

    confidence: Confidence = "vote"
    extractor: GlobalExtractor

    def __init__(
        self,
        extractor: GlobalExtractor,
        expand: int = 0,
        alpha: float = 0.0,
        cache: FeatureCache | None = None,
    ) -> None:
        if expand < 0:
            raise ValueError(f"expand is {expand}; wanted 0 or more images")
        super().__init__(ImageVector, extractor, cache)
        self.expand = expand
        self.alpha = alpha
        self._matrix: NDArray[np.float32] | None = None

    def restore(self, names: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Take images with vectors (N, D) that were kept. ValueError unless there is one for each,
        or if the collection is not empty."""
        if len(self) or len(names) != len(vectors):
            raise ValueError(
                f"vectors holds {len(vectors)} for {len(names)} images, and {len(self)} are here; "
                "restore into an empty engine"
            )
        self._found = {name: ImageVector(row) for name, row in zip(names, vectors, strict=True)}
        self._matrix = None

    @property
    def names(self) -> list[str]:
        """The names of the images in order, which is that of the rows of `vectors`."""
        return sorted(self._found)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The unit vectors (N, D) of the images, in the order of their names."""
        if not self._found:
            raise ValueError("the collection is empty; add images before searching")
        if self._matrix is None or len(self._matrix) < len(self._found):
            self._matrix = np.stack([self._found[name].vector for name in self.names])
        return self._matrix

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part; there are no places."""
        return {"vectors": self.vectors.nbytes}

    def search(self, query: Source, top: int | None = None) -> Ranking:
        """Rank the collection for a query image; `top` keeps the first so many."""
        check_top(top)
        watch = Stopwatch()
        with watch("extract"):
            vector = self.describe(query).vector
        with watch("index"):
            vectors, names = self.vectors, self.names
        with watch("search"):
            cosine = vectors @ vector
        if self.expand:
            with watch("expand"):
                first = np.argsort(-cosine, kind="stable")[: self.expand]
                cosine = vectors @ expand_global(vector, vectors[first], self.alpha)
        results = [Result(n, 0.0, 0, float(c)) for n, c in zip(names, cosine, strict=True)]
        return Ranking(reordered(results, "votes")[:top], watch.seconds)

    def _describe(self, image: Pixels) -> ImageVector:
        return ImageVector(self.extractor.describe(image))

    def _describe_prepared(self, prepared: Sequence[Any]) -> list[ImageVector]:
        of_several: Any = self.extractor
        return [ImageVector(vector) for vector in of_several.describe_prepared(prepared)]

    def _changed(self, name: str) -> None:
        self._matrix = None
