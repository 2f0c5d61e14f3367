"""The systems of the lesson by name: an extractor and the retrieval steps it switches on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from delf_lesson.classical.opencv_sift import OpenCVSift
from delf_lesson.classical.sift import Sift
from delf_lesson.features import LocalExtractor
from delf_lesson.retrieval.cache import FeatureCache
from delf_lesson.retrieval.engine import RetrievalEngine
from delf_lesson.retrieval.verification import Model


@dataclass(frozen=True)
class System:
    """A row of a results table (slide "mAP Result"; notebook 06).

    extractor: makes the extractor, with its weights if it has any.
    model: the geometric model of verification, or None for a ranking by votes alone.
    """

    name: str
    summary: str
    extractor: Callable[[], LocalExtractor]
    model: Model | None = "affine"

    def engine(self, cache: FeatureCache | None = None) -> RetrievalEngine:
        """An empty engine of this system."""
        return RetrievalEngine(self.extractor(), model=self.model, cache=cache)


SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        system.name: system
        for system in (
            System(
                "Harris+SIFT",
                "Harris corners of one size with SIFT descriptors, affine verification",
                partial(Sift, detector="harris", root=False),
            ),
            System(
                "SIFT",
                "the lesson's own SIFT, affine verification",
                partial(Sift, root=False),
            ),
            System(
                "RootSIFT",
                "the lesson's own SIFT as RootSIFT, affine verification",
                partial(Sift, root=True),
            ),
            System(
                "OpenCV-SIFT",
                "SIFT by OpenCV, affine verification",
                partial(OpenCVSift, root=False),
            ),
            System(
                "OpenCV-RootSIFT",
                "RootSIFT by OpenCV, affine verification",
                partial(OpenCVSift, root=True),
            ),
            System(
                "OpenCV-RootSIFT-votes",
                "RootSIFT by OpenCV, ranked by votes without verification",
                partial(OpenCVSift, root=True),
                model=None,
            ),
        )
    }
)

DEFAULT_SYSTEM = "OpenCV-RootSIFT"


def find_system(name: str) -> System:
    """The system of that name. Raises ValueError that lists the names there are."""
    if name not in SYSTEMS:
        raise ValueError(f"system: there is no {name!r}; choose one of {', '.join(SYSTEMS)}")
    return SYSTEMS[name]
