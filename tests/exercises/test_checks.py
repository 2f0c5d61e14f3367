"""Checks are products: right answers of any form pass, wrong ones hear what is wrong with them."""

import re
import subprocess
import sys
import time

import numpy as np
import pytest
from answers import RIGHT, WRONG

from delf_lesson.classroom.exercises import EXERCISES, check, hint
from delf_lesson.classroom.exercises.answer_diff import answer_diff
from delf_lesson.classroom.exercises.exercise import NotSolved, checked

SEEDS = (0, 1, 2)
NAMES = list(EXERCISES)


def test_two_or_more_in_each_notebook():
    per = [one.notebook for one in EXERCISES.values()]
    assert all(per.count(name) >= 2 for name in set(per))
    assert sorted({name[:2] for name in per}) == ["01", "02", "03", "04", "05", "06", "07"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_reference_passes(name, seed):
    assert checked(EXERCISES[name], EXERCISES[name].reference, seed).solved


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "place"), [(name, place) for name in NAMES for place in range(len(RIGHT[name]))]
)
def test_other_right_answers_pass(name, place, seed):
    verdict = checked(EXERCISES[name], RIGHT[name][place], seed)
    assert verdict.solved, verdict
    assert verdict.points == EXERCISES[name].points


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "mistake"), [(name, mistake) for name in NAMES for mistake in WRONG[name]]
)
def test_wrong_answers_hear_what_is_wrong(name, mistake, seed):
    function, words = WRONG[name][mistake]
    verdict = checked(EXERCISES[name], function, seed)
    assert not verdict.solved
    assert verdict.points == 0
    assert words in verdict.message, verdict


def test_two_more_right_and_three_wrong_answers_each():
    assert set(RIGHT) == set(WRONG) == set(EXERCISES)
    assert all(len(own) >= 2 for own in RIGHT.values())
    assert all(len(own) >= 3 for own in WRONG.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_known_mistake_is_made_by_someone(name):
    """A message that no wrong answer draws is dead, or another one takes its place."""
    said = " ".join(checked(EXERCISES[name], own).message for own, _ in WRONG[name].values())
    for mistake in EXERCISES[name].mistakes:
        assert mistake.says in said, mistake.says


@pytest.mark.parametrize("name", NAMES)
def test_hints_are_three_and_there_is_no_fourth(name):
    texts = [hint(name, number).text for number in (1, 2, 3)]
    assert len(set(texts)) == 3
    assert "Hint 2 of 3" in repr(hint(name, 2))
    with pytest.raises(ValueError, match="1, 2 or 3"):
        hint(name, 4)


@pytest.mark.parametrize("name", NAMES)
def test_answers_of_no_use_are_refused(name):
    """Whatever comes back, the verdict is a sentence and not an error."""
    for answer in (None, "no", object(), [], {}, (), np.nan, 1, [[1, 2], [3]], np.zeros((2, 2, 2))):
        verdict = checked(EXERCISES[name], lambda *_, answer=answer: answer)
        assert not verdict.solved
        assert verdict.message


def test_a_stub_is_told_to_be_written():
    def my_harris_response(tensor, k):
        raise NotImplementedError

    verdict = check("harris_response", my_harris_response)
    assert str(verdict) == (
        "harris_response: not solved yet, 0 of 2 points.\n"
        'Write my_harris_response, and run this again. hint("harris_response", 1) helps.'
    )


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="harris_response"):
        check("haris", len)
    with pytest.raises(ValueError, match="no exercise is named 'haris'"):
        hint("haris", 1)


def test_what_is_no_function_is_told():
    assert "not a function" in check("attend", 3.0).message


def said_of(function, seconds=60):
    return checked(EXERCISES["harris_response"], function, seconds=seconds).message


def forever(tensor, k):
    while True:
        pass


def forever_and_stubborn(tensor, k):
    while True:
        try:
            sum(range(100))
        except BaseException:
            pass


def chatty(tensor, k):
    while True:
        print("still here")


def chatty_but_right(tensor, k):
    print(tensor)
    a, b, c = np.moveaxis(tensor, 2, 0)
    return a * b - c**2 - k * (a + b) ** 2


def mutating(tensor, k):
    tensor *= 2
    return tensor[..., 0]


def raising(tensor, k):
    return tensor.determinant()


def exiting(tensor, k):
    sys.exit(0)


def endless(tensor, k):
    return endless(tensor, k)


def of_nan(tensor, k):
    return tensor[..., 0] * np.nan


def warning(tensor, k):
    return np.log(-np.abs(tensor[..., 0]) - 1)


def greedy(tensor, k):
    return np.zeros((10**7, 10**7))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (forever, "stopped after 0.3 seconds"),
        (forever_and_stubborn, "stopped after 0.3 seconds"),
        (chatty, "printed more than"),
        (mutating, "changes its argument number 1"),
        (raising, "AttributeError.*`return tensor.determinant()`"),
        (exiting, "calls `exit`"),
        (endless, "calls itself without end"),
        (of_nan, "returned nan at .0, 0."),
        (warning, "logarithm taken of 0"),
        (greedy, "Unable to allocate"),
        (lambda tensor: tensor, "takes 1 positional argument but 2 were given"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_goes_wrong_is_told_and_harms_nothing(function, words, capsys):
    # Only a loop without end is to reach its limit. What ends may take long on a busy machine.
    message = said_of(function, 0.3 if function in (forever, forever_and_stubborn) else 60)
    assert re.search(words.replace("()", r"\(\)"), message), message
    assert capsys.readouterr() == ("", "")
    time.sleep(0.1)  # an interruption that came too late would strike here
    assert said_of(RIGHT["harris_response"][0]) == ""


def test_a_right_answer_may_print_a_little(capsys):
    assert said_of(chatty_but_right) == ""
    assert capsys.readouterr() == ("", "")


def test_the_arguments_of_a_check_stay_whole():
    """One that changes its arguments cannot spoil the next check."""
    assert not checked(EXERCISES["harris_response"], mutating).solved
    assert checked(EXERCISES["harris_response"], EXERCISES["harris_response"].reference).solved


FACTOR = 1.0


def borrowing(tensor, k):
    return FACTOR * helper(tensor, k)


def helper(tensor, k):
    return RIGHT["harris_response"][1](tensor, k)


def test_what_is_borrowed_from_the_notebook_is_told():
    verdict = checked(EXERCISES["harris_response"], borrowing)
    assert verdict.solved
    assert "FACTOR, helper" in verdict.message


def test_while_grading_a_failed_check_raises_and_the_seed_is_another(monkeypatch):
    seen = []

    def watching(tensor, k):
        seen.append(tensor.copy())
        return RIGHT["harris_response"][0](tensor, k)

    check("harris_response", watching)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.setenv("DELF_LESSON_CHECK_SEED", "77")
    check("harris_response", watching)
    drawn, other = seen[2], seen[-1]
    assert not np.array_equal(drawn, other)
    with pytest.raises(NotSolved, match="k is not used"):
        check("harris_response", WRONG["harris_response"]["without k"][0])


def test_numbers_are_equal_within_the_tolerance():
    wanted = np.array([1.0, 100.0])
    near, first, second = (np.array(off) for off in ((5e-5, 5e-3), (1e-3, 0), (0, 0.1)))
    assert answer_diff(wanted + near, wanted, 1e-4) is None
    assert "at [0]" in answer_diff(wanted + first, wanted, 1e-4)
    assert "at [1]" in answer_diff(wanted + second, wanted, 1e-4)


def test_the_order_and_the_names_of_a_dictionary_count():
    wanted = {"b": 1.0, "a": 0.5}
    assert answer_diff({"b": 1, "a": 0.5}, wanted, 1e-4) is None
    assert "order is a, b" in answer_diff({"a": 0.5, "b": 1}, wanted, 1e-4)
    assert "'a' is missing" in answer_diff({"b": 1}, wanted, 1e-4)
    assert "'c' does not belong" in answer_diff({"b": 1, "a": 0.5, "c": 0}, wanted, 1e-4)


def test_exercises_are_checked_without_torch():
    """A class of 300 is graded in as many kernels, and torch takes seconds to load."""
    code = (
        "import sys; from delf_lesson.classroom.exercises import EXERCISES, check\n"
        "for name, one in EXERCISES.items(): check(name, one.reference)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
