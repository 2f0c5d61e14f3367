"""The systems of the lesson by name: an extractor and the retrieval steps it switches on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from delf_lesson.classical.congas import Congas
from delf_lesson.classical.opencv_sift import OpenCVSift
from delf_lesson.classical.sift import Sift
from delf_lesson.features import LocalExtractor
from delf_lesson.retrieval.cache import FeatureCache
from delf_lesson.retrieval.compression import Compression
from delf_lesson.retrieval.engine import RetrievalEngine
from delf_lesson.retrieval.ranking import Order

DELF_THRESHOLD = 0.04
"""Wider than SIFT's: a cell is 16 pixels of its scale, so its place is known less well."""
DELF_ORDER: Order = "product"
"""Among cells of a grid many agree by chance, so the vote keeps a say beside the inliers."""
QE_IMAGES = 10
"""Of the images found and verified, so many expand a query."""

DELF_CODE = Compression()
"""The paper's: ten parts of 5 bits each for 40 numbers."""
SIFT_CODE = Compression(parts=16, bits=4)
"""The paper's ten parts do not divide 128 numbers; these are 8 bytes."""


@dataclass(frozen=True)
class System:
    """A row of a results table (slide "mAP Result"; notebook 06).

    extractor: makes the extractor, with its weights if it has any.
    order, threshold, expand: see `RetrievalEngine`. compression: of its descriptors, where the
    index shall be compressed.
    """

    name: str
    summary: str
    extractor: Callable[[], LocalExtractor]
    order: Order = "inliers"
    threshold: float = 0.02
    expand: int = 0
    compression: Compression = DELF_CODE

    def engine(
        self, cache: FeatureCache | None = None, compressed: bool = False
    ) -> RetrievalEngine:
        """An empty engine of this system; compressed: with the paper's kind of index."""
        return RetrievalEngine(
            self.extractor(),
            order=self.order,
            threshold=self.threshold,
            expand=self.expand,
            cache=cache,
            compression=self.compression if compressed else None,
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
                compression=SIFT_CODE,
            ),
            System(
                "SIFT",
                "the lesson's own SIFT, affine verification",
                partial(Sift, root=False),
                compression=SIFT_CODE,
            ),
            System(
                "RootSIFT",
                "the lesson's own SIFT as RootSIFT, affine verification",
                partial(Sift, root=True),
                compression=SIFT_CODE,
            ),
            System(
                "OpenCV-SIFT",
                "SIFT by OpenCV, affine verification",
                partial(OpenCVSift, root=False),
                compression=SIFT_CODE,
            ),
            System(
                "OpenCV-RootSIFT",
                "RootSIFT by OpenCV, affine verification",
                partial(OpenCVSift, root=True),
                compression=SIFT_CODE,
            ),
            System(
                "OpenCV-RootSIFT-votes",
                "RootSIFT by OpenCV, ranked by votes without verification",
                partial(OpenCVSift, root=True),
                order="votes",
                compression=SIFT_CODE,
            ),
            System(
                "CONGAS",
                "Laplacian keypoints with Gabor descriptors of 40 numbers, in the manner of CONGAS",
                Congas,
            ),
            System(
                "DELF",
                "the trunk that was trained on attributes, cells kept by their norm",
                partial(_delf, "base"),
                order=DELF_ORDER,
                threshold=DELF_THRESHOLD,
            ),
            System(
                "DELF+FT",
                "the trunk fine-tuned on landmarks, cells kept by their norm",
                partial(_delf, "ft"),
                order=DELF_ORDER,
                threshold=DELF_THRESHOLD,
            ),
            System(
                "DELF+FT+ATT",
                "the fine-tuned trunk, cells kept by their attention score",
                partial(_delf, "attention"),
                order=DELF_ORDER,
                threshold=DELF_THRESHOLD,
            ),
            System(
                "DELF+FT+ATT+QE",
                "DELF+FT+ATT, and the query expanded by the images found",
                partial(_delf, "attention"),
                order=DELF_ORDER,
                threshold=DELF_THRESHOLD,
                expand=QE_IMAGES,
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
