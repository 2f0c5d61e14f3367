"""The lecture has every slide in order and fits in 75 minutes.

The titles are those of the lecture of 2021 that the course follows. A slide that the lecture shows
in several steps ("Goal") is one section, and the "(Attention Result)" behind "Keypoint Selection
Result" is left out.
"""

import re

import nbformat
import pytest

from delf_lesson.files import project_root

PATH = project_root() / "notebooks" / "00_lecture.ipynb"
TEACHING = project_root() / "docs" / "teaching.md"
PARTS = {
    "Background & Motivation": [
        "Recap: Keypoint",
        "Recap: Local Descriptor",
        "Classical Keypoint & Local Descriptor Properties",
        "How about deep feature?",
        "Deep Feature",
        "Motivation",
    ],
    "Our Approach": [
        "Goal",
        "Train Local Descriptor Network by using Classification task",
        "Training for Keypoint Selection",
        "Comparison with classical local descriptor",
        "Image retrieval pipeline with ours",
    ],
    "Results": ["Precision & Recall Result", "mAP Result", "Keypoint Selection Result"],
    "Summary": ["Contributions", "Strengths & Weaknesses"],
    "Quiz": [],
}
SLIDES = [slide for part, slides in PARTS.items() for slide in slides or [part]]
MOST_MINUTES, MOST_CELLS, MOST_LINES = 75, 20, 6


def read():
    return nbformat.read(PATH, as_version=4)


def heading(cell) -> str | None:
    """The title of a slide or a part that a cell starts with."""
    found = re.match(r"#{2,3} (.+)", cell.source) if cell.cell_type == "markdown" else None
    return found[1] if found else None


def sections() -> dict[str, list]:
    """The cells of each slide by its title, the heading first."""
    found: dict[str, list] = {}
    for cell in read().cells[:-1]:  # the last cell has the references
        title = heading(cell)
        if title:
            found[title] = []
        if found:
            found[list(found)[-1]].append(cell)
    return {title: found[title] for title in SLIDES}


def code(cells) -> list:
    return [cell for cell in cells if cell.cell_type == "code"]


def notes(title: str) -> str:
    """The notes of a slide."""
    (cell,) = [c for c in sections()[title] if c.metadata.slideshow.slide_type == "notes"]
    return cell.source


def minutes(text: str) -> dict[str, int]:
    """The rows "| title | minutes |" of a text."""
    return {title: int(n) for title, n in re.findall(r"^\| (.+?) \| (\d+) \|$", text, re.M)}


def plan() -> dict[str, int]:
    """The minutes of each slide by the notebook's table."""
    return minutes(read().cells[1].source)


def test_the_headings_are_the_slides_in_order():
    cells = read().cells
    found = [re.match(r"(##+) (.+)", cell.source) for cell in cells if heading(cell)]
    wanted = [
        (level, title)
        for part, slides in PARTS.items()
        for level, title in [("##", part), *(("###", slide) for slide in slides)]
    ]
    assert [match.groups() for match in found] == wanted
    assert not [cell.source for cell in cells if re.search(r"\n#{1,3} ", cell.source)]


def test_the_minutes_add_up():
    table = plan()
    assert list(table) == SLIDES
    total = sum(table.values())
    assert total <= MOST_MINUTES
    text = read().cells[1].source
    assert f"| **sum** | **{total}** |" in text and f"takes {total} of 75 minutes" in text
    assert {
        title: int(re.search(r"\*Minutes:\* (\d+)\.", notes(title))[1]) for title in SLIDES
    } == table
    readme = (project_root() / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"notebooks/00_lecture\.ipynb\) \|.*\| {total} \|", readme)


def test_cells_are_few_and_short():
    cells = code(read().cells)
    assert len(cells) <= MOST_CELLS
    assert max(len(cell.source.splitlines()) for cell in cells) <= MOST_LINES
    for title, own in sections().items():
        (cell,) = code(own)
        kinds = {mime for output in cell.outputs for mime in output.get("data", {})}
        assert kinds & {"image/jpeg", "image/png", "text/html", "text/markdown"}, title


@pytest.mark.parametrize("title", SLIDES)
def test_a_slide_has_notes_with_a_question_and_a_folded_answer(title):
    text = notes(title)
    (said,) = re.findall(r"^\*Say\.\* (.+)$", text, re.M)
    assert 2 <= len(re.findall(r"[.?!](?: |$)", said)) <= 3
    (asked,) = re.findall(r"^\*Ask\.\* (.+)$", text, re.M)
    assert "?" in asked or title == "Quiz"
    (folded,) = re.findall(r"<details><summary>.+?</summary>(.+)</details>", text)
    labels = re.findall(r"<b>(.+?):</b> \S", folded)
    assert labels == ["Tempting", "Why it tempts", "Right"]
    assert text.index("*Ask.*") < text.index("<details>")


@pytest.mark.parametrize("title", SLIDES)
def test_a_slide_leads_to_a_section_of_a_lab(title):
    pattern = r"\*Deeper:\* \[lab (\d\d)\]\((\1\w+\.ipynb)\), section (\d+): (.+?)\.?$"
    _, name, number, section = re.search(pattern, notes(title), re.M).groups()
    cells = nbformat.read(PATH.parent / name, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert f"## {number}. {section}\n" in prose, (name, section)


def test_no_cell_shows_true_or_false():
    shown = str([cell.outputs for cell in code(read().cells)])
    assert not re.search(r"\b(True|False)\b", re.sub(r"[\w+/=]{200,}", "", shown))


def test_the_teachers_page_has_the_same_plan():
    page = TEACHING.read_text(encoding="utf-8")
    lecture = page.split("**The lecture")[1].split("**What to skip")[0]
    assert minutes(lecture) == plan()
    assert f"| **sum** | **{sum(plan().values())}** |" in lecture


def test_what_to_skip_saves_enough_minutes():
    page = TEACHING.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) minutes \| (.+) \| (\d+) \|$", page, re.M)
    assert [late for late, _, _ in rows] == ["5", "10", "20"]
    skipped: list[str] = []
    for late, titles, saved in rows:
        skipped += re.findall(r"\*(.+?)\*", titles)
        assert len(set(skipped)) == len(skipped)
        assert sum(plan()[title] for title in skipped) == int(saved) >= int(late)


def test_every_slide_has_evidence_and_the_sections_it_names_exist():
    text = (project_root() / "docs" / "lecture_evidence.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", text, re.M)[1:]
    assert list(dict.fromkeys(slide for slide, _, _ in rows)) == SLIDES
    for _, claim, evidence in rows:
        for number, sections in re.findall(r"lab (0\d), ((?:\"[^\"]+\"(?: to )?)+)", evidence):
            (path,) = PATH.parent.glob(f"{number}_*.ipynb")
            headings = re.findall(r"^## \d+\. (.+)$", prose(path), re.M)
            for section in re.findall(r"\"([^\"]+)\"", sections):
                assert section in headings, (claim, number, section)


def prose(path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
