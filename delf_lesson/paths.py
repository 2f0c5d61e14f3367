"""Where the project's files and its cache live."""

import os
from pathlib import Path

from platformdirs import user_cache_dir, user_data_dir


def project_root() -> Path:
    """Return the folder that holds `notebooks/` and `data/`: the checkout."""
    return Path(__file__).resolve().parents[1]


def cache_dir() -> Path:
    """Return the folder for files that can be computed or downloaded again.

    It is `DELF_LESSON_CACHE` where that is set, else the user's cache folder. It may not exist yet.
    """
    chosen = os.environ.get("DELF_LESSON_CACHE")
    return Path(chosen).expanduser() if chosen else Path(user_cache_dir("delf-lesson"))


def datasets_dir() -> Path:
    """Return the folder for fetched data sets, which are too large for a cache.

    It is `DELF_LESSON_DATASETS` where that is set, else in the user's data folder.
    """
    chosen = os.environ.get("DELF_LESSON_DATASETS")
    return Path(chosen).expanduser() if chosen else Path(user_data_dir("delf-lesson")) / "datasets"
