"""Detector, orientation and descriptor as small networks, in the manner of LIFT (lab 07).

Yi, Trulls, Lepetit, Fua, *LIFT: learned invariant feature transform*, ECCV 2016; slide "mAP
Result". The steps are SIFT's, each one learned. From the paper are the parts, how they are chained
by a soft maximum, the losses and their order; sizes are smaller, the code is our own and for
teaching, so what is measured here says nothing exact of the original.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEP = 0.375  # sigmas of a keypoint from one sample of its patch to the next
SIDE = 32  # samples of the patch that is described: 12 sigmas, as SIFT's
TAPS = 13  # samples of the detector's filters along a side, about 5 sigmas
AROUND = 2 * TAPS - 1  # samples over which the detector takes off brightness and contrast
FAINT = 0.02  # standard deviation of grey that counts as no contrast; grey runs from 0 to 1
SHARPNESS = 10.0  # of the soft maximum, by which training looks for a keypoint
DIMENSIONS = 128


class Ghh(nn.Module):
    """Sum of hinging hyperplanes: of each group of numbers the largest, alternately added and
    taken off (LIFT, section 3.3).

    Channels (N, groups * members, ...) to (N, ...).
    """

    def __init__(self, groups: int = 4, members: int = 4) -> None:
        super().__init__()
        self.groups = groups
        self.members = members

    def forward(self, x: Tensor) -> Tensor:
        """The activation of one output."""
        shape = (len(x), self.groups, self.members, *x.shape[2:])
        largest = x.reshape(shape).amax(dim=2)
        return largest[:, ::2].sum(dim=1) - largest[:, 1::2].sum(dim=1)


class Detector(nn.Module):
    """How good a keypoint would be at each sample: one layer of filters and `Ghh`."""

    def __init__(self) -> None:
        super().__init__()
        self.ghh = Ghh()
        self.filters = nn.Conv2d(1, self.ghh.groups * self.ghh.members, TAPS)
        with torch.no_grad():  # scores near 0, of which the sharp soft maximum has a gradient
            self.filters.weight.mul_(0.1)

    def forward(self, images: Tensor) -> Tensor:
        """Grey images (N, 1, H, W) from 0 to 1, to scores (N, H - 12, W - 12)."""
        scores: Tensor = self.ghh(self.filters(locally_standardised(images)))
        return scores


class Orientation(nn.Module):
    """The angle that a patch is to be turned by; it learns from tilts of up to 45 degrees."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 5),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * 5 * 5, 128),
            nn.BatchNorm1d(128),
            nn.ReLU(),
        )
        self.ghh = Ghh()
        self.cos = nn.Linear(128, self.ghh.groups * self.ghh.members)
        self.sin = nn.Linear(128, self.ghh.groups * self.ghh.members)

    def forward(self, patches: Tensor) -> Tensor:
        """Patches (N, 1, 32, 32) to angles (N,) in radians, clockwise as seen."""
        features = self.features(standardised(patches))
        return torch.atan2(self.ghh(self.sin(features)), self.ghh(self.cos(features)))


class L2Pool(nn.Module):
    """The root of the sum of the squares of 2 x 2 samples."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H / 2, W / 2)."""
        return (4 * F.avg_pool2d(x * x, 2) + 1e-6).sqrt()


class Descriptor(nn.Module):
    """128 numbers of an upright patch: three layers, as LIFT took them from its authors' own
    earlier descriptor (Simo-Serra et al., ICCV 2015)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 7),
            nn.Tanh(),
            L2Pool(),
            nn.BatchNorm2d(32),
            nn.Conv2d(32, 64, 6),
            nn.Tanh(),
            L2Pool(),
            nn.BatchNorm2d(64),
            nn.Conv2d(64, DIMENSIONS, 4),
            nn.Flatten(),
        )

    def forward(self, patches: Tensor) -> Tensor:
        """Patches (N, 1, 32, 32) to unit vectors (N, 128)."""
        return F.normalize(self.layers(standardised(patches)))


class LiftNetwork(nn.Module):
    """The three parts."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = Detector()
        self.orientation = Orientation()
        self.descriptor = Descriptor()


def standardised(patches: Tensor) -> Tensor:
    """Each patch (N, 1, H, W) with mean 0 and standard deviation 1; a constant one becomes 0."""
    centred = patches - patches.mean(dim=(2, 3), keepdim=True)
    return centred / (centred.pow(2).mean(dim=(2, 3), keepdim=True) + 1e-6).sqrt()


def locally_standardised(images: Tensor) -> Tensor:
    """Each sample of (N, 1, H, W) less the mean around it, over the standard deviation there.

    So a keypoint at night scores as one by day; less contrast than `FAINT` stays less.
    """
    mean = _around(images)
    spread = (_around(images * images) - mean * mean).clamp(min=0).sqrt()
    return (images - mean) / (spread + FAINT)


def _around(images: Tensor) -> Tensor:
    """The mean over a square of 25 samples, or what of it lies in the image."""
    for size in ((1, AROUND), (AROUND, 1)):
        half = (size[0] // 2, size[1] // 2)
        images = F.avg_pool2d(images, size, 1, half, count_include_pad=False)
    return images


def soft_argmax(scores: Tensor) -> Tensor:
    """Where scores (N, h, w) are high, `(x, y)` in samples (N, 2), in a way that can be learned.

    The mean of all places, each weighing exp(10 score) (LIFT, equation 8).
    """
    n, height, width = scores.shape
    weight = (SHARPNESS * scores.flatten(1)).softmax(dim=1).view(n, height, width)
    x = torch.arange(width, dtype=scores.dtype, device=scores.device)
    y = torch.arange(height, dtype=scores.dtype, device=scores.device)
    return torch.stack([(weight.sum(1) * x).sum(1), (weight.sum(2) * y).sum(1)], dim=1)


def soft_maximum(scores: Tensor) -> Tensor:
    """About the largest of scores (N, h, w), (N,): the logarithm of the mean of exp(10 score)."""
    flat = scores.flatten(1)
    return (torch.logsumexp(SHARPNESS * flat, dim=1) - float(np.log(flat.shape[1]))) / SHARPNESS


def cut(patches: Tensor, centre: Tensor, angle: Tensor, side: int = SIDE) -> Tensor:
    """Smaller patches (N, 1, side, side) of larger ones (N, 1, S, S), turned and moved.

    centre: (N, 2), `(x, y)` from the middle in samples; angle: (N,), radians clockwise as seen,
    the direction of the new x axis. Gradients pass to both.
    """
    along = torch.arange(side, dtype=patches.dtype, device=patches.device) - (side - 1) / 2
    v, u = torch.meshgrid(along, along, indexing="ij")
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    x = centre[:, 0, None, None] + cos * u - sin * v
    y = centre[:, 1, None, None] + sin * u + cos * v
    grid = torch.stack([x, y], dim=3) / ((patches.shape[-1] - 1) / 2)
    return F.grid_sample(patches, grid, padding_mode="reflection", align_corners=True)
