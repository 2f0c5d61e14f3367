"""What an exercise is: a function to write, hints, and what a check holds the answer against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mistake:
    """What students often write instead.

    says: the mistake by its name, and what to do. answer: takes what the exercise's function
    takes, and returns what a function with this mistake would return.
    """

    says: str
    answer: Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """Arguments that a function is tried with; label: what they are, in a few words."""

    label: str
    arguments: tuple[Any, ...]


Cases = Callable[[np.random.Generator], Sequence[Case]]


@dataclass(frozen=True)
class Exercise:
    """A function for a student to write.

    name: after the function of the package that it is the twin of. notebook: where it is set.
    function: the name that the student's function has there. task: one sentence.
    reference: the right answer, the package's own function or a thin coat over it.
    cases: what it is tried with, some by hand and some drawn from a generator, so that
    answers learned by heart fail under another seed. mistakes: see `Mistake`. hints: three, each
    stronger. canonical: brings right answers of different form to one (as rows in any order).
    tolerance: largest difference that is still right, of numbers of about 1.
    """

    name: str
    notebook: str
    task: str
    points: int
    reference: Callable[..., Any]
    cases: Cases
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    canonical: Callable[[Any], Any] = lambda answer: answer
    tolerance: float = 1e-4

    @property
    def function(self) -> str:
        """The name of the student's function: another than the package's, which it must not "
        "hide."""
        return f"my_{self.name}"


def rows_in_order(rows: Any, columns: int) -> NDArray:
    """Rows (N, columns) sorted, where their order does not matter; others as they are."""
    rows = np.asarray(rows)
    if rows.size == 0:
        return rows.reshape(0, columns)
    return rows[np.lexsort(rows.T[::-1])] if rows.ndim == 2 else rows
