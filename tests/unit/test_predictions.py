"""Predictions are kept, compared with the result, and never stand in the way of a result."""

import json

import pytest

from delf_lesson.classroom.predictions import Prediction, predict

OPTIONS = ["It rises", "It falls", "It stays"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DELF_LESSON_ANSWERS", str(tmp_path / "answers"))
    return tmp_path / "answers"


def commit(prediction, answer):
    prediction.control.value = answer
    prediction.button.click()


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_without_an_answer_the_result_is_shown_and_nothing_is_written(folder):
    share = predict("share", "Which share?")
    assert repr(share.compare(0.2871)) == "Result: 0.29."
    assert repr(predict("way", "Which way?", OPTIONS).compare("It falls")) == "Result: It falls."
    assert files(folder) == []


def test_a_number_is_compared_with_the_result_and_its_unit():
    size = predict("size", "How large?", unit="pixels")
    commit(size, "1/4")
    assert repr(size.compare(339, digits=0)) == "Result: 339 pixels. You predicted 0.25 pixels."
    assert size.compare(0.5)._repr_markdown_().startswith("**Result:** 0.50 pixels.")


@pytest.mark.parametrize(
    ("answer", "said"),
    [("It falls", "You predicted it."), ("It rises", "You predicted: It rises.")],
)
def test_a_choice_is_compared_with_the_result(answer, said):
    way = predict("way", "Which way?", OPTIONS)
    commit(way, answer)
    assert repr(way.compare("It falls")) == f"Result: It falls. {said}"


def test_a_committed_answer_is_closed_and_outlives_the_kernel():
    commit(predict("way", "Which way?", OPTIONS), "It stays")
    again = predict("way", "Which way?", OPTIONS)
    assert again.answer == again.control.value == "It stays"
    assert again.control.disabled and again.button.disabled
    commit(predict("share", "Which share?"), "30%")
    assert predict("share", "Which share?").control.value == "0.3"


@pytest.mark.parametrize("typed", ["", "many", "1/0", "nan"])
def test_what_is_no_number_is_said_and_not_kept(folder, typed):
    share = predict("share", "Which share?")
    commit(share, typed)
    assert share.answer is None and not share.button.disabled
    assert "no number" in share.note.value and files(folder) == []


def test_committing_without_a_choice_asks_for_one(folder):
    way = predict("way", "Which way?", OPTIONS)
    way.button.click()
    assert "Choose an answer first" in way.note.value and files(folder) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"[1", b"\xff", b"[]", b'{"format": "other"}', None],
    ids=["empty", "cut off", "no text", "a list", "another format", "another question"],
)
def test_a_file_that_does_not_fit_is_set_aside(folder, content):
    commit(predict("share", "Another question?"), "0.5")
    path = folder / "prediction-share.json"
    if content is not None:
        path.write_bytes(content)
    share = predict("share", "Which share?")
    assert share.answer is None and "was renamed to prediction-share.older-1.json" in (
        share.note.value
    )
    assert files(folder) == ["prediction-share.older-1.json"]
    commit(share, "0.5")
    assert json.loads(path.read_text())["answer"] == 0.5


def test_an_answer_that_is_no_longer_an_option_is_set_aside():
    commit(predict("way", "Which way?", OPTIONS), "It stays")
    assert predict("way", "Which way?", OPTIONS[:2]).answer is None


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path):
    (tmp_path / "file").write_text("")
    share = Prediction("share", "Which share?", folder=tmp_path / "file" / "answers")
    commit(share, "0.5")
    assert share.answer == 0.5 and "Kept until the kernel stops" in share.note.value


def test_the_page_shows_the_question_and_its_options():
    text = repr(predict("way", "Which way?", OPTIONS))
    assert text.startswith("**Predict.** Which way?") and text.count("\n- ") == 3


def test_bad_calls_are_refused():
    with pytest.raises(ValueError, match="at least two, all different"):
        predict("way", "Which way?", ["one"])
    with pytest.raises(ValueError, match="at least two, all different"):
        predict("way", "Which way?", ["one", "one"])
    with pytest.raises(ValueError, match="one of the options"):
        predict("way", "Which way?", OPTIONS).compare("It jumps")


def test_a_damaged_file_that_cannot_be_renamed_stops_no_notebook(folder, monkeypatch):
    folder.mkdir()
    (folder / "prediction-share.json").write_text("[")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    share = predict("share", "Which share?")
    assert share.answer is None and "can't be used" in share.note.value
    assert repr(share.compare(0.29)) == "Result: 0.29."
