"""The four properties of the lecture, of the keypoints and descriptors of every local system.

Rendered pairs of the same landmark with exact truth, that differ in light or in viewpoint:
repeatability, precision and recall of matches at a ratio of 0.8, keypoints an image, coverage.

    python tests/benchmarks/local_properties.py [--pairs N]
"""

import argparse

from delf_lesson.classical.properties import compare, view_of_pair
from delf_lesson.datasets.correspondences import pairs
from delf_lesson.systems.registry import local_extractors

RATIO = 0.8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=8, help="of each city and kind")
    options = parser.parse_args()
    for kind in ("light", "viewpoint"):
        chosen = [pair for city in ("albion", "lutetia") for pair in pairs(city, kind)]
        every = max(1, len(chosen) // (2 * options.pairs))
        views = [view_of_pair(pair) for pair in chosen[::every]]
        print(f"{kind}, {len(views)} pairs: repeatability, precision and recall at {RATIO}, count")
        for name, extractor in local_extractors().items():
            measured = compare({name: extractor}, views)[name]
            precision, recall = measured.matching.at(RATIO)
            print(
                f"  {name:16} {measured.repeatability:.3f}  {precision:.3f}  {recall:.3f}  "
                f"{measured.count:6.0f}  coverage {measured.coverage:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
