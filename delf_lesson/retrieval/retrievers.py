"""The slide "Image retrieval pipeline": describe, search, vote, verify, expand, rank (lab 06).

One vector an image is searched in `global_retriever`, both together in `fusion`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, Protocol, get_args

from delf_lesson.cache import FeatureStore
from delf_lesson.features import LocalFeatures, check_usable
from delf_lesson.images import ImageSource
from delf_lesson.retrieval.database import ImageDatabase, Progress, Skip, no_progress
from delf_lesson.retrieval.expansion import expand_local
from delf_lesson.retrieval.index import FeatureIndex, SearchableIndex
from delf_lesson.retrieval.matching import check_ratio, verify_candidates
from delf_lesson.retrieval.verification import Model
from delf_lesson.retrieval.voting import (
    ORDERS,
    Confidence,
    Lap,
    Order,
    Ranking,
    Result,
    group_by_image,
    ranked_by_votes,
    reordered,
)

VERIFICATION_PARTS = ("places", "verified descriptors", "feature files")
"""What verification reads beside the index: places of keypoints and, for pairwise matching,
descriptors that the index holds as codes only; or whole files, if the index lies on disk."""
BATCHES_TOGETHER = 8
"""Batches added at a time, where an extractor describes several images at once."""


class Retriever(Protocol):
    """Images are added, then ranked for a query: by local features, by one vector, or by both."""

    @property
    def confidence(self) -> Confidence:
        """See `Confidence`."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Everything that changes the description of an image, as plain values."""

    @property
    def databases(self) -> tuple[ImageDatabase[Any], ...]:
        """Where the images are described and stored; a fused retriever has two."""

    @property
    def names(self) -> list[str]:
        """The names of the images, in order."""

    @property
    def bytes(self) -> dict[str, int]:
        """All that ranking reads, by part; verification reads `VERIFICATION_PARTS`."""

    def __len__(self) -> int:
        """The number of images."""

    def add(
        self,
        images: Iterable[ImageSource],
        names: Sequence[str] | None = None,
        skip: Skip | None = None,
    ) -> None:
        """Describe images and add them; see `ImageDatabase.add`."""

    def describe(self, query: ImageSource) -> Any:
        """What the images are compared with. ValueError for an image that nothing matches."""

    def rank(self, query: Any, top: int | None = None) -> Ranking:
        """Rank the images for a query that `describe` described; `top` keeps the first ones."""

    def search(self, query: ImageSource, top: int | None = None) -> Ranking:
        """Describe a query image and rank the images for it."""


def add_images(
    retriever: Retriever,
    images: Sequence[ImageSource],
    skip: Skip,
    progress: Progress = no_progress,
    label: str = "Describing images",
) -> None:
    """Add images, as many at a time as the extractor likes; skip: see `ImageDatabase.add`."""
    batch = max(database.batch for database in retriever.databases)
    size = 1 if batch == 1 else BATCHES_TOGETHER * batch
    steps = [images[start : start + size] for start in range(0, len(images), size)]
    for step in progress(steps, label):
        retriever.add(step, skip=skip)


Matching = Literal["neighbours", "pairwise"]
"""Which correspondences are verified. "neighbours", the paper's: those of the query features that
the index found in the image. "pairwise": mutual nearest neighbours between the features of the
query and of the image, see `matching.PairMatcher`."""
MATCHINGS: tuple[Matching, ...] = get_args(Matching)


@dataclass(frozen=True)
class LocalRanking:
    """How local features rank images.

    neighbours: nearest database features of each query feature that vote.
    verify_top: images verified, best votes first; the others follow by their votes.
    matching: see `Matching`. ratio: of the ratio test in pairwise matching, None for no test.
    verify_neighbours: of each query feature's neighbours, only the nearest are verified, unless
        matching is pairwise. Far ones add little to the vote, and agree with any model by chance.
    order: of the results, see `Order`. model: geometric model of verification.
    threshold: RANSAC's inlier distance, as a share of the longer side of the image.
    minimum_inliers: fewer count as none. How many unrelated images reach by chance depends on the
        kind of features and of matching, so the minimum belongs to the kind.
    expand: images that expand the query, 0 for none; only those with at least `expand_inliers`.
    """

    neighbours: int = 60
    verify_top: int = 100
    verify_neighbours: int = 5
    order: Order = "inliers"
    model: Model = "affine"
    threshold: float = 0.02
    minimum_inliers: int = 8
    expand: int = 0
    expand_inliers: int = 20
    seed: int = 0
    matching: Matching = "neighbours"
    ratio: float | None = None

    def __post_init__(self) -> None:
        if self.matching not in MATCHINGS:
            raise ValueError(f"matching is {self.matching!r}; wanted {' or '.join(MATCHINGS)}")
        check_ratio(self.ratio)
        if self.order not in ORDERS:
            raise ValueError(f"order is {self.order!r}; wanted one of {', '.join(ORDERS)}")
        if self.expand and self.order == "votes":
            raise ValueError("expand needs verified images; choose another order, or expand=0")


BuildIndex = Callable[[Mapping[str, LocalFeatures]], Any]


class LocalRetriever:
    """Ranks images by local features (slide "Image retrieval pipeline with ours"; lab 06).

    database: the images. ranking: see `LocalRanking`; it may be exchanged between searches.
    build_index: makes a `FeatureIndex` or its like from features by name, when images are first
    searched; images that are added later are appended to it. index: an index made before, of the
    database's images; nothing can be added then. Ties are broken by the images' names.
    """

    def __init__(
        self,
        database: ImageDatabase[LocalFeatures],
        ranking: LocalRanking | None = None,
        build_index: BuildIndex = FeatureIndex.of,
        index: SearchableIndex | None = None,
    ) -> None:
        if index is not None and set(index.names) != set(database.descriptions):
            raise ValueError(
                f"index holds {len(index.names)} images and database {len(database)}, not the same"
            )
        self.database = database
        self.databases = (database,)
        self.add = database.add
        self.ranking = ranking or LocalRanking()
        self._build_index = build_index
        self._index: Any = index
        self._revision = database.revision

    def __len__(self) -> int:
        return len(self.database)

    @property
    def confidence(self) -> Confidence:
        """Inliers can be compared between queries, and votes where nothing is verified."""
        return "vote" if self.ranking.order == "votes" else "inliers"

    @property
    def settings(self) -> Mapping[str, object]:
        """The extractor's."""
        return self.database.settings

    @property
    def names(self) -> list[str]:
        """The names of the images, in the order of the index's positions."""
        return list(self.index.names) if len(self) else []

    @property
    def bytes(self) -> dict[str, int]:
        """All that ranking reads, by part; see `VERIFICATION_PARTS`.

        An exact index holds the descriptors themselves, so they count once.
        """
        parts, described = dict(self.index.bytes), self.database.descriptions
        if self.ranking.order == "votes":
            return parts
        if isinstance(described, FeatureStore):
            return {**parts, "feature files": described.bytes}
        parts["places"] = sum(features.xy.nbytes for features in described.values())
        if self.ranking.matching == "pairwise" and parts.get("codebooks"):
            rows = sum(features.descriptors.nbytes for features in described.values())
            parts["verified descriptors"] = rows
        return parts

    @property
    def index(self) -> Any:
        """The index over the database, brought up to date when it is asked for."""
        descriptions = self.database.descriptions
        if not descriptions:
            raise ValueError("the database is empty; add images before searching")
        if self._index is None or self._revision != self.database.revision:
            self._index = self._build_index(descriptions)
            self._revision = self.database.revision
        elif len(self._index.names) < len(descriptions):
            new = sorted(descriptions.keys() - set(self._index.names))
            self._index.add({name: descriptions[name] for name in new})
        return self._index

    def describe(self, query: ImageSource) -> LocalFeatures:
        """The features of a query. ValueError if it has none."""
        return check_usable(self.database.describe(query))

    def search(self, query: ImageSource, top: int | None = None) -> Ranking:
        """Rank the images for a query image; `top` keeps the first ones.

        Images that hold no neighbour of any query feature are left out.
        """
        laps: list[Lap] = [("", perf_counter())]
        features = self.database.describe(query)
        laps.append(("extract", perf_counter()))
        return self.rank(features, top, laps)

    def rank(
        self, query: LocalFeatures, top: int | None = None, laps: list[Lap] | None = None
    ) -> Ranking:
        """Rank the images for the features of a query; see `search`. laps: see `Ranking.of`."""
        laps = [("", perf_counter())] if laps is None else laps
        results = self._ranked(query, laps)
        if self.ranking.expand:
            trusted = [r for r in results if r.inliers >= self.ranking.expand_inliers]
            wider = expand_local(
                query,
                [
                    (r.matrix, self.database[r.image].select(r.features))
                    for r in trusted[: self.ranking.expand]
                    if r.matrix is not None
                ],
            )
            laps.append(("expand", perf_counter()))
            if len(wider) > len(query):
                results = self._ranked(wider, laps)
        return Ranking.of(results, laps, top)

    def _ranked(self, query: LocalFeatures, laps: list[Lap]) -> list[Result]:
        options, index = self.ranking, self.index
        laps.append(("index", perf_counter()))

        neighbours = index.search(query.descriptors, options.neighbours)
        laps.append(("search", perf_counter()))

        results = ranked_by_votes(group_by_image(neighbours), index.names)
        laps.append(("vote", perf_counter()))

        if options.order != "votes":
            matches = None
            if options.matching == "neighbours":
                matches = group_by_image(neighbours.nearest(options.verify_neighbours))
            first = list(results)[: options.verify_top]
            results |= verify_candidates(
                {image: results[image] for image in first},
                *(query, self.database.descriptions, matches),
                ratio=options.ratio,
                model=options.model,
                threshold=options.threshold,
                minimum_inliers=options.minimum_inliers,
                seed=options.seed,
            )
        laps.append(("verify", perf_counter()))
        return reordered(results.values(), options.order)
