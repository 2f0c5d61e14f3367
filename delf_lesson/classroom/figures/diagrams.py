"""Diagrams drawn by hand: the SVG files of `notebooks/figures/`, shown with alternative text."""

import base64
import re
from html import escape
from typing import Any
from xml.etree import ElementTree

from delf_lesson.files import project_root

SVG = "{http://www.w3.org/2000/svg}"


class Diagram:
    """An SVG drawing with its alternative text; a notebook shows the drawing."""

    def __init__(self, svg: str, alt: str) -> None:
        self.svg = svg
        self.alt = alt

    def __repr__(self) -> str:
        return f"Diagram: {self.alt}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # An <img> with a data URI shows on most pages. JupyterLab shows no image/svg+xml in a
        # notebook that isn't trusted yet, and drops <svg> from its HTML; it keeps an <img>.
        # nbconvert copies the <img> with its alternative text, and two diagrams on a page can't
        # mix up their styles and ids, as inline SVG would. GitHub shows the alternative text if
        # it blocks the image.
        data = base64.b64encode(self.svg.encode()).decode("ascii")
        image = f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(self.alt)}" width="900">'
        return {"text/html": image, "text/plain": repr(self)}


def diagram_names() -> list[str]:
    """The names that `show_diagram` knows."""
    return sorted(path.stem for path in (project_root() / "notebooks" / "figures").glob("*.svg"))


def show_diagram(name: str, highlight: str | None = None) -> Diagram:
    """A diagram by name, such as "network".

    highlight: a stage of the diagram "pipeline" to mark, such as "votes". The other diagrams have
    no stages. Raises ValueError, with the choices, for a name or a stage that doesn't exist.
    """
    names = diagram_names()
    if name not in names:
        raise ValueError(f"name is {name!r}; wanted one of {', '.join(names)}")
    path = project_root() / "notebooks" / "figures" / f"{name}.svg"
    svg = path.read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    alt = f"{root.findtext(f'{SVG}title')}. {root.findtext(f'{SVG}desc')}"
    if highlight is None:
        return Diagram(svg, alt)
    stages = re.findall(r'<g id="stage-(\w+)">', svg)
    if highlight not in stages:
        wanted = f"one of {', '.join(stages)}" if stages else f"None, since {name} has no stages"
        raise ValueError(f"highlight is {highlight!r}; wanted {wanted}")
    group = f'<g id="stage-{highlight}"'
    return Diagram(
        svg.replace(f"{group}>", f'{group} class="highlight">'),
        f'{alt} The stage "{highlight}" is highlighted.',
    )
