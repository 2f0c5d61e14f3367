"""The rendered training set: its forms, noise and attributes, and its known points."""

import hashlib
import shutil
from collections import Counter

import numpy as np
import pytest

from delf_lesson.datasets import rendered
from delf_lesson.datasets.rendered import Camera
from delf_lesson.datasets.training_set import LandmarkPoints, training_images, training_points


def test_the_clean_training_set_is_the_full_one_without_its_noise():
    clean, full = training_images("clean"), training_images("full")
    assert set(clean) < set(full)
    assert all(p.noise is None and p.label == p.landmark and p.crop is None for p in clean)
    counts = Counter(p.landmark for p in full)
    assert len(counts) >= 120 and set(counts.values()) == {40}
    rates = Counter(p.noise for p in full)
    assert rates["wrong_label"] / len(full) == pytest.approx(0.10, abs=0.015)
    assert rates["crop"] / len(full) == pytest.approx(0.15, abs=0.015)
    assert all(p.label != p.landmark for p in full if p.noise == "wrong_label")
    with pytest.raises(ValueError, match="form is 'dirty'; wanted clean or full"):
        training_images("dirty")


def test_a_training_set_of_ones_own_is_read_from_its_folder(tmp_path):
    shipped = rendered.data_folder()
    (tmp_path / "training").mkdir()
    lines = (shipped / "training" / "images.jsonl").read_text().splitlines(keepends=True)[:40]
    archive = f"training/{training_images('full')[0].landmark}.zip"
    shutil.copyfile(shipped / archive, tmp_path / archive)
    (tmp_path / "training" / "images.jsonl").write_text("".join(lines))
    with pytest.raises(FileNotFoundError, match="SHA256SUMS is missing"):
        training_images("full", tmp_path)
    sums = [
        f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("training/images.jsonl", archive)
    ]
    (tmp_path / "SHA256SUMS").write_text("".join(sums))
    own = training_images("full", tmp_path)
    assert len(own) == 40
    assert np.array_equal(own[3].read(), training_images("full")[3].read())
    (tmp_path / archive).write_bytes(b"spoiled")
    with pytest.raises(ValueError, match="has changed since it was shipped"):
        own[3].read()


def test_training_pictures_are_small_and_cropped_ones_smaller():
    full = training_images("full")
    whole = next(p for p in full if p.crop is None)
    assert sorted(whole.read().shape) == [3, 168, 224]
    assert whole.mask().shape == whole.read().shape[:2]
    cut = next(p for p in full if p.crop)
    x0, y0, x1, y1 = cut.crop
    assert cut.read().shape == (y1 - y0 + 1, x1 - x0 + 1, 3)
    assert cut.mask().shape == cut.read().shape[:2]


def test_the_training_set_shares_no_building_with_the_cities():
    cities = {(p.family, p.seed) for c in rendered.CITIES for p in rendered.rendered_images(c)}
    trained = {tuple(p.landmark.rsplit("_", 1)) for p in training_images("full")}
    assert not {(family, int(seed)) for family, seed in trained} & cities


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
