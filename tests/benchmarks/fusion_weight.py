"""Which weight the local score should have in a fusion: mAP of the fused systems by weight.

Both retrievers answer every query once. Then their scores are fused with each weight: 0 is the
vector alone, 1 the local features alone. DELF+FT+ATT+DIR+QE fuses calibrated scores, and -plain
fuses as the paper does. Features are stored in the cache. Lab 07 shows
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
from delf_lesson.systems.registry import find_system
from delf_lesson.systems.specification import FusedSystem

SYSTEMS = ("DELF+FT+ATT+DIR+QE", "DELF+FT+ATT+DIR+QE-plain")
WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def measure(name: str, city: str) -> list[float]:
    system, benchmark = find_system(name), load(city)
    assert isinstance(system, FusedSystem)
    retriever = system.retriever(FeatureCache.default(), compressed=True)
    retriever.add(benchmark.images)
    names = {str(path): benchmark.name_of(path) for path in benchmark.images}
    precisions: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
    for query in benchmark.queries:
        described = retriever.describe(query.read())
        by_features = retriever.local.rank(described.features).results
        by_vector = retriever.whole.rank(described.vector).results
        truth = benchmark.truth[query.name]
        for weight, values in precisions.items():
            retriever.weight = weight
            scores = retriever.fused_scores(by_features, by_vector)
            ranking = [names[image] for image in scores]
            values.append(average_precision(ranking, truth.positives, truth.junk))
    return [round(fmean(values), 4) for values in precisions.values()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    table = {
        "weights": WEIGHTS,
        "systems": {name: {city: measure(name, city) for city in CITIES} for name in SYSTEMS},
    }
    print(json.dumps(table, indent=1))
    if options.out:
        write_atomically(options.out, (json.dumps(table, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
