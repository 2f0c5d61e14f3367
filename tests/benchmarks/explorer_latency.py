"""How long an explorer takes from a key or a click to a changed picture, in a real browser.

    python tests/benchmarks/explorer_latency.py [--out FILE.json] [--notebook NAME ...]

Every notebook is run in JupyterLab in a headless Chromium. Then each slider and box of each
explorer is moved by its keys, to and fro, and each picture that takes clicks is clicked. A time
runs from the event in the page to the frame after the new picture was decoded. What changes
nothing in the picture is not counted.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Locator, Page, TimeoutError, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from driving import panel, run_all
from playing import EXPLORERS, answering, describe_pictures
from serving import CHROMIUM, chromium_options, serving, working_copies

WATCH = """
(image) => {
  window.latencies = [];
  let began = null;
  for (const kind of ["keydown", "pointerdown"]) {
    document.addEventListener(kind, () => { began = performance.now(); }, true);
  }
  new MutationObserver(() => {
    const from = began;
    image.decode().then(() => requestAnimationFrame(() => {
      if (from !== null) { window.latencies.push(performance.now() - from); }
    }));
  }).observe(image, { attributes: true, attributeFilter: ["src"] });
}
"""
MOVES = 12  # of each slider


def measure(page: Page, explorer: Locator, clickable: bool) -> list[float]:
    """Milliseconds of every move that changed the picture."""
    picture = explorer.locator("img")
    picture.scroll_into_view_if_needed()
    picture.evaluate(WATCH)
    for handle in explorer.get_by_role("slider").all():
        high, now = (float(handle.get_attribute(f"aria-value{name}")) for name in ("max", "now"))
        there, back = ("ArrowLeft", "ArrowRight") if now == high else ("ArrowRight", "ArrowLeft")
        for move in range(MOVES):
            after(page, partial(handle.press, there if move % 4 < 2 else back))
    for box in explorer.get_by_role("checkbox").all():
        for _ in range(4):
            after(page, partial(box.press, "Space"))
    if clickable:
        size = picture.bounding_box()
        for move in range(MOVES):
            x, y = (0.04 + 0.02 * move) * size["width"], (0.2 + 0.05 * (move % 5)) * size["height"]
            after(page, partial(picture.click, position={"x": x, "y": y}))
    return page.evaluate("window.latencies")


def after(page: Page, move: Callable[[], None]) -> None:
    """Make a move, and wait until it was drawn, or for a second if it changes nothing."""
    before = page.evaluate("window.latencies.length")
    move()
    try:
        page.wait_for_function(f"window.latencies.length > {before}", timeout=1000)
    except TimeoutError:
        return
    page.wait_for_timeout(30)


def main() -> None:
    """Measure and print a line for each explorer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--notebook", nargs="*", default=list(EXPLORERS))
    arguments = parser.parse_args()
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        sys.exit(f"none of {', '.join(CHROMIUM)} is installed; install one")
    rows = []
    print("explorer                     moves  median     95%  ms")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        copies = working_copies(root / "served" / "work")
        chromium = playwright.chromium.launch(executable_path=browser, args=chromium_options())
        for name in arguments.notebook:
            with serving(root / "served", root / "state", root / "cache", whole=False) as lab:
                page = chromium.new_page(viewport={"width": 1366, "height": 768})
                page.set_default_timeout(300_000)
                run_all(page, lab.address(copies / f"{name}.ipynb", name))
                number = len(panel(page).locator(".jp-CodeCell").all())
                panel(page).locator(".jp-InputPrompt", has_text=f"[{number}]:").wait_for()
                if name.startswith("06"):
                    cell = panel(page).locator(".jp-CodeCell", has_text="RetrievalExplorer")
                    cell.last.scroll_into_view_if_needed()
                    describe_pictures(page)
                page.wait_for_timeout(3000)
                for place, explorer in enumerate(answering(page).all()):
                    times = measure(page, explorer, EXPLORERS[name][place])
                    if not times:
                        sys.exit(f"{name}, {place + 1}: no move changed the picture in a second")
                    row = {
                        "explorer": f"{name}, {place + 1}",
                        "moves": len(times),
                        "median": round(median(times), 1),
                        "percentile_95": round(float(np.percentile(times, 95)), 1),
                    }
                    rows.append(row)
                    print(
                        f"{row['explorer']:28} {row['moves']:5} {row['median']:7} "
                        f"{row['percentile_95']:7}",
                        flush=True,
                    )
                page.close()
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
