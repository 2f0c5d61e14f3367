"""The command `delf-lesson`. It and its parts, `*_command.py`, print; nothing else does."""

import json
import sys
import time
from pathlib import Path

import click

from delf_lesson import __version__
from delf_lesson.cli.data_command import data
from delf_lesson.cli.evaluate_command import evaluate, table
from delf_lesson.cli.options import SystemChoice, system_options, writable_file
from delf_lesson.cli.search_command import index, search
from delf_lesson.cli.teaching_commands import grade, release
from delf_lesson.cli.train_command import train


def main() -> None:
    """Run the command; exit status 0 done, 1 the work failed, 2 the call was wrong."""
    command(prog_name="delf-lesson")


command = click.version_option(__version__)(
    click.Group(
        "delf-lesson",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help="Large-scale image retrieval with attentive deep local features: a course.",
    )
)


@command.command(context_settings={"ignore_unknown_options": True})
@click.option("--browser/--no-browser", default=True, help="Open a browser window.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--stored", is_flag=True, help="Open the originals, with their stored outputs.")
@click.option("--lecture", is_flag=True, help="Open the lecture, with its stored outputs.")
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(
    browser: bool,
    port: int | None,
    stored: bool,
    lecture: bool,
    jupyter_options: tuple[str, ...],
) -> None:
    """Open JupyterLab on your copy of the first notebook.

    Your copies of all notebooks are in the folder `work`. They start without outputs, so that you
    can predict the results. The originals in `notebooks` stay as they are. When the lesson has a
    newer version of a notebook, your copy is replaced only if you have not edited it. To start a
    notebook again, delete your copy and run this command.

    Further options go to JupyterLab.
    """
    from delf_lesson.cli.lab_command import FIRST, LECTURE, launch

    notebook = LECTURE if lecture else FIRST
    try:
        sys.exit(launch(notebook, stored or lecture, browser, port, jupyter_options))
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def doctor(as_json: bool) -> None:
    """Check this computer: versions, libraries, threads, disk, browser and data."""
    from dataclasses import asdict

    from delf_lesson.cli.doctor_command import run_checks

    started = time.perf_counter()
    checks = run_checks()
    failed = any(check.status == "failed" for check in checks)
    if as_json:
        seconds = round(time.perf_counter() - started, 2)
        found = {"ok": not failed, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps({**found, "seconds": seconds}))
    else:
        for check in checks:
            click.echo(f"{check.status:8}{check.name}: {check.detail}")
            if check.status != "ok":
                click.echo(f"{'':8}-> {check.remedy}")
        click.echo("Some checks failed." if failed else "Ready.")
    sys.exit(1 if failed else 0)


@command.command()
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@system_options
@click.option(
    "--out",
    metavar="FEATURES.npz",
    required=True,
    type=click.Path(path_type=Path),
    callback=writable_file(".npz"),
    help="Where the features are written.",
)
def extract(image: Path, choice: SystemChoice, out: Path) -> None:
    """Write what a system keeps of IMAGE.

    Keypoints, descriptors, scores and scales; or the vector, where it keeps one of the whole image.
    """
    from delf_lesson.features import ImageVector
    from delf_lesson.systems.specification import FusedSystem

    system = choice.system.with_options(choice.options)
    if isinstance(system, FusedSystem):
        raise click.BadParameter(
            f"system: {system.name} is two systems; choose {system.local.name} or "
            f"{system.whole.name}"
        )
    try:
        (database,) = system.retriever().databases
        description = database.describe(image)
        description.save(out)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if isinstance(description, ImageVector):
        click.echo(f"1 vector of {len(description.vector)} numbers of {system.name} in {out}")
    else:
        click.echo(f"{len(description)} features of {system.name} in {out}")


for part in (data, evaluate, grade, index, release, search, table, train):
    command.add_command(part)
