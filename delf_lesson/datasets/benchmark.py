"""Benchmarks: images, queries and truth; how to load them by name or from a folder (lab 06)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from delf_lesson.datasets.fetch.catalogue import DISTRACTORS
from delf_lesson.images import Pixels, list_images, read_image

FOLDER_PREFIX = "folder:"
"""What the name of a folder of photos starts with."""
UNRELATED_FOLDER = "_distractors"


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


def load(name: str, distractors: bool = False) -> Benchmark:
    """A retrieval benchmark by name (slide "mAP Result"; lab 06).

    name: "albion" (it stands in for Oxford5k) or "lutetia" (for Paris6k), the rendered cities;
        "oxford5k", "paris6k", "roxford5k" or "rparis6k", once `delf-lesson data fetch` has
        brought them (see `oxford_paris`); or "folder:PATH", your own photos (see `load_folder`).
    distractors: with the images that make Albion+D and Lutetia+D, or Oxf105k and Par106k, or
        ROxf+R1M and RPar+R1M; or with those of the folder.
    Raises ValueError for another name, FileNotFoundError or ValueError if files are missing or
    have changed.
    """
    # These modules import the classes above, and fetching needs libraries that no lab needs.
    from delf_lesson.datasets.rendered import CITIES, load_city

    if name.startswith(FOLDER_PREFIX):
        return load_folder(name.removeprefix(FOLDER_PREFIX), distractors)
    if name in DISTRACTORS:
        from delf_lesson.datasets.oxford_paris import load_oxford_paris

        return load_oxford_paris(name, distractors)
    if name not in CITIES:
        known = ", ".join((*CITIES, *DISTRACTORS))
        raise ValueError(
            f"name: there is no data set {name!r}; wanted {known} or {FOLDER_PREFIX}PATH"
        )
    return load_city(name, distractors)


def load_folder(folder: str | Path, distractors: bool = False) -> Benchmark:
    """Every image of a place is a query for the other images of its place.

    folder: has a sub-folder for each place; images in deeper folders belong to their place, and
        loose images to none. distractors: with the unrelated images in its `_distractors`.

    An image's name is its path from the folder on. The query itself, which is among the images, is
    junk to its own truth. Raises FileNotFoundError if there is no such folder, or no
    `_distractors` that was asked for, and ValueError if no place has two images.
    """
    root = Path(folder)
    places: dict[str, list[Path]] = {}
    for path in list_images(root):
        parts = path.relative_to(root).parts
        if len(parts) > 1:
            places.setdefault(parts[0], []).append(path)
    unrelated = places.pop(UNRELATED_FOLDER, [])
    if distractors and not unrelated:
        raise FileNotFoundError(
            f"folder: {root / UNRELATED_FOLDER} holds no pictures; put unrelated ones there, or "
            "leave distractors out"
        )
    if all(len(paths) < 2 for paths in places.values()):
        raise ValueError(
            f"folder: no sub-folder of {root} holds two pictures; wanted a sub-folder for each "
            "place, with two or more pictures of it"
        )
    queries: list[Query] = []
    truth: dict[str, Truth] = {}
    for place, paths in places.items():
        names = [path.relative_to(root).as_posix() for path in paths]
        if len(names) < 2:
            continue
        for path, name in zip(paths, names, strict=True):
            queries.append(Query(name, path, place, None))
            others = frozenset(names) - {name}
            truth[name] = Truth(good=others, ok=frozenset(), junk=frozenset({name}))
    images = [path for paths in places.values() for path in paths]
    return Benchmark(
        name=f"{root.name}+D" if distractors else root.name,
        images=tuple(images + unrelated if distractors else images),
        queries=tuple(queries),
        truth=truth,
        root=root,
    )
