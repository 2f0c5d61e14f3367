"""Explorers of images: leaf through a town, choose a query, search for a photo (labs 00 and 06)."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import ipywidgets as widgets
import numpy as np

from delf_lesson.cache import FeatureCache
from delf_lesson.classroom.explorers.drawing import (
    BLUE,
    GAP,
    GREY,
    ORANGE,
    WHITE,
    WIDTH,
    above,
    beside,
    framed,
    of_height,
    path,
    titled,
)
from delf_lesson.classroom.explorers.explorer import (
    WIDE,
    Drawn,
    Explorer,
    Labels,
    Shown,
    jpeg,
    labelled_box,
    new_image,
    slider,
    steps,
    switch,
)
from delf_lesson.classroom.explorers.live_explorers import Bar, Job
from delf_lesson.classroom.explorers.pipeline_explorers import Pipeline, Stages, few_images
from delf_lesson.classroom.figures.image_figures import draw_ranking, side_by_side
from delf_lesson.classroom.figures.notebook_figure import pixels
from delf_lesson.classroom.figures.result_figures import verdict
from delf_lesson.datasets import load
from delf_lesson.datasets.benchmark import Benchmark, Query, Truth
from delf_lesson.datasets.rendered import RenderedImage
from delf_lesson.images import Pixels, list_images, read_image
from delf_lesson.retrieval.retrievers import add_images
from delf_lesson.retrieval.voting import Result
from delf_lesson.systems.registry import find_system

SHOWN = 6  # results
HEIGHT = 130  # pixels of a result
SYSTEMS = ("OpenCV-RootSIFT", "DELF+FT+ATT", "DELF+FT+ATT+QE", "DIR", "siaMAC")
TOWNS = ("albion", "lutetia")


def explore_images(images: Sequence[RenderedImage]) -> Explorer:
    """Choose a landmark and one of its images, and see what is known about it.

    images: images without a landmark are left out. Raises ValueError if none is left.
    """
    by_landmark: dict[str, list[RenderedImage]] = {}
    for image in images:
        if image.landmark:
            by_landmark.setdefault(image.landmark, []).append(image)
    if not by_landmark:
        raise ValueError("images holds none of a landmark; wanted one or more")
    most = max(map(len, by_landmark.values()))

    def draw(landmark: str, number: int, outline: bool) -> Drawn:
        views = by_landmark[landmark]
        return draw_image(views[min(number, len(views)) - 1], outline)

    return Explorer(
        draw,
        {
            "landmark": steps("landmark", {name.replace("_", " "): name for name in by_landmark}),
            "number": slider("picture", 1, most, 1),
            "outline": switch("outline what belongs to the landmark", True),
        },
        "One picture of a landmark with its outline; choose landmark and picture by the controls",
    )


def draw_image(image: RenderedImage, outline: bool) -> Drawn:
    """An image, with an outline around the landmark's pixels if wanted, and what is known."""
    drawn = of_height(image.read(), 440)
    if outline:
        scaled = cv2.resize(image.mask().astype(np.uint8), drawn.shape[1::-1], interpolation=0)
        for line in cv2.findContours(scaled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
            path(drawn, line[:, 0], WHITE, 4, closed=True)
            path(drawn, line[:, 0], ORANGE, 2, closed=True)
    light = dict.fromkeys((image.weather, image.season))  # a weather may be a season's name
    says = (
        f"{image.name}, {image.role}: {', '.join(light)}, "
        f"{abs(image.azimuth or 0):.0f}° off the front, {image.distance or 0:.0f} m away. "
        f"{image.visible_share:.0%} of the landmark is in view, which counts as {image.view}."
    )
    return Drawn(drawn, says)


class RetrievalExplorer(Shown):
    """Choose a query, switch stages on and off, and see the results, with inlier lines.

    Slide "Image retrieval pipeline with ours". benchmark: a few of its images are searched, four
    of each landmark and as many without a landmark. The button describes them.
    """

    def __init__(
        self, benchmark: Benchmark, queries: Sequence[Query], cache: FeatureCache | None
    ) -> None:
        images = few_images(benchmark, queries)
        self.pipeline = Pipeline(images, queries)
        truth = benchmark.truth
        by_name = {query.name: query for query in queries}

        def draw(query: str, **stages: bool) -> Drawn:
            if not self.pipeline.ready:
                image = titled(of_height(by_name[query].read(), 240), f"the query {query}")
                return Drawn(image, "Nothing is described yet: press the button below.")
            on = Stages(**stages)
            drawn = draw_results(by_name[query], self.pipeline.search(query, on), truth[query])
            if on.expansion and not on.verification:
                says = f"{drawn.says} Query expansion needs verification, so it is left out."
                return replace(drawn, says=says)
            return drawn

        def work(bar: Bar) -> str:
            self.pipeline.describe(cache, bar)
            self.explorer.set()
            return "Described. Choose a query and switch stages on and off above."

        text = (
            "A query and what a pipeline finds for it among a few pictures of the town, with lines "
            "between inliers; choose the query and the stages by the controls"
        )
        self.explorer = Explorer(
            draw,
            {
                "query": steps("query", list(by_name)),
                "attention": switch("attention", True),
                "codes": switch("codes of 20 bytes", False),
                "verification": switch("verification", True),
                "expansion": switch("query expansion", False),
                "fusion": switch("fusion with DIR", False),
            },
            text,
        )
        label = f"Describe {len(images)} pictures (about a minute, once)"
        self.job = Job(label, "By DELF and DIR; features are kept", work)
        super().__init__(
            widgets.VBox([self.explorer.widget, self.job.widget]), text, self.explorer.twin
        )


def draw_results(query: Query, results: Sequence[Result], truth: Truth) -> Drawn:
    """The first results beside the query, with lines between inliers, framed by right or wrong."""
    query_image, panels, kinds = query.read(), [], []
    for rank, result in enumerate(results[:SHOWN], start=1):
        kind = verdict(Path(result.image).stem, truth)
        kinds.append(kind)
        colour = {"right": BLUE, "wrong": ORANGE, "junk": GREY}[kind]
        proof = f"{result.inliers} inliers" if result.inliers else f"vote {result.vote:.2f}"
        pair = _pair(query_image, result, colour, kind)
        panels.append(titled(pair, f"{rank}. {kind}, {proof}"))
    rows = [beside(*panels[k : k + 3]) for k in range(0, len(panels), 3)]
    first = next((rank for rank, kind in enumerate(kinds, start=1) if kind == "wrong"), None)
    wrong = f"the first wrong one has rank {first}" if first else "none of them is wrong"
    says = (
        f"For {query.name} {kinds.count('right')} of the first {len(kinds)} pictures show the "
        f"landmark; {wrong}."
    )
    return Drawn(above(*rows), says)


def _pair(query: Pixels, result: Result, colour: tuple[int, int, int], kind: str) -> Pixels:
    """The query and a result at one height, in a frame, with a line for each inlier."""
    image, width = _read(result.image), (WIDTH - 2 * GAP) // 3
    aspects = sum(part.shape[1] / part.shape[0] for part in (query, image))
    height = min(HEIGHT, int((width - GAP - 1) / aspects))
    both, left, right, start = side_by_side(query, image, height)
    for x0, y0, x1, y1 in result.lines[:60]:
        path(both, np.array([[x0 * left, y0 * left], [x1 * right + start, y1 * right]]), ORANGE, 1)
    both[:, start:] = framed(both[:, start:], colour, dashed=kind != "right")
    return both


@lru_cache(maxsize=100)
def _read(path: str) -> Pixels:
    return read_image(path)


class OwnPhoto(Shown):
    """Upload a photo and search a town, or your own folder, with a system of the lesson.

    If a folder is named, it is searched. Photos stay on the computer that runs the notebook.
    """

    def __init__(self, cache: FeatureCache | None = None) -> None:
        self.cache = cache
        self.upload = widgets.FileUpload(
            accept="image/*", multiple=False, description="Choose a photograph"
        )
        self.system = steps("by", SYSTEMS)
        self.town = steps("in", TOWNS)
        self.folder = widgets.Text(
            description="or in the folder", placeholder="path of a folder", style=WIDE
        )
        self.image = new_image()
        self.image.layout.display = "none"
        self.labels = Labels(shown=False)
        self.job = Job("Search", "Describe the pictures and search them", self._search)
        chosen = widgets.HBox(
            [self.upload, self.system, self.town, self.folder], layout={"flex_flow": "row wrap"}
        )
        text = "Search with a photograph of your own: choose it, a system, and where to search"
        box = labelled_box([chosen, self.job.widget, self.image], self.labels)
        super().__init__(box, text)

    def _search(self, bar: Bar) -> str:
        if not self.upload.value:
            raise ValueError("no photograph is chosen; press the first button and choose one")
        photo = self.upload.value[0]
        query = read_bytes(photo["name"], bytes(photo["content"]))
        folder = self.folder.value.strip()
        images = list_images(folder) if folder else load(self.town.value).images
        system = find_system(self.system.value)
        figure, says = search_images(system.name, images, query, bar, self.cache)
        self.image.value, self.image.layout.display = jpeg(figure), ""
        self.labels.alt = says
        return says


def read_bytes(name: str, content: bytes) -> Pixels:
    """The image in a file's bytes. Raises ValueError naming the file if it holds no image."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        try:
            return read_image(path)
        except ValueError as error:
            raise ValueError(f"{name} cannot be used: {error}") from error


def search_images(
    system: str,
    images: Sequence[Path],
    query: Pixels,
    progress: Bar,
    cache: FeatureCache | None = None,
) -> tuple[Pixels, str]:
    """The first results as an image, and a sentence on them; unreadable images are left out."""
    retriever = find_system(system).retriever(cache)
    described_query = retriever.describe(query)
    skipped: dict[str, str] = {}
    add_images(retriever, images, skipped.__setitem__, progress, f"Describing by {system}")
    if len(retriever) == 0:
        raise ValueError(f"none of the {len(images)} images can be searched; choose others")
    results = retriever.rank(described_query, top=6).results
    left_out = f" {len(skipped)} could not be used." if skipped else ""
    verified = sum(result.inliers > 0 for result in results)
    proof = (
        f"{verified} of the first {len(results)} are verified"
        if verified
        else "nothing is verified"
    )
    says = f"{len(retriever)} pictures were searched; {proof}.{left_out}"
    return pixels(draw_ranking(query, results, name="your photograph")), says
