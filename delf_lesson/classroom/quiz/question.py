"""A question of the quiz, and apart from it its key: what is right, and what is said to answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

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
    """What is right. It stays with the teacher where a question belongs to an exam.

    right: the letters of right options; of a question of the kind "order", all in their order.
    feedback: a sentence for each letter; of a numeric one for "right" and "wrong".
    value, tolerance: of a numeric one. near: common wrong values, each with a sentence.
    """

    right: tuple[str, ...] = ()
    feedback: Mapping[str, str] | None = None
    value: float = 0.0
    tolerance: float = 0.0
    near: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Question:
    """A question, with its key or without.

    id: its name in answers, never used again for another. notebook, slide: where it is taught.
    options: in the order they are shown, which is not that of the file. image: of the kind
    "click", the path from the project's folder. key: None where only the teacher has it.
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
        """Of all options, in the order they are shown."""
        return tuple(option.letter for option in self.options)

    def without_key(self) -> "Question":
        """What a student may have of an exam."""
        return replace(self, key=None)
