"""The slides of the lecture: what the class sees, and the speaker notes (`make slides`).

The lecture's notebook has for each slide a title with bullet points, a figure, and notes with
*Say*, *Ask* and a folded answer. The deck shows the title, the bullet points, the figure and the
question. The notes go into the speaker view as *Say*, *Ask* and *Expect*.
"""

import re
from collections.abc import Iterator
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor

MOST_WORDS = 60
_TITLE = re.compile(r"#{1,3} (.+)")
_SAY = re.compile(r"^\*Say\.\* ", re.MULTILINE)
_ASK = re.compile(r"^\*Ask\.\* (.+)$", re.MULTILINE)
_FOLDED = re.compile(r"<details><summary>.*?</summary>(.*?)</details>", re.DOTALL)
_CAPTION = re.compile(r"\*[^*\n]+\*")
_QUIZ_QUESTION = re.compile(r"^(?=\*\*\d+\.\*\* )", re.MULTILINE)


class LectureSlides(Preprocessor):
    """Turns the cells of the lecture into slides, and leaves the other notebooks alone.

    A notebook is a lecture if its notes have *Say* and *Ask*. A figure shares a slide with the
    bullet points, unless the figure's cell has the slide type "subslide" or the slide would have
    more than 60 words. The question is the last thing that a slide shows.
    """

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook with the cells of the deck, in nbconvert's form."""
        if any(_is_script(cell) for cell in notebook.cells):
            sections = list(_sections(notebook.cells))
            cells = _cover(sections[0])
            for section in sections[1:]:
                cells += _slides(section)
            for number, cell in enumerate(cells):
                cell["id"] = f"deck-{number}"
            notebook.cells = cells
        return notebook, resources


def _is_script(cell: Any) -> bool:
    return cell.cell_type == "markdown" and bool(_SAY.search(cell.source))


def _sections(cells: list[Any]) -> Iterator[list[Any]]:
    """The cells from each title to the next."""
    starts = [n for n, cell in enumerate(cells) if cell.cell_type == "markdown" and _title(cell)]
    for start, stop in zip(starts, [*starts[1:], len(cells)], strict=True):
        yield cells[start:stop]


def _title(cell: Any) -> str:
    found = _TITLE.match(cell.source)
    return found[1] if found else ""


def _cover(section: list[Any]) -> list[Any]:
    """The first slide, with the title of the paper in place of the notebook's name."""
    lines = section[0].source.split("\n\n")[1:]
    lines[0] = "# " + lines[0].replace("**", "")
    return [_text("\n\n".join(lines), "slide", "part"), *section[1:]]


def _slides(section: list[Any]) -> list[Any]:
    """The cells of the slides of one section: its text, figure, question and notes."""
    heading, *rest = section
    scripts = [cell for cell in rest if _is_script(cell)]
    if not scripts:  # a title of a part
        return [_text(heading.source, "slide", "part"), *rest]
    notes = _speaker_notes(scripts[0].source)
    question = "**Question.** " + _ASK.search(scripts[0].source)[1]  # type: ignore[index]
    code = [cell for cell in rest if cell.cell_type == "code" and _slide_type(cell) != "skip"]
    quiz = [text for cell in code for text in _quiz_questions(cell)]
    figures = [] if quiz else [_without_caption(cell) for cell in code]
    printed = " ".join(_printed(cell) for cell in figures)
    is_long = _word_count(heading.source, printed, question) > MOST_WORDS
    is_split = is_long or any(_slide_type(cell) == "subslide" for cell in figures)
    has_space = is_split or not figures
    cells = [_text(heading.source, "slide", "text" if has_space else "lecture")]
    if is_split:
        cells += [_text(notes, "notes"), _text(f"### {_title(heading)}", "subslide", "figure")]
    for cell in figures:
        cell.metadata["slideshow"] = {"slide_type": "-"}
    # The notes stand before the question: inside a fragment, they would show up with it.
    cells += [*figures, _text(notes, "notes"), _text(question, "fragment")]
    for text in quiz:
        cells += [_text(text, "subslide", "text"), _text(notes, "notes")]
    return cells + [cell for cell in rest if _slide_type(cell) == "notes" and cell not in scripts]


def _text(source: str, kind: str, layout: str = "") -> Any:
    """A text with a slide type. The layout becomes the attribute `data-layout` of a slide."""
    slideshow = {"slide_type": kind} | ({"data": {"layout": layout}} if layout else {})
    return nbformat.v4.new_markdown_cell(source, metadata={"slideshow": slideshow})


def _speaker_notes(script: str) -> str:
    """The notes with the answer unfolded: nobody can open it in the speaker view."""
    return _FOLDED.sub(r"*Expect.* \1", script)


def _slide_type(cell: Any) -> str:
    return str(cell.metadata.get("slideshow", {}).get("slide_type", ""))


def _quiz_questions(cell: Any) -> list[str]:
    """The questions that a quiz shows, or nothing for another cell."""
    texts = [output.get("data", {}).get("text/markdown", "") for output in cell.outputs]
    return [
        part.strip() for text in texts for part in _QUIZ_QUESTION.split(text)[1:] if part.strip()
    ]


def _without_caption(cell: Any) -> Any:
    """A figure without its caption, which repeats the alternative text and names the controls."""
    cell.outputs = [
        output
        for output in cell.outputs
        if not _CAPTION.fullmatch(output.get("data", {}).get("text/markdown", ""))
    ]
    return cell


def _printed(cell: Any) -> str:
    return " ".join(output.get("text", "") for output in cell.outputs)


def _word_count(*texts: str) -> int:
    """How many words a reader sees, without the marks of lists and titles."""
    return len([word for text in texts for word in text.split() if word.strip("#-*")])
