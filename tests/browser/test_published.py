"""Pages and slides are read from the disk by a real browser, without a server or a network."""

import pytest
from driving import ANSWER_SECONDS
from playwright.sync_api import Page

from delf_lesson.classroom.publish import publish
from delf_lesson.files import project_root

pytestmark = pytest.mark.browser
NOTEBOOKS = sorted(path.stem for path in (project_root() / "notebooks").glob("*.ipynb"))

SHOWN = "[...document.querySelectorAll('.slides section.present')].pop().innerHTML.length"


@pytest.fixture
def reader(browser):
    """A page that notes whatever is asked of anything but the disk, and every error."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(1000 * ANSWER_SECONDS)
    page.asked, page.errors = [], []
    page.on("request", lambda one: page.asked.append(one.url))
    page.on("requestfailed", lambda one: page.errors.append(one.url))
    page.on("console", lambda said: said.type == "error" and page.errors.append(said.text))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    assert not page.errors
    assert not [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))]
    page.close()


def open_first(page: Page, folder, name: str) -> None:
    page.goto((folder / "index.html").as_uri())
    assert page.get_by_role("link").count() == len(NOTEBOOKS)
    page.locator(f'a[href="{name}.html"]').click()
    page.wait_for_url(f"**/{name}.html")


def pictures(page: Page) -> list:
    return page.locator("img").all()


def test_pages_are_whole(reader, tmp_path):
    publish("page", tmp_path)
    for name in NOTEBOOKS:
        open_first(reader, tmp_path, name)
        assert "model not found" not in reader.content()
        assert pictures(reader)
        for image in pictures(reader):
            assert image.evaluate("image => image.naturalWidth") > 100
            assert image.get_attribute("alt")
    open_first(reader, tmp_path, "01_keypoints")
    assert reader.locator("math").count() > 5
    assert "$" not in reader.locator("math").first.text_content()
    reader.get_by_role("link", name="02 Local descriptors").first.click()
    reader.wait_for_url("**/02_local_descriptors.html")


def test_slides_move_by_the_keys(reader, tmp_path):
    publish("deck", tmp_path)
    for name in NOTEBOOKS:
        open_first(reader, tmp_path, name)
        reader.locator(".reveal.ready").wait_for()
        seen = {reader.evaluate(SHOWN)}
        for _ in range(12):
            reader.keyboard.press("Space")  # the next one, down or to the right
            seen.add(reader.evaluate(SHOWN))
        assert len(seen) >= 10, name  # some have the same length
        first = reader.evaluate(SHOWN)
        reader.keyboard.press("Home")
        assert reader.evaluate(SHOWN) != first


def test_the_slides_of_the_lecture_fit_the_screen(reader, tmp_path):
    publish("deck", tmp_path)
    open_first(reader, tmp_path, "00_lecture")
    reader.locator(".reveal.ready").wait_for()
    for _ in range(reader.evaluate("Reveal.getTotalSlides()")):
        size = reader.evaluate(
            """() => {
                const slide = Reveal.getCurrentSlide(), outside = slide.getBoundingClientRect();
                const inside = [...slide.querySelectorAll("img, .fragment, li, p, h1, h2, h3")]
                    .filter((part) => !part.closest("aside"))
                    .map((part) => part.getBoundingClientRect());
                return {
                    title: slide.textContent.trim().slice(0, 60),
                    outside: inside.filter((one) => one.right > outside.right + 1
                        || one.bottom > outside.bottom + 1).length,
                    small: [...slide.querySelectorAll("img")]
                        .filter((one) => one.clientHeight < 250).length,
                };
            }"""
        )
        assert size["outside"] == size["small"] == 0, size["title"]
        reader.evaluate("Reveal.next(); while (Reveal.availableFragments().next) Reveal.next()")


def test_the_speaker_view_shows_the_notes(reader, tmp_path):
    publish("deck", tmp_path)
    open_first(reader, tmp_path, "00_lecture")
    reader.locator(".reveal.ready").wait_for()
    reader.evaluate("Reveal.slide(2, 0)")
    with reader.expect_popup() as opened:
        reader.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes")
    for label in ("Say.", "Ask.", "Expect."):
        notes.get_by_text(label, exact=True).wait_for()
    opened.value.close()
