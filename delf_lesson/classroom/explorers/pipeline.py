"""The lecture's pipeline over a few pictures, each stage of which can be left out (notebook 06)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from delf_lesson.classroom.explorers.job import Bar
from delf_lesson.datasets.benchmark import Benchmark, Query
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.global_descriptors import load_global
from delf_lesson.deep.weights import load_trained
from delf_lesson.evaluation.systems import DELF_ORDER, DELF_THRESHOLD
from delf_lesson.retrieval.cache import FeatureCache
from delf_lesson.retrieval.compression import Compression
from delf_lesson.retrieval.engine import RetrievalEngine
from delf_lesson.retrieval.fused_engine import FusedEngine
from delf_lesson.retrieval.global_engine import GlobalEngine
from delf_lesson.retrieval.ranking import Result

KEPT = 300  # keypoints an image: few, so that a search is done at once and selection matters
SCALES = (0.5, 2**-0.5, 1.0)  # of the pyramid; the larger ones take three quarters of the time
EACH = 4  # pictures of each landmark


@dataclass(frozen=True)
class Stages:
    """Which stages of the pipeline are on.

    attention: cells are chosen by their attention score, or else by their norm. codes: 20 bytes a
    descriptor instead of all numbers. verification, expansion: RANSAC, and a second search with
    what it verified. fusion: the mean with DIR, one part to three.
    """

    attention: bool = True
    codes: bool = False
    verification: bool = True
    expansion: bool = False
    fusion: bool = False


class Pipeline:
    """The lecture's pipeline over a few pictures, every stage of which can be left out.

    Describe the pictures first, which takes a while; searching them then takes a moment.
    """

    def __init__(self, images: Sequence[Path], queries: Sequence[Query]) -> None:
        self.images, self.queries = images, {query.name: query for query in queries}
        self.engines: dict[tuple[bool, bool], FusedEngine] = {}
        self._known: dict[tuple[str, Stages], list[Result]] = {}

    @property
    def ready(self) -> bool:
        """Whether all pictures are described."""
        return len(self.engines) == 4

    def describe(self, cache: FeatureCache | None, progress: Bar) -> None:
        """Describe all pictures and queries by DELF, both ways to select, and by DIR."""
        found = load_trained("attention")
        few = partial(
            Delf, found.trunk, reduction=found.reduction, max_features=KEPT, scales=SCALES
        )
        by_attention, by_norm = few(attention=found.attention), few()
        whole = load_global("dir", scales=(1.0,))
        engines = {
            (attention, codes): FusedEngine(
                RetrievalEngine(
                    by_attention if attention else by_norm,
                    neighbours=30,
                    verify_top=20,
                    threshold=DELF_THRESHOLD,
                    expand_inliers=12,
                    cache=cache,
                    compression=Compression(lists=32, parts=20, bits=8) if codes else None,
                ),
                GlobalEngine(whole, cache=cache),
            )
            for attention in (True, False)
            for codes in (False, True)
        }
        for image in progress(self.images, "Describing pictures"):
            for engine in engines.values():
                engine.add([image])
        for query in progress(list(self.queries.values()), "Describing queries"):
            for engine in engines.values():
                engine.local.describe(query.read())
            engine.whole.describe(query.read())
        for engine in progress(list(engines.values()), "Indexing"):
            _ = engine.local.index
        self._known.clear()
        self.engines = engines

    def search(self, query: str, stages: Stages) -> list[Result]:
        """The ranking for a query with the stages that are on. ValueError before `describe`."""
        if not self.ready:
            raise ValueError("nothing is described yet; press the button first")
        key = (query, stages)
        if key not in self._known:
            engine = self.engines[stages.attention, stages.codes]
            engine.local.order = DELF_ORDER if stages.verification else "votes"
            engine.local.expand = 10 if stages.expansion and stages.verification else 0
            searched = engine if stages.fusion else engine.local
            self._known[key] = searched.search(self.queries[query].read()).results
        return self._known[key]


def few_images(benchmark: Benchmark, queries: Sequence[Query]) -> list[Path]:
    """Four pictures of each query's landmark and as many in all that show none, spread evenly."""
    paths = {benchmark.name_of(path): path for path in benchmark.images}
    wanted: list[str] = []
    for query in queries:
        positives = sorted(benchmark.truth[query.name].positives - set(wanted))
        wanted += positives[:: max(1, len(positives) // EACH)][:EACH]
    known = set().union(*(t.positives | t.junk for t in benchmark.truth.values()))
    others = sorted(set(paths) - known)
    wanted += others[:: max(1, len(others) // len(queries))][: len(queries)]
    return [paths[name] for name in wanted]
