"""How well `delf-lesson search` finds photographs of the same place, run as a user runs it.

FOLDER has one sub-folder a place and unrelated pictures in `_distractors`; the first picture of
every place is a query, and the other pictures of its place are what should be found.

    python tests/benchmarks/photo_search.py FOLDER [--system NAME]
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.images import list_images


def search(folder: Path, query: Path, system: str) -> list[str]:
    command = [sys.executable, "-m", "delf_lesson", "search", str(folder), str(query)]
    command += ["--system", system, "--top", "100000", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return [result["image"] for result in json.loads(run.stdout)["results"]]


def places_of(folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """The images of each place, the query first, and the unrelated ones."""
    places: dict[str, list[str]] = {}
    for image in list_images(folder):
        places.setdefault(image.parent.name, []).append(str(image))
    return places, places.pop("_distractors", [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--system", default="OpenCV-RootSIFT")
    options = parser.parse_args()
    places, _ = places_of(options.folder)

    right, precisions, started = 0, [], time.perf_counter()
    for place, (query, *positives) in places.items():
        ranking = search(options.folder, Path(query), options.system)
        first = ranking[0] in positives
        right += first
        precisions.append(average_precision(ranking, positives))
        print(f"{place:24} AP {precisions[-1]:.2f}  first result {'right' if first else 'wrong'}")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    seconds = (time.perf_counter() - started) / len(places)
    print(f"{options.system}: first result right for {right} of {len(places)}")
    print(f"mAP {sum(precisions) / len(places):.3f}")
    print(f"peak memory of a search {memory:.0f} MiB")
    print(
        f"{seconds:.1f} s a search; the first one describes all images, the others find them kept"
    )


if __name__ == "__main__":
    main()
