"""The command `delf-lesson release`: what students get."""

from pathlib import Path

import click

from delf_lesson.command_options import writable_file


@click.command()
@click.option(
    "--out",
    metavar="LESSON.zip",
    default="delf-lesson.zip",
    show_default=True,
    type=click.Path(path_type=Path),
    callback=writable_file(".zip"),
    help="Where the zip file is written.",
)
@click.option(
    "--form",
    metavar="LINK",
    help="A Google Form to hand in by: its pre-filled link, see docs/teaching.md.",
)
def release(out: Path, form: str | None) -> None:
    """Write the lesson for students: without the exam's key, without solutions, without tests.

    The zip file is read again before it takes its name; if a key is found in it, none is written.
    """
    from delf_lesson.classroom.quiz.submission import form_toml
    from delf_lesson.classroom.teaching import release as releasing

    try:
        names = releasing.release(out, None if form is None else form_toml(form))
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    size = out.stat().st_size / 1e6
    click.echo(f"{len(names)} files, {size:.0f} MB, no key and no solution in {out}")
