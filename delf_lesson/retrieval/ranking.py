"""What a search gives back: images in order, and where the time went (notebook 06)."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Order = Literal["inliers", "product", "votes"]
"""What results are sorted by. "inliers", the paper's: by (inliers, vote). "product": by the vote
times 1 + inliers / 10, where the vote keeps a say. "votes": by the vote alone."""
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True)
class Result:
    """One image of a ranking.

    score: sorts as the ranking does; its unit belongs to the engine.
    inliers: verified correspondences; 0 if they were fewer than could be chance.
    lines: float32 (inliers, 4), the verified correspondences, `(x, y)` in the query then in
        the image.
    features: int64 (inliers,), the image's features that they end at.
    matrix: float64 (3, 3), query pixels to image pixels; None without inliers.
    """

    image: str
    score: float
    inliers: int
    vote: float
    lines: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, 4), np.float32), repr=False
    )
    features: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    matrix: NDArray[np.float64] | None = field(default=None, repr=False)


def score(order: Order, inliers: int, vote: float) -> float:
    """The number that results are sorted by, the largest first."""
    if order == "inliers":
        return inliers + vote / (1 + vote)  # the second part is below 1: it settles ties alone
    return vote * (1 + inliers / 10) if order == "product" else vote


def reordered(results: Iterable[Result], order: Order) -> list[Result]:
    """Results with the scores of an order, sorted by them, then by vote and by name."""
    scored = (replace(one, score=score(order, one.inliers, one.vote)) for one in results)
    return sorted(scored, key=lambda one: (-one.score, -one.vote, one.image))


@dataclass(frozen=True)
class Ranking:
    """The images found, best first, and the seconds each stage took."""

    results: list[Result]
    seconds: dict[str, float]


class Stopwatch:
    """Seconds spent in named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time spent inside the `with` block to the stage's."""
        started = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
