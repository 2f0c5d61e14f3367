"""Explorers of lab 07: the threshold of precision and recall, and one row measured live."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import cv2
import ipywidgets as widgets
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from delf_lesson.cache import FeatureCache
from delf_lesson.classroom.explorers.drawing import (
    BLACK,
    BLUE,
    GAP,
    GREY,
    ORANGE,
    Colour,
    above,
    beside,
    framed,
    of_width,
    ring,
    titled,
    white,
)
from delf_lesson.classroom.explorers.explorer import (
    Drawn,
    Explorer,
    Labels,
    Shown,
    labelled_box,
    slider,
    steps,
)
from delf_lesson.classroom.explorers.live_explorers import Bar, Job, duration
from delf_lesson.classroom.figures.notebook_figure import pixels
from delf_lesson.classroom.figures.result_figures import curves_figure, verdict
from delf_lesson.classroom.figures.retrieval_figures import styles
from delf_lesson.datasets.benchmark import Benchmark
from delf_lesson.evaluation.metrics import PrecisionRecall
from delf_lesson.evaluation.table import benchmark_system, estimated_seconds
from delf_lesson.images import Pixels, read_image
from delf_lesson.systems.registry import find_system

ROWS, COLUMNS = 4, 2  # of the results shown
THUMB = (84, 63)  # pixels of width and height
Cells = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Cells of the table of results by system and set."""


def explore_threshold(
    curves: Mapping[str, PrecisionRecall],
    cells: Mapping[str, Mapping[str, Any]],
    benchmark: Benchmark,
    most: int,
    first: int,
) -> Explorer:
    """Choose the number of inliers above which results are returned; see precision and recall.

    Slide "Precision & Recall Result". curves: by system; cells: of the table, by system, all of
    this benchmark; most: the slider's end. Raises ValueError if a system has a curve and no cell.
    """
    missing = [name for name in curves if name not in cells]
    if missing:
        raise ValueError(f"cells lacks {', '.join(missing)}; wanted a cell for every curve")
    figure = curves_figure(curves)
    base = pixels(figure)
    to_pixels = figure.axes[0].transData.transform
    height = base.shape[0]
    paths = {benchmark.name_of(path): path for path in benchmark.images}
    queries = {query.name: query for query in benchmark.queries}
    returned = {name: first_results(cells[name]["first"]) for name in curves}

    thumb_of = lru_cache(maxsize=None)(
        lambda name: thumb(queries[name].read() if name in queries else read_image(paths[name]))
    )

    def draw(threshold: int, system: str) -> Drawn:
        places = {name: curve.at(threshold) for name, curve in curves.items()}
        x, y = to_pixels([(recall, precision) for precision, recall in places.values()]).T
        plot = mark_places(base, np.stack([x, height - y], axis=1))
        entered = [result for result in returned[system] if result[2] >= threshold]
        pairs = [
            came_in(thumb_of(query), thumb_of(image), score, kind)
            for query, image, score in entered[-ROWS * COLUMNS :]
            for kind in [verdict(image, benchmark.truth[query])]
        ]
        precision, recall = places[system]
        says = (
            f"From {threshold} inliers on {system} returns {recall:.0%} of what it should, and "
            f"{precision:.0%} of what it returns is right. Shown are the last of the first "
            "results that came in, each beside its query."
        )
        return Drawn(beside(of_width(plot, 516), in_columns(pairs)), says)

    return Explorer(
        draw,
        {
            "threshold": slider("inliers from which on a result is returned", 0, most, first),
            "system": steps("pictures of", list(curves), list(curves)[-1]),
        },
        "Marks that move along the precision-recall curves with the threshold, and the last "
        "results that it lets in; move the slider",
    )


def first_results(first: Mapping[str, Sequence[Sequence[Any]]]) -> list[tuple[str, str, float]]:
    """The first results of all queries, (query, image, score), the best score first."""
    flat = [(query, image, score) for query, results in first.items() for image, score in results]
    return sorted(flat, key=lambda result: -result[2])


def mark_places(plot: Pixels, places: NDArray) -> Pixels:
    """The plot with a mark in its curve's colour at each place (N, 2)."""
    marked = plot.copy()
    for at, (colour, _) in zip(places, styles(len(places)), strict=True):
        ring(marked, at, 7, BLACK, 3)
        cv2.circle(marked, tuple(np.rint(at).astype(int)), 5, as_rgb(colour), -1, cv2.LINE_AA)
    return marked


def as_rgb(colour: str) -> Colour:
    """matplotlib's name of a colour as three bytes."""
    red, green, blue = (round(255 * part) for part in to_rgb(colour))
    return red, green, blue


def thumb(image: Pixels) -> Pixels:
    """A thumbnail of an image."""
    return cv2.resize(image, THUMB, interpolation=cv2.INTER_AREA)


def came_in(query: Pixels, image: Pixels, score: float, kind: str) -> Pixels:
    """A query and one of its results, both small, in a frame that shows the verdict."""
    colour = {"right": BLUE, "wrong": ORANGE, "junk": GREY}[kind]
    pair = beside(query, framed(image, colour, dashed=kind != "right"))
    return titled(pair, f"{int(score)} inliers: {kind}")


def in_columns(pairs: Sequence[Pixels]) -> Pixels:
    """Pairs row by row, filled up with white."""
    empty = titled(white(THUMB[1], 2 * THUMB[0] + GAP), "" if pairs else "nothing comes in")
    filled = [*pairs, *[empty] * (ROWS * COLUMNS - len(pairs))]
    return above(*(beside(*filled[k : k + COLUMNS]) for k in range(0, len(filled), COLUMNS)))


class LiveRow(Shown):
    """Choose a system and a set, see its row of the table and the time it takes, and measure it.

    cells: of the table. Features are cached, so no image is described twice.
    """

    def __init__(self, cells: Cells, system: str, column: str) -> None:
        self.cells = cells
        self.system = steps("system", list(cells), system)
        self.column = steps("set", list(cells[system]), column)
        self.message = widgets.HTML()
        # The values at the press of the button count, not later changes.
        self.job = Job(
            "Measure",
            "Measure this row now",
            lambda bar: self._measure(self.system.value, self.column.value, bar),
        )
        self.system.observe(self._update_sets, "value")
        self.column.observe(self._describe, "value")
        self._describe()
        rows = [widgets.HBox([self.system, self.column]), self.message, self.job.widget]
        box = labelled_box(rows, Labels(shown=False))
        super().__init__(box, "Sliders for a system and a set, and a button that measures")

    def _measure(self, system: str, column: str, bar: Bar) -> str:
        now = benchmark_system(find_system(system), column, FeatureCache.default(), bar)
        before = self.cells[system][column]
        return (
            f"{system} on {column}: mAP <b>{now['map']:.3f}</b> now, "
            f"{before['map']:.3f} in the table"
        )

    def _update_sets(self, _: Any = None) -> None:
        self.column.options = list(self.cells[self.system.value])
        self._describe()

    def _describe(self, _: Any = None) -> None:
        cell = self.cells[self.system.value][self.column.value]
        with_cache, without_cache = estimated_seconds(cell)
        self.message.value = (
            f"In the table: mAP {cell['map']:.3f}, over {cell['queries']} queries among "
            f"{cell['images']} pictures. Measuring it again takes about {duration(without_cache)}, "
            f"or {duration(with_cache)} where all features are kept from before."
        )
