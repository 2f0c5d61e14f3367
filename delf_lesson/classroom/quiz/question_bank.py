"""Questions with their keys, and the bank in `data/quiz` that they are read and drawn from.

The bank has a file of practice questions for each lab, and `exam.toml` for exams. Students get
`exam.json` in its place, the same questions without the key; see `data/quiz/README.md`.
"""

import hashlib
import json
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from delf_lesson.files import project_root

Kind = Literal["single", "multiple", "numeric", "order", "click"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Option:
    """One answer to choose, one step to order, or one point to click.

    letter: its name in answers; at: `(x, y)` of a point, in pixels of the question's image.
    """

    letter: str
    text: str
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class Key:
    """What is right. The keys of exam questions stay with the teacher.

    right: the letters of right options; for the kind "order", all letters in their order.
    feedback: a sentence for each letter; for the kind "numeric", for "right" and "wrong".
    value, tolerance: for the kind "numeric". near: common wrong values, each with a sentence.
    """

    right: tuple[str, ...] = ()
    feedback: Mapping[str, str] | None = None
    value: float = 0.0
    tolerance: float = 0.0
    near: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Question:
    """A question, with its key or without.

    id: its name in answers, never reused for another question. notebook, slide: where it is
    taught. options: in the order they are shown, which differs from the file. image: for the kind
    "click", the path from the project's folder. key: None if only the teacher has it.
    """

    id: str
    notebook: str
    slide: str
    kind: Kind
    text: str
    options: tuple[Option, ...] = ()
    image: str | None = None
    key: Key | None = None

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of all options, in the order they are shown."""
        return tuple(option.letter for option in self.options)

    def without_key(self) -> "Question":
        """The question as students get it in an exam."""
        return replace(self, key=None)


LETTERS = "abcdefgh"
EXAM, EXAM_WITHOUT_KEY = "exam.toml", "exam.json"


def bank_folder() -> Path:
    """The folder of the question bank."""
    return project_root() / "data" / "quiz"


def practice_questions(folder: Path | None = None) -> list[Question]:
    """All questions to practise with, in the order of the notebooks. Raises as `read_questions`."""
    folder = folder or bank_folder()
    paths = sorted(path for path in folder.glob("[0-9]*.toml"))
    return [question for path in paths for question in read_questions(path)]


def exam_questions(folder: Path | None = None) -> list[Question]:
    """All questions for exams, with their keys if the teacher's file is there.

    Raises FileNotFoundError if there are none.
    """
    folder = folder or bank_folder()
    if (folder / EXAM).is_file():
        return read_questions(folder / EXAM)
    if (folder / EXAM_WITHOUT_KEY).is_file():
        return read_without_key(folder / EXAM_WITHOUT_KEY)
    raise FileNotFoundError(
        f"neither {EXAM} nor {EXAM_WITHOUT_KEY} is in {folder}; ask your teacher for the exam"
    )


def read_questions(path: Path) -> list[Question]:
    """The questions of one file. Raises ValueError naming the question and field that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not readable as TOML: {error}") from error
    questions = []
    for number, entry in enumerate(content.get("question", []), start=1):
        try:
            questions.append(_question({"notebook": path.stem, **entry}))
        except (KeyError, TypeError, ValueError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            name = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"{number}"
            raise ValueError(f"{path.name}, question {name}: {what}") from error
    ids = [question.id for question in questions]
    for name in ids:
        if ids.count(name) > 1:
            raise ValueError(f"{path.name}: two questions have the id {name}")
    return questions


def _question(entry: Mapping[str, Any]) -> Question:
    kind = entry["kind"]
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; wanted one of {', '.join(KINDS)}")
    common = {name: entry[name] for name in ("id", "notebook", "slide", "kind", "text")}
    if kind == "numeric":
        if not entry["tolerance"] > 0:
            raise ValueError("tolerance must be over 0")
        near = tuple((float(close["value"]), close["feedback"]) for close in entry.get("near", []))
        feedback = {"right": entry["right"], "wrong": entry["wrong"]}
        key = Key((), feedback, float(entry["value"]), float(entry["tolerance"]), near)
        return Question(**common, key=key)
    raw = entry[{"order": "steps", "click": "points"}.get(kind, "options")]
    if not 2 <= len(raw) <= len(LETTERS):
        raise ValueError(f"there are {len(raw)} options; wanted 2 to {len(LETTERS)}")
    shuffled = sorted(range(len(raw)), key=lambda place: _shuffle_key(entry["id"], place))
    letter = {place: LETTERS[shown] for shown, place in enumerate(shuffled)}
    options = tuple(
        _option(letter[place], raw[place], kind, shown)
        for shown, place in enumerate(shuffled, start=1)
    )
    right = tuple(
        letter[place] for place, option in enumerate(raw) if kind == "order" or option.get("right")
    )
    if kind in ("single", "click") and len(right) != 1:
        raise ValueError(f"{len(right)} options are right; wanted one")
    if kind == "multiple" and not right:
        raise ValueError("no option is right")
    feedback = {letter[place]: option["feedback"] for place, option in enumerate(raw)}
    if not all(feedback.values()):
        raise ValueError("an option has no feedback")
    if len({(option.text, option.at) for option in options}) < len(options):
        raise ValueError("two options are the same")
    return Question(
        **common,
        options=options,
        image=entry["image"] if kind == "click" else None,
        key=Key(right, feedback),
    )


def _option(letter: str, raw: Mapping[str, Any], kind: str, shown: int) -> Option:
    if kind == "click":
        return Option(letter, f"point {shown}", (float(raw["x"]), float(raw["y"])))
    return Option(letter, raw["text"])


def _shuffle_key(name: str, place: int) -> str:
    """Orders the options of a question: in files the right option may stand first."""
    return hashlib.sha256(f"{name} {place}".encode()).hexdigest()


def questions_without_key(questions: Sequence[Question]) -> bytes:
    """The content of `exam.json`: the questions as JSON, without what is right."""
    plain = [
        {name: value for name, value in asdict(question.without_key()).items() if name != "key"}
        for question in questions
    ]
    return (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode()


def read_without_key(path: Path) -> list[Question]:
    """Read `exam.json`. Raises ValueError if it is damaged."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return [
            Question(
                **{
                    **entry,
                    "options": tuple(
                        Option(raw["letter"], raw["text"], raw["at"] and tuple(raw["at"]))
                        for raw in entry["options"]
                    ),
                }
            )
            for entry in plain
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path.name} is damaged ({error}); ask for it again") from error


def draw_questions(questions: Sequence[Question], count: int, seed: int | str) -> list[Question]:
    """Draw questions, the same for the same seed, spread over the notebooks.

    They come in the order of the bank. Raises ValueError if there are fewer.
    """
    if not 1 <= count <= len(questions):
        raise ValueError(f"count is {count}; wanted 1 to {len(questions)}, as many as there are")
    rng = random.Random(str(seed))
    piles: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        piles.setdefault(question.notebook, []).append(place)
    for pile in piles.values():
        rng.shuffle(pile)
    order = list(piles)
    chosen: list[int] = []
    while len(chosen) < count:
        rng.shuffle(order)
        for name in order:
            if piles[name] and len(chosen) < count:
                chosen.append(piles[name].pop())
    return [questions[place] for place in sorted(chosen)]
