"""Is this computer ready for the lesson? Each check says what is there and how to repair it."""

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from delf_lesson.files import cache_dir, project_root

INSTALL = "run `make lab` again, or `pip install -e .` in the lesson's folder"
LIBRARIES = ("torch", "faiss", "cv2")
TRY_LIBRARY = {
    "torch": "import torch, torchvision; torch.nn.functional.conv2d("
    "torch.ones(1, 3, 32, 32), torch.ones(8, 3, 3, 3))",
    "faiss": "import faiss, numpy; index = faiss.IndexFlatL2(8); "
    "index.add(numpy.eye(8, dtype='float32')); "
    "index.search(numpy.eye(8, dtype='float32'), 2)",
    "cv2": "import cv2, numpy; cv2.GaussianBlur(numpy.ones((64, 64), 'float32'), (0, 0), 2)",
}
IMPORT_TIMEOUT = 300.0  # seconds; on a busy computer an import takes a minute
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "msedge", "open", "wslview")


@dataclass(frozen=True)
class Check:
    """The result of one check; the remedy is one line, empty if none is needed."""

    name: str
    status: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str = ""


def run_checks() -> list[Check]:
    """All checks, in the order for a reader; takes a few seconds."""
    orders = (LIBRARIES, LIBRARIES[::-1])
    with ThreadPoolExecutor(len(orders)) as pool:  # each waits for a new process
        imports = pool.map(check_imports, orders)
        quick = [
            check_python(),
            check_versions(),
            check_threads(),
            *(check_disk(folder) for folder in (project_root(), cache_dir())),
            check_browser(),
            check_notebooks(),
            check_data(project_root() / "data"),
        ]
        return [*quick[:2], *imports, *quick[2:]]


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """Python 3.11 or newer."""
    text = ".".join(map(str, version))
    if version < (3, 11):
        return Check("Python", "failed", text, "install Python 3.11 or newer")
    return Check("Python", "ok", text)


def check_versions(package: str = "delf-lesson") -> Check:
    """Every library the package asks for, in the range it asks for."""
    try:
        listed = [Requirement(text) for text in metadata.requires(package) or []]
    except metadata.PackageNotFoundError:
        return Check("Versions", "failed", f"{package} is not installed", INSTALL)
    wanted = [each for each in listed if each.marker is None or each.marker.evaluate({"extra": ""})]
    wrong = [problem for each in wanted if (problem := version_problem(each))]
    if wrong:
        return Check("Versions", "failed", "; ".join(wrong), INSTALL)
    return Check("Versions", "ok", f"{len(wanted)} libraries in their ranges")


def version_problem(wanted: Requirement) -> str:
    """What is wrong with the installed version of a requirement; empty if nothing is wrong."""
    # conda names its packages of these two after the library that they are built from.
    names = {"opencv-python": ("opencv-python", "opencv"), "faiss-cpu": ("faiss-cpu", "faiss")}
    for name in names.get(wanted.name, (wanted.name,)):
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        fits = wanted.specifier.contains(installed, prereleases=True)
        return "" if fits else f"{name} is {installed}, wanted {wanted.specifier}"
    return f"{wanted.name} is missing"


def check_imports(order: tuple[str, ...]) -> Check:
    """The libraries work together when a new process loads them in this order.

    Each library brings a copy of OpenMP. A bad pair crashes or hangs once both are loaded.
    """
    name = f"Imports {', '.join(order)}"
    code = "\n".join(TRY_LIBRARY[library] for library in order)
    try:
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=IMPORT_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return Check(name, "failed", f"no answer in {IMPORT_TIMEOUT:.0f} s", INSTALL)
    if run.returncode != 0:
        lines = run.stderr.strip().splitlines() or [f"ended with status {run.returncode}"]
        return Check(name, "failed", lines[-1], INSTALL)
    return Check(name, "ok", "they work in one process")


def check_threads() -> Check:
    """The number of cores, and whether OMP_NUM_THREADS asks for more threads than cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit() and cores and int(threads) > cores:
        return Check(
            "Threads",
            "warning",
            f"OMP_NUM_THREADS is {threads} on {cores} cores",
            f"set OMP_NUM_THREADS to {cores} or unset it",
        )
    return Check("Threads", "ok", f"{cores} cores")


def check_disk(folder: Path) -> Check:
    """At least 1 GB is free for the lesson and for its cache."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if free < 1:
        return Check("Disk", "warning", f"{free:.1f} GB free in {folder}", "free some space there")
    return Check("Disk", "ok", f"{free:.0f} GB free in {folder}")


def check_browser() -> Check:
    """A browser that can show JupyterLab."""
    if sys.platform == "win32" or any(map(shutil.which, BROWSERS)):
        return Check("Browser", "ok", "found")
    return Check(
        "Browser",
        "warning",
        "none found",
        "install a browser, or open the address that `make lab` prints on another computer",
    )


def check_notebooks() -> Check:
    """The notebooks lie beside the package."""
    notebooks = sorted((project_root() / "notebooks").glob("[0-9]*.ipynb"))
    if not notebooks:
        return Check("Notebooks", "failed", "none found", "clone the project and run `make lab`")
    return Check("Notebooks", "ok", f"{len(notebooks)} found")


def check_data(folder: Path) -> Check:
    """Every file that a SHA256SUMS lists has its checksum."""
    lists = sorted(folder.rglob("SHA256SUMS"))
    if not lists:
        return Check("Data", "failed", f"no SHA256SUMS in {folder}", "git checkout -- data")
    count, wrong = 0, []
    for sums in lists:
        for line in sums.read_text(encoding="utf-8").splitlines():
            wanted, name = line.split(maxsplit=1)
            path = sums.parent / name
            count += 1
            if not path.is_file():
                wrong.append(f"{name} is missing")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
                wrong.append(f"{name} has changed")
    if wrong:
        detail = f"{len(wrong)} of {count} files: {'; '.join(wrong[:3])}"
        return Check("Data", "failed", detail, "git checkout -- data")
    return Check("Data", "ok", f"{count} files as they should be")
