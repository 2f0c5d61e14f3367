"""What a system is: an extractor, its options, an index and a way to rank (lab 07)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from delf_lesson.cache import FeatureCache
from delf_lesson.features import GlobalExtractor, LocalExtractor
from delf_lesson.retrieval.database import Engine
from delf_lesson.retrieval.fusion import FusedEngine
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.ranking import Order
from delf_lesson.retrieval.retrievers import GlobalEngine, RetrievalEngine

QE_IMAGES = 10
"""Of the images found and verified, so many expand a query."""

DELF_CODE = Compression()
"""The paper's: ten parts of 5 bits each for 40 numbers."""
SIFT_CODE = Compression(parts=16, bits=4)
"""The paper's ten parts do not divide 128 numbers; these are 8 bytes."""


@dataclass(frozen=True)
class System(ABC):
    """A row of a results table (slide "mAP Result"; notebook 07)."""

    name: str
    summary: str

    @abstractmethod
    def engine(self, cache: FeatureCache | None = None, compressed: bool = False) -> Engine:
        """An empty engine; compressed: with the paper's kind of index of local features.

        Raises ValueError if that is asked of a system that has none.
        """

    @property
    @abstractmethod
    def steps(self) -> list[Any]:
        """What, beside the extractors' settings, changes a ranking, as plain values."""


@dataclass(frozen=True)
class LocalSystem(System):
    """Search by local features.

    extractor: makes the extractor, with its weights if it has any.
    order, threshold, expand: see `RetrievalEngine`. compression: of its descriptors, where the
    index shall be compressed. device: where all descriptors are compared, if it is not.
    """

    extractor: Callable[[], LocalExtractor]
    order: Order = "inliers"
    threshold: float = 0.02
    expand: int = 0
    compression: Compression = DELF_CODE
    device: str = "cpu"

    def engine(
        self, cache: FeatureCache | None = None, compressed: bool = False
    ) -> RetrievalEngine:
        """See `System`."""
        return RetrievalEngine(
            self.extractor(),
            order=self.order,
            threshold=self.threshold,
            expand=self.expand,
            cache=cache,
            compression=self.compression if compressed else None,
            device=self.device,
        )

    @property
    def steps(self) -> list[Any]:
        """See `System`."""
        own = [self.name, self.order, self.threshold, self.expand]
        return [*own, asdict(self.compression)]


@dataclass(frozen=True)
class GlobalSystem(System):
    """Search by one vector an image; extractor: makes what gives it. expand: see `GlobalEngine`."""

    extractor: Callable[[], GlobalExtractor]
    expand: int = 0

    def engine(self, cache: FeatureCache | None = None, compressed: bool = False) -> GlobalEngine:
        """See `System`."""
        if compressed:
            raise ValueError(
                f"compressed: {self.name} keeps one vector an image, and has no index of local "
                "features that could be compressed; ask for the exact one"
            )
        return GlobalEngine(self.extractor(), expand=self.expand, cache=cache)

    @property
    def steps(self) -> list[Any]:
        """See `System`."""
        return [self.name, self.expand]


@dataclass(frozen=True)
class FusedSystem(System):
    """Search by both, the local score weighing `weight`; see `FusedEngine`."""

    local: LocalSystem
    whole: GlobalSystem
    weight: float = 0.25

    def engine(self, cache: FeatureCache | None = None, compressed: bool = False) -> FusedEngine:
        """See `System`."""
        local, whole = self.local.engine(cache, compressed), self.whole.engine(cache)
        return FusedEngine(local, whole, self.weight)

    @property
    def steps(self) -> list[Any]:
        """See `System`."""
        return [self.name, *self.local.steps, *self.whole.steps, self.weight]


S = TypeVar("S", LocalSystem, GlobalSystem)


def with_expansion(system: S) -> tuple[S, S]:
    """A system, and the one that expands the query too (slide "mAP Result", rows "QE")."""
    summary = f"{system.name}, and the query expanded by the images found"
    return system, replace(system, name=f"{system.name}+QE", summary=summary, expand=QE_IMAGES)
