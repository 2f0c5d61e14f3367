"""Exercises, the check of an answer, and hints."""

import inspect
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.exercises.answer_diff import answer_diff
from delf_lesson.classroom.exercises.sandbox import SECONDS, StudentError, run


@dataclass(frozen=True)
class Mistake:
    """A mistake that students often make.

    says: names the mistake and says what to do. answer: takes the arguments of the exercise's
    function and returns what a function with this mistake would return.
    """

    says: str
    answer: Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """Arguments to try a function with; label: describes them in a few words."""

    label: str
    arguments: tuple[Any, ...]


Cases = Callable[[np.random.Generator], Sequence[Case]]


@dataclass(frozen=True)
class Exercise:
    """A function for a student to write.

    name: of the package's function that does the same. notebook: where it is set. function: the
    name of the student's function. task: one sentence. reference: the right answer, the package's
    function or a thin wrapper. cases: some by hand and some drawn from a generator, so that
    answers learned by heart fail under another seed. mistakes: see `Mistake`. hints: three, each
    stronger. canonical: brings right answers of different forms to one form (rows in any order).
    tolerance: largest difference that counts as right, for numbers of about 1.
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
        """The name of the student's function. It must not hide the package's function."""
        return f"my_{self.name}"


def rows_in_order(rows: Any, columns: int) -> NDArray:
    """Rows (N, columns) sorted, for answers whose order does not matter; others unchanged."""
    rows = np.asarray(rows)
    if rows.size == 0:
        return rows.reshape(0, columns)
    return rows[np.lexsort(rows.T[::-1])] if rows.ndim == 2 else rows


GRADING = "NBGRADER_EXECUTION"
"""Set by nbgrader while it grades. A failed check then raises an error, which gives 0 points."""
SEED = "DELF_LESSON_CHECK_SEED"
"""The seed of the drawn cases while grading, so that they differ from the notebook's cases."""


class NotSolved(AssertionError):
    """An exercise is not solved; raised while nbgrader counts its points."""


@dataclass(frozen=True)
class Verdict:
    """The result of a check. message: to the student; points: of at most `most`."""

    exercise: str
    solved: bool
    message: str
    most: int

    @property
    def points(self) -> int:
        """All points or none."""
        return self.most if self.solved else 0

    def __repr__(self) -> str:
        state = "solved" if self.solved else "not solved yet"
        head = f"{self.exercise}: {state}, {self.points} of {self.most} points."
        return "\n".join([head, *textwrap.wrap(self.message, 90)])


@dataclass(frozen=True)
class Hint:
    """One hint, shown as text."""

    number: int
    text: str

    def __repr__(self) -> str:
        return "\n".join([f"Hint {self.number} of 3:", *textwrap.wrap(self.text, 90)])


def find(exercises: Mapping[str, Exercise], name: str) -> Exercise:
    """The exercise of a name; ValueError listing all if there is none."""
    if name not in exercises:
        raise ValueError(f"no exercise is named {name!r}; there are {', '.join(exercises)}")
    return exercises[name]


def hint_of(exercise: Exercise, number: int) -> Hint:
    """Hint 1, 2 or 3; ValueError for another number."""
    if number not in (1, 2, 3):
        raise ValueError(f"number is {number!r}; wanted 1, 2 or 3, each a stronger hint")
    return Hint(number, exercise.hints[number - 1])


def checked(exercise: Exercise, function: Any, seed: int = 0, seconds: float = SECONDS) -> Verdict:
    """Try a function with the exercise's cases, and say what is wrong with it.

    seed: of the cases that are drawn. seconds: how long it may run in one case.
    """

    def verdict(solved: bool, message: str) -> Verdict:
        return Verdict(exercise.name, solved, message, exercise.points)

    if not callable(function):
        return verdict(
            False, f"This is a {type(function).__name__}, not a function: give its name."
        )
    cases = exercise.cases(np.random.default_rng(seed))
    answers = []
    for case in cases:
        try:
            answers.append(run(function, case.arguments, seconds))
        except NotImplementedError:
            return verdict(
                False,
                f'Write {exercise.function}, and run this again. hint("{exercise.name}", 1) helps.',
            )
        except StudentError as error:
            return verdict(False, f"Given {case.label}, {error}")
    wanted = [exercise.canonical(exercise.reference(*case.arguments)) for case in cases]
    wrong = _first_diff(exercise, cases, answers, wanted)
    if wrong is not None:
        return verdict(False, _known_mistake(exercise, cases, answers) or wrong)
    return verdict(True, _borrowing(function))


def _first_diff(
    exercise: Exercise, cases: Sequence[Case], answers: Sequence[Any], wanted: Sequence[Any]
) -> str | None:
    for case, answer, right in zip(cases, answers, wanted, strict=True):
        diff = _diff(exercise, answer, right)
        if diff is not None:
            return f"Given {case.label}, {diff}"
    return None


def _diff(exercise: Exercise, answer: Any, right: Any) -> str | None:
    try:
        answer = exercise.canonical(answer)
    except Exception:  # `answer_diff` says what form it has
        pass
    return answer_diff(answer, right, exercise.tolerance)


def _known_mistake(exercise: Exercise, cases: Sequence[Case], answers: Sequence[Any]) -> str | None:
    """The mistake that would give all of these answers, if one is known."""
    for mistake in exercise.mistakes:
        mistaken = []
        for case in cases:
            with np.errstate(all="ignore"):
                mistaken.append(exercise.canonical(mistake.answer(*case.arguments)))
        if _first_diff(exercise, cases, answers, mistaken) is None:
            return mistake.says
    return None


def _borrowing(function: Callable[..., Any]) -> str:
    """A warning if a solution would not work outside its notebook; else empty."""
    try:
        names = inspect.getclosurevars(function).globals
    except TypeError:  # not a function written in Python
        return ""
    modules = ("__main__", getattr(inspect.getmodule(function), "__name__", None))
    others = [
        name
        for name, value in names.items()
        if not inspect.ismodule(value)
        and getattr(value, "__module__", "__main__") in modules
        and getattr(value, "__code__", None) is not getattr(function, "__code__", 0)
    ]
    if not others:
        return ""
    return (
        f"But it uses {', '.join(others)} from elsewhere in the notebook. When it is handed in, "
        "only its own cell is run: put all it needs there."
    )


def judged(exercise: Exercise, function: Callable[..., Any]) -> Verdict:
    """Like `checked`. While nbgrader grades, uses its seed and raises NotSolved if it fails."""
    grading = os.environ.get(GRADING) == "autograde"
    verdict = checked(exercise, function, int(os.environ.get(SEED, "0")) if grading else 0)
    if grading and not verdict.solved:
        raise NotSolved(verdict.message)
    return verdict
