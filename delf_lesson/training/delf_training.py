"""Training DELF: the trunk by classification, then attention on the frozen trunk.

The paper's sections 3.1 and 3.2; slides "Train Local Descriptor Network by using Classification
task" and "Training for Keypoint Selection"; labs 04 and 05. Stage "base" trains a trunk from random
weights on attributes of the renderings and so stands in for ImageNet. Stage "ft" fine-tunes it on
landmarks. Stage "attention" learns which cells to keep. `torchrun` shares batches over processes.
"""

import copy
import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, DistributedSampler

from delf_lesson.deep.backbone import Trunk, fold_batch_norm
from delf_lesson.deep.delf import Attention, Delf
from delf_lesson.deep.reduction import Pca
from delf_lesson.deep.weights import Trained, save_trained
from delf_lesson.training.checkpoints import (
    Metrics,
    TrainingRun,
    average_with,
    join_processes,
    run_identity,
    seed_everything,
    sum_over_processes,
)
from delf_lesson.training.recipes import Recipe, Stage, recipe_for
from delf_lesson.training.training_data import ClassificationDataset, augmentation, training_loader


class TrunkClassifier(nn.Module):
    """Stage one: the trunk, global average pooling, and a linear layer for each task.

    frozen: parts of the trunk that do not learn, from the input on. fixed_norms: batch
    normalisation in the whole trunk keeps its statistics.
    """

    def __init__(
        self, trunk: Trunk, classes: list[int], frozen: int = 0, fixed_norms: bool = False
    ) -> None:
        super().__init__()
        self.trunk, self.frozen, self.fixed_norms = trunk, frozen, fixed_norms
        for part in trunk.parts()[:frozen]:
            part.requires_grad_(False)
        self.heads = nn.ModuleList(nn.Linear(trunk.channels, count) for count in classes)

    def train(self, mode: bool = True) -> "TrunkClassifier":
        """As in any module, but what keeps its statistics stays in evaluation mode."""
        super().train(mode)
        for part in [self.trunk] if self.fixed_norms else self.trunk.parts()[: self.frozen]:
            part.eval()
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (N, 3, H, W) to the logits of each task, (N, classes)."""
        pooled = self.trunk(images).mean(dim=(2, 3))
        return [head(pooled) for head in self.heads]


def attend(features: Tensor, scores: Tensor) -> Tensor:
    """Pool a grid by attention: the mean of unit descriptors, weighted by their scores (N, C).

    features (N, C, H, W), scores (N, 1, H, W). All descriptors get unit length first, so that only
    the score decides how much a cell counts.

    The paper's equation 1 is the weighted sum, the public code divides it by the number of cells,
    and we divide by the sum of the scores, so that scores only count against each other. We tried
    all three on a half-trained trunk. The sum did not train at a rate of 0.01: the loss stayed at
    log(classes). With the best rate tried for each, 0.66 of the best 300 cells lay on the landmark
    with the public code's mean, and 0.72 with the weighted mean.
    """
    weighted = (F.normalize(features, dim=1) * scores).sum(dim=(2, 3))
    return weighted / scores.sum(dim=(2, 3)).clamp(min=1e-6)


LENGTH = 16.0
"""Factor on a mean of unit descriptors, which is shorter than 1, before it is classified."""


class AttentionClassifier(nn.Module):
    """What stage two trains: attention and a linear layer on frozen features (section 3.2)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.attention = Attention(channels)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) to logits (N, classes)."""
        logits: Tensor = self.classifier(LENGTH * attend(features, self.attention(features)))
        return logits


GAMMAS = (0.25, 2**-1.5, 0.5, 2**-0.5, 1.0)
"""Scales to one of which stage two resizes a whole batch (the paper's section 3.2)."""


class DelfClassifier(nn.Module):
    """Stage two: attention on the frozen trunk, with the same loss.

    The trunk is frozen with its batch statistics: trained together from the start, attention and
    descriptors gave weak models (section 3.2). So a copy of it will do, with batch normalisation
    folded in. One random gamma resizes a batch, so that attention sees landmarks of many sizes.
    """

    def __init__(self, trunk: Trunk, classes: list[int]) -> None:
        super().__init__()
        self.trunk = copy.deepcopy(trunk).eval().requires_grad_(False)
        fold_batch_norm(self.trunk)
        self.scored = AttentionClassifier(trunk.channels, classes[0])

    def train(self, mode: bool = True) -> "DelfClassifier":
        """As in any module, but the trunk stays in evaluation mode."""
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


def train_epoch(
    model: nn.Module,
    loader: DataLoader[tuple[Tensor, Tensor]],
    run: TrainingRun,
    recipe: Recipe,
    device: str,
    epoch: int,
) -> Metrics:
    """One pass over the data, the same for both stages: cross-entropy, summed over tasks.

    model: the run's, or what wraps it to share a batch between processes.
    """
    started = time.perf_counter()
    if isinstance(loader.sampler, DistributedSampler):
        loader.sampler.set_epoch(epoch)
    kind = torch.device(device).type
    model.train()
    sums = torch.zeros(4, dtype=torch.float64)  # of the loss, right answers, answers, images
    for images, labels in loader:
        images = images.to(device, memory_format=torch.channels_last, non_blocking=True)
        labels = labels.to(device, non_blocking=True)
        with torch.autocast(kind, torch.bfloat16) if recipe.bf16 else nullcontext():
            by_task = model(images)
        losses = [
            F.cross_entropy(logits.float(), labels[:, task], label_smoothing=recipe.smoothing)
            for task, logits in enumerate(by_task)
        ]
        loss = torch.stack(losses).sum()
        run.step(loss)
        answers = torch.stack([logits.argmax(1) for logits in by_task], dim=1)
        right, count = int((answers == labels).sum()), len(images)
        epoch_part = [float(loss.detach()) * count, right, labels.numel(), count]
        sums += torch.tensor(epoch_part, dtype=torch.float64)
    loss_sum, right_sum, asked, seen = sum_over_processes(sums, device).tolist()
    seconds = time.perf_counter() - started
    return run.measured(epoch, loss_sum / seen, right_sum / asked, seconds, seen)


def train(
    stage: Stage,
    trunk: Trunk,
    data: ClassificationDataset,
    folder: str | Path,
    recipe: Recipe | None = None,
    device: str = "cpu",
    card: dict[str, Any] | None = None,
    reduce_to: int | None = 40,
) -> Iterator[Metrics]:
    """Train one stage, an epoch a step; continues an earlier run of the same folder.

    trunk: is trained in place ("base", "ft") or stays as it is ("attention"); it is in evaluation
    mode between epochs and afterwards. data: of several tasks for "base", of one for the others.
    folder: receives `checkpoint.pt` and `metrics.csv` after every epoch, and at the end
    `STAGE.safetensors` with its card, to which `card` is added. reduce_to: the length of
    descriptors after the reduction that is computed at the end (the paper's 40), or None.

    Raises ValueError if the data do not fit the stage or the batch the processes, or if the
    folder holds another run: of other settings, images, classes or starting weights.
    """
    recipe = recipe_for(stage, trunk.name) if recipe is None else recipe
    if stage != "base" and len(data.classes) != 1:
        raise ValueError(f"data has {len(data.classes)} tasks; stage {stage!r} wants 1")
    if len(data) < recipe.batch:
        raise ValueError(f"data has {len(data)} images; wanted at least a batch, {recipe.batch}")
    processes, rank, device = join_processes(device)
    if recipe.batch % processes:
        raise ValueError(f"batch is {recipe.batch}; wanted a multiple of {processes} processes")
    identity = run_identity(
        stage,
        trunk,
        asdict(recipe),
        data=data.name,
        pictures=len(data),
        labels=hashlib.sha256(data.labels.tobytes()).hexdigest(),
        classes={task: list(names) for task, names in data.classes.items()},
        processes=processes,
    )
    seed_everything(recipe.seed)  # heads begin alike in every process, and in every run
    start = {name: value.clone() for name, value in trunk.state_dict().items()}
    classes = [len(names) for names in data.classes.values()]
    model: TrunkClassifier | DelfClassifier
    if stage == "attention":
        model = DelfClassifier(trunk, classes)
    else:
        model = TrunkClassifier(trunk, classes, recipe.frozen, recipe.fixed_norms)
    model.to(torch.device(device)).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(
        parameter_groups(model, recipe),
        recipe.rate,
        momentum=0.9,
        weight_decay=recipe.decay,
        nesterov=True,
    )
    transform = augmentation(recipe.size, recipe.smallest, recipe.flip, recipe.degrade)
    loader = training_loader(
        data, transform, recipe.batch, recipe.workers, processes, rank, recipe.seed
    )
    run = TrainingRun(model, optimiser, recipe.epochs * len(loader), Path(folder), identity)
    shared = nn.parallel.DistributedDataParallel(model) if processes > 1 else model
    try:
        for epoch in range(run.resume(), recipe.epochs):
            # A seed for each epoch: a run that was cut off draws what it would have drawn.
            seed_everything(recipe.seed + 1 + epoch, rank)
            metrics = train_epoch(shared, loader, run, recipe, device, epoch)
            model.eval()
            if rank == 0:
                run.save(metrics)
            yield metrics
        average_with(trunk, start, recipe.average)
        if rank == 0:
            attention = model.scored.attention if isinstance(model, DelfClassifier) else None
            about = {
                "stage": stage,
                "data": data.name,
                "pictures": len(data),
                "classes": {task: len(names) for task, names in data.classes.items()},
                "recipe": asdict(recipe),
                **run.summary,
                **(card or {}),
            }
            trained = Trained(trunk, attention, None, about)
            save_trained(run.folder / f"{stage}.safetensors", trained)
            if reduce_to:  # takes a while; what is trained is safe by now
                trained = replace(
                    trained, reduction=fit_reduction(trained, data, reduce_to, device)
                )
                save_trained(run.folder / f"{stage}.safetensors", trained)
    finally:
        trunk.requires_grad_(True).eval()
        if processes > 1:
            torch.distributed.destroy_process_group()


def parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """What the optimiser changes: the trunk at the recipe's rate, the rest at `head_rate`."""
    learned = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    of_trunk = [parameter for name, parameter in learned if name.startswith("trunk.")]
    others = [parameter for name, parameter in learned if not name.startswith("trunk.")]
    groups: list[dict[str, Any]] = [
        {"params": of_trunk},
        {"params": others, "lr": recipe.head_rate or recipe.rate},
    ]
    return [group for group in groups if group["params"]]


def fit_reduction(
    trained: Trained, data: ClassificationDataset, length: int, device: str = "cpu"
) -> Pca:
    """PCA of the descriptors that these networks keep: at most 200 of each of 600 images."""
    extractor = Delf(trained.trunk, trained.attention, max_features=200, device=device)
    readers = data.readers[:: -(-len(data) // 600)]
    return Pca.of_extractor(extractor, (read() for read in readers), length, data.name)
