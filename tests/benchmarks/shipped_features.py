"""Describe a town by DELF and pack the best features of every image into one file.

The file goes to data/features, where lab 06 reads it. Run it again after the weights or the
images changed. About seven minutes on one core; features in the cache aren't computed again.

    python tests/benchmarks/shipped_features.py [--out FILE.npz]
"""

import argparse
from pathlib import Path

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.datasets.packed_features import pack, packed_path
from delf_lesson.files import write_atomically
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.systems.registry import ATTENTIVE

TOWN, COUNT = "albion", 300


def packed() -> bytes:
    """The packed features of the town's images by their names in the benchmark."""
    benchmark = load(TOWN)
    extractor = ATTENTIVE.make_extractor()
    database = ImageDatabase(extractor, FeatureCache.default())
    features = {
        benchmark.name_of(path): database.describe(path).top(COUNT) for path in benchmark.images
    }
    # The best 300 of 1000 features are those of an extractor that keeps 300.
    return pack(features, {**extractor.settings, "max_features": COUNT})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=packed_path(f"{TOWN}_delf"))
    options = parser.parse_args()
    content = packed()
    write_atomically(options.out, content)
    print(f"{options.out.name}: {len(content) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
