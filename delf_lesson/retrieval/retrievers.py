"""The slide "Image retrieval pipeline": describe, search, vote, verify, expand, rank (lab 06)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delf_lesson.cache import FeatureCache
from delf_lesson.features import GlobalExtractor, ImageVector, LocalExtractor, LocalFeatures
from delf_lesson.images import Pixels
from delf_lesson.retrieval.database import Collection, Confidence, Described, Source, check_top
from delf_lesson.retrieval.expansion import expand_global, expand_local
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.ranking import ORDERS, Order, Ranking, Result, Stopwatch, reordered
from delf_lesson.retrieval.verification import Model, Verified, verify_batch
from delf_lesson.retrieval.voting import Match, group_by_image, votes


class RetrievalEngine(Collection):
    """Finds the images of a collection that show what a query shows (notebooks 00 and 06).

    extractor, cache, compression, device: see `Collection`.
    neighbours: nearest database features taken for a query feature.
    verify_top: images verified, best votes first; the others follow by their votes.
    verify_neighbours: of each query feature's neighbours, only the nearest so many are verified.
        Far ones help the vote, where they add little each, but agree with any model by chance.
    order: of the results, see `Order`; with "votes" nothing is verified.
    model: geometric model of verification.
    threshold: RANSAC's inlier distance, as a share of the longer side of the image.
    minimum_inliers: fewer count as none; unrelated images reach 5 or 6 by chance.
    expand: query expansion by the first so many images found, 0 for none; only those of at least
        `expand_inliers` count.

    Add images with `add`, then `search`. Ties are broken by the images' names.
    """

    def __init__(
        self,
        extractor: LocalExtractor,
        neighbours: int = 60,
        verify_top: int = 100,
        verify_neighbours: int = 5,
        order: Order = "inliers",
        model: Model = "affine",
        threshold: float = 0.02,
        minimum_inliers: int = 8,
        expand: int = 0,
        expand_inliers: int = 20,
        seed: int = 0,
        cache: FeatureCache | None = None,
        compression: Compression | None = None,
        device: str = "cpu",
    ) -> None:
        if order not in ORDERS:
            raise ValueError(f"order is {order!r}; wanted one of {', '.join(ORDERS)}")
        if expand and order == "votes":
            raise ValueError("expand needs verified images; choose another order, or expand=0")
        super().__init__(extractor, cache, compression, device)
        self.neighbours = neighbours
        self.verify_top = verify_top
        self.verify_neighbours = verify_neighbours
        self.order = order
        self.model = model
        self.threshold = threshold
        self.minimum_inliers = minimum_inliers
        self.expand = expand
        self.expand_inliers = expand_inliers
        self.seed = seed

    @property
    def confidence(self) -> Confidence:
        """Inliers can be compared between queries, and votes where nothing is verified."""
        return "vote" if self.order == "votes" else "inliers"

    def search(self, query: Source, top: int | None = None) -> Ranking:
        """Rank the collection for a query image; `top` keeps the first so many.

        Images that no query feature has a neighbour in are left out.
        """
        check_top(top)
        watch = Stopwatch()
        with watch("extract"):
            features = self.describe(query)
        with watch("index"):
            _ = self.index
        results = self._ranked(features, watch)
        if self.expand:
            with watch("expand"):
                trusted = [one for one in results if one.inliers >= self.expand_inliers]
                found = [(one, self.features_of(one.image)) for one in trusted[: self.expand]]
                wider = expand_local(features, found)
            if len(wider) > len(features):
                results = self._ranked(wider, watch)
        return Ranking(results[:top], watch.seconds)

    def _ranked(self, features: LocalFeatures, watch: Stopwatch) -> list[Result]:
        names = self.index.names
        with watch("search"):
            neighbours = self.index.search(features.descriptors, self.neighbours)
        with watch("vote"):
            matches = group_by_image(neighbours)
            vote = votes(matches, len(names))
            order = sorted(matches, key=lambda image: (-vote[image], names[image]))
        with watch("verify"):
            strong = group_by_image(neighbours.nearest(self.verify_neighbours))
            first = order[: self.verify_top] if self.order != "votes" else []
            verified = self._verified(
                features, {names[image]: strong[image] for image in first if image in strong}
            )
        results = [
            Result(name, 0.0, 0, own)
            if name not in verified
            else _verified_result(features, self.features_of(name), name, own, *verified[name])
            for name, own in ((names[image], float(vote[image])) for image in order)
        ]
        return reordered(results, self.order)

    def _verified(
        self, query: LocalFeatures, matches: Mapping[str, Match]
    ) -> dict[str, tuple[Match, Verified]]:
        """Those of the images whose correspondences agree, with which of them do."""
        images = {name: self.features_of(name) for name in matches}
        outcomes = verify_batch(
            [(query.xy[m.query], images[name].xy[m.image]) for name, m in matches.items()],
            [self.threshold * max(image.image_size) for image in images.values()],
            self.model,
            seed=self.seed,
        )
        return {
            name: (match, outcome)
            for (name, match), outcome in zip(matches.items(), outcomes, strict=True)
            if outcome.count >= self.minimum_inliers
        }

    def verify(self, query: LocalFeatures, image: LocalFeatures, match: Match) -> Verified:
        """Verify one image's correspondences with this engine's model, threshold and seed."""
        pair = (query.xy[match.query], image.xy[match.image])
        threshold = self.threshold * max(image.image_size)
        return verify_batch([pair], [threshold], self.model, seed=self.seed)[0]


def _verified_result(
    query: LocalFeatures,
    image: LocalFeatures,
    name: str,
    vote: float,
    match: Match,
    verified: Verified,
) -> Result:
    return Result(
        name,
        0.0,
        verified.count,
        vote,
        match.lines(query, image, verified.inliers),
        match.image[verified.inliers],
        verified.matrix,
    )


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
