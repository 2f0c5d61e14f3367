"""Figures of the retrieval pipeline, and curves of one quantity over another (labs 01, 02, 06)."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from delf_lesson.classical.properties import Properties
from delf_lesson.classical.transformations import CHANGES, Change
from delf_lesson.classroom.figures.alternative_text import joined, plural, rounded
from delf_lesson.classroom.figures.notebook_figure import (
    BLUE,
    LOOK,
    ORANGE,
    NotebookFigure,
    new_figure,
    png_figure,
)

GIB = 2**30


def show_intervals(
    values: Mapping[str, tuple[float, float, float]], label: str, told: int = 2
) -> NotebookFigure:
    """Horizontal bars, each (value, low, high) with its interval as a whisker.

    told: significant digits in the alternative text.
    """
    with rc_context(LOOK):
        figure = new_figure(0.7 + 0.35 * len(values))
        axes = figure.add_subplot()
        means, lows, highs = np.array(list(values.values())).T
        bars = axes.barh(
            list(values), means, color=BLUE, xerr=[means - lows, highs - means], capsize=4
        )
        axes.bar_label(bars, [f"{mean:.2f}" for mean in means], label_type="center", color="white")
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_xlabel(label)
        texts = []
        for name, numbers in values.items():
            value, start, end = (rounded(number, told) for number in numbers)
            texts.append(f"{name} {value}, whisker from {start} to {end}")
        return png_figure(figure, f"{plural(len(values), 'bar')}: {label}", "; ".join(texts))


def show_lists(rows: NDArray, centroids: NDArray, query: NDArray, probes: int) -> NotebookFigure:
    """Descriptors of two numbers (N, 2) in inverted lists, and the lists that a query (2,) probes.

    centroids: of the lists (L, 2). A descriptor belongs to the list of its nearest centroid.
    """
    nearest = np.argsort(((centroids - query) ** 2).sum(axis=1))[:probes]
    list_of_row = ((rows[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
    compared = np.isin(list_of_row, nearest)
    with rc_context(LOOK):
        figure = new_figure(4.6, 6.5)
        axes = figure.add_subplot()
        low, high = rows.min(axis=0) - 0.02, rows.max(axis=0) + 0.02
        x, y = np.meshgrid(*(np.linspace(a, b, 400) for a, b in zip(low, high, strict=True)))
        points = np.stack([x.ravel(), y.ravel()], axis=1)
        lists = ((points[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1).reshape(x.shape)
        borders = (np.diff(lists, axis=0)[:, :-1] != 0) | (np.diff(lists, axis=1)[:-1] != 0)
        extent = (low[0], high[0], low[1], high[1])
        axes.imshow(borders, origin="lower", extent=extent, cmap="Greys", aspect="auto", alpha=0.5)
        axes.scatter(rows[~compared, 0], rows[~compared, 1], s=3, color="0.6", label="not compared")
        axes.scatter(
            rows[compared, 0],
            rows[compared, 1],
            s=5,
            color=BLUE,
            label=f"in the {probes} lists looked into",
        )
        axes.scatter(
            centroids[:, 0], centroids[:, 1], s=40, marker="+", color="black", label="centroids"
        )
        axes.scatter(
            query[0],
            query[1],
            s=90,
            marker="X",
            color=ORANGE,
            edgecolors="black",
            label="the query",
        )
        axes.set(xlabel="first number of a descriptor", ylabel="second number")
        axes.legend(loc="upper left", fontsize=8)
        return png_figure(
            figure,
            f"{rounded(len(rows))} descriptors of two numbers in {len(centroids)} inverted lists",
            f"The {plural(probes, 'list')} nearest to the query are coloured",
        )


def show_code(descriptor: NDArray, decoded: NDArray, parts: int) -> NotebookFigure:
    """A descriptor (D,) and its decoded code, with lines between the parts."""
    with rc_context(LOOK):
        figure = new_figure(2.6)
        axes = figure.add_subplot()
        numbers = np.arange(len(descriptor))
        axes.bar(numbers, descriptor, color=BLUE, label="the descriptor")
        axes.step(numbers, decoded, where="mid", color=ORANGE, label="what its code stands for")
        for border in np.arange(1, parts) * len(descriptor) / parts - 0.5:
            axes.axvline(border, color="0.7", linewidth=0.8)
        axes.set(xlabel="number of the descriptor", ylabel="value", xlim=(-0.5, len(descriptor)))
        axes.legend(fontsize=8)
        # k-means ends a little differently on another processor: one digit is safe.
        error = float(np.linalg.norm(descriptor - decoded) / np.linalg.norm(descriptor))
        return png_figure(
            figure,
            f"The {len(descriptor)} numbers of a descriptor as bars, and as steps what its code of "
            f"{plural(parts, 'part')} stands for",
            f"The steps differ from the bars by about {rounded(100 * error, 1)}% of the "
            "descriptor's length",
        )


def show_tradeoff(
    points: Mapping[str, tuple[float, float]], labels: tuple[str, str]
) -> NotebookFigure:
    """Named points (x, y), x on a logarithmic axis, as recall over time; labels: of both axes.

    The alternative text gives no numbers, since times differ from run to run.
    """
    with rc_context(LOOK):
        figure = new_figure(3.6, 6.5)
        axes = figure.add_subplot()
        for name, (x, y) in points.items():
            axes.plot(x, y, "o", color=BLUE)
            axes.annotate(name, (x, y), xytext=(6, -10), textcoords="offset points", fontsize=8)
        axes.set(xlabel=labels[0], ylabel=labels[1], xscale="log", ylim=(0, 1.05))
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(x=0.25)
        axes.grid(alpha=0.3)
        return png_figure(figure, f"Points: {labels[1]}, over {labels[0]}: {joined(points)}")


def show_growth(
    counts: Sequence[float], bytes_each: Mapping[str, float], limits: Mapping[str, float]
) -> NotebookFigure:
    """Memory over the number of descriptors, by the name of each format and its bytes.

    limits: horizontal lines, in bytes, by name; names stand below and above the lines in turn.
    """
    with rc_context(LOOK):
        figure = new_figure(3.8, 6.5)
        axes = figure.add_subplot()
        drawn = zip(bytes_each.items(), styles(len(bytes_each)), strict=True)
        for (name, each), (colour, style) in drawn:
            memory = np.array(counts) * each / GIB
            axes.plot(counts, memory, style, color=colour, label=name, markersize=4)
        for (name, limit), above in zip(limits.items(), cycle((False, True)), strict=False):
            axes.axhline(limit / GIB, color="0.5", linewidth=0.8)
            place, side = (0, 3 if above else -3), "bottom" if above else "top"
            at = (counts[0], limit / GIB)
            axes.annotate(name, at, xytext=place, textcoords="offset points", va=side)
        axes.set(xlabel="descriptors", ylabel="GiB", xscale="log", yscale="log")
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
        most = (f"{name} {rounded(counts[-1] * each / GIB)}" for name, each in bytes_each.items())
        return png_figure(
            figure,
            f"Memory in GiB over the number of descriptors, with lines for {joined(limits)}",
            f"GiB for {rounded(counts[-1])} descriptors: {joined(most)}",
        )


STYLES = (
    (BLUE, "o-"),
    (ORANGE, "s--"),
    ("black", "^:"),
    ("#009e73", "d-."),
    ("#cc79a7", "v-"),
    ("#56b4e9", "P--"),
    ("#d55e00", "X:"),
    ("#666666", "*-."),
)
"""Colours that colour-blind eyes tell apart, each with its own marker and line."""


def styles(count: int) -> tuple[tuple[str, str], ...]:
    """Colour and line of each of `count` curves. Raises ValueError for too many curves."""
    if count > len(STYLES):
        raise ValueError(f"curves holds {count} curves; wanted {len(STYLES)} at most in one figure")
    return STYLES[:count]


def draw_curves(axes: Axes, x: Sequence[float], curves: Mapping[str, Sequence[float]]) -> None:
    """Each curve over x, in the lesson's styles, from 0 to 1."""
    for (name, y), (colour, style) in zip(curves.items(), styles(len(curves)), strict=True):
        axes.plot(x, y, style, color=colour, label=name, markersize=4)
    axes.set_ylim(0, 1.03)
    axes.grid(alpha=0.3)


def draw_precision_recall(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], style: str | None = None
) -> Figure:
    """Precision over recall, of curves by their names; style: a line style instead of markers."""
    with rc_context(LOOK):
        figure = new_figure(4.2, 6.5)
        axes = figure.add_subplot()
        drawn = zip(curves.items(), styles(len(curves)), strict=True)
        for (name, (precision, recall)), (colour, markers) in drawn:
            axes.plot(recall, precision, style or markers, color=colour, label=name, markersize=4)
        axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.03), xlim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend()
        return figure


def show_precision_recall(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> NotebookFigure:
    """Precision over recall, of curves by their names."""
    ends = []
    for name, (precision, recall) in curves.items():
        at = int(np.argmax(recall))
        ends.append(f"{name} {rounded(recall[at])} at precision {rounded(precision[at])}")
    return png_figure(
        draw_precision_recall(curves),
        f"Precision over recall of {joined(curves)}",
        f"Highest recall: {joined(ends)}",
    )


def show_invariance(
    curves: Mapping[str, Mapping[str, Sequence[Properties]]],
    measure: Callable[[Properties], float],
    label: str,
    changes: Mapping[str, Change] = CHANGES,
    columns: int = 4,
) -> NotebookFigure:
    """A number of `properties.invariance` for every change: a panel each, with a curve for each
    extractor. The mildest amount of a change stands on the left.
    """
    rows = -(-len(curves) // columns)
    columns = min(columns, len(curves))
    with rc_context(LOOK):
        figure = new_figure(2.3 * rows + 0.5)
        for place, (change, by_extractor) in enumerate(curves.items(), start=1):
            axes = figure.add_subplot(rows, columns, place)
            steps = range(len(changes[change].amounts))
            draw_curves(
                axes, steps, {n: [measure(p) for p in ps] for n, ps in by_extractor.items()}
            )
            axes.set_xticks(steps, [f"{amount:g}" for amount in changes[change].amounts])
            axes.set_title(change)
            axes.set_xlabel(changes[change].label)
            if (place - 1) % columns == 0:
                axes.set_ylabel(label)
        handles, names = axes.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
        lowest = []
        for change, by_extractor in curves.items():
            least = {n: np.nanmin([measure(p) for p in ps]) for n, ps in by_extractor.items()}
            lowest.append(f"{change}, {joined(map(_least, least, least.values()))}")
        return png_figure(
            figure,
            f"Curves of {label} of {joined(names)}, in {plural(len(curves), 'panel')}: "
            f"{joined(curves)}",
            f"Lowest values: {'; '.join(lowest)}",
        )


def _least(name: str, value: float) -> str:
    """A curve's lowest value in words. Chance is near 0, and changes with the processor."""
    return f"{name} {'less than 0.05' if value < 0.05 else rounded(value)}"
