"""What the code for many machines costs on one machine: an index on disk beside a plain loop.

    python tests/benchmarks/one_machine_overhead.py [--system NAME] [--images 60] [--repeats 5]

The loop reads each image, describes it, stores the description in a cache, and makes one index of
all images. `PhotoIndex.update` does the same by tasks, and stores what it knows of the images. The
two take turns, each with an empty cache. We compare the processor's time in one thread, so that
other work of the machine does not count.
"""

import argparse
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets.rendered import load_city
from delf_lesson.retrieval.index_files import save_index
from delf_lesson.scale import tasks
from delf_lesson.scale.photo_index import PhotoIndex
from delf_lesson.systems.registry import find_system
from delf_lesson.systems.specification import LocalSystem, System


def loop(system: LocalSystem, images: list[Path], folder: Path) -> None:
    """Without tasks."""
    retriever = system.retriever(FeatureCache(folder / "features"))
    retriever.add(images)
    save_index(retriever.index, folder / "all.index")


def by_tasks(system: System, images: list[Path], folder: Path) -> None:
    """As `delf-lesson index` does it."""
    tasks._retriever.cache_clear()  # the loop loads its network each time too
    index = PhotoIndex.create(folder / "index", images[0].parent, system, compressed=False)
    index.update(images=images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", default="OpenCV-RootSIFT")
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    system = find_system(options.system)
    if not isinstance(system, LocalSystem):
        parser.error(f"{system.name} has no index of local features; choose a local system")
    cv2.setNumThreads(1)
    images = list(load_city("albion").images[: options.images])
    spent: dict[str, list[float]] = {"loop": [], "tasks": []}
    for repeat in range(options.repeats + 1):  # the first one warms up
        for name, work in (("loop", loop), ("tasks", by_tasks)):
            with TemporaryDirectory() as folder:
                started = time.process_time()
                work(system, images, Path(folder))
                if repeat:
                    spent[name].append(time.process_time() - started)
    ratio = median(b / a for a, b in zip(spent["loop"], spent["tasks"], strict=True))
    print(
        f"{system.name}, {len(images)} images: loop {median(spent['loop']):.2f} s, tasks "
        f"{median(spent['tasks']):.2f} s, median of the ratios {ratio:.3f}"
    )


if __name__ == "__main__":
    main()
