"""A small class is graded by nbgrader itself."""

import csv
import io

import pytest
from click.testing import CliRunner
from making import (
    HARRIS,
    TOP,
    WRONG_HARRIS,
    exam_of,
    hand_in,
    with_checks_changed,
)
from solved import SOLVED

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.cli.main import command
from delf_lesson.teaching.grading import GradedSubmission, as_csv, as_report

POINTS = {name: exercise.points for name, exercise in EXERCISES.items()}
FOREVER = "def my_harris_response(tensor, k):\n    while True:\n        pass\n"
EXITS = "import os\n\nos._exit(1)\n\n\ndef my_top_k(*_):\n    return 1\n"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grades by student, the report, and the folder of a class of nine."""
    root = tmp_path_factory.mktemp("class")
    folder = root / "handed in"
    hand_in(folder / "Ada", SOLVED, exam_of("Ada"))
    hand_in(folder / "Bob", {"harris_response": WRONG_HARRIS, "top_k": TOP}, exam_of("Bob", 0.6))
    hand_in(folder / "Cleo", {})
    hand_in(folder / "Dan", {"harris_response": FOREVER, "top_k": TOP})
    hand_in(folder / "Eve", {"harris_response": HARRIS, "top_k": EXITS})
    hand_in(folder / "Fay", {"harris_response": WRONG_HARRIS}, change=with_checks_changed)
    hand_in(folder / "Gus", {"harris_response": "def my_harris_response(:", "top_k": TOP})
    hand_in(folder / "Hal", {"top_k": "raise ValueError('no')"}, exam_of("Ada"))
    (folder / "Ivy").mkdir()
    (folder / "Ivy" / "01_keypoints.ipynb").write_bytes(b"")
    done = CliRunner().invoke(command, ["grade", str(folder), "--out", str(root / "out")])
    assert done.exit_code == 0, done.output
    text = (root / "out" / "grades.csv").read_bytes().decode("utf-8-sig")
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(text))}
    return rows, (root / "out" / "report.md").read_text(), root / "out"


@pytest.mark.slow
def test_nobody_is_lost(graded):
    rows, _, out = graded
    assert list(rows) == ["Ada", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal", "Ivy"]
    assert {path.stem for path in (out / "feedback").iterdir()} == set(rows)


@pytest.mark.slow
def test_points_are_those_of_the_solved_exercises(graded):
    rows, _, _ = graded
    top, harris = POINTS["top_k"], POINTS["harris_response"]
    reached = {name: float(row["exercises (of 43)"]) for name, row in rows.items()}
    assert sum(POINTS.values()) == 43
    assert reached == {
        "Ada": sum(POINTS.values()),
        "Bob": top,
        "Cleo": 0,
        "Dan": top,
        "Eve": harris,
        "Fay": 0,
        "Gus": top,
        "Hal": 0,
        "Ivy": 0,
    }
    assert {name: float(rows["Ada"][name]) for name in EXERCISES} == POINTS


@pytest.mark.slow
def test_exams_are_graded_by_the_key(graded):
    rows, _, _ = graded
    assert (rows["Ada"]["quiz"], rows["Ada"]["quiz of"]) == ("15", "15")
    assert rows["Bob"]["quiz"] == "9"
    assert (rows["Cleo"]["quiz"], rows["Cleo"]["quiz of"]) == ("0", "0")
    assert float(rows["Ada"]["points"]) == sum(POINTS.values()) + 15
    assert rows["Hal"]["quiz"] == "15"  # the exam of Ada, whose name is in the file


@pytest.mark.slow
def test_the_report_names_what_has_to_be_looked_at(graded):
    _, report, _ = graded
    assert "## Eve\n\n- top_k ends the program that runs it" in report
    assert "## Ivy\n\n- 01_keypoints.ipynb cannot be read: it is empty" in report
    assert "## Hal\n\n- the exam names its student 'Ada'" in report
    assert "## Ada" not in report


@pytest.mark.slow
def test_students_read_what_was_wrong(graded):
    _, _, out = graded
    said = {path.stem: path.read_text() for path in (out / "feedback").iterdir()}
    assert "The trace is not squared" in said["Bob"]
    assert "stopped after 5 seconds" in said["Dan"]
    assert "The trace is not squared" in said["Fay"]
    assert "The cell raised SyntaxError" in said["Gus"]
    assert "The cell raised ValueError: no" in said["Hal"]
    assert "Quiz: 15 of 15 points" in said["Ada"]
    assert "Not handed in." in said["Cleo"]


def test_names_that_a_spreadsheet_would_run_are_made_safe():
    text = as_csv([GradedSubmission("=1+1"), GradedSubmission("Zoë")]).decode("utf-8-sig")
    assert "'=1+1" in text and "Zoë" in text
    assert "2 submissions were graded; 0 have" in as_report(
        [GradedSubmission("a"), GradedSubmission("b")]
    )


def test_an_empty_folder_is_told(tmp_path):
    done = CliRunner().invoke(command, ["grade", str(tmp_path)])
    assert done.exit_code == 1
    assert "holds no submission" in done.output
