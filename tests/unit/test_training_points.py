"""The training landmarks' points lie where their pictures show them."""

import numpy as np
import pytest

from delf_lesson.datasets.rendered import Camera
from delf_lesson.datasets.training_set import LandmarkPoints, training_points


def test_projection_and_shares_by_hand():
    """A camera at the origin that looks along y, 100 pixels wide a metre at one metre."""

    class Seen:
        camera = Camera(
            np.array([[100.0, 0, 50], [0, 100, 40], [0, 0, 1]]),
            np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
            np.zeros(3),
        )

    points = LandmarkPoints(
        "one",
        (Seen(), Seen()),
        np.array([[0, 2, 0], [1, 4, 1]], np.float32),
        np.array([0.1, 0.2], np.float32),
        np.array([[True, True], [True, False]]),
    )
    xy, diameter = points.project(0)
    assert xy.tolist() == [[50, 40], [75, 15]]
    assert diameter.tolist() == pytest.approx([5, 5])
    assert points.covisible.tolist() == [[1, 0.5], [1, 1]]


def test_points_that_a_picture_shows_lie_on_its_landmark():
    on, offered = 0, 0
    for landmark in training_points()[::40]:
        assert landmark.seen.shape == (len(landmark.images), len(landmark.xyz))
        assert (landmark.seen.sum(0) >= 3).all() and (landmark.size > 0).all()
        for row, picture in enumerate(landmark.images[::5]):
            mask = picture.mask()
            x, y = np.rint(landmark.project(5 * row)[0][landmark.seen[5 * row]]).astype(int).T
            on += mask[y, x].sum()
            offered += len(x)
    assert offered > 2000 and on == offered


def test_every_landmark_has_its_own_points():
    names = [landmark.landmark for landmark in training_points()]
    assert names == sorted(set(names)) and len(names) == 120
    assert min(len(landmark.xyz) for landmark in training_points()) >= 20
    assert all(p.noise is None for landmark in training_points() for p in landmark.images)
