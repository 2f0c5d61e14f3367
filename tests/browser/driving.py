"""Moving an explorer in a browser as a person does, and seeing what it does.

A page lags behind its kernel, on a busy machine by seconds. So a test never reads the page once
and expects that to last: `settle` waits until the kernel has answered all that the page asked, and
`expect` and `wait_for_function` wait for a state.
"""

import uuid
from collections.abc import Callable

from playwright.sync_api import Locator, Page, TimeoutError, expect

RUN_SECONDS = 900
"""How long a cell may run before a test fails."""

ANSWER_SECONDS = 300
"""How long anything else may take. Both leave room for a machine with four times as much to do."""

POLLING = 50  # milliseconds; by default a page looks at every frame, which costs the kernel time

# A kernel answers in order. A slider that moves while the kernel works sends its last place when
# the kernel is done, so that the second answer comes behind it.
SETTLED = """
async (seconds) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const silence = new Promise((_, fail) =>
    setTimeout(() => fail(new Error(`the kernel did not answer in ${seconds} s`)), 1000 * seconds));
  for (let k = 0; k < 2; k++) {
    const request = kernel.requestExecute({ code: "", silent: true, store_history: false });
    await Promise.race([request.done, silence]);
  }
}
"""

LOADED = """
([image, width, before]) =>
  image.src !== before && image.complete && image.naturalWidth > width
"""

# In the place of a widget that is not there yet ipywidgets puts an empty element without a class.
DRAWN = """
(box) => [box, ...box.querySelectorAll(".widget-box")].every((row) =>
  [...row.children].every((part) => part.className !== "lm-Widget" || part.childElementCount))
"""

SAME_TEXT = "([image, says]) => says.textContent && image.alt === says.textContent"

RUN = """
() => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
  const code = [...cells].filter((cell) => cell.type === "code");
  return code.every((cell) => cell.executionCount && cell.executionState !== "running")
    || code.some((cell) => cell.outputs.toJSON().some((shown) => shown.output_type === "error"));
}
"""


def panel(page: Page) -> Locator:
    """The notebook that is open."""
    return page.locator(".jp-NotebookPanel:visible")


def open_notebook(page: Page, address: str) -> None:
    """Open the notebook and wait for its kernel."""
    page.goto(address)
    panel(page).locator(".jp-CodeCell").first.wait_for()
    page.locator("#jp-main-statusbar", has_text="Python 3 (ipykernel) | Idle").wait_for()


def run_all(page: Page, address: str) -> None:
    """Open the notebook, and choose "Run All Cells" from the menu."""
    open_notebook(page, address)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def wait_until_run(page: Page) -> None:
    """Wait until every code cell has run, or one has failed.

    The page is asked a few times a second. A locator that waits searches the whole page at every
    frame, which takes half a processor from the kernel.
    """
    page.wait_for_function(RUN, polling=250)
    settle(page)


def pinned(part: Locator) -> Locator:
    """The same part of the page by an id, so that no later step has to search the whole page."""
    name = f"pinned-{uuid.uuid4().hex}"
    part.evaluate("(element, name) => { element.id = name; }", name)
    return part.page.locator(f"#{name}")


def settle(page: Page) -> None:
    """Wait until the kernel has answered all that the page asked of it."""
    page.evaluate(SETTLED, RUN_SECONDS)


def save(page: Page) -> None:
    """Save the notebook, and wait until its file is written."""
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")


def drawn(box: Locator) -> Locator:
    """The box of widgets, once all its widgets are on the page."""
    box.page.wait_for_function(DRAWN, arg=box.element_handle(), polling=POLLING)
    return box


def loaded(image: Locator, width: int = 0, before: str | None = None) -> None:
    """Wait until an image has another source than `before`, is loaded, and is wider than that."""
    arguments = [image.element_handle(), width, before]
    image.page.wait_for_function(LOADED, arg=arguments, polling=POLLING)


def changed(picture: Locator, move: Callable[[], object], what: str = "that") -> None:
    """What `move` does gives the picture another source, and one that is loaded."""
    settle(picture.page)
    before = picture.get_attribute("src")
    picture.scroll_into_view_if_needed()
    move()
    try:
        loaded(picture, before=before)
    except TimeoutError:
        raise AssertionError(f"{what} changed nothing in the picture") from None


class Slider:
    """One slider of an explorer: its handle for keys, its track for the mouse, its number."""

    def __init__(self, box: Locator) -> None:
        self.handle = box.get_by_role("slider")
        self.track = box.locator(".noUi-base")
        self.number = box.locator(".widget-readout")
        self.label = box.locator(".widget-label").inner_text()
        # A slider over given values counts them, and shows the one that it stands at.
        counted, shown = self.handle.get_attribute("aria-valuetext"), self.number.inner_text()
        try:
            self.is_number = abs(float(counted) - float(shown)) <= 0.01 * abs(float(shown))
        except ValueError:
            self.is_number = False

    def share(self) -> float:
        """Where the handle stands, from 0 to 1."""
        low, high, now = (
            float(self.handle.get_attribute(f"aria-value{name}")) for name in ("min", "max", "now")
        )
        return (now - low) / (high - low)

    def press_far(self) -> None:
        """To the other end by a key."""
        self.handle.press("Home" if self.share() > 0.5 else "End")

    def click_far(self) -> None:
        """To the other end by the mouse."""
        box = self.track.bounding_box()
        x = box["x"] + (0.03 if self.share() > 0.5 else 0.97) * box["width"]
        self.track.page.mouse.click(x, box["y"] + box["height"] / 2)

    def restore(self, text: str, share: float) -> None:
        """Back to a number, which is typed, or to one of given values, by the keys."""
        if self.is_number:
            self.number.click()
            self.number.press("Control+A")
            self.number.press_sequentially(text)
            self.number.press("Enter")
        else:
            self.handle.press("Home")
            for _ in range(round(share * float(self.handle.get_attribute("aria-valuemax")))):
                self.handle.press("ArrowRight")
        expect(self.number).to_have_text(text)

    def check(self, picture: Locator) -> None:
        """It has a name, and the picture changes by keys and by the mouse; it goes back after."""
        expect(self.handle).to_have_accessible_name(self.label)
        text, share = self.number.inner_text(), self.share()
        for move, how in ((self.press_far, "by a key"), (self.click_far, "by the mouse")):
            self.handle.scroll_into_view_if_needed()
            changed(picture, move, f"{self.label}, {how},")
            changed(picture, lambda: self.restore(text, share), f"{self.label} set to {text}")


def move_all(explorer: Locator, picture: Locator) -> int:
    """Every slider and box of an explorer by keys and by the mouse; how many there are."""
    sliders = [Slider(box) for box in drawn(explorer).locator(".widget-slider").all()]
    for slider in sliders:
        slider.check(picture)
    boxes = explorer.get_by_role("checkbox").all()
    for box in boxes:
        changed(picture, lambda box=box: box.press("Space"), "a box, by a key,")
        changed(picture, box.click, "a box, by the mouse,")
    return len(sliders) + len(boxes)


def click_picture(picture: Locator, x: float, y: float) -> None:
    """A click on the picture at shares of its width and height."""
    settle(picture.page)
    loaded(picture)
    box = picture.bounding_box()
    at = {"x": x * box["width"], "y": y * box["height"]}
    changed(picture, lambda: picture.click(position=at), f"a click at {x}, {y}")


def check_alternative_text(explorer: Locator, picture: Locator) -> None:
    """The picture's alternative text is what stands below it."""
    settle(picture.page)
    says = explorer.get_by_role("status").last
    both = [picture.element_handle(), says.element_handle()]
    picture.page.wait_for_function(SAME_TEXT, arg=both, polling=POLLING)
