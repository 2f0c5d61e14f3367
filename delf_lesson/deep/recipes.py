"""How each stage is trained: the numbers of a recipe, and the learning rate along the steps."""

import math
from dataclasses import dataclass
from typing import Literal

Stage = Literal["base", "ft", "attention"]


@dataclass(frozen=True)
class Recipe:
    """How to train.

    epochs; batch: pictures over all processes; rate: the highest learning rate, reached after a
    tenth of the steps and brought to 0 along a cosine; size: pixels, the side of a crop; smallest:
    the least share of a picture that a crop shows; flip: mirror half of them; decay: of weights;
    smoothing: of labels; seed; bf16: half precision in the forward pass, which pays on GPUs and
    on few processors; workers: of the loader.

    The paper cuts a centred square, resizes it to 250 (stage two: 900) and crops 224 (720) of it.
    Our pictures have 224 pixels and are far fewer, so crops vary in size and colour. Stage two
    enlarges them: it scores what the pyramid's finest scales will show of larger pictures.
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

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch, self.size) < 1 or self.rate <= 0 or self.workers < 0:
            raise ValueError(
                f"epochs, batch and size are {self.epochs}, {self.batch} and {self.size}, rate is "
                f"{self.rate} and workers {self.workers}; wanted 1 or more, over 0, and 0 or more"
            )


RECIPES: dict[Stage, Recipe] = {
    "base": Recipe(epochs=40, size=112, flip=True, smoothing=0.05),
    "ft": Recipe(epochs=30, rate=0.03, size=128, smallest=0.15),
    "attention": Recipe(epochs=6, rate=0.1, size=448, smallest=0.25, decay=1e-4),
}


def rate_factor(step: int, steps: int) -> float:
    """Share of the highest rate: a line up for a tenth of the steps, then down along a cosine."""
    rising = max(1, steps // 10)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
