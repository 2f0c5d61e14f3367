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

DELF_THRESHOLD = 0.04
"""Wider than SIFT's: a cell is 16 pixels of its scale, so its place is known less well."""


@dataclass(frozen=True)
class System:
    """A row of a results table (slide "mAP Result"; notebook 06).

    extractor: makes the extractor, with its weights if it has any.
    model: the geometric model of verification, or None for a ranking by votes alone.
    threshold: of verification, see `RetrievalEngine`.
    """

    name: str
    summary: str
    extractor: Callable[[], LocalExtractor]
    model: Model | None = "affine"
    threshold: float = 0.02

    def engine(self, cache: FeatureCache | None = None) -> RetrievalEngine:
        """An empty engine of this system."""
        return RetrievalEngine(
            self.extractor(), model=self.model, threshold=self.threshold, cache=cache
        )


def _delf(weights: str) -> LocalExtractor:
    # Here, not above: the classical systems need no torch.
    from delf_lesson.deep.delf import Delf
    from delf_lesson.deep.weights import load_trained

    found = load_trained(weights)
    return Delf(found.trunk, found.attention, found.reduction)


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
            System(
                "DELF",
                "the trunk that was trained on attributes, cells kept by their norm",
                partial(_delf, "base"),
                threshold=DELF_THRESHOLD,
            ),
            System(
                "DELF+FT",
                "the trunk fine-tuned on landmarks, cells kept by their norm",
                partial(_delf, "ft"),
                threshold=DELF_THRESHOLD,
            ),
            System(
                "DELF+FT+ATT",
                "the fine-tuned trunk, cells kept by their attention score",
                partial(_delf, "attention"),
                threshold=DELF_THRESHOLD,
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
