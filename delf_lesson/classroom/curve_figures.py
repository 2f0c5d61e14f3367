"""Curves of one quantity over another, for notebooks that measure (notebooks 01 and 02)."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delf_lesson.classical.properties import Properties
from delf_lesson.classical.transformations import CHANGES, Change
from delf_lesson.classroom.figures import BLUE, LOOK, ORANGE, Picture, drawing, new_figure

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
"""Colours that colour-blind eyes tell apart, each with a marker and a line of its own."""


def styles(count: int) -> tuple[tuple[str, str], ...]:
    """Colour and line of each of `count` curves; ValueError for more than can be told apart."""
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
    """Precision over recall, of curves by their names; style: of lines, instead of markers."""
    with rc_context(LOOK):
        figure = new_figure(4.2, 6.5)
        axes = figure.add_subplot()
        drawn = zip(curves.items(), styles(len(curves)), strict=True)
        for (name, (precision, recall)), (colour, own) in drawn:
            axes.plot(recall, precision, style or own, color=colour, label=name, markersize=4)
        axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.03), xlim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend()
        return figure


def show_precision_recall(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], alt: str
) -> Picture:
    """Precision over recall, of curves by their names."""
    return drawing(draw_precision_recall(curves), alt)


def show_invariance(
    curves: Mapping[str, Mapping[str, Sequence[Properties]]],
    measure: Callable[[Properties], float],
    label: str,
    alt: str,
    changes: Mapping[str, Change] = CHANGES,
    columns: int = 4,
) -> Picture:
    """One number of `properties.invariance` for every change: a panel each, a curve an extractor.

    The mildest amount stands left, whatever its number.
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
        return drawing(figure, alt)
