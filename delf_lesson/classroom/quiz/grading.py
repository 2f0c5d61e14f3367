"""What answers to a quiz are worth."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from delf_lesson.classroom.quiz.question import Key, Question

Answer = str | float | Sequence[str] | None


@dataclass(frozen=True)
class Mark:
    """What one answer is worth. points: 0 to 1; said: sentences to the student."""

    question: str
    points: float
    said: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What a whole quiz is worth."""

    marks: tuple[Mark, ...]

    @property
    def points(self) -> float:
        """The sum."""
        return sum(mark.points for mark in self.marks)

    @property
    def most(self) -> int:
        """What could be reached: one point a question."""
        return len(self.marks)


def grade(answers: Mapping[str, Answer], questions: Sequence[Question]) -> Result:
    """Mark the answers, by the questions' ids; what is not answered, or of no use, has no points.

    Raises ValueError if a question has no key.
    """
    return Result(tuple(mark(question, answers.get(question.id)) for question in questions))


def mark(question: Question, answer: Any) -> Mark:
    """Mark one answer: a letter, letters, or a number.

    Of a multiple choice each right letter adds a share, each wrong one takes one off, down to 0. An
    order is worth the share of neighbours that follow each other rightly.
    """
    if question.key is None:
        raise ValueError(f"question {question.id} has no key here; the teacher grades it")
    if answer is None or answer == "" or answer == []:
        return Mark(question.id, 0.0, ("Not answered.",))
    try:
        points, said = _marked(question, question.key, answer)
    except (TypeError, ValueError):
        return Mark(question.id, 0.0, (f"The answer {str(answer)[:60]!r} cannot be read.",))
    return Mark(question.id, points, said)


def _marked(question: Question, key: Key, answer: Any) -> tuple[float, tuple[str, ...]]:
    feedback = key.feedback or {}
    if question.kind == "numeric":
        return _numeric(key, feedback, answer)
    chosen = _letters(question, answer)
    if question.kind == "order":
        return _order(key, feedback, chosen)
    if question.kind == "multiple":
        right = len({*chosen} & {*key.right})
        points = max(0.0, (2 * right - len(chosen)) / len(key.right))
        said = [feedback[letter] for letter in chosen]
        missed = len(key.right) - right
        if missed:
            said.append("One more is right." if missed == 1 else f"{missed} more are right.")
        return points, tuple(said)
    if len(chosen) != 1:
        raise ValueError("one letter is wanted")
    return float(chosen[0] in key.right), (feedback[chosen[0]],)


def _numeric(key: Key, feedback: Mapping[str, str], answer: Any) -> tuple[float, tuple[str, ...]]:
    value = number(answer)
    if abs(value - key.value) <= key.tolerance:
        return 1.0, (feedback["right"],)
    for wrong, said in key.near:
        if abs(value - wrong) <= max(key.tolerance, 0.005 * abs(wrong)):
            return 0.0, (said,)
    return 0.0, (feedback["wrong"],)


def number(answer: Any) -> float:
    """A number from what was typed: "0,5", "1/3" and "50 %" are taken. Raises ValueError."""
    if isinstance(answer, bool) or not isinstance(answer, str | int | float):
        raise ValueError(f"{answer!r} is no number")
    text = str(answer).strip().replace(",", ".")
    share = text.endswith("%")
    over, _, under = text.rstrip("% ").partition("/")
    try:
        value = float(over) / (float(under) if under else 1.0) / (100 if share else 1)
    except ZeroDivisionError as error:
        raise ValueError(f"{answer!r} is divided by 0") from error
    if not math.isfinite(value):
        raise ValueError(f"{answer!r} is no number")
    return value


def _order(
    key: Key, feedback: Mapping[str, str], chosen: Sequence[str]
) -> tuple[float, tuple[str, ...]]:
    if sorted(chosen) != sorted(key.right):
        raise ValueError("every step is wanted once")
    if tuple(chosen) == key.right:
        return 1.0, ("Right.",)
    follows = dict(pairwise(key.right))
    good = sum(follows.get(a) == b for a, b in pairwise(chosen))
    first = next(right for own, right in zip(chosen, key.right, strict=True) if own != right)
    place = key.right.index(first) + 1
    return good / (len(key.right) - 1), (f"Look at place {place}. {feedback[first]}",)


def _letters(question: Question, answer: Any) -> list[str]:
    letters = [answer] if isinstance(answer, str) else answer
    if not isinstance(letters, list | tuple) or not all(isinstance(one, str) for one in letters):
        raise ValueError(f"{answer!r} is no list of letters")
    if len(set(letters)) != len(letters) or not {*letters} <= {*question.letters}:
        raise ValueError(f"{answer!r} holds letters that are no options, or one twice")
    return list(letters)
