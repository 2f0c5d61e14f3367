"""A browser, and JupyterLab on a copy of the notebooks for it to look at."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest
from driving import ANSWER_SECONDS, RUN_SECONDS
from playwright.sync_api import expect
from serving import CHROMIUM, Lab, chromium_options, serving, working_copies


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; without one the test is skipped, or fails where it must not be."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        reason = f"none of {', '.join(CHROMIUM)} is installed"
        if os.environ.get("DELF_LESSON_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=chromium_options(), timeout=1000 * ANSWER_SECONDS
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """Where features are kept from one notebook to the next, as on a student's computer.

    `make test` gives a folder that was empty at its start to all of them.
    """
    given = os.environ.get("DELF_LESSON_CACHE")
    return Path(given) if given else tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def lab(tmp_path_factory, cache: Path) -> Iterator[Lab]:
    """The JupyterLab that all tests of a worker share, started as `delf-lesson lab` does."""
    root, state = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("state")
    with serving(root, state, cache) as running:
        yield running


@pytest.fixture
def notebooks(lab: Lab, tmp_path: Path) -> Path:
    """A student's copies of the notebooks for each test: what is seen was made just now."""
    return working_copies(lab.root / tmp_path.name / "work")


class Address(Protocol):
    """The address of a notebook by its name, with its tab alone in a new workspace."""

    def __call__(self, name: str, workspace: str = "first") -> str: ...


@pytest.fixture
def jupyter(lab: Lab, notebooks: Path, tmp_path: Path) -> Iterator[Address]:
    """The addresses of the notebooks. Kernels and answers to quizzes end with the test."""
    yield lambda name, workspace="first": lab.address(
        notebooks / f"{name}.ipynb", f"{tmp_path.name}-{workspace}"
    )
    with suppress(OSError):  # a server too busy to do it ends them when it ends itself
        lab.end_kernels()
    lab.forget_answers()


@pytest.fixture
def page(browser, jupyter, request, tmp_path):
    """A page on a laptop's screen, of which a picture is kept; any error in its console fails."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(1000 * RUN_SECONDS)
    expect.set_options(timeout=1000 * ANSWER_SECONDS)
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
