"""How hard the rendered cities are for the classical pipeline, and which images match by chance.

Prints mAP of RootSIFT with affine verification, the share of the R positives among the first R of
a ranking by light, viewpoint and scale, and the most verified inliers between images that show
different things.

    python tests/benchmarks/landmark_difficulty.py [albion] [lutetia] [--pairs]
"""

import argparse
from pathlib import Path

import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.datasets import load
from delf_lesson.datasets.rendered import CITIES, rendered_images
from delf_lesson.evaluation.comparison import recall_by_condition
from delf_lesson.evaluation.metrics import mean_interval
from delf_lesson.evaluation.report import evaluate
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.retrievers import LocalRanking, LocalRetriever
from delf_lesson.retrieval.verification import verify

RATIO = 0.8  # of Lowe's test, for pairs of images


def retriever_of(benchmark, **ranking):
    database = ImageDatabase(OpenCVSift(), FeatureCache.default())
    retriever = LocalRetriever(database, LocalRanking(**ranking))
    retriever.add(benchmark.images)
    return retriever


def show_conditions(city, benchmark, evaluation):
    for condition, values in recall_by_condition(
        evaluation, benchmark, rendered_images(city)
    ).items():
        cells = [
            f"{value}: {recall.share:.2f} of {recall.count}" for value, recall in values.items()
        ]
        print(f"  {condition}: {'; '.join(cells)}", flush=True)


def show_false_matches(benchmark):
    """Verifies every image that shares a match with the query, not only the best hundred."""
    retriever = retriever_of(benchmark, verify_top=len(benchmark.images), minimum_inliers=1)
    worst = {"a landmark's query": (0, "", ""), "a query without a landmark": (0, "", "")}
    for query in (*benchmark.queries, *benchmark.distractor_queries):
        truth = benchmark.truth.get(query.name)
        right = truth.positives | truth.junk if truth else frozenset()
        kind = "a landmark's query" if truth else "a query without a landmark"
        for result in retriever.search(query.read()).results:
            name = Path(result.image).stem
            if name not in right:
                worst[kind] = max(worst[kind], (result.inliers, query.name, name))
    for kind, (inliers, query, image) in worst.items():
        print(
            f"{benchmark.name}: {kind} has at most {inliers} false inliers ({query}, {image})",
            flush=True,
        )


def show_false_pairs(city, benchmark):
    """The same between single pairs of images, matched by the ratio test."""
    database = retriever_of(benchmark).database
    counts = []
    for query in benchmark.queries:
        truth, asked = benchmark.truth[query.name], database.describe(query.read())
        for name, features in database.descriptions.items():
            if Path(name).stem not in truth.positives | truth.junk:
                similar = asked.descriptors @ features.descriptors.T
                best = np.argpartition(-similar, 1, axis=1)[:, :2]  # in order
                near, next_ = (2 - 2 * np.take_along_axis(similar, best, 1)).clip(0).T
                passes = np.sqrt(near) < RATIO * np.sqrt(next_)
                there = features.xy[best[passes, 0]]
                threshold = 0.02 * max(features.image_size)
                verified = verify(asked.xy[passes], there, "affine", threshold=threshold)
                counts.append((verified.count, query.name, Path(name).stem))
    values = [count for count, *_ in counts]
    inliers, query, image = max(counts)
    most = np.percentile(values, 99.9)
    print(f"{city}: {len(values)} pairs of a query and an image without its landmark")
    print(f"  at most {inliers} inliers ({query}, {image}), {most:.0f} or fewer in 99.9% of them")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cities", nargs="*", default=CITIES)
    parser.add_argument("--pairs", action="store_true", help="all false pairs too (minutes)")
    options = parser.parse_args()
    for city in options.cities:
        for distractors in (False, True):
            benchmark = load(city, distractors)
            evaluation = evaluate(retriever_of(benchmark), benchmark)
            low, high = mean_interval(
                list(evaluation.average_precisions.values()),
                [query.landmark for query in benchmark.queries],
            )
            value = evaluation.mean_average_precision
            print(f"{benchmark.name}: RootSIFT mAP {value:.3f} [{low:.3f}, {high:.3f}]", flush=True)
            if not distractors:
                show_conditions(city, benchmark, evaluation)
                show_false_matches(benchmark)
        if options.pairs:
            show_false_pairs(city, load(city))


if __name__ == "__main__":
    main()
