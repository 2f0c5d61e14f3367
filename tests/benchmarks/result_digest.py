"""Digests of features and rankings of every system, to hold two versions of the code together.

A refactoring must leave both as they are, bit by bit: write the digests before it, compare them
after it. Networks must compute with the same threads and libraries in both runs. The index gives
the same rankings with any number of threads, which --threads sets.

    OMP_NUM_THREADS=1 python tests/benchmarks/result_digest.py --write before.json
    OMP_NUM_THREADS=1 python tests/benchmarks/result_digest.py --compare before.json --threads 8
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets import load
from delf_lesson.systems.registry import BASELINES, SYSTEMS, find_system
from delf_lesson.systems.specification import GlobalSystem, System

IMAGES = 40
QUERY_STEP = 11
"""Every eleventh query: one of each light."""
FIELDS = ("vector", "xy", "descriptors", "scores", "scales")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="write the digests to this file")
    parser.add_argument("--compare", type=Path, help="compare with the digests in this file")
    parser.add_argument("--cache", type=Path, help="folder of features; none by default")
    parser.add_argument("--system", action="append", help="only this system; repeatable")
    parser.add_argument("--threads", type=int, help="threads of the index")
    options = parser.parse_args()
    if options.threads:
        faiss.omp_set_num_threads(options.threads)
    cache = FeatureCache(options.cache) if options.cache else None
    systems = {name: find_system(name) for name in options.system or (*SYSTEMS, *BASELINES)}
    before = json.loads(options.compare.read_text()) if options.compare else {}
    before = {key: before[key] for key in before if key.removesuffix(" compressed") in systems}
    digests, differ = {}, 0
    for name, system in systems.items():
        for compressed in (False, True):
            if compressed and isinstance(system, GlobalSystem):
                continue
            key = f"{name} compressed" if compressed else name
            digests[key] = digest_system(system, cache, compressed)
            same = digests[key] == before[key] if key in before else None
            differ += same is False
            verdict = {True: "same", False: "DIFFERS", None: ""}[same]
            print(f"{key:32} {digests[key]['features']} {digests[key]['rankings']} {verdict}")
            sys.stdout.flush()
    if options.write:
        options.write.write_text(json.dumps(digests, indent=1) + "\n")
    if before:
        print(
            f"{differ} of {len(before)} differ, {len(before.keys() - digests.keys())} are missing"
        )
    sys.exit(1 if differ or before.keys() - digests.keys() else 0)


def digest_system(system: System, cache: FeatureCache | None, compressed: bool) -> dict[str, str]:
    """Digests of the features of Albion's first images, and of rankings among them."""
    benchmark = load("albion")
    retriever = system.retriever(cache, compressed)
    retriever.add(benchmark.images[:IMAGES], skip=lambda name, reason: None)
    features, rankings = hashlib.sha256(), hashlib.sha256()
    for database in reversed(retriever.databases):
        for name in sorted(database.descriptions):
            for field in FIELDS:
                feed(features, getattr(database[name], field, None))
    for query in benchmark.queries[::QUERY_STEP]:
        for result in retriever.search(query.read()).results:
            values = [Path(result.image).name, result.score, result.inliers, result.vote]
            rankings.update(json.dumps(values).encode())
            for array in (result.lines, result.features, result.matrix):
                feed(rankings, array)
    settings = json.dumps(dict(retriever.settings), sort_keys=True, default=str)
    return {
        "features": features.hexdigest()[:16],
        "rankings": rankings.hexdigest()[:16],
        "settings": settings,
    }


def feed(digest: Any, array: Any) -> None:
    """Add an array's shape, type and values."""
    if array is not None:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.shape}{array.dtype}".encode() + array.tobytes())


if __name__ == "__main__":
    main()
