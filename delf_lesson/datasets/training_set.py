"""The rendered training set: landmarks that no city has (`data/landmarks/training`)."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from delf_lesson.datasets.checksums import checked
from delf_lesson.datasets.rendered import Camera, data_folder
from delf_lesson.images import Pixels

FORMS = ("clean", "full")


@dataclass(frozen=True)
class TrainingPicture:
    """One picture of the training set; it lies with its mask in its landmark's archive.

    label: the landmark it is filed under, which in the full form may be wrong; landmark: the one
    it shows. noise: None, "wrong_label", "crop" (a random part of the picture) or "hidden" (less
    than a quarter of the landmark is visible, or it is tiny). family, wall, roof, weather and
    season are its attributes. view, visible_share: as in `rendered.Picture`, before cropping.
    crop: `(x0, y0, x1, y1)` of the part that is read, last pixels included; camera: of that part.
    """

    name: str
    label: str
    landmark: str
    noise: str | None
    family: str
    wall: str
    roof: str
    weather: str
    season: str
    view: str
    visible_share: float
    crop: tuple[int, int, int, int] | None
    camera: Camera = field(compare=False)
    archive: Path
    root: Path

    def read(self) -> Pixels:
        """The picture, `uint8` RGB (H, W, 3), cropped as its noise says."""
        return self._cropped(self._open("webp").convert("RGB"))

    def mask(self) -> NDArray[np.bool_]:
        """Which pixels of it are the landmark, (H, W)."""
        return self._cropped(self._open("png").convert("L")) > 0

    def _open(self, suffix: str) -> Image.Image:
        with zipfile.ZipFile(checked(self.archive, self.root)) as archive:
            return Image.open(io.BytesIO(archive.read(f"{self.name}.{suffix}")))

    def _cropped(self, image: Image.Image) -> NDArray[np.uint8]:
        if self.crop:
            x0, y0, x1, y1 = self.crop
            image = image.crop((x0, y0, x1 + 1, y1 + 1))
        return np.array(image)


def training_pictures(
    form: str = "clean", folder: str | Path | None = None
) -> tuple[TrainingPicture, ...]:
    """The training set, which shares no landmark with the cities (slide "Train Local Descriptor").

    form: "clean" or "full", as Google Landmarks comes: the full one has noise of the kinds and at
    the rates that the data card names, the clean one is what is left without it.
    folder: where the generator wrote a larger set (its --shipped); by default the shipped one.
    Introduced in notebook 04.
    """
    if form not in FORMS:
        raise ValueError(f"form is {form!r}; wanted clean or full")
    everything = _training_pictures(Path(folder) if folder else data_folder())
    return tuple(p for p in everything if form == "full" or p.noise is None)


@lru_cache(maxsize=2)
def _training_pictures(root: Path) -> tuple[TrainingPicture, ...]:
    text = checked(root / "training" / "images.jsonl", root).read_text(encoding="utf-8")
    return tuple(_training_picture(json.loads(line), root) for line in io.StringIO(text))


def _training_picture(record: dict, root: Path) -> TrainingPicture:
    keys = (
        *("name", "label", "landmark", "noise", "family", "wall", "roof", "weather", "season"),
        *("view", "visible_share"),
    )
    crop = tuple(record["crop"]) if record["crop"] else None
    return TrainingPicture(
        **{key: record[key] for key in keys},
        crop=crop,
        camera=_camera(record["camera"], crop[:2] if crop else (0, 0)),
        archive=root / "training" / f"{record['landmark']}.zip",
        root=root,
    )


def _camera(record: dict, corner: tuple[int, int]) -> Camera:
    """A camera from (f, cx, cy), a rotation vector and t, for a picture cut at `corner`."""
    f, cx, cy = record["K"]
    K = np.array([[f, 0, cx - corner[0]], [0, f, cy - corner[1]], [0, 0, 1.0]])
    camera = Camera(K, cv2.Rodrigues(np.array(record["turn"]))[0], np.array(record["t"]))
    for array in (camera.K, camera.R, camera.t):
        array.flags.writeable = False
    return camera
