"""Search a folder of photographs for those that show what a query shows (notebook 00)."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from delf_lesson.images import list_images, read_image
from delf_lesson.retrieval.database import Engine
from delf_lesson.retrieval.ranking import Ranking

Progress = Callable[[list[Path]], Iterable[Path]]


@dataclass(frozen=True)
class Skipped:
    """An image that was left out, and why."""

    image: str
    reason: str


@dataclass(frozen=True)
class FolderSearch:
    """What a search found, what it had to leave out, and the seconds of each stage."""

    query: str
    ranking: Ranking
    skipped: list[Skipped]
    seconds: dict[str, float]


def search_folder(
    engine: Engine,
    folder: str | Path,
    query: str | Path,
    top: int | None = None,
    progress: Progress = iter,
    warn: Callable[[Skipped], None] = lambda skipped: None,
) -> FolderSearch:
    """Add the images of a folder and its sub-folders to an engine and search them for a query.

    The query is not a result of itself when it lies in the folder. Images that cannot be used are
    left out, each with a call of `warn`. Raises FileNotFoundError for a missing folder or query,
    ValueError for a query that cannot be read or a folder without a usable image.
    """
    query = Path(query)
    if not query.is_file():
        raise FileNotFoundError(f"query: there is no image file {query}")
    images = list_images(folder)
    try:
        engine.check(query)
    except ValueError as error:
        read_image(query)  # says what is wrong with the file, if it is the file
        raise ValueError(f"query: {query} cannot be searched for: {error}") from error

    skipped: list[Skipped] = []

    def skip(name: str, reason: str) -> None:
        skipped.append(Skipped(name, reason))
        warn(skipped[-1])

    started = time.perf_counter()
    for image in progress(images):
        if os.path.samefile(image, query):
            skipped.append(Skipped(str(image), "it is the query itself"))
        else:
            engine.add([image], skip=skip)
    seconds = {"describe": time.perf_counter() - started}
    if len(engine) == 0:
        raise ValueError(f"folder: none of the {len(images)} images in {folder} can be searched")
    ranking = engine.search(query, top)
    return FolderSearch(str(query), ranking, skipped, {**seconds, **ranking.seconds})
