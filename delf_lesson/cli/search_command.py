"""`delf-lesson search` and `index`: which photos show what this one shows (lab 00)?"""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from delf_lesson.cli.options import (
    SystemChoice,
    cluster_option,
    executor_at,
    json_option,
    picture_option,
    progress_bar,
    system_options,
)

if TYPE_CHECKING:
    from delf_lesson.retrieval.retrievers import Retriever
    from delf_lesson.retrieval.voting import Ranking


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("query", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@system_options
@click.option("--top", default=10, show_default=True, type=click.IntRange(1), help="Results shown.")
@json_option
@picture_option("Draw the ranking with its inliers.")
@cluster_option
def search(
    folder: Path,
    query: Path,
    choice: SystemChoice,
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
    if is_index and choice.given:
        raise click.UsageError(f"{folder} is an index, which has its own choices; leave them out")
    try:
        if is_index:
            system, retriever, ranking, skipped = _in_index(folder, query, choice, top, cluster)
        else:
            system, retriever, ranking, skipped = _in_folder(folder, query, choice, top)
        if picture is not None:
            _draw(picture, query, ranking)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        answer = {
            "query": str(query),
            "system": system,
            "results": [
                {"image": result.image, "score": result.score, "inliers": result.inliers}
                for result in ranking.results
            ],
            "skipped": [{"image": image, "reason": reason} for image, reason in skipped.items()],
            "seconds": ranking.seconds,
        }
        click.echo(json.dumps(answer))
        return
    for rank, result in enumerate(ranking.results, start=1):
        verified = retriever.confidence == "inliers"
        proof = f"inliers {result.inliers}" if verified else f"score {result.score:.3f}"
        click.echo(f"{rank:3}. {result.image}  {proof}")


Answer = tuple[str, "Retriever", "Ranking", dict[str, str]]
"""The system's name, its retriever, the ranking, and images that were skipped with the reason."""


def _in_folder(folder: Path, query: Path, choice: SystemChoice, top: int) -> Answer:
    from delf_lesson.cache import FeatureCache
    from delf_lesson.images import list_images
    from delf_lesson.retrieval.retrievers import add_images
    from delf_lesson.retrieval.voting import Ranking

    cache = FeatureCache.default()
    retriever = choice.system.with_options(choice.options).retriever(cache)
    images = list_images(folder)
    skipped, others = {}, []
    for image in images:
        if os.path.samefile(image, query):
            skipped[str(image)] = "it is the query itself"
        else:
            others.append(image)
    started = time.perf_counter()
    try:
        described_query = retriever.describe(query)
    except ValueError as error:
        raise ValueError(f"query: {query} cannot be searched for: {error}") from error
    extracted = time.perf_counter()
    unusable: dict[str, str] = {}
    add_images(retriever, others, unusable.__setitem__, progress_bar)
    seconds = {"describe": time.perf_counter() - extracted, "extract": extracted - started}
    for name, reason in unusable.items():
        click.echo(f"warning: skipped {name}: {reason}", err=True)
    if unusable:
        number = "1 image was" if len(unusable) == 1 else f"{len(unusable)} images were"
        click.echo(f"warning: {number} skipped", err=True)
    if len(unusable) == len(others):
        raise ValueError(f"folder: none of the {len(images)} images in {folder} can be searched")
    ranking = retriever.rank(described_query, top)
    return (
        choice.system.name,
        retriever,
        Ranking(ranking.results, {**seconds, **ranking.seconds}),
        {**skipped, **unusable},
    )


def _in_index(
    path: Path, query: Path, choice: SystemChoice, top: int, cluster: str | None
) -> Answer:
    from delf_lesson.scale.photo_index import PhotoIndex

    index = PhotoIndex.open(path).on(choice.options.device, choice.options.batch)
    with executor_at(cluster) as executor:
        retriever = index.retriever(executor)
        ranking = index.search(retriever, query, top)
    skipped = {str(index.folder / name): reason for name, reason in index.skipped.items()}
    return index.system_name, retriever, ranking, skipped


def _draw(path: Path, query: Path, ranking: "Ranking") -> None:
    from delf_lesson.classroom.figures.image_figures import draw_ranking
    from delf_lesson.classroom.figures.notebook_figure import encode
    from delf_lesson.files import write_atomically

    write_atomically(path, encode(draw_ranking(query, ranking.results), "image/png"))


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the index; made if it is not there, else brought up to date.",
)
@system_options
@click.option(
    "--index",
    "kind",
    type=click.Choice(["exact", "compressed"]),
    help="Compare all descriptors or codes; by default codes from 2000 images on.",
)
@cluster_option
def index(
    folder: Path, out: Path, choice: SystemChoice, kind: str | None, cluster: str | None
) -> None:
    """Describe the images in FOLDER and index them, so that a search takes moments.

    Called again, it adds new images, takes out those that are gone, and describes again those that
    changed. Search it with: delf-lesson search OUT QUERY.
    """
    from delf_lesson.scale.photo_index import PhotoIndex

    options = choice.options
    try:
        if PhotoIndex.is_at(out):
            photos = PhotoIndex.open(out).on(options.device, options.batch)
            known = (choice.system.name, options.on("cpu", 1)) == (
                photos.system_name,
                photos.options,
            )
            if photos.folder != folder.resolve() or (choice.given and not known):
                raise click.UsageError(
                    f"{out} is an index of {photos.folder} by {photos.system_name}; choose "
                    "another --out"
                )
        else:
            compressed = None if kind is None else kind == "compressed"
            photos = PhotoIndex.create(
                out, folder, choice.system.with_options(choice.options), compressed
            )
        with executor_at(cluster) as executor:
            update = photos.update(executor, progress_bar)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for name, reason in sorted(update.skipped.items()):
        click.echo(f"warning: skipped {name}: {reason}", err=True)
    for name, reason in sorted(update.unfinished.items()):
        click.echo(f"error: {name} was not described: {reason}", err=True)
    usable = sum(not image.reason for image in photos.images)
    click.echo(
        f"{out}: {usable} images by {photos.system_name}; {len(update.added)} added, "
        f"{len(update.changed)} changed, {len(update.removed)} taken out, "
        f"{len(update.skipped)} skipped"
    )
    if update.unfinished:
        raise click.ClickException(
            f"{len(update.unfinished)} images are missing; call it again, which goes on"
        )
