"""Training siaMAC and DIR: tuples mined anew each epoch (slide "mAP Result"; notebook 07)."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from delf_lesson.deep.backbone import Trunk, values_digest
from delf_lesson.deep.global_descriptors import GlobalNetwork
from delf_lesson.deep.weights import save_weights
from delf_lesson.images import Pixels, prefetch
from delf_lesson.training.checkpoints import Metrics, Run, seed_everything
from delf_lesson.training.delf_training import rate_factor
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

    pooling: see `pooling.POOLINGS`; loss: "contrastive" or "triplet", with its margin; epochs;
    tuples: an epoch, each a query, a positive and so many `negatives`, which are mined among `pool`
    pictures, each epoch others; batch: tuples a step; rate: the highest learning rate of Adam,
    along the same curve as in classification; decay; seed. size: the longer side of pictures that
    are not rendered, in pixels. workers: threads that read pictures. bf16: half precision in the
    trunk.
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

    def __post_init__(self) -> None:
        names = ("epochs", "tuples", "negatives", "pool", "batch", "size", "workers")
        counts = {name: getattr(self, name) for name in names}
        if min(counts.values()) < 1 or self.rate <= 0:
            raise ValueError(f"{counts}, rate is {self.rate}; wanted 1 or more, and over 0")


METRIC_RECIPES = {
    "siamac": MetricRecipe("mac", "contrastive", 0.7),
    "dir": MetricRecipe("rmac", "triplet", 0.1),
}


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
    recipe = METRIC_RECIPES[stage] if recipe is None else recipe
    queries = np.array([row for row, own in enumerate(data.positives) if len(own)])
    if not len(queries):
        raise ValueError("data: no picture has a positive; wanted two of a landmark or more")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    identity = _identity(stage, trunk, data, recipe)
    seed_everything(recipe.seed)
    network = GlobalNetwork(trunk, recipe.pooling)
    network.eval().to(torch.device(device)).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
    steps = -(-min(recipe.tuples, len(queries)) // recipe.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, partial(rate_factor, steps=recipe.epochs * steps)
    )
    run = Run(network, optimiser, schedule, folder, identity)
    begun = run.resume()
    if begun == 0:
        begin_pooling(network, data, device)
    for epoch in range(begun, recipe.epochs):
        seed_everything(recipe.seed + 1 + epoch)
        started = time.perf_counter()
        tuples = _mine(network, data, queries, recipe, epoch, device)
        loss, right, seen = _learn(network, data, tuples, recipe, optimiser, schedule, device)
        seconds = time.perf_counter() - started
        rate = float(schedule.get_last_lr()[0])
        metrics = Metrics(epoch, loss, right, rate, seconds, seen / seconds)
        run.keep(metrics)
        yield metrics
    _write(folder / f"{stage}.safetensors", stage, network, run, data, recipe, device, card or {})


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
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    device: str,
) -> tuple[float, float, int]:
    """One pass over the tuples: mean loss, share in the right order, pictures seen."""
    loss_sum, right = 0.0, 0
    forward = partial(network, bf16=recipe.bf16)

    def read(batch: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray, list[Pixels]]:
        rows, place = np.unique(batch, return_inverse=True)  # a picture may stand in several
        return batch, place, data.read(rows)

    batches = np.split(tuples, range(recipe.batch, len(tuples), recipe.batch))
    for batch, place, images in prefetch(read, batches, recipe.workers, 2 * recipe.workers):
        vectors = forward_all(forward, images, device)
        vectors = vectors[torch.from_numpy(place.reshape(batch.shape))]  # (B, 2 + K, D)
        query, positive, negatives = vectors[:, 0], vectors[:, 1], vectors[:, 2:]
        loss = LOSSES[recipe.loss](query, positive, negatives, recipe.margin)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        loss_sum += float(loss.detach()) * len(batch)
        with torch.no_grad():
            near = (query * positive).sum(1)
            far = (query[:, None] * negatives).sum(2).amax(1)
            right += int((near > far).sum())
    return loss_sum / len(tuples), right / len(tuples), tuples.size


def _write(
    path: Path,
    stage: str,
    network: GlobalNetwork,
    run: Run,
    data: TupleDataset,
    recipe: MetricRecipe,
    device: str,
    card: dict[str, Any],
) -> None:
    tensors = dict(network.state_dict())  # trunk.…, pooling.…
    whitening = learned_whitening(network, data, device, recipe.workers)
    if whitening is not None:
        tensors["whitening.mean"] = torch.from_numpy(whitening.mean)
        tensors["whitening.components"] = torch.from_numpy(whitening.components)
    save_weights(
        path,
        tensors,
        {
            "stage": stage,
            "backbone": network.trunk.name,
            "mean": network.trunk.mean,
            "std": network.trunk.std,
            "pooling": network.name,
            "data": data.name,
            "pictures": len(data),
            "pairs": sum(len(own) for own in data.positives),
            "landmarks": len(np.unique(data.landmarks)),
            "recipe": asdict(recipe),
            **run.summary,
            **card,
        },
    )


def _identity(stage: str, trunk: Trunk, data: TupleDataset, recipe: MetricRecipe) -> dict[str, Any]:
    """What a run must have in common with the one it goes on with."""
    pairs = hashlib.sha256(data.landmarks.tobytes())
    for own in data.positives:
        pairs.update(np.asarray(own, np.int64).tobytes() + b";")
    return {
        "stage": stage,
        "backbone": trunk.name,
        "starting weights": values_digest(trunk),
        "data": data.name,
        "pictures": len(data),
        "pairs": pairs.hexdigest(),
        **{name: value for name, value in asdict(recipe).items() if name != "workers"},
    }
