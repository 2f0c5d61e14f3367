"""How many inliers unrelated images reach, and which minimum and order rank best.

Every query is matched pairwise with the first 100 images by votes, with each ratio, and their
inliers are counted without a minimum. An image that is neither a positive nor junk is unrelated.
The percentiles of their inliers say which minimum chance doesn't reach. Then every minimum and
order ranks the same images.

    python tests/benchmarks/false_alarms.py SYSTEM DATASET [--distractors] [--first]
        [--ratio 0.9]... [--threshold 0.04]

SYSTEM: one with local features. DATASET: albion, lutetia or folder:PATH. --first: one query a
landmark. --ratio: of the ratio test; 1 for none, which is also tried if no ratio is given.
Features are stored in the cache.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean

import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.datasets.benchmark import Benchmark, Query
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.evaluation.report import one_query_each
from delf_lesson.retrieval.retrievers import LocalRanking, LocalRetriever
from delf_lesson.retrieval.voting import ORDERS, Order, Result, reordered
from delf_lesson.systems.registry import find_system
from delf_lesson.systems.specification import LocalSystem

MINIMA = (0, 6, 8, 10, 12, 14, 16, 18, 20, 22, 25, 30)
PERCENTILES = (50, 90, 95, 99, 99.5, 99.9)


def rankings(
    retriever: LocalRetriever, benchmark: Benchmark, queries: list[Query]
) -> dict[str, list[Result]]:
    """The results of each query, named as the benchmark names its images."""
    names = {str(path): benchmark.name_of(path) for path in benchmark.images}
    return {
        query.name: [
            replace(result, image=names[result.image])
            for result in retriever.search(query.read()).results
        ]
        for query in queries
    }


def inliers_of(
    found: Mapping[str, list[Result]], benchmark: Benchmark
) -> tuple[list[int], list[int]]:
    """Inliers of the verified images: of positives, and of unrelated ones."""
    positives, unrelated = [], []
    for name, results in found.items():
        truth = benchmark.truth[name]
        by_votes = sorted(results, key=lambda result: (-result.vote, result.image))
        for result in by_votes[: LocalRanking().verify_top]:
            if result.image in truth.positives:
                positives.append(result.inliers)
            elif result.image not in truth.junk:
                unrelated.append(result.inliers)
    return positives, unrelated


def mean_average_precision(
    found: Mapping[str, list[Result]], benchmark: Benchmark, order: Order, minimum: int
) -> float:
    scores = []
    for name, results in found.items():
        counted = [replace(r, inliers=r.inliers * (r.inliers >= minimum)) for r in results]
        images = [result.image for result in reordered(counted, order)]
        truth = benchmark.truth[name]
        scores.append(average_precision(images, truth.positives, truth.junk))
    return 100 * fmean(scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system")
    parser.add_argument("dataset")
    parser.add_argument("--distractors", action="store_true")
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--ratio", type=float, action="append")
    parser.add_argument("--threshold", type=float, help="the system's by default")
    options = parser.parse_args()
    benchmark = load(options.dataset, options.distractors)
    first = one_query_each(benchmark, in_turn=benchmark.root is None)
    queries = list(first if options.first else benchmark.queries)
    system = find_system(options.system)
    assert isinstance(system, LocalSystem), f"{system.name} has no local features"
    retriever = system.retriever(FeatureCache.default())
    retriever.add(benchmark.images, skip=lambda name, reason: None)
    print(f"{system.name} on {benchmark.name}, {len(queries)} queries, {len(retriever)} images")
    print("minimum" + "".join(f"{minimum:7}" for minimum in MINIMA))
    variants = [("neighbours", None), *(("pairwise", ratio) for ratio in options.ratio or [1.0])]
    for matching, ratio in variants:
        retriever.ranking = replace(
            system.ranking,
            order="inliers",
            matching=matching,
            ratio=None if ratio == 1 else ratio,
            threshold=options.threshold or system.ranking.threshold,
            minimum_inliers=0,
            expand=0,
        )
        found = rankings(retriever, benchmark, queries)
        positives, unrelated = inliers_of(found, benchmark)
        of_unrelated = " ".join(f"{value:.0f}" for value in np.percentile(unrelated, PERCENTILES))
        print(
            f"{matching}, ratio {ratio or 1}: inliers of unrelated images {of_unrelated} at "
            f"percentiles {PERCENTILES}; of positives {np.median(positives):.0f} in the median"
        )
        for order in ORDERS:
            values = (mean_average_precision(found, benchmark, order, m) for m in MINIMA)
            print(f"{order:7}" + "".join(f"{value:7.1f}" for value in values), flush=True)


if __name__ == "__main__":
    main()
