"""What the training of all networks shares: seeds, learning rate, checkpoints, metrics, processes.

Labs 04, 05 and 07. A run that was cut off continues from its last checkpoint and ends with the same
weights as a run that was not.
"""

import csv
import io
import math
import os
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from delf_lesson.deep.backbone import Trunk, values_digest
from delf_lesson.files import write_atomically


def seed_everything(seed: int, rank: int = 0) -> None:
    """Seed Python alike in all processes (gamma), torch differently in each (crops and colours)."""
    random.seed(seed)
    torch.manual_seed(seed + 1_000_003 * rank)


def rate_factor(step: int, steps: int) -> float:
    """Share of the highest rate: a line up for a tenth of the steps, then a cosine down to 0."""
    rising = max(1, steps // 10)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def run_identity(
    stage: str, trunk: Trunk, recipe: Mapping[str, Any], **data: object
) -> dict[str, Any]:
    """What a run must have in common with the run that it continues: start, recipe and data.

    The number of workers may change, as it does not change the result.
    """
    return {
        "stage": stage,
        "backbone": trunk.name,
        "starting weights": values_digest(trunk),
        **data,
        **{name: value for name, value in recipe.items() if name != "workers"},
    }


def average_with(network: nn.Module, start: Mapping[str, Tensor], share: float) -> None:
    """Replace a network's weights by `share` of them and the rest of those it started from."""
    if share == 1:
        return
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            value.lerp_(start[name].to(value.device), 1 - share)


@dataclass(frozen=True)
class Metrics:
    """One epoch over all processes.

    loss: the mean. accuracy: the share of right answers over all tasks. rate: the learning rate at
    the end. seconds and pictures_per_second: of the whole epoch.
    """

    epoch: int
    loss: float
    accuracy: float
    rate: float
    seconds: float
    pictures_per_second: float


@dataclass
class TrainingRun:
    """A model with its optimiser and learning rate, the metrics so far, and where they are kept.

    steps: of the whole run; the learning rate follows `rate_factor` over them. folder: receives
    `checkpoint.pt` and `metrics.csv`. identity: see `run_identity`.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    steps: int
    folder: Path
    identity: Mapping[str, Any]
    metrics: list[Metrics] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.schedule = LambdaLR(self.optimiser, partial(rate_factor, steps=self.steps))
        self.folder.mkdir(parents=True, exist_ok=True)

    def step(self, loss: Tensor) -> None:
        """One step down the gradient of the loss, at the learning rate of this step."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.schedule.step()

    def measured(
        self, epoch: int, loss: float, accuracy: float, seconds: float, images: float
    ) -> Metrics:
        """The metrics of an epoch that saw so many images."""
        rate = float(self.schedule.get_last_lr()[0])
        return Metrics(epoch, loss, accuracy, rate, seconds, images / seconds)

    def resume(self) -> int:
        """Load the checkpoint, if there is one; returns the number of the next epoch.

        Raises ValueError if the folder holds another run.
        """
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return 0
        saved = torch.load(path, map_location="cpu", weights_only=True)
        odd = [key for key, value in self.identity.items() if saved["identity"].get(key) != value]
        if odd:
            raise ValueError(
                f"folder: {self.folder} holds another run, whose {', '.join(odd)} differ; choose "
                "another folder"
            )
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.schedule.load_state_dict(saved["schedule"])
        self.metrics = [Metrics(**epoch) for epoch in saved["metrics"]]
        return len(self.metrics)

    def save(self, metrics: Metrics) -> None:
        """Add the metrics of an epoch, then write the checkpoint and the table of metrics."""
        self.metrics.append(metrics)
        epochs = [asdict(epoch) for epoch in self.metrics]
        checkpoint = {
            "identity": dict(self.identity),
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "metrics": epochs,
        }
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        write_atomically(self.folder / "checkpoint.pt", buffer.getvalue())
        table = io.StringIO()
        writer = csv.DictWriter(table, list(epochs[0]))
        writer.writeheader()
        writer.writerows(epochs)
        write_atomically(self.folder / "metrics.csv", table.getvalue().encode())

    @property
    def summary(self) -> dict[str, Any]:
        """What a weights file's card says of the run: loss and accuracy by epoch, seconds."""
        return {
            "loss": [round(epoch.loss, 4) for epoch in self.metrics],
            "accuracy": [round(epoch.accuracy, 4) for epoch in self.metrics],
            "seconds": round(sum(epoch.seconds for epoch in self.metrics)),
            "torch": torch.__version__,
        }


def join_processes(device: str) -> tuple[int, int, str]:
    """How many processes `torchrun` started, the rank of this process, and its device.

    Without `torchrun` that is 1, 0 and the given device.
    """
    processes, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    on_gpu = torch.device(device).type == "cuda"
    if processes > 1:
        if on_gpu:
            device = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(device)
        torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    return processes, rank, device


def sum_over_processes(sums: Tensor, device: str) -> Tensor:
    """The sum of what all processes counted."""
    if not torch.distributed.is_initialized():
        return sums
    total = sums.to(device)
    torch.distributed.all_reduce(total)
    return total.cpu()
