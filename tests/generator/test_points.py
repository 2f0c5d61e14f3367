"""The shipped points are those that the generator makes from the shipped pictures."""

import numpy as np
import pytest

from data.generator.points import _points
from delf_lesson.datasets.training_set import training_points


@pytest.mark.slow
def test_points_come_out_again():
    landmark = training_points()[31]
    xyz, size, seen = _points(landmark.images)
    # OpenCV's keypoints may differ in few places between processors
    shipped = {tuple(np.round(point, 2)) for point in landmark.xyz.astype(float)}
    again = {tuple(np.round(point, 2)) for point in xyz.astype(np.float32).astype(float)}
    assert len(shipped & again) > 0.95 * len(shipped | again)
    assert seen.shape[0] == len(landmark.images) and len(size) == len(xyz)
