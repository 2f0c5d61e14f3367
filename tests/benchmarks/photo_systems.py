"""How far descriptors that were trained on renderings carry to photographs.

FOLDER has one sub-folder a place and unrelated photos in `_distractors`. The first photo of every
place is a query, and the other photos of its place are its positives. A colour histogram and a
trunk that was never trained are measured too: what they reach needs no training.

    python tests/benchmarks/photo_systems.py FOLDER [--weights FILE]...

--weights: files that `delf-lesson train` wrote, or torchvision's trunk by the name imagenet. Each
is measured with scores by the norm, and with its attention if it has one.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch

from delf_lesson.cache import FeatureCache
from delf_lesson.datasets.loading import UNRELATED_FOLDER, load_folder
from delf_lesson.deep.backbone import Trunk
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.reduction import Pca
from delf_lesson.deep.weights import load_trained, make_trunk
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.evaluation.report import one_query_each
from delf_lesson.features import LocalExtractor
from delf_lesson.images import read_image, resize_longest
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.retrievers import LocalRanking, LocalRetriever
from delf_lesson.retrieval.voting import ORDERS, Order, reordered
from delf_lesson.systems.registry import DELF_RANKING, find_system
from delf_lesson.systems.specification import LocalSystem

SYSTEMS_MEASURED = ("OpenCV-RootSIFT", "SIFT", "DELF", "DELF+FT", "DELF+FT+ATT")
REDUCED_FROM = 4  # a missing reduction is computed from every fourth photo without a place


def delfs(weights: Sequence[str], unrelated: Sequence[str]) -> Mapping[str, LocalExtractor]:
    """The extractors of weights files by name; what has no reduction gets one here."""

    def reduced(trunk: Trunk, attention=None) -> Pca:
        images = (read_image(path) for path in unrelated[::REDUCED_FROM])
        extractor = Delf(trunk, attention, max_features=300)
        return Pca.of_extractor(extractor, images, 40, "photos without a place")

    torch.manual_seed(0)
    untrained = make_trunk("resnet18").eval()
    extractors = {"untrained trunk, norm": Delf(untrained, None, reduced(untrained))}
    for name in weights:
        trained = load_trained(name)
        trunk, attention = trained.trunk, trained.attention
        reduction = trained.reduction or reduced(trunk, attention)
        extractors[f"{Path(name).stem}, norm"] = Delf(trunk, None, reduction)
        if attention is not None:
            extractors[f"{Path(name).stem}, attention"] = Delf(trunk, attention, reduction)
    return extractors


def rankings(
    retriever: LocalRetriever, queries: Sequence[str]
) -> Mapping[Order, Mapping[str, Sequence[str]]]:
    """The ranking of each query in every order, without the query itself."""
    by_query = {query: retriever.search(query).results for query in queries}
    return {
        order: {
            query: [result.image for result in reordered(results, order) if result.image != query]
            for query, results in by_query.items()
        }
        for order in ORDERS
    }


def by_colour(images: Sequence[str], queries: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Rankings by the Hellinger kernel of colour histograms of 8x8x8 bins."""

    def histogram(path: str):
        image, _ = resize_longest(read_image(path), 640)
        counts = cv2.calcHist([image], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3).ravel()
        return np.sqrt(counts / counts.sum())

    rows = np.stack([histogram(path) for path in images])
    by_query = {}
    for query in queries:
        similarity = rows @ rows[images.index(query)]
        order = np.argsort(-similarity, kind="stable")
        by_query[query] = [images[row] for row in order if images[row] != query]
    return by_query


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", action="append", default=[])
    options = parser.parse_args()
    benchmark = load_folder(options.folder, distractors=True)
    images = [str(image) for image in benchmark.images]
    paths = {benchmark.name_of(Path(image)): image for image in images}
    positives = {
        str(query.path): [paths[name] for name in benchmark.truth[query.name].positives]
        for query in one_query_each(benchmark, in_turn=False)
    }
    unrelated = [image for image in images if Path(image).parent.name == UNRELATED_FOLDER]

    def report(name: str, by_query: Mapping[str, Sequence[str]]) -> None:
        scores = [average_precision(by_query[query], right) for query, right in positives.items()]
        firsts = sum(
            bool(images) and images[0] in positives[query] for query, images in by_query.items()
        )
        print(
            f"{name:32} mAP {fmean(scores):.3f}  first right {firsts} of {len(by_query)}",
            flush=True,
        )

    print(f"{len(images)} images, {len(positives)} places; every order of ranking")
    report("colour histogram", by_colour(images, list(positives)))
    extractors: dict[str, tuple[LocalExtractor, LocalRanking]] = {}
    for name in SYSTEMS_MEASURED:
        system = find_system(name)
        assert isinstance(system, LocalSystem)
        extractors[name] = system.make_extractor(), system.ranking
    for name, extractor in delfs(options.weights, unrelated).items():
        extractors[name] = extractor, DELF_RANKING
    for name, (extractor, ranking) in extractors.items():
        retriever = LocalRetriever(ImageDatabase(extractor, FeatureCache.default()), ranking)
        retriever.add(images)
        for order, by_query in rankings(retriever, list(positives)).items():
            report(f"{name}, by {order}", by_query)


if __name__ == "__main__":
    main()
