"""The paper's two stages of training, and the trunk that stands in for ImageNet's.

Slides "Train Local Descriptor Network by using Classification task" and "Training for Keypoint
Selection"; introduced in notebooks 04 and 05. Several processes (`torchrun`) share each batch.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler, RandomSampler

from delf_lesson.deep.backbone import Trunk
from delf_lesson.deep.classifiers import DelfClassifier, TrunkClassifier
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.processes import join_processes, seed_everything, sum_over_processes
from delf_lesson.deep.recipes import RECIPES, Recipe, Stage, rate_factor
from delf_lesson.deep.runs import Metrics, Run
from delf_lesson.deep.training_data import Examples, Labelled, augmentation
from delf_lesson.deep.weights import save_weights, values_digest
from delf_lesson.retrieval.reduction import Pca

REDUCED_TO = 40
"""The paper's length of a descriptor (section 4.2)."""
REDUCED_PICTURES, REDUCED_FEATURES = 600, 200
"""The reduction is computed from so many pictures at most, and so many descriptors of each."""


def train(
    stage: Stage,
    trunk: Trunk,
    data: Labelled,
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
    model: TrunkClassifier | DelfClassifier, data: Labelled, dimensions: int, device: str
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
    data: Labelled,
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


def _loader(data: Labelled, recipe: Recipe, processes: int, rank: int) -> DataLoader:
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
    stage: Stage, trunk: Trunk, data: Labelled, recipe: Recipe, processes: int
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
