"""Pages and slides need no network, and follow the lecture's order."""

import re
import shutil

import nbformat
import pytest

from delf_lesson.classroom import publish
from delf_lesson.classroom.lecture_deck import LectureSlides
from delf_lesson.classroom.publish import WIDGET, Prose, Slides, WithoutWidgets, shows_figure
from delf_lesson.files import project_root

PICTURE = {"image/png": "iVBORw0KGgo=", "text/plain": "a picture"}


def code(source: str, *data: dict):
    metadata = {"image/png": {"alt": 'a "small" image', "width": 300}}
    outputs = [nbformat.v4.new_output("display_data", one, metadata=metadata) for one in data]
    return nbformat.v4.new_code_cell(source, outputs=outputs)


@pytest.fixture
def notebook():
    text = nbformat.v4.new_markdown_cell
    return nbformat.v4.new_notebook(
        cells=[
            text("# 01 A title\n\nNext: [02](02_other.ipynb). See [`f`](../delf_lesson/f.py)."),
            code("import numpy"),
            text("Costs 5\\$, and $x_1 < 2$; `$HOME` is no formula.\n\n$$\\frac{a}{b}$$"),
            code("show()", PICTURE),
            code("show()", {WIDGET: {"model_id": "1"}, **PICTURE}),
            text("What it means.\n\n## 2. Another section\n\nIts question."),
            code("print(1)", {"text/plain": "1"}),
        ]
    )


def types(notebook):
    return [cell.metadata["slideshow"]["slide_type"] for cell in notebook.cells]


def test_a_section_is_a_slide_and_a_second_picture_has_one_of_its_own(notebook):
    slides, _ = Slides().preprocess(notebook, {})
    assert types(slides) == ["slide", "skip", "subslide", "-", "subslide", "subslide", "slide", "-"]
    assert [c.source[:4] for c in slides.cells[5:7]] == ["What", "## 2"]
    assert len({cell.id for cell in slides.cells}) == len(slides.cells)


def test_a_slide_type_that_somebody_chose_is_kept(notebook):
    notebook.cells[3].metadata["slideshow"] = {"slide_type": "fragment"}
    notebook.cells[4].metadata["slideshow"] = {"slide_type": "skip"}
    slides, _ = Slides().preprocess(notebook, {})
    assert types(slides)[3:5] == ["fragment", "skip"]


def test_a_diagram_is_a_figure_and_a_table_is_not(notebook):
    assert shows_figure(code("show()", {"text/html": '<img src="data:image/svg+xml;base64,AA">'}))
    assert shows_figure(code("show()", PICTURE))
    assert not shows_figure(code("show()", {"text/html": "<table></table>"}))


def test_a_lab_is_not_taken_for_the_lecture(notebook):
    before = str(notebook)
    same, _ = LectureSlides().preprocess(notebook, {})
    assert str(same) == before


def test_formulas_become_mathml_and_code_stays(notebook):
    cell, _ = Prose().preprocess_cell(notebook.cells[2], {}, 2)
    assert cell.source.count("<math") == 2 and 'display="block"' in cell.source
    assert "<mfrac>" in cell.source and "`$HOME` is no formula" in cell.source
    assert "Costs 5\\$" in cell.source


def test_links_lead_to_pages_and_not_into_the_program(notebook):
    cell, _ = Prose().preprocess_cell(notebook.cells[0], {}, 0)
    assert "[02](02_other.html)" in cell.source and "See `f`." in cell.source


def test_widgets_are_dropped_and_their_pictures_stay(notebook):
    without, _ = WithoutWidgets().preprocess(notebook, {})
    assert WIDGET not in str(without)
    assert [set(o.data) for o in without.cells[4].outputs] == [{"image/png", "text/plain"}]


@pytest.fixture
def project(tmp_path, monkeypatch, notebook):
    """A project of two notebooks."""
    shutil.copytree(project_root() / "docs" / "templates", tmp_path / "docs" / "templates")
    (tmp_path / "notebooks").mkdir()
    for name in ("01_first", "02_other"):
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")
    monkeypatch.setattr(publish, "project_root", lambda: tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["page", "deck"])
def test_nothing_is_fetched_from_the_network_and_links_are_there(project, kind):
    folder = project / "out"
    written = publish.publish(kind, folder)
    assert [path.name for path in written] == ["01_first.html", "02_other.html", "index.html"]
    for path in written:
        html = path.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"([^\"]+)\"", html)
        loaded += re.findall(r"(?:import\(|from |url\()['\"]?(https?:[^'\")]+)", html)
        for address in loaded:
            if not address.startswith("data:"):
                assert (folder / address).is_file(), address
            if address.endswith(".css"):
                assert not re.search(r"(?:url\(|@import)[^;]*http", (folder / address).read_text())
        for link in re.findall(r"<a[^>]+href=\"([^\"#]+)\"", html):
            assert (folder / link).is_file(), link
        assert "MathJax" not in html and "widget-view" not in html
    assert 'lang="en"' in written[0].read_text(encoding="utf-8")
    assert "01 A title" in written[-1].read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["page", "deck"])
def test_images_keep_their_alternative_text_and_their_width(project, kind):
    publish.publish(kind, project / "out")
    html = (project / "out" / "01_first.html").read_text(encoding="utf-8")
    images = re.findall(r"<img[^>]+data:image/png[^>]+>", html)
    assert len(images) == 2
    for image in images:
        assert 'width="300"' in image and "small" in image
    assert "No description" not in html


def test_slides_hide_the_code(project):
    publish.publish("deck", project / "out")
    html = (project / "out" / "01_first.html").read_text(encoding="utf-8")
    assert html.count("<section") >= 6 and "import numpy" not in html and "show()" not in html
    with pytest.raises(ValueError, match="page or deck"):
        publish.publish("poster", project / "out")


def test_the_index_lists_the_lecture_first(project, notebook):
    for name in ("00_start_here", "00_lecture"):
        nbformat.write(notebook, project / "notebooks" / f"{name}.ipynb")
    publish.publish("deck", project / "out")
    index = (project / "out" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(.+?)"', index)[:2] == ["00_lecture.html", "00_start_here.html"]
