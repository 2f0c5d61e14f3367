"""How many modules of the package a command enters, and how often it moves between them.

    python tests/benchmarks/call_trace.py [search|evaluate] [--list]

`search` looks for one photo in a folder with one image. `evaluate` measures a folder of two places
with two images each. Both use OpenCV-RootSIFT and an empty cache. Each command runs once on other
images before it is traced, so that every import is done. A call counts if its function is defined
in a file of the package; a move is a call in another module than the call before. Calls in threads
count too.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
from itertools import groupby, pairwise
from pathlib import Path
from types import FrameType

from click.testing import CliRunner

from delf_lesson.cli.main import command
from delf_lesson.datasets.rendered import rendered_images

PACKAGE = "delf_lesson"
SYSTEM = "OpenCV-RootSIFT"
Call = tuple[str, str]
"""The module and the function."""


def landmark_views(city: str) -> list[list[Path]]:
    """Two database images of each landmark of a rendered city."""
    shown = [
        (picture.landmark, picture.path)
        for picture in rendered_images(city)
        if picture.role == "database" and picture.landmark
    ]
    return [
        [path for _, path in views][:2]
        for _, views in groupby(sorted(shown), key=lambda view: view[0])
    ]


def search_arguments(folder: Path, city: str) -> list[str]:
    """A folder with one image, and another view of the same landmark as the query."""
    image, query = landmark_views(city)[0]
    (folder / "photos").mkdir(parents=True)
    shutil.copy(image, folder / "photos")
    shutil.copy(query, folder)
    words = [str(folder / "photos"), str(folder / query.name)]
    return ["search", *words, "--system", SYSTEM, "--json"]


def evaluate_arguments(folder: Path, city: str) -> list[str]:
    """A folder of two places with two images each."""
    for place, views in enumerate(landmark_views(city)[:2]):
        (folder / f"place_{place}").mkdir(parents=True)
        for image in views:
            shutil.copy(image, folder / f"place_{place}")
    return ["evaluate", "--dataset", f"folder:{folder}", "--system", SYSTEM, "--json"]


ARGUMENTS = {"search": search_arguments, "evaluate": evaluate_arguments}


def is_counted(frame: FrameType) -> bool:
    """Whether a function of a file of the package begins; not a module or the body of a class."""
    code = frame.f_code
    if not code.co_filename.endswith(".py") or code.co_name == "<module>":
        return False
    # The body of a class runs in a namespace of its own; a function has fast locals.
    return bool(code.co_flags & 0x0001) and module_of(frame).split(".")[0] == PACKAGE


def module_of(frame: FrameType) -> str:
    """The name of the module in which the function of a frame is defined."""
    return str(frame.f_globals.get("__name__", ""))


def run(arguments: list[str]) -> None:
    """Call the command; RuntimeError with its output if it fails."""
    result = CliRunner().invoke(command, arguments)
    if result.exit_code:
        raise RuntimeError(f"{' '.join(arguments)} failed: {result.output}") from result.exception


def trace(arguments: list[str]) -> list[Call]:
    """The calls of the package's functions while a command runs, in order, in all threads."""
    calls: list[Call] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and is_counted(frame):
            calls.append((module_of(frame), frame.f_code.co_name))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        run(arguments)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls


def measure(name: str, folder: Path) -> list[Call]:
    """Run a command once to import everything, and trace it on other images."""
    os.environ["DELF_LESSON_CACHE"] = str(folder / "cache of the first run")
    run(ARGUMENTS[name](folder / "first", "lutetia"))
    os.environ["DELF_LESSON_CACHE"] = str(folder / "cache")
    return trace(ARGUMENTS[name](folder / "traced", "albion"))


def print_sequence(calls: list[Call]) -> None:
    """Print each visit to a module, and below it the functions that were called there."""
    for module, visit in groupby(calls, key=lambda call: call[0]):
        print(module)
        for function, repeated in groupby(function for _, function in visit):
            times = len(list(repeated))
            print(f"    {function}" + (f" ({times} times)" if times > 1 else ""))


def main() -> None:
    """Print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", choices=ARGUMENTS, help="both if not given")
    parser.add_argument("--list", action="store_true", help="print the calls in order")
    options = parser.parse_args()
    for name in [options.command] if options.command else ARGUMENTS:
        with tempfile.TemporaryDirectory() as folder:
            calls = measure(name, Path(folder))
        if options.list:
            print_sequence(calls)
        visited = [module for module, _ in calls]
        moves = sum(before != after for before, after in pairwise(visited))
        print(f"{name}: {len(set(visited))} modules, {moves} moves, {len(calls)} calls")


if __name__ == "__main__":
    main()
