"""A training run on disk and over processes: checkpoint, metrics, seeds, learning rate."""

import csv
import io
import os
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from delf_lesson.files import write_atomically


def join_processes(device: str) -> tuple[int, int, str]:
    """How many processes `torchrun` started, which this is, and its device; 1 and 0 without it."""
    processes, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    on_gpu = torch.device(device).type == "cuda"
    if processes > 1:
        if on_gpu:
            device = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(device)
        torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    return processes, rank, device


def seed_everything(seed: int, rank: int = 0) -> None:
    """Gamma is drawn alike in all processes, crops and colours differently in each."""
    random.seed(seed)
    torch.manual_seed(seed + 1_000_003 * rank)


def sum_over_processes(sums: Tensor, device: str) -> Tensor:
    """The sum of what every process counted; of one alone, its own."""
    if not torch.distributed.is_initialized():
        return sums
    there = sums.to(device)
    torch.distributed.all_reduce(there)
    return there.cpu()


@dataclass(frozen=True)
class Metrics:
    """One epoch, over all processes.

    loss: the mean; accuracy: the share of right answers over all tasks; rate: of learning, at its
    end; seconds; pictures_per_second.
    """

    epoch: int
    loss: float
    accuracy: float
    rate: float
    seconds: float
    pictures_per_second: float


@dataclass
class Run:
    """What a checkpoint holds, and where it lies."""

    model: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    folder: Path
    identity: dict[str, Any]

    def __post_init__(self) -> None:
        self.metrics: list[Metrics] = []

    def resume(self) -> int:
        """Load the checkpoint, if there is one, and say at which epoch to go on."""
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return 0
        kept = torch.load(path, map_location="cpu", weights_only=True)
        odd = [key for key, value in self.identity.items() if kept["identity"].get(key) != value]
        if odd:
            raise ValueError(
                f"folder: {self.folder} holds another run, whose {', '.join(odd)} differ; choose "
                "another folder"
            )
        self.model.load_state_dict(kept["model"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.schedule.load_state_dict(kept["schedule"])
        self.metrics = [Metrics(**one) for one in kept["metrics"]]
        return len(self.metrics)

    @property
    def summary(self) -> dict[str, Any]:
        """What a weights file's card says of the run: loss and accuracy by epoch, seconds."""
        return {
            "loss": [round(one.loss, 4) for one in self.metrics],
            "accuracy": [round(one.accuracy, 4) for one in self.metrics],
            "seconds": round(sum(one.seconds for one in self.metrics)),
            "torch": torch.__version__,
        }

    def keep(self, metrics: Metrics) -> None:
        """Write the checkpoint and the table of metrics, each whole or not at all."""
        self.metrics.append(metrics)
        buffer = io.BytesIO()
        kept = {
            "identity": self.identity,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "metrics": [asdict(one) for one in self.metrics],
        }
        torch.save(kept, buffer)
        write_atomically(self.folder / "checkpoint.pt", buffer.getvalue())
        table = io.StringIO()
        writer = csv.DictWriter(table, list(asdict(metrics)))
        writer.writeheader()
        writer.writerows(asdict(one) for one in self.metrics)
        write_atomically(self.folder / "metrics.csv", table.getvalue().encode())
