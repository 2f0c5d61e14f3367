"""Training LIFT's three parts, each with those before it (slide "mAP Result"; lab 07).

Yi et al., ECCV 2016, section 3.5: first the descriptor, then the orientation by what the finished
descriptor says, then the detector by what both say. All at once would find no beginning.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from delf_lesson.deep.backbone import values_digest
from delf_lesson.deep.lift_network import LiftNetwork
from delf_lesson.deep.weights import save_weights
from delf_lesson.training.checkpoints import Metrics, TrainingRun, seed_everything
from delf_lesson.training.lift_losses import Step, describe_loss, detect_loss, turn_loss
from delf_lesson.training.lift_patches import LiftPatches

PARTS = ("descriptor", "orientation", "detector")


@dataclass(frozen=True)
class LiftRecipe:
    """How to train.

    epochs, rates: of each part, in the order of `PARTS`; an epoch shows every point once; a rate
    is the highest of Adam, along the same curve as in classification. batch: points a step, each
    with two of its views; decay; margin: of the triplets; direct: share of the steps in which
    orientation and detector learn from the known angles and places, before they learn from what
    the finished descriptor says of theirs (LIFT does the first for places alone); seed.
    """

    epochs: tuple[int, int, int] = (10, 6, 8)
    rates: tuple[float, float, float] = (1e-3, 1e-3, 3e-3)
    batch: int = 128
    decay: float = 1e-4
    margin: float = 1.0
    direct: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        counts = len(self.epochs) == len(self.rates) == len(PARTS)
        if not counts or min(*self.epochs, self.batch - 1) < 1 or min(self.rates) <= 0:
            raise ValueError(
                f"epochs is {self.epochs}, rates {self.rates} and batch {self.batch}; wanted three "
                "of 1 or more, three over 0, and 2 or more"
            )


def train_lift(
    data: LiftPatches,
    folder: str | Path,
    recipe: LiftRecipe | None = None,
    device: str = "cpu",
) -> Iterator[tuple[str, Metrics]]:
    """Train descriptor, orientation and detector, an epoch a step; goes on where it stopped.

    Gives the part and how its epoch went.

    `Metrics.accuracy` is the share of points whose views' descriptors are nearer than any other
    in the batch; whose angles agree to 20 degrees; whose keypoints agree to 2 samples.

    folder: receives a folder with `checkpoint.pt` and `metrics.csv` for each part, and at the end
    `lift.safetensors`. Raises ValueError if there are fewer points than a batch, or the folder
    holds another run.
    """
    recipe = LiftRecipe() if recipe is None else recipe
    if len(data.points) < recipe.batch or len(data.empty) == 0:
        raise ValueError(
            f"data: {len(data.points)} points and {len(data.empty)} empty places; wanted a batch, "
            f"{recipe.batch}, or more, and 1 or more"
        )
    seed_everything(recipe.seed)
    network = LiftNetwork().to(torch.device(device))
    steps: dict[str, Step] = {
        "descriptor": partial(describe_loss, network, recipe.margin),
        "orientation": partial(turn_loss, network, recipe.direct),
        "detector": partial(detect_loss, network, recipe.direct),
    }
    runs: dict[str, TrainingRun] = {}
    for part, epochs in zip(PARTS, recipe.epochs, strict=True):
        learns: nn.Module = getattr(network, part)
        number = PARTS.index(part)
        optimiser = torch.optim.AdamW(
            learns.parameters(), recipe.rates[number], weight_decay=recipe.decay
        )
        count = epochs * (len(data.points) // recipe.batch)
        identity = _identity(part, network, data, recipe)
        run = runs[part] = TrainingRun(learns, optimiser, count, Path(folder) / part, identity)
        for metrics in _epochs(run, steps[part], data, recipe, epochs, number, device):
            yield part, metrics
        learns.eval().requires_grad_(False)
    _write(Path(folder) / "lift.safetensors", network, runs, data, recipe)


def _identity(
    part: str, network: LiftNetwork, data: LiftPatches, recipe: LiftRecipe
) -> dict[str, Any]:
    """What a part's run must have in common with the one it goes on with."""
    number = PARTS.index(part)
    matter = {"descriptor": ["margin"], "orientation": ["direct"], "detector": ["direct"]}[part]
    return {
        "data": data.digest,
        "epochs": recipe.epochs[number],
        "rate": recipe.rates[number],
        **{name: getattr(recipe, name) for name in ("batch", "decay", "seed", *matter)},
        **{before: values_digest(getattr(network, before)) for before in PARTS[:number]},
    }


def _epochs(
    run: TrainingRun,
    step: Step,
    data: LiftPatches,
    recipe: LiftRecipe,
    epochs: int,
    number: int,
    device: str,
) -> Iterator[Metrics]:
    for epoch in range(run.resume(), epochs):
        seed = [recipe.seed, number, epoch]
        rng = np.random.default_rng(seed)
        seed_everything(int(rng.integers(2**31)))
        run.model.train()
        started = time.perf_counter()
        losses, right = [], []
        order = rng.permutation(len(data.points))
        batches = len(order) // recipe.batch
        for batch in range(batches):
            rows = order[batch * recipe.batch :][: recipe.batch]
            views = np.argsort(rng.random((len(rows), data.points.shape[1])), axis=1)[:, :2]
            points = torch.from_numpy(data.points[rows[:, None], views]).to(device)
            empty = torch.from_numpy(data.empty[rng.integers(len(data.empty), size=len(rows))])
            done = (epoch * batches + batch) / (epochs * batches)
            loss, good = step(points, empty.to(device), done)
            run.step(loss)
            losses.append(float(loss.detach()))
            right.append(float(good.float().mean()))
        seconds = time.perf_counter() - started
        seen = 2 * batches * recipe.batch
        loss_mean, right_share = float(np.mean(losses)), float(np.mean(right))
        metrics = run.measured(epoch, loss_mean, right_share, seconds, seen)
        run.save(metrics)
        yield metrics


def _write(
    path: Path,
    network: LiftNetwork,
    runs: dict[str, TrainingRun],
    data: LiftPatches,
    recipe: LiftRecipe,
) -> None:
    def of(name: str, digits: int) -> dict[str, Sequence[float]]:
        return {
            part: [round(getattr(epoch, name), digits) for epoch in run.metrics]
            for part, run in runs.items()
        }

    save_weights(
        path,
        network.state_dict(),
        {
            "stage": "lift",
            "data": data.name,
            "points": len(data.points),
            "landmarks": len(np.unique(data.landmarks)),
            "recipe": asdict(recipe),
            "loss": of("loss", 4),
            "accuracy": of("accuracy", 4),
            "seconds": round(sum(epoch.seconds for run in runs.values() for epoch in run.metrics)),
            "torch": torch.__version__,
        },
    )
