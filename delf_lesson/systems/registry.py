"""The systems of the course by name: the rows of the slide "mAP Result", and some more (lab 07)."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from delf_lesson.classical.congas import Congas
from delf_lesson.classical.sift import OpenCVSift, Sift
from delf_lesson.features import LocalExtractor
from delf_lesson.retrieval.retrievers import LocalRanking
from delf_lesson.systems.baselines import BASELINE_SYSTEMS
from delf_lesson.systems.network_extractors import DelfSpec, GlobalDescriptorSpec
from delf_lesson.systems.specification import (
    QE_IMAGES,
    SIFT_CODE,
    SIFT_RANKING,
    FusedSystem,
    GlobalSystem,
    LocalSystem,
    PlainSpec,
    System,
)

DELF_RANKING = LocalRanking(
    order="product",
    threshold=0.04,
    matching="pairwise",
    minimum_inliers=20,
    expand_inliers=30,
)
"""A cell is 16 pixels of its scale, so its place is known less well than SIFT's. Two grids of 1000
cells have 300 to 400 mutual nearest neighbours, and many agree by chance: of unrelated photos, 1 in
100 has 16 or 17 inliers and 1 in 1000 has 21 to 24 (benchmark false_alarms). So fewer than 20 count
as none, and the vote keeps a say beside the others."""
QE_ALPHA, QE_FALSE_ALARMS = 1.0, 1.0
"""A query's vector is expanded by images whose cosine about one unrelated image reaches."""


def _lift() -> LocalExtractor:
    from delf_lesson.deep.lift import load_lift

    return load_lift()


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
    alpha=QE_ALPHA,
    false_alarms=QE_FALSE_ALARMS,
)
SIAMAC_EXPANDED = GlobalSystem(
    "siaMAC+QE",
    "siaMAC, and the query expanded by the images found",
    GlobalDescriptorSpec("siamac"),
    expand=QE_IMAGES,
    alpha=QE_ALPHA,
    false_alarms=QE_FALSE_ALARMS,
)
FUSED = FusedSystem(
    "DELF+FT+ATT+DIR+QE",
    "the scores of DELF+FT+ATT and DIR+QE, each measured against unrelated images",
    ATTENTIVE,
    DIR_EXPANDED,
    weight=0.5,
    calibrated=True,
    index="compressed",
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
    SIAMAC_EXPANDED,
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
        "the trunk that was trained on ImageNet, cells kept by their norm",
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
    FUSED,
    # The classical part of the lecture, with the paper's verification; OpenCV-RootSIFT, the fast
    # system for photos, is verified pairwise.
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
        "RootSIFT by OpenCV, pairwise affine verification",
        PlainSpec.of(OpenCVSift, root=True),
        ranking=SIFT_RANKING,
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
_NEIGHBOURS = replace(
    ATTENTIVE,
    name="DELF+FT+ATT-neighbours",
    summary="DELF+FT+ATT, verified by the neighbours that the index found",
    ranking=LocalRanking(order="product", threshold=0.04),
)
_BLIND = replace(
    DIR_EXPANDED,
    name="DIR+QE-plain",
    summary="DIR, expanded by the first ten images, right or wrong",
    alpha=0.0,
    false_alarms=None,
)
PLAIN_VARIANTS: tuple[System, ...] = (
    _NEIGHBOURS,
    _BLIND,
    replace(
        SIAMAC_EXPANDED,
        name="siaMAC+QE-plain",
        summary="siaMAC, expanded by the first ten images, right or wrong",
        alpha=0.0,
        false_alarms=None,
    ),
    FusedSystem(
        "DELF+FT+ATT+DIR+QE-plain",
        "the scores of the two plain variants, one part to three",
        _NEIGHBOURS,
        _BLIND,
        index="compressed",
    ),
)
"""The paper's verification, expansion and fusion, to compare ours with."""

BASELINES: Mapping[str, System] = MappingProxyType(
    {system.name: system for system in (*BASELINE_SYSTEMS, *PLAIN_VARIANTS)}
)

DEFAULT_SYSTEM = "DELF+FT"


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
