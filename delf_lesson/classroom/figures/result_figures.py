"""Figures and tables of results (lab 07)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delf_lesson.classroom.figures.alternative_text import joined, plural, rounded
from delf_lesson.classroom.figures.keypoint_figures import bare_image
from delf_lesson.classroom.figures.notebook_figure import (
    BLUE,
    LOOK,
    ORANGE,
    NotebookFigure,
    jpeg_figure,
    new_figure,
    png_figure,
)
from delf_lesson.classroom.figures.retrieval_figures import draw_precision_recall, styles
from delf_lesson.datasets.benchmark import Benchmark, Truth
from delf_lesson.evaluation.metrics import PrecisionRecall
from delf_lesson.images import read_image


def show_rows(
    rows: Mapping[str, Mapping[str, tuple[float, float, float]]], label: str
) -> NotebookFigure:
    """Values with intervals, (value, low, high), of several sets: a line for each row."""
    sets = list(dict.fromkeys(name for values in rows.values() for name in values))
    with rc_context(LOOK):
        figure = new_figure(0.9 + 0.32 * len(rows))
        axes = figure.add_subplot()
        drawn = zip(sets, styles(len(sets)), np.linspace(-0.18, 0.18, len(sets)), strict=True)
        for name, (colour, style), shift in drawn:
            present = [(y, row[name]) for y, row in enumerate(rows.values()) if name in row]
            heights = [y + shift for y, _ in present]
            means, lows, highs = np.array([values for _, values in present]).T
            axes.errorbar(
                means,
                heights,
                xerr=[means - lows, highs - means],
                fmt=style[0],
                color=colour,
                capsize=2,
                linewidth=1.2,
                markersize=5,
                label=name,
            )
        axes.set_yticks(range(len(rows)), list(rows))
        axes.invert_yaxis()
        axes.set(xlim=(0, 1), xlabel=label)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
        return png_figure(
            figure,
            f"{plural(len(rows), 'row')}: {label}, in {joined(sets)}",
            *(
                _ends(
                    name, {row: values[name][0] for row, values in rows.items() if name in values}
                )
                for name in sets
            ),
        )


def _ends(name: str, values: Mapping[str, float]) -> str:
    """The highest and the lowest of named values, as a sentence."""
    high, low = max(values, key=lambda k: values[k]), min(values, key=lambda k: values[k])
    return (
        f"{name}: highest {high} ({rounded(values[high])}), lowest {low} ({rounded(values[low])})"
    )


def found_shares(
    cells: Mapping[str, Mapping[str, Any]], columns: Sequence[str]
) -> dict[tuple[str, str], float]:
    """Recall by (condition, class) over several sets together.

    cells: a system's cells of the table, by set.
    """
    counts: dict[tuple[str, str], list[float]] = {}
    for column in columns:
        for condition, classes in cells[column]["found"].items():
            for name, (share, count) in classes.items():
                total = counts.setdefault((condition, name), [0.0, 0.0])
                total[0] += share * count
                total[1] += count
    return {key: hits / count for key, (hits, count) in counts.items()}


def show_shares(
    shares: Mapping[str, Mapping[tuple[str, str], float]], label: str, told: bool = True
) -> NotebookFigure:
    """A share for each row and (condition, class); higher shares are darker blue.

    told: whether the alternative text names each row's highest and lowest share. Leave them out
    where close shares may change places on another processor.
    """
    classes = list(next(iter(shares.values())))
    conditions = list(dict.fromkeys(condition for condition, _ in classes))
    values = np.array([[row[name] for name in classes] for row in shares.values()])
    with rc_context(LOOK):
        figure = new_figure(1.2 + 0.32 * len(values))
        axes = figure.add_subplot()
        axes.imshow(values, cmap="Blues", vmin=0, vmax=1.2, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            colour = "white" if value > 0.7 else "black"
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=colour)
        for condition in conditions:
            places = [place for place, (name, _) in enumerate(classes) if name == condition]
            axes.text(sum(places) / len(places), -0.8, condition, ha="center", va="bottom")
            axes.axvline(places[0] - 0.5, color="black", linewidth=1.5)
        axes.set_yticks(range(len(shares)), list(shares))
        axes.set_xticks(range(len(classes)), [name for _, name in classes], rotation=60)
        axes.tick_params(length=0)
        axes.set_xlabel(label)
        for spine in axes.spines.values():
            spine.set_visible(False)
        percent = {
            system: {" ".join(key): 100 * share for key, share in row.items()}
            for system, row in shares.items()
        }
        return png_figure(
            figure,
            f"Table: {label}, by {joined(conditions)}, in {plural(len(shares), 'row')}",
            *(_ends(system, row) for system, row in percent.items() if told),
        )


def curves_figure(curves: Mapping[str, PrecisionRecall]) -> Figure:
    """Precision over recall, without markers and on axes from 0 to 1."""
    figure = draw_precision_recall(
        {name: (list(curve.precision), list(curve.recall)) for name, curve in curves.items()}, "-"
    )
    figure.axes[0].set_xlim(0, 1)
    figure.axes[0].legend(loc="lower left")
    return figure


def threshold_figure(curves: Mapping[str, PrecisionRecall], threshold: float) -> Figure:
    """Precision over recall, and the point of each curve at a common threshold."""
    figure = curves_figure(curves)
    axes = figure.axes[0]
    for curve, (colour, style) in zip(curves.values(), styles(len(curves)), strict=True):
        precision, recall = curve.at(threshold)
        axes.plot(recall, precision, style[0], color=colour, markersize=11, markeredgecolor="black")
    axes.set_title(f"Marks: returned if there are at least {threshold:g} inliers")
    return figure


def show_threshold(curves: Mapping[str, PrecisionRecall], threshold: float) -> NotebookFigure:
    """`threshold_figure` for a notebook."""
    told = []
    for name, curve in curves.items():
        precision, recall = (rounded(value) for value in curve.at(threshold))
        told.append(f"{name} {precision} at recall {recall}")
    return png_figure(
        threshold_figure(curves, threshold),
        f"Precision over recall of {joined(curves)}",
        f"Precision at a threshold of {threshold:g} inliers: {joined(told)}",
    )


_FRAMES = {"right": (BLUE, "-"), "wrong": (ORANGE, "--"), "junk": ("0.6", ":")}


def verdict(image: str, truth: Truth) -> str:
    """Whether a result, by its name, is "right", "wrong" or "junk" for a query."""
    if image in truth.junk:
        return "junk"
    return "right" if image in truth.positives else "wrong"


def show_first(
    cells: Mapping[str, Mapping[str, Any]], benchmark: Benchmark, query: str
) -> NotebookFigure:
    """A query at the left, and the first results of each system in a row, framed by right or wrong.

    cells: of the table, by system, all of this benchmark; their "first" is drawn.
    """
    query_image = next(each for each in benchmark.queries if each.name == query).read()
    paths = {benchmark.name_of(path): path for path in benchmark.images}
    columns = 1 + max(len(cell["first"][query]) for cell in cells.values())
    told = []
    with rc_context(LOOK):
        figure = new_figure(1.9 * len(cells))
        grid = figure.add_gridspec(len(cells), columns)
        bare_image(figure.add_subplot(grid[:, 0]), query_image, "query")
        for row, (system, cell) in enumerate(cells.items()):
            precision = f"{system}: AP {cell['average_precisions'][query]:.2f}"
            unit = "cosine" if cell["confidence"] == "vote" else "inliers"
            kinds = []
            for place, (image, confidence) in enumerate(cell["first"][query], start=1):
                kinds.append(verdict(image, benchmark.truth[query]))
                number = f"{confidence:.2f}" if unit == "cosine" else f"{int(confidence)}"
                axes = figure.add_subplot(grid[row, place])
                axes.imshow(read_image(paths[image]))
                axes.set_title(f"{precision if place == 1 else ''}\n{kinds[-1]}: {unit} {number}")
                _frame(axes, kinds[-1])
            counts = joined(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
            told.append(f"{precision}, {counts}")
        return jpeg_figure(
            figure, f"The query {query} and the first results of {joined(cells)}", *told
        )


def _frame(axes: Axes, judged: str) -> None:
    colour, line = _FRAMES[judged]
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=3, color=colour, linestyle=line)


class Table:
    """Rows under a header, as Markdown, which every page shows and every screen reader reads.

    numbers: whether all columns but the first are numbers, which are aligned at the right.
    """

    def __init__(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: bool = True
    ) -> None:
        for row in rows:
            if len(row) != len(header):
                raise ValueError(f"rows: {row} has {len(row)} cells; wanted {len(header)}")
        self.header, self.rows = list(header), [list(row) for row in rows]
        self.numbers = numbers

    def __repr__(self) -> str:
        return f"Table: {', '.join(self.header)}; {len(self.rows)} rows"

    @property
    def text(self) -> str:
        """The table in Markdown."""
        other = "---:" if self.numbers else "---"
        lines = [self.header, ["---", *[other] * (len(self.header) - 1)], *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _ipython_display_(self) -> None:
        display({"text/markdown": self.text, "text/plain": repr(self)}, raw=True)


def map_table(
    cells: Mapping[str, Mapping[str, Mapping[str, Any]]],
    systems: Sequence[str],
    columns: Sequence[str],
) -> Table:
    """mAP in percent with its interval, a row for each system and a column for each set."""

    def cell(system: str, column: str) -> str:
        measured = cells.get(system, {}).get(column)
        if measured is None:
            return "–"
        low, high = measured["map_interval"]
        return f"**{100 * measured['map']:.1f}** [{100 * low:.0f}, {100 * high:.0f}]"

    rows = [[system, *(cell(system, column) for column in columns)] for system in systems]
    return Table(["system", *columns], rows)
