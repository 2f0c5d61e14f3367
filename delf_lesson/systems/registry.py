"""The systems of the lesson by name: the rows of the slide "mAP Result", and some of our own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from delf_lesson.classical.congas import Congas
from delf_lesson.classical.sift import OpenCVSift, Sift
from delf_lesson.features import GlobalExtractor, LocalExtractor
from delf_lesson.retrieval.ranking import Order
from delf_lesson.systems.baselines import BASELINES
from delf_lesson.systems.specification import (
    SIFT_CODE,
    FusedSystem,
    GlobalSystem,
    LocalSystem,
    System,
    with_expansion,
)

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


ATTENTIVE = "+ATT"


@dataclass(frozen=True)
class Choices:
    """What can be chosen of a system.

    system: its name. weights: files that `delf-lesson train` wrote, in place of the shipped ones:
    DELF's, siaMAC's or DIR's; of a fused system, both. device: where torch computes. bf16: half
    precision in the network. batch: images of one size that the network sees at once.
    max_side: larger images are shrunk to it, in pixels; None for the system's own.
    """

    system: str
    weights: tuple[str, ...] = ()
    device: str = "cpu"
    bf16: bool = False
    batch: int = 1
    max_side: int | None = None

    @property
    def plain(self) -> bool:
        """Whether the system stays as it is shipped."""
        return self == Choices(self.system)


def configured(choices: Choices) -> System:
    """The system as it was chosen.

    Raises ValueError for a name that there is not, for a system that has no such choices, and for
    weights of another kind; FileNotFoundError for weights that are not there.
    """
    system = find_system(choices.system)
    if choices.plain:
        return system
    by_kind = _by_kind(choices.weights)
    chosen = _chosen(system, choices, by_kind)
    if by_kind:
        kind, file = next(iter(by_kind.items()))
        raise ValueError(f"weights: {file} is for {kind}, which {system.name} does not use")
    return chosen


def _by_kind(weights: tuple[str, ...]) -> dict[str, str]:
    """Files by the network that their cards name: "delf", "siamac" or "dir"."""
    from delf_lesson.deep.weights import load_weights

    found: dict[str, str] = {}
    for file in weights:
        _, card = load_weights(file)
        stage = str(card.get("stage"))
        kind = "delf" if stage in ("base", "ft", "attention") else stage
        if kind in found:
            raise ValueError(f"weights: {found[kind]} and {file} are both for {kind}; give one")
        found[kind] = file
    return found


def _chosen(system: System, choices: Choices, by_kind: dict[str, str]) -> System:
    if isinstance(system, FusedSystem):
        local = _chosen(system.local, choices, by_kind)
        vector = _chosen(system.whole, choices, by_kind)
        assert isinstance(local, LocalSystem) and isinstance(vector, GlobalSystem)
        return replace(system, local=local, whole=vector)
    make: Any = getattr(system, "extractor", None)
    function = getattr(make, "func", None)
    options: Mapping[str, Any] = {
        "device": choices.device,
        "bf16": choices.bf16,
        "batch": choices.batch,
        "max_side": choices.max_side,
    }
    if function is delf:
        kept = by_kind.pop("delf", None) or make.args[0]
        attentive = ATTENTIVE in system.name
        own = partial(delf, kept, attentive=attentive, **options)
        return replace(system, extractor=own, device=choices.device)  # type: ignore[call-arg]
    if function is whole:
        kept = by_kind.pop(make.args[0], None)
        return replace(system, extractor=partial(whole, make.args[0], kept, **options))  # type: ignore[call-arg]
    raise ValueError(
        f"system: {system.name} has no weights, device or size to choose; leave them out, or take "
        "DELF, siaMAC or DIR"
    )
