"""How far long work is."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

S = TypeVar("S")


class Progress(Protocol):
    """Shows how far some steps are, as a progress bar does, and passes them on."""

    def __call__(self, steps: Iterable[S], label: str, count: int | None = None) -> Iterable[S]:
        """The steps. label: what they do. count: their number, where they have no length."""


def no_progress(steps: Iterable[S], label: str, count: int | None = None) -> Iterable[S]:
    """Pass the steps on and show nothing."""
    return steps
