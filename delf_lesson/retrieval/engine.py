"""The slide "Image retrieval pipeline": describe, index, vote, verify, rank."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from delf_lesson.features import LocalExtractor, LocalFeatures
from delf_lesson.images import Pixels, read_image
from delf_lesson.retrieval.cache import FeatureCache, content_digest
from delf_lesson.retrieval.index import ExactIndex
from delf_lesson.retrieval.verification import Model, Verified, verify
from delf_lesson.retrieval.voting import Match, group_by_image, votes

Source = str | Path | Pixels


@dataclass(frozen=True)
class Result:
    """One image of a ranking.

    score: sorts as the ranking does: inliers + vote / (1 + vote), or the vote where the engine
        does not verify.
    inliers: verified correspondences; 0 if they were fewer than could be chance.
    lines: float32 (inliers, 4), the verified correspondences, `(x, y)` in the query then in
        the image.
    """

    image: str
    score: float
    inliers: int
    vote: float
    lines: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Ranking:
    """The images found, best first, and the seconds each stage took."""

    results: list[Result]
    seconds: dict[str, float]


class RetrievalEngine:
    """Finds the images of a collection that show what a query shows (notebooks 00 and 06).

    extractor: gives the local features.
    neighbours: nearest database features taken for a query feature.
    verify_top: images verified, best votes first; the others follow by their votes.
    verify_neighbours: of each query feature's neighbours, only the nearest so many are verified.
        Far ones help the vote, where they add little each, but agree with any model by chance.
    model: geometric model, or None to rank by votes alone.
    threshold: RANSAC's inlier distance, as a share of the longer side of the image.
    minimum_inliers: fewer count as none; unrelated images reach 5 or 6 by chance.
    cache: where features are kept, or None to keep none.

    Add images with `add`, then `search`. Ties are broken by the images' names.
    """

    def __init__(
        self,
        extractor: LocalExtractor,
        neighbours: int = 60,
        verify_top: int = 100,
        verify_neighbours: int = 5,
        model: Model | None = "affine",
        threshold: float = 0.02,
        minimum_inliers: int = 8,
        seed: int = 0,
        cache: FeatureCache | None = None,
    ) -> None:
        self.extractor = extractor
        self.neighbours = neighbours
        self.verify_top = verify_top
        self.verify_neighbours = verify_neighbours
        self.model = model
        self.threshold = threshold
        self.minimum_inliers = minimum_inliers
        self.seed = seed
        self.cache = cache
        self._features: dict[str, LocalFeatures] = {}
        self._index: ExactIndex | None = None

    def __len__(self) -> int:
        return len(self._features)

    @property
    def names(self) -> list[str]:
        """The names of the images in the collection, sorted: the positions the index speaks of."""
        return sorted(self._features)

    def describe(self, source: Source) -> LocalFeatures:
        """Local features of an image file or array, from the cache where it has them."""
        if self.cache is None:
            return self.extractor.extract(_pixels(source))
        content = source if isinstance(source, np.ndarray) else _existing(source).read_bytes()
        digest = content_digest(content)
        kept = self.cache.get(digest, self.extractor.settings)
        if kept is None:
            kept = self.extractor.extract(_pixels(source))
            self.cache.put(digest, self.extractor.settings, kept)
        return kept

    def add(
        self,
        images: Iterable[Source],
        names: Sequence[str] | None = None,
        skip: Callable[[str, str], None] | None = None,
    ) -> None:
        """Describe images and add them to the collection.

        names: how results call them; the paths themselves by default.
        skip: called with (name, reason) for an image that cannot be used, which is then left
            out; without it such an image raises ValueError.
        """
        images = list(images)
        names = [str(image) for image in images] if names is None else list(names)
        if len(names) != len(images):
            raise ValueError(f"names holds {len(names)} names for {len(images)} images")
        for name, image in zip(names, images, strict=True):
            try:
                features = self.describe(image)
                if len(features) == 0:
                    raise ValueError("no keypoints were found in it")
            except (ValueError, OSError) as error:
                if skip is None:
                    raise ValueError(f"images: {name} cannot be used: {error}") from error
                skip(name, str(error))
                continue
            self._features[name] = features
            self._index = None

    def features_of(self, name: str) -> LocalFeatures:
        """The features of an image of the collection."""
        return self._features[name]

    @property
    def index(self) -> ExactIndex:
        """The index over the collection, built when first needed after an `add`."""
        if self._index is None:
            if not self._features:
                raise ValueError("the collection is empty; add images before searching")
            self._index = ExactIndex([self._features[name] for name in self.names])
        return self._index

    def search(self, query: Source, top: int | None = None) -> Ranking:
        """Rank the collection for a query image; `top` keeps the first so many.

        Verified images come first, by (inliers, vote), then the others by vote; images that no
        query feature has a neighbour in are left out.
        """
        if top is not None and top < 1:
            raise ValueError(f"top is {top}; wanted 1 or more results")
        watch = Stopwatch()
        with watch("extract"):
            features = self.describe(query)
        with watch("index"):
            index, names = self.index, self.names
        with watch("search"):
            neighbours = index.search(features.descriptors, self.neighbours)
        with watch("vote"):
            matches = group_by_image(neighbours)
            vote = votes(matches, len(names))
            # A stable sort of sorted names: equal votes stay in the order of the names.
            order = sorted(matches, key=lambda image: -vote[image])
        with watch("verify"):
            strong = group_by_image(neighbours.nearest(self.verify_neighbours))
            verified_images = order[: self.verify_top] if self.model else []
            results = [
                self._verified_result(features, names[image], strong.get(image), vote[image])
                for image in verified_images
            ]
            results += [
                _result(names[image], float(vote[image]), self.model is not None)
                for image in order[len(verified_images) :]
            ]
            results.sort(key=lambda result: (-result.inliers, -result.vote, result.image))
        return Ranking(results[:top], watch.seconds)

    def verify(self, query: LocalFeatures, image: LocalFeatures, match: Match) -> Verified:
        """Verify one image's correspondences with this engine's model, threshold and seed."""
        if self.model is None:
            raise ValueError("model is None; this engine ranks by votes and does not verify")
        return verify(
            query.xy[match.query],
            image.xy[match.image],
            self.model,
            threshold=self.threshold * max(image.image_size),
            seed=self.seed,
        )

    def _verified_result(
        self, query: LocalFeatures, name: str, match: Match | None, vote: float
    ) -> Result:
        if match is None:
            return _result(name, vote, True)
        image = self._features[name]
        inliers = self.verify(query, image, match).inliers
        if inliers.sum() < self.minimum_inliers:
            return _result(name, vote, True)
        return _result(name, vote, True, match.lines(query, image, inliers))


def _pixels(source: Source) -> Pixels:
    return source if isinstance(source, np.ndarray) else read_image(source)


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise FileNotFoundError(f"source: there is no image file {path}")
    return Path(path)


def _result(name: str, vote: float, verifies: bool, lines: np.ndarray | None = None) -> Result:
    lines = np.zeros((0, 4), np.float32) if lines is None else lines
    vote = float(vote)
    score = len(lines) + vote / (1 + vote) if verifies else vote
    return Result(name, score, len(lines), vote, lines)


class Stopwatch:
    """Seconds spent in named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time spent inside the `with` block to the stage's."""
        started = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
