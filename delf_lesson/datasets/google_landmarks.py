"""Google Landmarks v2: what DELF's successors are trained on, in shards (docs/scale.md).

T. Weyand et al., CVPR 2020; the clean list of landmarks is by the winners of the 2019 challenge.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from delf_lesson.datasets.catalogue import find_source
from delf_lesson.datasets.store import Stored
from delf_lesson.images import SUFFIXES

LISTS = {"clean": "train_clean.csv", "full": "train.csv"}
LEAST_PICTURES = 4
"""Of a landmark, to learn it: with fewer, there is nothing to hold it together."""


def google_landmarks(
    form: str = "clean", root: str | Path | None = None, least: int = LEAST_PICTURES
) -> list[tuple[Path, str]]:
    """Pictures and their landmarks' numbers, of the shards that were fetched.

    form: "clean", where every picture of a landmark shows it as the others do, or "full".
    least: landmarks with fewer pictures in these shards are left out.

    Raises ValueError for another form, a damaged list, or if no two landmarks are left;
    FileNotFoundError, with the command that helps, if nothing was fetched.
    """
    if form not in LISTS:
        raise ValueError(f"form is {form!r}; wanted {' or '.join(LISTS)}")
    stored = Stored.of(find_source("google-landmarks-train"), root)
    here = {path.stem: path for path in stored.paths("images") if path.suffix.lower() in SUFFIXES}
    lists = {path.name: path for path in stored.paths("")}
    if LISTS[form] not in lists:
        raise FileNotFoundError(
            f"name: {LISTS[form]} is missing; get it with: "
            f"delf-lesson data fetch {stored.source.name} --parts 0"
        )
    of_landmark: dict[str, list[Path]] = {}
    for picture, landmark in _labels(lists[LISTS[form]], form):
        if picture in here:
            of_landmark.setdefault(landmark, []).append(here[picture])
    kept = {k: v for k, v in of_landmark.items() if len(v) >= least}
    if len(kept) < 2:
        raise ValueError(
            f"name: {len(kept)} landmarks have {least} pictures or more in the shards that are "
            "here; fetch more parts"
        )
    return [(path, landmark) for landmark in sorted(kept) for path in sorted(kept[landmark])]


def _labels(path: Path, form: str) -> Iterator[tuple[str, str]]:
    """(picture, landmark) of a list; the clean one has a line for each landmark."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        wanted = {"landmark_id", "images" if form == "clean" else "id"}
        if not wanted <= set(rows.fieldnames or ()):
            raise ValueError(f"path: {path} lacks the columns {', '.join(sorted(wanted))}")
        for row in rows:
            names = row["images"].split() if form == "clean" else [row["id"]]
            yield from ((name, row["landmark_id"]) for name in names)
