"""Nearest neighbours among all local descriptors of a collection (lab 06)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.voting import Neighbours, in_order, name_ranks

# From so many queries on, FAISS multiplies matrices. Its newest versions wait for 128,000, which
# makes the search of one image's 400 features in 300,000 four times slower.
faiss.cvar.distance_compute_blas_threshold = 20

BATCH = 65_536
"""Descriptors handed to FAISS at a time when images are added."""
BLOCK = 1024
"""Query descriptors searched at a time."""
SPARE = 4
"""More neighbours are fetched than wanted, since FAISS orders near ties by their last bit."""


class SearchableIndex(Protocol):
    """An index of images: a `FeatureIndex`, or several that are searched as one."""

    names: list[str]

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part."""

    def search(
        self, descriptors: NDArray[np.float32], k: int, probes: int | None = None
    ) -> Neighbours:
        """See `FeatureIndex.search`."""


class FeatureIndex:
    """The descriptors of a collection of images, searched for nearest neighbours (lab 06).

    dimensions: of a descriptor. compression: None keeps descriptors as they are and compares all;
    else they are kept as codes in inverted lists (see `Compression`), which must be trained first.

    Images have positions in the order they were added. Equally near neighbours come in the order
    of their images' names; which of many equally near ones are the last of the k is FAISS's
    choice, which depends on the order of adding.
    """

    def __init__(self, dimensions: int, compression: Compression | None = None) -> None:
        if dimensions < 1:
            raise ValueError(f"dimensions is {dimensions}; wanted 1 or more")
        self.dimensions = dimensions
        self.compression = compression
        self.names: list[str] = []
        self._first = np.zeros(1, np.int64)  # of each image, and the number of all
        self._faiss: Any = faiss.IndexFlatIP(dimensions) if compression is None else None
        self._name_rank: NDArray[np.int64] | None = None
        self._fixed = False

    @classmethod
    def restored(
        cls,
        stored: Any,
        compression: Compression | None,
        names: Sequence[str],
        counts: NDArray[np.int64],
        fixed: bool,
    ) -> "FeatureIndex":
        """An index as it was: FAISS's part, and the images with their numbers of features.

        fixed: nothing can be added, since FAISS's part lies on disk.
        """
        index = cls(stored.d, compression)
        if int(counts.sum()) != stored.ntotal or len(counts) != len(names):
            raise ValueError(f"counts: {counts.sum()} features do not fit {stored.ntotal} stored")
        index._faiss, index._fixed, index.names = stored, fixed, list(names)
        index._first = np.concatenate([[0], np.cumsum(counts)])
        return index

    @classmethod
    def of(
        cls,
        collection: Mapping[str, LocalFeatures],
        compression: Compression | None = None,
    ) -> "FeatureIndex":
        """An index of images by name, in the order of the names, trained on their descriptors.

        Raises ValueError if they hold no descriptors or some of different dimensions.
        """
        if not collection:
            raise ValueError("collection holds no features")
        names = sorted(collection)
        index = cls(collection[names[0]].descriptors.shape[1], compression)
        if compression is not None:
            count = sum(len(features) for features in collection.values())
            index.train(compression.sample_of(collection, count), count)
        index.add({name: collection[name] for name in names})
        return index

    def __len__(self) -> int:
        return int(self._first[-1])

    def train(self, descriptors: NDArray[np.float32], count: int) -> None:
        """Make the codebooks from descriptors (N, D), for a collection of about `count` of them."""
        if self.compression is None:
            return
        if len(self):
            raise ValueError("the index holds descriptors already; train it before the first add")
        self._faiss = self.compression.trained(self._checked(descriptors, "descriptors"), count)

    def add(self, collection: Mapping[str, LocalFeatures]) -> None:
        """Add images by name, in this order.

        Raises ValueError, before anything is added, if a name is known already or descriptors are
        of other dimensions.
        """
        if self._fixed:
            raise ValueError("the index is mapped from its file; load it unmapped to add to it")
        if known := set(collection) & set(self.names):
            raise ValueError(f"collection: the index holds {min(known)} already")
        _ = self.trained
        for name, features in collection.items():
            self._checked(features.descriptors, f"collection: the descriptors of {name}")
        names: list[str] = []
        waiting = 0
        for name in collection:
            names.append(name)
            waiting += len(collection[name].descriptors)
            if waiting >= BATCH:
                self._add(names, collection)
                names, waiting = [], 0
        self._add(names, collection)

    def _add(self, names: Sequence[str], collection: Mapping[str, LocalFeatures]) -> None:
        if not names:
            return
        rows = [collection[name].descriptors for name in names]
        self.trained.add(np.concatenate(rows))
        counts = np.cumsum([len(descriptors) for descriptors in rows])
        self._first = np.concatenate([self._first, self._first[-1] + counts])
        self.names.extend(names)
        self._name_rank = None

    def remove(self, names: Collection[str]) -> None:
        """Take images out, as if they had never been added; codebooks stay as they are.

        Raises ValueError, before anything is taken out, for a name that the index does not hold.
        """
        if self._fixed:
            raise ValueError("the index is mapped from its file; load it unmapped to change it")
        if unknown := set(names) - set(self.names):
            raise ValueError(f"names: the index does not hold {min(unknown)}")
        stays = np.array([name not in set(names) for name in self.names], bool)
        stay_rows = np.repeat(stays, self.counts)
        if not stay_rows.all():
            self.trained.remove_ids(faiss.IDSelectorBatch(np.flatnonzero(~stay_rows)))
            if self.compression is not None:
                self._close_gaps(stay_rows)
        counts = self.counts[stays]
        self._first = np.concatenate([[0], np.cumsum(counts)])
        self.names = [name for name, stay in zip(self.names, stays, strict=True) if stay]
        self._name_rank = None

    def _close_gaps(self, stay_rows: NDArray[np.bool_]) -> None:
        """Number the rows anew in the inverted lists, which keep the numbers of those taken out."""
        fewer = np.cumsum(~stay_rows)
        lists: Any = faiss.extract_index_ivf(self.trained).invlists
        for number in range(lists.nlist):
            if size := lists.list_size(number):
                rows = faiss.rev_swig_ptr(lists.get_ids(number), size)
                rows -= fewer[rows]

    def search(
        self, descriptors: NDArray[np.float32], k: int, probes: int | None = None
    ) -> Neighbours:
        """The k nearest database features of each row of descriptors (Q, D).

        probes: inverted lists to look into, if others than the compression says.

        Fewer than k columns come back when the collection holds fewer features. A compressed
        index may find fewer in the lists it looks into: they are marked by -1, at the end.
        """
        descriptors = self._checked(descriptors, "descriptors")
        if k < 1:
            raise ValueError(f"k is {k}; wanted 1 or more neighbours")
        if probes is not None and (probes < 1 or self.compression is None):
            raise ValueError(f"probes is {probes}; wanted 1 or more, of a compressed index")
        if self.compression is not None:
            inverted = faiss.extract_index_ivf(self.trained)
            inverted.nprobe = min(probes or self.compression.probes, inverted.nlist)
        k = min(k, len(self))
        if k == 0 or len(descriptors) == 0:
            nothing = np.zeros((len(descriptors), k), np.int64)
            return Neighbours(nothing, nothing, nothing.astype(np.float32))
        blocks = [
            self._search(descriptors[start : start + BLOCK], k)
            for start in range(0, len(descriptors), BLOCK)
        ]
        return Neighbours(*map(np.concatenate, zip(*blocks, strict=True)))

    def _search(
        self, queries: NDArray[np.float32], k: int
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The rows that FAISS finds, compared again in one way and put into one order.

        FAISS's own similarities differ in the last bit with the number of threads.
        """
        wanted = min(k + SPARE, len(self))
        if self.compression is None:
            _, rows = self.trained.search(queries, wanted)
            similarities = np.einsum("qd,qkd->qk", queries, self._stored()[rows])
        else:
            _, rows, codes = self.trained.search_and_reconstruct(queries, wanted)
            codes -= queries[:, None]
            similarities = 1 - np.einsum("qkd,qkd->qk", codes, codes) / 2
            similarities[rows < 0] = -np.inf
        return in_order(rows, similarities, self._first, self._ranks(), k)

    def _stored(self) -> NDArray[np.float32]:
        """FAISS's own rows (N, D), not copied."""
        rows = faiss.rev_swig_ptr(self.trained.get_xb(), len(self) * self.dimensions)
        return rows.reshape(-1, self.dimensions)

    def _ranks(self) -> NDArray[np.int64]:
        if self._name_rank is None:
            self._name_rank = name_ranks(self.names)
        return self._name_rank

    @property
    def trained(self) -> Any:
        """FAISS's part. Raises ValueError as long as codebooks are missing."""
        if self._faiss is None:
            raise ValueError("the index is not trained; call train, or make it by FeatureIndex.of")
        return self._faiss

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of features of each image (images,)."""
        return np.diff(self._first)

    @property
    def bytes(self) -> dict[str, int]:
        """What is kept, in bytes: descriptors or codes, ids, codebooks, and the map to images."""
        parts = {"descriptors": len(self) * self.dimensions * 4, "ids": 0, "codebooks": 0}
        if self.compression is not None:
            parts = self.compression.bytes(self.trained)
        return {**parts, "map": self._first.nbytes}

    def _checked(self, descriptors: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        if descriptors.ndim != 2 or descriptors.shape[1] != self.dimensions:
            raise ValueError(
                f"{name} have shape {descriptors.shape}; wanted (N, {self.dimensions})"
            )
        return np.ascontiguousarray(descriptors, np.float32)
