"""Reading what students hand in: nothing lost, nothing crashes."""

import os
import shutil
import zipfile

import pytest
from making import (
    HARRIS,
    MICRO,
    NOTEBOOKS,
    TOP,
    WRONG_HARRIS,
    cut,
    doubled,
    empty,
    exam_of,
    hand_in,
    in_latin1,
    in_utf16,
    of_version_3,
    place,
    reordered,
    without_cells,
    without_metadata,
)
from solved import SOLVED

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.classroom.predictions import predict
from delf_lesson.teaching.solution_cells import SolutionCell, is_stub, missing_imports, solutions_in
from delf_lesson.teaching.submissions import (
    check_metadata,
    check_source,
    read_submissions,
    solution_metadata,
)

REST = {name for name in SOLVED if EXERCISES[name].notebook != "01_keypoints"}


def test_notebooks_carry_nbgraders_metadata():
    for name, exercise in EXERCISES.items():
        cells = NOTEBOOKS[exercise.notebook].cells
        at = place(NOTEBOOKS[exercise.notebook], name)
        assert cells[at].metadata == solution_metadata(name)
        assert is_stub(cells[at].source, name)
        assert cells[at + 1].metadata == check_metadata(name, exercise.points)
        assert cells[at + 1].source == check_source(name)


def one(tmp_path):
    (submission,) = read_submissions(tmp_path)
    return submission


@pytest.mark.parametrize(
    "change", [None, reordered, doubled, without_metadata, in_utf16, of_version_3]
)
def test_solutions_are_found_wherever_they_stand(tmp_path, change):
    hand_in(tmp_path / "ada", SOLVED, change=change)
    found = one(tmp_path)
    assert found.student == "ada"
    assert set(found.sources) == set(SOLVED)
    assert found.sources["harris_response"].strip() == HARRIS.strip()
    assert not found.problems


@pytest.mark.parametrize(
    ("change", "left", "problem"),
    [
        (cut, REST, "01_keypoints.ipynb cannot be read: it is not whole JSON"),
        (empty, REST, "01_keypoints.ipynb cannot be read: it is empty"),
        (in_latin1, REST, "01_keypoints.ipynb cannot be read: it is not text"),
        (without_cells, set(), None),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_kept(tmp_path, change, left, problem):
    hand_in(tmp_path / "ada", SOLVED, change=change)
    found = one(tmp_path)
    assert set(found.sources) == left
    assert (problem is None and not found.problems) or problem in found.problems[0]


def test_folders_zips_and_moodles_names(tmp_path):
    hand_in(tmp_path / "Ada Lovelace_4711_assignsubmission_file", {"harris_response": HARRIS})
    work = hand_in(tmp_path / "work", {"top_k": TOP}, exam_of("Bob"))
    shutil.make_archive(str(tmp_path / "Bob"), "zip", work)
    nested = tmp_path / "Cleo"
    nested.mkdir()
    shutil.move(shutil.make_archive(str(tmp_path / "x"), "zip", work), nested / "mine.zip")
    shutil.rmtree(work)
    (tmp_path / "Dan").mkdir()
    (tmp_path / "Eve.zip").write_bytes(b"PK nonsense")
    (tmp_path / "Fay.txt").write_text("Sorry, my dog ate it.")
    (tmp_path / ".DS_Store").write_text("")
    found = {submission.student: submission for submission in read_submissions(tmp_path)}
    assert list(found) == ["Ada Lovelace", "Bob", "Cleo", "Dan", "Eve", "Fay"]
    assert set(found["Ada Lovelace"].sources) == {"harris_response"}
    assert set(found["Bob"].sources) == set(found["Cleo"].sources) == {"top_k"}
    assert len(found["Bob"].quizzes) == 1
    assert found["Dan"].problems == ["nothing was handed in"]
    assert "cannot be unpacked" in found["Eve"].problems[0]
    assert "neither a notebook" in found["Fay"].problems[0]


def test_two_submissions_of_one_name_are_both_kept(tmp_path):
    hand_in(tmp_path / "Ada_1_assignsubmission_file", {"top_k": TOP})
    hand_in(tmp_path / "Ada_2_assignsubmission_file", {"harris_response": HARRIS})
    first, second = read_submissions(tmp_path)
    assert (first.student, second.student) == ("Ada", "Ada (2)")
    assert set(second.sources) == {"harris_response"}
    assert "several submissions of Ada" in second.problems[0]


def test_of_two_files_the_later_counts(tmp_path):
    folder = hand_in(tmp_path / "ada", {"harris_response": WRONG_HARRIS})
    other = hand_in(tmp_path / "other", {"harris_response": HARRIS})
    shutil.copy(other / "01_keypoints.ipynb", folder / "01_keypoints-Copy1.ipynb")
    shutil.rmtree(other)
    os.utime(folder / "01_keypoints.ipynb", (1, 1))
    found = one(tmp_path)
    assert found.sources["harris_response"].strip() == HARRIS.strip()
    assert "in several files; that of 01_keypoints-Copy1.ipynb counts" in found.problems[0]


def test_no_submission_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no submission"):
        read_submissions(tmp_path)


def test_a_damaged_exam_is_told(tmp_path):
    folder = hand_in(tmp_path / "ada", {}, exam_of("ada"))
    text = (folder / "exam.json").read_text()
    (folder / "exam.json").write_text(text.replace('"student": "ada"', '"student": "bob"'))
    assert "checksum" in one(tmp_path).problems[0]


def test_predictions_are_no_answers_to_grade(tmp_path, monkeypatch):
    hand_in(tmp_path / "class" / "ada", SOLVED)
    monkeypatch.setenv("DELF_LESSON_ANSWERS", str(tmp_path / "class" / "ada" / "answers"))
    guess = predict("share", "Which share?")
    guess.control.value = "0.5"
    guess.button.click()
    assert guess.path.is_file() and not one(tmp_path / "class").problems


def test_a_zip_bomb_is_not_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("01_keypoints.ipynb", b"0" * 50_000_001)
    assert "too large" in one(tmp_path).problems[0]


def test_the_last_written_cell_counts_and_the_stub_never():
    stub = 'def my_top_k(xy, scores, k):\n    """Text."""\n    raise NotImplementedError'
    assert is_stub(stub, "top_k")
    assert not is_stub(TOP, "top_k")
    assert not is_stub("def my_top_k(xy, scores, k)\n    return 1", "top_k")  # a syntax error
    found = solutions_in(
        [SolutionCell(TOP), SolutionCell("def my_top_k(*a):\n    return 1"), SolutionCell(stub)]
    )
    assert "return 1" in found.sources["top_k"]
    assert "2 cells define it" in found.problems[0]
    assert not solutions_in([SolutionCell(stub)]).sources


def test_a_cell_that_lost_its_function_is_known_by_its_name():
    found = solutions_in([SolutionCell("answer = 42", grade_id="top_k")])
    assert found.sources == {"top_k": "answer = 42"}


def test_imports_of_other_cells_come_along():
    cells = [
        SolutionCell("%matplotlib inline\nimport numpy as np\nfrom math import sqrt, pi"),
        SolutionCell("import torch\nimport os.path"),
        SolutionCell(
            "def my_top_k(xy, scores, k):\n    return np.sqrt(sqrt(k)) + len(os.path.sep)"
        ),
    ]
    source = solutions_in(cells).sources["top_k"]
    assert source.splitlines()[:3] == [
        "from math import sqrt, pi",
        "import numpy as np",
        "import os.path",
    ]
    assert "torch" not in source
    assert missing_imports(TOP, cells) == []
    assert MICRO == "\n".join([*missing_imports(MICRO, cells), MICRO])
