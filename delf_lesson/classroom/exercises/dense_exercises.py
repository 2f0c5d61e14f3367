"""Exercises of lab 03: what a cell of the dense grid can see, and where."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.deep.receptive_field import Grid, cell_keypoints, grid_of
from delf_lesson.images import to_original

Layers = list[tuple[int, int, int]]
Geometry = tuple[int, int, float]

STEM = [(7, 2, 3), (3, 2, 1)]


def receptive_field(layers: Layers) -> Geometry:
    """Field, stride and first centre, by the package's `grid_of`."""
    grid = grid_of(layers)
    return grid.receptive_field, grid.stride, grid.offset


def _by(
    grow: Callable[[int, int, int], int], move: Callable[[int, int, int], float]
) -> Callable[[Layers], Geometry]:
    """The same loop with other steps; both take kernel, padding and the grid's step before."""

    def geometry(layers: Layers) -> Geometry:
        field, step, offset = 1, 1, 0.0
        for kernel, stride, padding in layers:
            field += grow(kernel, padding, step)
            offset += move(kernel, padding, step)
            step *= stride
        return field, step, offset

    return geometry


def _late(layers: Layers) -> Geometry:
    """The step of the layer itself is used, and not the one before it."""
    field, step, offset = 1, 1, 0.0
    for kernel, stride, padding in layers:
        step *= stride
        field += (kernel - 1) * step
        offset += ((kernel - 1) / 2 - padding) * step
    return field, step, offset


def _layers(rng: np.random.Generator) -> Sequence[Case]:
    drawn = [(int(k), int(s), int(p)) for k, s, p in rng.integers(1, 4, (6, 3))]
    return [
        Case("one 3x3 convolution", ([(3, 1, 1)],)),
        Case("one 5x5 convolution without padding", ([(5, 1, 0)],)),
        Case("the stem of a ResNet", (STEM,)),
        Case("the stem and two blocks", ([*STEM, *[(3, 1, 1)] * 2, (3, 2, 1), (3, 1, 1)],)),
        Case(f"layers {drawn}", (drawn,)),
    ]


def cell_centres(
    rows: int, columns: int, stride: int, offset: float, scale: float
) -> NDArray[np.float32]:
    """Centres (rows * columns, 2), by the package's `cell_keypoints` and `to_original`."""
    size = ((columns + 1) * stride, (rows + 1) * stride)
    at = cell_keypoints(rows, columns, Grid(stride, 1, offset), "field", size)
    original = (size[0] / scale, size[1] / scale)
    return to_original(at, size, original)  # type: ignore[arg-type]


def _centres(rng: np.random.Generator) -> Sequence[Case]:
    return [
        Case("two rows of three cells at scale 1", (2, 3, 16, 0.0, 1.0)),
        Case("the same at scale 0.5", (2, 3, 16, 0.0, 0.5)),
        Case("a grid whose first centre is at 3.5", (3, 2, 8, 3.5, 1.0)),
        Case("another at scale 2", (int(rng.integers(2, 5)), 5, 16, 1.5, 2.0)),
    ]


EXERCISES = (
    Exercise(
        name="receptive_field",
        notebook="03_dense_features",
        task="How much a cell sees, how far apart cells are, and where the first one looks.",
        points=3,
        reference=receptive_field,
        cases=_layers,
        mistakes=(
            Mistake(
                "The field grows by the whole kernel: a layer adds (kernel - 1) steps, since one "
                "cell of it was there before.",
                _by(lambda k, p, step: k * step, lambda k, p, step: ((k - 1) / 2 - p) * step),
            ),
            Mistake(
                "The layer's own stride is already in the step. Its kernel walks over the grid "
                "*before* it, so multiply by the stride last.",
                _late,
            ),
            Mistake(
                "The field grows by (kernel - 1) pixels whatever the stride before: a step of the "
                "grid before is worth several pixels of the image.",
                _by(lambda k, p, step: k - 1, lambda k, p, step: ((k - 1) / 2 - p) * step),
            ),
            Mistake(
                "The padding is left out: it moves the first centre back by `padding` steps.",
                _by(lambda k, p, step: (k - 1) * step, lambda k, p, step: (k - 1) / 2 * step),
            ),
            Mistake(
                "The first centre is half a step off: the middle of a kernel of 3 lies 1 step from "
                "its first sample, (kernel - 1) / 2 and not kernel / 2.",
                _by(lambda k, p, step: (k - 1) * step, lambda k, p, step: (k / 2 - p) * step),
            ),
            Mistake(
                "The first centre moves by steps of one pixel: multiply by the step before the "
                "layer, as for the field.",
                _by(lambda k, p, step: (k - 1) * step, lambda k, p, step: (k - 1) / 2 - p),
            ),
        ),
        hints=(
            "Follow one cell from the image up. Keep three numbers: the field, the step from one "
            "cell to the next in pixels, and where the first cell looks.",
            "Begin with field 1, step 1, centre 0. A layer widens the field by (kernel - 1) steps "
            "and moves the first centre by (kernel - 1) / 2 - padding steps, of the grid before "
            "it.",
            "for kernel, stride, padding in layers: field += (kernel - 1) * step; "
            "centre += ((kernel - 1) / 2 - padding) * step; step *= stride.",
        ),
    ),
    Exercise(
        name="cell_centres",
        notebook="03_dense_features",
        task="Where the cells of a grid look, in pixels of the image before it was resized.",
        points=2,
        reference=cell_centres,
        cases=_centres,
        mistakes=(
            Mistake(
                "Points are (y, x); wanted (x, y), as everywhere in this course.",
                lambda r, c, stride, first, s: cell_centres(r, c, stride, first, s)[:, ::-1],
            ),
            Mistake(
                "The scale is multiplied. An image at scale 0.5 has half as many pixels, so a step "
                "in it is *two* pixels of the original: divide.",
                lambda r, c, stride, first, s: cell_centres(r, c, stride, first, 1 / s),
            ),
            Mistake(
                "The half pixel is missing: pixel centres are at integers, so x of the resized "
                "image lies at (x + 0.5) / scale - 0.5.",
                lambda r, c, stride, first, s: cell_centres(r, c, stride, first, 1.0) / s,
            ),
            Mistake(
                "The first centre is left out: cell 0 looks at `offset`, not at 0.",
                lambda r, c, stride, first, s: cell_centres(r, c, stride, 0.0, s),
            ),
            Mistake(
                "The scale is not used: wanted pixels of the original image.",
                lambda r, c, stride, first, s: cell_centres(r, c, stride, first, 1.0),
            ),
            Mistake(
                "Cells are numbered column by column; wanted row by row, as arrays are stored.",
                lambda r, c, stride, first, s: (
                    cell_centres(r, c, stride, first, s)
                    .reshape(r, c, 2)
                    .transpose(1, 0, 2)
                    .reshape(-1, 2)
                ),
            ),
        ),
        hints=(
            "Cell (i, j) of the grid looks at row offset + i * stride of the resized image. Which "
            "column is that, and which of the two is x?",
            "np.arange(columns) * stride + offset are the x of one row; np.meshgrid(x, y) gives "
            "both for all cells, row by row. Then go back to the original: (x + 0.5) / scale - "
            "0.5.",
            "x, y = np.meshgrid(offset + stride * np.arange(columns), offset + stride * "
            "np.arange(rows)); stack x.ravel() and y.ravel() along axis 1, add 0.5, divide, take "
            "0.5.",
        ),
    ),
)
