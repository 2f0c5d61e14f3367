"""Notebooks, opened and run in JupyterLab by a real browser."""

import os
from pathlib import Path

import nbformat
import pytest

from delf_lesson.evaluation.table import read_table
from delf_lesson.paths import project_root

pytestmark = pytest.mark.browser
RUN_SECONDS = 180


EXPLORERS = {"03_dense_features": 1, "05_attention": 1, "07_results": 1}
"""How many explorers with sliders a notebook has."""


@pytest.mark.parametrize(
    "name",
    [
        "00_start_here",
        "01_keypoints",
        "02_local_descriptors",
        "03_dense_features",
        "04_learning_descriptors",
        "05_attention",
        "07_results",
    ],
)
def test_a_notebook_runs_and_shows_its_pictures(browser, jupyter, tmp_path, name):
    notebook = nbformat.read(project_root() / "notebooks" / f"{name}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pictures = sum(
        any(mime.startswith("image/") for output in cell.outputs for mime in output.get("data", {}))
        for cell in cells
    )
    assert pictures >= 2

    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(RUN_SECONDS * 1000)
    screenshot = Path(os.environ.get("DELF_LESSON_SCREENSHOTS", tmp_path)) / f"{name}.png"
    try:
        run_all(page, jupyter(name))
        check_cells(page, cells)
        check_explorers(page, EXPLORERS.get(name, 0))
        if name == "07_results":
            check_live_row(page)
    finally:
        page.screenshot(path=screenshot)
        page.close()


def run_all(page, address):
    """Open the notebook, wait for its kernel, and choose "Run All Cells" from the menu."""
    page.goto(address)
    page.locator(".jp-NotebookPanel:visible .jp-CodeCell").first.wait_for()
    page.locator("#jp-main-statusbar", has_text="Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def check_cells(page, cells):
    """Every cell gets its number in turn, shows its pictures, and no error."""
    panel = page.locator(".jp-NotebookPanel:visible")
    for number, cell in enumerate(cells, start=1):
        prompt = panel.locator(".jp-CodeCell .jp-InputPrompt", has_text=f"[{number}]:")
        prompt.first.wait_for()
        shown = panel.locator(".jp-CodeCell", has=page.locator(f"text='[{number}]:'"))
        kinds = {mime for output in cell.outputs for mime in output.get("data", {})}
        if any(mime.startswith("image/") for mime in kinds):
            image = shown.locator(".jp-OutputArea img").first
            image.wait_for()
            assert image.evaluate("image => image.naturalWidth") > 300
            assert shown.locator(".jp-RenderedMarkdown em").first.inner_text()
        assert shown.locator(".jp-OutputArea [data-mime-type*=error]").count() == 0
        assert shown.locator(".jp-OutputArea [data-mime-type*=stderr]").count() == 0


def check_explorers(page, count):
    """Every slider changes its explorer's picture, by the keyboard and by the mouse."""
    panel = page.locator(".jp-NotebookPanel:visible")
    explorers = panel.locator(".widget-vbox", has=page.locator(".widget-slider"))
    if count:
        explorers.first.wait_for()
    assert explorers.count() == count
    for explorer in explorers.all():
        picture = explorer.locator("img")
        assert picture.evaluate("image => image.naturalWidth") > 300
        for slider in explorer.locator(".widget-slider").all():
            handle = slider.locator(".noUi-handle")
            changed(picture, lambda handle=handle: handle.press("ArrowRight"))
            box = slider.locator(".noUi-base").bounding_box()
            changed(picture, lambda box=box: page.mouse.click(box["x"] + 5, box["y"] + 3))


def check_live_row(page):
    """A row that is chosen and measured comes out as in the table."""
    row = page.locator(".jp-NotebookPanel:visible .widget-vbox", has=page.locator("select"))
    row.locator("select").first.select_option("colours")
    expected = f"{read_table()['cells']['colours']['albion']['map']:.3f}"
    row.get_by_text(f"In the table: mAP {expected}").wait_for()
    row.get_by_role("button", name="Measure").click()
    row.get_by_text(f"mAP {expected} now").wait_for()
    assert row.get_by_text("Timing: 9 of 9").count() == 1


def changed(picture, move):
    """What `move` does gives the picture another source, and one that is loaded."""
    before = picture.get_attribute("src")
    picture.scroll_into_view_if_needed()
    move()
    picture.page.wait_for_function(
        "([image, before]) => image.src !== before && image.complete && image.naturalWidth > 300",
        arg=[picture.element_handle(), before],
    )
