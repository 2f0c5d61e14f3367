"""What is trained: the trunk under classifiers, and attention over a frozen trunk.

Slides "Train Local Descriptor Network by using Classification task" and "Training for Keypoint
Selection"; introduced in notebooks 04 and 05.
"""

import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from delf_lesson.deep.attention import AttentionClassifier
from delf_lesson.deep.backbone import Trunk

GAMMAS = (0.25, 2**-1.5, 0.5, 2**-0.5, 1.0)
"""By which a whole mini-batch is rescaled in stage two (the paper's section 3.2)."""


class TrunkClassifier(nn.Module):
    """Stage one: the trunk, global average pooling, and a linear layer for each task."""

    def __init__(self, trunk: Trunk, classes: list[int]) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(nn.Linear(trunk.channels, count) for count in classes)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (N, 3, H, W) to the logits of each task, (N, classes)."""
        pooled = self.trunk(images).mean(dim=(2, 3))
        return [head(pooled) for head in self.heads]


class DelfClassifier(nn.Module):
    """Stage two: attention over a frozen trunk, by the same loss.

    The trunk is frozen whole, its batch statistics too: trained together from the start, attention
    and descriptors gave weak models (section 3.2). A batch is rescaled by one random gamma, so
    that attention sees landmarks of many sizes.
    """

    def __init__(self, trunk: Trunk, classes: list[int]) -> None:
        super().__init__()
        self.trunk = trunk.requires_grad_(False)
        self.scored = AttentionClassifier(trunk.channels, classes[0])

    def train(self, mode: bool = True) -> "DelfClassifier":
        """As any module, but the trunk stays at rest."""
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (N, 3, H, W) to the logits of the one task, (N, classes)."""
        if self.training:
            gamma = random.choice(GAMMAS)
            images = F.interpolate(
                images, scale_factor=gamma, mode="bilinear", antialias=True, align_corners=False
            )
        with torch.no_grad():
            features = self.trunk(images)
        return [self.scored(features)]
