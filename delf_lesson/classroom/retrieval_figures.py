"""Pictures of indexes, codes and measurements with intervals (notebook 06)."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib import rc_context
from numpy.typing import NDArray

from delf_lesson.classroom.curve_figures import styles
from delf_lesson.classroom.figures import BLUE, LOOK, ORANGE, Picture, drawing, new_figure

GIB = 2**30


def show_intervals(
    values: Mapping[str, tuple[float, float, float]], label: str, alt: str
) -> Picture:
    """Horizontal bars, each (value, low, high) with its interval as a whisker."""
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
        return drawing(figure, alt)


def show_lists(rows: NDArray, centroids: NDArray, query: NDArray, probes: int, alt: str) -> Picture:
    """Descriptors of two numbers (N, 2) in their inverted lists, and those a query (2,) looks into.

    centroids: of the lists (L, 2). A descriptor belongs to the list of its nearest centroid.
    """
    nearest = np.argsort(((centroids - query) ** 2).sum(axis=1))[:probes]
    own = ((rows[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
    looked = np.isin(own, nearest)
    with rc_context(LOOK):
        figure = new_figure(4.6, 6.5)
        axes = figure.add_subplot()
        low, high = rows.min(axis=0) - 0.02, rows.max(axis=0) + 0.02
        x, y = np.meshgrid(*(np.linspace(a, b, 400) for a, b in zip(low, high, strict=True)))
        places = np.stack([x.ravel(), y.ravel()], axis=1)
        lists = ((places[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1).reshape(x.shape)
        borders = (np.diff(lists, axis=0)[:, :-1] != 0) | (np.diff(lists, axis=1)[:-1] != 0)
        extent = (low[0], high[0], low[1], high[1])
        axes.imshow(borders, origin="lower", extent=extent, cmap="Greys", aspect="auto", alpha=0.5)
        axes.scatter(rows[~looked, 0], rows[~looked, 1], s=3, color="0.6", label="not compared")
        axes.scatter(
            rows[looked, 0],
            rows[looked, 1],
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
        return drawing(figure, alt)


def show_code(descriptor: NDArray, decoded: NDArray, parts: int, alt: str) -> Picture:
    """A descriptor (D,) and what its code stands for, with lines between the parts."""
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
        return drawing(figure, alt)


def show_tradeoff(
    points: Mapping[str, tuple[float, float]], labels: tuple[str, str], alt: str
) -> Picture:
    """Named points (x, y), x on a logarithmic axis: what recall costs; labels of the two axes."""
    with rc_context(LOOK):
        figure = new_figure(3.6, 6.5)
        axes = figure.add_subplot()
        for name, (x, y) in points.items():
            axes.plot(x, y, "o", color=BLUE)
            axes.annotate(name, (x, y), xytext=(6, -10), textcoords="offset points", fontsize=8)
        axes.set(xlabel=labels[0], ylabel=labels[1], xscale="log", ylim=(0, 1.05))
        axes.margins(x=0.25)
        axes.grid(alpha=0.3)
        return drawing(figure, alt)


def show_growth(
    counts: Sequence[float], bytes_each: Mapping[str, float], limits: Mapping[str, float], alt: str
) -> Picture:
    """Memory over the number of descriptors, of ways to keep them at so many bytes each.

    limits: lines across, in bytes, by name; written below and above them in turn.
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
        return drawing(figure, alt)
