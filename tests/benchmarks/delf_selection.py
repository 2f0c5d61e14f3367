"""What selection and fine-tuning gain: keypoints on the landmark, and mAP.

Shares: of the best 100, 300 and 1000 keypoints of every image that shows a landmark, the share on
its mask. mAP: of all queries, or of one query a landmark with --quick; also without any selection,
with the paper's places of keypoints, and in half precision. Features are stored in the cache.

    python tests/benchmarks/delf_selection.py [--city albion] [--quick] [--only shares|map]
"""

import argparse
import time
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from torch import Tensor, nn

from delf_lesson.cache import FeatureCache
from delf_lesson.classroom.experiments import COUNTS, shares_on_mask
from delf_lesson.datasets import load
from delf_lesson.datasets.rendered import CITIES, rendered_images
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.weights import load_trained
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.evaluation.report import one_query_each
from delf_lesson.features import LocalExtractor
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.retrievers import LocalRetriever
from delf_lesson.retrieval.voting import ORDERS, Order, reordered
from delf_lesson.systems.registry import DELF_RANKING, SYSTEMS, find_system
from delf_lesson.systems.specification import LocalSystem, SystemOptions

SYSTEMS_MEASURED = ("Harris+SIFT", "SIFT", "DELF", "DELF+FT", "DELF+FT+ATT")


class RandomScores(nn.Module):
    """Random scores, which depend on the image only as a seed."""

    def forward(self, features: Tensor) -> Tensor:
        drawn = torch.Generator().manual_seed(zlib.crc32(features.numpy().tobytes()))
        return torch.rand(len(features), 1, *features.shape[2:], generator=drawn)


def local_system(name: str) -> LocalSystem:
    system = find_system(name)
    assert isinstance(system, LocalSystem)
    return system


def extractors() -> Mapping[str, LocalExtractor]:
    """The systems, and both trunks with 1000 random cells, which shows what selection gains."""
    base, delf = load_trained("base"), load_trained("attention")
    systems = {name: local_system(name).make_extractor() for name in SYSTEMS_MEASURED}
    attentive = systems["DELF+FT+ATT"]
    assert isinstance(attentive, Delf)
    return {
        **systems,
        "DELF+FT+ATT, field": replace(attentive, cell_anchor="field"),
        "base, 1000 by lot": Delf(base.trunk, RandomScores(), base.reduction),
        "FT, 1000 by lot": Delf(delf.trunk, RandomScores(), delf.reduction),
    }


def print_shares(city: str) -> None:
    shown = [image for image in rendered_images(city) if image.view in ("good", "ok")]
    masks = [image.mask() for image in shown]
    print(f"{city}: {len(shown)} images, mask {np.mean([m.mean() for m in masks]):.3f} of them")
    print("share of the best keypoints on the mask:", *COUNTS)
    for name, extractor in extractors().items():
        database = ImageDatabase(extractor, FeatureCache.default())
        shares = [
            shares_on_mask(database.describe(image.path), mask)
            for image, mask in zip(shown, masks, strict=True)
        ]
        print(f"  {name:20}", *(f"{share:.3f}" for share in np.mean(shares, axis=0)), flush=True)


def print_map(city: str, quick: bool) -> None:
    benchmark = load(city)
    queries = one_query_each(benchmark) if quick else benchmark.queries
    print(f"{city}: mAP of {len(queries)} queries by {' / '.join(ORDERS)}")
    delf = load_trained("ft")
    half = local_system("DELF+FT+ATT").with_options(SystemOptions(bf16=True))
    more = {
        "DELF+FT+ATT, bf16": half.make_extractor(),
        "FT, all cells": Delf(delf.trunk, None, delf.reduction, max_features=100_000),
    }
    for name, extractor in {**extractors(), **more}.items():
        ranking = local_system(name).ranking if name in SYSTEMS else DELF_RANKING
        started = time.perf_counter()
        retriever = LocalRetriever(ImageDatabase(extractor, FeatureCache.default()), ranking)
        retriever.add(benchmark.images)
        precisions: dict[Order, list[float]] = {order: [] for order in ORDERS}
        for query in queries:
            results, truth = retriever.search(query.read()).results, benchmark.truth[query.name]
            for order in ORDERS:
                images = [Path(result.image).stem for result in reordered(results, order)]
                precisions[order].append(average_precision(images, truth.positives, truth.junk))
        seconds = time.perf_counter() - started
        shown = " / ".join(f"{fmean(values):.3f}" for values in precisions.values())
        print(f"  {name:20} {shown}  ({seconds:.0f} s)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--city", choices=CITIES, action="append")
    parser.add_argument("--quick", action="store_true", help="one query a landmark")
    parser.add_argument("--only", choices=("shares", "map"))
    options = parser.parse_args()
    for city in options.city or CITIES:
        if options.only != "map":
            print_shares(city)
        if options.only != "shares":
            print_map(city, options.quick)


if __name__ == "__main__":
    main()
