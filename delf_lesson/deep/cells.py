"""The cells of a trunk's grid: where their keypoints are, and all of an image at one scale.

Slides "How about deep feature?" and "Deep Feature"; introduced in notebook 03.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from delf_lesson.deep.receptive_field import Grid
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels

if TYPE_CHECKING:  # exercises number cells, and do without torch
    from torch import Tensor

Places = Literal["tile", "field"]
"""Where a cell's keypoint is: the middle of its 16 pixels, or of all that it can see."""


@dataclass(frozen=True)
class Dense:
    """The slide's dense grid of local descriptors: the features of all cells, row by row.

    spacing: pixels of the image from one cell to the next.
    """

    features: LocalFeatures
    rows: int
    columns: int
    spacing: float

    def cell(self, row: int, column: int) -> int:
        """Which of the features is the cell's; IndexError outside the grid."""
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            raise IndexError(
                f"cell ({row}, {column}) lies outside a grid of {self.rows} rows and "
                f"{self.columns} columns"
            )
        return row * self.columns + column

    def similarity(self, descriptor: NDArray) -> NDArray[np.float32]:
        """The cosine between a unit descriptor (D,) and that of every cell: (rows, columns)."""
        return (self.features.descriptors @ descriptor).reshape(self.rows, self.columns)


@dataclass(frozen=True, eq=False)
class Pyramid:
    """An image at all scales, ready for a trunk.

    size: of the image, small: of its largest form at scale 1, both `(width, height)`; shrunk: the
    scale between them. levels: `uint8` (H, W, 3), one for each scale.
    """

    size: tuple[int, int]
    small: tuple[int, int]
    shrunk: float
    levels: tuple[Pixels, ...]


@dataclass(frozen=True, eq=False)
class Best:
    """The best cells of one image at one scale.

    xy: (N, 2), their keypoints in pixels of the image at scale 1; scores and scales: (N,).
    rows: (N, C), the trunk's channels, on whatever device computed them.
    """

    xy: NDArray[np.float32]
    scores: NDArray[np.float32]
    scales: NDArray[np.float32]
    rows: "Tensor"


def keypoints(
    which: NDArray[np.int64], columns: int, grid: Grid, places: Places, size: tuple[int, int]
) -> NDArray[np.float64]:
    """The keypoints (N, 2) of cells in pixels of the trunk's input.

    which: the cells' numbers, row by row, in a grid of so many columns. size: the input's
    `(width, height)`: the last tiles may reach over its edge, their keypoints do not.
    """
    y, x = np.divmod(which, columns)
    first = grid.offset + ((grid.stride - 1) / 2 if places == "tile" else 0)
    at = first + grid.stride * np.stack([x, y], axis=1).astype(np.float64)
    return np.minimum(at, np.array(size) - 1)
