"""Options that several commands have."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import click

DEFAULT_SYSTEM = "OpenCV-RootSIFT"


def _known_system(context: click.Context, option: click.Parameter, name: str) -> str:
    from delf_lesson.evaluation.systems import find_system

    try:
        return find_system(name).name
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def writable_file(suffix: str) -> Callable[..., Path | None]:
    """A check that refuses now what would only fail after the work was done."""

    def check(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
        if path is None:
            return None
        if path.suffix.lower() != suffix:
            raise click.BadParameter(f"{path} does not end in {suffix}, the format that is written")
        if path.is_dir():
            raise click.BadParameter(f"{path} is a folder; give a file name")
        try:
            with tempfile.TemporaryFile(dir=path.parent):
                return path
        except OSError as error:
            raise click.BadParameter(
                f"the folder {path.parent} cannot be written to ({error.strerror}); choose another"
            ) from error

    return check


def system_option(function: Callable[..., None]) -> Callable[..., None]:
    """The option --system, checked against the systems there are."""
    return click.option(
        "--system",
        default=DEFAULT_SYSTEM,
        show_default=True,
        callback=_known_system,
        help="How images are described and compared.",
    )(function)
