"""An exam in a notebook, and handing it in by file or by Google Form.

Slide "Please submit this google form"; lab 08.
"""

import json
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import ipywidgets as widgets

from delf_lesson.classroom.explorers.explorer import BOX, shown_error
from delf_lesson.classroom.quiz.practice import COUNT, QuestionSheet, show
from delf_lesson.classroom.quiz.question_bank import bank_folder, draw_questions, exam_questions
from delf_lesson.classroom.quiz.quiz_answers import Answers, answers_folder, file_name

FIELDS = ("student", "quiz", "answers")
SECONDS = 20.0
LONGEST_LINK = 8000
"""Characters; browsers and Google's servers accept every address up to this length."""


class SubmissionError(Exception):
    """The form did not take the answers; the message says why and what to do."""


@dataclass(frozen=True)
class Form:
    """A Google Form that takes answers.

    address: where responses go, `https://docs.google.com/forms/d/e/.../formResponse`; fields: the
    form's names for "student", "quiz" and "answers", such as "entry.123".
    """

    address: str
    fields: Mapping[str, str]

    def __post_init__(self) -> None:
        missing = [name for name in FIELDS if not self.fields.get(name)]
        if missing:
            raise ValueError(f"the form's fields lack {', '.join(missing)}; see docs/teaching.md")
        if urllib.parse.urlsplit(self.address).scheme not in ("http", "https"):
            raise ValueError(f"the form's address is {self.address!r}; wanted https://...")

    @classmethod
    def configured(cls, path: Path | None = None) -> "Form | None":
        """The teacher's form in `data/quiz/form.toml`; None if there is no such file.

        Raises ValueError if it is wrong.
        """
        path = path or bank_folder() / "form.toml"
        if not path.is_file():
            return None
        try:
            form = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(form["address"], form["fields"])
        except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path.name} is wrong: {error}; see docs/teaching.md") from error

    def _filled(self, answers: Answers) -> dict[str, str]:
        values = {
            "student": answers.student,
            "quiz": answers.quiz,
            "answers": answers.compact(),
        }
        return {self.fields[name]: values[name] for name in FIELDS}

    def link(self, answers: Answers) -> str | None:
        """An address that opens the form already filled in; None if it would be too long."""
        query = urllib.parse.urlencode({"usp": "pp_url", **self._filled(answers)})
        link = f"{self.address.replace('/formResponse', '/viewform')}?{query}"
        return link if len(link) <= LONGEST_LINK else None

    def send(self, answers: Answers, seconds: float = SECONDS) -> None:
        """Post the answers. Raises SubmissionError unless the form confirms that it took them."""
        data = urllib.parse.urlencode(self._filled(answers)).encode()
        request = urllib.request.Request(self.address, data)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as response:
                page = response.read()
                landed = urllib.parse.urlsplit(response.url).path
        except urllib.error.HTTPError as error:
            raise SubmissionError(
                f"the form refused them (status {error.code}). Tell your teacher."
            ) from error
        except TimeoutError as error:
            raise SubmissionError(f"the form did not answer within {seconds:g} seconds.") from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise SubmissionError(f"the form cannot be reached ({reason}).") from error
        if not landed.endswith("/formResponse"):  # a closed form, or a page that asks to log in
            raise SubmissionError("the form is closed or asks to log in. Tell your teacher.")
        if not page:
            raise SubmissionError("the form answered with an empty page.")


@dataclass(frozen=True)
class HandedIn:
    """The result of handing in. sent: whether the form took the answers; message: HTML."""

    sent: bool
    message: str


def hand_in(answers: Answers, path: Path, form: Form | None, seconds: float = SECONDS) -> HandedIn:
    """Write the answers' file, send it if there is a form, and say what happened.

    Raises OSError if the file cannot be written: then nothing is sent either.
    """
    answers.write(path)
    if form is None:
        return HandedIn(False, f"Your answers are in <code>{path}</code>. Hand in this file.")
    try:
        form.send(answers, seconds)
    except SubmissionError as error:
        link = form.link(answers)
        other = f' or <a href="{link}" target="_blank">open the form filled in</a>' if link else ""
        return HandedIn(
            False,
            f"<b>Not sent:</b> {error} Nothing is lost: your answers are in "
            f"<code>{path}</code>. Try again later{other}, or hand in this file.",
        )
    return HandedIn(True, f"Sent, and kept in <code>{path}</code>.")


def form_fields_of(prefilled: str) -> dict[str, str]:
    """The fields of a form, from a link that Google filled with "student", "quiz" and "answers".

    In Google Forms, *Get pre-filled link* asks for example answers: type these three words.
    Raises ValueError if one is missing.
    """
    query = urllib.parse.parse_qsl(urllib.parse.urlsplit(prefilled).query)
    fields = {value: name for name, value in query if value in FIELDS}
    if set(fields) != set(FIELDS):
        missing = ", ".join(sorted({*FIELDS} - {*fields}))
        raise ValueError(f"the link has no field filled with {missing}; see docs/teaching.md")
    return fields


def form_toml(prefilled: str) -> str:
    """The content of `form.toml` for a form's pre-filled link."""
    address = prefilled.split("?")[0].replace("/viewform", "/formResponse")
    lines = [f"{name} = {json.dumps(field)}" for name, field in form_fields_of(prefilled).items()]
    return f"address = {json.dumps(address)}\n\n[fields]\n" + "\n".join(lines) + "\n"


def exam(name: str = "exam", count: int = COUNT) -> "Exam":
    """Questions drawn for each student, without feedback, to be handed in.

    name: of the exam; another name draws other questions. Raises FileNotFoundError if there are no
    questions for exams.
    """
    return Exam(name, count, Form.configured())


class Exam:
    """An exam: the student's name draws the questions, answers are saved and handed in.

    Every student has a file of answers. If there is only one file, as after a restart of the
    kernel, the exam goes on with it.
    """

    def __init__(
        self, name: str, count: int, form: Form | None, folder: Path | None = None
    ) -> None:
        self.name, self.count, self.form = name, count, form
        self.folder = folder or answers_folder()
        self.bank = exam_questions()
        self.sheet: QuestionSheet | None = None
        self.student = widgets.Text(description="student:", placeholder="as your teacher knows you")
        self.begin = widgets.Button(description="Begin", button_style="primary")
        self.send = widgets.Button(description="Hand in", button_style="primary")
        self.note = widgets.HTML()
        self.begin.on_click(lambda _: self._guard(self._begin))
        self.send.on_click(lambda _: self._guard(self._hand_in))
        self.head = widgets.HBox([self.student, self.begin])
        self.widget = widgets.VBox([self.head, self.note])
        self.widget.add_class(BOX)
        self._resume()

    def _resume(self) -> None:
        students = set()
        for path in self.folder.glob("*.json"):
            try:
                answers = Answers.read(path)
            except (OSError, ValueError):
                continue
            if answers.quiz == self.name and path.name == file_name(self.name, answers.student):
                students.add(answers.student)
        if len(students) == 1:
            self.student.value = students.pop()
            self._begin()

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # the student has to see every error
            self.note.value = shown_error(
                error, "What you answered is in the file. Run the cell again, or tell your teacher."
            )

    def _begin(self) -> None:
        student = self.student.value.strip()
        if not student:
            self.note.value = '<div role="alert">Type your name or number first.</div>'
            return
        drawn = draw_questions(self.bank, self.count, exam_seed(self.name, student))
        questions = [question.without_key() for question in drawn]
        path = self.folder / file_name(self.name, student)
        self.sheet = QuestionSheet(self.name, "exam", questions, path)
        self.sheet.save(student=student)
        self.note.value = ""
        self.widget.children = [self.head, self.sheet.widget, self.send, self.note]

    def _hand_in(self) -> None:
        assert self.sheet is not None
        result = hand_in(self.sheet.state, self.sheet.path, self.form)
        role = "status" if result.sent or self.form is None else "alert"
        self.note.value = f'<div role="{role}">{result.message}</div>'

    def _ipython_display_(self) -> None:
        show(self.widget, f"*An exam of {self.count} questions; run the notebook to take it.*")


def exam_seed(name: str, student: str) -> str:
    """The seed of a student's questions; case and spaces of the name don't matter."""
    return f"{name}/{' '.join(student.casefold().split())}"
