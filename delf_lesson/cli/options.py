"""Options that several commands have."""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

DEFAULT_SYSTEM = "DELF+FT"


def _known_system(context: click.Context, option: click.Parameter, name: str) -> Any:
    from delf_lesson.systems.registry import find_system

    try:
        return find_system(name)
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


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."
)


def picture_option(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The option --picture, a file that is drawn. what: its help."""
    return click.option(
        "--picture",
        metavar="OUT.png",
        type=click.Path(path_type=Path),
        callback=writable_file(".png"),
        help=what,
    )


@dataclass(frozen=True)
class SystemChoice:
    """The system that the command line names, and the options for it, not applied yet.

    given: whether the command line names what an index has chosen already; the device is free.
    """

    system: Any
    options: Any
    given: bool


def system_options(function: Callable[..., None]) -> Callable[..., None]:
    """--system and its options, as one argument `choice`, see `SystemChoice`."""

    @click.option(
        "--weights",
        multiple=True,
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="Weights that `delf-lesson train` wrote, instead of the shipped; twice for a fusion.",
    )
    @click.option("--device", default="cpu", show_default=True, help="For networks, as cuda.")
    @click.option("--bf16", is_flag=True, help="Half precision, for networks.")
    @click.option(
        "--batch",
        default=1,
        show_default=True,
        type=click.IntRange(1),
        help="Images that a network sees at once; more pays on a GPU.",
    )
    @click.option("--max-side", type=click.IntRange(32), help="Larger images are shrunk to it.")
    @system_option
    @wraps(function)
    def with_choice(
        system: Any,
        weights: tuple[str, ...],
        device: str,
        bf16: bool,
        batch: int,
        max_side: int | None,
        **others: Any,
    ) -> None:
        from delf_lesson.systems.specification import SystemOptions

        files = tuple(str(Path(file).resolve()) for file in weights)
        options = SystemOptions(files, device, bf16, batch, max_side)
        source = click.get_current_context().get_parameter_source
        names = ("system", "weights", "bf16", "max_side")
        given = ParameterSource.COMMANDLINE in [source(name) for name in names]
        choice = SystemChoice(system, options, given)
        try:
            if device != "cpu":
                import torch

                torch.zeros(1, device=device)
            if given and options != SystemOptions():  # a device alone may be for an index
                choice.system.with_options(choice.options).retriever()
        except (OSError, ValueError, RuntimeError, AssertionError) as error:
            raise click.BadParameter(str(error)) from error
        function(choice=choice, **others)

    return with_choice


def system_option(function: Callable[..., None]) -> Callable[..., None]:
    """The option --system, checked against the systems there are."""
    return click.option(
        "--system",
        default=DEFAULT_SYSTEM,
        show_default=True,
        callback=_known_system,
        help="How images are described and compared.",
    )(function)


cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Work is done on this Dask scheduler's workers; local: in a process for each core here.",
)
"""What `executor_at` takes."""


@contextmanager
def executor_at(address: str | None) -> Iterator[Any]:
    """This process, or a cluster, which is left afterwards."""
    from delf_lesson.scale.executors import DaskExecutor, SerialExecutor

    if address is None:
        yield SerialExecutor()
        return
    with DaskExecutor(address) as executor:
        yield executor


def progress_bar(steps: Iterable[Any], label: str, count: int | None = None) -> Iterable[Any]:
    """A progress bar on standard error; a `Progress`."""
    with click.progressbar(steps, length=count, label=label, file=sys.stderr) as bar:
        yield from bar
