"""What the contract is tested on: every registered extractor and every registered system.

An extractor is loaded once in a process, however many systems and checks use it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, cached_property
from typing import Any

import cv2
import faiss
import numpy as np
import pytest
import torch
from textures import second_view, textured

from delf_lesson.cache import FeatureCache
from delf_lesson.features import Description, Extractor
from delf_lesson.retrieval.retrievers import Retriever
from delf_lesson.systems.registry import BASELINES, SYSTEMS
from delf_lesson.systems.specification import (
    ExtractorSpec,
    FusedSystem,
    GlobalSystem,
    LocalSystem,
    PlainSpec,
    SingleSystem,
    System,
    SystemOptions,
)

REGISTERED: Mapping[str, System] = {**SYSTEMS, **BASELINES}

SLOW = ("LIFT", "LIFT-untrained")
"""Systems that are tested on small images, since they score every level of the scale space."""
IMAGE_SIZE, SMALL_IMAGE_SIZE = (96, 128), (48, 64)
"""Height and width."""


@cache
def drawn(seed: int, height: int, width: int) -> np.ndarray:
    """See `textured`."""
    return textured(seed, height, width)


@cache
def loaded_extractor(spec: ExtractorSpec[Any], options: SystemOptions) -> Any:
    """The extractor that a specification makes; the same object at every call."""
    return spec.make(options)


@dataclass(frozen=True)
class ExtractorSubject:
    """An extractor under test.

    name: of the check. make: returns a new instance. load: returns an instance that may be
    shared. size: height and width of the images.
    """

    name: str
    make: Callable[[], Extractor[Any]]
    load: Callable[[], Extractor[Any]]
    size: tuple[int, int] = IMAGE_SIZE

    @cached_property
    def extractor(self) -> Extractor[Any]:
        """An instance that all checks share."""
        return self.load()

    @cached_property
    def description(self) -> Description:
        """Of `image()`; read-only, so checks can share it."""
        return self.extractor.extract(self.image())

    def image(self, seed: int = 1) -> np.ndarray:
        """A textured image, which the check may change."""
        return drawn(seed, *self.size).copy()

    def changed(self, **options: Any) -> Extractor[Any]:
        """The extractor with other values of its options."""
        return replace(self.extractor, **options)

    @cached_property
    def options(self) -> dict[str, Any]:
        """The values of its options by name; empty if it is no dataclass."""
        if not is_dataclass(self.extractor):
            return {}
        return {field.name: getattr(self.extractor, field.name) for field in fields(self.extractor)}

    @property
    def uses_torch(self) -> bool:
        """Whether one of its options is a network."""
        return any(isinstance(value, torch.nn.Module) for value in self.options.values())

    @property
    def tolerance(self) -> float:
        """How far descriptions may differ between numbers of threads or sizes of batches."""
        return 1e-4 if self.uses_torch else 0.0


@dataclass(frozen=True)
class SharedSpec:
    """A specification whose extractor is loaded once."""

    spec: ExtractorSpec[Any]

    @property
    def weights_kind(self) -> str | None:
        """See `ExtractorSpec`."""
        return self.spec.weights_kind

    def make(self, options: SystemOptions) -> Any:
        """See `ExtractorSpec`."""
        return loaded_extractor(self.spec, options)


def with_shared_extractors(system: Any) -> Any:
    """The system, but its retrievers share extractors that are loaded once."""
    if isinstance(system, FusedSystem):
        local, whole = map(with_shared_extractors, (system.local, system.whole))
        return replace(system, local=local, whole=whole)
    if isinstance(system, SingleSystem):
        return replace(system, extractor=SharedSpec(system.extractor))
    return system


def with_small_codes(system: Any) -> Any:
    """The system with codes that few descriptors can train; None if it cannot be compressed."""
    if isinstance(system, FusedSystem):
        return replace(system, local=with_small_codes(system.local))
    if isinstance(system, LocalSystem):
        return replace(system, compression=replace(system.compression, lists=2, bits=2))
    return None


def with_expansion_by_one(system: Any) -> Any:
    """The system, but a global query is expanded by one image at most.

    The mean of all images of a small collection would no longer be nearest to the query.
    """
    if isinstance(system, FusedSystem):
        return replace(system, whole=with_expansion_by_one(system.whole))
    if isinstance(system, GlobalSystem):
        return replace(system, expand=min(system.expand, 1))
    return system


@dataclass(frozen=True)
class SystemSubject:
    """A system under test.

    key: its name in the registry. cache: stores the descriptions of all checks. size: height and
    width of the images.
    """

    key: str
    system: System
    cache: FeatureCache
    size: tuple[int, int] = IMAGE_SIZE

    @cached_property
    def shared(self) -> Any:
        """The system with extractors that are loaded once."""
        return with_shared_extractors(self.system)

    @cached_property
    def variants(self) -> list[tuple[System, bool]]:
        """The system, and whether to compress its index: exact, and compressed where it can be."""
        small = with_small_codes(self.shared)
        return [(self.shared, False), *([] if small is None else [(small, True)])]

    def image(self, seed: int = 1) -> np.ndarray:
        """A textured image; that of seed 1 is the query of most checks."""
        return drawn(seed, *self.size)

    def collection(self) -> dict[str, np.ndarray]:
        """A second view of the query, and four unrelated images."""
        others = {f"other {seed}": self.image(seed) for seed in range(10, 14)}
        return {"view": second_view(self.image()), **others}

    @cached_property
    def filled(self) -> list[Retriever]:
        """A retriever of each variant with the collection; checks share them and add nothing."""
        with threads(1):
            filled = [self.retriever(None, *variant) for variant in self.variants]
            for retriever in filled:
                retriever.search(self.image())  # builds the index
        return filled

    def retriever(
        self, images: Mapping[str, Any] | None = None, system: Any = None, compressed: bool = False
    ) -> Retriever:
        """A retriever of the system, or of a variant of it, with images."""
        retriever = (system or self.shared).retriever(self.cache, compressed)
        images = self.collection() if images is None else images
        retriever.add(list(images.values()), list(images))
        return retriever


def registered_extractors() -> dict[str, ExtractorSubject]:
    """The different extractors of all systems, by the name of the first system of each."""
    subjects: dict[tuple[Any, SystemOptions], ExtractorSubject] = {}
    for system in REGISTERED.values():
        for single in single_systems(system):
            key = (single.extractor, single.options)
            if key not in subjects:
                subjects[key] = ExtractorSubject(
                    single.name,
                    single.make_extractor,
                    lambda key=key: loaded_extractor(*key),
                    image_size(single.name),
                )
    return {subject.name: subject for subject in subjects.values()}


def single_systems(system: System) -> list[SingleSystem[Any]]:
    """The system itself, or the two parts of a fused system."""
    if isinstance(system, FusedSystem):
        return [system.local, system.whole]
    assert isinstance(system, SingleSystem), f"{system.name} has no extractor to test"
    return [system]


def image_size(name: str) -> tuple[int, int]:
    """Height and width of the images for a system."""
    return SMALL_IMAGE_SIZE if name in SLOW else IMAGE_SIZE


def kind_of(system: System) -> tuple[Any, ...]:
    """What makes the system's extractors, without their weights and arguments."""
    specs = [single.extractor for single in single_systems(system)]
    return tuple(spec.function if isinstance(spec, PlainSpec) else type(spec) for spec in specs)


def first_of_each_kind_is_quick(names: Iterable[str]) -> list[Any]:
    """Parameters of a test: all systems but the first of each kind are marked slow."""
    kinds: set[Any] = set()
    parameters = []
    for name in names:
        kind = kind_of(REGISTERED[name])
        parameters.append(pytest.param(name, marks=[pytest.mark.slow] if kind in kinds else []))
        kinds.add(kind)
    return parameters


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let OpenCV, torch and FAISS use so many threads, and then as many as before."""
    before = cv2.getNumThreads(), torch.get_num_threads(), faiss.omp_get_max_threads()
    set_threads(count, count, count)
    try:
        yield
    finally:
        set_threads(*before)


def set_threads(opencv: int, pytorch: int, index: int) -> None:
    cv2.setNumThreads(opencv)
    torch.set_num_threads(pytorch)
    faiss.omp_set_num_threads(index)
