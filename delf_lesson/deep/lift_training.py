"""Training LIFT's three parts, each with those before it (slide "mAP Result"; notebook 07).

Yi et al., ECCV 2016, section 3.5: first the descriptor, then the orientation by what the finished
descriptor says, then the detector by what both say. All at once would find no beginning.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from delf_lesson.deep.lift import SHARPNESS, TAPS, LiftNetwork, cut, soft_argmax, soft_maximum
from delf_lesson.deep.lift_patches import LARGE, LiftPatches
from delf_lesson.deep.processes import seed_everything
from delf_lesson.deep.recipes import rate_factor
from delf_lesson.deep.runs import Metrics, Run
from delf_lesson.deep.weights import save_weights

PARTS = ("descriptor", "orientation", "detector")
WINDOW = 32
"""Samples of the window in which the detector is to find a point, along a side: 12 sigmas, of
which it scores 7.5. A larger one has other keypoints, as good, in it."""
ROOM = 5
"""Samples by which the window is moved at most, so that the point is not in its middle."""
PLACE_JITTER, ANGLE_JITTER = 1.0, 0.15
"""Standard deviations in samples and radians, by which the descriptor's patches are moved: a
detector and an orientation are never exact."""
TURN = np.pi / 4
"""Radians by which the orientation's patches are turned at most. Photographs are held about
upright, and a facade's patch, which is like itself after a quarter turn, cannot know more."""
SAME_ANGLE, SAME_PLACE = np.deg2rad(20), 2.0
"""Nearer than this, in radians and samples, counts as right in the metrics."""


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


Step = Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]
"""Two views of points, uint8 (B, 2, 64, 64), and places without one (B, 64, 64), and the share of
the part's training that is done, to the loss and which points are right (B,)."""


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
        "descriptor": partial(_describe, network, recipe.margin),
        "orientation": partial(_turn, network, recipe.direct),
        "detector": partial(_detect, network, recipe.direct),
    }
    runs: dict[str, Run] = {}
    for part, epochs in zip(PARTS, recipe.epochs, strict=True):
        learns: nn.Module = getattr(network, part)
        own = Path(folder) / part
        own.mkdir(parents=True, exist_ok=True)
        identity = _identity(part, network, data, recipe)
        run = runs[part] = _run(learns, own, recipe, PARTS.index(part), len(data.points), identity)
        for metrics in _epochs(run, steps[part], data, recipe, epochs, PARTS.index(part), device):
            yield part, metrics
        learns.eval().requires_grad_(False)
    _write(Path(folder) / "lift.safetensors", network, runs, data, recipe)


def _identity(
    part: str, network: LiftNetwork, data: LiftPatches, recipe: LiftRecipe
) -> dict[str, Any]:
    """What a part's run must have in common with the one it goes on with."""
    number = PARTS.index(part)
    own = {"descriptor": ["margin"], "orientation": ["direct"], "detector": ["direct"]}[part]
    return {
        "data": data.digest,
        "epochs": recipe.epochs[number],
        "rate": recipe.rates[number],
        **{name: getattr(recipe, name) for name in ("batch", "decay", "seed", *own)},
        **{before: _digest(getattr(network, before)) for before in PARTS[:number]},
    }


def _run(
    part: nn.Module,
    folder: Path,
    recipe: LiftRecipe,
    number: int,
    points: int,
    identity: dict[str, Any],
) -> Run:
    optimiser = torch.optim.AdamW(
        part.parameters(), recipe.rates[number], weight_decay=recipe.decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, partial(rate_factor, steps=recipe.epochs[number] * (points // recipe.batch))
    )
    return Run(part, optimiser, schedule, folder, identity)


def _epochs(
    run: Run,
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
            run.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            run.optimiser.step()
            run.schedule.step()
            losses.append(float(loss.detach()))
            right.append(float(good.float().mean()))
        seconds = time.perf_counter() - started
        rate = float(run.schedule.get_last_lr()[0])
        seen = 2 * batches * recipe.batch
        metrics = Metrics(
            epoch, float(np.mean(losses)), float(np.mean(right)), rate, seconds, seen / seconds
        )
        run.keep(metrics)
        yield metrics


def _pair(points: Tensor) -> tuple[Tensor, Tensor]:
    """Two views as images (B, 1, 64, 64) from 0 to 1."""
    both = points.float() / 255
    return both[:, :1], both[:, 1:]


def mined_triplets(
    first: Tensor, second: Tensor, margin: float, among: int
) -> tuple[Tensor, Tensor]:
    """The mean over points of max(0, margin + d(own) - d(nearest other)), and d(own) < d(other).

    first, second: unit descriptors (B, D) of two views of the same points. The loss takes the
    nearest of `among` others at random, the second value the nearest of all. LIFT too mines among
    more and more: the nearest of many, asked for at once, teaches nothing.
    """
    apart = (2 - 2 * first @ second.T).clamp(min=1e-6).sqrt()
    own = apart.diagonal()
    others = apart + 4 * torch.eye(len(apart), device=apart.device)  # no distance exceeds 2
    drawn = torch.rand_like(apart).argsort(dim=1)[:, :among]
    nearest = others.gather(1, drawn).amin(1)
    counts = nearest < 4  # a point that drew itself alone has no other
    losses = (margin + own - nearest).clamp(min=0) * counts
    return losses.sum() / counts.sum().clamp(min=1), own < others.amin(1)


def _describe(
    network: LiftNetwork, margin: float, points: Tensor, empty: Tensor, done: float
) -> tuple[Tensor, Tensor]:
    views = []
    for view in _pair(points):
        place = PLACE_JITTER * torch.randn(len(view), 2, device=view.device)
        angle = ANGLE_JITTER * torch.randn(len(view), device=view.device)
        views.append(network.descriptor(cut(view, place, angle)))
    among = max(2, round(len(points) ** min(1.0, 1.5 * done)))
    return mined_triplets(views[0], views[1], margin, among)


def _turn(
    network: LiftNetwork, direct: float, points: Tensor, empty: Tensor, done: float
) -> tuple[Tensor, Tensor]:
    """Each view is turned by a random angle, and the estimates are to turn it back."""
    found, angles = [], []
    for view in _pair(points):
        middle = torch.zeros(len(view), 2, device=view.device)
        turned = TURN * (2 * torch.rand(len(view), device=view.device) - 1)
        angles.append(turned + network.orientation(cut(view, middle, turned)))
        if done >= direct:
            found.append(network.descriptor(cut(view, middle, angles[-1])))
    if done < direct:
        loss = (1 - torch.cos(torch.cat(angles))).mean()
    else:
        loss = (found[0] - found[1]).pow(2).sum(1).mean()
    return loss, torch.cos(angles[0] - angles[1]).detach() > np.cos(SAME_ANGLE)


def _detect(
    network: LiftNetwork, direct: float, points: Tensor, empty: Tensor, done: float
) -> tuple[Tensor, Tensor]:
    """LIFT's quadruplets: two views of a point, which is another one's third, and an empty place.

    The class loss wants a high score in windows with a point and a low one in those without; the
    pair loss wants keypoints where descriptors agree (LIFT, equations 4 to 7). Before that the
    soft maximum learns where the point is, by the cross-entropy of its weights.
    """
    places, with_point, misplaced, found = [], [], [], []
    for view in _pair(points):
        window, moved = _window(view)
        scores = network.detector(window)
        first = moved - (WINDOW - TAPS) / 2  # where score (0, 0) is, from the point
        places.append(soft_argmax(scores) + first)
        with_point.append(soft_maximum(scores))
        if done < direct:
            misplaced.append(_misplaced(scores, -first))
        else:
            with torch.no_grad():
                angle = network.orientation(cut(view, places[-1], torch.zeros_like(moved[:, 0])))
            found.append(network.descriptor(cut(view, places[-1], angle)))
    without = soft_maximum(network.detector(_window(empty[:, None].float() / 255)[0]))
    class_loss = (1 + without).clamp(min=0).pow(2).mean() / 2
    for score in with_point:
        class_loss = class_loss + (1 - score).clamp(min=0).pow(2).mean() / 4
    if done < direct:
        pair = torch.stack(misplaced).mean()
    else:
        pair = (found[0] - found[1]).pow(2).sum(1).mean()
    right = (places[0] - places[1]).detach().norm(dim=1) < SAME_PLACE
    return class_loss + pair, right


def _window(view: Tensor) -> tuple[Tensor, Tensor]:
    """A part (B, 1, 32, 32) of each patch, at a random place `(x, y)` (B, 2) from its middle."""
    moved = torch.randint(-ROOM, ROOM + 1, (len(view), 2))
    corner = (LARGE - WINDOW) // 2
    parts = [
        patch[:, corner + y : corner + y + WINDOW, corner + x : corner + x + WINDOW]
        for patch, (x, y) in zip(view, moved.tolist(), strict=True)
    ]
    return torch.stack(parts), moved.to(view)


def _misplaced(scores: Tensor, true: Tensor) -> Tensor:
    """How far the soft maximum's weights are from a spot at the true places `(x, y)` (B, 2)."""
    height, width = scores.shape[1:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid = torch.stack([x, y], dim=2).to(scores).view(1, -1, 2)
    spot = (-(grid - true[:, None]).pow(2).sum(2) / 2).softmax(dim=1)
    surprise = -(spot * (SHARPNESS * scores.flatten(1)).log_softmax(dim=1)).sum(1).mean()
    return surprise / np.log(height * width)  # 1 for weights that say nothing


def _digest(part: nn.Module) -> str:
    state = part.state_dict().values()
    return hashlib.sha256(b"".join(t.cpu().numpy().tobytes() for t in state)).hexdigest()


def _write(
    path: Path, network: LiftNetwork, runs: dict[str, Run], data: LiftPatches, recipe: LiftRecipe
) -> None:
    def of(name: str, digits: int) -> dict[str, Sequence[float]]:
        return {
            part: [round(getattr(one, name), digits) for one in run.metrics]
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
            "seconds": round(sum(one.seconds for run in runs.values() for one in run.metrics)),
            "torch": torch.__version__,
        },
    )
