"""An extractor with its descriptors reduced (notebook 06)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from delf_lesson.features import LocalExtractor, LocalFeatures
from delf_lesson.images import Pixels
from delf_lesson.retrieval.reduction import Projection


@dataclass(frozen=True)
class Reduced:
    """Features of another extractor, their descriptors projected; a `LocalExtractor` itself."""

    extractor: LocalExtractor
    reduction: Projection

    @property
    def settings(self) -> Mapping[str, object]:
        """Those of the extractor, and a digest of the projection."""
        content = self.reduction.mean.tobytes() + self.reduction.components.tobytes()
        return {**self.extractor.settings, "reduction": hashlib.sha256(content).hexdigest()}

    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image; an image without any gives none."""
        found = self.extractor.extract(image)
        return LocalFeatures(
            found.xy,
            self.reduction.apply(found.descriptors),
            found.scores,
            found.scales,
            found.image_size,
        )
