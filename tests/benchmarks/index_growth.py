"""The paper's index with one and with ten million descriptors: time, memory, one image's search.

Descriptors are DELF's of Albion+D, drawn with replacement and moved by a normal deviate of a fifth
of each component's spread, so that they are distributed like real ones and no two are equal.

    python tests/benchmarks/index_growth.py [MILLIONS ...]
"""

import argparse
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from delf_lesson.datasets import load
from delf_lesson.evaluation.systems import SYSTEMS
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.retrieval.cache import FeatureCache
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.index_files import load_index, save_index

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("millions", nargs="*", type=int, default=[1, 10])
    options = parser.parse_args()
    engine = SYSTEMS["DELF+FT+ATT"].engine(FeatureCache.default())
    benchmark = load("albion", distractors=True)
    real = np.concatenate([engine.describe(path).descriptors for path in benchmark.images])
    queries = [engine.describe(query.read()).descriptors for query in benchmark.queries]
    print(f"{len(real)} real descriptors; {memory():.2f} GiB held before")
    first = 0.0
    for millions in options.millions:
        count = millions * 1_000_000
        compression = SYSTEMS["DELF+FT+ATT"].compression
        index = FeatureIndex(real.shape[1], compression)
        started = time.perf_counter()
        lists = compression.lists_for(count)
        index.train(simulated(real, lists * compression.sample, np.random.default_rng(1)), count)
        trained = time.perf_counter()
        for batch in images(real, count):
            index.add(batch)
        added = time.perf_counter()
        with TemporaryDirectory() as folder:
            path = Path(folder) / "grown.index"
            save_index(index, path)
            saved = time.perf_counter()
            size = path.stat().st_size
            mapped = load_index(path, mapped=True)
            read = time.perf_counter()
            spent, mapped_spent = [], []
            for own, one in ((spent, index), (mapped_spent, mapped)):
                one.search(queries[0], K)
                for query in queries:
                    begun = time.perf_counter()
                    one.search(query, K)
                    own.append(time.perf_counter() - begun)
        median, p95 = np.percentile(spent, [50, 95])
        first = first or median
        print(
            f"{millions} million in {lists} lists: trained in {trained - started:.0f} s, added in "
            f"{added - trained:.0f} s with making them, saved in {saved - added:.1f} s, "
            f"checked and mapped in {read - saved:.1f} s"
        )
        print(
            f"  {size / 2**20:.0f} MiB, {size / count:.2f} bytes a descriptor; most memory held "
            f"{memory():.2f} GiB"
        )
        print(
            f"  an image's features are searched in {median:.3f} s (95% under {p95:.3f} s), "
            f"{median / first:.2f} times the first; mapped {np.median(mapped_spent):.3f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
