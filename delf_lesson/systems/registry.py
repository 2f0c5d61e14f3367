"""The systems of the course by name: the rows of the slide "mAP Result", and some more (lab 07)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from delf_lesson.classical.congas import Congas
from delf_lesson.classical.sift import OpenCVSift, Sift
from delf_lesson.features import GlobalExtractor, LocalExtractor
from delf_lesson.retrieval.retrievers import LocalRanking
from delf_lesson.systems.baselines import BASELINE_SYSTEMS
from delf_lesson.systems.specification import (
    QE_IMAGES,
    SIFT_CODE,
    FusedSystem,
    GlobalSystem,
    LocalSystem,
    PlainSpec,
    System,
    SystemOptions,
)

DELF_RANKING = LocalRanking(order="product", threshold=0.04)
"""A cell is 16 pixels of its scale, so its place is known less well than SIFT's. Among the cells of
a grid many agree by chance, so the vote keeps a say beside the inliers."""


@dataclass(frozen=True)
class DelfSpec:
    """DELF. weights: shipped ones by name; attention: whether it scores the cells.

    backbone: which of the shipped weights of that name.
    """

    weights: str
    attention: bool
    backbone: str = "resnet18"
    weights_kind: str = "delf"

    def make(self, options: SystemOptions) -> LocalExtractor:
        """See `ExtractorSpec`. Raises ValueError if a file lacks the attention."""
        # Here, not above: the classical systems need no torch.
        from delf_lesson.deep.delf import Delf
        from delf_lesson.deep.weights import load_trained

        file = options.weights[0] if options.weights else self.weights
        trained = load_trained(file, self.backbone)
        if self.attention and trained.attention is None:
            raise ValueError(
                f"weights: {file} has no attention; give the file of `delf-lesson train attention`"
            )
        extractor = Delf(
            trained.trunk,
            trained.attention if self.attention else None,
            trained.reduction,
            device=options.device,
            bf16=options.bf16,
            batch=options.batch,
        )
        return _resized(extractor, options)


@dataclass(frozen=True)
class GlobalDescriptorSpec:
    """siaMAC or DIR. weights_kind: which of the two."""

    weights_kind: str

    def make(self, options: SystemOptions) -> GlobalExtractor:
        """See `ExtractorSpec`."""
        from delf_lesson.deep.global_descriptors import SCALES, load_global

        extractor = load_global(
            options.weights[0] if options.weights else self.weights_kind,
            scales=SCALES if self.weights_kind == "dir" else (1.0,),
            device=options.device,
            bf16=options.bf16,
            batch=options.batch,
        )
        return _resized(extractor, options)


def _resized(extractor: Any, options: SystemOptions) -> Any:
    """The extractor at the longer side that was chosen."""
    if options.max_side is None:
        return extractor
    return replace(extractor, max_side=options.max_side)


def _lift() -> LocalExtractor:
    from delf_lesson.deep.lift import load_lift

    return load_lift()


PHOTO_RANKING = LocalRanking(
    order="product", threshold=0.04, matching="pairwise", minimum_inliers=20
)
"""For a trunk trained on photos. Two grids of 1000 cells have 300 to 400 mutual nearest neighbours.
Up to 19 of them agree by chance if the images are unrelated."""

DELF_QE_RANKING = replace(DELF_RANKING, expand=QE_IMAGES)

ATTENTIVE = LocalSystem(
    "DELF+FT+ATT",
    "the fine-tuned trunk, cells kept by their attention score",
    DelfSpec("attention", attention=True),
    ranking=DELF_RANKING,
    index="compressed",
)
DIR_EXPANDED = GlobalSystem(
    "DIR+QE",
    "DIR, and the query expanded by the images found",
    GlobalDescriptorSpec("dir"),
    expand=QE_IMAGES,
)

_SYSTEMS: tuple[System, ...] = (
    # In the order of the slide "mAP Result"
    GlobalSystem(
        "DIR",
        "one vector an image, R-MAC with learned whitening, trained by triplets",
        GlobalDescriptorSpec("dir"),
    ),
    DIR_EXPANDED,
    GlobalSystem(
        "siaMAC",
        "one vector an image, the largest activations, trained by pairs",
        GlobalDescriptorSpec("siamac"),
    ),
    GlobalSystem(
        "siaMAC+QE",
        "siaMAC, and the query expanded by the images found",
        GlobalDescriptorSpec("siamac"),
        expand=QE_IMAGES,
    ),
    LocalSystem(
        "CONGAS",
        "Laplacian keypoints with Gabor descriptors of 40 numbers, in the manner of CONGAS",
        PlainSpec(Congas),
    ),
    LocalSystem(
        "LIFT",
        "detector, orientation and descriptor learned in turn, in the manner of LIFT",
        PlainSpec(_lift),
        compression=SIFT_CODE,
    ),
    # Slide "Precision & Recall Result"
    LocalSystem(
        "DELF",
        "the trunk that was trained on attributes, cells kept by their norm",
        DelfSpec("base", attention=False),
        ranking=DELF_RANKING,
        index="compressed",
    ),
    LocalSystem(
        "DELF+QE",
        "DELF, and the query expanded by the images found",
        DelfSpec("base", attention=False),
        ranking=DELF_QE_RANKING,
        index="compressed",
    ),
    LocalSystem(
        "DELF+FT",
        "the trunk fine-tuned on landmarks, cells kept by their norm",
        DelfSpec("ft", attention=False),
        ranking=DELF_RANKING,
        index="compressed",
    ),
    LocalSystem(
        "DELF+FT+QE",
        "DELF+FT, and the query expanded by the images found",
        DelfSpec("ft", attention=False),
        ranking=DELF_QE_RANKING,
        index="compressed",
    ),
    ATTENTIVE,
    LocalSystem(
        "DELF+FT+ATT+QE",
        "DELF+FT+ATT, and the query expanded by the images found",
        DelfSpec("attention", attention=True),
        ranking=DELF_QE_RANKING,
        index="compressed",
    ),
    FusedSystem(
        "DELF+FT+ATT+DIR+QE",
        "the scores of DELF+FT+ATT and DIR+QE, one part to three",
        ATTENTIVE,
        DIR_EXPANDED,
        index="compressed",
    ),
    # The classical part of the lecture
    LocalSystem(
        "Harris+SIFT",
        "Harris corners of one size with SIFT descriptors, affine verification",
        PlainSpec.of(Sift, detector="harris", root=False),
        compression=SIFT_CODE,
    ),
    LocalSystem(
        "SIFT",
        "the lesson's own SIFT, affine verification",
        PlainSpec.of(Sift, root=False),
        compression=SIFT_CODE,
    ),
    LocalSystem(
        "RootSIFT",
        "the lesson's own SIFT as RootSIFT, affine verification",
        PlainSpec.of(Sift, root=True),
        compression=SIFT_CODE,
    ),
    LocalSystem(
        "OpenCV-SIFT",
        "SIFT by OpenCV, affine verification",
        PlainSpec.of(OpenCVSift, root=False),
        compression=SIFT_CODE,
    ),
    LocalSystem(
        "OpenCV-RootSIFT",
        "RootSIFT by OpenCV, affine verification",
        PlainSpec.of(OpenCVSift, root=True),
        compression=SIFT_CODE,
    ),
    LocalSystem(
        "OpenCV-RootSIFT-votes",
        "RootSIFT by OpenCV, ranked by votes without verification",
        PlainSpec.of(OpenCVSift, root=True),
        ranking=LocalRanking(order="votes"),
        compression=SIFT_CODE,
    ),
)

SYSTEMS: Mapping[str, System] = MappingProxyType({system.name: system for system in _SYSTEMS})
PHOTO_SYSTEM = LocalSystem(
    "DELF-ImageNet",
    "a trunk trained on ImageNet, cells kept by their norm, images matched in pairs",
    DelfSpec("base", attention=False, backbone="efficientnet_lite0"),
    ranking=PHOTO_RANKING,
    index="compressed",
)
"""The best that the course has for photos: its other networks were trained on renderings alone."""

BASELINES: Mapping[str, System] = MappingProxyType(
    {system.name: system for system in (*BASELINE_SYSTEMS, PHOTO_SYSTEM)}
)

DEFAULT_SYSTEM = "OpenCV-RootSIFT"


def find_system(name: str) -> System:
    """The system of that name, or the baseline. Raises ValueError that lists the names."""
    if name not in SYSTEMS and name not in BASELINES:
        raise ValueError(
            f"system: there is no {name!r}; choose one of {', '.join(SYSTEMS)}; or, to compare "
            f"with, {', '.join(BASELINES)}"
        )
    return SYSTEMS[name] if name in SYSTEMS else BASELINES[name]


def local_extractors() -> dict[str, LocalExtractor]:
    """One extractor of every kind of local features, by its system's name.

    For `classical.properties.compare`, which asks what keypoints and descriptors are good for
    before any search (slide "Classical Keypoint & Local Descriptor Properties"; lab 07).
    """
    return {
        system.name: system.make_extractor()
        for system in SYSTEMS.values()
        if isinstance(system, LocalSystem)
        and not system.expands
        and system.ranking.order != "votes"
    }
