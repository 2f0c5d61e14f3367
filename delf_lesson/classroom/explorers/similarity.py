"""Choose a cell of a dense grid, and see where its descriptor lives (notebook 03)."""

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.deep_figures import overlay
from delf_lesson.classroom.explorers.controls import slider
from delf_lesson.classroom.explorers.drawing import (
    BLACK,
    GAP,
    TITLE,
    WHITE,
    WIDTH,
    beside,
    marks,
    of_width,
    path,
    titled,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer
from delf_lesson.deep.cells import Dense
from delf_lesson.images import Pixels

HALF = (WIDTH - GAP) // 2


def explore_similarity(
    first: Pixels, grid: Dense, second: Pixels, other: Dense, fields: NDArray
) -> Explorer:
    """Choose a cell of the first image, and see where in both images its descriptor lives.

    Slide "Deep Feature". grid, other: what `Delf.dense` gives of the first and of the second
    image. fields: (N, 4), the square `(x0, y0, x1, y1)` that each cell of the first can see.
    Raises ValueError if there is not one for every cell.
    """
    if len(fields) != len(grid.features):
        raise ValueError(
            f"fields holds {len(fields)} squares; wanted {len(grid.features)}, one a cell"
        )
    places = grid.features.xy

    def draw(row: int, column: int) -> Drawn:
        return draw_similarity(first, grid, second, other, fields, row, column)

    def click(x: float, y: float) -> dict[str, int]:
        row, column = divmod(int(np.hypot(*(places - [x, y]).T).argmin()), grid.columns)
        return {"row": row, "column": column}

    return Explorer(
        draw,
        {
            "row": slider("row of the cell", 0, grid.rows - 1, grid.rows // 2),
            "column": slider("column of the cell", 0, grid.columns - 1, grid.columns // 2),
        },
        "A cell, the square that it can see, and where in two pictures its descriptor lives; "
        "click a cell of the first picture or move the sliders",
        click=click,
    )


def draw_similarity(
    first: Pixels,
    grid: Dense,
    second: Pixels,
    other: Dense,
    fields: NDArray,
    row: int,
    column: int,
) -> Drawn:
    """Both images under their cosine similarity to one cell, which has a cross and its square."""
    cell = grid.cell(row, column)
    asked = grid.features.descriptors[cell]
    here, there = grid.similarity(asked), other.similarity(asked)
    left = of_width(overlay(first, here, 0, 1, grid.spacing), HALF)
    right = of_width(overlay(second, there, 0, 1, other.spacing), HALF)
    scale = HALF / first.shape[1]
    x0, y0, x1, y1 = fields[cell] * scale
    square = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    path(left, square, WHITE, 4, closed=True)
    path(left, square, BLACK, 2, closed=True)
    marks(left, grid.features.xy[cell] * scale, "cross", BLACK, 16)
    best = int(there.argmax())
    place = other.features.xy[best] * HALF / second.shape[1]
    marks(right, place, "cross", BLACK, 16)
    says = (
        f"Cell ({row}, {column}): its nearest in the other picture, marked there, has a cosine of "
        f"{there.max():.2f}; half of that picture's cells are above {np.median(there):.2f}."
    )
    panels = beside(
        titled(left, "the cell, what it can see, and its kin"), titled(right, "the other picture")
    )
    return Drawn(panels, says, (0, TITLE), scale, (first.shape[1], first.shape[0]))
