"""The file of a student's answers: kept while a quiz is answered, and handed in."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from delf_lesson.classroom.quiz.grading import Answer
from delf_lesson.classroom.quiz.question import Question
from delf_lesson.files import write_atomically
from delf_lesson.paths import project_root

FORMAT, VERSION = "delf-lesson answers", 1


@dataclass(frozen=True)
class Answers:
    """Answers to one quiz.

    quiz: its name; student: as the teacher knows them, may be empty in practice; mode: "practice"
    or "exam"; asked: the questions' ids; answers: by id; attempts: by id, how often an answer was
    looked at in practice; questions: a checksum of what was asked; saved: when, UTC.
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

        The checksum tells damage, not cheating: whoever wants to can compute it anew.
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
        if not all(isinstance(one, str) for one in content["asked"]):
            raise ValueError("its field 'asked' is missing or wrong")
        own = {name: content[name] for name in cls.__dataclass_fields__}
        return cls(**{**own, "asked": tuple(own["asked"])})


def answers_folder() -> Path:
    """Where answers are kept: `answers/` in the project, or `DELF_LESSON_ANSWERS`."""
    chosen = os.environ.get("DELF_LESSON_ANSWERS")
    return Path(chosen).expanduser() if chosen else project_root() / "answers"


def file_name(quiz: str, student: str = "") -> str:
    """The name of the file of a quiz, or of a student's exam; names in any script differ."""
    known = " ".join(student.casefold().split())
    parts = [quiz, student, hashlib.sha256(known.encode()).hexdigest()[:6]] if known else [quiz]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts)) + ".json"


def questions_checksum(questions: Sequence[Question]) -> str:
    """Tells whether two quizzes ask the same, whoever has the key."""
    plain = [[one.id, one.text, [option.text for option in one.options]] for one in questions]
    return _checksum({"questions": plain})


def _checksum(content: Mapping[str, Any]) -> str:
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
