"""Oxford5k and Paris6k with the truth of 2007 and 2008, or of 2018 (slide "mAP Result").

J. Philbin et al., CVPR 2007 and 2008; F. Radenović et al., CVPR 2018. See lab 07 for the
paper's numbers on them, and docs/scale.md for how to measure your own numbers.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from delf_lesson.datasets.benchmark import Benchmark, Query, Truth
from delf_lesson.datasets.fetch.catalogue import DISTRACTORS, find_dataset
from delf_lesson.datasets.fetch.local_dataset import LocalDataset
from delf_lesson.datasets.safe_pickle import read_safe_pickle
from delf_lesson.images import SUFFIXES

DAMAGED = frozenset(
    f"paris_{name}"
    for name in (
        *("louvre_000136", "louvre_000146", "moulinrouge_000422", "museedorsay_001059"),
        *("notredame_000188", "pantheon_000284", "pantheon_000960", "pantheon_000974"),
        *("pompidou_000195", "pompidou_000196", "pompidou_000201", "pompidou_000467"),
        *("pompidou_000640", "sacrecoeur_000299", "sacrecoeur_000330", "sacrecoeur_000353"),
        *("triomphe_000662", "triomphe_000833", "triomphe_000863", "triomphe_000867"),
    )
)
"""Twenty images of Paris that came damaged from Flickr. Everyone leaves them out (corrupt.txt of
the page)."""


def load_oxford_paris(
    name: str, distractors: bool = False, root: str | Path | None = None
) -> Benchmark:
    """A real benchmark, once `delf-lesson data fetch` has brought it.

    name: "oxford5k" or "paris6k"; or "roxford5k" or "rparis6k", with the truth of the revised
    protocol: easy images are good, hard images ok, and unclear images junk, so that mAP is the
    level Medium.
    root: the folder of data sets. Raises FileNotFoundError, with the command that helps, if
    something was not fetched, and ValueError if files do not fit together.
    """
    spec = find_dataset(name)
    image_dataset = LocalDataset.of(find_dataset(spec.needs or name), root)
    images = _images(image_dataset)
    unrelated: list[Path] = []
    if distractors:
        unrelated = list(_images(LocalDataset.of(find_dataset(DISTRACTORS[name]), root)).values())
    if spec.needs:
        truth_file = LocalDataset.of(spec, root).paths("")[0]
        database, queries, truth = revisited_truth(truth_file, images)
    else:
        files = image_dataset.paths("groundtruth")
        database, (queries, truth) = list(images), original_truth(files, images)
    return Benchmark(
        f"{name}+D" if distractors else name,
        tuple(images[image] for image in database) + tuple(unrelated),
        tuple(queries),
        truth,
    )


def _images(dataset: LocalDataset) -> dict[str, Path]:
    """Images by file name without suffix, in order; damaged images are left out."""
    paths = {path.stem: path for path in dataset.paths("images") if path.suffix.lower() in SUFFIXES}
    return {name: path for name, path in sorted(paths.items()) if name not in DAMAGED}


def original_truth(
    files: Sequence[Path], images: Mapping[str, Path]
) -> tuple[list[Query], dict[str, Truth]]:
    """Queries and truth from the files `LANDMARK_N_query.txt`, `_good`, `_ok` and `_junk`.

    Raises ValueError if a file is missing, or names an image that is not there.
    """
    by_name = {path.name: path for path in files}
    queries, truth = [], {}
    for file in sorted(by_name):
        if not file.endswith("_query.txt"):
            continue
        name = file.removesuffix("_query.txt")
        image, box = _query_line(by_name[file])
        _check_known([image], images, file)
        queries.append(Query(name, images[image], re.sub(r"_\d+$", "", name), box))
        truth[name] = Truth(
            *(_listed(by_name, f"{name}_{level}.txt", images) for level in ("good", "ok", "junk"))
        )
    if not queries:
        raise ValueError("files: none ends in _query.txt; fetch the ground truth again")
    return queries, truth


def _query_line(path: Path) -> tuple[str, tuple[float, float, float, float]]:
    """Oxford's lines put oxc1_ before the image's name, Paris's do not."""
    try:
        image, *sides = path.read_text(encoding="utf-8").split()
        x0, y0, x1, y1 = map(float, sides)
    except ValueError as error:
        raise ValueError(
            f"files: {path} is no query; wanted a picture and four numbers, fetch it again"
        ) from error
    return image.removeprefix("oxc1_"), (x0, y0, x1, y1)


def _listed(by_name: Mapping[str, Path], file: str, images: Mapping[str, Path]) -> frozenset[str]:
    if file not in by_name:
        raise ValueError(f"files: {file} is missing; fetch the ground truth again")
    names = frozenset(by_name[file].read_text(encoding="utf-8").split()) - DAMAGED
    _check_known(names, images, file)
    return names


def _check_known(
    names: Sequence[str] | frozenset[str], images: Mapping[str, Path], file: str
) -> None:
    if unknown := sorted(set(names) - set(images)):
        raise ValueError(
            f"files: {file} names {unknown[0]}, which is not among the {len(images)} pictures; "
            "fetch them again"
        )


def revisited_truth(
    path: Path, images: Mapping[str, Path]
) -> tuple[list[str], list[Query], dict[str, Truth]]:
    """The database, queries and truth of a `gnd_….pkl`: queries are not in the database.

    Raises ValueError if it is something else, or names an image that is not there.
    """
    gnd = read_safe_pickle(path)
    try:
        database = [str(name) for name in gnd["imlist"]]
        query_names = [str(name) for name in gnd["qimlist"]]
        _check_known(database + query_names, images, path.name)
        queries, truth = [], {}
        for name, entry in zip(query_names, gnd["gnd"], strict=True):
            x0, y0, x1, y1 = (float(side) for side in entry["bbx"])
            landmark = re.sub(r"_\d+$", "", name).removeprefix("paris_")
            queries.append(Query(name, images[name], landmark, (x0, y0, x1, y1)))
            truth[name] = Truth(
                *(
                    frozenset(database[int(row)] for row in entry[level])
                    for level in ("easy", "hard", "junk")
                )
            )
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"path: {path} is no ground truth of the protocol ({error})") from error
    return database, queries, truth
