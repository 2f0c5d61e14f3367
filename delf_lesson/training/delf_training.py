"""The paper's two stages of training, and the trunk that stands in for ImageNet's.

Slides "Train Local Descriptor Network by using Classification task" and "Training for Keypoint
Selection"; labs 04 and 05. Several processes (`torchrun`) share each batch.
"""

import hashlib
import math
import random
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, DistributedSampler, RandomSampler

from delf_lesson.deep.backbone import Trunk, values_digest
from delf_lesson.deep.delf import Attention, Delf
from delf_lesson.deep.reduction import Pca
from delf_lesson.deep.weights import save_weights
from delf_lesson.training.checkpoints import (
    Metrics,
    Run,
    join_processes,
    seed_everything,
    sum_over_processes,
)
from delf_lesson.training.training_data import ClassificationDataset, Examples, augmentation

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


GAMMAS = (0.25, 2**-1.5, 0.5, 2**-0.5, 1.0)
"""By which a whole mini-batch is rescaled in stage two (the paper's section 3.2)."""


LENGTH = 16.0
"""What a mean of unit descriptors is multiplied by before it is classified: it is below 1 long."""


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


REDUCED_TO = 40
"""The paper's length of a descriptor (section 4.2)."""
REDUCED_PICTURES, REDUCED_FEATURES = 600, 200
"""The reduction is computed from so many pictures at most, and so many descriptors of each."""


def train(
    stage: Stage,
    trunk: Trunk,
    data: ClassificationDataset,
    folder: str | Path,
    recipe: Recipe | None = None,
    device: str = "cpu",
    card: dict[str, Any] | None = None,
    reduce_to: int | None = REDUCED_TO,
) -> Iterator[Metrics]:
    """Train one stage, an epoch a step; goes on where an earlier run of the same folder stopped.

    trunk: is trained in place ("base", "ft") or stays as it is ("attention"); between the epochs
    and afterwards it is set to evaluation. data: of several tasks for "base", of one for the
    others. folder: receives `checkpoint.pt` after every epoch,
    `metrics.csv`, and at the end `STAGE.safetensors` with its card, to which `card` is added.
    reduce_to: the length of descriptors after the reduction that is computed then, or None.

    Raises ValueError if the data do not fit the stage or the batch the processes, or if the
    folder holds another run: of other settings, pictures, classes or starting weights.
    """
    recipe = RECIPES[stage] if recipe is None else recipe
    if stage != "base" and len(data.classes) != 1:
        raise ValueError(f"data has {len(data.classes)} tasks; stage {stage!r} wants 1")
    if len(data) < recipe.batch:
        raise ValueError(f"data has {len(data)} pictures; wanted at least a batch, {recipe.batch}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    processes, rank, device = join_processes(device)
    if recipe.batch % processes:
        raise ValueError(f"batch is {recipe.batch}; wanted a multiple of {processes} processes")
    classes = [len(names) for names in data.classes.values()]
    identity = _identity(stage, trunk, data, recipe, processes)
    seed_everything(recipe.seed)  # heads begin alike in every process, and in every run
    kind = DelfClassifier if stage == "attention" else TrunkClassifier
    model: TrunkClassifier | DelfClassifier = kind(trunk, classes)
    model.to(torch.device(device)).to(memory_format=torch.channels_last)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.SGD(
        learned, recipe.rate, momentum=0.9, weight_decay=recipe.decay, nesterov=True
    )
    loader = _loader(data, recipe, processes, rank)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, partial(rate_factor, steps=recipe.epochs * len(loader))
    )
    run = Run(model, optimiser, schedule, folder, identity)
    wrapped = nn.parallel.DistributedDataParallel(model) if processes > 1 else model
    try:
        for epoch in range(run.resume(), recipe.epochs):
            # Of its own, so that a run which was cut off draws what it would have drawn.
            seed_everything(recipe.seed + 1 + epoch, rank)
            metrics = _epoch(wrapped, loader, optimiser, schedule, recipe, device, epoch)
            model.eval()
            if rank == 0:
                run.keep(metrics)
            yield metrics
        if rank == 0:
            path = folder / f"{stage}.safetensors"
            _write(path, stage, model, None, run, card or {}, data, recipe)
            if reduce_to:  # takes a while; what is trained is safe by now
                reduction = _reduction(model, data, reduce_to, device)
                _write(path, stage, model, reduction, run, card or {}, data, recipe)
    finally:
        trunk.requires_grad_(True).eval()
        if processes > 1:
            torch.distributed.destroy_process_group()


def _epoch(
    model: nn.Module,
    loader: DataLoader,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    recipe: Recipe,
    device: str,
    epoch: int,
) -> Metrics:
    started = time.perf_counter()
    if isinstance(loader.sampler, DistributedSampler):
        loader.sampler.set_epoch(epoch)
    kind = torch.device(device).type
    model.train()
    sums = torch.zeros(4, dtype=torch.float64)  # of the loss, right answers, answers, pictures
    for images, labels in loader:
        images = images.to(device, memory_format=torch.channels_last, non_blocking=True)
        labels = labels.to(device, non_blocking=True)
        with torch.autocast(kind, torch.bfloat16) if recipe.bf16 else nullcontext():
            logits = model(images)
        losses = [
            F.cross_entropy(one.float(), labels[:, task], label_smoothing=recipe.smoothing)
            for task, one in enumerate(logits)
        ]
        loss = torch.stack(losses).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        right = sum(int((one.argmax(1) == labels[:, k]).sum()) for k, one in enumerate(logits))
        weighted = float(loss.detach()) * len(images)
        sums += torch.tensor([weighted, right, labels.numel(), len(images)], dtype=torch.float64)
    sums = sum_over_processes(sums, device)
    seconds = time.perf_counter() - started
    rate = float(schedule.get_last_lr()[0])
    loss_sum, right_sum, answers, seen = sums.tolist()
    return Metrics(epoch, loss_sum / seen, right_sum / answers, rate, seconds, seen / seconds)


def _reduction(
    model: TrunkClassifier | DelfClassifier,
    data: ClassificationDataset,
    dimensions: int,
    device: str,
) -> Pca:
    """The reduction of what these networks keep of some of the pictures."""
    attention = model.scored.attention if isinstance(model, DelfClassifier) else None
    extractor = Delf(model.trunk, attention, max_features=REDUCED_FEATURES, device=device)
    readers = data.readers[:: -(-len(data) // REDUCED_PICTURES)]
    return Pca.of_extractor(extractor, (read() for read in readers), dimensions, data.name)


def _write(
    path: Path,
    stage: Stage,
    model: TrunkClassifier | DelfClassifier,
    reduction: Pca | None,
    run: Run,
    card: dict[str, Any],
    data: ClassificationDataset,
    recipe: Recipe,
) -> None:
    trunk = model.trunk
    tensors = {f"trunk.{name}": value for name, value in trunk.state_dict().items()}
    if isinstance(model, DelfClassifier):
        attention = model.scored.attention.state_dict()
        tensors |= {f"attention.{name}": value for name, value in attention.items()}
    if reduction is not None:
        tensors["reduction.mean"] = torch.from_numpy(reduction.mean)
        tensors["reduction.components"] = torch.from_numpy(reduction.components)
    save_weights(
        path,
        tensors,
        {
            "stage": stage,
            "backbone": trunk.name,
            "mean": trunk.mean,
            "std": trunk.std,
            "reduction": reduction.trained_on if reduction else None,
            "data": data.name,
            "pictures": len(data),
            "classes": {task: len(names) for task, names in data.classes.items()},
            "recipe": asdict(recipe),
            **run.summary,
            **card,
        },
    )


def _loader(data: ClassificationDataset, recipe: Recipe, processes: int, rank: int) -> DataLoader:
    examples = Examples(data, augmentation(recipe.size, recipe.smallest, recipe.flip))
    sampler = (
        DistributedSampler(examples, processes, rank, seed=recipe.seed, drop_last=True)
        if processes > 1
        else RandomSampler(examples)
    )
    return DataLoader(
        examples,
        recipe.batch // processes,
        sampler=sampler,
        num_workers=recipe.workers,
        drop_last=True,
        pin_memory=torch.cuda.is_available(),
    )


def _identity(
    stage: Stage, trunk: Trunk, data: ClassificationDataset, recipe: Recipe, processes: int
) -> dict[str, Any]:
    """What a run must have in common with the one it goes on with."""
    settings = asdict(recipe)
    del settings["workers"]
    classes = {task: list(names) for task, names in data.classes.items()}
    return {
        "stage": stage,
        "backbone": trunk.name,
        "starting weights": values_digest(trunk),
        "data": data.name,
        "pictures": len(data),
        "labels": hashlib.sha256(data.labels.tobytes()).hexdigest(),
        "classes": classes,
        "processes": processes,
        **settings,
    }
