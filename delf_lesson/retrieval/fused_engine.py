"""Local features and a vector of the whole image together (slide "mAP Result"; notebook 07)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from delf_lesson.retrieval.described import check_top, named
from delf_lesson.retrieval.engine import RetrievalEngine
from delf_lesson.retrieval.fusion import fuse
from delf_lesson.retrieval.global_engine import GlobalEngine
from delf_lesson.retrieval.ranking import Ranking, Result, Stopwatch
from delf_lesson.retrieval.searching import Confidence, Skip, Source


class FusedEngine:
    """Ranks by the weighted mean of a local and a global score: DELF+FT+ATT+DIR+QE.

    local, whole: empty engines; weight: of the local score, see `fuse`.

    An image without keypoints is found by its vector alone. A result has the local engine's
    inliers and vote, since fused scores of different queries cannot be compared.
    """

    def __init__(self, local: RetrievalEngine, whole: GlobalEngine, weight: float = 0.25) -> None:
        if len(local) or len(whole):
            raise ValueError("local and whole must be empty; add images to the fused engine")
        fuse({}, {}, weight)  # says what is wrong with the weight
        self.local = local
        self.whole = whole
        self.weight = weight

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def extracted(self) -> int:
        """Descriptions of both kinds that were really made."""
        return self.local.extracted + self.whole.extracted

    @property
    def settings(self) -> Mapping[str, object]:
        """Both engines', and the weight."""
        return {
            "local": dict(self.local.settings),
            "whole": dict(self.whole.settings),
            "weight": self.weight,
        }

    @property
    def confidence(self) -> Confidence:
        """The local engine's."""
        return self.local.confidence

    @property
    def batch(self) -> int:
        """The local engine's."""
        return self.local.batch

    @property
    def names(self) -> list[str]:
        """The names of the images, in order."""
        return self.whole.names

    @property
    def bytes(self) -> dict[str, int]:
        """Memory of both by part."""
        return {**(self.local.bytes if len(self.local) else {}), **self.whole.bytes}

    def add(
        self,
        images: Iterable[Source],
        names: Sequence[str] | None = None,
        skip: Skip | None = None,
    ) -> None:
        """Describe images both ways and add them; see `Described.add`."""
        pairs = named(images, names)
        sources = [image for _, image in pairs]
        both = zip(self.whole.describe_all(sources), self.local.describe_all(sources), strict=True)
        for (name, _), (vector, features) in zip(pairs, both, strict=True):
            refused: dict[str, str] = {}
            self.whole.admit(name, vector, refused.__setitem__ if skip else None)
            if skip and refused:
                skip(name, refused[name])
                continue
            self.local.discard(name)  # an older picture of this name may have had keypoints
            self.local.admit(name, features, skip=lambda name, reason: None)

    def check(self, query: Source) -> None:
        """Raise ValueError for an image that has no vector."""
        self.whole.check(query)

    def search(self, query: Source, top: int | None = None) -> Ranking:
        """Rank the collection for a query image; `top` keeps the first so many."""
        check_top(top)
        watch = Stopwatch()
        own = self.local.search(query) if len(self.local) else Ranking([], {})
        seconds = dict(own.seconds)
        by_vector = self.whole.search(query)
        for stage, spent in by_vector.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
        with watch("fuse"):
            local = {one.image: one for one in own.results}
            scores = fuse(
                {one.image: one.score for one in own.results},
                {one.image: one.score for one in by_vector.results},
                self.weight,
            )
            results = [
                replace(local.get(image, Result(image, 0.0, 0, 0.0)), score=score)
                for image, score in scores.items()
            ]
        return Ranking(results[:top], {**seconds, **watch.seconds})
