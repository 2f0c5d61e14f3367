"""Data sets behind one interface: `load("albion")` (notebook 06)."""

from delf_lesson.datasets.benchmark import Benchmark, Query, Truth, load_folder
from delf_lesson.datasets.fetch.catalogue import DISTRACTORS
from delf_lesson.datasets.rendered import CITIES, load_city

__all__ = ["Benchmark", "Query", "Truth", "load"]


FOLDER = "folder:"


def load(name: str, distractors: bool = False) -> Benchmark:
    """A retrieval benchmark by name (slide "mAP Result"; notebook 06).

    name: "albion" (it stands in for Oxford5k) or "lutetia" (for Paris6k), the rendered cities;
        "oxford5k", "paris6k", "roxford5k" or "rparis6k", once `delf-lesson data fetch` has
        brought them (see `oxford_paris`); or "folder:PATH", your own photographs (see
        `load_folder`).
    distractors: with the pictures that make Albion+D and Lutetia+D, or Oxf105k and Par106k, or
        ROxf+R1M and RPar+R1M; or with those of the folder.
    Raises ValueError for another name, FileNotFoundError or ValueError if files are missing or
    have changed.
    """
    if name.startswith(FOLDER):
        return load_folder(name.removeprefix(FOLDER), distractors)
    if name in DISTRACTORS:
        # Here, not above: no notebook needs the network's libraries.
        from delf_lesson.datasets.oxford_paris import load_oxford_paris

        return load_oxford_paris(name, distractors)
    if name not in CITIES:
        known = ", ".join((*CITIES, *DISTRACTORS))
        raise ValueError(f"name: there is no data set {name!r}; wanted {known} or {FOLDER}PATH")
    return load_city(name, distractors)
