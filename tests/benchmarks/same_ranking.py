"""Is a ranking the same with 1, 2 and 8 threads, and however the images were added?

Compares every image, its inliers and its vote, to the last bit, for one query a landmark.

    python tests/benchmarks/same_ranking.py [--city albion] [--system DELF+FT+ATT]
"""

import argparse
import random

import faiss

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.datasets.rendered import CITIES
from delf_lesson.evaluation.report import one_query_each
from delf_lesson.systems.registry import SYSTEMS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--city", choices=CITIES, default="albion")
    parser.add_argument("--system", choices=SYSTEMS, default="DELF+FT+ATT")
    options = parser.parse_args()
    benchmark = load(options.city)
    for compressed in (False, True):
        expected = None
        for threads, shuffled in ((2, False), (1, False), (8, False), (2, True)):
            faiss.omp_set_num_threads(threads)
            engine = SYSTEMS[options.system].engine(FeatureCache.default(), compressed)
            images = list(benchmark.images)
            if shuffled:
                random.Random(0).shuffle(images)
            engine.add(images)
            rankings = [
                [(one.image, one.inliers, one.vote) for one in engine.search(query.read()).results]
                for query in one_query_each(benchmark)
            ]
            expected = expected or rankings
            same = sum(a == b for a, b in zip(rankings, expected, strict=True))
            print(
                f"{'compressed' if compressed else 'exact'}, {threads} threads"
                f"{', shuffled' if shuffled else ''}: {same} of {len(expected)} rankings as with 2",
                flush=True,
            )


if __name__ == "__main__":
    main()
