"""Quizzes as students meet them: answered, looked at, kept over a restart, handed in."""

import json

import pytest

from delf_lesson.classroom.quiz import quiz
from delf_lesson.classroom.quiz.exam import Exam, Form, exam_seed
from delf_lesson.classroom.quiz.practice import Practice, as_markdown
from delf_lesson.classroom.quiz.question_bank import (
    draw_questions,
    exam_questions,
    practice_questions,
)
from delf_lesson.classroom.quiz.question_widgets import CONTROLS, marked_image
from delf_lesson.classroom.quiz.quiz_answers import Answers

BANK = {question.id: question for question in practice_questions()}
ONE_OF_EACH = (
    "edge-response",
    "click-the-corner",
    "four-properties",
    "code-of-50-bits",
    "l2-pca-l2",
)
QUESTIONS = [BANK[name] for name in ONE_OF_EACH]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers" / "quiz.json"


def answer_all(boxes, rightly=True):
    for box in boxes:
        question, control = box.question, box.control
        if question.kind in ("single", "click"):
            wrong = next(one for one in question.letters if one not in question.key.right)
            control.radio.value = question.key.right[0] if rightly else wrong
        elif question.kind == "multiple":
            for letter, ticked in control.boxes.items():
                ticked.value = (letter in question.key.right) == rightly
        elif question.kind == "numeric":
            control.box.value = str(question.key.value if rightly else 1e6)
        else:
            while not rightly and not control.moved:
                control.buttons[1].click()
            order = list(question.key.right)
            for place in range(len(order) if rightly else 0):  # to its place, by moving up
                at = control.order.index(order[place])
                for _ in range(at - place):
                    control.buttons[at].click()
                    at -= 1


def test_right_answers_are_told_so_and_counted(path):
    practice = Practice("quiz", QUESTIONS, path)
    answer_all(practice.sheet.boxes)
    for box in practice.sheet.boxes:
        box.button.click()
        assert "<em>Right.</em> First try." in box.feedback.value, box.question.id
        box.button.click()
        assert "Try 2." in box.feedback.value
    kept = Answers.read(path)
    assert kept.attempts == dict.fromkeys(ONE_OF_EACH, 2)
    assert set(kept.answers) == set(ONE_OF_EACH)
    assert "5 of 5 answered, saved" in practice.sheet.note.value


def test_wrong_answers_hear_their_own_feedback(path):
    practice = Practice("quiz", QUESTIONS, path)
    answer_all(practice.sheet.boxes, rightly=False)
    for box in practice.sheet.boxes:
        box.button.click()
        assert "<em>Right.</em>" not in box.feedback.value
        assert 'role="status"' in box.feedback.value
    said = practice.sheet.boxes[0].feedback.value
    letter = practice.sheet.state.answers["edge-response"]
    assert QUESTIONS[0].key.feedback[letter][:20] in said


def test_an_answer_comes_before_a_check(path):
    practice = Practice("quiz", QUESTIONS[:1], path)
    practice.sheet.boxes[0].button.click()
    assert "Answer first" in practice.sheet.boxes[0].feedback.value


def test_answers_survive_a_restart_of_the_kernel(path):
    first = Practice("quiz", QUESTIONS, path)
    answer_all(first.sheet.boxes, rightly=False)
    before = dict(first.sheet.state.answers)
    again = Practice("quiz", QUESTIONS, path)
    assert {box.question.id: box.control.answer for box in again.sheet.boxes} == before
    again.sheet.boxes[0].control.radio.value = QUESTIONS[0].key.right[0]
    assert Answers.read(path).answers == {**before, "edge-response": QUESTIONS[0].key.right[0]}


def test_answers_to_other_questions_are_set_aside_and_not_lost(path):
    answer_all(Practice("quiz", QUESTIONS, path).sheet.boxes)
    other = Practice("quiz", QUESTIONS[::-1], path)
    assert "set aside as quiz.older-1.json" in other.sheet.note.value
    path.write_text("half of a fi")
    assert "quiz.older-2.json" in Practice("quiz", QUESTIONS, path).sheet.note.value
    assert len(Answers.read(path.with_name("quiz.older-1.json")).answers) == 5
    assert path.with_name("quiz.older-2.json").read_text() == "half of a fi"


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "answers").write_text("a file in the way")
    practice = Practice("quiz", QUESTIONS, tmp_path / "answers" / "quiz.json")
    answer_all(practice.sheet.boxes)
    assert "could not be saved" in practice.sheet.note.value
    assert 'role="alert"' in practice.sheet.note.value


def test_what_is_no_number_is_told_at_once(path):
    box = Practice("quiz", [BANK["code-of-50-bits"]], path).sheet.boxes[0]
    box.control.box.value = "fifty"
    assert 'role="alert"' in box.control.problem.value
    box.control.box.value = "50"
    assert box.control.problem.value == ""


def test_a_click_near_a_point_chooses_it(path):
    (box,) = Practice("quiz", [BANK["click-the-corner"]], path).sheet.boxes
    for option in box.question.options:
        x, y = option.at
        box.control._clicked({"dataX": x + 6, "dataY": y - 5})
        assert box.control.answer == option.letter
    box.control._clicked({"dataX": 600, "dataY": 400})
    assert box.control.answer == option.letter
    assert marked_image(box.question).shape[2] == 3
    assert "points marked by the numbers 1 to 4" in box.control.labels.alt


def test_every_kind_has_a_control_and_text_to_read():
    assert {question.kind for question in QUESTIONS} == set(CONTROLS)
    text = as_markdown(QUESTIONS)
    for question in QUESTIONS:
        assert question.text in text
        for said in question.key.feedback.values():
            assert said not in text


def test_the_quiz_of_a_notebook(monkeypatch, tmp_path):
    monkeypatch.setenv("DELF_LESSON_ANSWERS", str(tmp_path))
    own = quiz("05_attention")
    assert [box.question.notebook for box in own.sheet.boxes] == ["05_attention"] * 3
    assert own.sheet.path == tmp_path / "05_attention.json"
    with pytest.raises(ValueError, match="0 questions on '09'"):
        quiz("09")


def take_exam(folder, form=None, student="Ada"):
    exam = Exam("midterm", 15, form, folder)
    exam.student.value = student
    exam.begin.click()
    return exam


def test_an_exam_gives_no_feedback_and_holds_no_key(tmp_path):
    exam = take_exam(tmp_path)
    assert len(exam.sheet.questions) == 15
    for box in exam.sheet.boxes:
        assert box.question.key is None
        assert not hasattr(box, "button")
    text = json.dumps([str(exam.sheet.questions), exam.sheet.path.read_text()])
    for question in exam_questions():
        for said in question.key.feedback.values():
            assert said not in text


def test_an_exam_is_drawn_for_the_student_and_goes_on_after_a_restart(tmp_path):
    exam = take_exam(tmp_path, student="Ada Lovelace")
    drawn = draw_questions(exam_questions(), 15, exam_seed("midterm", " ada  LOVELACE"))
    assert [question.id for question in exam.sheet.questions] == [one.id for one in drawn]
    first = exam.sheet.boxes[0]
    if hasattr(first.control, "radio"):
        first.control.radio.index = 0
    elif hasattr(first.control, "box"):
        first.control.box.value = "1"
    else:
        raise AssertionError("choose another student, whose first question is a simple one")
    again = Exam("midterm", 15, None, tmp_path)
    assert again.sheet is not None
    assert again.sheet.boxes[0].control.answer == first.control.answer
    assert again.student.value == "Ada Lovelace"


def test_two_students_on_one_computer_have_an_exam_each(tmp_path):
    """Also where their names are of letters that no file name takes."""
    first = take_exam(tmp_path, student="李雷")
    second = take_exam(tmp_path, student="韩梅梅")
    assert first.sheet.path != second.sheet.path
    asked = [[one.id for one in exam.sheet.questions] for exam in (first, second)]
    assert asked[0] != asked[1]
    again = Exam("midterm", 15, None, tmp_path)
    assert again.sheet is None
    again.student.value = " 李雷 "
    again.begin.click()
    assert [one.id for one in again.sheet.questions] == asked[0]
    assert {Answers.read(path).student for path in tmp_path.iterdir()} == {"李雷", "韩梅梅"}


def test_an_exam_wants_a_name_first(tmp_path):
    exam = Exam("midterm", 15, None, tmp_path)
    exam.begin.click()
    assert 'role="alert"' in exam.note.value
    assert exam.sheet is None and not list(tmp_path.iterdir())


def test_what_is_handed_in_is_in_the_file_whatever_becomes_of_the_form(tmp_path):
    form = Form("http://127.0.0.1:9/formResponse", {"student": "a", "quiz": "b", "answers": "c"})
    exam = take_exam(tmp_path, form)
    exam.send.click()
    assert "Not sent" in exam.note.value and 'role="alert"' in exam.note.value
    assert Answers.read(exam.sheet.path).student == "Ada"
    alone = take_exam(tmp_path)
    alone.send.click()
    assert "Hand in this file" in alone.note.value


def test_an_error_is_shown_with_its_remedy(tmp_path, monkeypatch):
    exam = take_exam(tmp_path)
    monkeypatch.setattr(exam, "_hand_in", lambda: 1 / 0)
    exam.send.click()
    assert "ZeroDivisionError" in exam.note.value
