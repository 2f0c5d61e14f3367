"""Making submissions as they come in: right, wrong, and spoilt in every way."""

import copy
import json

import nbformat
from solved import SOLVED

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.classroom.quiz.exam import exam_seed
from delf_lesson.classroom.quiz.question_bank import draw_questions, exam_questions
from delf_lesson.classroom.quiz.quiz_answers import Answers, questions_checksum
from delf_lesson.classroom.working_copies import fresh_copy
from delf_lesson.files import project_root

HARRIS, TOP, MICRO = (SOLVED[name] for name in ("harris_response", "top_k", "micro_at"))
WRONG_HARRIS = HARRIS.replace("** 2", "")


def released(name):
    """A notebook as students have it: a working copy, without outputs."""
    copy = fresh_copy(project_root() / "notebooks" / f"{name}.ipynb")
    return nbformat.reads(json.dumps(copy), as_version=4)


NOTEBOOKS = {name: released(name) for name in {one.notebook for one in EXERCISES.values()}}


def place(notebook, name):
    """Where an exercise's cell stands in a notebook; None if it is not set there."""
    for number, cell in enumerate(notebook.cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
            return number
    return None


def with_solutions(solutions):
    """The lesson's notebooks with solutions in their cells, by name."""
    notebooks = copy.deepcopy(NOTEBOOKS)
    for name, source in solutions.items():
        notebook = notebooks[EXERCISES[name].notebook]
        notebook.cells[place(notebook, name)].source = source
    return notebooks


def hand_in(folder, solutions, exam=None, change=None):
    """Write a submission; change: spoils the notebooks, or their texts."""
    folder.mkdir(parents=True)
    for name, notebook in with_solutions(solutions).items():
        changed = change(name, notebook) if change else notebook
        content = changed if isinstance(changed, bytes) else nbformat.writes(changed).encode()
        (folder / f"{name}.ipynb").write_bytes(content)
    if exam is not None:
        exam.write(folder / "exam.json")
    return folder


def exam_of(student, share=1.0, name="exam"):
    """An exam of which so large a share is answered rightly; the rest is not answered."""
    asked = draw_questions(exam_questions(), 15, exam_seed(name, student))
    answers = {}
    for question in asked[: round(share * len(asked))]:
        key = question.key
        answers[question.id] = {
            "numeric": key.value,
            "order": list(key.right),
            "multiple": list(key.right),
        }.get(question.kind, key.right[0] if key.right else None)
    ids = tuple(question.id for question in asked)
    return Answers(name, "exam", ids, questions_checksum(asked), student, answers)


def reordered(name, notebook):
    notebook.cells = notebook.cells[::-1]
    return notebook


def doubled(name, notebook):
    return json.dumps({"cells": [cell for cell in notebook.cells for _ in range(2)]}).encode()


def without_metadata(name, notebook):
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def without_cells(name, notebook):
    notebook.cells = notebook.cells[:3]
    return notebook


def with_checks_changed(name, notebook):
    for cell in notebook.cells:
        if cell.source.startswith("from delf_lesson.classroom.exercises import check"):
            cell.source = "print('all points, please')"
    return notebook


def cut(name, notebook):
    text = nbformat.writes(notebook).encode()
    return text[: len(text) // 2] if name == "01_keypoints" else text


def empty(name, notebook):
    return b"" if name == "01_keypoints" else nbformat.writes(notebook).encode()


def in_utf16(name, notebook):
    return json.dumps(notebook).encode("utf-16")


def in_latin1(name, notebook):
    text = json.dumps({"cells": notebook.cells, "author": "Löve"}, ensure_ascii=False)
    return text.encode("latin-1", "replace") if name == "01_keypoints" else text.encode()


def of_version_3(name, notebook):
    cells = [
        {"cell_type": "code", "input": cell.source, "outputs": [], "metadata": {}}
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    return json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()
