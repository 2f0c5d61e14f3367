"""How DELF's two stages are trained, as data (the paper's sections 3.1 and 3.2; labs 04 and 05)."""

from dataclasses import dataclass
from typing import Literal

from delf_lesson.deep.efficientnet import LITE0

Stage = Literal["base", "ft", "attention"]


@dataclass(frozen=True)
class Recipe:
    """How to train one stage.

    epochs: 0 trains nothing and fits the reduction to the trunk as it is. batch: images over all
    processes. rate: the highest learning rate, see `rate_factor`. size: side of a crop in pixels.
    smallest: least share of an image that a crop shows. flip: mirror half of the crops. decay: of
    weights. smoothing: of labels. bf16: half precision in the forward pass, which pays on GPUs and
    on few processors. workers: processes that read images.

    Five options keep what a trunk knows already. head_rate: the rate of the classifier, which
    starts from nothing; None for `rate`. frozen: parts of the trunk, from the input on, that stay
    as they are (see `Trunk.parts`). fixed_norms: batch normalisation keeps its statistics.
    average: the share of the trained weights in the result, and the rest are those that training
    started from (Wortsman et al., CVPR 2022). degrade: blur some crops and add noise to some, as
    in photos.

    The paper cuts a centred square, resizes it to 250 (stage two: 900) and crops 224 (720) of it.
    Our images have 224 pixels and are far fewer, so crops vary in size and colour. Stage two
    enlarges them: it scores what the pyramid's finest scales will show of larger images.
    """

    epochs: int = 20
    batch: int = 64
    rate: float = 0.1
    size: int = 160
    smallest: float = 0.3
    flip: bool = False
    decay: float = 5e-4
    smoothing: float = 0.0
    seed: int = 0
    bf16: bool = False
    workers: int = 1
    head_rate: float | None = None
    frozen: int = 0
    fixed_norms: bool = False
    average: float = 1.0
    degrade: bool = False

    def __post_init__(self) -> None:
        if min(self.batch, self.size) < 1 or min(self.epochs, self.workers) < 0 or self.rate <= 0:
            raise ValueError(
                f"batch and size are {self.batch} and {self.size}, wanted 1 or more; epochs and "
                f"workers are {self.epochs} and {self.workers}, wanted 0 or more; rate is "
                f"{self.rate}, wanted over 0"
            )
        rates_fit = self.head_rate is None or self.head_rate > 0
        if not 0 < self.average <= 1 or self.frozen < 0 or not rates_fit:
            raise ValueError(
                f"average is {self.average}, wanted over 0 and at most 1; frozen is {self.frozen}, "
                f"wanted 0 or more; head_rate is {self.head_rate}, wanted over 0 or None"
            )


RECIPES: dict[Stage, Recipe] = {
    "base": Recipe(epochs=40, size=112, flip=True, smoothing=0.05),
    "ft": Recipe(epochs=30, rate=0.03, size=128, smallest=0.15),
    "attention": Recipe(epochs=6, rate=0.1, size=448, smallest=0.25, decay=1e-4),
}
"""For a trunk that was trained on renderings or not at all."""

FROM_IMAGENET: dict[Stage, Recipe] = {
    **RECIPES,
    "ft": Recipe(
        epochs=10,
        rate=0.01,
        size=128,
        smallest=0.15,
        decay=1e-4,
        head_rate=0.3,
        frozen=5,
        fixed_norms=True,
        average=0.5,
        degrade=True,
    ),
    "attention": Recipe(epochs=8, rate=0.1, size=384, smallest=0.25, decay=1e-4, degrade=True),
}
"""For a trunk that knows photos, and should not forget them while it learns from renderings."""


def recipe_for(stage: Stage, backbone: str) -> Recipe:
    """The recipe of a stage: `FROM_IMAGENET` for EfficientNet-Lite0, `RECIPES` for a ResNet."""
    return FROM_IMAGENET[stage] if backbone == LITE0 else RECIPES[stage]
