"""The question bank, its grading, and what students may have of an exam."""

import json
import math
import tomllib
from collections import Counter

import numpy as np
import pytest

from delf_lesson.classical.harris import eigenvalues, harris_response, structure_tensor
from delf_lesson.classroom.quiz import question_bank as bank
from delf_lesson.classroom.quiz.question_bank import (
    draw_questions,
    exam_questions,
    practice_questions,
    questions_without_key,
    read_questions,
)
from delf_lesson.classroom.quiz.quiz_answers import (
    Answers,
    _checksum,
    grade,
    mark,
    number,
    questions_checksum,
)
from delf_lesson.deep.numpy_reference import cross_entropy
from delf_lesson.deep.receptive_field import grid_of
from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.files import project_root
from delf_lesson.images import read_image, to_grey
from delf_lesson.retrieval.fusion import fuse

PRACTICE, EXAM = practice_questions(), exam_questions()
ALL = {question.id: question for question in [*PRACTICE, *EXAM]}
SLIDES = project_root().parent / "shared" / "slides.txt"


def test_the_bank_is_large_and_names_are_unique():
    assert len(ALL) == len(PRACTICE) + len(EXAM) >= 60
    assert {question.kind for question in PRACTICE} == {question.kind for question in EXAM}
    assert {question.kind for question in EXAM} == {
        "single",
        "multiple",
        "numeric",
        "order",
        "click",
    }


def test_every_notebook_has_three_questions_and_more_to_draw():
    counts = Counter(question.notebook for question in PRACTICE)
    notebooks = {path.stem for path in (project_root() / "notebooks").glob("*.ipynb")}
    assert set(counts) == notebooks - {"00_lecture", "08_summary_and_quiz"}
    assert min(counts.values()) >= 6


@pytest.mark.parametrize("question", ALL.values(), ids=list(ALL))
def test_every_option_has_feedback_of_its_own(question):
    said = question.key.feedback
    if question.kind == "numeric":
        assert said["right"] != said["wrong"]
        values = [question.key.value, *(value for value, _ in question.key.near)]
        apart = np.diff(sorted(values))
        assert (apart > 2 * question.key.tolerance).all()
    else:
        assert set(said) == set(question.letters)
        assert len(set(said.values())) >= len(said) - 1  # two may fail for one reason
    assert question.text[-1] in "?.)"


@pytest.mark.parametrize("question", ALL.values(), ids=list(ALL))
def test_the_right_answer_is_worth_a_point_and_others_less(question):
    if question.kind == "numeric":
        assert mark(question, question.key.value).points == 1
        assert mark(question, f"{question.key.value}").points == 1
        for value, said in question.key.near:
            assert mark(question, value) == (question.id, 0, (said,)) or (
                mark(question, value).points == 0 and mark(question, value).said == (said,)
            )
        assert mark(question, 1e9).said == (question.key.feedback["wrong"],)
        return
    right = list(question.key.right)
    assert mark(question, right if question.kind in ("order", "multiple") else right[0]).points == 1
    if question.kind in ("single", "click"):
        for letter in set(question.letters) - set(right):
            assert mark(question, letter).points == 0
    if question.kind == "multiple":
        assert mark(question, list(question.letters)).points < 1
    if question.kind == "order":
        assert mark(question, right[::-1]).points == 0


def test_the_slides_are_those_of_the_lecture():
    if not SLIDES.is_file():
        pytest.skip("the lecture's slides are not part of the project")
    text = " ".join(SLIDES.read_text(encoding="utf-8").split())
    for question in ALL.values():
        assert question.slide in text, question.slide


def test_numbers_in_the_key_are_what_the_package_computes():
    computed = {
        "ap-by-hand": average_precision(["a", "x", "b"], {"a", "b"}),
        "exam-ap": average_precision(["x", "a"], {"a"}),
        "fusion-weight": fuse({"i": 0.8, "1": 1, "0": 0}, {"i": 0.4, "1": 1, "0": 0})["i"],
        "exam-response-value": harris_response(np.array([[[3.0, 2, 1]]]), 0.05)[0, 0],
        "field-of-a-cell": grid_of([(3, 2, 1), (3, 1, 1)]).receptive_field,
        "exam-receptive-field": grid_of([(7, 2, 3), (3, 2, 1)]).receptive_field,
        "loss-that-stays": cross_entropy(np.zeros((2, 120)), np.array([0, 1])),
        "exam-cross-entropy": cross_entropy(np.log([[0.25, 0.75]]), np.array([0])),
        "code-of-50-bits": 10 * math.log2(32),
        "doubled-grey-levels": 2**4,
        "cells-of-an-image": math.ceil(640 / 16) * math.ceil(480 / 16),
        "exam-grid-size": math.ceil(400 / 16) * math.ceil(300 / 16),
        "trials-of-ransac": 0.5**3,
        "exam-repeatability": 40 / min(200, 100),
        "exam-micro": 9 / (9 + 1 + 5),
        "exam-memory": 1e6 * 1000 * 7 / 1e9,
        "exam-attention-weights": 4 / (4 + 1 + 0),
        "exam-half-size": 6 / 3,
        "length-of-sift": 4 * 4 * 8,
    }
    numeric = {name for name, question in ALL.items() if question.kind == "numeric"}
    assert numeric == set(computed)
    for name, value in computed.items():
        assert mark(ALL[name], float(value)).points == 1, name


def at_points(question):
    """Eigenvalues and Harris' response at each marked point, the strongest within 2 pixels."""
    tensor = structure_tensor(to_grey(read_image(project_root() / question.image)))
    large, small = eigenvalues(tensor)
    response = harris_response(tensor)
    found = {}
    for option in question.options:
        x, y = (round(v) for v in option.at)
        near = np.s_[y - 2 : y + 3, x - 2 : x + 3]
        found[option.letter] = large[near].max(), small[near].max(), response[near].max()
    return found


def test_points_to_click_are_what_the_detector_says():
    corner = at_points(ALL["click-the-corner"])
    (right,) = ALL["click-the-corner"].key.right
    assert max(corner, key=lambda letter: corner[letter][2]) == right
    edge = at_points(ALL["exam-which-spot"])
    (right,) = ALL["exam-which-spot"].key.right
    ratio = {letter: large / small for letter, (large, small, _) in edge.items()}
    strong = {letter for letter, (large, _, _) in edge.items() if large > 1e-4}
    assert max(strong, key=ratio.get) == right


def test_marks_by_hand():
    several = ALL["probes-and-recall"]  # two of four are right
    right = list(several.key.right)
    wrong = [letter for letter in several.letters if letter not in right]
    assert mark(several, right[:1]).points == 0.5
    assert mark(several, [right[0], wrong[0]]).points == 0
    assert mark(several, [*right, wrong[0]]).points == 0.5
    assert mark(several, wrong).points == 0
    assert "One more is right." in mark(several, right[:1]).said
    steps = ALL["stages-in-order"]
    a, b, c, d, e = steps.key.right
    assert mark(steps, [b, a, c, d, e]).points == 0.5  # c d and d e follow each other
    assert mark(steps, [e, a, b, c, d]).points == 0.75
    assert "place 1" in mark(steps, [b, a, c, d, e]).said[0]


@pytest.mark.parametrize("question", ALL.values(), ids=list(ALL))
def test_answers_of_no_use_have_no_points_and_no_error(question):
    for answer in (None, "", [], "zz", ["a", "a"], {"a": 1}, True, [[]], float("nan"), "1/0"):
        assert mark(question, answer).points == 0


def test_a_quiz_is_the_sum_of_its_marks():
    asked = [ALL["code-of-50-bits"], ALL["edge-response"], ALL["l2-pca-l2"]]
    result = grade({"code-of-50-bits": "50", "edge-response": "nonsense", "other": 1}, asked)
    assert (result.points, result.most) == (1, 3)
    assert [one.points for one in result.marks] == [1, 0, 0]
    assert result.marks[2].said == ("Not answered.",)


@pytest.mark.parametrize(
    ("typed", "value"),
    [("0.25", 0.25), ("0,25", 0.25), (" 1/4 ", 0.25), ("25 %", 0.25), ("1e3", 1000), (7, 7)],
)
def test_numbers_as_students_type_them(typed, value):
    assert number(typed) == pytest.approx(value)


@pytest.mark.parametrize("typed", ["", "about 3", "nan", "inf", "1/0", None, True, [1]])
def test_what_is_no_number(typed):
    with pytest.raises(ValueError):
        number(typed)


def test_without_the_key_nothing_of_it_is_left(tmp_path):
    path = tmp_path / bank.EXAM_WITHOUT_KEY
    path.write_bytes(questions_without_key(EXAM))
    text = path.read_text(encoding="utf-8")
    for question in EXAM:
        for said in (question.key.feedback or {}).values():
            assert json.dumps(said, ensure_ascii=False)[1:-1] not in text
    again = exam_questions(tmp_path)
    assert again == [question.without_key() for question in EXAM]
    assert questions_checksum(again) == questions_checksum(EXAM)
    with pytest.raises(ValueError, match="no key here"):
        mark(again[0], "a")


def test_the_place_of_an_option_does_not_tell_whether_it_is_right():
    """In the files the right one often stands first; shown, it stands anywhere."""
    first = [one.letters[0] in one.key.right for one in ALL.values() if one.kind == "single"]
    assert 0.1 < np.mean(first) < 0.45
    assert not [
        one.id for one in ALL.values() if one.kind == "order" and one.key.right == one.letters
    ]


def test_the_length_of_an_option_does_not_tell_either():
    """Whoever always takes the longest must not do much better than by chance."""
    longest = []
    for question in ALL.values():
        if question.kind == "single":
            length = {option.letter: len(option.text) for option in question.options}
            longest.append(max(length, key=length.get) in question.key.right)
    assert np.mean(longest) < 0.4


def test_draws_repeat_and_spread_over_the_notebooks():
    drawn = draw_questions(PRACTICE, 15, 2021)
    assert drawn == draw_questions(PRACTICE, 15, 2021)
    assert drawn != draw_questions(PRACTICE, 15, 2022)
    counts = Counter(question.notebook for question in drawn)
    assert len(counts) == 8 and max(counts.values()) == 2
    assert len({question.id for question in draw_questions(EXAM, 15, "exam/ada")}) == 15
    with pytest.raises(ValueError, match="count is 99"):
        draw_questions(EXAM, 99, 0)


GOOD = """
[[question]]
id = "one"
notebook = "01"
slide = "s"
kind = "single"
text = "t?"
options = [
  { right = true, text = "yes", feedback = "f" },
  { text = "no", feedback = "g" },
]
"""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("right = true, ", ""), "0 options are right"),
        (('text = "no"', 'right = true, text = "no"'), "2 options are right"),
        (('kind = "single"', 'kind = "guess"'), "kind is 'guess'"),
        (('slide = "s"\n', ""), "'slide' is missing"),
        ((', feedback = "g"', ', feedback = ""'), "no feedback"),
        ((', feedback = "g"', ""), "'feedback' is missing"),
        (('text = "no"', 'text = "yes"'), "two options are the same"),
        (("[[question]]", "[[question"), "not readable as TOML"),
    ],
)
def test_a_wrong_bank_is_refused_by_question_and_field(tmp_path, change, words):
    path = tmp_path / "01.toml"
    path.write_text(GOOD)
    assert read_questions(path)[0].key.right
    assert GOOD.replace(*change) != GOOD
    path.write_text(GOOD.replace(*change))
    with pytest.raises(ValueError, match=words):
        read_questions(path)
    path.write_text(GOOD + GOOD)
    with pytest.raises(ValueError, match="two questions have the id one"):
        read_questions(path)


def test_no_exam_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"exam.json is in .* ask your teacher"):
        exam_questions(tmp_path)


def test_an_answers_file_is_whole_or_refused(tmp_path):
    path = tmp_path / "sub" / "exam.json"
    answers = Answers("exam", "exam", ("a", "b"), "c0ffee", "Ada", {"a": ["x"], "b": 0.5}, {"a": 2})
    answers.write(path)
    read = Answers.read(path)
    assert read.answers == answers.answers and read.student == "Ada" and read.asked == ("a", "b")
    assert read.saved.endswith("+00:00")
    assert Answers.of_text(answers.compact()) == answers
    whole = path.read_text()
    for damaged, words in (
        ("", "empty"),
        (whole[: len(whole) // 2], "not whole JSON"),
        (whole.replace("0.5", "0.6"), "checksum"),
        (whole.replace('"version": 1', '"version": 9'), "version 9"),
        ("[]", "no file of answers"),
        (json.dumps({"cells": []}), "no file of answers"),
    ):
        path.write_text(damaged)
        with pytest.raises(ValueError, match=words):
            Answers.read(path)
    for field, wrong in (("answers", ["a"]), ("asked", [1]), ("student", None), ("saved", 3)):
        spoilt = json.loads(whole) | {field: wrong}
        spoilt["checksum"] = _checksum({k: v for k, v in spoilt.items() if k != "checksum"})
        path.write_text(json.dumps(spoilt))
        with pytest.raises(ValueError, match=f"field '{field}'"):
            Answers.read(path)
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ValueError, match="UTF-8"):
        Answers.read(path)


def test_the_files_are_toml_that_a_teacher_can_edit():
    for path in bank.bank_folder().glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert tomllib.loads(text)["question"]
        assert text.startswith("# Questions")
