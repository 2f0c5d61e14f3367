"""The paper's index with a million descriptors and more: time, memory, one image's search.

Descriptors are DELF's of Albion+D, drawn with replacement and moved by a normal deviate of a fifth
of each component's spread, so that they are distributed like real ones and no two are equal.

    python tests/benchmarks/index_growth.py [MILLIONS ...] [--keep FOLDER]

A hundred million, 100,000 images of 1000, take an hour or so on two cores, and 6 GB of memory and
disk. --keep leaves the files in a folder; an index that is there already is only searched.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.index_files import load_index, save_index
from delf_lesson.systems.registry import ATTENTIVE

AN_IMAGE = 1000
NOISE = 0.2
K = 60


def simulated(real: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    rows = real[rng.integers(len(real), size=count)]
    return l2_normalise(rows + NOISE * real.std(axis=0) * rng.standard_normal(rows.shape, "f4"))


def images(real: np.ndarray, count: int) -> Iterator[dict[str, LocalFeatures]]:
    """A hundred images at a time, so that no more than that is ever held."""
    rng = np.random.default_rng(0)
    nothing, one = np.zeros((AN_IMAGE, 2)), np.ones(AN_IMAGE)
    for start in range(0, count // AN_IMAGE, 100):
        rows = simulated(real, 100 * AN_IMAGE, rng)
        yield {
            f"image {start + k:06}": LocalFeatures(
                nothing, rows[k * AN_IMAGE : (k + 1) * AN_IMAGE], one, one, (640, 480)
            )
            for k in range(100)
        }


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # GiB on Linux


def timed(index: FeatureIndex, queries: list[np.ndarray]) -> np.ndarray:
    """Seconds of each image's search, after a first one that reads what is mapped."""
    index.search(queries[0], K)
    spent = []
    for query in queries:
        begun = time.perf_counter()
        index.search(query, K)
        spent.append(time.perf_counter() - begun)
    return np.array(spent)


def build(real: np.ndarray, count: int, path: Path) -> None:
    """Train, fill and save an index, and say how long each took."""
    compression = ATTENTIVE.compression
    index = FeatureIndex(real.shape[1], compression)
    started = time.perf_counter()
    lists = compression.lists_for(count)
    index.train(simulated(real, lists * compression.sample, np.random.default_rng(1)), count)
    trained = time.perf_counter()
    made = 0.0
    for batch in images(real, count):
        begun = time.perf_counter()
        index.add(batch)
        made += time.perf_counter() - begun
    added = time.perf_counter()
    save_index(index, path)
    print(
        f"{lists} lists trained in {trained - started:.0f} s; added in {made:.0f} s, beside "
        f"{added - trained - made:.0f} s to draw descriptors; saved in "
        f"{time.perf_counter() - added:.0f} s; most memory held {memory():.2f} GiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("millions", nargs="*", type=int, default=[1, 10])
    parser.add_argument("--keep", type=Path, help="leave the indexes in this folder")
    options = parser.parse_args()
    database = ImageDatabase(ATTENTIVE.make_extractor(), FeatureCache.default())
    benchmark = load("albion", distractors=True)
    real = np.concatenate([database.describe(path).descriptors for path in benchmark.images])
    queries = [database.describe(query.read()).descriptors for query in benchmark.queries]
    print(f"{len(real)} real descriptors; {memory():.2f} GiB held before")
    first = 0.0
    with TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for millions in options.millions:
            count = millions * 1_000_000
            path = folder / f"{millions}_million.index"
            print(f"{millions} million:", flush=True)
            if not path.exists():
                build(real, count, path)
            started = time.perf_counter()
            mapped = load_index(path, mapped=True)
            read = time.perf_counter() - started
            spent = timed(load_index(path), queries)
            median = float(np.median(spent))
            first = first or median
            size = path.stat().st_size
            print(f"  {size / 2**20:.0f} MiB, {size / count:.2f} bytes a descriptor")
            print(
                f"  an image's features are searched in {median:.3f} s (95% under "
                f"{np.percentile(spent, 95):.3f} s), {median / first:.2f} times the first; mapped "
                f"{np.median(timed(mapped, queries)):.3f} s, after {read:.1f} s to check the file",
                flush=True,
            )


if __name__ == "__main__":
    main()
