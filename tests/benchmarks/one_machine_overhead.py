"""What the parts for many machines cost where there is one: an index on disk beside a plain loop.

    python tests/benchmarks/one_machine_overhead.py [--system NAME] [--images 60] [--repeats 5]

The loop reads each picture, describes it, keeps the description in a cache, and makes one index of
all. `PhotoIndex.update` does the same by tasks, and keeps what it knows of the pictures. They take
turns, each with an empty cache. What is compared is the processor's time, in one thread: both run
in one process, and what else the machine does is not counted.
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
from delf_lesson.systems.registry import Choices, configured


def loop(system: str, images: list[Path], folder: Path) -> None:
    """Without tasks."""
    engine = configured(Choices(system)).engine(FeatureCache(folder / "features"))
    engine.add(images)
    save_index(engine.index, folder / "all.index")


def by_tasks(system: str, images: list[Path], folder: Path) -> None:
    """As `delf-lesson index` does it."""
    tasks._engine.cache_clear()  # the loop loads its network each time too
    index = PhotoIndex.create(folder / "index", images[0].parent, Choices(system), compressed=False)
    index.update(images=images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", default="OpenCV-RootSIFT")
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    images = list(load_city("albion").images[: options.images])
    spent: dict[str, list[float]] = {"loop": [], "tasks": []}
    for repeat in range(options.repeats + 1):  # the first one warms up
        for name, work in (("loop", loop), ("tasks", by_tasks)):
            with TemporaryDirectory() as folder:
                started = time.process_time()
                work(options.system, images, Path(folder))
                if repeat:
                    spent[name].append(time.process_time() - started)
    ratio = median(b / a for a, b in zip(spent["loop"], spent["tasks"], strict=True))
    print(
        f"{options.system}, {len(images)} images: loop {median(spent['loop']):.2f} s, tasks "
        f"{median(spent['tasks']):.2f} s, median of the ratios {ratio:.3f}"
    )


if __name__ == "__main__":
    main()
