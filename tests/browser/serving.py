"""JupyterLab on working copies of the notebooks, started as `delf-lesson lab` does."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import psutil

from delf_lesson.classroom.working_copies import update_copies
from delf_lesson.cli import lab_command
from delf_lesson.files import project_root

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# On a busy machine everything takes several times as long. A test that passes never waits so long.
START_SECONDS = 600
ANSWER_SECONDS = 120
STOP_SECONDS = 20


def chromium_options() -> list[str]:
    """What a headless Chromium needs here."""
    options = ["--disable-gpu", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")
    return options


def working_copies(folder: Path) -> Path:
    """Students' copies of the notebooks in a folder: what is seen in them was made just now."""
    update_copies(project_root() / "notebooks", folder)
    return folder


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    url: its address with the port. root: the folder that it serves. answers: where its kernels
    keep the answers to quizzes.
    """

    url: str
    token: str
    root: Path
    answers: Path

    def address(self, notebook: Path, workspace: str) -> str:
        """The address of a notebook below `root`. A workspace remembers which tabs are open."""
        path = notebook.relative_to(self.root).as_posix()
        return f"{self.url}/lab/workspaces/{workspace}/tree/{path}?token={self.token}"

    def end_kernels(self) -> None:
        """Shut down every kernel."""
        for session in json.loads(self._ask("sessions")):
            self._ask(f"sessions/{session['id']}", "DELETE")

    def forget_answers(self) -> None:
        """Forget the answers to quizzes, as if nobody had been here."""
        shutil.rmtree(self.answers, ignore_errors=True)

    def _ask(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return answer.read()


@contextmanager
def serving(root: Path, state: Path, cache: Path, whole: bool = True) -> Iterator[Lab]:
    """A JupyterLab that serves the folder `root`, and keeps its files in `state`.

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
        "work/00_start_here.ipynb",
        browser=False,
        port=port,  # if another program has taken it since, JupyterLab tries others
        extra=[f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"],
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
            url = wait_for(Path(environment["JUPYTER_RUNTIME_DIR"]), token, server, log)
            yield Lab(url, token, root, state / "answers")
        finally:
            end(server)


def keep_all_cells_on_the_page(settings: Path) -> None:
    """JupyterLab takes cells out of view off the page; a test has to see them all."""
    path = settings / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"windowingMode": "none"}', encoding="utf-8")


def wait_for(runtime: Path, token: str, server: subprocess.Popen, log: Path) -> str:
    """The address of the server, once it answers; RuntimeError if it ends or stays silent."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        port = port_of(runtime, token)
        if port is not None:
            url = f"http://127.0.0.1:{port}"
            try:
                urllib.request.urlopen(f"{url}/api?token={token}", timeout=ANSWER_SECONDS).close()
                return url
            except (urllib.error.URLError, OSError, HTTPException):
                pass
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not answer:\n{log.read_text()[-3000:]}")


def port_of(runtime: Path, token: str) -> int | None:
    """The port that a server wrote down beside its token; None as long as it has not."""
    for path in runtime.glob("jpserver-*.json"):
        try:
            server = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # it is being written
            continue
        if server["token"] == token:
            return server["port"]
    return None


def end(server: subprocess.Popen) -> None:
    """End the server and all that it started: it is asked first, and killed if it takes long."""
    try:
        processes = [psutil.Process(server.pid)]
        processes += processes[0].children(recursive=True)
    except psutil.NoSuchProcess:  # it has ended by itself
        processes = []
    server.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive)
    server.wait()
