"""An extractor that keeps the contract, and extractors that break a promise of it each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import cv2
import numpy as np

from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.images import check_image, resize_longest, to_original

TILE = 8
BINS = 16
calls = count()


@dataclass(frozen=True)
class Tiles:
    """The tiles of an image that vary most, each described by a histogram of its grey levels."""

    max_keypoints: int = 40
    max_side: int = 160
    batch: int = 1

    def __post_init__(self) -> None:
        for name in ("max_keypoints", "max_side", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; wanted 1 or more")

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "extractor": "Tiles",
            "max_keypoints": self.max_keypoints,
            "max_side": self.max_side,
        }

    def extract(self, image: np.ndarray) -> Any:
        return self.extract_prepared([self.prepare(image)])[0]

    def prepare(self, image: np.ndarray) -> Any:
        check_image(image)
        small, _ = resize_longest(image, self.max_side)
        grey = cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2GRAY)
        return grey, (image.shape[1], image.shape[0])

    def extract_prepared(self, prepared: Sequence[Any]) -> list[Any]:
        if len({size for _, size in prepared}) > 1:
            raise ValueError("images differ in size; wanted one size")
        return [self.described(grey, size) for grey, size in prepared]

    def described(self, grey: np.ndarray, size: tuple[int, int]) -> LocalFeatures:
        rows, columns = grey.shape[0] // TILE, grey.shape[1] // TILE
        tiles = grey[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
        tiles = tiles.swapaxes(1, 2).reshape(-1, TILE * TILE)
        scores = tiles.std(axis=1) if len(tiles) else np.zeros(0)
        best = np.argsort(-scores, kind="stable")
        best = best[scores[best] > 0][: self.max_keypoints]
        y, x = np.divmod(best, max(columns, 1))
        xy = np.c_[x, y] * TILE + (TILE - 1) / 2
        histograms = [np.histogram(tile, BINS, (0, 256))[0] for tile in tiles[best]]
        small = (grey.shape[1], grey.shape[0])
        return LocalFeatures(
            self.placed(xy, small, size),
            l2_normalise(np.array(histograms, float).reshape(-1, BINS)),
            scores[best],
            np.full(len(best), small[0] / size[0]),
            size,
        )

    def placed(self, xy: np.ndarray, small: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
        """Points of the shrunk image in pixels of the given image."""
        return to_original(xy, small, size)


@dataclass(frozen=True)
class Alone:
    """An extractor that has only what the protocol asks for, to which breaches are added."""

    tiles: Tiles = field(default_factory=Tiles)

    @property
    def settings(self) -> Mapping[str, object]:
        return self.tiles.settings

    def extract(self, image: np.ndarray) -> Any:
        return self.tiles.extract(image)


def forced(features: Any, **fields: Any) -> Any:
    """Features with fields that their class would refuse."""
    features = features.select(np.arange(len(features)))
    for name, value in fields.items():
        object.__setattr__(features, name, value)
    return features


class InFloat64(Alone):
    def extract(self, image):
        features = super().extract(image)
        return forced(features, scores=features.scores.astype(float))


class OutsideTheImage(Alone):
    def extract(self, image):
        features = super().extract(image)
        return replace(features, xy=features.xy + 200)


class SizeAsHeightAndWidth(Alone):
    def extract(self, image):
        features = super().extract(image)
        return replace(features, image_size=image.shape[:2])


class FindsNothing(Alone):
    def extract(self, image):
        return super().extract(image).top(0)


class LongDescriptors(Alone):
    def extract(self, image):
        features = super().extract(image)
        return forced(features, descriptors=2 * features.descriptors)


class WorstFirst(Alone):
    def extract(self, image):
        features = super().extract(image)
        return features.select(np.arange(len(features))[::-1])


class IgnoresItsLimit(Tiles):
    def described(self, grey, size):
        return Tiles(1000).described(grey, size)


class RandomPerCall(Alone):
    def extract(self, image):
        features = super().extract(image)
        scores = features.scores + np.float32(next(calls))
        return replace(features, scores=scores)


class RandomPerInstance(Alone):
    def __init__(self):
        super().__init__()
        object.__setattr__(self, "offset", np.float32(next(calls)))

    def extract(self, image):
        features = super().extract(image)
        return replace(features, scores=features.scores + self.offset)


class DependsOnThreads(Alone):
    def extract(self, image):
        features = super().extract(image)
        return replace(features, scores=features.scores + np.float32(cv2.getNumThreads()))


class TakesGrey(Alone):
    def extract(self, image):
        if image.ndim == 2:
            image = np.repeat(image[..., None], 3, axis=2)
        return super().extract(image)


class RefusesWithoutAName(Alone):
    def extract(self, image):
        if image.ndim == 2:
            raise ValueError("bad input")
        return super().extract(image)


class BlindToGrey(Alone):
    def extract(self, image):
        features = super().extract(image)
        grey = (image[..., 0] == image[..., 1]).all()
        return features.top(0) if grey else features


class FailsOnTinyImages(Alone):
    def extract(self, image):
        assert min(np.shape(image)[:2]) >= TILE, "too small"
        return super().extract(image)


class InPixelsOfTheShrunkImage(Tiles):
    def placed(self, xy, small, size):
        return xy


class HalfAPixelOff(Tiles):
    def placed(self, xy, small, size):
        return xy * size[0] / small[0]


class ReadsMemoryInItsOrder(Alone):
    def extract(self, image):
        check_image(image)
        memory = np.ascontiguousarray(image.T if image.flags.f_contiguous else image)
        return super().extract(memory.reshape(image.shape))


class WritesIntoItsImage(Alone):
    def extract(self, image):
        features = super().extract(image)
        if image.flags.writeable:
            image[0, 0] += 1
        return features


class NoDimensionsWhenEmpty(Alone):
    def extract(self, image):
        features = super().extract(image)
        if len(features):
            return features
        return replace(features, descriptors=np.zeros((0, 0), np.float32))


class SavesOneFeature(Alone):
    def extract(self, image):
        features = super().extract(image)
        return forced(features, save=lambda path: features.top(1).save(path))


class ArraysInSettings(Alone):
    @property
    def settings(self):
        return {**super().settings, "scales": np.ones(2)}


class TimeInSettings(Alone):
    @property
    def settings(self):
        return {**super().settings, "call": next(calls)}


class LimitNotInSettings(Tiles):
    @property
    def settings(self):
        return {"extractor": "Tiles", "max_side": self.max_side}


class SideWithoutEffect(Tiles):
    def prepare(self, image):
        return Tiles().prepare(image)


@dataclass(frozen=True)
class ThresholdNotInSettings(Tiles):
    threshold: float = 20.0

    def described(self, grey, size):
        features = super().described(grey, size)
        return features.select(features.scores > self.threshold)


@dataclass(frozen=True)
class BatchInSettings(Tiles):
    @property
    def settings(self):
        return {**super().settings, "batch": self.batch}


class AcceptsWrongOptions(Tiles):
    def __post_init__(self):
        pass


class LacksPrepare(Alone):
    batch = 2

    def extract_prepared(self, prepared):
        return []


class MixesUpItsBatch(Tiles):
    def extract_prepared(self, prepared):
        return super().extract_prepared(prepared)[::-1]


class TakesMixedSizes(Tiles):
    def extract_prepared(self, prepared):
        return [self.described(*each) for each in prepared]


class CopiesDescribeOtherwise(Alone):
    def __deepcopy__(self, memo):
        return type(self)(replace(self.tiles, max_keypoints=5))


class PickledWithoutOptions(Alone):
    def __reduce__(self):
        return type(self), (Tiles(5),)
