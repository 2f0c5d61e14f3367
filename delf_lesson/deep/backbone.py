"""The trunk: a network up to stride 16, whose cells are a grid of local descriptors.

Here are what all trunks share, and torchvision's ResNets up to layer3; `efficientnet` has the one
whose ImageNet weights need no download.

The paper's section 3.1; slides "How about deep feature?" and "Deep Feature"; lab 03.
"""

import hashlib
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import resnet

from delf_lesson.deep.receptive_field import Grid, grid_of
from delf_lesson.deep.reduction import Projection

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Colour = tuple[float, float, float]


def fold_batch_norm(trunk: "Trunk") -> None:
    """Merge each batch normalisation into the convolution before it, in place: faster extraction.

    The trunk must be in evaluation mode and cannot be trained afterwards. Its features stay the
    same up to rounding. A folded trunk stays as it is.
    """
    for parent, convolution, norm in trunk.convolutions_with_norms():
        if isinstance(normalising := getattr(parent, norm), nn.BatchNorm2d):  # not folded yet
            merged = fuse_conv_bn_eval(getattr(parent, convolution), normalising)
            setattr(parent, convolution, merged)
            setattr(parent, norm, nn.Identity())


def values_digest(*networks: nn.Module, projection: Projection | None = None) -> str:
    """SHA-256 of all values of networks, in the order of their states, and of a projection."""
    digest = hashlib.sha256()
    for network in networks:
        for tensor in network.state_dict().values():
            digest.update(tensor.cpu().numpy().tobytes())
    if projection is not None:
        digest.update(projection.mean.tobytes() + projection.components.tobytes())
    return digest.hexdigest()


def resnets() -> list[str]:
    """The names of torchvision's ResNets."""
    return [
        name
        for name in torchvision.models.list_models(torchvision.models)
        if torchvision.models.get_model_builder(name).__module__ == resnet.__name__
    ]


class Trunk(nn.Module):
    """A convolutional network up to stride 16, whose cells are a grid of local descriptors.

    name: of the network. mean, std: of RGB from 0 to 1, as its weights were trained with.
    channels: of the features.
    """

    channels: int

    def __init__(self, name: str, mean: Colour, std: Colour) -> None:
        super().__init__()
        self.name, self.mean, self.std = name, mean, std
        self.input_mean: Tensor
        self.input_std: Tensor
        self.register_buffer("input_mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("input_std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W), RGB from 0 to 1, to features (N, C, ceil(H / 16), ceil(W / 16))."""
        return self.features((images - self.input_mean) / self.input_std)

    def features(self, x: Tensor) -> Tensor:
        """The network itself: normalised images to features."""
        raise NotImplementedError

    def parts(self) -> list[nn.Module]:
        """The network in parts, in order from the input."""
        raise NotImplementedError

    def layers(self) -> list[tuple[int, int, int]]:
        """Kernel, stride and padding of every layer that moves or widens the field, in order."""
        raise NotImplementedError

    def convolutions_with_norms(self) -> list[tuple[nn.Module, str, str]]:
        """Each convolution's parent, its name there, and the name of its batch normalisation."""
        raise NotImplementedError

    @property
    def grid(self) -> Grid:
        """The grid's geometry, derived from the layers of the longest path: see `grid_of`."""
        return grid_of(self.layers())


class ResNetTrunk(Trunk):
    """A torchvision ResNet without its last stage and classifier.

    name: any torchvision ResNet: `resnet18` gives 256 channels, `resnet50`, the paper's, 1024.
    Parameters have torchvision's names. Raises ValueError for another network.
    """

    def __init__(
        self, name: str = "resnet18", mean: Colour = IMAGENET_MEAN, std: Colour = IMAGENET_STD
    ) -> None:
        super().__init__(name, mean, std)
        if name not in resnets():
            raise ValueError(f"name is {name!r}; wanted one of {', '.join(resnets())}")
        network = torchvision.models.get_model(name, weights=None)
        self.conv1: nn.Conv2d = network.conv1
        self.bn1, self.relu = network.bn1, network.relu
        self.maxpool: nn.MaxPool2d = network.maxpool
        self.layer1: nn.Sequential = network.layer1
        self.layer2: nn.Sequential = network.layer2
        self.layer3: nn.Sequential = network.layer3
        norms = [m for m in self.layer3[-1].modules() if isinstance(m, nn.BatchNorm2d)]
        self.channels = norms[-1].num_features

    def features(self, x: Tensor) -> Tensor:
        """See `Trunk`."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # stride 4
        features: Tensor = self.layer3(self.layer2(self.layer1(x)))  # strides 4, 8, 16
        return features

    def parts(self) -> list[nn.Module]:
        """See `Trunk`: the first convolution, then the residual blocks."""
        return [nn.ModuleList([self.conv1, self.bn1]), *self._blocks()]

    def layers(self) -> list[tuple[int, int, int]]:
        """See `Trunk`."""
        pool = self.maxpool
        pooling = (int(pool.kernel_size), int(pool.stride), int(pool.padding))  # type: ignore[arg-type]
        convolutions = [
            getattr(block, name)
            for block in self._blocks()
            for name in ("conv1", "conv2", "conv3")
            if hasattr(block, name)
        ]
        return [geometry(self.conv1), pooling, *map(geometry, convolutions)]

    def convolutions_with_norms(self) -> list[tuple[nn.Module, str, str]]:
        """See `Trunk`."""
        pairs: list[tuple[nn.Module, str, str]] = [(self, "conv1", "bn1")]
        for block in self._blocks():
            pairs += [
                (block, f"conv{k}", f"bn{k}") for k in (1, 2, 3) if hasattr(block, f"conv{k}")
            ]
            if block.downsample is not None:
                pairs.append((block.downsample, "0", "1"))
        return pairs

    def _blocks(self) -> list[Any]:
        return [block for stage in (self.layer1, self.layer2, self.layer3) for block in stage]


def geometry(layer: nn.Conv2d) -> tuple[int, int, int]:
    """Kernel, stride and padding of a square convolution."""
    return int(layer.kernel_size[0]), int(layer.stride[0]), int(layer.padding[0])
