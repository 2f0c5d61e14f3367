"""Answers to a quiz: the file that keeps them, and their marks."""

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from delf_lesson.classroom.quiz.question_bank import Key, Question
from delf_lesson.files import project_root, write_atomically

Answer = str | float | Sequence[str] | None
FORMAT, VERSION = "delf-lesson answers", 1
PREDICTION = "prediction-"
"""The names of files in `answers/` that keep a prediction begin with it."""


@dataclass(frozen=True)
class Answers:
    """Answers to one quiz.

    quiz: its name; student: as the teacher knows them, may be empty in practice; mode: "practice"
    or "exam"; asked: the questions' ids; answers: by id; attempts: by id, how often an answer was
    checked in practice; questions: a checksum of the questions; saved: when, UTC.
    """

    quiz: str
    mode: str
    asked: tuple[str, ...]
    questions: str
    student: str = ""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)
    saved: str = ""

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all, with the time and a checksum."""
        path.parent.mkdir(parents=True, exist_ok=True)
        saved = datetime.now(UTC).isoformat(timespec="seconds")
        content = {"format": FORMAT, "version": VERSION, **asdict(self), "saved": saved}
        content["checksum"] = _checksum(content)
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        write_atomically(path, text.encode())

    def compact(self) -> str:
        """The file in one line, for the field of a form."""
        content = {"format": FORMAT, "version": VERSION, **asdict(self)}
        content["checksum"] = _checksum(content)
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def read(cls, path: Path) -> "Answers":
        """Read a file. Raises ValueError saying what is wrong with it."""
        try:
            return cls.of_text(path.read_bytes().decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError("it is not text in UTF-8") from error

    @classmethod
    def of_text(cls, text: str) -> "Answers":
        """From the text of a file. Raises ValueError saying what is wrong with it.

        The checksum detects damage, not cheating: anybody can recompute it.
        """
        if not text.strip():
            raise ValueError("it is empty")
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"it is not whole JSON ({error})") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError("it is no file of answers")
        if content.get("version") != VERSION:
            raise ValueError(
                f"it has version {content.get('version')}; this program reads {VERSION}"
            )
        given = content.pop("checksum", None)
        if given != _checksum(content):
            raise ValueError("its checksum does not fit: it was changed or damaged")
        kinds = {"asked": list, "answers": dict, "attempts": dict}
        for name in cls.__dataclass_fields__:
            if not isinstance(content.get(name), kinds.get(name, str)):
                raise ValueError(f"its field {name!r} is missing or wrong")
        if not all(isinstance(name, str) for name in content["asked"]):
            raise ValueError("its field 'asked' is missing or wrong")
        fields = {name: content[name] for name in cls.__dataclass_fields__}
        return cls(**{**fields, "asked": tuple(fields["asked"])})


def answers_folder() -> Path:
    """Where answers are kept: `answers/` in the project, or `DELF_LESSON_ANSWERS`."""
    folder = os.environ.get("DELF_LESSON_ANSWERS")
    return Path(folder).expanduser() if folder else project_root() / "answers"


def file_name(quiz: str, student: str = "") -> str:
    """The name of the file of a quiz, or of a student's exam; names in any script differ."""
    known = " ".join(student.casefold().split())
    parts = [quiz, student, hashlib.sha256(known.encode()).hexdigest()[:6]] if known else [quiz]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts)) + ".json"


def questions_checksum(questions: Sequence[Question]) -> str:
    """A checksum of what a quiz asks; the key is not part of it."""
    plain = [
        [question.id, question.text, [option.text for option in question.options]]
        for question in questions
    ]
    return _checksum({"questions": plain})


def _checksum(content: Mapping[str, Any]) -> str:
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


@dataclass(frozen=True)
class Mark:
    """The mark of one answer. points: 0 to 1; said: sentences to the student."""

    question: str
    points: float
    said: tuple[str, ...]


@dataclass(frozen=True)
class QuizResult:
    """The marks of a whole quiz."""

    marks: tuple[Mark, ...]

    @property
    def points(self) -> float:
        """The sum of all marks."""
        return sum(mark.points for mark in self.marks)

    @property
    def most(self) -> int:
        """The most points possible: one for each question."""
        return len(self.marks)


def grade(answers: Mapping[str, Answer], questions: Sequence[Question]) -> QuizResult:
    """Mark the answers, by the questions' ids. Missing and unreadable answers have no points.

    Raises ValueError if a question has no key.
    """
    return QuizResult(tuple(mark(question, answers.get(question.id)) for question in questions))


def mark(question: Question, answer: Any) -> Mark:
    """Mark one answer: a letter, letters, or a number.

    In a multiple choice each right letter adds a share and each wrong letter takes a share off,
    down to 0. An order gets the share of neighbours that follow each other rightly.
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
    """The number that was typed, as "0,5", "1/3" or "50 %". Raises ValueError if it is none."""
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
    pairs = zip(chosen, key.right, strict=True)
    first = next(right for letter, right in pairs if letter != right)
    place = key.right.index(first) + 1
    return good / (len(key.right) - 1), (f"Look at place {place}. {feedback[first]}",)


def _letters(question: Question, answer: Any) -> list[str]:
    letters = [answer] if isinstance(answer, str) else answer
    if not isinstance(letters, list | tuple) or not all(
        isinstance(letter, str) for letter in letters
    ):
        raise ValueError(f"{answer!r} is no list of letters")
    if len(set(letters)) != len(letters) or not {*letters} <= {*question.letters}:
        raise ValueError(f"{answer!r} holds letters that are no options, or one twice")
    return list(letters)
