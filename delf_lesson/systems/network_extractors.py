"""How the course's networks become extractors: DELF, and siaMAC and DIR (labs 05 and 07)."""

from dataclasses import dataclass, replace
from typing import Any

from delf_lesson.features import GlobalExtractor, LocalExtractor
from delf_lesson.systems.specification import SystemOptions


@dataclass(frozen=True)
class DelfSpec:
    """DELF. weights: shipped ones by name; attention: whether it scores the cells."""

    weights: str
    attention: bool
    weights_kind: str = "delf"

    def make(self, options: SystemOptions) -> LocalExtractor:
        """See `ExtractorSpec`. Raises ValueError if a file lacks the attention."""
        # Here, not above: the classical systems need no torch.
        from delf_lesson.deep.delf import Delf
        from delf_lesson.deep.weights import load_trained

        file = options.weights[0] if options.weights else self.weights
        trained = load_trained(file)
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
