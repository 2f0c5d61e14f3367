"""A notebook is opened, run and played with in JupyterLab by a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from driving import (
    changed,
    check_alternative_text,
    click_picture,
    drawn,
    loaded,
    move_all,
    panel,
    pinned,
    run_all,
    save,
    settle,
    wait_until_run,
)
from playwright.sync_api import Locator, Page, expect
from stored_outputs import differences

from delf_lesson.classroom.working_copies import is_edited
from delf_lesson.evaluation.table import read_table
from delf_lesson.files import project_root

EXPLORERS = {
    "00_start_here": [False],
    "01_keypoints": [True, False],
    "02_local_descriptors": [True, False],
    "03_dense_features": [True],
    "04_learning_descriptors": [True],
    "05_attention": [False],
    "06_retrieval_pipeline": [False, False],
    "07_results": [False],
    "08_summary_and_quiz": [False],
    "00_lecture": [True, False, True, False],
}
"""Of each notebook the explorers that answer at once, in order, and whether they take clicks."""


def play(page: Page, address: str, notebook: Path, session: pytest.Session) -> None:
    """Run a notebook whole, compare what it shows, and move everything in it that moves.

    notebook: the student's copy that is served at the address. The original has the outputs.
    """
    name, stored = notebook.stem, project_root() / "notebooks" / notebook.name
    run_all(page, address)
    wait_until_run(page)
    save(page)
    assert not is_edited(notebook)  # a run is no edit, and JupyterLab keeps the copy's digest
    changes = list(differences(stored, nbformat.read(notebook, as_version=4), session))
    assert not changes, "\n".join(changes)
    cells = nbformat.read(stored, as_version=4).cells
    check_cells(page, [cell for cell in cells if cell.cell_type == "code"])
    PLAYED.get(name, lambda page: None)(page)
    check_explorers(page, name)
    answer_quiz(page, name)
    assert panel(page).locator(FAULTS).count() == 0
    assert panel(page).get_by_text("model not found").count() == 0


FAULTS = ".jp-OutputArea [data-mime-type*=error], .jp-OutputArea [data-mime-type*=stderr]"


def answering(page: Page) -> Locator:
    """The explorers that answer at once, and not by a button."""
    explorers = panel(page).locator(".delf-explorer", has=page.locator("img:visible"))
    moved = page.locator(".widget-slider, .widget-checkbox")
    return explorers.filter(has=moved, has_not=page.locator("button"))


CELLS = """
(cells) => Promise.all(cells.map(async (cell) => {
  const images = [...cell.querySelectorAll(".jp-OutputArea img")];
  // An explorer's image has no source before there is something to draw.
  await Promise.all(images.map((image) => image.decode().catch(() => null)));
  return {
    prompt: cell.querySelector(".jp-InputPrompt").textContent,
    width: images.length ? images[0].naturalWidth : 0,
    caption: [...cell.querySelectorAll(".jp-RenderedMarkdown em")]
      .map((part) => part.textContent).join(" "),
  };
}))
"""


def check_cells(page: Page, cells: list) -> None:
    """Every cell has its number in turn, and shows its pictures with a caption."""
    shown = panel(page).locator(".jp-CodeCell").evaluate_all(CELLS)
    assert [cell["prompt"] for cell in shown] == [f"[{n}]:" for n in range(1, len(cells) + 1)]
    pictures = 0
    for cell, on_page in zip(cells, shown, strict=True):
        kinds = {mime for output in cell.outputs for mime in output.get("data", {})}
        if any(mime.startswith("image/") for mime in kinds):
            pictures += 1
            assert on_page["width"] > 200, on_page
            assert on_page["caption"], on_page
    assert pictures >= 2


def check_explorers(page: Page, name: str) -> None:
    """Each is moved by keyboard, mouse and click, and its picture has an alternative text."""
    explorers = answering(page)
    expect(explorers).to_have_count(len(EXPLORERS[name]))
    for place, clickable in enumerate(EXPLORERS[name]):
        explorer = pinned(explorers.nth(place))
        picture = explorer.locator("img")
        picture.scroll_into_view_if_needed()
        assert move_all(explorer, picture) >= 2
        if clickable:
            for x, y in ((0.05, 0.2), (0.2, 0.25)):
                click_picture(picture, x, y)
        check_alternative_text(explorer, picture)
        page.screenshots(f"{name}-{place + 1}")


def answer_quiz(page: Page, name: str) -> None:
    """Each question is answered, by keys or by the mouse in turn, and looked at."""
    quiz = panel(page).locator(".delf-explorer", has=page.get_by_role("button", name="Check"))
    quiz = pinned(quiz)
    buttons = quiz.get_by_role("button", name="Check")
    count = 15 if name.startswith("08") else 3
    expect(buttons).to_have_count(count)
    for place in range(count):
        button = buttons.nth(place)
        box = pinned(button.locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]"))
        answer(drawn(box), by_keys=place % 2 == 0)
        if place % 2 == 0:
            button.press("Enter")
        else:
            button.click()
        expect(box.get_by_role("status").last).to_contain_text("ight")  # Right, not right, ...
    expect(quiz.get_by_role("status").last).to_contain_text(f"of {count} answered, saved")
    quiz.last.scroll_into_view_if_needed()
    page.screenshots(f"{name}-quiz")


def answer(box: Locator, by_keys: bool) -> None:
    """Answer one question in some way."""
    radios, boxes = box.get_by_role("radio"), box.get_by_role("checkbox")
    if radios.count():
        if box.locator("img").count() and not by_keys:
            picture = box.locator("img")
            loaded(picture)
            expect(picture).to_have_attribute("alt", re.compile("numbers 1 to"))
            size = picture.bounding_box()
            width = picture.evaluate("image => image.naturalWidth")
            scale = size["width"] / width
            picture.click(position={"x": 453 * scale, "y": 236 * scale})
        elif by_keys:
            radios.first.press("Space")
            radios.first.press("Tab")
            radios.nth(1).press("Space")
            expect(radios.nth(1)).to_be_checked()
        else:
            radios.last.check()
        expect(box.locator("input:checked")).to_have_count(1)  # a click asks the kernel first
    elif boxes.count():
        first = boxes.first
        first.press("Space") if by_keys else first.click()
        expect(first).to_be_checked()
    elif box.get_by_role("textbox").count():
        box.get_by_role("textbox").fill("7")
        box.get_by_role("textbox").press("Enter" if by_keys else "Tab")
    else:
        steps = box.get_by_role("button").filter(has_text=".")
        before = steps.first.inner_text()
        steps.nth(1).press("Enter") if by_keys else steps.nth(1).click()
        expect(steps.first).not_to_have_text(before)


def take_exam(page: Page) -> None:
    """It wants a name, asks without telling, and is handed in as a file."""
    begin = page.get_by_role("button", name="Begin", exact=True)
    exam = panel(page).locator(".delf-explorer", has=begin)
    begin.click()
    expect(exam.get_by_role("alert")).to_contain_text("Type your name")
    exam.get_by_role("textbox").fill("Ada Lovelace")
    exam.get_by_role("textbox").press("Tab")
    begin.press("Enter")
    hand_in = page.get_by_role("button", name="Hand in", exact=True)
    exam = panel(page).locator(".delf-explorer", has=hand_in).first
    exam.get_by_role("radio").first.check()
    expect(exam.get_by_role("status").last).to_contain_text("1 of 15 answered, saved")
    assert exam.get_by_role("button", name="Check").count() == 0
    hand_in.press("Enter")
    expect(exam.get_by_text("Hand in this file")).to_be_visible()
    exam.scroll_into_view_if_needed()
    page.screenshots("exam")


def play_training(page: Page) -> None:
    """It starts, is paused by a key, goes on, and ends."""
    box = panel(page).locator(".delf-explorer", has=page.get_by_role("button", name="Pause"))
    picture, says = box.locator("img"), box.get_by_role("status")
    start, pause = (box.get_by_role("button", name=name) for name in ("Start", "Pause"))
    changed(picture, start.click)
    expect(says).to_have_text(re.compile(r"^([2-9]|\d\d) of 40 steps"))  # the next step
    pause.focus()
    pause.press("Enter")
    expect(pause).to_be_disabled()
    expect(says).to_have_text(re.compile(r"^([2-9]|[1-3]\d) of 40 steps"))
    check_alternative_text(box, picture)
    changed(picture, start.click)
    pause.evaluate("button => button.click()")  # it does nothing if the training has ended
    expect(pause).to_be_disabled()
    changed(picture, box.get_by_role("button", name="From the beginning").click)
    expect(says).to_have_text("0 of 40 steps")


def play_pipeline(page: Page) -> None:
    """The pictures of the pipeline are described, and a photograph is searched for."""
    describe_pictures(page)
    explore_uploaded(page)


def describe_pictures(page: Page) -> None:
    """Press the button of the pipeline, and wait until its pictures are described."""
    box = panel(page).locator(".jp-OutputArea-output", has=page.get_by_text("codes of 20 bytes"))
    box.get_by_role("button", name="Describe").click()
    box.get_by_text("Described. Choose a query").wait_for()


def explore_uploaded(page: Page) -> None:
    """A photograph is uploaded and searched for; without one it says what is missing."""
    choose_photo = page.get_by_role("button", name="Choose a photograph")
    box = panel(page).locator(".delf-explorer", has=choose_photo)
    search = box.get_by_role("button", name="Search")
    search.click()
    expect(box.get_by_role("alert")).to_contain_text("no photograph is chosen")
    photo = project_root() / "data" / "landmarks" / "albion" / "images" / "playhouse_01.jpg"
    with page.expect_file_chooser() as chooser:
        box.get_by_role("button", name="Choose a photograph").click()
    chooser.value.set_files(photo)
    box.get_by_text("(1)").wait_for()
    search.press("Enter")
    expect(box.get_by_role("status")).to_contain_text("366 pictures were searched")
    picture = box.locator("img")
    loaded(picture, 600)
    check_alternative_text(box, picture)


def play_live_row(page: Page) -> None:
    """A row that is chosen and measured comes out as in the table."""
    row = panel(page).locator(".widget-vbox", has=page.get_by_role("button", name="Measure"))
    row = row.first
    choose(row.get_by_role("slider", name="system"), "colours")
    expected = f"{read_table()['cells']['colours']['albion']['map']:.3f}"
    row.get_by_text(f"In the table: mAP {expected}").wait_for()
    row.get_by_role("button", name="Measure").click()
    row.get_by_text(f"mAP {expected} now").wait_for()
    expect(row.get_by_text("Timing: 9 of 9")).to_have_count(1)


def choose(slider: Locator, wanted: str) -> None:
    """Go through a slider's values by its keys until the wanted one stands beside it."""
    box = slider.locator("xpath=ancestor::*[contains(@class, 'widget-slider')]")
    readout = box.locator(".widget-readout")
    slider.press("Home")
    for _ in range(round(float(slider.get_attribute("aria-valuemax")))):
        settle(slider.page)
        if readout.inner_text() == wanted:
            break
        slider.press("ArrowRight")
    expect(readout).to_have_text(wanted)


PLAYED: dict[str, Callable[[Page], None]] = {
    "05_attention": play_training,
    "06_retrieval_pipeline": play_pipeline,
    "07_results": play_live_row,
    "08_summary_and_quiz": take_exam,
}
"""What else a notebook has to play with."""
