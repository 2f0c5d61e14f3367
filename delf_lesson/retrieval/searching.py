"""What every engine does: take images, and rank them for a query (notebook 06)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from delf_lesson.images import Pixels
from delf_lesson.retrieval.ranking import Ranking

Source = str | Path | Pixels
Skip = Callable[[str, str], None]
Confidence = Literal["inliers", "vote"]
"""Which number of a result can be compared between queries; inliers with the vote for ties."""


class Engine(Protocol):
    """Images are added, then searched; local features, whole images and both do it.

    extracted: images that were really described, and not found in a cache. settings: all that
    changes what an image is described by, as plain values. confidence: of the results.
    """

    @property
    def extracted(self) -> int:
        """How often something was really described."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Plain values."""

    @property
    def confidence(self) -> Confidence:
        """See `Confidence`."""

    @property
    def batch(self) -> int:
        """How many images are described at once; `add` is quickest with some times as many."""

    @property
    def names(self) -> list[str]:
        """The names of the images."""

    @property
    def bytes(self) -> dict[str, int]:
        """Memory by part; "places" is what verification needs beside the index."""

    def __len__(self) -> int:
        """How many images there are."""

    def add(
        self,
        images: Iterable[Source],
        names: Sequence[str] | None = None,
        skip: Skip | None = None,
    ) -> None:
        """Describe images and add them."""

    def check(self, query: Source) -> None:
        """Raise ValueError for an image that cannot be searched for."""

    def search(self, query: Source, top: int | None = None) -> Ranking:
        """Rank the images for a query."""
