"""Systems that keep the contract, and systems that break a promise of it each."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

import cv2
import numpy as np
from toy_extractors import Tiles

from delf_lesson.features import ImageVector
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.global_retriever import GlobalRetriever
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.voting import Ranking
from delf_lesson.systems.baselines import ColourHistogram
from delf_lesson.systems.specification import (
    GlobalSystem,
    LocalSystem,
    PlainSpec,
    SystemOptions,
)

calls = count()


class ToyRetriever(GlobalRetriever):
    """A retriever whose rankings breaches change."""

    def rank(self, query, top=None, laps=None):
        ranking = super().rank(query, None, laps)
        results = self.ordered(ranking.results)
        if top is not None and top < 1:
            raise ValueError(f"top is {top}; wanted 1 or more results")
        return Ranking(results[:top], ranking.seconds)

    def ordered(self, results: list[Any]) -> list[Any]:
        return results


@dataclass(frozen=True)
class ToySystem(GlobalSystem):
    """A system whose retriever is of a class."""

    kind: type[ToyRetriever] = ToyRetriever

    def retriever(self, cache=None, compressed=False):
        if compressed:
            return super().retriever(cache, compressed)
        return self.kind(ImageDatabase[ImageVector](self.make_extractor(), cache))


TILE_CODE = Compression(parts=4, bits=4)
KEEPS_LOCAL = LocalSystem("toy", "tiles", PlainSpec(Tiles), compression=TILE_CODE)
KEEPS_GLOBAL = ToySystem("toy", "colours", PlainSpec(ColourHistogram))


class EmptyFindsNothing(ToyRetriever):
    def rank(self, query, top=None, laps=None):
        return super().rank(query, top, laps) if len(self) else Ranking([], {})


class NamesBackwards(ToyRetriever):
    @property
    def names(self):
        return super().names[::-1]


class WorstFirst(ToyRetriever):
    def ordered(self, results):
        return results[::-1]


class ListsTwice(ToyRetriever):
    def ordered(self, results):
        return [results[0], *results]


class ForgetsTheView(ToyRetriever):
    def ordered(self, results):
        return [result for result in results if result.image != "view"]


class InventsAnImage(ToyRetriever):
    def ordered(self, results):
        return [*results, replace(results[-1], image="nowhere")]


class TiesInAnyOrder(ToyRetriever):
    def ordered(self, results):
        names = sorted(results, key=lambda result: result.image, reverse=True)
        return sorted(names, key=lambda result: -result.score)


class IgnoresTop(ToyRetriever):
    def rank(self, query, top=None, laps=None):
        return Ranking(GlobalRetriever.rank(self, query).results, {"search": 0.0})


class TakesTopZero(ToyRetriever):
    def rank(self, query, top=None, laps=None):
        ranking = GlobalRetriever.rank(self, query, None, laps)
        return Ranking(ranking.results[:top], ranking.seconds)


class CopyLast(ToyRetriever):
    def ordered(self, results):
        return [replace(result, score=1 - result.score) for result in results[::-1]]


class RanksByTheOrderOfAdding(ToyRetriever):
    def ordered(self, results):
        added = list(self.database.descriptions)
        moved = [
            replace(result, score=result.score - 0.01 * added.index(result.image))
            for result in results
        ]
        return sorted(moved, key=lambda result: -result.score)


class RanksByThreads(ToyRetriever):
    def ordered(self, results):
        return [replace(result, score=result.score - cv2.getNumThreads()) for result in results]


class KeepsItsFirstIndex(ToyRetriever):
    """Sees nothing that is added after the first search."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.first: dict[str, Any] = {}

    def ordered(self, results):
        self.first = self.first or dict(self.database.descriptions)
        return [result for result in results if result.image in self.first]


class KeepsReplacedImages(ToyRetriever):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.add = self.add_new

    def add_new(self, images, names=None, skip=None):
        fresh = [pair for pair in zip(names, images, strict=True) if pair[0] not in self.names]
        self.database.add([image for _, image in fresh], [name for name, _ in fresh], skip)


class SkipsInSilence(ToyRetriever):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.add = self.add_readable

    def add_readable(self, images, names=None, skip=None):
        self.database.add(images, names, skip or (lambda name, reason: None))


class RefusesConstantImages(ToyRetriever):
    def describe(self, query):
        if isinstance(query, np.ndarray) and query.min() == query.max():
            raise ValueError("no keypoints were found")
        return super().describe(query)


class SearchesOtherwise(ToyRetriever):
    def search(self, query, top=None):
        ranking = super().search(query, top)
        results = [replace(result, score=result.score - 1) for result in ranking.results]
        return Ranking(results, ranking.seconds)


class HidesItsSeconds(ToyRetriever):
    def search(self, query, top=None):
        return Ranking(super().search(query, top).results, {"all": 1.0})


@dataclass(frozen=True)
class ForgetsItsCache(ToySystem):
    def retriever(self, cache=None, compressed=False):
        return super().retriever(None, compressed)


@dataclass(frozen=True)
class CompressesVectors(ToySystem):
    def retriever(self, cache=None, compressed=False):
        return super().retriever(cache)


@dataclass(frozen=True)
class IsNeverCompressed(LocalSystem):
    def retriever(self, cache=None, compressed=False):
        return super().retriever(cache)


@dataclass(frozen=True)
class StepsThatChange(ToySystem):
    @property
    def steps(self):
        return [self.name, next(calls)]


@dataclass(frozen=True)
class StepsWithoutName(ToySystem):
    @property
    def steps(self):
        return [self.expand]


@dataclass(frozen=True)
class OptionsRenameIt(ToySystem):
    def with_options(self, options):
        return replace(self, name="toy with options", options=options)


@dataclass(frozen=True)
class NetworkSpec:
    """An extractor with a network, so it says; makes: whether the options have an effect."""

    makes: bool = True
    weights_kind: str | None = "siamac"

    def make(self, options: SystemOptions) -> Any:
        if not self.makes or options.max_side is None:
            return NetworkTiles()
        return NetworkTiles(max_side=options.max_side, batch=options.batch, bf16=options.bf16)


@dataclass(frozen=True)
class NetworkTiles(Tiles):
    bf16: bool = False

    @property
    def settings(self):
        return {**super().settings, "bf16": self.bf16}


@dataclass(frozen=True)
class TakesAnyWeights(LocalSystem):
    def with_options(self, options):
        return replace(self, options=options)


@dataclass(frozen=True)
class DropsItsWeights(LocalSystem):
    def with_options(self, options):
        return replace(self, options=replace(options, weights=()))


def whole(kind: type[GlobalSystem]) -> GlobalSystem:
    """A system of a class with vectors of whole images."""
    return kind("toy", "colours", PlainSpec(ColourHistogram))


KEEPS_NETWORK = LocalSystem("toy", "tiles of a network", NetworkSpec(), compression=TILE_CODE)
KEEP_THE_CONTRACT = (KEEPS_LOCAL, KEEPS_GLOBAL, KEEPS_NETWORK)

OTHER_NAME = replace(KEEPS_GLOBAL, name="other")
NO_SUMMARY = replace(KEEPS_GLOBAL, summary=" ")
FORGETS_ITS_CACHE = whole(ForgetsItsCache)
COMPRESSES_VECTORS = whole(CompressesVectors)
IS_NEVER_COMPRESSED = IsNeverCompressed("toy", "tiles", PlainSpec(Tiles), compression=TILE_CODE)
STEPS_THAT_CHANGE, STEPS_WITHOUT_NAME = whole(StepsThatChange), whole(StepsWithoutName)
OPTIONS_RENAME_IT = whole(OptionsRenameIt)
IGNORES_OPTIONS = replace(KEEPS_NETWORK, extractor=NetworkSpec(makes=False))
TAKES_ANY_WEIGHTS = TakesAnyWeights(
    "toy", "tiles of a network", NetworkSpec(), compression=TILE_CODE
)
DROPS_ITS_WEIGHTS = DropsItsWeights(
    "toy", "tiles of a network", NetworkSpec(), compression=TILE_CODE
)
UNEQUAL_COPIES = replace(KEEPS_GLOBAL, extractor=PlainSpec(partial(ColourHistogram)))
