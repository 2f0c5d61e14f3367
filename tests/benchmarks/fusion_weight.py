"""How much of the local score a fusion should have: mAP of DELF+FT+ATT+DIR+QE over its weight.

Both retrievers answer every query once. Then their scores are fused with each weight: 0 is the
vector alone, 1 the local features alone. Features are stored in the cache. Lab 07 shows
data/results/fusion_weight.json, which --out writes.

    python tests/benchmarks/fusion_weight.py [--out FILE.json]
"""

import argparse
import json
from pathlib import Path
from statistics import fmean

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.datasets.rendered import CITIES
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.files import write_atomically
from delf_lesson.retrieval.fusion import fuse
from delf_lesson.systems.registry import find_system
from delf_lesson.systems.specification import FusedSystem

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def measure(system: FusedSystem, city: str) -> list[float]:
    benchmark = load(city)
    retriever = system.retriever(FeatureCache.default(), compressed=True)
    retriever.add(benchmark.images)
    names = {str(path): benchmark.name_of(path) for path in benchmark.images}
    precisions: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
    for query in benchmark.queries:
        local, whole = (
            {names[result.image]: result.score for result in part.search(query.read()).results}
            for part in (retriever.local, retriever.whole)
        )
        truth = benchmark.truth[query.name]
        for weight, values in precisions.items():
            ranking = list(fuse(local, whole, weight))
            values.append(average_precision(ranking, truth.positives, truth.junk))
    return [round(fmean(values), 4) for values in precisions.values()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    system = find_system("DELF+FT+ATT+DIR+QE")
    assert isinstance(system, FusedSystem)
    table = {"weights": WEIGHTS, "cities": {city: measure(system, city) for city in CITIES}}
    print(json.dumps(table, indent=1))
    if options.out:
        write_atomically(options.out, (json.dumps(table, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
