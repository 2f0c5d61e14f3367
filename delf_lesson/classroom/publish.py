"""Notebooks as pages and as slides that need no network (`make site`, `make slides`).

    python -m delf_lesson.classroom.publish page|deck FOLDER

Both are made of the outputs that are stored; nothing is run. nbconvert's own pages fetch MathJax
and reveal.js from the network. Here formulas become MathML, which browsers draw themselves, and
reveal.js comes from the package sphinx-revealjs and is laid beside the slides.
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

from delf_lesson.files import project_root

WIDGET = "application/vnd.jupyter.widget-view+json"
_FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$", re.DOTALL)
_LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)]+)\)")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_HEADING = re.compile(r"^(?=## )", re.MULTILINE)


class WithoutWidgets(Preprocessor):
    """Leaves the pictures and texts of explorers, and drops the widgets.

    A widget lives in a kernel. Without one JupyterLab would say "model not found" in its place,
    and prefer that to the picture which stands beside it.
    """

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook without widgets, as nbconvert wants it."""
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                output.get("data", {}).pop(WIDGET, None)
        return notebook, resources


class Prose(Preprocessor):
    """Formulas as MathML; links to notebooks lead to their pages, links to code are its names."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """One cell, as nbconvert wants it."""
        if cell.cell_type == "markdown":
            parts = _CODE.split(cell.source)
            for place in range(0, len(parts), 2):  # what is between pieces of code
                parts[place] = _FORMULA.sub(_mathml, parts[place])
            cell.source = _LINK.sub(_link, "".join(parts))
        return cell, resources


def _mathml(found: re.Match[str]) -> str:
    # Only pages want it: the lesson runs without the package.
    from latex2mathml.converter import convert

    block, inline = found.groups()
    return convert(block or inline, display="block" if block else "inline")


def _link(found: re.Match[str]) -> str:
    mark, text, target = found.groups()
    if mark or "://" in target:
        return found.group()
    return f"[{text}]({target[:-6]}.html)" if target.endswith(".ipynb") else text


class Slides(Preprocessor):
    """A slide for each section, below it one for each text and picture, as the lecture goes.

    A cell that has a slide type of its own, by JupyterLab's property inspector, keeps it. Code is
    not shown, and what only computes has no slide.
    """

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook with slide types, as nbconvert wants it."""
        cells = []
        for cell in notebook.cells:
            parts = _HEADING.split(cell.source) if cell.cell_type == "markdown" else [cell.source]
            for number, part in enumerate(filter(str.strip, parts)):
                own = {"source": part, "id": f"{cell.get('id', 'cell')}-{number}"}
                cells.append(nbformat.from_dict({**cell, **own}))
        has_picture = False
        for cell in cells:
            kind = slide_type(cell, has_picture)
            kind = cell.metadata.get("slideshow", {}).get("slide_type") or kind
            cell.metadata["slideshow"] = {"slide_type": kind}
            if kind in ("slide", "subslide"):
                has_picture = False
            has_picture = has_picture or is_picture(cell)
        notebook.cells = cells
        return notebook, resources


def slide_type(cell: Any, has_picture: bool) -> str:
    """Where a cell goes: "slide", "subslide", "-" for the same slide, or "skip"."""
    if cell.cell_type == "markdown":
        return "slide" if cell.source.startswith("#") else "subslide"
    if not cell.get("outputs"):
        return "skip"
    return "subslide" if has_picture and is_picture(cell) else "-"


def is_picture(cell: Any) -> bool:
    """Whether a cell shows one."""
    kinds = {mime for output in cell.get("outputs", []) for mime in output.get("data", {})}
    return any(mime.startswith("image/") for mime in kinds)


def publish(kind: str, folder: Path) -> list[Path]:
    """Write every notebook into the folder, as a "page" or as a "deck" of slides; the files.

    Raises ValueError for another kind.
    """
    if kind not in ("page", "deck"):
        raise ValueError(f"kind is {kind!r}; wanted page or deck")
    config = Config()
    config.TemplateExporter.extra_template_basedirs = [str(project_root() / "docs" / "templates")]
    config.TemplateExporter.template_name = kind
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "deck":
        config.SlidesExporter.preprocessors = [WithoutWidgets, Slides, Prose]
        config.SlidesExporter.reveal_url_prefix = "reveal.js"
        config.SlidesExporter.reveal_theme = "white"  # others fetch fonts
        config.SlidesExporter.exclude_input = True
        _copy_reveal(folder / "reveal.js")
        exporter: HTMLExporter = SlidesExporter(config=config)
    else:
        config.HTMLExporter.preprocessors = [WithoutWidgets, Prose]
        exporter = HTMLExporter(config=config)
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
