"""The rendered training set, and points of its landmarks (`data/landmarks/training`).

Structure from motion gave the authors of siaMAC and LIFT points that several images show. Depth of
renderings is exact (`data/generator/points.py`), so here visibility is known and not estimated.
"""

import io
import json
import zipfile
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from delf_lesson.datasets.rendered import Camera, checked, data_folder
from delf_lesson.images import Pixels

FORMS = ("clean", "full")


@dataclass(frozen=True)
class TrainingImage:
    """One image of the training set; it lies with its mask in its landmark's archive.

    label: the landmark it is filed under, which in the full form may be wrong; landmark: what it
    shows. noise: None, "wrong_label", "crop" (a random part of the image) or "hidden" (less than a
    quarter of the landmark is visible, or it is tiny). family, wall, roof, weather and season are
    its attributes. view, visible_share: as in `RenderedImage`, before cropping.
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
        """The image, `uint8` RGB (H, W, 3), cropped as its noise says."""
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


def training_images(
    form: str = "clean", folder: str | Path | None = None
) -> tuple[TrainingImage, ...]:
    """The training set, which shares no landmark with the cities (slide "Train Local Descriptor").

    form: "clean" or "full", like Google Landmarks. The full set has noise of the kinds and at the
    rates that the data card names; the clean set is what is left without it.
    folder: where the generator wrote a larger set (its --shipped); by default the shipped set.
    Introduced in lab 04.
    """
    if form not in FORMS:
        raise ValueError(f"form is {form!r}; wanted clean or full")
    images = _training_images(Path(folder) if folder else data_folder())
    return tuple(image for image in images if form == "full" or image.noise is None)


@lru_cache(maxsize=2)
def _training_images(root: Path) -> tuple[TrainingImage, ...]:
    text = checked(root / "training" / "images.jsonl", root).read_text(encoding="utf-8")
    return tuple(_training_image(json.loads(line), root) for line in io.StringIO(text))


def _training_image(record: dict, root: Path) -> TrainingImage:
    keys = (
        *("name", "label", "landmark", "noise", "family", "wall", "roof", "weather", "season"),
        *("view", "visible_share"),
    )
    crop = tuple(record["crop"]) if record["crop"] else None
    return TrainingImage(
        **{key: record[key] for key in keys},
        crop=crop,
        camera=_camera(record["camera"], crop[:2] if crop else (0, 0)),
        archive=root / "training" / f"{record['landmark']}.zip",
        root=root,
    )


def _camera(record: dict, corner: tuple[int, int]) -> Camera:
    """A camera from (f, cx, cy), a rotation vector and t, for an image cut at `corner`."""
    f, cx, cy = record["K"]
    K = np.array([[f, 0, cx - corner[0]], [0, f, cy - corner[1]], [0, 0, 1.0]])
    camera = Camera(K, cv2.Rodrigues(np.array(record["turn"]))[0], np.array(record["t"]))
    for array in (camera.K, camera.R, camera.t):
        array.flags.writeable = False
    return camera


@dataclass(frozen=True, eq=False)
class LandmarkPoints:
    """Points of one landmark at which several images have a keypoint.

    images: the N clean images of the landmark. xyz: float32 (P, 3), metres; size: float32 (P,),
    the diameter of the keypoint there, metres. seen: bool (N, P), which image shows which point.
    """

    landmark: str
    images: tuple[TrainingImage, ...]
    xyz: NDArray[np.float32]
    size: NDArray[np.float32]
    seen: NDArray[np.bool_]

    def project(self, image: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pixels (P, 2) of all points in an image, and their keypoints' diameters there (P,).

        The image shows only the points of `seen[image]`.
        """
        camera = self.images[image].camera
        xy, depth = camera.project(self.xyz)
        with np.errstate(divide="ignore"):
            diameter = self.size * camera.K[0, 0] / depth
        return xy.astype(np.float32), diameter.astype(np.float32)

    @cached_property
    def covisible(self) -> NDArray[np.float32]:
        """Share (N, N) of the points seen in the row's image that the column's image shows too."""
        seen = self.seen.astype(np.float32)
        return (seen @ seen.T) / np.maximum(seen.sum(1), 1)[:, None]


def training_points(folder: str | Path | None = None) -> tuple[LandmarkPoints, ...]:
    """The points of every training landmark, in the order of their names.

    folder: as in `training_images`; `data.generator.points` writes the points of another set.
    """
    return _training_points(Path(folder) if folder else data_folder())


@lru_cache(maxsize=2)
def _training_points(root: Path) -> tuple[LandmarkPoints, ...]:
    by_landmark: dict[str, list[TrainingImage]] = {}
    for image in training_images("clean", root):
        by_landmark.setdefault(image.landmark, []).append(image)
    landmark_points = []
    with np.load(checked(root / "training" / "points.npz", root), allow_pickle=False) as stored:
        for landmark, images in sorted(by_landmark.items()):
            xyz, size = stored[f"{landmark}.xyz"], stored[f"{landmark}.size"]
            seen = np.unpackbits(stored[f"{landmark}.seen"], axis=1, count=len(xyz)).astype(bool)
            for array in (xyz, size, seen):
                array.flags.writeable = False
            landmark_points.append(LandmarkPoints(landmark, tuple(images), xyz, size, seen))
    return tuple(landmark_points)
