"""What an exercise is, how an answer is checked, and hints."""

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


GRADING = "NBGRADER_EXECUTION"
"""Set by nbgrader while it grades: a check that is not passed then raises, which gives 0 points."""
SEED = "DELF_LESSON_CHECK_SEED"
"""The seed of the drawn cases while grading, so that they are not those of the notebook."""


class NotSolved(AssertionError):
    """An exercise is not solved, while its points are counted."""


@dataclass(frozen=True)
class Verdict:
    """What a check found. message: to the student; points: of at most `most`."""

    exercise: str
    solved: bool
    message: str
    most: int

    @property
    def points(self) -> int:
        """All of them or none."""
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
        except StudentError as trouble:
            return verdict(False, f"Given {case.label}, {trouble}")
    wanted = [exercise.canonical(exercise.reference(*case.arguments)) for case in cases]
    wrong = _first_difference(exercise, cases, answers, wanted)
    if wrong is not None:
        return verdict(False, _named(exercise, cases, answers) or wrong)
    return verdict(True, _borrowed(function))


def _first_difference(
    exercise: Exercise, cases: Sequence[Case], answers: Sequence[Any], wanted: Sequence[Any]
) -> str | None:
    for case, answer, right in zip(cases, answers, wanted, strict=True):
        found = _compared(exercise, answer, right)
        if found is not None:
            return f"Given {case.label}, {found}"
    return None


def _compared(exercise: Exercise, answer: Any, right: Any) -> str | None:
    try:
        answer = exercise.canonical(answer)
    except Exception:  # of no form that can be brought to one; `answer_diff` says which it has
        pass
    return answer_diff(answer, right, exercise.tolerance)


def _named(exercise: Exercise, cases: Sequence[Case], answers: Sequence[Any]) -> str | None:
    """The mistake that would give all of these answers, if one is known."""
    for mistake in exercise.mistakes:
        theirs = []
        for case in cases:
            with np.errstate(all="ignore"):
                theirs.append(exercise.canonical(mistake.answer(*case.arguments)))
        if _first_difference(exercise, cases, answers, theirs) is None:
            return mistake.says
    return None


def _borrowed(function: Callable[..., Any]) -> str:
    """A word to a solution that would not work outside its notebook."""
    try:
        names = inspect.getclosurevars(function).globals
    except TypeError:  # not a function written in Python
        return ""
    own = inspect.getmodule(function)
    others = [
        name
        for name, value in names.items()
        if not inspect.ismodule(value)
        and getattr(value, "__module__", "__main__") in ("__main__", getattr(own, "__name__", None))
        and getattr(value, "__code__", None) is not getattr(function, "__code__", 0)
    ]
    if not others:
        return ""
    return (
        f"But it uses {', '.join(others)} from elsewhere in the notebook. When it is handed in, "
        "only its own cell is run: put all it needs there."
    )


def judged(exercise: Exercise, function: Callable[..., Any]) -> Verdict:
    """As `checked`; while nbgrader grades, with its seed, and raising NotSolved if it is not."""
    grading = os.environ.get(GRADING) == "autograde"
    verdict = checked(exercise, function, int(os.environ.get(SEED, "0")) if grading else 0)
    if grading and not verdict.solved:
        raise NotSolved(verdict.message)
    return verdict
