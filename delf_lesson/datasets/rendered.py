"""The rendered landmark benchmark: two cities and distractors (`data/landmarks`).

The renderer computed what every image shows; data/landmarks/README.md says how. Files are checked
against the SHA256SUMS beside them when they are first opened.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from delf_lesson.datasets.benchmark import Benchmark, Query, Truth
from delf_lesson.files import project_root
from delf_lesson.images import Pixels, read_image

CITIES = ("albion", "lutetia")
SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Camera:
    """A pinhole: a point X in metres (Z up) is seen at K (R X + t), pixel centres at integers.

    K, R: float64 (3, 3); t: float64 (3,); R's rows are the camera's right, down and forward.
    """

    K: NDArray[np.float64]
    R: NDArray[np.float64]
    t: NDArray[np.float64]

    @property
    def centre(self) -> NDArray[np.float64]:
        """Where the camera stands, (3,) in metres."""
        return -self.R.T @ self.t

    def project(self, points: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixels (N, 2) and depths along the axis (N,), in metres, of points (N, 3)."""
        seen = np.asarray(points, np.float64) @ self.R.T + self.t
        pixels = seen @ self.K.T
        return pixels[:, :2] / pixels[:, 2:], seen[:, 2]

    def lift(self, xy: NDArray, depth: NDArray) -> NDArray[np.float64]:
        """The points (N, 3) seen at pixels (N, 2) at depths (N,) along the axis."""
        rays = np.c_[np.asarray(xy, np.float64), np.ones(len(xy))] @ np.linalg.inv(self.K).T
        return (rays * np.asarray(depth, np.float64)[:, None] - self.t) @ self.R


@dataclass(frozen=True)
class RenderedImage:
    """One rendered image and all that is known about it.

    role: "database", "query", "absent", "distractor" or "distractor_query"; landmark: its name in
    its city, if it shows one of them; kind: "landmark" (also look-alikes and other towns'),
    "street", "square" or "country"; view: "good", "ok", "junk" or "absent".
    visible_share: seen pixels of the building over those it would have without occluders and
    frame; area_share: seen pixels over the image's; azimuth: degrees off the front; distance:
    metres; pixels_per_metre: the building's scale; box: around its seen pixels.
    """

    name: str
    path: Path
    role: str
    landmark: str | None
    kind: str
    family: str | None
    wall: str | None
    roof: str | None
    weather: str
    season: str
    seed: int
    size: tuple[int, int]
    camera: Camera = field(compare=False)
    view: str
    visible_share: float
    area_share: float
    azimuth: float | None
    distance: float | None
    pixels_per_metre: float | None
    box: tuple[float, float, float, float] | None
    mask_path: Path | None

    def read(self) -> Pixels:
        """The image, `uint8` RGB (H, W, 3)."""
        return read_image(checked(self.path, data_folder()))

    def mask(self) -> NDArray[np.bool_]:
        """Which pixels are the landmark, (H, W). ValueError if the image shows none."""
        if self.mask_path is None:
            raise ValueError(f"{self.name} shows none of the landmarks, so it has no mask")
        with Image.open(checked(self.mask_path, data_folder())) as image:
            return np.array(image.convert("L")) > 0


def data_folder() -> Path:
    """The folder of the shipped benchmark."""
    return project_root() / "data" / "landmarks"


def rendered_images(name: str) -> tuple[RenderedImage, ...]:
    """All images of "albion", "lutetia" or "distractors", sorted by name."""
    if name not in (*CITIES, "distractors"):
        raise ValueError(f"name is {name!r}; wanted albion, lutetia or distractors")
    return _rendered_images(name, data_folder())


@lru_cache(maxsize=8)
def _rendered_images(name: str, root: Path) -> tuple[RenderedImage, ...]:
    lines = checked(root / name / "images.jsonl", root).read_text(encoding="utf-8").splitlines()
    return tuple(_rendered_image(json.loads(line), root / name) for line in lines)


def _rendered_image(record: dict, folder: Path) -> RenderedImage:
    camera = Camera(*(np.array(record["camera"][key]) for key in "KRt"))
    for array in (camera.K, camera.R, camera.t):
        array.flags.writeable = False
    landmark = record["landmark"]
    return RenderedImage(
        **{
            key: record[key]
            for key in ("name", "role", "kind", "family", "wall", "roof", "weather", "season")
        },
        path=folder / record["file"],
        landmark=landmark,
        seed=record["seed"],
        size=(record["camera"]["size"][0], record["camera"]["size"][1]),
        camera=camera,
        view=record["view"] if landmark else "absent",
        visible_share=record.get("visible_share", 0.0),
        area_share=record.get("area_share", 0.0),
        azimuth=record.get("azimuth_degrees"),
        distance=record.get("distance_metres"),
        pixels_per_metre=record.get("pixels_per_metre"),
        box=tuple(map(float, record["box"])) if landmark and record["box"] else None,  # type: ignore[arg-type]
        mask_path=folder / record["mask"] if landmark else None,
    )


def load_city(name: str, distractors: bool = False) -> Benchmark:
    """A city as a benchmark; see `delf_lesson.datasets.load`."""
    city = rendered_images(name)
    others = rendered_images("distractors")
    database = [image for image in city if image.role in ("database", "absent")]
    if distractors:
        database += [image for image in others if image.role == "distractor"]
    queries = [image for image in city if image.role == "query"]
    without = [image for image in others if image.role == "distractor_query"]
    _verify([image.path for image in (*database, *queries, *without)])
    return Benchmark(
        name=f"{name}+D" if distractors else name,
        images=tuple(image.path for image in database),
        queries=tuple(_query(image) for image in queries),
        truth={image.name: _truth(image.landmark, database) for image in queries},
        distractor_queries=tuple(_query(image) for image in without),
    )


def _verify(paths: Sequence[Path]) -> None:
    """Systems open these files by path, so they are checked here: about 0.1 s, once a process."""
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} pictures are missing, {missing[0]} first; "
            f"restore them with: git checkout -- {data_folder()}"
        )
    for path in paths:
        checked(path, data_folder())


def _query(image: RenderedImage) -> Query:
    return Query(image.name, image.path, image.landmark, image.box)


def _truth(landmark: str | None, database: Sequence[RenderedImage]) -> Truth:
    def named(view: str) -> frozenset[str]:
        return frozenset(
            image.name for image in database if image.landmark == landmark and image.view == view
        )

    return Truth(named("good"), named("ok"), named("junk"))


def checked(path: Path, root: Path) -> Path:
    """`path` itself, if its content has the checksum that SHA256SUMS in the folder `root` lists.

    A file is read whole once in a process, and again only after it changed. Raises
    FileNotFoundError if it is missing and ValueError if it differs, with the command that
    restores it.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; {_remedy(root)}") from None
    checksums = _checksums(root / SUMS, _changed_at(root / SUMS, root))
    wanted = checksums.get(path.relative_to(root).as_posix())
    if wanted is None:
        raise ValueError(f"{path} is not listed in {root / SUMS}; {_remedy(root)}")
    if _digest(path, state.st_mtime_ns, state.st_size) != wanted:
        raise ValueError(f"{path} has changed since it was shipped; {_remedy(root)}")
    return path


def _remedy(root: Path) -> str:
    return f"restore it with: git checkout -- {root} (or, if you rendered it, render it again)"


def _changed_at(sums: Path, root: Path) -> int:
    try:
        return sums.stat().st_mtime_ns
    except FileNotFoundError:
        raise FileNotFoundError(f"{sums} is missing; {_remedy(root)}") from None


@lru_cache(maxsize=8)
def _checksums(sums: Path, changed_at: int) -> dict[str, str]:
    lines = (line.split(maxsplit=1) for line in sums.read_text(encoding="utf-8").splitlines())
    return {name: digest for digest, name in lines}


@lru_cache(maxsize=65536)
def _digest(path: Path, changed_at: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
