"""Upload a photograph of your own, and search a town or a folder for it (notebook 06)."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import ipywidgets as widgets

from delf_lesson.classroom.explorers.controls import WIDE, steps
from delf_lesson.classroom.explorers.explorer import Shown, jpeg, new_picture
from delf_lesson.classroom.explorers.job import Bar, Job
from delf_lesson.classroom.explorers.labels import Labels, labelled_box
from delf_lesson.classroom.figures import draw_ranking, pixels
from delf_lesson.datasets import load
from delf_lesson.evaluation.systems import find_system
from delf_lesson.images import Pixels, list_images, read_image
from delf_lesson.retrieval.cache import FeatureCache

SYSTEMS = ("OpenCV-RootSIFT", "DELF+FT+ATT", "DELF+FT+ATT+QE", "DIR", "siaMAC")
TOWNS = ("albion", "lutetia")


class OwnPhoto(Shown):
    """Upload a photograph and search a town, or a folder of your own, by a system of the lesson.

    A folder counts where one is named. Photographs stay on the computer that the notebook runs on.
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
        self.picture = new_picture()
        self.picture.layout.display = "none"
        self.labels = Labels(shown=False)
        self.job = Job("Search", "Describe the pictures and search them", self._search)
        chosen = widgets.HBox(
            [self.upload, self.system, self.town, self.folder], layout={"flex_flow": "row wrap"}
        )
        text = "Search with a photograph of your own: choose it, a system, and where to search"
        box = labelled_box([chosen, self.job.widget, self.picture], self.labels)
        super().__init__(box, text)

    def _search(self, bar: Bar) -> str:
        if not self.upload.value:
            raise ValueError("no photograph is chosen; press the first button and choose one")
        photo = self.upload.value[0]
        query = read_bytes(photo["name"], bytes(photo["content"]))
        folder = self.folder.value.strip()
        images = list_images(folder) if folder else load(self.town.value).images
        system = find_system(self.system.value)
        picture, says = search_images(system.name, images, query, bar, self.cache)
        self.picture.value, self.picture.layout.display = jpeg(picture), ""
        self.labels.alt = says
        return says


def read_bytes(name: str, content: bytes) -> Pixels:
    """The image in a file's bytes. Raises ValueError naming the file if it is none."""
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
    """The first results as a picture, and a sentence on them; what cannot be read is left out."""
    engine = find_system(system).engine(cache)
    engine.check(query)
    skipped: list[str] = []
    for image in progress(images, f"Describing by {system}"):
        engine.add([image], skip=lambda name, reason: skipped.append(name))
    if len(engine) == 0:
        raise ValueError(f"none of the {len(images)} images can be searched; choose others")
    results = engine.search(query, top=6).results
    left_out = f" {len(skipped)} could not be used." if skipped else ""
    sure = sum(result.inliers > 0 for result in results)
    proof = f"{sure} of the first {len(results)} are verified" if sure else "nothing is verified"
    says = f"{len(engine)} pictures were searched; {proof}.{left_out}"
    return pixels(draw_ranking(query, results, name="your photograph")), says
