"""Patches around the same points of the training landmarks, to learn LIFT from (lab 07)."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.dog import dog_keypoints
from delf_lesson.classical.keypoints import Keypoints, sample_patches
from delf_lesson.classical.scale_space import ScaleSpace, scale_space
from delf_lesson.datasets.rendered import Camera
from delf_lesson.datasets.training_set import LandmarkPoints, training_points
from delf_lesson.deep.lift_network import STEP
from delf_lesson.images import to_grey

LARGE = 64
"""Samples of a stored patch along a side: room to turn and to move the smaller one inside."""
POINTS = 150
"""Points of a landmark at most."""
VIEWS = 3
"""Pictures of each point."""
CONTRAST = 0.02
"""Of the extrema of DoG that stand at a point in a picture; see `dog_keypoints`."""
NEAR = 1.0
"""Sigmas between such an extremum and the point's place, at most."""
SAME_SIZE = 2**0.5
"""Largest ratio between its sigma and the one that the distance lets expect."""
SMALLEST = 1.0
"""Pixels; sigma of the smallest keypoints taken. There are hardly smaller ones."""
REACH = 8.0
"""Sigmas around a point that lie within the picture."""
EMPTY = 3
"""Patches without a known point taken of each picture."""
DRAWN = 40
"""Places drawn of each picture to find these."""
APART = 6.0
"""Sigmas between such a patch and any known point, at least."""


@dataclass(frozen=True, eq=False)
class LiftPatches:
    """Upright patches, 24 sigmas wide; `lift_network.cut` makes the smaller ones of them.

    points: uint8 (P, VIEWS, 64, 64), the same point in several pictures. landmarks: int64 (P,).
    empty: uint8 (E, 64, 64), places where no keypoint comes again.
    """

    points: NDArray[np.uint8]
    landmarks: NDArray[np.int64]
    empty: NDArray[np.uint8]
    name: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all patches."""
        parts = (self.points, self.landmarks, self.empty)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def rendered_patches(
    folder: str | Path | None = None,
    points: int = POINTS,
    progress: Callable[[Sequence[LandmarkPoints]], Iterable[LandmarkPoints]] = iter,
    seed: int = 0,
) -> LiftPatches:
    """Patches of the clean rendered training set, around keypoints of the same points.

    Which keypoints of two pictures are of one point is known from exact depth, as LIFT's authors
    knew it from structure from motion. points: of a landmark at most. folder: see
    `training_points`. progress: wraps the landmarks.
    """
    rng = np.random.default_rng(seed)
    patches, landmarks, empty = [], [], []
    for number, landmark in enumerate(progress(training_points(folder))):
        of_points, of_nothing = _of_landmark(landmark, points, rng)
        patches.append(of_points)
        landmarks.append(np.full(len(of_points), number))
        empty.append(of_nothing)
    return LiftPatches(
        np.concatenate(patches), np.concatenate(landmarks), np.concatenate(empty), "rendered, clean"
    )


def _of_landmark(
    landmark: LandmarkPoints, points: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Patches of points (P, VIEWS, 64, 64), and without one (E, 64, 64)."""
    spaces = [scale_space(to_grey(picture.read())) for picture in landmark.images]
    candidates = [_at_points(space, landmark, row) for row, space in enumerate(spaces)]
    usable = np.stack([stands for _, stands in candidates])
    chosen = np.flatnonzero(usable.sum(0) >= VIEWS)[:points]
    views = np.stack([rng.permutation(np.flatnonzero(usable[:, p]))[:VIEWS] for p in chosen])
    patches = np.empty((len(chosen), VIEWS, LARGE, LARGE), np.uint8)
    empty = []
    for row, (space, (keypoints, _)) in enumerate(zip(spaces, candidates, strict=True)):
        index, view = np.nonzero(views == row)
        here = chosen[index]
        angles = _upright(landmark.images[row].camera, landmark.xyz[here])
        patches[index, view] = _bytes(
            sample_patches(space, keypoints.select(here), angles, LARGE, STEP)
        )
        seen = landmark.seen[row]
        if seen.any():
            xy, diameter = landmark.project(row)
            empty.append(_empty(space, xy[seen], diameter[seen] / 2, rng))
    return patches, np.concatenate(empty)


def _at_points(
    space: ScaleSpace, landmark: LandmarkPoints, row: int
) -> tuple[Keypoints, NDArray[np.bool_]]:
    """The keypoint of a picture that is nearest to each point (P,), and where it stands for it."""
    xy, diameter = landmark.project(row)
    sigma = np.maximum(diameter / 2, 1e-3)
    keypoints = dog_keypoints(space, CONTRAST)
    if not len(keypoints):
        return Keypoints(xy.astype(float), sigma.astype(float), np.zeros(len(xy))), np.zeros(
            len(xy), bool
        )
    apart = np.linalg.norm(xy[:, None] - keypoints.xy, axis=2)
    ratio = sigma[:, None] / keypoints.sigma
    apart[np.maximum(ratio, 1 / ratio) > SAME_SIZE] = np.inf
    nearest = keypoints.select(apart.argmin(axis=1))
    stands = landmark.seen[row] & (apart.min(axis=1) < NEAR * sigma)
    stands &= (nearest.sigma >= SMALLEST) & _inside(nearest, space.image_size)
    return nearest, stands


def _upright(camera: Camera, xyz: NDArray) -> NDArray[np.float64]:
    """The angle of a patch's x axis at each point (P,) that puts the world's up upwards."""
    up = camera.project(xyz + np.array([0, 0, 0.01]))[0] - camera.project(xyz)[0]
    return np.arctan2(up[:, 0], -up[:, 1])


def _inside(keypoints: Keypoints, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether `REACH` sigmas around each lie in the picture."""
    reach = REACH * keypoints.sigma[:, None]
    low, high = keypoints.xy - reach, keypoints.xy + reach
    return np.all((low >= 0) & (high <= np.array(size) - 1), axis=1)


def _empty(
    space: ScaleSpace, xy: NDArray, sigma: NDArray, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Patches of the points' sizes at places that are far from all of them."""
    sigmas = rng.choice(np.maximum(sigma, SMALLEST), DRAWN)
    middle = rng.uniform(0, 1, (DRAWN, 2)) * (np.array(space.image_size) - 1)
    drawn = Keypoints(middle, sigmas, np.zeros(DRAWN))
    apart = np.linalg.norm(middle[:, None] - xy, axis=2).min(axis=1)
    free = _inside(drawn, space.image_size) & (apart > APART * sigmas)
    chosen = drawn.select(np.flatnonzero(free)[:EMPTY])
    return _bytes(sample_patches(space, chosen, np.zeros(len(chosen)), LARGE, STEP))


def _bytes(patches: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255 * patches.clip(0, 1)).astype(np.uint8)
