"""Notebooks as pages and as slides that need no network (`make site`, `make slides`).

    python -m delf_lesson.classroom.publish page|deck FOLDER

Both show the stored outputs; nothing is run. The default pages of nbconvert fetch MathJax and
reveal.js from the network. Here formulas become MathML, which browsers draw themselves, and
reveal.js is copied from the package sphinx-revealjs into the folder of the slides.
"""

import re
import shutil
import sys
from html import escape
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter, SlidesExporter
from nbconvert.preprocessors import Preprocessor
from traitlets.config import Config

from delf_lesson.classroom.lecture_deck import LectureSlides
from delf_lesson.files import project_root

WIDGET = "application/vnd.jupyter.widget-view+json"
_FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$", re.DOTALL)
_LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)]+)\)")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_HEADING = re.compile(r"^(?=## )", re.MULTILINE)


class WithoutWidgets(Preprocessor):
    """Keeps the images and texts of explorers, and drops the widgets.

    A widget needs a kernel. Without a kernel a page would show "model not found" instead of the
    stored image.
    """

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook without widgets, in nbconvert's form."""
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                output.get("data", {}).pop(WIDGET, None)
        return notebook, resources


class Prose(Preprocessor):
    """Formulas as MathML; links to notebooks lead to their pages, links to code become names."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """One cell, in nbconvert's form."""
        if cell.cell_type == "markdown":
            parts = _CODE.split(cell.source)
            for place in range(0, len(parts), 2):  # the text between pieces of code
                parts[place] = _FORMULA.sub(_mathml, parts[place])
            cell.source = _LINK.sub(_link, "".join(parts))
        return cell, resources


def _mathml(match: re.Match[str]) -> str:
    # Only pages need this package; the lesson runs without it.
    from latex2mathml.converter import convert

    block, inline = match.groups()
    return convert(block or inline, display="block" if block else "inline")


def _link(match: re.Match[str]) -> str:
    mark, text, target = match.groups()
    if mark or "://" in target:
        return match.group()
    return f"[{text}]({target[:-6]}.html)" if target.endswith(".ipynb") else text


class Slides(Preprocessor):
    """A slide for each section, and below it a slide for each text and figure.

    A cell whose slide type was set in JupyterLab's property inspector keeps it. Code is not shown,
    and a cell that only computes has no slide.
    """

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook with slide types, in nbconvert's form."""
        cells = []
        for cell in notebook.cells:
            parts = _HEADING.split(cell.source) if cell.cell_type == "markdown" else [cell.source]
            for number, part in enumerate(filter(str.strip, parts)):
                changes = {"source": part, "id": f"{cell.get('id', 'cell')}-{number}"}
                cells.append(nbformat.from_dict({**cell, **changes}))
        has_figure = False
        for cell in cells:
            chosen = cell.metadata.get("slideshow", {})
            kind = chosen.get("slide_type") or slide_type(cell, has_figure)
            cell.metadata["slideshow"] = {**chosen, "slide_type": kind}
            if kind in ("slide", "subslide"):
                has_figure = False
            has_figure = has_figure or shows_figure(cell)
        notebook.cells = cells
        return notebook, resources


def slide_type(cell: Any, has_figure: bool) -> str:
    """The slide type of a cell: "slide", "subslide", "-" for the same slide, or "skip"."""
    if cell.cell_type == "markdown":
        return "slide" if cell.source.startswith("#") else "subslide"
    if not cell.get("outputs"):
        return "skip"
    return "subslide" if has_figure and shows_figure(cell) else "-"


def shows_figure(cell: Any) -> bool:
    """Whether a cell shows a figure: an image, or a diagram, which is an `<img>`."""
    data = [output.get("data", {}) for output in cell.get("outputs", [])]
    has_image = any(mime.startswith("image/") for one in data for mime in one)
    return has_image or any("<img" in one.get("text/html", "") for one in data)


def exporter_of(kind: str) -> HTMLExporter:
    """What turns a notebook into a "page" or a "deck" of slides.

    Raises ValueError for another kind.
    """
    if kind not in ("page", "deck"):
        raise ValueError(f"kind is {kind!r}; wanted page or deck")
    config = Config()
    templates = str(project_root() / "docs" / "templates")
    config.TemplateExporter.extra_template_basedirs = [templates]
    config.TemplateExporter.extra_template_paths = [templates]  # of what both templates import
    config.TemplateExporter.template_name = kind
    if kind == "page":
        config.HTMLExporter.preprocessors = [WithoutWidgets, Prose]
        return HTMLExporter(config=config)
    config.SlidesExporter.preprocessors = [WithoutWidgets, LectureSlides, Slides, Prose]
    config.SlidesExporter.reveal_url_prefix = "reveal.js"
    config.SlidesExporter.reveal_theme = "white"  # others fetch fonts
    config.SlidesExporter.exclude_input = True
    return SlidesExporter(config=config)


def publish(kind: str, folder: Path) -> list[Path]:
    """Write every notebook into the folder, as a "page" or as a "deck" of slides; the files.

    Raises ValueError for another kind.
    """
    exporter = exporter_of(kind)
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "deck":
        _copy_reveal(folder / "reveal.js")
    written = []
    for path in sorted((project_root() / "notebooks").glob("*.ipynb")):
        html, _ = exporter.from_filename(str(path))
        written.append(folder / f"{path.stem}.html")
        written[-1].write_text(html, encoding="utf-8")
    (folder / "index.html").write_text(_index(kind), encoding="utf-8")
    return [*written, folder / "index.html"]


def _copy_reveal(folder: Path) -> None:
    with as_file(files("sphinx_revealjs") / "_static" / "revealjs") as source:
        for part in ("dist", "plugin/notes"):
            shutil.copytree(source / part, folder / part, dirs_exist_ok=True)


def _index(kind: str) -> str:
    """A page with a line for each notebook."""
    lines = []
    for path in sorted((project_root() / "notebooks").glob("*.ipynb")):
        title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0].lstrip("# ")
        lines.append(f'<li><a href="{path.stem}.html">{escape(title)}</a></li>')
    what = "Slides" if kind == "deck" else "Pages"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>DELF, a lecture: {what.lower()}</title>\n<style>body {{ font: 1.2rem/1.6 "
        "sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }</style></head>\n"
        "<body><h1>Large-Scale Image Retrieval with Attentive Deep Local Features</h1>\n"
        f"<p>{what} of the notebooks, as they are stored.</p>\n<ul style='list-style: none'>\n"
        + "\n".join(lines)
        + "\n</ul></body></html>\n"
    )


if __name__ == "__main__":
    publish(sys.argv[1], Path(sys.argv[2]))
