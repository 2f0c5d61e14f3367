"""Attention: which cells of the grid are worth keeping, learned by classification alone."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HIDDEN = 512
LENGTH = 16.0
"""What a mean of unit descriptors is multiplied by before it is classified: it is below 1 long."""


class Attention(nn.Module):
    """A score for every cell (the paper's section 3.2; slide "Training for Keypoint Selection").

    Two 1x1 convolutions with a ReLU between and softplus at the end: scores are positive and have
    no upper bound, so the slide's "close to 1" holds after normalisation only. The first is
    followed by batch normalisation, which one public port leaves out. Introduced in notebook 05.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, HIDDEN, 1)
        self.bn1 = nn.BatchNorm2d(HIDDEN)
        self.conv2 = nn.Conv2d(HIDDEN, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W), as the trunk gives them, to scores (N, 1, H, W)."""
        hidden = F.relu(self.bn1(self.conv1(features)))
        return F.softplus(self.conv2(hidden))


def attend(features: Tensor, scores: Tensor) -> Tensor:
    """The mean of the cells' unit descriptors, weighted by their scores: (N, C).

    features (N, C, H, W), scores (N, 1, H, W). Descriptors are brought to unit length first, so
    that the score alone says how much a cell counts.

    The paper's equation 1 is the weighted sum, the public code divides it by the number of cells,
    and we divide by the sum of the scores, so that scores count against each other only. In trials
    on a half-trained trunk the sum did not train at a rate of 0.01 (the loss stayed at
    log(classes)), and of the best 300 cells of a city's pictures 0.66 lay on the landmark with the
    public code's mean, 0.72 with the weighted mean, at the best of the rates tried for each.
    """
    weighted = (F.normalize(features, dim=1) * scores).sum(dim=(2, 3))
    return weighted / scores.sum(dim=(2, 3)).clamp(min=1e-6)


class AttentionClassifier(nn.Module):
    """What stage two trains: attention and a linear layer on frozen features (section 3.2)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.attention = Attention(channels)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) to logits (N, classes)."""
        return self.classifier(LENGTH * attend(features, self.attention(features)))


def norm_scores(features: Tensor) -> Tensor:
    """The features' L2 norms (N, 1, H, W): the score of DELF without attention."""
    return torch.linalg.vector_norm(features, dim=1, keepdim=True)
