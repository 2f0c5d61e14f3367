"""LocalFeatures holds what it says, or says what is wrong."""

import os

import numpy as np
import pytest

from delf_lesson import files
from delf_lesson.features import LocalFeatures


def features(n: int = 5, **changes) -> LocalFeatures:
    rng = np.random.default_rng(0)
    descriptors = rng.normal(size=(n, 8))
    fields = {
        "xy": rng.uniform(0, 100, (n, 2)),
        "descriptors": descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True),
        "scores": rng.uniform(size=n),
        "scales": rng.uniform(0.5, 2, n),
        "image_size": (120, 100),
    }
    return LocalFeatures(**{**fields, **changes})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("xy", np.zeros((5, 3))),
        ("xy", np.zeros((2, 5))),
        ("xy", np.full((5, 2), np.nan)),
        ("descriptors", np.ones((4, 8)) / np.sqrt(8)),
        ("descriptors", np.ones((5, 8))),
        ("descriptors", np.zeros((5, 8))),
        ("scores", np.zeros((5, 1))),
        ("scores", np.full(5, np.inf)),
        ("scales", np.zeros(4)),
        ("scales", np.zeros(5)),
        ("image_size", (0, 10)),
        ("image_size", (1, 2, 3)),
    ],
)
def test_a_wrong_field_is_named(field, value):
    with pytest.raises(ValueError, match=f"^{field} "):
        features(**{field: value})


def test_no_features_are_fine():
    assert len(features(0)) == 0


def test_arrays_are_copies_that_cannot_be_written():
    xy = np.zeros((5, 2), np.float32)
    held = features(xy=xy)
    xy[:] = 7
    assert held.xy.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        held.xy[0] = 1


def test_top_gives_the_best_first():
    held = features(scores=[0.1, 0.9, 0.3, 0.9, 0.2])
    assert held.top(3).scores.tolist() == np.float32([0.9, 0.9, 0.3]).tolist()
    assert held.top(3).xy.tolist() == held.xy[[1, 3, 2]].tolist()
    assert len(held.top(100)) == 5


def test_saved_features_come_back(tmp_path):
    held = features()
    held.save(tmp_path / "f.npz")
    back = LocalFeatures.load(tmp_path / "f.npz")
    for field in ("xy", "descriptors", "scores", "scales"):
        assert np.array_equal(getattr(held, field), getattr(back, field))
    assert back.image_size == (120, 100)
    assert [path.name for path in tmp_path.iterdir()] == ["f.npz"]


@pytest.mark.parametrize("keep", [0, 1, 50, 0.5, 0.99])
def test_a_cut_off_file_is_refused_with_the_remedy(tmp_path, keep):
    path = tmp_path / "f.npz"
    features(50).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: keep if isinstance(keep, int) else int(len(whole) * keep)])
    with pytest.raises(ValueError, match="extract again"):
        LocalFeatures.load(path)


def test_files_of_others_are_refused(tmp_path):
    path = tmp_path / "f.npz"
    with pytest.raises(FileNotFoundError, match=r"f\.npz"):
        LocalFeatures.load(path)
    np.savez(path, xy=np.zeros((1, 2)))
    with pytest.raises(ValueError, match="extract again"):
        LocalFeatures.load(path)
    np.savez(path, version=1, xy=np.array([{"a": "pickle"}], dtype=object))
    with pytest.raises(ValueError, match="extract again"):
        LocalFeatures.load(path)
    np.savez(path, version=1, xy=np.zeros((1, 2)))
    with pytest.raises(ValueError, match="lacks descriptors"):
        LocalFeatures.load(path)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch, call):
    path = tmp_path / "f.npz"
    features(3).save(path)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, call, fail)
    with pytest.raises(OSError, match="No space"):
        features(4).save(path)
    monkeypatch.undo()
    assert len(LocalFeatures.load(path)) == 3
    assert os.listdir(tmp_path) == ["f.npz"]
