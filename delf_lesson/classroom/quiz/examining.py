"""An exam in a notebook, to be handed in (slide "Please submit this google form"; notebook 08)."""

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets

from delf_lesson.classroom.explorers.explorer import shown_error
from delf_lesson.classroom.explorers.labels import BOX
from delf_lesson.classroom.quiz.answers import Answers, answers_folder, file_name
from delf_lesson.classroom.quiz.asking import COUNT, Asked, show
from delf_lesson.classroom.quiz.bank import draw_questions, exam_questions
from delf_lesson.classroom.quiz.submission import Form, hand_in


def exam(name: str = "exam", count: int = COUNT) -> "Exam":
    """Questions drawn for each student, without feedback, to be handed in.

    name: of the exam; another one draws other questions. Raises FileNotFoundError if there are no
    questions for exams.
    """
    return Exam(name, count, Form.configured())


class Exam:
    """An exam: the student's name draws the questions, answers are kept and handed in.

    Answers are in a file for each student; where there is one alone, as after a restart of the
    kernel, the exam goes on with it.
    """

    def __init__(
        self, name: str, count: int, form: Form | None, folder: Path | None = None
    ) -> None:
        self.name, self.count, self.form = name, count, form
        self.folder = folder or answers_folder()
        self.bank = exam_questions()
        self.asked: Asked | None = None
        self.student = widgets.Text(description="student:", placeholder="as your teacher knows you")
        self.begin = widgets.Button(description="Begin", button_style="primary")
        self.send = widgets.Button(description="Hand in", button_style="primary")
        self.note = widgets.HTML()
        self.begin.on_click(lambda _: self._guard(self._begin))
        self.send.on_click(lambda _: self._guard(self._hand_in))
        self.head = widgets.HBox([self.student, self.begin])
        self.widget = widgets.VBox([self.head, self.note])
        self.widget.add_class(BOX)
        self._go_on()

    def _go_on(self) -> None:
        students = set()
        for path in self.folder.glob("*.json"):
            try:
                before = Answers.read(path)
            except (OSError, ValueError):
                continue
            if before.quiz == self.name and path.name == file_name(self.name, before.student):
                students.add(before.student)
        if len(students) == 1:
            self.student.value = students.pop()
            self._begin()

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # whatever it is, the student has to see it
            self.note.value = shown_error(
                error, "What you answered is in the file. Run the cell again, or tell your teacher."
            )

    def _begin(self) -> None:
        student = self.student.value.strip()
        if not student:
            self.note.value = '<div role="alert">Type your name or number first.</div>'
            return
        questions = [
            one.without_key()
            for one in draw_questions(self.bank, self.count, exam_seed(self.name, student))
        ]
        path = self.folder / file_name(self.name, student)
        self.asked = Asked(self.name, "exam", questions, path)
        self.asked.keep(student=student)
        self.note.value = ""
        self.widget.children = [self.head, self.asked.widget, self.send, self.note]

    def _hand_in(self) -> None:
        assert self.asked is not None
        said = hand_in(self.asked.state, self.asked.path, self.form)
        role = "status" if said.sent or self.form is None else "alert"
        self.note.value = f'<div role="{role}">{said.message}</div>'

    def _ipython_display_(self) -> None:
        show(self.widget, f"*An exam of {self.count} questions; run the notebook to take it.*")


def exam_seed(name: str, student: str) -> str:
    """What draws a student's questions: the same for the same exam and student, however written."""
    return f"{name}/{' '.join(student.casefold().split())}"
