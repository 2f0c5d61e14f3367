"""What each of LIFT's parts learns from (slide "mAP Result"; lab 07).

Yi et al., ECCV 2016, sections 3.2 to 3.5. Each loss takes two views of points, `uint8` (B, 2, 64,
64), places without a point (B, 64, 64), and the share of the part's training that is done; it gives
the loss and which points are right (B,).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from delf_lesson.deep.lift_network import (
    SHARPNESS,
    TAPS,
    LiftNetwork,
    cut,
    soft_argmax,
    soft_maximum,
)
from delf_lesson.training.lift_patches import LARGE

WINDOW = 32
"""Samples of the window in which the detector is to find a point, along a side: 12 sigmas, of
which it scores 7.5. A larger one has other keypoints, as good, in it."""
ROOM = 5
"""Samples by which the window is moved at most, so that the point is not in its middle."""
PLACE_JITTER, ANGLE_JITTER = 1.0, 0.15
"""Standard deviations in samples and radians, by which the descriptor's patches are moved: a
detector and an orientation are never exact."""
TURN = np.pi / 4
"""Radians by which the orientation's patches are turned at most. Photographs are held about
upright, and a facade's patch, which is like itself after a quarter turn, cannot know more."""
SAME_ANGLE, SAME_PLACE = np.deg2rad(20), 2.0
"""Nearer than this, in radians and samples, counts as right in the metrics."""

Step = Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]


def _pair(points: Tensor) -> tuple[Tensor, Tensor]:
    """Two views as images (B, 1, 64, 64) from 0 to 1."""
    both = points.float() / 255
    return both[:, :1], both[:, 1:]


def mined_triplets(
    first: Tensor, second: Tensor, margin: float, among: int
) -> tuple[Tensor, Tensor]:
    """The mean over points of max(0, margin + d(own) - d(nearest other)), and d(own) < d(other).

    first, second: unit descriptors (B, D) of two views of the same points. The loss takes the
    nearest of `among` others at random, the second value the nearest of all. LIFT too mines among
    more and more: the nearest of many, asked for at once, teaches nothing.
    """
    apart = (2 - 2 * first @ second.T).clamp(min=1e-6).sqrt()
    matching = apart.diagonal()
    others = apart + 4 * torch.eye(len(apart), device=apart.device)  # no distance exceeds 2
    drawn = torch.rand_like(apart).argsort(dim=1)[:, :among]
    nearest = others.gather(1, drawn).amin(1)
    counts = nearest < 4  # a point that drew itself alone has no other
    losses = (margin + matching - nearest).clamp(min=0) * counts
    return losses.sum() / counts.sum().clamp(min=1), matching < others.amin(1)


def describe_loss(
    network: LiftNetwork, margin: float, points: Tensor, empty: Tensor, done: float
) -> tuple[Tensor, Tensor]:
    """Two views of a point are to be nearer than any other's, which are mined among ever more."""
    views = []
    for view in _pair(points):
        place = PLACE_JITTER * torch.randn(len(view), 2, device=view.device)
        angle = ANGLE_JITTER * torch.randn(len(view), device=view.device)
        views.append(network.descriptor(cut(view, place, angle)))
    among = max(2, round(len(points) ** min(1.0, 1.5 * done)))
    return mined_triplets(views[0], views[1], margin, among)


def turn_loss(
    network: LiftNetwork, direct: float, points: Tensor, empty: Tensor, done: float
) -> tuple[Tensor, Tensor]:
    """Each view is turned by a random angle, and the estimates are to turn it back."""
    descriptors, angles = [], []
    for view in _pair(points):
        middle = torch.zeros(len(view), 2, device=view.device)
        turned = TURN * (2 * torch.rand(len(view), device=view.device) - 1)
        angles.append(turned + network.orientation(cut(view, middle, turned)))
        if done >= direct:
            descriptors.append(network.descriptor(cut(view, middle, angles[-1])))
    if done < direct:
        loss = (1 - torch.cos(torch.cat(angles))).mean()
    else:
        loss = (descriptors[0] - descriptors[1]).pow(2).sum(1).mean()
    return loss, torch.cos(angles[0] - angles[1]).detach() > np.cos(SAME_ANGLE)


def detect_loss(
    network: LiftNetwork, direct: float, points: Tensor, empty: Tensor, done: float
) -> tuple[Tensor, Tensor]:
    """LIFT's quadruplets: two views of a point, which is another one's third, and an empty place.

    The class loss wants a high score in windows with a point and a low one in those without; the
    pair loss wants keypoints where descriptors agree (LIFT, equations 4 to 7). Before that the
    soft maximum learns where the point is, by the cross-entropy of its weights.
    """
    places, with_point, misplaced, descriptors = [], [], [], []
    for view in _pair(points):
        window, moved = _window(view)
        scores = network.detector(window)
        first = moved - (WINDOW - TAPS) / 2  # where score (0, 0) is, from the point
        places.append(soft_argmax(scores) + first)
        with_point.append(soft_maximum(scores))
        if done < direct:
            misplaced.append(_misplaced(scores, -first))
        else:
            with torch.no_grad():
                angle = network.orientation(cut(view, places[-1], torch.zeros_like(moved[:, 0])))
            descriptors.append(network.descriptor(cut(view, places[-1], angle)))
    without = soft_maximum(network.detector(_window(empty[:, None].float() / 255)[0]))
    class_loss = (1 + without).clamp(min=0).pow(2).mean() / 2
    for score in with_point:
        class_loss = class_loss + (1 - score).clamp(min=0).pow(2).mean() / 4
    if done < direct:
        pair = torch.stack(misplaced).mean()
    else:
        pair = (descriptors[0] - descriptors[1]).pow(2).sum(1).mean()
    right = (places[0] - places[1]).detach().norm(dim=1) < SAME_PLACE
    return class_loss + pair, right


def _window(view: Tensor) -> tuple[Tensor, Tensor]:
    """A part (B, 1, 32, 32) of each patch, at a random place `(x, y)` (B, 2) from its middle."""
    moved = torch.randint(-ROOM, ROOM + 1, (len(view), 2))
    corner = (LARGE - WINDOW) // 2
    parts = [
        patch[:, corner + y : corner + y + WINDOW, corner + x : corner + x + WINDOW]
        for patch, (x, y) in zip(view, moved.tolist(), strict=True)
    ]
    return torch.stack(parts), moved.to(view)


def _misplaced(scores: Tensor, true: Tensor) -> Tensor:
    """How far the soft maximum's weights are from a spot at the true places `(x, y)` (B, 2)."""
    height, width = scores.shape[1:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid = torch.stack([x, y], dim=2).to(scores).view(1, -1, 2)
    spot = (-(grid - true[:, None]).pow(2).sum(2) / 2).softmax(dim=1)
    surprise = -(spot * (SHARPNESS * scores.flatten(1)).log_softmax(dim=1)).sum(1).mean()
    return surprise / np.log(height * width)  # 1 for weights that say nothing
