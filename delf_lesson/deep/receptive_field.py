"""What a cell of a network's grid can see, and where: arithmetic of its layers, without torch.

Slide "Deep Feature"; introduced in notebook 03.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    """The geometry of layers `(kernel, stride, padding)`, the first first (notebook 03).

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


def receptive_fields(xy: NDArray, scales: NDArray, grid: Grid) -> NDArray[np.float32]:
    """Squares `(x0, y0, x1, y1)` as large as what cells can see, around points: (N, 4), in pixels.

    xy: (N, 2), the points: fields' centres give exactly what the cells can see. scales: (N,), the
    pyramid's scale that each was computed at.
    """
    half = grid.receptive_field / (2 * np.asarray(scales)[:, None])
    return np.concatenate([xy - half, xy + half], axis=1).astype(np.float32)
