"""Match two images with each other: mutual nearest neighbours and the ratio test (lab 06).

The paper verifies the neighbours that the index finds in the whole collection. Matching the query
with one image finds more of what the two have in common, because a feature of the image then
competes with the other features of that image, and not with those of all images.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures
from delf_lesson.retrieval.verification import Model, verify_result
from delf_lesson.retrieval.voting import Match, Result

LEVELS = 4000
"""Descriptors are rounded to multiples of 1 / LEVELS before they are multiplied.

In units of 1 / LEVELS^2, the product of two unit descriptors is then an integer below 2^24, and so
is every partial sum of it. Float32 holds these integers exactly. So a product is the same for every
order of its sum, which differs between processors and numbers of threads. Rounding changes a
similarity by about 0.0001."""
ONE_THREAD = 4 * 65536
"""OpenBLAS, NumPy's library for products, computes up to this many multiplications in one thread.
Beyond that its threads wait for each other at every product. On a processor that has other work,
too, a product of 1000 x 40 by 40 x 1000 then took 16 ms of processor time, and 1.7 ms in blocks."""
COLUMNS = 80
"""Descriptors of the image in a block of the product."""
TOGETHER = 4
"""Blocks of the query that are multiplied at a time. Fewer would let threads wait for Python."""
THREADS = min(os.cpu_count() or 1, 8)
"""Threads that verify images. NumPy and OpenCV let them compute at the same time."""


class PairMatcher:
    """Matches the descriptors of a query with those of one image after the other.

    query: unit descriptors (N, D). ratio: of Lowe's test, which also asks that the nearest
    descriptor of the image is closer than `ratio` times the distance of the second nearest; None
    for no test. Raises ValueError for a ratio outside (0, 1].

    Two descriptors match if each is the nearest of the other. Of equally near descriptors the first
    counts. The memory for products is used again for the next image, so threads need a matcher
    each.
    """

    def __init__(self, query: NDArray[np.float32], ratio: float | None = None) -> None:
        check_ratio(ratio)
        self.ratio = ratio
        self._count, self._dimensions = query.shape
        rows = max(ONE_THREAD // (COLUMNS * max(self._dimensions, 1)), 1)
        self._blocks = _blocks(query, rows - rows % 8 if rows > 8 else rows)
        self._memory = np.zeros(0, np.float32)

    def match(self, image: NDArray[np.float32]) -> Match:
        """The matches with an image's unit descriptors (M, D), in the order of the query's rows.

        Their weights are 0: they add nothing to a vote. Raises ValueError for descriptors of
        another length than the query's.
        """
        if image.ndim != 2 or image.shape[1] != self._dimensions:
            raise ValueError(
                f"image: descriptors have shape {image.shape}; wanted (M, {self._dimensions}), as "
                "long as the query's"
            )
        if self._count == 0 or len(image) == 0:
            nothing = np.zeros(0, np.int64)
            return Match(nothing, nothing, np.zeros(0, np.float32))
        nearest = np.zeros(self._count, np.int64)
        best, second = np.zeros((2, self._count), np.float32)
        best_of_image = np.full(len(image), -np.inf, np.float32)
        for start, products in self._products(image):
            of_block = slice(start, start + len(products))
            nearest[of_block] = found = products.argmax(axis=1)  # the first of equal ones
            at = (np.arange(len(products)), found)
            best[of_block] = products[at]
            np.maximum(best_of_image, products.max(axis=0)[: len(image)], out=best_of_image)
            if self.ratio is not None:
                products[at] = -np.inf
                second[of_block] = products.max(axis=1)
        query = np.flatnonzero(best == best_of_image[nearest])
        query = query[np.sort(np.unique(nearest[query], return_index=True)[1])]  # here, too
        if self.ratio is not None:
            distance, next_distance = _squared_distances(best), _squared_distances(second)
            query = query[distance[query] < self.ratio**2 * next_distance[query]]
        return Match(query, nearest[query], np.zeros(len(query), np.float32))

    def _products(self, image: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Products of some rows of the query with all of the image, and the first row's number.

        They are exact integers in units of 1 / LEVELS^2, filled up with columns of -inf. All of
        them share one memory, so that it stays in a processor's cache.
        """
        others = _blocks(image, COLUMNS)[None].swapaxes(2, 3)  # (1, m, D, columns)
        rows, columns = self._blocks.shape[1], others.shape[1] * COLUMNS
        size = TOGETHER * rows * columns
        if len(self._memory) < size:
            self._memory = np.empty(size, np.float32)
        for number in range(0, len(self._blocks), TOGETHER):
            blocks = self._blocks[number : number + TOGETHER, None]  # (n, 1, rows, D)
            products = self._memory[: blocks.size // self._dimensions * columns]
            products = products.reshape(len(blocks) * rows, columns)
            by_block = products.reshape(len(blocks), rows, -1, COLUMNS).swapaxes(1, 2)  # a view
            np.matmul(blocks, others, out=by_block)
            products[:, len(image) :] = -np.inf
            yield number * rows, products[: self._count - number * rows]


def check_ratio(ratio: float | None) -> None:
    """Raise ValueError unless it is None, or above 0 and at most 1."""
    if ratio is not None and not 0 < ratio <= 1:
        raise ValueError(f"ratio is {ratio}; wanted more than 0 and at most 1, or None")


def _blocks(descriptors: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """Descriptors (N, D) in units of 1 / LEVELS, as blocks (n, rows, D) filled up with zeros."""
    count, dimensions = descriptors.shape
    blocks = np.zeros((-(-count // rows), rows, dimensions), np.float32)
    filled = blocks.reshape(-1, dimensions)[:count]
    np.rint(descriptors * np.float32(LEVELS), out=filled)
    return blocks


def _squared_distances(products: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of unit descriptors, by their products in units of 1 / LEVELS^2."""
    return np.maximum(2 - 2 * products.astype(np.float64) / LEVELS**2, 0)


def verify_candidates(
    candidates: Mapping[int, Result],
    query: LocalFeatures,
    described: Mapping[str, LocalFeatures],
    matches: Mapping[int, Match] | None,
    ratio: float | None,
    model: Model,
    threshold: float,
    minimum_inliers: int,
    seed: int,
) -> dict[int, Result]:
    """The results of images with their inliers, see `verify_result`, by position.

    described: the features of images by name; only those of the candidates are read. matches: the
    correspondences that the index found, by position; None to match each image with the query, see
    `PairMatcher`.

    Several threads share the images. Each image is verified alone, so the threads change nothing.
    """

    def verified(images: Sequence[int]) -> dict[int, Result]:
        matcher = PairMatcher(query.descriptors, ratio)
        results = {}
        for image in images:
            features = described[candidates[image].image]
            if matches is None:
                match = matcher.match(features.descriptors)
            else:
                match = matches[image]
            results[image] = verify_result(
                candidates[image],
                *(query, features, match),
                model=model,
                threshold=threshold,
                minimum_inliers=minimum_inliers,
                seed=seed,
            )
        return results

    images = [image for image in candidates if matches is None or image in matches]
    shares = [images[number::THREADS] for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        return {
            image: result for share in pool.map(verified, shares) for image, result in share.items()
        }
