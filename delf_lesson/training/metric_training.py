"""Training siaMAC and DIR: each epoch mines hard negatives (slide "mAP Result"; lab 07)."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from delf_lesson.deep.backbone import Trunk
from delf_lesson.deep.efficientnet import LITE0, base_of, changed_tensors
from delf_lesson.deep.global_descriptors import GlobalNetwork
from delf_lesson.deep.weights import save_weights
from delf_lesson.images import Pixels, prefetch
from delf_lesson.training.checkpoints import (
    Metrics,
    TrainingRun,
    average_with,
    run_identity,
    seed_everything,
)
from delf_lesson.training.metric_learning import (
    LONGEST,
    TupleDataset,
    begin_pooling,
    contrastive_loss,
    describe_all,
    forward_all,
    hard_negatives,
    learned_whitening,
    triplet_loss,
)

Loss = Callable[[Tensor, Tensor, Tensor, float], Tensor]
LOSSES: dict[str, Loss] = {"contrastive": contrastive_loss, "triplet": triplet_loss}


@dataclass(frozen=True)
class MetricRecipe:
    """How to train.

    pooling: see `POOLINGS`; loss: "contrastive" or "triplet", with its margin; epochs;
    tuples: an epoch, each a query, a positive and so many `negatives`, which are mined among `pool`
    pictures, each epoch others; batch: tuples a step; rate: the highest learning rate of Adam,
    along the same curve as in classification; decay; seed. size: the longer side of pictures that
    are not rendered, in pixels. workers: threads that read pictures. bf16: half precision in the
    trunk. frozen, average: as in `Recipe`, the whitening of DIR included in the average.
    """

    pooling: Literal["mac", "gem", "rmac"]
    loss: Literal["contrastive", "triplet"]
    margin: float
    epochs: int = 8
    tuples: int = 250
    negatives: int = 5
    pool: int = 1500
    batch: int = 5
    rate: float = 2e-4
    decay: float = 5e-4
    seed: int = 0
    size: int = LONGEST
    workers: int = 1
    bf16: bool = False
    frozen: int = 0
    average: float = 1.0

    def __post_init__(self) -> None:
        names = ("epochs", "tuples", "negatives", "pool", "batch", "size", "workers")
        counts = {name: getattr(self, name) for name in names}
        if min(counts.values()) < 1 or self.rate <= 0:
            raise ValueError(f"{counts}, rate is {self.rate}; wanted 1 or more, and over 0")
        if not 0 < self.average <= 1 or self.frozen < 0:
            raise ValueError(
                f"average is {self.average}, wanted over 0 and at most 1; frozen is {self.frozen}, "
                "wanted 0 or more"
            )


METRIC_RECIPES = {
    "siamac": MetricRecipe("mac", "contrastive", 0.7),
    "dir": MetricRecipe("rmac", "triplet", 0.1),
}
METRIC_FROM_IMAGENET = {
    stage: replace(recipe, epochs=6, rate=5e-5, frozen=5, average=0.5)
    for stage, recipe in METRIC_RECIPES.items()
}
"""As `FROM_IMAGENET` for DELF: what a trunk knows of photos should outlast the renderings."""


def metric_recipe_for(stage: str, backbone: str) -> MetricRecipe:
    """`METRIC_FROM_IMAGENET` for EfficientNet-Lite0, `METRIC_RECIPES` for a ResNet."""
    return METRIC_FROM_IMAGENET[stage] if backbone == LITE0 else METRIC_RECIPES[stage]


def train_metric(
    stage: str,
    trunk: Trunk,
    data: TupleDataset,
    folder: str | Path,
    recipe: MetricRecipe | None = None,
    device: str = "cpu",
    card: dict[str, Any] | None = None,
) -> Iterator[Metrics]:
    """Train "siamac" or "dir", an epoch a step; goes on where an earlier run stopped.

    Each epoch describes a pool of pictures, then learns from tuples: a query, a picture of the
    same at random, and the nearest pictures of other landmarks. The statistics of batch
    normalisation stay frozen. `Metrics.accuracy` is the share of tuples whose positive is nearer
    than each negative.

    folder: receives `checkpoint.pt`, `metrics.csv`, and at the end `STAGE.safetensors`. With
    pooling "mac" it holds a learned whitening too, from all pairs of the data. Raises ValueError
    if the data have no pairs or the folder holds another run.
    """
    recipe = metric_recipe_for(stage, trunk.name) if recipe is None else recipe
    queries = np.flatnonzero([len(positives) > 0 for positives in data.positives])
    if not len(queries):
        raise ValueError("data: no image has a positive; wanted two or more of a landmark")
    identity = run_identity(
        stage, trunk, asdict(recipe), data=data.name, pictures=len(data), pairs=data.digest
    )
    seed_everything(recipe.seed)
    network = GlobalNetwork(trunk, recipe.pooling)
    network.eval().to(torch.device(device)).to(memory_format=torch.channels_last)
    for part in trunk.parts()[: recipe.frozen]:
        part.requires_grad_(False)
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learned, recipe.rate, weight_decay=recipe.decay)
    steps = -(-min(recipe.tuples, len(queries)) // recipe.batch)
    run = TrainingRun(network, optimiser, recipe.epochs * steps, Path(folder), identity)
    begin_pooling(network, data, device)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    try:
        for epoch in range(run.resume(), recipe.epochs):
            seed_everything(recipe.seed + 1 + epoch)
            started = time.perf_counter()
            tuples = _mine(network, data, queries, recipe, epoch, device)
            loss, right = _learn(network, data, tuples, recipe, run, device)
            seconds = time.perf_counter() - started
            metrics = run.measured(epoch, loss, right, seconds, tuples.size)
            run.save(metrics)
            yield metrics
    finally:
        trunk.requires_grad_(True)
    average_with(network, start, recipe.average)
    _write(run, stage, network, data, recipe, device, card or {})


def _mine(
    network: GlobalNetwork,
    data: TupleDataset,
    queries: NDArray,
    recipe: MetricRecipe,
    epoch: int,
    device: str,
) -> NDArray[np.int64]:
    """Tuples of rows (T, 2 + negatives): query, positive, negatives."""
    rng = np.random.default_rng([recipe.seed, epoch])
    chosen = rng.permutation(queries)[: recipe.tuples]
    positives = np.array([rng.choice(data.positives[row]) for row in chosen])
    pool = np.union1d(chosen, rng.permutation(len(data))[: recipe.pool])
    forward = partial(network, bf16=recipe.bf16)
    vectors = describe_all(forward, data, pool, device, recipe.workers)
    of_pool = np.searchsorted(pool, chosen)
    negatives = hard_negatives(vectors, data.landmarks[pool], of_pool, recipe.negatives)
    return np.column_stack([chosen, positives, pool[negatives]])


def _learn(
    network: GlobalNetwork,
    data: TupleDataset,
    tuples: NDArray[np.int64],
    recipe: MetricRecipe,
    run: TrainingRun,
    device: str,
) -> tuple[float, float]:
    """One pass over the tuples: mean loss, and the share of tuples in the right order."""
    loss_sum, right = 0.0, 0
    forward = partial(network, bf16=recipe.bf16)

    def read(batch: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray, list[Pixels]]:
        rows, where = np.unique(batch, return_inverse=True)  # an image may stand in several tuples
        return batch, where, data.read(rows)

    batches = np.split(tuples, range(recipe.batch, len(tuples), recipe.batch))
    for batch, where, images in prefetch(read, batches, recipe.workers, 2 * recipe.workers):
        vectors = forward_all(forward, images, device)
        vectors = vectors[torch.from_numpy(where.reshape(batch.shape))]  # (B, 2 + K, D)
        query, positive, negatives = vectors[:, 0], vectors[:, 1], vectors[:, 2:]
        loss = LOSSES[recipe.loss](query, positive, negatives, recipe.margin)
        run.step(loss)
        loss_sum += float(loss.detach()) * len(batch)
        with torch.no_grad():
            near = (query * positive).sum(1)
            far = (query[:, None] * negatives).sum(2).amax(1)
            right += int((near > far).sum())
    return loss_sum / len(tuples), right / len(tuples)


def _write(
    run: TrainingRun,
    stage: str,
    network: GlobalNetwork,
    data: TupleDataset,
    recipe: MetricRecipe,
    device: str,
    card: dict[str, Any],
) -> None:
    pooling = network.pooling.state_dict()
    tensors = {f"trunk.{name}": tensor for name, tensor in changed_tensors(network.trunk).items()}
    tensors |= {f"pooling.{name}": tensor for name, tensor in pooling.items()}
    whitening = learned_whitening(network, data, device, recipe.workers)
    if whitening is not None:
        tensors["whitening.mean"] = torch.from_numpy(whitening.mean)
        tensors["whitening.components"] = torch.from_numpy(whitening.components)
    save_weights(
        run.folder / f"{stage}.safetensors",
        tensors,
        {
            "stage": stage,
            "backbone": network.trunk.name,
            "mean": network.trunk.mean,
            "std": network.trunk.std,
            **base_of(network.trunk),
            "pooling": network.name,
            "data": data.name,
            "pictures": len(data),
            "pairs": sum(len(positives) for positives in data.positives),
            "landmarks": len(np.unique(data.landmarks)),
            "recipe": asdict(recipe),
            **run.summary,
            **card,
        },
    )
