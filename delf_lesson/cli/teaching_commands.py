"""`delf-lesson release` and `grade`: what students get, and what they hand in."""

import importlib.util
import sys
import time
from pathlib import Path

import click

from delf_lesson.cli.options import writable_file


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
    from delf_lesson.classroom.quiz.exam import form_toml
    from delf_lesson.teaching import release as releasing

    try:
        names = releasing.release(out, None if form is None else form_toml(form))
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    size = out.stat().st_size / 1e6
    click.echo(f"{len(names)} files, {size:.0f} MB, no key and no solution in {out}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    metavar="FOLDER",
    default="graded",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where grades.csv, report.md and feedback/ are written.",
)
@click.option("--seed", default=1, show_default=True, help="Of the cases that checks draw.")
@click.option("--jobs", type=click.IntRange(1), help="How many are graded at once.")
def grade(folder: Path, out: Path, seed: int, jobs: int | None) -> None:
    """Grade the notebooks and exams in FOLDER, a sub-folder or zip file for each student.

    Students' code is run with your rights: do it in a container, or on a machine that has nothing
    to lose. What could not be read is in report.md.
    """
    if importlib.util.find_spec("nbgrader") is None:
        raise click.ClickException(
            "nbgrader is not installed. With pip: pip install -e '.[teach]' in the lesson's folder"
        )
    from delf_lesson.teaching.grading import grade_class, write_grades

    started = time.perf_counter()
    try:
        count, submissions = grade_class(folder, seed, jobs)
        with click.progressbar(submissions, count, label="Grading", file=sys.stderr) as bar:
            grades = list(bar)
        write_grades(grades, out)
    except (OSError, ValueError, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
    doubtful = sum(bool(graded.problems) for graded in grades)
    minutes = (time.perf_counter() - started) / 60
    click.echo(f"{len(grades)} submissions in {minutes:.1f} minutes: {out / 'grades.csv'}")
    if doubtful:
        click.echo(f"{doubtful} have something to look at: {out / 'report.md'}")
