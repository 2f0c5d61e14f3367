"""Ground truth from geometry: how much of a landmark a picture shows. NumPy and OpenCV alone."""

from __future__ import annotations

import cv2
import numpy as np

from .cameras import Camera

LANDMARK, OTHER = 1, 2
"""Object indices: what a mask tells apart."""
GOOD, OK = 0.60, 0.25
"""Least visible share of a landmark in a *good* and in an *ok* picture; below it is *junk*."""
SMALLEST = 0.015
"""A landmark on a smaller share of the picture is junk, however clear."""


def silhouette_pixels(triangles: np.ndarray, camera: Camera, margin: float = 3.0) -> np.ndarray:
    """The landmark alone, as its mask on a canvas of `margin` times the picture's size.

    triangles: (T, 3, 3). Nothing hides it and no edge cuts it; the picture lies in the middle.
    """
    width, height = camera.size
    offset = np.array([width, height]) * (margin - 1) / 2
    pixels, depth = camera.project(triangles.reshape(-1, 3))
    before = (depth.reshape(-1, 3) > 0.3).all(1)
    corners = (pixels.reshape(-1, 3, 2)[before] + offset).clip(-1e5, 1e5)
    canvas = np.zeros((round(height * margin), round(width * margin)), np.uint8)
    shift = 4  # fractional bits of OpenCV's fixed-point corners
    for corner in np.round(corners * (1 << shift)).astype(np.int32):
        cv2.fillConvexPoly(canvas, corner, 1, cv2.LINE_8, shift)
    return canvas


def visible_share(mask: np.ndarray, triangles: np.ndarray, camera: Camera) -> float:
    """Seen pixels of the landmark over those it would have with no occluder and no frame."""
    whole = int(silhouette_pixels(triangles, camera).sum())
    return min(1.0, float(mask.sum()) / whole) if whole else 0.0


def classify(share: float, area: float) -> str:
    """Oxford5k's classes: "good", "ok", "junk" or "absent".

    share: visible share of the landmark; area: its share of the picture.
    """
    if area == 0:
        return "absent"
    if share >= GOOD and area >= SMALLEST:
        return "good"
    return "ok" if share >= OK and area >= SMALLEST else "junk"


def box(mask: np.ndarray) -> list[int] | None:
    """The landmark's bounding box [x0, y0, x1, y1] in pixels, last ones included."""
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])]
