"""Pinhole cameras, and where photographers stand. NumPy alone: tests and truth need no Blender."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """A pinhole: pixel ~ K (R X + t), X in metres (Z up), pixel centres at integers.

    K: (3, 3); R: (3, 3), rows are the camera's right, down and forward; t: (3,);
    size: (width, height) in pixels.
    """

    K: np.ndarray
    R: np.ndarray
    t: np.ndarray
    size: tuple[int, int]

    @property
    def centre(self) -> np.ndarray:
        """Where the camera stands, (3,)."""
        return -self.R.T @ self.t

    @property
    def field_of_view(self) -> float:
        """The horizontal angle of view in radians."""
        return 2 * float(np.arctan(self.size[0] / (2 * self.K[0, 0])))

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (N, 2) and depths along the axis (N,) of points (N, 3)."""
        seen = points @ self.R.T + self.t
        pixels = seen @ self.K.T
        with np.errstate(divide="ignore", invalid="ignore"):
            return pixels[:, :2] / pixels[:, 2:], seen[:, 2]

    def as_record(self) -> dict:
        """Plain numbers for a JSON file."""
        return {
            "K": self.K.tolist(),
            "R": self.R.tolist(),
            "t": self.t.tolist(),
            "size": list(self.size),
        }


def look(eye, target, fov: float, roll: float, size: tuple[int, int], shift=(0.0, 0.0)) -> Camera:
    """A camera at `eye` towards `target`.

    fov: horizontal angle of view; roll: turn about the axis; shift: the principal point's offset
    as a share of the width, as in a photograph cropped off its centre.
    """
    eye, target = np.asarray(eye, float), np.asarray(target, float)
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    R = np.array([c * right + s * down, c * down - s * right, forward])
    width, height = size
    f = width / (2 * np.tan(fov / 2))
    cx = (width - 1) / 2 + shift[0] * width
    cy = (height - 1) / 2 + shift[1] * width
    return Camera(np.array([[f, 0, cx], [0, f, cy], [0, 0, 1.0]]), R, -R @ eye, size)


@dataclass(frozen=True)
class Habit:
    """How photographers of one set of images stand: ranges that `stand` draws from."""

    azimuth: float
    """Standard deviation of the angle off the front, degrees; cut at 60."""
    fill: tuple[float, float]
    """Landmark's size over the frame's."""
    distance: tuple[float, float]
    """Distance over the landmark's size."""
    aim: float
    """Standard deviation of the aim off the landmark's middle, as a share of its size."""
    tilted: float
    """Share of pictures that are clearly rolled."""


QUERY = Habit(azimuth=18, fill=(0.75, 1.15), distance=(0.8, 1.8), aim=0.04, tilted=0.0)
DATABASE = Habit(azimuth=36, fill=(0.38, 1.9), distance=(0.55, 2.3), aim=0.13, tilted=0.12)


def before(low, high) -> np.ndarray:
    """The point on the ground, (3,), before a landmark's middle: distances count from it."""
    return np.array([(low[0] + high[0]) / 2, max(low[1], -6.0), 0.0])


def stand(rng: np.random.Generator, habit: Habit, low, high, size: tuple[int, int]) -> Camera:
    """A camera before a landmark of the bounds `low` to `high`, (3,) each."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    azimuth = np.radians(np.clip(rng.normal(0, habit.azimuth), -60, 60))
    width, depth, height = high - low
    across = abs(np.cos(azimuth)) * width + abs(np.sin(azimuth)) * 0.6 * depth
    aspect = size[0] / size[1]
    fill = np.exp(rng.uniform(*np.log(habit.fill)))
    extent = max(height, across / aspect)  # what must fit into the picture's height
    distance = np.clip(extent * np.exp(rng.uniform(*np.log(habit.distance))), 14.0, 130.0)
    front = before(low, high)
    raised = rng.random() < 0.15
    eye_height = rng.uniform(5, 0.3 * height + 8) if raised else rng.uniform(1.5, 1.9)
    eye = front + [np.sin(azimuth) * distance, -np.cos(azimuth) * distance, eye_height]
    half = np.arctan(extent / (2 * fill * distance))
    vertical = np.clip(2 * half, np.radians(14), np.radians(72))
    fov = 2 * np.arctan(np.tan(vertical / 2) * aspect)
    target = front + [
        0,
        min(0.25 * depth, 6.0),
        np.clip(height / 2 / max(fill, 1.0) ** 0.7, 2.0, None),
    ]
    spread = habit.aim * extent * max(1.0, fill)
    target = target + [
        rng.normal(0, spread),
        0,
        abs(rng.normal(0, 0.7 * spread)) if fill > 1 else rng.normal(0, 0.5 * spread),
    ]
    roll = np.radians(rng.normal(0, 1.6))
    if rng.random() < habit.tilted:
        roll = np.radians(rng.choice([-1, 1]) * rng.uniform(8, 22))
    shift = rng.uniform(-0.08, 0.08, 2) if rng.random() < 0.3 else (0.0, 0.0)
    return look(eye, target, fov, roll, size, shift)


def wander(
    rng: np.random.Generator, size: tuple[int, int], along=(0.0, 1.0), spread=12.0
) -> Camera:
    """A camera at eye level in a street or a landscape that runs along a direction of the plan."""
    along = np.asarray(along, float)
    side = np.array([-along[1], along[0]])
    eye = np.r_[
        along * rng.uniform(-35, 10) + side * rng.uniform(-0.25, 0.25) * spread,
        rng.uniform(1.5, 2.2),
    ]
    if rng.random() < 0.2:
        eye[2] = rng.uniform(4, 9)
    turn = rng.normal(0, np.radians(24))
    way = along * np.cos(turn) + side * np.sin(turn)
    target = eye + np.r_[30 * way, rng.uniform(0.5, 7.0)]
    fov = np.radians(rng.uniform(38, 76) if size[0] > size[1] else rng.uniform(30, 58))
    return look(eye, target, fov, np.radians(rng.normal(0, 1.8)), size)
