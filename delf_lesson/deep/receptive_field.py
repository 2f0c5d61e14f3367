"""What a cell of a network's grid can see, and where: arithmetic of its layers, without torch.

Slide "Deep Feature"; lab 03.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures


@dataclass(frozen=True)
class Grid:
    """Where a trunk's cells look in its input.

    stride: pixels from one cell's centre to the next; receptive_field: the side of the square of
    pixels that a cell can see; offset: x and y of the centre of cell (0, 0), pixel centres at
    integers. The centre of cell i is offset + i * stride.
    """

    stride: int
    receptive_field: int
    offset: float


def grid_of(layers: Sequence[tuple[int, int, int]]) -> Grid:
    """The geometry of layers `(kernel, stride, padding)`, the first first (lab 03).

    A layer of kernel k, stride s and padding p widens the field by (k - 1) steps of the grid
    before it, moves the first centre by (k - 1) / 2 - p of them, and makes steps s times as
    long. The public TensorFlow model of DELF has field 291, stride 32 and padding 145, because its
    blocks stride in their last unit; the paper's figures do not hold for torchvision's ResNets.
    """
    field, step, offset = 1, 1, 0.0
    for kernel, stride, padding in layers:
        field += (kernel - 1) * step
        offset += ((kernel - 1) / 2 - padding) * step
        step *= stride
    return Grid(step, field, offset)


def receptive_fields(
    xy: NDArray[np.floating], scales: NDArray[np.floating], grid: Grid
) -> NDArray[np.float32]:
    """Squares `(x0, y0, x1, y1)` as large as what cells can see, around points: (N, 4), in pixels.

    xy: (N, 2), the points: fields' centres give exactly what the cells can see. scales: (N,), the
    pyramid's scale that each was computed at.
    """
    half = grid.receptive_field / (2 * np.asarray(scales)[:, None])
    return np.concatenate([xy - half, xy + half], axis=1).astype(np.float32)


CellAnchor = Literal["tile", "field"]
"""Where a cell's keypoint is: in the middle of its tile of 16 pixels, or of its receptive field.

The paper puts it at the centre of the receptive field. Trained cells look elsewhere
(`classroom.experiments.localisation_bias`): with ImageNet's weights 7 and 8 pixels further right
and down in a ResNet18, whose first field is centred on pixel 0, and 4 to 6 pixels further left and
up in EfficientNet-Lite0, whose first field is centred on pixel 15. Untrained ones do not. The sides
of training crops are multiples of 16, and a network that learns to see all of a crop looks at the
middle of each tile of 16 pixels. So `Delf` defaults to "tile".
"""


@dataclass(frozen=True)
class DenseGrid:
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

    def similarity(self, descriptor: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine between a unit descriptor (D,) and that of every cell: (rows, columns)."""
        return (self.features.descriptors @ descriptor).reshape(self.rows, self.columns)


def cell_keypoints(
    rows: int, columns: int, grid: Grid, cell_anchor: CellAnchor, size: tuple[int, int]
) -> NDArray[np.float64]:
    """The keypoints (rows * columns, 2) of all cells, row by row, in pixels of the trunk's input.

    size: the input's `(width, height)`. The last tiles may reach over its edge, their keypoints
    do not.
    """
    y, x = np.divmod(np.arange(rows * columns), columns)
    first = (grid.stride - 1) / 2 if cell_anchor == "tile" else grid.offset
    xy: NDArray[np.float64] = first + grid.stride * np.stack([x, y], axis=1).astype(np.float64)
    return np.minimum(xy, np.array(size, np.float64) - 1)
