"""Start JupyterLab on the lesson, with everything it writes kept inside the project."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from delf_lesson.classroom.working_copies import update_copies
from delf_lesson.files import project_root

FIRST, LECTURE = "00_start_here.ipynb", "00_lecture.ipynb"

# Of copies that stay as they are although they are not up to date.
_NOTICES = {
    "outdated": "You have edited {copy}, and the lesson now has a newer version: "
    "to get it, rename or move your file and start again.",
    "unknown": "{copy} is damaged or was not made by this command, so it was left as it is: "
    "to get a working copy, rename or move the file and start again.",
}

# Both ask the network: one for news and a newer JupyterLab, the other for a list of extensions.
_OFFLINE = {
    "disabledExtensions": {
        "@jupyterlab/apputils-extension:announcements": True,
        "@jupyterlab/extensionmanager-extension:plugin": True,
    }
}

# A notebook then stores what its explorers show, and shows it again without a kernel.
_WIDGETS = Path("@jupyter-widgets", "jupyterlab-manager", "plugin.jupyterlab-settings")


def environment(state: Path | None = None) -> dict[str, str]:
    """Return this process's environment with Jupyter's folders inside `state`.

    `state` is the project's `.jupyter` by default. It is created, with the page configuration
    that lets JupyterLab run without a network, and the setting that keeps what widgets show.
    Raises OSError if it cannot be written.
    """
    state = (state or project_root() / ".jupyter").resolve()
    folders = {
        "JUPYTER_CONFIG_DIR": state / "config",
        "JUPYTER_DATA_DIR": state / "data",
        "JUPYTER_RUNTIME_DIR": state / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": state / "lab" / "user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": state / "lab" / "workspaces",
        "IPYTHONDIR": state / "ipython",
        "MPLCONFIGDIR": state / "matplotlib",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    page_config = folders["JUPYTER_CONFIG_DIR"] / "labconfig" / "page_config.json"
    page_config.parent.mkdir(exist_ok=True)
    page_config.write_text(json.dumps(_OFFLINE, indent=2), encoding="utf-8")
    keep_widgets = folders["JUPYTERLAB_SETTINGS_DIR"] / _WIDGETS
    if not keep_widgets.exists():  # a choice in the settings stays
        keep_widgets.parent.mkdir(parents=True, exist_ok=True)
        keep_widgets.write_text('{"saveState": true}', encoding="utf-8")
    return {
        **os.environ,
        **{name: str(folder) for name, folder in folders.items()},
        # A kernel of the same name that the user registered elsewhere must not win.
        "JUPYTER_PREFER_ENV_PATH": "1",
    }


def command(
    root: Path,
    path: str,
    browser: bool = True,
    port: int | None = None,
    extra: Iterable[str] = (),
    workspace: str | None = None,
) -> list[str]:
    """Return the command that serves the folder `root` and opens `path`, relative to it.

    `extra` is passed on to JupyterLab last, so it wins over the options set here. A workspace
    remembers which tabs were open; None is JupyterLab's default.
    """
    page = f"/lab/workspaces/{workspace}/tree" if workspace else "/lab/tree"
    words = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url={page}/{path}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
        # Looking for language servers runs npm where there is one, which writes to the home folder.
        "--LanguageServerManager.autodetect=False",
    ]
    if not browser:
        words.append("--no-browser")
    if port is not None:
        words.append(f"--port={port}")
    # JupyterLab refuses to run as root unless told; containers and CI often are root.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")
    return [*words, *extra]


def launch(
    notebook: str = FIRST,
    stored: bool = False,
    browser: bool = True,
    port: int | None = None,
    extra: Iterable[str] = (),
) -> int:
    """Run JupyterLab on a notebook of the lesson until it is stopped; return its exit status.

    It opens the working copy in `work`, or with `stored` the original with its stored outputs.
    Raises FileNotFoundError when the notebook is not there, as after an install without checkout,
    and OSError when the project's folder cannot be written.
    """
    root = project_root()
    path = root / "notebooks" / notebook
    if not path.is_file():
        raise FileNotFoundError(
            f"no notebook {path}: the notebooks are not part of the installed package. "
            "Clone the project, and in its folder run `make lab`, "
            "or `pip install -e .` and then `delf-lesson lab`."
        )
    settings = _settings(root)
    if stored:
        # A workspace apart: tabs with originals must not come back among a student's copies.
        words = command(root, f"notebooks/{notebook}", browser, port, extra, workspace="stored")
    else:
        for notice in prepare_copies(root):
            click.echo(notice, err=True)
        words = command(root, f"work/{notebook}", browser, port, extra)
    with subprocess.Popen(words, env=settings, cwd=root) as server:
        while True:
            try:
                return server.wait()
            except KeyboardInterrupt:
                # The terminal sent Ctrl-C to JupyterLab too, which asks whether to stop.
                continue


def _settings(root: Path) -> dict[str, str]:
    """Return JupyterLab's environment. Raises OSError with a remedy if it cannot be written."""
    try:
        return environment(root / ".jupyter")
    except OSError as error:
        raise OSError(
            f"JupyterLab's settings cannot be written to {root / '.jupyter'} ({error.strerror}). "
            "Copy the project to a folder that you may write to, and start there."
        ) from error


def prepare_copies(root: Path) -> list[str]:
    """Make or update the working copies in `work`; return what the student should know.

    Raises OSError with a remedy if they cannot be written.
    """
    folder = root / "work"
    try:
        outcomes = update_copies(root / "notebooks", folder)
    except OSError as error:
        raise OSError(
            f"your copies of the notebooks cannot be written to {folder} ({error.strerror}). "
            "Copy the project to a folder that you may write to, and start there. "
            "Or open the notebooks with their stored outputs: delf-lesson lab --stored"
        ) from error
    return [
        _NOTICES[outcome].format(copy=path.relative_to(root).as_posix())
        for path, outcome in outcomes.items()
        if outcome in _NOTICES
    ]
