"""What fine-tuning and attention gain when an image may keep only a few keypoints.

mAP of all queries with the best 50, 100, 300 and 1000 keypoints of every image, by exact
search, and the gain of each step with its 95% interval. Features are stored in the cache. Lab 07
shows data/results/few_keypoints.json, which --out writes.

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
from delf_lesson.images import ImageSource
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.retrievers import LocalRetriever
from delf_lesson.systems.registry import find_system
from delf_lesson.systems.specification import LocalSystem

COUNTS = (50, 100, 300, 1000)
STEPS = ("DELF", "DELF+FT", "DELF+FT+ATT")


class FewKeypoints(ImageDatabase[LocalFeatures]):
    """Describes every image and query by its best keypoints. count: how many."""

    count = 1000

    def describe(self, image: ImageSource) -> LocalFeatures:
        return super().describe(image).top(self.count)


def average_precisions(name: str, city: str, count: int) -> Mapping[str, float]:
    system, benchmark = find_system(name), load(city)
    assert isinstance(system, LocalSystem)
    database = FewKeypoints(system.make_extractor(), FeatureCache.default())
    database.count = count
    retriever = LocalRetriever(database, system.ranking)
    retriever.add(benchmark.images)
    return evaluate(retriever, benchmark).average_precisions


def measure(city: str) -> dict[str, Any]:
    landmarks = {query.name: query.landmark for query in load(city).queries}
    means: dict[str, list[float]] = {name: [] for name in STEPS}
    gains: dict[str, list[list[float]]] = {name: [] for name in STEPS[1:]}
    for count in COUNTS:
        precisions = {name: average_precisions(name, city, count) for name in STEPS}
        for name, by_query in precisions.items():
            means[name].append(round(fmean(by_query.values()), 4))
        for before, after in pairwise(STEPS):
            gain = difference(precisions[after], precisions[before], landmarks)
            gains[after].append([round(v, 4) for v in (gain.mean, gain.low, gain.high)])
        print(city, count, *(f"{name} {values[-1]}" for name, values in means.items()), flush=True)
        print("   gains", *(f"{name} {values[-1]}" for name, values in gains.items()), flush=True)
    return {"map": means, "gains": gains}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    table = {"counts": COUNTS, "cities": {city: measure(city) for city in CITIES}}
    if options.out:
        write_atomically(options.out, (json.dumps(table, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
