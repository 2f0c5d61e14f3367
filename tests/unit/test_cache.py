"""Kept features are used, and damage or a full disk costs time only."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from delf_lesson.cache import FeatureCache
from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.images import LoadedImage
from delf_lesson.retrieval.database import ImageDatabase


class Counting(OpenCVSift):
    """Counts how often it really extracts."""

    calls = 0

    def extract(self, image):
        Counting.calls += 1
        return super().extract(image)


@pytest.fixture
def describe(tmp_path, photos):
    Counting.calls = 0
    image = photos / "scene_1" / "a.png"

    def run(source=image, **settings):
        database = ImageDatabase(Counting(**settings), FeatureCache(tmp_path / "kept"))
        return database.describe(source)

    return run


def kept_files(tmp_path):
    return [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]


def test_the_second_time_nothing_is_extracted(describe):
    first, second = describe(), describe()
    assert Counting.calls == 1
    assert np.array_equal(first.descriptors, second.descriptors)


def test_the_key_is_the_content_not_the_name(describe, photos):
    describe()
    copy = photos / "elsewhere.png"
    copy.write_bytes((photos / "scene_1" / "a.png").read_bytes())
    describe(copy)
    assert Counting.calls == 1
    copy.write_bytes((photos / "scene_2" / "a.png").read_bytes())
    describe(copy)
    assert Counting.calls == 2


def test_other_settings_are_extracted_anew(describe):
    for settings in ({}, {"root": False}, {"max_keypoints": 7}, {"max_side": 100}):
        describe(**settings)
    assert Counting.calls == 4
    assert len(describe(max_keypoints=7)) == 7
    assert Counting.calls == 4


def test_arrays_are_kept_by_shape_and_values(describe, texture):
    describe(texture(1))
    describe(texture(1))
    assert Counting.calls == 1

    def digest(array):
        return LoadedImage(array).digest

    assert digest(np.zeros((2, 3))) != digest(np.zeros((3, 2)))
    assert digest(np.zeros(4, np.uint8)) != digest(np.zeros(1, np.uint32))


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_entry_is_made_again(describe, tmp_path, damage):
    first = describe()
    (entry,) = kept_files(tmp_path)
    entry.write_bytes(entry.read_bytes()[:500] if damage is None else damage)
    assert np.array_equal(describe().descriptors, first.descriptors)
    assert Counting.calls == 2
    describe()
    assert Counting.calls == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_killed_in_the_middle_of_a_write_the_next_run_recovers(describe, tmp_path, photos, moment):
    code = (
        "import os, signal, sys; from pathlib import Path; import delf_lesson.files as files\n"
        f"files.os.{moment} = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from delf_lesson.classical.sift import OpenCVSift\n"
        "from delf_lesson.cache import FeatureCache\n"
        "from delf_lesson.retrieval.database import ImageDatabase\n"
        "ImageDatabase(OpenCVSift(), FeatureCache(Path(sys.argv[1]))).describe(sys.argv[2])"
    )
    image = str(photos / "scene_1" / "a.png")
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "kept"), image])
    assert run.returncode == -signal.SIGKILL
    assert not [path for path in kept_files(tmp_path) if path.suffix == ".npz"]
    describe()
    describe()
    assert Counting.calls == 1


def test_a_cache_that_cannot_be_written_is_no_error(describe, tmp_path):
    (tmp_path / "kept").write_text("a file where the folder should be")
    assert len(describe()) > 0


def test_the_folder_is_the_one_asked_for(own_cache):
    assert FeatureCache.default().folder == own_cache / "features"
