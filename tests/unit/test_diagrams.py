"""The hand-drawn diagrams: readable, self-contained, and shown with their text alternative."""

import base64
import re
from html import unescape
from xml.etree import ElementTree

import pytest

from delf_lesson.classroom.figures.diagrams import SVG, diagram_names, show_diagram
from delf_lesson.files import project_root

FOLDER = project_root() / "notebooks" / "figures"
SMALLEST_TEXT = 15  # pixels, in a drawing 900 pixels wide
LARGEST_FILE = 20_000  # bytes
STAGES = ("features", "index", "neighbours", "votes", "verification", "ranking", "expansion")
NAMES = ("junk", "network", "orders", "pipeline", "product_quantisation", "pyramid")


@pytest.fixture(params=NAMES)
def svg(request) -> str:
    return (FOLDER / f"{request.param}.svg").read_text(encoding="utf-8")


def font_sizes(svg: str) -> list[float]:
    """Every font size that a style or an attribute sets, in pixels."""
    return [float(size) for size in re.findall(r"font-size\s*[:=]\s*[\"']?([\d.]+)", svg)]


def references(svg: str) -> list[str]:
    """Everything that a link, an image or a style points to."""
    links = re.findall(r"(?:href|src)\s*=\s*[\"']([^\"']*)", svg)
    return links + re.findall(r"url\(\s*[\"']?([^)\"']*)", svg)


def scaled_texts(root: ElementTree.Element) -> list[str]:
    """Texts whose font size a transform changes."""
    return [
        "".join(text.itertext())
        for part in root.iter()
        if re.search("scale|matrix", part.get("transform", ""))
        for text in part.iter(f"{SVG}text")
    ]


def groups(svg: str) -> dict[str, bytes]:
    """The outer groups of a drawing by id, as canonical XML; "" holds everything else."""
    root = ElementTree.fromstring(svg)
    found = {}
    for part in list(root):
        if part.tag == f"{SVG}g" and part.get("id"):
            found[part.attrib["id"]] = ElementTree.tostring(part)
            root.remove(part)
    return found | {"": ElementTree.tostring(root)}


def test_every_file_is_tested():
    assert diagram_names() == list(NAMES)


def test_a_diagram_has_a_text_alternative(svg):
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    named = [root.find(f"*[@id='{name}']") for name in root.attrib["aria-labelledby"].split()]
    assert [part.tag for part in named] == [f"{SVG}title", f"{SVG}desc"]
    title, desc = (part.text for part in named)
    assert title and len(desc) > 2 * len(title)


def test_ids_are_unique_and_references_lead_to_them(svg):
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert {f"#{name}" for name in ids} >= set(references(svg))


def test_a_diagram_refers_to_nothing_outside(svg):
    assert [target for target in references(svg) if not target.startswith("#")] == []
    assert not re.search(r"<script|<foreignObject|<image|@import|@font-face|\bon\w+=", svg)


def test_text_is_large_enough(svg):
    root = ElementTree.fromstring(svg)
    assert root.get("width") == "900" and root.attrib["viewBox"].startswith("0 0 900 ")
    assert re.search(r"(?m)^text\{[^}]*font-size", svg), "a size for all texts"
    assert min(font_sizes(svg)) >= SMALLEST_TEXT
    assert scaled_texts(root) == []


def test_a_diagram_is_small(svg):
    assert len(svg.encode()) < LARGEST_FILE


def test_a_diagram_has_a_background_and_a_dark_mode(svg):
    assert "@media (prefers-color-scheme:dark)" in svg
    root = ElementTree.fromstring(svg)
    size = root.attrib["viewBox"].split()[2:]
    background = root.find(f"{SVG}rect")
    assert background is not None and background.get("class") == "bg"
    assert [background.get("width"), background.get("height")] == size


def test_breaches_are_found():
    assert font_sizes("a{font-size:14px} <text font-size='9'>") == [14, 9]
    outside = ["https://x.org/a.png", "b.svg#c"]
    assert references(f'<a href="{outside[0]}"/> fill:url({outside[1]})') == outside
    scaled = f'<svg xmlns="{SVG[1:-1]}"><g transform="scale(.5)"><text>small</text></g></svg>'
    assert scaled_texts(ElementTree.fromstring(scaled)) == ["small"]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_gets_an_image_with_its_alternative_text(name):
    diagram = show_diagram(name)
    bundle = diagram._repr_mimebundle_()
    match = re.fullmatch(
        r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)" width="900">',
        bundle["text/html"],
    )
    assert match is not None
    file = FOLDER / f"{name}.svg"
    assert base64.b64decode(match[1]).decode() == file.read_text(encoding="utf-8") == diagram.svg
    assert unescape(match[2]) == diagram.alt and diagram.alt in bundle["text/plain"]


@pytest.mark.parametrize("stage", STAGES)
def test_highlight_changes_exactly_one_group(stage):
    plain, marked = show_diagram("pipeline"), show_diagram("pipeline", stage)
    before, after = groups(plain.svg), groups(marked.svg)
    assert before.keys() == after.keys()
    assert [name for name in after if after[name] != before[name]] == [f"stage-{stage}"]
    assert b'class="highlight"' in after[f"stage-{stage}"]
    assert marked.alt == f'{plain.alt} The stage "{stage}" is highlighted.'


def test_the_pipeline_has_these_stages():
    found = [name for name in groups(show_diagram("pipeline").svg) if name]
    assert found == [f"stage-{stage}" for stage in STAGES]
    assert ".highlight .box" in show_diagram("pipeline").svg


@pytest.mark.parametrize("name", ["pipelines", "", "../figures/pipeline"])
def test_an_unknown_name_is_refused_with_the_choices(name):
    with pytest.raises(ValueError, match=f"^name is {name!r}; wanted one of {', '.join(NAMES)}$"):
        show_diagram(name)


@pytest.mark.parametrize("stage", ["vote", "", "stage-votes"])
def test_an_unknown_stage_is_refused_with_the_choices(stage):
    choices = ", ".join(STAGES)
    with pytest.raises(ValueError, match=f"^highlight is {stage!r}; wanted one of {choices}$"):
        show_diagram("pipeline", stage)


def test_a_diagram_without_stages_refuses_a_highlight():
    with pytest.raises(ValueError, match="wanted None, since junk has no stages"):
        show_diagram("junk", "votes")
