"""How far descriptors that were trained on renderings carry to photographs.

FOLDER has one sub-folder a place and unrelated pictures in `_distractors`; the first picture of
every place is a query, and the other pictures of its place are what should be found. A colour
histogram and a trunk that was never trained stand beside the systems: what they reach is no merit.

    python tests/benchmarks/photo_systems.py FOLDER [--weights FILE]...

--weights: files that `delf-lesson train` wrote, or torchvision's trunk by the name imagenet. Each
is measured by the norm, and with its attention if it has one.
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
from delf_lesson.deep.weights import load_trained
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.evaluation.report import one_query_each
from delf_lesson.features import LocalExtractor
from delf_lesson.images import read_image, resize_longest
from delf_lesson.retrieval.retrievers import RetrievalEngine
from delf_lesson.retrieval.voting import ORDERS, Order, reordered
from delf_lesson.systems.registry import DELF_THRESHOLD, SYSTEMS

SYSTEMS_MEASURED = ("OpenCV-RootSIFT", "SIFT", "DELF", "DELF+FT", "DELF+FT+ATT")
REDUCED_FROM = 4  # a missing reduction is computed from every fourth picture without a place


def delfs(weights: Sequence[str], unrelated: Sequence[str]) -> Mapping[str, LocalExtractor]:
    """The extractors of weights files by name; what has no reduction gets one here."""

    def reduced(trunk: Trunk, attention=None) -> Pca:
        images = (read_image(path) for path in unrelated[::REDUCED_FROM])
        extractor = Delf(trunk, attention, max_features=300)
        return Pca.of_extractor(extractor, images, 40, "photographs without a place")

    torch.manual_seed(0)
    untrained = Trunk("resnet18").eval()
    found = {"untrained trunk, norm": Delf(untrained, None, reduced(untrained))}
    for name in weights:
        one = load_trained(name)
        reduction = one.reduction or reduced(one.trunk, one.attention)
        found[f"{Path(name).stem}, norm"] = Delf(one.trunk, None, reduction)
        if one.attention is not None:
            found[f"{Path(name).stem}, attention"] = Delf(one.trunk, one.attention, reduction)
    return found


def rankings(
    engine: RetrievalEngine, queries: Sequence[str]
) -> Mapping[Order, Mapping[str, Sequence[str]]]:
    """The images found for each query in every order, itself left out."""
    found = {query: engine.search(query).results for query in queries}
    return {
        order: {
            query: [one.image for one in reordered(results, order) if one.image != query]
            for query, results in found.items()
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
    found = {}
    for query in queries:
        similarity = rows @ rows[images.index(query)]
        order = np.argsort(-similarity, kind="stable")
        found[query] = [images[place] for place in order if images[place] != query]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", action="append", default=[])
    options = parser.parse_args()
    benchmark = load_folder(options.folder, distractors=True)
    images = [str(image) for image in benchmark.images]
    named_so = {benchmark.name_of(Path(image)): image for image in images}
    positives = {
        str(query.path): [named_so[name] for name in benchmark.truth[query.name].positives]
        for query in one_query_each(benchmark, in_turn=False)
    }
    unrelated = [image for image in images if Path(image).parent.name == UNRELATED_FOLDER]

    def report(name: str, found: Mapping[str, Sequence[str]]) -> None:
        scores = [average_precision(found[query], own) for query, own in positives.items()]
        right = sum(
            found[query][:1] != [] and found[query][0] in positives[query] for query in found
        )
        print(f"{name:32} mAP {fmean(scores):.3f}  first right {right} of {len(found)}", flush=True)

    print(f"{len(images)} images, {len(positives)} places; every order of ranking")
    report("colour histogram", by_colour(images, list(positives)))
    named = {name: SYSTEMS[name].extractor() for name in SYSTEMS_MEASURED}
    for name, extractor in {**named, **delfs(options.weights, unrelated)}.items():
        threshold = SYSTEMS[name].threshold if name in SYSTEMS else DELF_THRESHOLD
        engine = RetrievalEngine(extractor, threshold=threshold, cache=FeatureCache.default())
        engine.add(images)
        for order, found in rankings(engine, list(positives)).items():
            report(f"{name}, by {order}", found)


if __name__ == "__main__":
    main()
