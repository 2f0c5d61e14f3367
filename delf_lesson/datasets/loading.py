"""Load a benchmark by its name, or a folder of photos as a benchmark (lab 06)."""

from pathlib import Path

from delf_lesson.datasets.benchmark import Benchmark, Query, Truth
from delf_lesson.datasets.fetch.catalogue import DISTRACTORS
from delf_lesson.datasets.rendered import CITIES, load_city
from delf_lesson.images import list_images

FOLDER_PREFIX = "folder:"
"""What the name of a folder of photos starts with."""
UNRELATED_FOLDER = "_distractors"


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
    if name.startswith(FOLDER_PREFIX):
        return load_folder(name.removeprefix(FOLDER_PREFIX), distractors)
    if name in DISTRACTORS:
        # Imported here: it needs the libraries that fetch data sets, and no lab needs them.
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
