"""Predictions: students commit an answer before a result is shown, and compare afterwards.

In the labs, every surprising result has a prediction before it. Without an answer the result
appears all the same, so that a notebook can be run as a whole.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import ipywidgets as widgets

from delf_lesson.classroom.explorers.explorer import BOX
from delf_lesson.classroom.quiz.practice import WRAPPED, show, unused
from delf_lesson.classroom.quiz.question_widgets import as_html, as_plain
from delf_lesson.classroom.quiz.quiz_answers import (
    PREDICTION,
    answers_folder,
    file_name,
    number,
)
from delf_lesson.files import write_atomically

FORMAT, VERSION = "delf-lesson prediction", 1
AUTO = {"width": "auto", "max_width": "100%"}


def predict(
    name: str, question: str, options: Sequence[str] | None = None, unit: str = ""
) -> "Prediction":
    """Ask for a prediction; put the call at the end of a cell, so that it shows the question.

    name: of the prediction, as "01-ellipses"; its answer is kept in `answers/` under this name.
    options: what to choose from; None asks for a number. unit: what the number counts, as "pixels".
    Raises ValueError if there are fewer than two options, or two are the same.
    """
    return Prediction(name, question, options, unit)


class Prediction:
    """A question with a widget for the answer; without a kernel the page shows its text.

    answer: what the student committed: one of the options, or a number. None until then.
    """

    def __init__(
        self,
        name: str,
        question: str,
        options: Sequence[str] | None = None,
        unit: str = "",
        folder: Path | None = None,
    ) -> None:
        if options is not None and (len(options) < 2 or len(set(options)) < len(options)):
            raise ValueError(f"options are {options!r}; wanted at least two, all different")
        self.question, self.unit = question, unit
        self.options = None if options is None else list(options)
        self.path = (folder or answers_folder()) / f"{PREDICTION}{file_name(name)}"
        self.answer: str | float | None = None
        if self.options is None:
            self.control: widgets.Widget = widgets.Text(
                description="number:", placeholder="for example 0.25, 1/4 or 25%"
            )
        else:
            named = [(as_plain(option), option) for option in self.options]
            self.control = widgets.RadioButtons(options=named, index=None, layout=AUTO)
        self.button = widgets.Button(description="Commit", tooltip="Keep this prediction")
        self.button.on_click(lambda _: self._commit())
        self.note = widgets.HTML()
        self._restore()
        head = widgets.HTML(f"<b>Predict.</b> {as_html(question)}")
        answer = [self.control] if unit == "" else [self.control, widgets.Label(unit)]
        rows = [head, widgets.HBox(answer), widgets.HBox([self.button, self.note])]
        self.widget = widgets.VBox([widgets.HTML(WRAPPED), *rows])
        self.widget.add_class(BOX)

    def __repr__(self) -> str:
        options = "".join(f"\n\n- {option}" for option in self.options or ())
        return f"**Predict.** {self.question}{options}"

    def _ipython_display_(self) -> None:
        show(self.widget, repr(self))

    def compare(self, result: str | float, digits: int = 2) -> "Comparison":
        """The result, and beside it what the student predicted.

        result: one of the options, or a number. digits: how many a number shows after the point.
        Raises ValueError if the result is not one of the options.
        """
        if self.options is not None and result not in self.options:
            raise ValueError(f"result is {result!r}; wanted one of the options {self.options}")
        if isinstance(result, str):
            return Comparison(result, self.answer, "")
        shown = f"{result:.{digits}f}"
        return Comparison(shown, self.answer, f" {self.unit}" if self.unit else "")

    def _restore(self) -> None:
        """Bring back an earlier answer. A file that doesn't fit is renamed, not deleted."""
        if not self.path.exists():
            return
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise ValueError("it is no prediction")
            if content.get("question") != self.question:
                raise ValueError("it answers another question")
            answer = content.get("answer")
            if self.options is None:
                answer = number(answer)
            elif answer not in self.options:
                raise ValueError(f"{answer!r} is none of the options")
        except (OSError, ValueError) as error:
            older = unused(self.path)
            try:
                self.path.replace(older)
            except OSError:
                self._say(f"{self.path.name} can't be used: {error}. Delete {self.path}.")
            else:
                self._say(f"{self.path.name} was renamed to {older.name}: {error}.")
            return
        self._keep(answer)
        if self.options is None:
            self.control.value = f"{answer:g}"
        else:
            self.control.value = answer

    def _commit(self) -> None:
        """Keep the answer in the file, and close the question."""
        try:
            answer = number(self.control.value) if self.options is None else self.control.value
        except ValueError:
            self._say(f"{self.control.value!r} is no number. Type, for example, 0.25, 1/4 or 25%.")
            return
        if answer is None:
            self._say("Choose an answer first.")
            return
        made = datetime.now(UTC).isoformat(timespec="seconds")
        content = {"format": FORMAT, "version": VERSION, "question": self.question}
        text = json.dumps({**content, "answer": answer, "made": made}, ensure_ascii=False, indent=1)
        self._keep(answer)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, f"{text}\n".encode())
        except OSError as error:
            self._say(
                f"Kept until the kernel stops: {self.path.parent} can't be written "
                f"({error.strerror})."
            )

    def _keep(self, answer: str | float) -> None:
        self.answer = answer
        self.control.disabled = self.button.disabled = True
        self._say("Kept. Run the next cells to compare.")

    def _say(self, words: str) -> None:
        self.note.value = f'<div role="status">{as_html(words)}</div>'


class Comparison:
    """A result with the student's prediction; a notebook shows one line."""

    def __init__(self, result: str, answer: str | float | None, unit: str) -> None:
        if answer is None:
            said = ""
        elif isinstance(answer, str):
            verdict = "You predicted it." if answer == result else f"You predicted: {answer}."
            said = f" {verdict}"
        else:
            said = f" You predicted {answer:g}{unit}."
        self.text = f"**Result:** {result}{unit}.{said}"

    def __repr__(self) -> str:
        return self.text.replace("**", "")

    def _repr_markdown_(self) -> str:
        return self.text
