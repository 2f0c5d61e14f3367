"""The deck of the lecture: short slides with a figure and a question, and notes for the teacher."""

import re

import pytest
from bs4 import BeautifulSoup
from test_lecture import PARTS, PATH, SLIDES

from delf_lesson.classroom.lecture_deck import MOST_WORDS
from delf_lesson.classroom.publish import exporter_of

FEWEST_SLIDES, MOST_SLIDES = 25, 36


@pytest.fixture(scope="module")
def deck():
    """The HTML of the deck."""
    html, _ = exporter_of("deck").from_filename(str(PATH))
    return BeautifulSoup(html, "html.parser")


@pytest.fixture(scope="module")
def slides(deck):
    """What one screen shows: the sections that hold no other section."""
    return [section for section in deck.find_all("section") if not section.find("section")]


@pytest.fixture(scope="module")
def by_title(slides):
    """The slides of each title, in the order of the deck; a quiz question belongs to the quiz."""
    found: dict[str, list] = {}
    for slide in slides:
        heading = slide.find(["h1", "h2", "h3"])
        if heading:
            found.setdefault(heading.get_text().rstrip("¶"), [])
        found[list(found)[-1]].append(slide)
    return found


def visible(slide) -> str:
    """The text of a slide without its notes and the marks that link to titles."""
    copy = BeautifulSoup(str(slide), "html.parser")
    for hidden in copy.find_all(["aside", "a"], class_=["notes", "anchor-link"]):
        hidden.decompose()
    return copy.get_text(" ")


def test_there_are_about_30_slides_of_at_most_60_words(slides):
    assert FEWEST_SLIDES <= len(slides) <= MOST_SLIDES
    for slide in slides:
        assert 0 < len(visible(slide).split()) <= MOST_WORDS == 60, visible(slide)


def test_the_titles_stand_in_the_order_of_the_lecture(by_title):
    titles = [title for part, own in PARTS.items() for title in [part, *own]]
    assert list(by_title)[1:] == titles
    assert next(iter(by_title)).startswith("Large-Scale Image Retrieval")


@pytest.mark.parametrize("title", SLIDES)
def test_each_screen_of_a_slide_has_notes_to_say_ask_and_expect(by_title, title):
    for slide in by_title[title]:
        notes = slide.find("aside", class_="notes")
        labels = [label.get_text() for label in notes.find_all("em")]
        assert [label for label in labels if label in ("Say.", "Ask.", "Expect.")] == [
            "Say.",
            "Ask.",
            "Expect.",
        ]
        assert "Tempting:" in notes.get_text() and not notes.find("details")
        assert "Minutes:" in labels and "Deeper:" in labels


@pytest.mark.parametrize("title", SLIDES)
def test_the_class_sees_the_figure_and_the_question_and_not_the_answer(by_title, title):
    shown = " ".join(visible(slide) for slide in by_title[title])
    for hidden in ("Say.", "Tempting", "Why it tempts", "Minutes", "Deeper"):
        assert hidden not in shown
    (question,) = [box for one in by_title[title] for box in one.select(".fragment")]
    asked = question.get_text().strip().removeprefix("Question. ")
    notes = question.find_parent("section").find("aside").get_text()
    assert asked in notes and not question.find("aside")
    pictures = [image for slide in by_title[title] for image in slide.find_all("img")]
    if title == "Quiz":  # three questions in place of a figure
        assert len(by_title[title]) == 4 and not pictures
    else:
        (image,) = pictures
        assert image["src"].startswith("data:image/") and image["alt"]
        assert image.find_parent("section") is question.find_parent("section")


def test_code_and_captions_are_not_shown(slides):
    shown = " ".join(visible(slide) for slide in slides)
    assert not re.search(r"\b(import|def|show_\w+|explore_\w+)\b|slider", shown)
