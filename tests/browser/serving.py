"""JupyterLab on a copy of the notebooks, started as `delf-lesson lab` does."""

import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat

from delf_lesson.cli import lab_command
from delf_lesson.files import project_root

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_options() -> list[str]:
    """What a headless Chromium needs here."""
    options = ["--disable-gpu", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")
    return options


def copy_without_outputs(folder: Path) -> Path:
    """The notebooks in a folder, without outputs, so that what is seen was made just now."""
    folder.mkdir(parents=True)
    for path in (project_root() / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / path.name)
    return folder


@contextmanager
def serving(
    root: Path, state: Path, cache: Path, whole: bool = True
) -> Iterator[Callable[[str], str]]:
    """The address of a notebook in the folder `root`/notebooks by its name, while it is served.

    whole: keep also what is out of view on the page, as a test wants it; students' JupyterLab
    draws what is in view, and answers sooner. Raises RuntimeError with the server's log if it
    does not answer.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    words = lab_command.command(
        root,
        "notebooks/00_start_here.ipynb",
        browser=False,
        port=port,
        extra=[f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0"],
    )
    environment = {
        **lab_command.environment(state),
        "DELF_LESSON_CACHE": str(cache),
        "DELF_LESSON_ANSWERS": str(state / "answers"),
    }
    if whole:
        keep_all_cells_on_the_page(Path(environment["JUPYTERLAB_SETTINGS_DIR"]))
    log = state / "jupyter.log"
    with log.open("w") as out:
        server = subprocess.Popen(words, env=environment, stdout=out, stderr=out)
        try:
            wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, log)
            folder = f"http://127.0.0.1:{port}/lab/tree/notebooks"
            yield lambda name: f"{folder}/{name}.ipynb?token={token}"
        finally:
            server.terminate()
            server.wait(30)


def keep_all_cells_on_the_page(settings: Path) -> None:
    """JupyterLab takes cells out of view off the page; a test has to see them all."""
    path = settings / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"windowingMode": "none"}', encoding="utf-8")


def wait_for(address: str, server: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    """Return when the address answers; RuntimeError if the server ends or stays silent."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"JupyterLab did not answer:\n{log.read_text()[-3000:]}")
