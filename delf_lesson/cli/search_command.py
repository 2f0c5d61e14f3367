"""`delf-lesson search`: which photographs show what this one shows (notebook 00)?"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from delf_lesson.cli.options import (
    choice_options,
    choices_were_given,
    cluster_option,
    json_option,
    machines_at,
    picture_option,
)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("query", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@choice_options
@click.option("--top", default=10, show_default=True, type=click.IntRange(1), help="Results shown.")
@json_option
@picture_option("Draw the ranking with its inlier lines.")
@cluster_option
def search(
    folder: Path,
    query: Path,
    choices: Any,
    top: int,
    as_json: bool,
    picture: Path | None,
    cluster: str | None,
) -> None:
    """Find the images in FOLDER that show what QUERY shows.

    FOLDER is searched with its sub-folders. Images that cannot be read are skipped with a warning.
    Or FOLDER is what `delf-lesson index` made: then nothing but the query is described, and the
    system is the index's own.
    """
    is_index = (folder / "index.json").is_file()
    if cluster and not is_index:
        raise click.UsageError("--cluster searches the shards of an index; give one as FOLDER")
    if is_index and choices_were_given():
        raise click.UsageError(f"{folder} is an index, which has its own choices; leave them out")
    find = _in_index if is_index else _in_folder
    try:
        found, engine, system = find(folder, query, choices, top, cluster)
        if picture is not None:
            _draw(picture, query, found.ranking.results)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    results = [
        {"image": one.image, "score": one.score, "inliers": one.inliers}
        for one in found.ranking.results
    ]
    if as_json:
        skipped = [{"image": one.image, "reason": one.reason} for one in found.skipped]
        answer = {"query": found.query, "system": system, "results": results}
        click.echo(json.dumps({**answer, "skipped": skipped, "seconds": found.seconds}))
        return
    for rank, result in enumerate(results, start=1):
        verified = engine.confidence == "inliers"
        sure = f"inliers {result['inliers']}" if verified else f"score {result['score']:.3f}"
        click.echo(f"{rank:3}. {result['image']}  {sure}")


def _progress(images: list[Path]) -> Iterable[Path]:
    with click.progressbar(images, label="Describing images", file=sys.stderr) as steps:
        yield from steps


def _in_folder(
    folder: Path, query: Path, choices: Any, top: int, cluster: str | None
) -> tuple[Any, Any, str]:
    from delf_lesson.cache import FeatureCache
    from delf_lesson.retrieval.folder_search import search_folder
    from delf_lesson.systems.registry import configured

    engine = configured(choices).engine(FeatureCache.default())
    waiting: list[Any] = []  # a warning in the middle of a bar would break it
    found = search_folder(engine, folder, query, top, _progress, waiting.append)
    for one in waiting:
        click.echo(f"warning: skipped {one.image}: {one.reason}", err=True)
    if waiting:
        number = "1 image was" if len(waiting) == 1 else f"{len(waiting)} images were"
        click.echo(f"warning: {number} skipped", err=True)
    return found, engine, choices.system


def _in_index(
    path: Path, query: Path, choices: Any, top: int, cluster: str | None
) -> tuple[Any, Any, str]:
    from delf_lesson.scale.photo_index import PhotoIndex, search_index

    index = PhotoIndex.open(path).on(choices.device, choices.batch)
    with machines_at(cluster) as machines:
        engine = index.engine(machines)
        found = search_index(index, engine, query, top)
    return found, engine, index.choices.system


def _draw(path: Path, query: Path, results: Any) -> None:
    from delf_lesson.classroom.figures.image_figures import draw_ranking, encode
    from delf_lesson.files import write_atomically

    write_atomically(path, encode(draw_ranking(query, results), "image/png"))
