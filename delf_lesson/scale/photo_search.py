"""Search an index of photographs."""

import os
from pathlib import Path

from delf_lesson.images import read_image
from delf_lesson.retrieval.folder import FolderSearch, Skipped
from delf_lesson.retrieval.ranking import Ranking
from delf_lesson.retrieval.searching import Engine
from delf_lesson.scale.photo_index import PhotoIndex


def search_index(
    index: PhotoIndex, engine: Engine, query: str | Path, top: int | None = None
) -> FolderSearch:
    """Search the photographs of an index for a query, which is not a result of itself.

    engine: of the index. Raises FileNotFoundError for a missing query, and ValueError for one
    that cannot be searched for, or if a part of the index is damaged.
    """
    query = Path(query)
    if not query.is_file():
        raise FileNotFoundError(f"query: there is no image file {query}")
    read_image(query)  # says what is wrong with the file, if it is the file
    try:
        engine.check(query)
    except ValueError as error:
        raise ValueError(f"query: {query} cannot be searched for: {error}") from error
    found = engine.search(query, None if top is None else top + 1)
    others = [one for one in found.results if not _same(Path(one.image), query)]
    skipped = [Skipped(str(index.folder / name), why) for name, why in index.skipped.items()]
    return FolderSearch(str(query), Ranking(others[:top], found.seconds), skipped, found.seconds)


def _same(image: Path, query: Path) -> bool:
    return image.is_file() and os.path.samefile(image, query)
