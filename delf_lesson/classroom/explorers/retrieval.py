"""Choose a query and switch the stages of the pipeline on and off (notebook 06)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from delf_lesson.classroom.explorers.controls import steps, switch
from delf_lesson.classroom.explorers.drawing import (
    BLUE,
    GAP,
    GREY,
    ORANGE,
    WIDTH,
    above,
    beside,
    framed,
    of_height,
    path,
    titled,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer, Shown
from delf_lesson.classroom.explorers.job import Bar, Job
from delf_lesson.classroom.explorers.pipeline import Pipeline, Stages, few_images
from delf_lesson.classroom.figures import side_by_side
from delf_lesson.classroom.result_figures import verdict
from delf_lesson.datasets.benchmark import Benchmark, Query, Truth
from delf_lesson.images import Pixels, read_image
from delf_lesson.retrieval.cache import FeatureCache
from delf_lesson.retrieval.ranking import Result

SHOWN = 6
HEIGHT = 130  # pixels of a result


class RetrievalExplorer(Shown):
    """Choose a query, switch stages on and off, and see what is found, with inlier lines.

    Slide "Image retrieval pipeline with ours". benchmark: of it a few pictures are searched, four
    of each landmark and as many that show none; they are described when the button is pressed.
    """

    def __init__(
        self, benchmark: Benchmark, queries: Sequence[Query], cache: FeatureCache | None
    ) -> None:
        images = few_images(benchmark, queries)
        self.pipeline = Pipeline(images, queries)
        truth = benchmark.truth
        named = {query.name: query for query in queries}

        def draw(query: str, **stages: bool) -> Drawn:
            if not self.pipeline.ready:
                image = titled(of_height(named[query].read(), 240), f"the query {query}")
                return Drawn(image, "Nothing is described yet: press the button below.")
            on = Stages(**stages)
            drawn = draw_results(named[query], self.pipeline.search(query, on), truth[query])
            if on.expansion and not on.verification:
                says = f"{drawn.says} Query expansion needs verification, so it is left out."
                return replace(drawn, says=says)
            return drawn

        def work(bar: Bar) -> str:
            self.pipeline.describe(cache, bar)
            self.explorer.set()
            return "Described. Choose a query and switch stages on and off above."

        text = (
            "A query and what a pipeline finds for it among a few pictures of the town, with lines "
            "between inliers; choose the query and the stages by the controls"
        )
        self.explorer = Explorer(
            draw,
            {
                "query": steps("query", list(named)),
                "attention": switch("attention", True),
                "codes": switch("codes of 20 bytes", False),
                "verification": switch("verification", True),
                "expansion": switch("query expansion", False),
                "fusion": switch("fusion with DIR", False),
            },
            text,
        )
        label = f"Describe {len(images)} pictures (about a minute, once)"
        self.job = Job(label, "By DELF and DIR; features are kept", work)
        super().__init__(
            widgets.VBox([self.explorer.widget, self.job.widget]), text, self.explorer.twin
        )


def draw_results(query: Query, results: Sequence[Result], truth: Truth) -> Drawn:
    """The first results beside the query, with lines between inliers, framed by right or wrong."""
    asked, panels, kinds = query.read(), [], []
    for rank, result in enumerate(results[:SHOWN], start=1):
        kind = verdict(Path(result.image).stem, truth)
        kinds.append(kind)
        colour = {"right": BLUE, "wrong": ORANGE, "junk": GREY}[kind]
        proof = f"{result.inliers} inliers" if result.inliers else f"vote {result.vote:.2f}"
        panels.append(titled(_pair(asked, result, colour, kind), f"{rank}. {kind}, {proof}"))
    rows = [beside(*panels[k : k + 3]) for k in range(0, len(panels), 3)]
    first = next((rank for rank, kind in enumerate(kinds, start=1) if kind == "wrong"), None)
    wrong = f"the first wrong one has rank {first}" if first else "none of them is wrong"
    says = (
        f"For {query.name} {kinds.count('right')} of the first {len(kinds)} pictures show the "
        f"landmark; {wrong}."
    )
    return Drawn(above(*rows), says)


def _pair(query: Pixels, result: Result, colour: tuple[int, int, int], kind: str) -> Pixels:
    """The query and a result at one height, in a frame, with a line for each inlier."""
    image, width = _read(result.image), (WIDTH - 2 * GAP) // 3
    aspects = sum(one.shape[1] / one.shape[0] for one in (query, image))
    height = min(HEIGHT, int((width - GAP - 1) / aspects))
    both, left, right, start = side_by_side(query, image, height)
    for x0, y0, x1, y1 in result.lines[:60]:
        path(both, np.array([[x0 * left, y0 * left], [x1 * right + start, y1 * right]]), ORANGE, 1)
    both[:, start:] = framed(both[:, start:], colour, dashed=kind != "right")
    return both


@lru_cache(maxsize=100)
def _read(path: str) -> Pixels:
    return read_image(path)
