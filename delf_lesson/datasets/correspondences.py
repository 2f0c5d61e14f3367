"""True matches between two images of a landmark, from depth and cameras (lab 02).

A rendered pair says exactly where a pixel of one image is seen in the other. Repeatability and
matching precision are measured against it.
"""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from delf_lesson.datasets.rendered import (
    CITIES,
    RenderedImage,
    checked,
    data_folder,
    rendered_images,
)

KINDS = ("viewpoint", "scale", "light", "night")
"""What mainly differs between the two images of a pair."""
DEPTH_STEPS = 4000
"""A depth file holds round(DEPTH_STEPS * ln(metres)), and 0 where there is no landmark."""
SAME_SURFACE = 0.01
"""Depths that differ by a smaller share are of one surface."""


@dataclass(frozen=True)
class Pair:
    """Two images of one landmark whose true matches are known.

    kind: one of `KINDS`; azimuth_difference: degrees; scale_ratio: at least 1.
    """

    landmark: str
    kind: str
    first: RenderedImage
    second: RenderedImage
    azimuth_difference: float
    scale_ratio: float

    def transfer(self, xy: NDArray) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Where points of the first image are in the second.

        xy: (N, 2), `(x, y)` in pixels. Returns the points (N, 2), float32, NaN off the landmark,
        and whether each is visible there (N,): on the landmark in both images, inside the
        second, and not behind another part of the building.
        """
        return _transfer(np.asarray(xy, np.float64), self._first, self._second)

    def transfer_back(self, xy: NDArray) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Where points of the second image are in the first; see `transfer`."""
        return _transfer(np.asarray(xy, np.float64), self._second, self._first)

    @cached_property
    def covisible(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The pixels of the first and of the second image that the other image shows as well."""
        return _region(self._first, self._second), _region(self._second, self._first)

    def correct(self, xy1: NDArray, xy2: NDArray, tolerance: float = 3.0) -> NDArray[np.bool_]:
        """Which matches are right: xy2 (N, 2) within `tolerance` pixels of where xy1 (N, 2) is."""
        there, visible = self.transfer(xy1)
        error = np.linalg.norm(there - np.asarray(xy2, np.float64), axis=1)
        return visible & (np.nan_to_num(error, nan=np.inf) <= tolerance)

    @cached_property
    def _first(self) -> "_View":
        return _View(self.first, landmark_depth(self.first))

    @cached_property
    def _second(self) -> "_View":
        return _View(self.second, landmark_depth(self.second))


@dataclass(frozen=True)
class _View:
    image: RenderedImage
    depth: NDArray[np.float64]  # (H, W) metres, NaN off the landmark


def pairs(city: str | None = None, kind: str | None = None) -> tuple[Pair, ...]:
    """The pairs whose depth is shipped, of one city and of one of `KINDS`, or of all."""
    if city is not None and city not in CITIES:
        raise ValueError(f"city is {city!r}; wanted one of {', '.join(CITIES)}")
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; wanted one of {', '.join(KINDS)}")
    cities = [city] if city else CITIES
    every = [pair for name in cities for pair in _pairs(name, data_folder())]
    return tuple(pair for pair in every if kind is None or pair.kind == kind)


@lru_cache(maxsize=4)
def _pairs(city: str, root: Path) -> tuple[Pair, ...]:
    by_name = {image.name: image for image in rendered_images(city)}
    lines = checked(root / city / "pairs.jsonl", root).read_text(encoding="utf-8").splitlines()
    every = []
    for record in map(json.loads, lines):
        first, second = by_name[record.pop("first")], by_name[record.pop("second")]
        every.append(Pair(first=first, second=second, **record))
    return tuple(every)


def landmark_depth(image: RenderedImage) -> NDArray[np.float64]:
    """Depth of the landmark along the camera's axis (H, W), in metres, NaN elsewhere.

    Raises FileNotFoundError for an image that is in none of the shipped pairs.
    """
    path = image.path.parent.parent / "depth" / f"{image.name}.png"
    with Image.open(checked(path, data_folder())) as depth_file:
        steps = np.array(depth_file).astype(np.float64)
    return np.where(steps > 0, np.exp(steps / DEPTH_STEPS), np.nan)


def _transfer(xy: NDArray, view: _View, other: _View) -> tuple[NDArray, NDArray]:
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ValueError(f"xy has shape {xy.shape}; wanted (N, 2), one (x, y) a row")
    depth = _depth_at(xy, view.depth)
    there, depth_there = other.image.camera.project(view.image.camera.lift(xy, depth))
    visible = _seen_at(there, depth_there, other.depth)
    there[np.isnan(depth)] = np.nan
    return there.astype(np.float32), visible


def _depth_at(xy: NDArray, depth: NDArray) -> NDArray:
    """Depth between pixels: of the plane through the nearest three, or of the nearest at edges."""
    height, width = depth.shape
    nearest = np.floor(xy + 0.5).astype(int)
    inside = ((nearest >= 0) & (nearest < [width, height])).all(1)
    x, y = np.clip(nearest, 0, [width - 1, height - 1]).T
    here = np.where(inside, depth[y, x], np.nan)
    off_x, off_y = xy[:, 0] - x, xy[:, 1] - y
    x2 = np.clip(x + np.where(off_x >= 0, 1, -1), 0, width - 1)
    y2 = np.clip(y + np.where(off_y >= 0, 1, -1), 0, height - 1)
    # On a plane it is inverse depth that is linear in the pixel.
    with np.errstate(invalid="ignore"):
        beside = 1 / depth[y, x2] - 1 / here
        below = 1 / depth[y2, x] - 1 / here
        between = 1 / (1 / here + np.abs(off_x) * beside + np.abs(off_y) * below)
        flat = np.abs(between / here - 1) < SAME_SURFACE
    return np.where(flat, between, here)


def _seen_at(xy: NDArray, depth: NDArray, depths: NDArray) -> NDArray[np.bool_]:
    """Whether the image shows a surface of that depth within a pixel of the point."""
    height, width = depths.shape
    seen = np.zeros(len(xy), bool)
    with np.errstate(invalid="ignore"):
        inside = ((xy >= -0.5) & (xy <= np.array([width, height]) - 0.5)).all(1) & (depth > 0)
    nearest = np.floor(np.where(inside[:, None], xy, 0) + 0.5).astype(int)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            x, y = np.clip(nearest + np.array([dx, dy]), 0, [width - 1, height - 1]).T
            with np.errstate(invalid="ignore"):
                seen |= np.abs(depths[y, x] / depth - 1) < SAME_SURFACE
    return seen & inside


def _region(view: _View, other: _View) -> NDArray[np.bool_]:
    height, width = view.depth.shape
    y, x = np.mgrid[:height, :width]
    _, visible = _transfer(np.c_[x.ravel(), y.ravel()].astype(np.float64), view, other)
    return visible.reshape(height, width)
