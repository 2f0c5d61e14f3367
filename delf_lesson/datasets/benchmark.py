"""Benchmarks: images to search in, queries, and the truth about them (lab 06)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from delf_lesson.images import Pixels, read_image


@dataclass(frozen=True)
class Query:
    """An image to search with.

    name: unique among the benchmark's queries; landmark: what it shows, None for a distractor
    query, which shows no landmark, so that a system should return nothing.
    box: `(x0, y0, x1, y1)` in pixels around the landmark: systems see only this part.
    """

    name: str
    path: Path
    landmark: str | None
    box: tuple[float, float, float, float] | None

    def read(self) -> Pixels:
        """What systems see: the image cut to its box, `uint8` RGB (H, W, 3)."""
        image = read_image(self.path)
        if self.box is None:
            return image
        x0, y0, x1, y1 = (round(side) for side in self.box)
        return np.ascontiguousarray(image[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1])


@dataclass(frozen=True)
class Truth:
    """Which images answer a query, by name, in the four classes of Oxford5k.

    good: a clear view; ok: more than a quarter of the landmark is visible; junk: less, so the
    image is neither right nor wrong and is left out of a ranking. All other images are *absent*.
    """

    good: frozenset[str]
    ok: frozenset[str]
    junk: frozenset[str]

    @property
    def positives(self) -> frozenset[str]:
        """The images that a search should find."""
        return self.good | self.ok


@dataclass(frozen=True)
class Benchmark:
    """Images to search in, queries with the truth about them, and queries without a landmark.

    images: paths; truth: by query name, with the names of images. root: the folder that names
    start from, see `name_of`.
    """

    name: str
    images: tuple[Path, ...]
    queries: tuple[Query, ...]
    truth: Mapping[str, Truth]
    distractor_queries: tuple[Query, ...] = ()
    root: Path | None = None

    def name_of(self, image: Path) -> str:
        """An image's name: its path from the root, or its file's name without the suffix."""
        return image.stem if self.root is None else image.relative_to(self.root).as_posix()


def resolved(benchmark: Benchmark) -> Benchmark:
    """The same benchmark with absolute paths, all links resolved."""
    root = None if benchmark.root is None else benchmark.root.resolve()
    return replace(benchmark, images=tuple(p.resolve() for p in benchmark.images), root=root)
