"""One question of a quiz as widgets, usable by mouse and by keys."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import ipyevents
import ipywidgets as widgets
import numpy as np

from delf_lesson.classroom.explorers.drawing import BLACK, ORANGE, WHITE, ring, text
from delf_lesson.classroom.explorers.explorer import Labels, jpeg, labelled_box, new_image
from delf_lesson.classroom.quiz.question_bank import Question
from delf_lesson.classroom.quiz.quiz_answers import Answer, number
from delf_lesson.files import project_root
from delf_lesson.images import Pixels, read_image

AUTO = {"width": "auto", "max_width": "100%"}
REACH = 40  # pixels of the image between a click and the point that it chooses, at most


def as_html(words: str) -> str:
    """Text with `code` and *stress* as HTML."""
    words = html.escape(words, quote=False)
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", words)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", words)


def as_plain(words: str) -> str:
    """Text without its marks, for labels that show no HTML."""
    return re.sub(r"[`*]", "", words)


class Control(Protocol):
    """The widget that takes the answer to a question."""

    widget: widgets.Widget

    @property
    def answer(self) -> Answer:
        """The current answer; None as long as there is none."""

    def put(self, answer: Any) -> None:
        """Bring back an earlier answer."""


class Choice:
    """One of several options, or one of several points on an image."""

    def __init__(self, question: Question, changed: Callable[[], None]) -> None:
        self.question = question
        names = [(as_plain(option.text), option.letter) for option in question.options]
        self.radio = widgets.RadioButtons(options=names, index=None, layout=AUTO)
        self.radio.observe(lambda _: changed(), "value")
        self.widget: widgets.Widget = self.radio
        if question.kind == "click":
            self.image, self.labels = new_image(), Labels(shown=False)
            self.image.value = jpeg(marked_image(question))
            count = len(question.options)
            self.labels.alt = f"A picture with points marked by the numbers 1 to {count}"
            self.mouse = ipyevents.Event(source=self.image, watched_events=["click"])
            self.mouse.on_dom_event(self._clicked)
            self.widget = labelled_box([self.image, self.radio], self.labels)

    def _clicked(self, event: Mapping[str, Any]) -> None:
        at = np.array([event["dataX"], event["dataY"]])
        points = np.array([option.at for option in self.question.options])
        away = np.linalg.norm(points - at, axis=1)
        if away.min() <= REACH:
            self.radio.index = int(away.argmin())

    @property
    def answer(self) -> Answer:
        """The letter chosen; None as long as there is none."""
        return self.radio.value

    def put(self, answer: Any) -> None:
        """Choose the earlier answer."""
        if answer in self.question.letters:
            self.radio.value = answer


class Several:
    """Boxes to tick."""

    def __init__(self, question: Question, changed: Callable[[], None]) -> None:
        self.question = question
        self.boxes = {
            option.letter: widgets.Checkbox(
                description=as_plain(option.text), indent=False, layout=AUTO
            )
            for option in question.options
        }
        for box in self.boxes.values():
            box.observe(lambda _: changed(), "value")
        self.widget = widgets.VBox(list(self.boxes.values()))

    @property
    def answer(self) -> Answer:
        """The letters ticked; None if none is."""
        return [letter for letter, box in self.boxes.items() if box.value] or None

    def put(self, answer: Any) -> None:
        """Tick the earlier answers."""
        for letter, box in self.boxes.items():
            box.value = isinstance(answer, list) and letter in answer


class Number:
    """A number to type."""

    def __init__(self, question: Question, changed: Callable[[], None]) -> None:
        self.box = widgets.Text(
            description="number:", placeholder="such as 0.25 or 1/4", continuous_update=False
        )
        self.problem = widgets.HTML()
        self.box.observe(lambda _: self._typed(changed), "value")
        self.widget = widgets.HBox([self.box, self.problem])

    def _typed(self, changed: Callable[[], None]) -> None:
        self.problem.value = ""
        try:
            if self.box.value.strip():
                number(self.box.value)
        except ValueError:
            self.problem.value = '<span role="alert">This is no number; type one as 0.25.</span>'
        changed()

    @property
    def answer(self) -> Answer:
        """What was typed; None if nothing was."""
        return self.box.value.strip() or None

    def put(self, answer: Any) -> None:
        """Type the earlier answer."""
        self.box.value = "" if answer is None else str(answer)


class Order:
    """Steps as buttons in a column; a press moves a step up, and the first step to the end."""

    def __init__(self, question: Question, changed: Callable[[], None]) -> None:
        self.texts = {option.letter: as_plain(option.text) for option in question.options}
        self.order, self.moved, self.changed = list(question.letters), False, changed
        layout = {"width": "420px", "max_width": "100%"}
        self.buttons = [widgets.Button(layout=layout) for _ in self.order]
        for place, button in enumerate(self.buttons):
            button.on_click(lambda _, place=place: self._up(place))
            button.style.text_align = "left"
        say = widgets.HTML("Press a step to move it up by one place.")
        self.widget = widgets.VBox([say, *self.buttons])
        self._name()

    def _up(self, place: int) -> None:
        step = self.order.pop(place)
        self.order.insert(place - 1 if place else len(self.order), step)
        self.moved = True
        self._name()
        self.changed()

    def _name(self) -> None:
        for place, (button, letter) in enumerate(zip(self.buttons, self.order, strict=True)):
            button.description = f"{place + 1}. {self.texts[letter]}"

    @property
    def answer(self) -> Answer:
        """The letters in their order; None as long as nothing was moved."""
        return list(self.order) if self.moved else None

    def put(self, answer: Any) -> None:
        """Put the steps in their earlier order."""
        if isinstance(answer, list) and sorted(answer) == sorted(self.order):
            self.order, self.moved = list(answer), True
            self._name()


CONTROLS: dict[str, Callable[[Question, Callable[[], None]], Control]] = {
    "single": Choice,
    "click": Choice,
    "multiple": Several,
    "numeric": Number,
    "order": Order,
}


class QuestionBox:
    """A question with its controls; in practice with a button that checks the answer.

    changed: called when the answer changes. check: called when the button is pressed; it returns
    the sentences to show. None leaves the button out.
    """

    def __init__(
        self,
        place: int,
        question: Question,
        changed: Callable[[], None],
        check: Callable[[], Sequence[str]] | None,
    ) -> None:
        self.question, self.check = question, check
        self.control = CONTROLS[question.kind](question, changed)
        self.feedback = widgets.HTML()
        head = widgets.HTML(f"<b>{place}.</b> {as_html(question.text)}")
        rows = [head, self.control.widget]
        if check is not None:
            self.button = widgets.Button(description="Check", tooltip=f"Check question {place}")
            self.button.on_click(lambda _: self._checked())
            rows += [widgets.HBox([self.button]), self.feedback]
        self.widget = widgets.VBox(rows, layout={"margin": "0 0 18px 0"})

    def _checked(self) -> None:
        assert self.check is not None
        feedback = "<br>".join(as_html(sentence) for sentence in self.check())
        self.feedback.value = f'<div role="status">{feedback}</div>'


def marked_image(question: Question) -> Pixels:
    """The image of a question to click, its points ringed and numbered."""
    assert question.image is not None
    image = read_image(project_root() / question.image).copy()
    for shown, option in enumerate(question.options, start=1):
        assert option.at is not None
        ring(image, option.at, 9.0, ORANGE, 3)
        x, y = option.at
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            text(image, (x + 12 + dx, y - 22 + dy), str(shown), 18, WHITE)
        text(image, (x + 12, y - 22), str(shown), 18, BLACK)
    return image
