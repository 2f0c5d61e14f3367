"""One ranking from two: local features with a vector of the whole image (slide "mAP Result")."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from delf_lesson.retrieval.database import Confidence, Skip, Source, check_top, named
from delf_lesson.retrieval.ranking import Ranking, Result, Stopwatch
from delf_lesson.retrieval.retrievers import GlobalEngine, RetrievalEngine


def fuse(
    local: Mapping[str, float], whole: Mapping[str, float], weight: float = 0.25
) -> dict[str, float]:
    """Weighted mean of two scores of the same query by image, best first (paper, section 5).

    local: scores by local features, as DELF's; whole: by a vector of the whole image, as DIR's;
    weight: of the local score, the paper's by default.

    Each score is stretched first, so that the query's best image has 1 and its worst 0; an image
    that only one of them returned has the other's 0. Scores of different queries can therefore
    not be compared. Ties come in the order of the names. Introduced in notebook 06.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight}; wanted 0 to 1")
    first, second = _stretched(local), _stretched(whole)
    fused = {
        image: weight * first.get(image, 0.0) + (1 - weight) * second.get(image, 0.0)
        for image in sorted({*first, *second})
    }
    return dict(sorted(fused.items(), key=lambda item: -item[1]))


def _stretched(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores from 0 to 1; all 1 if they are equal."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if low == high:
        return dict.fromkeys(scores, 1.0)
    return {image: (score - low) / (high - low) for image, score in scores.items()}


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
