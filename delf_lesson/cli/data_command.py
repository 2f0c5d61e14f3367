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
    from delf_lesson.datasets.fetch.local_dataset import Stored

    for source in CATALOGUE.values():
        stored = Stored.of(source)
        missing = len(stored.missing())
        here = len(source.files) - missing
        state = "whole" if not missing else f"{here} of {len(source.files)} files" if here else "-"
        click.echo(f"{source.name:24}{_size(source.gigabytes):>9}  {state}")
        click.echo(f"{'':24}{source.summary}, {source.images:,} images")
    click.echo(f"in {Stored.of(next(iter(CATALOGUE.values()))).folder.parent}")


def _size(gigabytes: float) -> str:
    return f"{gigabytes:.0f} GB" if gigabytes >= 10 else f"{gigabytes * 1000:.0f} MB"


def _parts(context: click.Context, option: click.Parameter, given: str | None) -> list[int] | None:
    """Numbers as 0, 0-9 or 0,3-5."""
    if given is None:
        return None
    numbers: list[int] = []
    try:
        for one in given.split(","):
            first, _, last = one.partition("-")
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
    from delf_lesson.datasets.fetch.local_dataset import Stored

    wanted = _wanted(names, parts)
    for source, _ in wanted:
        click.echo(f"{source.name}: {source.summary}, {_size(source.gigabytes)} whole.", err=True)
        click.echo(f"Terms: {source.terms} {source.page}", err=True)
    if wanted and not accept_terms:
        if not sys.stdin.isatty():
            raise click.UsageError("say that you accept the terms: --accept-terms")
        click.confirm("Fetch on these terms?", abort=True, err=True)
    try:
        for source, own in wanted:
            line = Line()
            fetch_files(Stored.of(source), own, jobs, line.show)
            line.end()
    except (DownloadError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for name in names:
        click.echo(f"{name} is here: {Stored.of(_source(name)).folder}")


def _source(name: str) -> Any:
    from delf_lesson.datasets.fetch.catalogue import find_source

    try:
        return find_source(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _wanted(names: tuple[str, ...], parts: list[int] | None) -> list[tuple[Any, list[int] | None]]:
    """What is not here yet of the data sets, the pictures before what is about them, and of each
    which parts are asked for."""
    from delf_lesson.datasets.fetch.fetching import chosen
    from delf_lesson.datasets.fetch.local_dataset import Stored

    sources: dict[str, Any] = {}
    for name in names:
        source = _source(name)
        if source.needs:
            sources[source.needs] = _source(source.needs)
        sources[name] = source
    in_parts = any(source.parts for source in sources.values())
    wanted = []
    for source in sources.values():
        own = parts if source.parts or not in_parts else None
        try:
            files = chosen(source, own)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
        if Stored.of(source).missing(files):
            wanted.append((source, own))
    return wanted


class Line:
    """One line on a terminal that says how far the files are."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._shown = 0

    def show(self, name: str, here: int, whole: int) -> None:
        """Bytes of a file that have come."""
        with self._lock:
            self._files[name] = (here, whole)
            come = sum(one for one, _ in self._files.values())
            if sys.stderr.isatty() and come - self._shown >= 1 << 20:
                self._shown = come
                going = [
                    f"{n} {100 * h // max(w, 1)}%" for n, (h, w) in self._files.items() if h < w
                ]
                text = f"{come / 1e9:.2f} GB came; {', '.join(going)}"
                click.echo(f"\r{text[:100]:100}", err=True, nl=False)

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            click.echo(err=True)


@data.command()
@click.argument("name")
def verify(name: str) -> None:
    """Read all files of NAME again and compare them with what came.

    What differs is fetched again by the next `fetch`. Exit status 1 if anything is missing.
    """
    from delf_lesson.datasets.fetch import local_dataset as store

    source = _source(name)
    stored = store.Stored.of(source)
    missing = stored.missing()

    def progress(files: Any) -> Any:
        with click.progressbar(files, label="Reading", file=sys.stderr) as bar:
            yield from bar

    wrong = list(store.verify(stored, progress))
    for path, why in wrong:
        click.echo(f"{Path(path)}: {why}")
    whole = not wrong and (not missing or (source.parts and len(missing) < len(source.files)))
    here = len(source.files) - len(missing)
    click.echo(
        f"{name}: {here} of {len(source.files)} files are here, "
        + ("all as they came" if not wrong else f"{len(wrong)} pictures or lists are not")
        + ("" if whole else f"; get it with: delf-lesson data fetch {name}")
    )
    sys.exit(0 if whole else 1)
