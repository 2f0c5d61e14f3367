"""What the paper's index costs and saves: query times, recall, mAP and bytes on a rendered city.

Every index holds the same features (at most 1000 an image, stored in the cache). Recall is of the
60 nearest neighbours of all features of the queries. Times are of whole queries without extraction,
with the first hundred images verified. Ratios are of the search alone, in the same run.

    python tests/benchmarks/retrieval_index.py [--city albion] [--system DELF+FT+ATT] [--quick]
"""

import argparse
import time
from dataclasses import replace

import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.datasets.rendered import CITIES
from delf_lesson.evaluation.metrics import mean_interval
from delf_lesson.evaluation.report import evaluate, one_query_each
from delf_lesson.retrieval.voting import neighbour_recall
from delf_lesson.systems.registry import SYSTEMS
from delf_lesson.systems.specification import LocalSystem

STAGES = ("search", "vote", "verify")
K = 60
LOCAL_SYSTEMS = {
    name: system for name, system in SYSTEMS.items() if isinstance(system, LocalSystem)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--city", choices=CITIES, default="albion")
    parser.add_argument("--system", choices=LOCAL_SYSTEMS, default="DELF+FT+ATT")
    parser.add_argument("--quick", action="store_true", help="one query a landmark")
    options = parser.parse_args()
    benchmark = load(options.city, distractors=True)
    system = LOCAL_SYSTEMS[options.system]
    queries = one_query_each(benchmark) if options.quick else benchmark.queries
    code = system.compression
    indexes = {
        "exact": None,
        "the paper's": code,
        "with a rotation (OPQ)": replace(code, rotate=True),
        "16 probes": replace(code, probes=16),
        "64 probes": replace(code, probes=64),
        "a byte a part": replace(code, bits=8),
    }
    exact, slow = [], 1.0
    for name, compression in indexes.items():
        compressed = compression is not None
        variant = replace(system, compression=compression or code)
        retriever = variant.retriever(FeatureCache.default(), compressed)
        retriever.add(benchmark.images)
        started = time.perf_counter()
        index = retriever.index
        built, count = time.perf_counter() - started, len(index)
        asked = [retriever.describe(query.read()).descriptors for query in queries]
        neighbours = [index.search(rows, K) for rows in asked]
        exact = exact or neighbours
        recall = np.mean([neighbour_recall(a, b) for a, b in zip(neighbours, exact, strict=True)])
        result = evaluate(retriever, benchmark, queries)
        low, high = mean_interval(
            [result.average_precisions[query.name] for query in queries],
            [query.landmark for query in queries],
        )
        search = float(np.median(result.seconds["search"]))
        slow = slow if compressed else search
        memory = index.bytes
        size = ", ".join(f"{part} {bytes_ / count:.2f}" for part, bytes_ in memory.items())
        print(
            f"{benchmark.name}, {system.name}, {name}: {count} descriptors, built in {built:.1f} s"
        )
        print(f"  bytes a descriptor: {size}; {sum(memory.values()) / 2**20:.1f} MiB in all")
        print(
            f"  recall@{K} {recall:.3f}, mAP {result.mean_average_precision:.3f} "
            f"[{low:.3f}, {high:.3f}], search {slow / search:.1f} times as fast as exact"
        )
        spent = {stage: np.array(result.seconds[stage]) for stage in STAGES}
        spent["all"] = sum(spent.values())
        for stage, values in spent.items():
            median, p95 = np.percentile(values, [50, 95])
            print(f"  {stage:8} median {median:.3f} s, 95% under {p95:.3f} s", flush=True)


if __name__ == "__main__":
    main()
