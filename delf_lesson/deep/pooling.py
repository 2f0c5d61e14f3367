"""One vector of a whole grid of descriptors: MAC, GeM and R-MAC (notebook 07).

Slide "mAP Result", rows siaMAC and DIR. A grid is (N, C, h, w), as `Trunk` gives it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def mac(features: Tensor) -> Tensor:
    """The largest activation of every channel: (N, C) (Tolias et al., ICLR 2016)."""
    return features.amax(dim=(2, 3))


def gem(features: Tensor, power: Tensor | float = 3.0, least: float = 1e-6) -> Tensor:
    """Generalised mean (N, C): the average for power 1, MAC for a very large one.

    Radenović et al., PAMI 2018, equation 3. power: one number, or one for every channel (C,).
    """
    power = torch.as_tensor(power, dtype=features.dtype, device=features.device).view(-1, 1, 1)
    return (features.clamp(min=least) ** power).mean(dim=(2, 3)) ** (1 / power.view(1, -1))


def regions(height: int, width: int, levels: int) -> list[tuple[int, int, int]]:
    """R-MAC's squares `(row, column, side)` in cells, from large to small (Tolias et al., 2016).

    At level l = 1 to `levels` the side is 2 min(h, w) / (l + 1), rounded down. Level 1 has so many
    along the longer side that neighbours share about 40% of their area, at least one; each level
    adds one in both directions, and all are spread evenly. None covers the whole grid unless it is
    a square, as in DIR; other code adds the whole.
    """
    short, long = sorted((height, width))
    if short < 1 or levels < 1:
        raise ValueError(f"the grid is {height} x {width} and levels {levels}; wanted 1 or more")
    more = 0
    if long > short:
        shares = [1 - (long - short) / (short * step) for step in range(1, 7)]
        more = min(range(1, 7), key=lambda step: abs(shares[step - 1] - 0.4))
    found = []
    for level in range(1, levels + 1):
        side = max(1, 2 * short // (level + 1))
        down, across = (level + more, level) if height > width else (level, level + more)
        found += [
            (row, column, side)
            for row in _spread(height - side, down)
            for column in _spread(width - side, across)
        ]
    return found


def _spread(room: int, count: int) -> list[int]:
    """So many starts from 0 to `room`, evenly."""
    return [room // 2] if count == 1 else [room * k // (count - 1) for k in range(count)]


def region_vectors(features: Tensor, levels: int = 3) -> Tensor:
    """MAC of every region, of unit length: (N, C, h, w) to (N, R, C)."""
    height, width = features.shape[2:]
    found = [
        mac(features[:, :, row : row + side, column : column + side])
        for row, column, side in regions(height, width, levels)
    ]
    return F.normalize(torch.stack(found, dim=1), dim=2)


class Mac(nn.Module):
    """siaMAC's pooling: MAC, then L2."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to unit vectors (N, C)."""
        return F.normalize(mac(features))


class Gem(nn.Module):
    """GeM with a power that is learned, L2, a linear layer, L2."""

    def __init__(self, channels: int, power: float = 3.0) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor([power]))
        self.whiten = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to unit vectors (N, C)."""
        return F.normalize(self.whiten(F.normalize(gem(features, self.power))))


class Rmac(nn.Module):
    """DIR's pooling (Gordo et al., ECCV 2016, section 3.1): R-MAC whose whitening is learned.

    Each region's MAC is brought to unit length, whitened by a linear layer and brought to unit
    length; the sum of all regions is, once more.
    """

    def __init__(self, channels: int, levels: int = 3) -> None:
        super().__init__()
        self.levels = levels
        self.whiten = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) to unit vectors (N, C)."""
        whitened = F.normalize(self.whiten(region_vectors(features, self.levels)), dim=2)
        return F.normalize(whitened.sum(dim=1))


POOLINGS = ("mac", "gem", "rmac")


def pooling(name: str, channels: int) -> Mac | Gem | Rmac:
    """The pooling of that name, one of `POOLINGS`, for features of so many channels."""
    if name not in POOLINGS:
        raise ValueError(f"pooling is {name!r}; wanted one of {', '.join(POOLINGS)}")
    return Mac() if name == "mac" else Gem(channels) if name == "gem" else Rmac(channels)


@torch.no_grad()
def begin_whitening(layer: nn.Linear, rows: Tensor) -> None:
    """Set a linear layer to PCA-whitening of unit rows (N, C), which training then goes on with.

    The variance of every direction becomes 1; directions that hardly vary are raised no further
    than one of a thousandth of the largest variance.
    """
    rows = rows.double()
    mean = rows.mean(0)
    variances, directions = torch.linalg.eigh(torch.cov((rows - mean).T))
    variances = variances.flip(0).clamp(min=1e-3 * float(variances.max()))
    weight = directions.flip(1).T / variances.sqrt()[:, None]
    layer.weight.copy_(weight)
    layer.bias.copy_(-weight @ mean)
