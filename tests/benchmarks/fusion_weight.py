"""How much of the local score a fusion should have: mAP of DELF+FT+ATT+DIR+QE over its weight.

Both parts answer every query once; then their scores are fused with each weight, of which 0 is the
vector alone and 1 the local features alone. Features are kept in the cache.

    python tests/benchmarks/fusion_weight.py [--city albion]
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
from delf_lesson.systems.registry import SYSTEMS
from delf_lesson.systems.specification import FusedSystem

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def measure(system: FusedSystem, city: str) -> list[float]:
    benchmark = load(city)
    engine = system.engine(FeatureCache.default(), compressed=True)
    engine.add(benchmark.images)
    names = {str(path): benchmark.name_of(path) for path in benchmark.images}
    precisions: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
    for query in benchmark.queries:
        local, whole = (
            {names[one.image]: one.score for one in part.search(query.read()).results}
            for part in (engine.local, engine.whole)
        )
        truth = benchmark.truth[query.name]
        for weight, own in precisions.items():
            ranking = list(fuse(local, whole, weight))
            own.append(average_precision(ranking, truth.positives, truth.junk))
    return [round(fmean(own), 4) for own in precisions.values()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    system = SYSTEMS["DELF+FT+ATT+DIR+QE"]
    assert isinstance(system, FusedSystem)
    found = {"weights": WEIGHTS, "cities": {city: measure(system, city) for city in CITIES}}
    print(json.dumps(found, indent=1))
    if options.out:
        write_atomically(options.out, (json.dumps(found, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
