"""`delf-lesson index`: describe a folder of photographs once, and search it from then on."""

from pathlib import Path

import click

from delf_lesson.cli.options import (
    SystemChoice,
    cluster_option,
    executor_at,
    progress_bar,
    system_options,
)


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
            known = (choice.named.name, options.on("cpu", 1)) == (
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
            photos = PhotoIndex.create(out, folder, choice.system, compressed)
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
