"""A system with other weights, on another device, or at another size than it is shipped with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from delf_lesson.evaluation.system import FusedSystem, GlobalSystem, LocalSystem, System
from delf_lesson.evaluation.systems import delf, find_system, whole

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
