"""A browser, and JupyterLab on a copy of the notebooks for it to look at."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from serving import CHROMIUM, chromium_options, copy_without_outputs, serving

RUN_SECONDS = 300


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; without one the test is skipped, or fails where it must not be."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        reason = f"none of {', '.join(CHROMIUM)} is installed"
        if os.environ.get("DELF_LESSON_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=chromium_options())
        yield chromium
        chromium.close()


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """A copy of the notebooks without outputs, so that what is seen was made just now."""
    return copy_without_outputs(tmp_path / "served" / "notebooks")


@pytest.fixture(scope="session")
def kept(tmp_path_factory) -> Path:
    """Where features are kept from one notebook to the next, as on a student's computer.

    `make test` gives a folder that was empty at its start to all of them.
    """
    given = os.environ.get("DELF_LESSON_CACHE")
    return Path(given) if given else tmp_path_factory.mktemp("kept")


@pytest.fixture
def jupyter(notebooks: Path, tmp_path: Path, kept: Path) -> Iterator[Callable[[str], str]]:
    """The address of a notebook by its name in a JupyterLab started as `delf-lesson lab` does."""
    with serving(notebooks.parent, tmp_path / "state", kept) as address:
        yield address


@pytest.fixture
def page(browser, jupyter, request, tmp_path):
    """A page on a laptop's screen, of which a picture is kept; any error in its console fails."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(RUN_SECONDS * 1000)
    expect.set_options(timeout=30_000)
    errors: list[str] = []
    page.on("console", lambda said: said.type == "error" and errors.append(said.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    folder = Path(os.environ.get("DELF_LESSON_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshots = lambda name: page.screenshot(path=folder / f"{name}.png")
    yield page
    page.screenshots(request.node.name.replace("[", "-").rstrip("]"))
    page.close()
    assert not errors
