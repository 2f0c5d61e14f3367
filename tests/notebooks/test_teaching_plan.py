"""The minutes on the teacher's page are those of the labs, and each session fits in 90 minutes.

If a lab changes, the failure says what the page must have instead.
"""

import re

import nbformat
import pytest

from delf_lesson.files import project_root

FOLDER = project_root() / "notebooks"
LABS = {path.stem[:2]: path for path in FOLDER.glob("0*.ipynb") if path.stem != "00_lecture"}
PAGE = (project_root() / "docs" / "teaching.md").read_text(encoding="utf-8")
SESSIONS = {1: ("00", "01", "02"), 2: ("03", "04", "05"), 3: ("06", "07", "08")}
MOST_HOURS, MOST_MINUTES = 8, 90


def cells(lab: str) -> list:
    return nbformat.read(LABS[lab], as_version=4).cells


def section_minutes(lab: str) -> dict[str, int]:
    """The minutes of each section by the lab's own table."""
    rows = re.findall(r"^\| (\d+\. .+?) \| (\d+) \|$", cells(lab)[0].source, re.M)
    return {title: int(minutes) for title, minutes in rows}


def total(labs) -> int:
    return sum(sum(section_minutes(lab).values()) for lab in labs)


def session_text(number: int) -> str:
    found = re.search(rf"^\*\*Session {number}: .+?(?=^\*\*Session|^## )", PAGE, re.M | re.S)
    assert found, f"docs/teaching.md has no session {number}"
    return found[0]


def rows_in_class(number: int) -> list[tuple[str, str, int]]:
    """The lab, the section and the minutes of each row of a session's table."""
    rows = re.findall(r"^\| (\d\d) \| (.+?) \| (\d+) \|$", session_text(number), re.M)
    return [(lab, section, int(minutes)) for lab, section, minutes in rows]


def wanted_table() -> str:
    """The table of all labs as the page must have it."""
    rows = [
        f"| [{cells(lab)[0].source.splitlines()[0][2:]}](../notebooks/{path.name})"
        f" | {total([lab])} |"
        for lab, path in sorted(LABS.items())
    ]
    return "\n".join([*rows, f"| **sum** | **{total(LABS)}** |"])


def test_the_sessions_have_every_lab_once():
    assert sorted(lab for labs in SESSIONS.values() for lab in labs) == sorted(LABS)
    assert all(section_minutes(lab) for lab in LABS)


def test_the_page_has_the_minutes_of_every_lab():
    assert wanted_table() in PAGE, f"docs/teaching.md must have\n{wanted_table()}"


def test_the_labs_take_at_most_8_hours():
    assert total(LABS) <= 60 * MOST_HOURS, f"the labs take {total(LABS)} minutes"


@pytest.mark.parametrize("number", SESSIONS)
def test_a_session_quotes_the_sections_of_its_labs_in_order(number):
    rows = rows_in_class(number)
    known = [(lab, *row) for lab in SESSIONS[number] for row in section_minutes(lab).items()]
    listed = "\n".join(f"| {lab} | {title} | {minutes} |" for lab, title, minutes in known)
    wrong = [row for row in rows if row not in known]
    assert rows and not wrong, f"no lab has {wrong}; session {number} can have\n{listed}"
    places = [known.index(row) for row in rows]
    assert places == sorted(set(places)), "a section stands twice or in another order"


@pytest.mark.parametrize("number", SESSIONS)
def test_a_session_adds_up_and_fits(number):
    in_class = sum(minutes for *_, minutes in rows_in_class(number))
    at_home = total(SESSIONS[number]) - in_class
    assert 0.8 * MOST_MINUTES <= in_class <= MOST_MINUTES
    wanted = f"| | **in class** | **{in_class}** |\n| | **homework** | **{at_home}** |\n"
    assert wanted in session_text(number), f"session {number} must have\n{wanted}"


@pytest.mark.parametrize("number", SESSIONS)
def test_the_exercises_of_a_session_are_done_in_class(number):
    (line,) = re.findall(r"^Exercises to hand in: (.+?)\.", session_text(number), re.M)
    sections = {(lab, section) for lab, section, _ in rows_in_class(number)}
    found = {}
    for lab in SESSIONS[number]:
        section = ""
        for cell in cells(lab):
            headings = re.findall(r"^## (\d+\. .+)$", cell.source, re.M)
            section = headings[-1] if cell.cell_type == "markdown" and headings else section
            for name in re.findall(r"^def my_(\w+)\(", cell.source, re.M):
                found[name] = (lab, section)
    named = re.findall(r"`(\w+)`", line)
    assert len(named) == 4
    for name in named:
        assert name in found, f"{name} is no exercise; wanted one of {sorted(found)}"
        assert found[name] in sections, f"{name} stands in {found[name]}"
