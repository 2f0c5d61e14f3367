"""Exact nearest neighbours on a GPU, by matrix products of torch (docs/scale.md)."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from delf_lesson.features import LocalFeatures
from delf_lesson.retrieval.index import BLOCK, SPARE
from delf_lesson.retrieval.voting import Neighbours, in_order, name_ranks

ROWS = 1 << 18
"""Descriptors compared with a block of queries at a time: a gigabyte of similarities."""


class TorchIndex:
    """All descriptors of a database in the memory of a GPU; `FeatureIndex` does the same on CPUs.

    device: where torch computes, as "cuda".

    Images have positions in the order they were added, and equally near neighbours come in the
    order of their images' names. Similarities are of float32, as a processor's.
    """

    def __init__(self, dimensions: int, device: str = "cuda") -> None:
        self.device = torch.device(device)
        self.names: list[str] = []
        self._first = np.zeros(1, np.int64)
        self._rows = torch.zeros((0, dimensions), device=self.device)
        self._ranks = name_ranks([])

    @classmethod
    def of(cls, collection: Mapping[str, LocalFeatures], device: str) -> "TorchIndex":
        """An index of images by name, in the order of the names. ValueError if there is none."""
        if not collection:
            raise ValueError("collection holds no features")
        names = sorted(collection)
        index = cls(collection[names[0]].descriptors.shape[1], device)
        index.add({name: collection[name] for name in names})
        return index

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, collection: Mapping[str, LocalFeatures]) -> None:
        """Add images by name, in this order.

        Raises ValueError, before anything is added, if a name is known already or descriptors are
        of other dimensions.
        """
        if known := set(collection) & set(self.names):
            raise ValueError(f"collection: the index holds {min(known)} already")
        wide = self._rows.shape[1]
        for name, features in collection.items():
            if features.descriptors.shape[1] != wide:
                raise ValueError(
                    f"collection: the descriptors of {name} have shape "
                    f"{features.descriptors.shape}; wanted (N, {wide})"
                )
        if not collection:
            return
        new = np.concatenate([features.descriptors for features in collection.values()])
        self._rows = torch.cat([self._rows, torch.from_numpy(new).to(self.device)])
        counts = [len(features) for features in collection.values()]
        self._first = np.concatenate([self._first, self._first[-1] + np.cumsum(counts)])
        self.names.extend(collection)
        self._ranks = name_ranks(self.names)

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part, the descriptors' on the device."""
        return {"descriptors": self._rows.numel() * 4, "map": self._first.nbytes}

    @torch.inference_mode()
    def search(
        self, descriptors: NDArray[np.float32], k: int, probes: int | None = None
    ) -> Neighbours:
        """See `FeatureIndex.search`; there are no lists to probe."""
        if descriptors.ndim != 2 or descriptors.shape[1] != self._rows.shape[1]:
            raise ValueError(
                f"descriptors have shape {descriptors.shape}; wanted (N, {self._rows.shape[1]})"
            )
        if k < 1:
            raise ValueError(f"k is {k}; wanted 1 or more neighbours")
        if probes is not None:
            raise ValueError(f"probes is {probes}; this index compares all descriptors")
        k = min(k, len(self))
        if k == 0 or len(descriptors) == 0:
            nothing = np.zeros((len(descriptors), k), np.int64)
            return Neighbours(nothing, nothing, nothing.astype(np.float32))
        blocks = []
        for start in range(0, len(descriptors), BLOCK):
            queries = np.array(descriptors[start : start + BLOCK], np.float32)
            rows = self._nearest(torch.from_numpy(queries).to(self.device), k)
            nearest = self._rows[rows].cpu().numpy()
            similarities = np.einsum("qd,qkd->qk", queries, nearest)
            blocks.append(in_order(rows.cpu().numpy(), similarities, self._first, self._ranks, k))
        return Neighbours(*(np.concatenate(part) for part in zip(*blocks, strict=True)))

    def _nearest(self, queries: Tensor, k: int) -> Tensor:
        """Rows (Q, k) and some to spare of the largest dot products, in any order."""
        wanted = min(k + SPARE, len(self))
        best = queries.new_full((len(queries), 0), 0)
        rows = torch.zeros((len(queries), 0), dtype=torch.int64, device=self.device)
        for start in range(0, len(self), ROWS):
            similarities = queries @ self._rows[start : start + ROWS].T
            values, block_rows = similarities.topk(min(wanted, similarities.shape[1]))
            best, rows = torch.cat([best, values], 1), torch.cat([rows, block_rows + start], 1)
            best, order = best.topk(min(wanted, best.shape[1]))
            rows = rows.gather(1, order)
        return rows
