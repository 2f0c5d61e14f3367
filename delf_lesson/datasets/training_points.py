"""Points of the training landmarks whose place in every picture is known (notebook 07).

Structure from motion gave the authors of siaMAC and LIFT such points; of renderings depth is
exact (`data/generator/points.py`), so what is visible where is known and not estimated.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from delf_lesson.datasets.checksums import checked
from delf_lesson.datasets.rendered import data_folder
from delf_lesson.datasets.training_set import TrainingPicture, training_pictures


@dataclass(frozen=True, eq=False)
class LandmarkPoints:
    """Points of one landmark at which several pictures have a keypoint.

    pictures: the clean ones of the landmark, N of them. xyz: float32 (P, 3), metres; size: float32
    (P,), the diameter of the keypoint there, metres. seen: bool (N, P), which picture shows which.
    """

    landmark: str
    pictures: tuple[TrainingPicture, ...]
    xyz: NDArray[np.float32]
    size: NDArray[np.float32]
    seen: NDArray[np.bool_]

    def project(self, picture: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pixels (P, 2) of all points in a picture, and their keypoints' diameters there (P,).

        Only those of `seen[picture]` are to be found there.
        """
        camera = self.pictures[picture].camera
        xy, depth = camera.project(self.xyz)
        with np.errstate(divide="ignore"):
            diameter = self.size * camera.K[0, 0] / depth
        return xy.astype(np.float32), diameter.astype(np.float32)

    @cached_property
    def covisible(self) -> NDArray[np.float32]:
        """Share (N, N) of the points that the row's picture shows which the column's shows too."""
        seen = self.seen.astype(np.float32)
        return (seen @ seen.T) / np.maximum(seen.sum(1), 1)[:, None]


def training_points(folder: str | Path | None = None) -> tuple[LandmarkPoints, ...]:
    """The points of every training landmark, in the order of their names.

    folder: as in `training_pictures`; the points of another set are written by
    `data.generator.points`.
    """
    return _training_points(Path(folder) if folder else data_folder())


@lru_cache(maxsize=2)
def _training_points(root: Path) -> tuple[LandmarkPoints, ...]:
    of_landmark: dict[str, list[TrainingPicture]] = {}
    for picture in training_pictures("clean", root):
        of_landmark.setdefault(picture.landmark, []).append(picture)
    found = []
    with np.load(checked(root / "training" / "points.npz", root), allow_pickle=False) as stored:
        for landmark, own in sorted(of_landmark.items()):
            xyz, size = stored[f"{landmark}.xyz"], stored[f"{landmark}.size"]
            seen = np.unpackbits(stored[f"{landmark}.seen"], axis=1, count=len(xyz)).astype(bool)
            for array in (xyz, size, seen):
                array.flags.writeable = False
            found.append(LandmarkPoints(landmark, tuple(own), xyz, size, seen))
    return tuple(found)
