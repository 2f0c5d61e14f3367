"""`delf-lesson index`: describe a folder of photographs once, and search it from then on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from delf_lesson.cli.options import (
    choice_options,
    choices_were_given,
    cluster_option,
    machines_at,
    outcomes_bar,
)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the index; made if it is not there, else brought up to date.",
)
@choice_options
@click.option(
    "--index",
    "kind",
    type=click.Choice(["exact", "compressed"]),
    help="Compare all descriptors or codes; by default codes from 2000 images on.",
)
@cluster_option
def index(folder: Path, out: Path, choices: Any, kind: str | None, cluster: str | None) -> None:
    """Describe the images in FOLDER and index them, so that a search takes moments.

    Called again, it adds new images, takes out those that are gone, and describes again those that
    changed. Search it with: delf-lesson search OUT QUERY.
    """
    from delf_lesson.scale.photo_index import PhotoIndex

    try:
        if PhotoIndex.is_at(out):
            photos = PhotoIndex.open(out).on(choices.device, choices.batch)
            if photos.folder != folder.resolve() or not (
                not choices_were_given()
                or photos.choices == replace(choices, device="cpu", batch=1)
            ):
                raise click.UsageError(
                    f"{out} is an index of {photos.folder} by {photos.choices.system}; choose "
                    "another --out"
                )
        else:
            photos = PhotoIndex.create(
                out, folder, choices, None if kind is None else kind != "exact"
            )
        with machines_at(cluster) as machines:
            update = photos.update(machines, outcomes_bar)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for name, reason in sorted(update.skipped.items()):
        click.echo(f"warning: skipped {name}: {reason}", err=True)
    for name, reason in sorted(update.unfinished.items()):
        click.echo(f"error: {name} was not described: {reason}", err=True)
    usable = sum(not photo.reason for photo in photos.photos)
    click.echo(
        f"{out}: {usable} images by {photos.choices.system}; {len(update.added)} added, "
        f"{len(update.changed)} changed, {len(update.removed)} taken out, "
        f"{len(update.skipped)} skipped"
    )
    if update.unfinished:
        raise click.ClickException(
            f"{len(update.unfinished)} images are missing; call it again, which goes on"
        )
