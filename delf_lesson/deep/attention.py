"""Attention: which cells of the grid are worth keeping, learned by classification alone."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HIDDEN = 512


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
    """The sum of the cells' unit descriptors, each by its score (equation 1): (N, C).

    features (N, C, H, W), scores (N, 1, H, W). The public code divides by the number of cells;
    the paper's equation does not. Descriptors are brought to unit length first, so that the score
    alone says how much a cell counts.
    """
    return (F.normalize(features, dim=1) * scores).sum(dim=(2, 3))


class AttentionClassifier(nn.Module):
    """What stage two trains: attention and a linear layer on frozen features (section 3.2)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.attention = Attention(channels)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) to logits (N, classes)."""
        return self.classifier(attend(features, self.attention(features)))


def norm_scores(features: Tensor) -> Tensor:
    """The features' L2 norms (N, 1, H, W): the score of DELF without attention."""
    return torch.linalg.vector_norm(features, dim=1, keepdim=True)
