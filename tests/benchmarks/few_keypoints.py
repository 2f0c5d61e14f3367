"""What fine-tuning and attention are worth when an image may keep only a few keypoints.

mAP of all queries with the best 50, 100, 200, 400 and 1000 keypoints of every image, by exact
search, and what each step gains, with its 95% interval. Features are kept in the cache. Notebook 07
shows what is written to data/results/few_keypoints.json.

    python tests/benchmarks/few_keypoints.py [--out FILE.json]
"""

import argparse
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.datasets.rendered import CITIES
from delf_lesson.evaluation.comparison import difference
from delf_lesson.evaluation.report import evaluate
from delf_lesson.features import LocalFeatures
from delf_lesson.files import write_atomically
from delf_lesson.retrieval.database import Source
from delf_lesson.retrieval.retrievers import RetrievalEngine
from delf_lesson.systems.registry import SYSTEMS
from delf_lesson.systems.specification import LocalSystem

COUNTS = (50, 100, 200, 400, 1000)
STEPS = ("DELF", "DELF+FT", "DELF+FT+ATT")


class FewKeypoints(RetrievalEngine):
    """Keeps the best so many keypoints of every image and query."""

    count = 1000

    def describe(self, source: Source) -> LocalFeatures:
        return super().describe(source).top(self.count)


def average_precisions(name: str, city: str, count: int) -> Mapping[str, float]:
    system, benchmark = SYSTEMS[name], load(city)
    assert isinstance(system, LocalSystem)
    engine = FewKeypoints(
        system.extractor(),
        order=system.order,
        threshold=system.threshold,
        cache=FeatureCache.default(),
    )
    engine.count = count
    engine.add(benchmark.images)
    return evaluate(engine, benchmark).average_precisions


def measure(city: str) -> dict[str, Any]:
    landmarks = {query.name: query.landmark for query in load(city).queries}
    means: dict[str, list[float]] = {name: [] for name in STEPS}
    gains: dict[str, list[list[float]]] = {name: [] for name in STEPS[1:]}
    for count in COUNTS:
        found = {name: average_precisions(name, city, count) for name in STEPS}
        for name, own in found.items():
            means[name].append(round(fmean(own.values()), 4))
        for before, after in pairwise(STEPS):
            gain = difference(found[after], found[before], landmarks)
            gains[after].append([round(v, 4) for v in (gain.mean, gain.low, gain.high)])
        print(city, count, *(f"{name} {own[-1]}" for name, own in means.items()), flush=True)
        print("   gains", *(f"{name} {own[-1]}" for name, own in gains.items()), flush=True)
    return {"map": means, "gains": gains}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = {"counts": COUNTS, "cities": {city: measure(city) for city in CITIES}}
    if options.out:
        write_atomically(options.out, (json.dumps(found, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
