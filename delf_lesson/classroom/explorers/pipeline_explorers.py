"""Explorers of lab 06: a product quantiser's codes, and the stages of the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import faiss
import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray

from delf_lesson.cache import FeatureCache
from delf_lesson.classroom.explorers.drawing import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    above,
    beside,
    of_width,
    path,
    ring,
    titled,
    white,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer, steps
from delf_lesson.classroom.explorers.live_explorers import Bar
from delf_lesson.classroom.figures.notebook_figure import LOOK, new_figure, pixels
from delf_lesson.classroom.figures.retrieval_figures import styles
from delf_lesson.datasets.benchmark import Benchmark, Query
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.global_descriptors import load_global
from delf_lesson.deep.weights import load_trained
from delf_lesson.images import Pixels
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.fusion import FusedRetriever
from delf_lesson.retrieval.global_retriever import GlobalRetriever
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.retrievers import LocalRetriever, Retriever
from delf_lesson.retrieval.voting import Result
from delf_lesson.systems.registry import DELF_RANKING
from delf_lesson.systems.specification import QE_IMAGES

PARTS, BITS, PROBES = (5, 10, 20), (4, 5, 6, 8), (1, 2, 4, 8, 16, 32)
LISTS = 32
NEAREST = 20
LEAST = 39 * 256  # with fewer FAISS warns that centroids are badly placed
KEYPOINTS = 300  # an image: few, so that a search is done at once and selection matters
SCALES = (0.5, 2**-0.5, 1.0)  # of the pyramid; the larger ones take three quarters of the time
EACH = 4  # images of each landmark


@dataclass(frozen=True, eq=False)
class CodeIndex:
    """Measurements of one index of codes.

    bytes: of a code. recalls: the share of the true nearest neighbours that are found, by the
    number of probed lists. decoded: the first descriptor (D,), decoded from its code.
    """

    bytes: float
    recalls: dict[int, float]
    decoded: NDArray[np.float32]


def code_all(
    rows: NDArray[np.float32], queries: NDArray[np.float32]
) -> dict[tuple[int, int], CodeIndex]:
    """Every number of parts and bits, for descriptors (N, D) searched for queries (Q, D).

    Raises ValueError if D is no multiple of all `PARTS`, or N too few to train 256 centroids on.
    """
    if len(rows) < LEAST:
        raise ValueError(f"rows holds {len(rows)} descriptors; wanted {LEAST} or more to train on")
    exact = faiss.IndexFlatL2(rows.shape[1])
    exact.add(rows)
    truth = exact.search(queries, NEAREST)[1]
    indexes = {}
    for parts in PARTS:
        for bits in BITS:
            compression = Compression(lists=LISTS, parts=parts, bits=bits)
            index = compression.trained(rows, len(rows))
            index.add(rows)
            recalls = {}
            for probes in PROBES:
                index.nprobe = probes
                near = index.search(queries, NEAREST)[1]
                hits = sum(len(set(a) & set(b)) for a, b in zip(near, truth, strict=True))
                recalls[probes] = hits / truth.size
            index.make_direct_map()
            indexes[parts, bits] = CodeIndex(parts * bits / 8, recalls, index.reconstruct(0))
    return indexes


def explore_codes(rows: NDArray[np.float32], queries: NDArray[np.float32]) -> Explorer:
    """Choose an index of codes; see the share of nearest neighbours it finds, and its memory.

    Section 4.4 of the paper. rows: the descriptors (N, D) that are searched; queries: (Q, D).
    Every choice is trained and measured before the first drawing, some seconds in all.
    """
    indexes = code_all(rows, queries)
    figure = _figure(indexes)
    base, to_pixels = pixels(figure), figure.axes[0].transData.transform

    def draw(parts: int, bits: int, probes: int) -> Drawn:
        chosen = indexes[parts, bits]
        recall = chosen.recalls[probes]
        plot = base.copy()
        x, y = to_pixels((chosen.bytes, recall))
        for radius, colour in ((9, BLACK), (6, ORANGE)):
            ring(plot, (x, base.shape[0] - y), radius, colour, 3)
        bars = _numbers(rows[0], chosen.decoded)
        says = (
            f"{parts} parts of {bits} bits are {chosen.bytes:g} bytes a descriptor instead of "
            f"{4 * rows.shape[1]}. Looking into {probes} of {LISTS} lists finds {recall:.0%} of "
            f"the {NEAREST} nearest. A billion such codes take {chosen.bytes:.1f} GB."
        )
        return Drawn(beside(of_width(plot, 500), bars), says)

    return Explorer(
        draw,
        {
            "parts": steps("parts of a descriptor", PARTS, 10),
            "bits": steps("bits a part", BITS, 5),
            "probes": steps("lists looked into", PROBES, 4),
        },
        "Recall over bytes of every index of codes, with the chosen one marked, and a descriptor "
        "beside what its code stands for; choose by the sliders",
    )


def _figure(indexes: dict[tuple[int, int], CodeIndex]) -> Figure:
    """Recall over bytes, a curve for every number of lists."""
    order = sorted(indexes.values(), key=lambda index: index.bytes)
    with rc_context(LOOK):
        figure = new_figure(4.0, 6.4)
        axes = figure.add_subplot()
        for probes, (colour, style) in zip(PROBES, styles(len(PROBES)), strict=True):
            label = f"{probes} of {LISTS} lists" if probes > 1 else f"1 of {LISTS} lists"
            recalls = [index.recalls[probes] for index in order]
            sizes = [index.bytes for index in order]
            axes.plot(sizes, recalls, style[0], color=colour, label=label, markersize=5)
        axes.set(xlabel="bytes of a code", ylabel=f"share of the {NEAREST} nearest found")
        axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
        axes.legend(ncols=2, loc="upper left")
    return figure


def _numbers(descriptor: NDArray[np.float32], decoded: NDArray[np.float32]) -> Pixels:
    """A descriptor as bars, and its decoded code as steps; both from -most to most."""
    width, height = 360, 220
    most = float(np.abs(descriptor).max()) * 1.05
    canvas = white(height, width)
    edges = np.linspace(0, width - 1, len(descriptor) + 1)
    tops = height / 2 * (1 - np.stack([descriptor, decoded]) / most)
    canvas[height // 2] = GREY
    for k, top in enumerate(np.rint(tops[0]).astype(int)):
        low, high = sorted((top, height // 2))
        canvas[low : high + 1, round(edges[k]) : round(edges[k + 1]) - 1] = BLUE
    steps = np.stack([np.repeat(edges, 2)[1:-1], np.repeat(tops[1], 2)], axis=1)
    path(canvas, steps, ORANGE, 2)
    return above(titled(canvas, "one descriptor (bars), its code (line)"))


@dataclass(frozen=True)
class Stages:
    """Which stages of the pipeline are on.

    attention: cells are selected by their attention score, else by their norm. codes: 20 bytes a
    descriptor instead of all numbers. verification, expansion: RANSAC, and a second search with
    the verified images. fusion: the mean with DIR, one part to three.
    """

    attention: bool = True
    codes: bool = False
    verification: bool = True
    expansion: bool = False
    fusion: bool = False


class Pipeline:
    """The lecture's pipeline over a few images; every stage can be left out.

    Describe the images first, which takes a while. A search then takes a moment.
    """

    def __init__(self, images: Sequence[Path], queries: Sequence[Query]) -> None:
        self.images, self.queries = images, {query.name: query for query in queries}
        self.retrievers: dict[tuple[bool, bool], FusedRetriever] = {}
        self._rankings: dict[tuple[str, Stages], list[Result]] = {}

    @property
    def ready(self) -> bool:
        """Whether all images are described."""
        return len(self.retrievers) == 4

    def describe(self, cache: FeatureCache | None, progress: Bar) -> None:
        """Describe all images and queries by DELF, with both selections, and by DIR."""
        trained = load_trained("attention")
        few = partial(
            Delf, trained.trunk, reduction=trained.reduction, max_features=KEYPOINTS, scales=SCALES
        )
        by_attention, by_norm = few(attention=trained.attention), few()
        whole = load_global("dir", scales=(1.0,))
        code = Compression(lists=32, parts=20, bits=8)
        retrievers = {
            (attention, codes): FusedRetriever(
                LocalRetriever(
                    ImageDatabase(by_attention if attention else by_norm, cache),
                    build_index=partial(FeatureIndex.of, compression=code if codes else None),
                ),
                GlobalRetriever(ImageDatabase(whole, cache)),
            )
            for attention in (True, False)
            for codes in (False, True)
        }
        for image in progress(self.images, "Describing pictures"):
            for retriever in retrievers.values():
                retriever.add([image])
        for query in progress(list(self.queries.values()), "Describing queries"):
            for retriever in retrievers.values():
                retriever.local.describe(query.read())
            retriever.whole.describe(query.read())
        for retriever in progress(list(retrievers.values()), "Indexing"):
            _ = retriever.local.index
        self._rankings.clear()
        self.retrievers = retrievers

    def search(self, query: str, stages: Stages) -> list[Result]:
        """The ranking for a query with the chosen stages. Raises ValueError before `describe`."""
        if not self.ready:
            raise ValueError("nothing is described yet; press the button first")
        key = (query, stages)
        if key not in self._rankings:
            fused = self.retrievers[stages.attention, stages.codes]
            fused.local.ranking = replace(
                DELF_RANKING,
                matching="neighbours",  # the paper's, which the slide shows
                minimum_inliers=8,
                neighbours=30,
                verify_top=20,
                order=DELF_RANKING.order if stages.verification else "votes",
                expand=QE_IMAGES if stages.expansion and stages.verification else 0,
                expand_inliers=12,
            )
            retriever: Retriever = fused if stages.fusion else fused.local
            self._rankings[key] = retriever.search(self.queries[query].read()).results
        return self._rankings[key]


def few_images(benchmark: Benchmark, queries: Sequence[Query]) -> list[Path]:
    """Four images of each query's landmark, and one image without a landmark for each query."""
    paths = {benchmark.name_of(path): path for path in benchmark.images}
    wanted: list[str] = []
    for query in queries:
        positives = sorted(benchmark.truth[query.name].positives - set(wanted))
        wanted += positives[:: max(1, len(positives) // EACH)][:EACH]
    known = set().union(*(truth.positives | truth.junk for truth in benchmark.truth.values()))
    others = sorted(set(paths) - known)
    wanted += others[:: max(1, len(others) // len(queries))][: len(queries)]
    return [paths[name] for name in wanted]
