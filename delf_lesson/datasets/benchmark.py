"""Benchmarks: images, queries and truth; and a folder of photos as one (lab 06)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from delf_lesson.images import Pixels, list_images, read_image


@dataclass(frozen=True)
class Query:
    """A picture to search with.

    name: unique among the benchmark's queries; landmark: what it shows, None for a distractor
    query, which shows no landmark, so that a system should return nothing.
    box: `(x0, y0, x1, y1)` in pixels around the landmark: systems see only this part.
    """

    name: str
    path: Path
    landmark: str | None
    box: tuple[float, float, float, float] | None

    def read(self) -> Pixels:
        """What systems see of it: the picture cut to its box, `uint8` RGB (H, W, 3)."""
        image = read_image(self.path)
        if self.box is None:
            return image
        x0, y0, x1, y1 = (round(side) for side in self.box)
        return np.ascontiguousarray(image[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1])


@dataclass(frozen=True)
class Truth:
    """Which images answer a query, by name, in the four classes of Oxford5k.

    good: a clear view; ok: more than a quarter of the landmark is visible; junk: less, so that an
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
    begin in, see `name_of`.
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
    """The same with absolute paths, in which no link is left."""
    root = None if benchmark.root is None else benchmark.root.resolve()
    return replace(benchmark, images=tuple(p.resolve() for p in benchmark.images), root=root)


DISTRACTORS = "_distractors"


def load_folder(folder: str | Path, distractors: bool = False) -> Benchmark:
    """Every picture of a place is a query for the other pictures of its place.

    folder: has a sub-folder for each place; pictures in deeper folders belong to their place, and
        loose ones to none. distractors: with the unrelated pictures in its `_distractors`.

    An image's name is its path from the folder on. The query itself, which is among the images, is
    junk to its own truth. Raises FileNotFoundError if there is no such folder, or no
    `_distractors` that was asked for, and ValueError if no place has two pictures.
    """
    root = Path(folder)
    places: dict[str, list[Path]] = {}
    for image in list_images(root):
        inner = image.relative_to(root).parts
        if len(inner) > 1:
            places.setdefault(inner[0], []).append(image)
    unrelated = places.pop(DISTRACTORS, [])
    if distractors and not unrelated:
        raise FileNotFoundError(
            f"folder: {root / DISTRACTORS} holds no pictures; put unrelated ones there, or leave "
            "distractors out"
        )
    pairs = {place: own for place, own in places.items() if len(own) > 1}
    if not pairs:
        raise ValueError(
            f"folder: no sub-folder of {root} holds two pictures; wanted a sub-folder for each "
            "place, with two or more pictures of it"
        )
    images = [image for own in places.values() for image in own]
    benchmark = Benchmark(
        name=f"{root.name}+D" if distractors else root.name,
        images=tuple(images + unrelated if distractors else images),
        queries=(),
        truth={},
        root=root,
    )
    queries, truth = [], {}
    for place, own in pairs.items():
        names = [benchmark.name_of(image) for image in own]
        for image, name in zip(own, names, strict=True):
            queries.append(Query(name, image, place, None))
            others = frozenset(names) - {name}
            truth[name] = Truth(good=others, ok=frozenset(), junk=frozenset({name}))
    return Benchmark(benchmark.name, benchmark.images, tuple(queries), truth, root=root)
