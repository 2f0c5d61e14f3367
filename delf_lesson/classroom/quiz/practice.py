"""Quizzes in notebooks, with saved answers (slide "Quiz"; the last part of every lab)."""

import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from delf_lesson.classroom.explorers.explorer import BOX
from delf_lesson.classroom.quiz.question_bank import Question, draw_questions, practice_questions
from delf_lesson.classroom.quiz.question_widgets import QuestionBox
from delf_lesson.classroom.quiz.quiz_answers import (
    Answers,
    answers_folder,
    file_name,
    mark,
    questions_checksum,
)

COUNT = 15
WRAPPED = f"""<style>
.{BOX} .widget-radio-box label, .{BOX} .widget-checkbox, .{BOX} .widget-button {{
  height: auto; min-height: 20px; line-height: 1.5;
}}
.{BOX} .widget-radio-box label {{
  display: flex; flex-direction: row-reverse; justify-content: flex-end; align-items: flex-start;
}}
.{BOX} .widget-radio-box input {{ flex: none; }}
.{BOX} .widget-checkbox .widget-label-basic, .{BOX} .widget-button {{
  height: auto; line-height: 1.5; white-space: normal; overflow: visible;
}}
</style>"""
"""Lets long options run over several lines: ipywidgets gives them one line, where they overlap."""


def quiz(notebook: str, count: int = 3) -> "Practice":
    """The first questions on a notebook, as "01_keypoints", with feedback at once.

    Raises ValueError if there are fewer.
    """
    questions = [question for question in practice_questions() if question.notebook == notebook]
    if not 1 <= count <= len(questions):
        raise ValueError(f"there are {len(questions)} questions on {notebook!r}; wanted {count}")
    return Practice(notebook, questions[:count])


def practice(count: int = COUNT, seed: int = 0) -> "Practice":
    """Questions drawn from all notebooks, the same for the same seed, with feedback at once."""
    return Practice(f"practice-{count}-{seed}", draw_questions(practice_questions(), count, seed))


class QuestionSheet:
    """Questions as widgets; every change of an answer is saved in a file."""

    def __init__(self, name: str, mode: str, questions: Sequence[Question], path: Path) -> None:
        self.questions, self.path = list(questions), path
        ids = tuple(question.id for question in questions)
        self.state = Answers(name, mode, ids, questions_checksum(questions))
        self.note = widgets.HTML()
        self._restoring = False
        self.boxes = [
            QuestionBox(
                place,
                question,
                self._changed,
                partial(self._check, question) if mode == "practice" else None,
            )
            for place, question in enumerate(questions, start=1)
        ]
        self._restore()
        style = widgets.HTML(WRAPPED)
        self.widget = widgets.VBox([style, *(box.widget for box in self.boxes), self.note])
        self.widget.add_class(BOX)

    def _restore(self) -> None:
        """Bring back saved answers to these questions; a file of other answers is set aside."""
        if not self.path.exists():
            return
        try:
            before = Answers.read(self.path)
            if before.questions != self.state.questions:
                raise ValueError("it answers other questions")
        except ValueError as error:
            aside = unused(self.path)
            self.path.replace(aside)
            self.note.value = f"{self.path.name} was set aside as {aside.name}: {error}."
            return
        self.state = before
        self._restoring = True
        for box in self.boxes:
            box.control.put(before.answers.get(box.question.id))
        self._restoring = False

    def _changed(self) -> None:
        if self._restoring:
            return
        given = {box.question.id: box.control.answer for box in self.boxes}
        answers = {name: answer for name, answer in given.items() if answer is not None}
        self.save(answers=answers)

    def save(self, **changes: Any) -> None:
        """Change the state and write it. The student sees when the file cannot be written."""
        self.state = Answers(**{**vars(self.state), **changes})
        try:
            self.state.write(self.path)
        except OSError as error:
            self.note.value = (
                f'<div role="alert">Your answers could not be saved in {self.path.parent} '
                f"({error.strerror}). They are lost when the kernel stops.</div>"
            )
        else:
            count = len(self.state.answers)
            self.note.value = (
                f'<div role="status">{count} of {len(self.questions)} answered, saved.</div>'
            )

    def _check(self, question: Question) -> Sequence[str]:
        answer = self.state.answers.get(question.id)
        if answer is None:
            return ("Answer first, then check.",)
        tries = self.state.attempts.get(question.id, 0) + 1
        self.save(attempts={**self.state.attempts, question.id: tries})
        marked = mark(question, answer)
        verdict = {1.0: "*Right.*", 0.0: "*Not right.*"}.get(marked.points, "*Partly right.*")
        return (f"{verdict} {'First try.' if tries == 1 else f'Try {tries}.'}", *marked.said)


class Practice:
    """Questions with feedback at once; without a kernel the page shows their text."""

    def __init__(self, name: str, questions: Sequence[Question], path: Path | None = None) -> None:
        self.sheet = QuestionSheet(
            name, "practice", questions, path or answers_folder() / file_name(name)
        )

    def _ipython_display_(self) -> None:
        show(self.sheet.widget, as_markdown(self.sheet.questions))


def unused(path: Path) -> Path:
    """A new name beside a file, to set its old content aside."""
    names = (path.with_name(f"{path.stem}.older-{k}.json") for k in itertools.count(1))
    return next(name for name in names if not name.exists())


def show(widget: widgets.Widget, markdown: str) -> None:
    """Display a widget; without a kernel the page shows the text."""
    shown = {**widget._repr_mimebundle_(), "text/plain": markdown, "text/markdown": markdown}
    display(shown, raw=True)


def as_markdown(questions: Sequence[Question]) -> str:
    """The questions to read, without their answers."""
    parts = []
    for place, question in enumerate(questions, start=1):
        parts.append(f"**{place}.** {question.text}")
        if question.kind == "click":
            parts.append(f"*Points 1 to {len(question.options)} of a picture.*")
        elif question.options:
            parts.append("\n".join(f"- {option.text}" for option in question.options))
    return "\n\n".join(parts)
