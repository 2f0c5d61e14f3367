"""Your own photographs as a benchmark: a folder with one sub-folder for each place."""

from pathlib import Path

from delf_lesson.datasets.benchmark import Benchmark, Query, Truth
from delf_lesson.images import list_images

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
