"""What selection and fine-tuning are worth: keypoints on the landmark, and mAP.

Shares: of the best 100, 300 and 1000 keypoints of every picture that shows a landmark, those on
its mask. mAP: of all queries, or one of each landmark with --quick; also without any selection,
with the paper's places of keypoints, and in half precision. Features are kept in the cache.

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
from delf_lesson.retrieval.retrievers import RetrievalEngine
from delf_lesson.retrieval.voting import ORDERS, Order, reordered
from delf_lesson.systems.registry import DELF_THRESHOLD, SYSTEMS


class ScoresByLot(nn.Module):
    """Scores that know nothing of the image, drawn anew for each."""

    def forward(self, features: Tensor) -> Tensor:
        drawn = torch.Generator().manual_seed(zlib.crc32(features.numpy().tobytes()))
        return torch.rand(len(features), 1, *features.shape[2:], generator=drawn)


def extractors() -> Mapping[str, LocalExtractor]:
    """The systems, and of both trunks as many cells by lot: what selection is worth."""
    base, delf = load_trained("base"), load_trained("attention")
    attentive = SYSTEMS["DELF+FT+ATT"].extractor()
    chosen = {
        name: SYSTEMS[name].extractor() for name in ("Harris+SIFT", "SIFT", "DELF", "DELF+FT")
    }
    return {
        **chosen,
        "DELF+FT+ATT": attentive,
        "DELF+FT+ATT, field": replace(attentive, cell_anchor="field"),
        "base, 1000 by lot": Delf(base.trunk, ScoresByLot(), base.reduction),
        "FT, 1000 by lot": Delf(delf.trunk, ScoresByLot(), delf.reduction),
    }


def print_shares(city: str) -> None:
    shown = [p for p in rendered_images(city) if p.view in ("good", "ok")]
    masks = [picture.mask() for picture in shown]
    print(f"{city}: {len(shown)} pictures, mask {np.mean([m.mean() for m in masks]):.3f} of them")
    print("share of the best keypoints on the mask:", *COUNTS)
    for name, extractor in extractors().items():
        engine = RetrievalEngine(extractor, cache=FeatureCache.default())
        shares = [
            shares_on_mask(engine.describe(picture.path), mask)
            for picture, mask in zip(shown, masks, strict=True)
        ]
        print(f"  {name:20}", *(f"{share:.3f}" for share in np.mean(shares, axis=0)), flush=True)


def print_map(city: str, quick: bool) -> None:
    benchmark = load(city)
    queries = one_query_each(benchmark) if quick else benchmark.queries
    print(f"{city}: mAP of {len(queries)} queries by {' / '.join(ORDERS)}")
    delf = load_trained("ft")
    more = {
        "DELF+FT+ATT, bf16": replace(SYSTEMS["DELF+FT+ATT"].extractor(), bf16=True),
        "FT, all cells": Delf(delf.trunk, None, delf.reduction, max_features=100_000),
    }
    for name, extractor in {**extractors(), **more}.items():
        threshold = SYSTEMS[name].threshold if name in SYSTEMS else DELF_THRESHOLD
        started = time.perf_counter()
        engine = RetrievalEngine(extractor, threshold=threshold, cache=FeatureCache.default())
        engine.add(benchmark.images)
        precisions: dict[Order, list[float]] = {order: [] for order in ORDERS}
        for query in queries:
            results, truth = engine.search(query.read()).results, benchmark.truth[query.name]
            for order in ORDERS:
                ranking = [Path(one.image).stem for one in reordered(results, order)]
                precisions[order].append(average_precision(ranking, truth.positives, truth.junk))
        seconds = time.perf_counter() - started
        shown = " / ".join(f"{fmean(own):.3f}" for own in precisions.values())
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
