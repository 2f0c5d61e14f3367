"""How long each notebook takes from its first cell to its last, and how much memory.

    python tests/benchmarks/notebook_cost.py [NAME ...] [--keep-cache]

NAME: notebooks, as 01_keypoints; all by default. Each notebook runs in a new kernel with an empty
cache of features, as for a student who opens this notebook first. With --keep-cache the cache stays
from one notebook to the next, as in a class. The memory is the most that the kernel held at once
(Linux).
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from delf_lesson.files import project_root


def peak(pid: int) -> float:
    """Megabytes that a process held at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not tell the largest memory of a process")


def main() -> None:
    """Print a row for each notebook."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", metavar="NAME")
    parser.add_argument("--keep-cache", action="store_true")
    arguments = parser.parse_args()
    folder = project_root() / "notebooks"
    print("| notebook | seconds | most memory, MB |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        for path in sorted(folder.glob("*.ipynb")):
            if arguments.notebooks and path.stem not in arguments.notebooks:
                continue
            cache = Path(root) / ("all" if arguments.keep_cache else path.stem)
            os.environ["DELF_LESSON_CACHE"] = str(cache)
            os.environ["DELF_LESSON_ANSWERS"] = str(Path(root) / "answers")
            notebook = nbformat.read(path, as_version=4)
            client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}})
            started = time.perf_counter()
            with client.setup_kernel():
                for place, cell in enumerate(notebook.cells):
                    client.execute_cell(cell, place)
                seconds = time.perf_counter() - started
                memory = peak(client.km.provisioner.pid)
            print(f"| {path.stem} | {seconds:.0f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
