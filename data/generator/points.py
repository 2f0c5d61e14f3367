"""Points of the training landmarks that come again, from exact depth: `make points`.

What structure from motion gave the authors of siaMAC and LIFT: points of a building at which
keypoints were found in several pictures, and which pictures show them. Here nothing is estimated:
the depth of every shipped picture is drawn again from the building's mesh and its camera.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from delf_lesson.datasets.rendered import data_folder
from delf_lesson.datasets.training_set import TrainingImage, training_images
from delf_lesson.files import write_atomically

from . import assemble
from .cameras import Camera
from .families import build
from .rasteriser import rasterise

POINTS = 400
"""Kept of a landmark: those at which most pictures have a keypoint."""
LEAST = 3
"""Pictures that must have a keypoint at a point."""
NEAR = 2.0
"""Pixels between a keypoint and a point's place, at most."""
SAME_SIZE = 2**0.5
"""Largest ratio between a keypoint's size and the size that the distance lets expect."""
SAME_SURFACE = 0.01
"""Depths that differ by a smaller share are of one surface."""


def write_points(shipped: Path, workers: int = 2) -> None:
    """Write `training/points.npz` of a folder of shipped sets, and its checksum."""
    of_landmark: dict[str, list[TrainingImage]] = {}
    for picture in training_images("clean", shipped):
        of_landmark.setdefault(picture.landmark, []).append(picture)
    arrays = {}
    with ProcessPoolExecutor(workers) as pool:
        for landmark, found in zip(
            of_landmark, pool.map(_points, of_landmark.values()), strict=True
        ):
            xyz, size, seen = found
            arrays[f"{landmark}.xyz"] = xyz.astype(np.float32)
            arrays[f"{landmark}.size"] = size.astype(np.float32)
            arrays[f"{landmark}.seen"] = np.packbits(seen, axis=1)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_atomically(shipped / "training" / "points.npz", buffer.getvalue())
    assemble.write_checksums(shipped)


def _points(pictures: Sequence[TrainingImage]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (P, 3), their sizes in metres (P,), and who sees them (pictures, P)."""
    seed = int(pictures[0].landmark.rsplit("_", 1)[1])
    body, _ = build(pictures[0].family, seed).split()
    triangles = body.triangles()
    depths = [_depth(triangles, picture) for picture in pictures]
    keypoints = [_keypoints(p, d) for p, d in zip(pictures, depths, strict=True)]
    xyz = np.concatenate([k[0] for k in keypoints])
    size = np.concatenate([k[1] for k in keypoints])
    seen = np.stack([_seen(xyz, p, d) for p, d in zip(pictures, depths, strict=True)])
    again = np.stack(
        [_at_keypoint(xyz, size, p, k) for p, k in zip(pictures, keypoints, strict=True)]
    )
    repeats = (seen & again).sum(0)
    kept: list[int] = []
    for candidate in np.argsort(-repeats, kind="stable").tolist():
        if repeats[candidate] < LEAST or len(kept) == POINTS:
            break
        apart = np.linalg.norm(xyz[kept] - xyz[candidate], axis=1)
        same = (apart < size[candidate]) & (_ratio(size[kept], size[candidate]) < SAME_SIZE)
        if not same.any():
            kept.append(candidate)
    return xyz[kept], size[kept], seen[:, kept]


def _depth(triangles: np.ndarray, picture: TrainingImage) -> np.ndarray:
    """The landmark's depth (H, W) where the picture shows it, 0 elsewhere."""
    mask = picture.mask()
    height, width = mask.shape
    camera = Camera(picture.camera.K, picture.camera.R, picture.camera.t, (width, height))
    depth, _ = rasterise(triangles, np.ones(len(triangles), int), camera)
    return np.where(mask, depth, 0)


def _keypoints(
    picture: TrainingImage, depth: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Keypoints on the landmark: points (N, 3), sizes in metres; pixels (N, 2), sizes in them."""
    grey = cv2.cvtColor(picture.read(), cv2.COLOR_RGB2GRAY)
    found = cv2.SIFT_create(contrastThreshold=0.02).detect(grey)
    xy = np.array([k.pt for k in found], float).reshape(-1, 2)
    size = np.array([k.size for k in found], float)
    x, y = np.round(xy).astype(int).T
    z = depth[y, x]
    on = z > 0
    xy, size, z = xy[on], size[on], z[on]
    return picture.camera.lift(xy, z), size * z / picture.camera.K[0, 0], xy, size


def _seen(xyz: np.ndarray, picture: TrainingImage, depth: np.ndarray) -> np.ndarray:
    """Which points the picture shows: its nearest surface there is theirs."""
    xy, z = picture.camera.project(xyz)
    height, width = depth.shape
    before = z > 0
    x, y = np.round(np.where(before[:, None], xy, -1)).clip(-1, 1e6).astype(int).T
    inside = before & (x >= 0) & (y >= 0) & (x < width) & (y < height)
    shown = depth[np.where(inside, y, 0), np.where(inside, x, 0)]
    return inside & (np.abs(shown / np.where(before, z, 1) - 1) < SAME_SURFACE)


def _at_keypoint(
    xyz: np.ndarray, size: np.ndarray, picture: TrainingImage, keypoints: tuple
) -> np.ndarray:
    """Whether the picture has a keypoint of about the expected size where the points are."""
    _, _, pixels, sizes = keypoints
    if len(pixels) == 0:
        return np.zeros(len(xyz), bool)
    xy, z = picture.camera.project(xyz)
    expected = size * picture.camera.K[0, 0] / np.maximum(z, 1e-6)
    found = np.zeros(len(xyz), bool)
    for start in range(0, len(xyz), 2000):
        part = slice(start, start + 2000)
        apart = np.linalg.norm(xy[part, None] - pixels[None], axis=2)
        alike = _ratio(expected[part, None], sizes[None]) < SAME_SIZE
        found[part] = ((apart < NEAR) & alike).any(1)
    return found & (z > 0)


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.maximum(a / b, b / a)


if __name__ == "__main__":
    write_points(data_folder())
