"""`delf-lesson data`: the real data sets (docs/scale.md)."""

import sys
import threading
from pathlib import Path
from typing import Any

import click

from delf_lesson.files import DownloadError


@click.group()
def data() -> None:
    """Fetch and check Oxford5k, Paris6k, their revisions and distractors, Google Landmarks.

    They go to the folder that DELF_LESSON_DATASETS names, else to the user's data folder.
    """


@data.command("list")
def list_() -> None:
    """What can be fetched, how large it is, and what is here."""
    from delf_lesson.datasets.fetch.catalogue import CATALOGUE
    from delf_lesson.datasets.fetch.local_dataset import LocalDataset

    for spec in CATALOGUE.values():
        dataset = LocalDataset.of(spec)
        missing = len(dataset.missing())
        here = len(spec.files) - missing
        state = "whole" if not missing else f"{here} of {len(spec.files)} files" if here else "-"
        click.echo(f"{spec.name:24}{_size(spec.gigabytes):>9}  {state}")
        click.echo(f"{'':24}{spec.summary}, {spec.images:,} images")
    click.echo(f"in {LocalDataset.of(next(iter(CATALOGUE.values()))).folder.parent}")


def _size(gigabytes: float) -> str:
    return f"{gigabytes:.0f} GB" if gigabytes >= 10 else f"{gigabytes * 1000:.0f} MB"


def _parts(context: click.Context, option: click.Parameter, given: str | None) -> list[int] | None:
    """The numbers in a text such as 0, 0-9 or 0,3-5."""
    if given is None:
        return None
    numbers: list[int] = []
    try:
        for text in given.split(","):
            first, _, last = text.partition("-")
            numbers += range(int(first), int(last or first) + 1)
    except ValueError:
        raise click.BadParameter(f"{given!r} is no list of numbers, as 0-9 or 0,3") from None
    return numbers


@data.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--parts", callback=_parts, metavar="0-9", help="Only these archives, of R1M and GLD."
)
@click.option("--jobs", default=4, show_default=True, type=click.IntRange(1), help="At a time.")
@click.option("--accept-terms", is_flag=True, help="Do not ask; for scripts.")
def fetch(names: tuple[str, ...], parts: list[int] | None, jobs: int, accept_terms: bool) -> None:
    """Fetch data sets, and the pictures that they are about; goes on where it stopped.

    Their terms are shown first. See `delf-lesson data list` for names.
    """
    from delf_lesson.datasets.fetch.fetching import fetch as fetch_files
    from delf_lesson.datasets.fetch.local_dataset import LocalDataset

    wanted = _wanted(names, parts)
    for spec, _ in wanted:
        click.echo(f"{spec.name}: {spec.summary}, {_size(spec.gigabytes)} whole.", err=True)
        click.echo(f"Terms: {spec.terms} {spec.page}", err=True)
    if wanted and not accept_terms:
        if not sys.stdin.isatty():
            raise click.UsageError("say that you accept the terms: --accept-terms")
        click.confirm("Fetch on these terms?", abort=True, err=True)
    try:
        for spec, chosen_parts in wanted:
            line = ProgressLine()
            fetch_files(LocalDataset.of(spec), chosen_parts, jobs, line.show)
            line.end()
    except (DownloadError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for name in names:
        click.echo(f"{name} is here: {LocalDataset.of(_spec(name)).folder}")


def _spec(name: str) -> Any:
    from delf_lesson.datasets.fetch.catalogue import find_dataset

    try:
        return find_dataset(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _wanted(names: tuple[str, ...], parts: list[int] | None) -> list[tuple[Any, list[int] | None]]:
    """The data sets that are not whole yet, images before the truth about them, and the parts to
    fetch of each."""
    from delf_lesson.datasets.fetch.fetching import chosen
    from delf_lesson.datasets.fetch.local_dataset import LocalDataset

    specs: dict[str, Any] = {}
    for name in names:
        spec = _spec(name)
        if spec.needs:
            specs[spec.needs] = _spec(spec.needs)
        specs[name] = spec
    in_parts = any(spec.parts for spec in specs.values())
    wanted = []
    for spec in specs.values():
        chosen_parts = parts if spec.parts or not in_parts else None
        try:
            files = chosen(spec, chosen_parts)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
        if LocalDataset.of(spec).missing(files):
            wanted.append((spec, chosen_parts))
    return wanted


class ProgressLine:
    """One line on a terminal that shows the progress of all files."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._shown = 0

    def show(self, name: str, here: int, whole: int) -> None:
        """Take the bytes of a file that have come."""
        with self._lock:
            self._files[name] = (here, whole)
            total = sum(here for here, _ in self._files.values())
            if sys.stderr.isatty() and total - self._shown >= 1 << 20:
                self._shown = total
                running = [
                    f"{name} {100 * here // max(whole, 1)}%"
                    for name, (here, whole) in self._files.items()
                    if here < whole
                ]
                text = f"{total / 1e9:.2f} GB came; {', '.join(running)}"
                click.echo(f"\r{text[:100]:100}", err=True, nl=False)

    def end(self) -> None:
        """End the line."""
        if self._shown:
            click.echo(err=True)


@data.command()
@click.argument("name")
def verify(name: str) -> None:
    """Read all files of NAME again and compare them with what came.

    What differs is fetched again by the next `fetch`. Exit status 1 if anything is missing.
    """
    from delf_lesson.datasets.fetch import local_dataset

    spec = _spec(name)
    dataset = local_dataset.LocalDataset.of(spec)
    missing = dataset.missing()

    def progress(files: Any) -> Any:
        with click.progressbar(files, label="Reading", file=sys.stderr) as bar:
            yield from bar

    wrong = list(local_dataset.verify(dataset, progress))
    for path, why in wrong:
        click.echo(f"{Path(path)}: {why}")
    whole = not wrong and (not missing or (spec.parts and len(missing) < len(spec.files)))
    here = len(spec.files) - len(missing)
    click.echo(
        f"{name}: {here} of {len(spec.files)} files are here, "
        + ("all as they came" if not wrong else f"{len(wrong)} pictures or lists are not")
        + ("" if whole else f"; get it with: delf-lesson data fetch {name}")
    )
    sys.exit(0 if whole else 1)
