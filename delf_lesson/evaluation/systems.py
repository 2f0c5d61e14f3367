"""The systems of the lesson by name: the rows of the slide "mAP Result", and some of our own."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from delf_lesson.classical.congas import Congas
from delf_lesson.classical.opencv_sift import OpenCVSift
from delf_lesson.classical.sift import Sift
from delf_lesson.evaluation.baselines import BASELINES
from delf_lesson.evaluation.system import (
    SIFT_CODE,
    FusedSystem,
    GlobalSystem,
    LocalSystem,
    System,
    with_expansion,
)
from delf_lesson.features import GlobalExtractor, LocalExtractor
from delf_lesson.retrieval.ranking import Order

DELF_THRESHOLD = 0.04
"""Wider than SIFT's: a cell is 16 pixels of its scale, so its place is known less well."""
DELF_ORDER: Order = "product"
"""Among cells of a grid many agree by chance, so the vote keeps a say beside the inliers."""


def delf(
    weights: str,
    attentive: bool = True,
    device: str = "cpu",
    bf16: bool = False,
    batch: int = 1,
    max_side: int | None = None,
) -> LocalExtractor:
    """DELF from shipped weights or a file of them; see `deep.delf.Delf` and `choices.Choices`.

    attentive: with the attention that the weights have. Raises ValueError if a file has none.
    """
    # Here, not above: the classical systems need no torch.
    from delf_lesson.deep.delf import Delf
    from delf_lesson.deep.weights import SHIPPED, load_trained

    found = load_trained(weights)
    attention = found.attention if attentive else None
    if attentive and attention is None and weights not in SHIPPED:
        raise ValueError(
            f"weights: {weights} has no attention; give the file of `delf-lesson train attention`"
        )
    own = Delf(found.trunk, attention, found.reduction, device=device, bf16=bf16, batch=batch)
    return own if max_side is None else replace(own, max_side=max_side)


def _lift() -> LocalExtractor:
    from delf_lesson.deep.lift import load_lift

    return load_lift()


def whole(kind: str, weights: str | None = None, **options: Any) -> GlobalExtractor:
    """siaMAC or DIR, by shipped weights or a file of them; options: see `choices.Choices`."""
    from delf_lesson.deep.global_descriptors import SCALES, load_global

    scales = SCALES if kind == "dir" else (1.0,)
    return load_global(weights or kind, scales=scales, **options)


def _systems() -> dict[str, System]:
    sift = partial(LocalSystem, compression=SIFT_CODE)
    grid = partial(LocalSystem, order=DELF_ORDER, threshold=DELF_THRESHOLD)
    by_dir, dir_qe = with_expansion(
        GlobalSystem(
            "DIR",
            "one vector an image, R-MAC with learned whitening, trained by triplets",
            partial(whole, "dir"),
        )
    )
    attentive, attentive_qe = with_expansion(
        grid(
            "DELF+FT+ATT",
            "the fine-tuned trunk, cells kept by their attention score",
            partial(delf, "attention"),
        )
    )
    return {
        system.name: system
        for system in (
            # In the order of the slide "mAP Result"
            by_dir,
            dir_qe,
            *with_expansion(
                GlobalSystem(
                    "siaMAC",
                    "one vector an image, the largest activations, trained by pairs",
                    partial(whole, "siamac"),
                )
            ),
            LocalSystem(
                "CONGAS",
                "Laplacian keypoints with Gabor descriptors of 40 numbers, in the manner of CONGAS",
                Congas,
            ),
            LocalSystem(
                "LIFT",
                "detector, orientation and descriptor learned in turn, in the manner of LIFT",
                _lift,
                compression=SIFT_CODE,
            ),
            # Slide "Precision & Recall Result"
            *with_expansion(
                grid(
                    "DELF",
                    "the trunk that was trained on attributes, cells kept by their norm",
                    partial(delf, "base"),
                )
            ),
            *with_expansion(
                grid(
                    "DELF+FT",
                    "the trunk fine-tuned on landmarks, cells kept by their norm",
                    partial(delf, "ft"),
                )
            ),
            attentive,
            attentive_qe,
            FusedSystem(
                "DELF+FT+ATT+DIR+QE",
                "the scores of DELF+FT+ATT and DIR+QE, one part to three",
                attentive,
                dir_qe,
            ),
            # The classical part of the lecture
            sift(
                "Harris+SIFT",
                "Harris corners of one size with SIFT descriptors, affine verification",
                partial(Sift, detector="harris", root=False),
            ),
            sift("SIFT", "the lesson's own SIFT, affine verification", partial(Sift, root=False)),
            sift(
                "RootSIFT",
                "the lesson's own SIFT as RootSIFT, affine verification",
                partial(Sift, root=True),
            ),
            sift(
                "OpenCV-SIFT",
                "SIFT by OpenCV, affine verification",
                partial(OpenCVSift, root=False),
            ),
            sift(
                "OpenCV-RootSIFT",
                "RootSIFT by OpenCV, affine verification",
                partial(OpenCVSift, root=True),
            ),
            sift(
                "OpenCV-RootSIFT-votes",
                "RootSIFT by OpenCV, ranked by votes without verification",
                partial(OpenCVSift, root=True),
                order="votes",
            ),
        )
    }


SYSTEMS: Mapping[str, System] = MappingProxyType(_systems())

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
    before any search (slide "Classical Keypoint & Local Descriptor Properties"; notebook 07).
    """
    return {
        system.name: system.extractor()
        for system in SYSTEMS.values()
        if isinstance(system, LocalSystem) and not system.expand and system.order != "votes"
    }
