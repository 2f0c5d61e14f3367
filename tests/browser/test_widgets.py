"""Explorers in a real browser: errors, moving sliders, and pages without a kernel."""

from pathlib import Path

import nbformat
import pytest
from driving import (
    changed,
    check_alternative_text,
    drawn,
    loaded,
    open_notebook,
    panel,
    run_all,
    settle,
)
from playwright.sync_api import expect

from delf_lesson.files import project_root

pytestmark = pytest.mark.browser


def write(notebooks: Path, name: str, *cells: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    nbformat.write(notebook, notebooks / f"{name}.ipynb")


FAILING = """
import numpy as np
from delf_lesson.classroom.explorers.explorer import slider
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer

def draw(level):
    if level > 200:
        raise ValueError("level is over 200; wanted 0 to 200")
    return Drawn(np.full((100, 300, 3), level, np.uint8), f"all {level}", size=(300, 100))

def click(x, y):
    if x > 150:
        raise RuntimeError("that was the right half; click the left")
    return {"level": 10}

Explorer(draw, {"level": slider("level", 0, 255, 100)}, "a grey picture", click=click)
"""


def test_an_error_of_an_explorer_is_seen_and_goes_away(page, notebooks, jupyter):
    write(notebooks, "failing", FAILING)
    run_all(page, jupyter("failing"))
    explorer = panel(page).locator(".delf-explorer")
    handle, picture = explorer.get_by_role("slider"), explorer.locator("img")
    alert = explorer.get_by_role("alert")
    picture.wait_for()
    drawn(explorer)
    settle(page)
    before = picture.get_attribute("src")
    handle.press("End")
    expect(alert).to_contain_text("ValueError: level is over 200; wanted 0 to 200")
    expect(alert).to_contain_text("Choose another value")
    settle(page)
    assert picture.get_attribute("src") == before
    changed(picture, lambda: handle.press("Home"))
    expect(alert).to_have_count(0)
    picture.click(position={"x": 250, "y": 50})
    expect(alert).to_contain_text("that was the right half")
    changed(picture, lambda: picture.click(position={"x": 50, "y": 50}))
    expect(alert).to_have_count(0)
    check_alternative_text(explorer, picture)


WAITING = """
import time
from pathlib import Path

import numpy as np
from delf_lesson.classroom.explorers.explorer import slider
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer

drawn = []

def draw(level):
    drawn.append(level)
    while level > 100 and not Path("moved").exists():
        time.sleep(0.01)
    return Drawn(np.full((100, 300, 3), level, np.uint8), f"all {level}, {len(drawn)} drawn")

Explorer(draw, {"level": slider("level", 0, 255, 100)}, "a grey picture")
"""


def test_a_moving_slider_is_drawn_where_it_is_and_not_everywhere_it_was(page, notebooks, jupyter):
    """It moves 40 times while its first move is drawn, which ends when the file is there."""
    write(notebooks, "waiting", WAITING)
    run_all(page, jupyter("waiting"))
    explorer = panel(page).locator(".delf-explorer")
    handle, says = explorer.get_by_role("slider"), explorer.get_by_role("status")
    expect(says).to_have_text("all 100, 1 drawn")
    for _ in range(40):
        handle.press("ArrowRight")
    (notebooks / "moved").touch()
    expect(says).to_have_text("all 140, 3 drawn")


def test_what_an_explorer_showed_is_seen_without_its_kernel(page, lab, jupyter, notebooks):
    """Run and saved, the kernel shut down, the page loaded anew."""
    write(notebooks, "kept", FAILING)
    run_all(page, jupyter("kept"))
    explorer = panel(page).locator(".delf-explorer")
    changed(explorer.locator("img"), lambda: explorer.get_by_role("slider").press("Home"))
    page.keyboard.press("Control+S")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert "widget-state" in (notebooks / "kept.ipynb").read_text(encoding="utf-8")
    page.goto("about:blank")
    lab.end_kernels()
    page.goto(jupyter("kept", "second"))
    loaded(panel(page).locator(".delf-explorer img"), 200)
    assert page.get_by_text("model not found").count() == 0


QUIZ = """
from delf_lesson.classroom.quiz import quiz

quiz("05_attention")
"""


def test_answers_to_a_quiz_survive_their_kernel(page, lab, jupyter, notebooks):
    write(notebooks, "answered", QUIZ)
    run_all(page, jupyter("answered"))
    quiz = panel(page).locator(".delf-explorer")
    quiz.get_by_role("radio").nth(2).check()
    expect(quiz.get_by_role("status").last).to_contain_text("1 of 3 answered, saved")
    page.keyboard.press("Control+S")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    page.goto("about:blank")
    lab.end_kernels()
    run_all(page, jupyter("answered", "second"))
    expect(quiz.get_by_role("radio").nth(2)).to_be_checked()
    expect(quiz.locator("input:checked")).to_have_count(1)


NARROW = """
from delf_lesson.classroom.quiz.question_bank import practice_questions
from delf_lesson.classroom.quiz.practice import Practice

names = ("ratio-test-why", "four-properties", "descriptor-steps")
Practice("narrow", [one for one in practice_questions() if one.id in names])
"""
OVERLAPS = """
(box) => {
  const parts = [...box.querySelectorAll(".widget-radio-box label, .widget-checkbox, button")];
  const boxes = parts.map((part) => {
    const text = document.createRange();
    text.selectNodeContents(part);
    return text.getBoundingClientRect();
  }).filter((one) => one.height > 0);
  return boxes.slice(1).filter((one, k) => one.top < boxes[k].bottom - 3).length
    + boxes.filter((one) => one.right > window.innerWidth).length;
}
"""


def test_long_options_can_be_read_at_twice_the_size(page, jupyter, notebooks):
    """A laptop's screen at 200%: lines wrap and do not run over one another."""
    page.set_viewport_size({"width": 683, "height": 384})
    write(notebooks, "narrow", NARROW)
    run_all(page, jupyter("narrow"))
    quiz = panel(page).locator(".delf-explorer")
    expect(quiz.get_by_role("button", name="Check")).to_have_count(3)
    drawn(quiz).get_by_role("radio").first.scroll_into_view_if_needed()
    expect(quiz.get_by_role("radio")).to_have_count(4)
    expect(quiz.get_by_role("checkbox")).to_have_count(4)
    heights = quiz.locator(".widget-radio-box label").evaluate_all(
        "labels => labels.map((label) => label.getBoundingClientRect().height)"
    )
    assert max(heights) > 1.5 * min(heights)  # one of them does run over several lines
    assert quiz.evaluate(OVERLAPS) == 0


@pytest.mark.parametrize("name", ["03_dense_features", "07_results"])
def test_a_notebook_reads_well_before_it_is_run(page, jupyter, notebooks, name):
    """As it is shipped: pictures in place of its explorers."""
    shipped = project_root() / "notebooks" / f"{name}.ipynb"
    (notebooks / f"{name}.ipynb").write_bytes(shipped.read_bytes())
    open_notebook(page, jupyter(name))
    wanted = sum(
        any(
            mime.startswith("image/") or "<img" in content
            for mime, content in output.get("data", {}).items()
        )
        for cell in nbformat.read(shipped, as_version=4).cells
        for output in cell.get("outputs", [])
    )
    images = panel(page).locator(".jp-OutputArea img")
    expect(images).to_have_count(wanted)
    for text in ("model not found", "Loading widget"):
        assert panel(page).get_by_text(text).count() == 0


PREDICTING = """
from delf_lesson.classroom.predictions import predict

share = predict("in-a-browser", "Which share of the cells lies on the landmark?")
share
"""


def test_a_prediction_is_committed_and_compared(page, notebooks, jupyter):
    write(notebooks, "predicting", PREDICTING, "share.compare(0.287)")
    run_all(page, jupyter("predicting"))
    expect(panel(page).get_by_text("Result: 0.29.")).to_be_visible()
    box = drawn(panel(page).locator(".delf-explorer"))
    box.get_by_role("textbox").fill("60%")
    box.get_by_role("textbox").press("Tab")
    box.get_by_role("button", name="Commit").click()
    expect(box.get_by_role("status")).to_contain_text("Kept. Run the next cells to compare.")
    expect(box.get_by_role("textbox")).to_be_disabled()
    run_all(page, jupyter("predicting"))
    expect(panel(page).get_by_text("Result: 0.29. You predicted 0.6.")).to_be_visible()
    page.screenshots("prediction")
