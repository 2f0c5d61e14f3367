"""Codes instead of descriptors, in inverted lists: the paper's index (section 4.4; lab 06)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures

MOST_LISTS = 8192
"""The paper's codebook, for a billion descriptors."""


@dataclass(frozen=True)
class Compression:
    """Product quantisation (Jégou et al., PAMI 2011) in an inverted index.

    A descriptor goes to the list of its nearest coarse centroid. What it differs from that by is
    cut into `parts`, and of each part only the number of the nearest of 2^bits centroids is kept:
    10 x 5 bits are 7 bytes. A query descriptor is not coded: its distance to a code is the
    distance to what the code stands for. It looks into the `probes` nearest lists alone.

    lists: coarse centroids; None for 2 sqrt(N), rounded to a power of two, at most 8192.
    rotate: learn a rotation first that spreads variance over the parts (OPQ, Ge et al., 2013).
    sample: descriptors trained on, for each list. seed: of their choice and of k-means.

    The paper also refines codes within a list by KD-trees and local rotations; this does not.
    """

    lists: int | None = None
    parts: int = 10
    bits: int = 5
    probes: int = 5
    rotate: bool = False
    sample: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("lists", "parts", "bits", "probes", "sample"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; wanted 1 or more")
        if self.bits > 8:
            raise ValueError(f"bits is {self.bits}; wanted 8 or fewer, a byte a part")

    def lists_for(self, count: int) -> int:
        """The number of inverted lists for a collection of `count` descriptors."""
        if self.lists is not None:
            return self.lists
        return int(min(2 ** round(np.log2(max(2 * np.sqrt(count), 1))), MOST_LISTS))

    def sample_of(self, collection: Mapping[str, LocalFeatures], count: int) -> NDArray[np.float32]:
        """Training descriptors of a collection of `count` of them, drawn by the seed.

        They depend on the images' names and not on the order they are given in.
        """
        wanted = max(self.sample * self.lists_for(count), 256 * 2**self.bits)
        drawn = np.random.default_rng(self.seed).permutation(count)[:wanted]
        is_drawn = np.zeros(count, bool)
        is_drawn[drawn] = True
        rows, start = [], 0
        for name in sorted(collection):
            descriptors = collection[name].descriptors
            rows.append(descriptors[is_drawn[start : start + len(descriptors)]])
            start += len(descriptors)
        return np.concatenate(rows)

    def trained(self, descriptors: NDArray[np.float32], count: int) -> Any:
        """An empty FAISS index with codebooks from descriptors (N, D).

        Raises ValueError if they are too few, or D is no multiple of `parts`.
        """
        dimensions, lists = descriptors.shape[1], self.lists_for(count)
        if dimensions % self.parts:
            raise ValueError(
                f"parts is {self.parts}, which does not divide descriptors of {dimensions} numbers"
            )
        if len(descriptors) < max(lists, 2**self.bits):
            raise ValueError(
                f"descriptors holds {len(descriptors)} to train {lists} lists and "
                f"{2**self.bits} centroids a part; give more, or ask for fewer"
            )
        coarse = faiss.IndexFlatL2(dimensions)
        inverted = faiss.IndexIVFPQ(coarse, dimensions, lists, self.parts, self.bits)
        _owned_by(inverted, coarse)
        for clustering in (inverted.cp, inverted.pq.cp):
            clustering.seed = self.seed + 1  # FAISS takes 0 for the time of day
            clustering.min_points_per_centroid = 1  # counted above; FAISS would print
        inverted.cp.max_points_per_centroid = self.sample
        if not self.rotate:
            inverted.train(descriptors)
            return inverted
        rotation = faiss.OPQMatrix(dimensions, self.parts)
        quantiser = faiss.ProductQuantizer(dimensions, self.parts, self.bits)
        rotation.pq = quantiser  # a bare pointer, so it must not outlive the quantiser
        rotated = faiss.IndexPreTransform(rotation, inverted)
        _owned_by(rotated, rotation, inverted)
        rotated.train(descriptors)
        rotation.pq = None
        return rotated

    def bytes(self, index: Any) -> dict[str, int]:
        """What a FAISS index that this made keeps, in bytes."""
        inverted: Any = faiss.downcast_index(faiss.extract_index_ivf(index))
        rotation = index.d**2 if self.rotate else 0
        return {
            "descriptors": index.ntotal * inverted.code_size,
            "ids": index.ntotal * 8,
            "codebooks": 4 * (inverted.nlist * index.d + inverted.pq.centroids.size() + rotation),
        }


def _owned_by(whole: Any, *parts: Any) -> None:
    """Let a FAISS index free its parts, and Python no longer."""
    whole.own_fields = True
    for part in parts:
        part.this.disown()
