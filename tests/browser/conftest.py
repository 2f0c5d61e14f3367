"""JupyterLab on a copy of the notebooks, and a browser to look at it."""

import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from delf_lesson import lab
from delf_lesson.paths import project_root

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; without one the test is skipped, or fails where it must not be."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = f"none of {', '.join(BROWSERS)} is installed"
        if os.environ.get("DELF_LESSON_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    options = ["--disable-gpu", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """A copy of the notebooks without outputs, so that what is seen was made just now."""
    folder = tmp_path / "served" / "notebooks"
    folder.mkdir(parents=True)
    for path in (project_root() / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / path.name)
    return folder


@pytest.fixture
def jupyter(notebooks: Path, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """The address of a notebook by its name in a JupyterLab started as `delf-lesson lab` does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    words = lab.command(
        notebooks.parent,
        "notebooks/00_start_here.ipynb",
        browser=False,
        port=port,
        extra=[f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0"],
    )
    log = tmp_path / "jupyter.log"
    environment = {**lab.environment(tmp_path / "state"), "DELF_LESSON_CACHE": str(tmp_path / "c")}
    keep_all_cells_on_the_page(Path(environment["JUPYTERLAB_SETTINGS_DIR"]))
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
    path.parent.mkdir(parents=True)
    path.write_text('{"windowingMode": "none"}', encoding="utf-8")


def wait_for(address: str, server: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    """Return when the address answers; fail with the server's log if it ends or stays silent."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not answer:\n{log.read_text()[-3000:]}")
