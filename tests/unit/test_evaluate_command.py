"""`delf-lesson evaluate` keeps the interface that scripts rely on."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from delf_lesson.cli.main import command
from delf_lesson.evaluation import report as reports
from delf_lesson.systems.registry import DEFAULT_SYSTEM

PROMISED = {
    "dataset", "system", "queries", "images", "map", "map_interval", "precision_at_1",
    "per_landmark", "seconds", "bytes_per_image", "peak_rss_bytes",
}  # fmt: skip


FAST = ("--system", "OpenCV-RootSIFT")
"""For what every system does alike."""


def run(*words):
    return CliRunner().invoke(command, ["evaluate", *(str(word) for word in words)])


def answer(*words):
    done = run(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)  # that one object and nothing else


@pytest.fixture
def places(photos):
    """The two scenes are places; what is loose becomes unrelated pictures."""
    (photos / "_distractors").mkdir()
    for path in photos.glob("*.png"):
        path.rename(photos / "_distractors" / path.name)
    return photos


def test_json_is_one_object_of_the_promised_form(places):
    found = answer("--dataset", f"folder:{places}", "--distractors")
    assert set(found) >= PROMISED
    assert found["dataset"] == f"folder:{places}" and found["system"] == DEFAULT_SYSTEM
    assert (found["queries"], found["images"]) == (4, 10)
    # each view has one other view to find, and finds it
    assert found["map"] == 1.0 and found["map_interval"] == [1.0, 1.0]
    assert found["precision_at_1"] == 1.0
    assert found["map_by_level"] == {"easy": 1.0, "medium": 1.0, "hard": None}
    assert found["per_landmark"] == {"scene_1": 1.0, "scene_2": 1.0}
    assert {"describe", "index", "search", "vote", "verify"} <= set(found["seconds"])
    assert all(seconds >= 0 for seconds in found["seconds"].values())
    assert found["bytes_per_image"] > 4 * 128 and found["peak_rss_bytes"] > 10**7
    curve = found["precision_recall"]
    assert np.diff(curve["recall"]).min() >= 0 and np.diff(curve["threshold"]).max() < 0
    assert found["threshold"]["precision"] == 0.95 and found["threshold"]["recall"] == 1.0


def test_one_query_a_place_and_without_distractors(places):
    found = answer("--dataset", f"folder:{places}", "--queries", "first", *FAST)
    assert (found["queries"], found["images"]) == (2, 4)


def test_a_report_is_kept_by_content(places, own_cache):
    words = ("--dataset", f"folder:{places}", *FAST)
    first, second = answer(*words), answer(*words)
    assert (first["cached"], second["cached"]) == (False, True)
    assert first["seconds"] == second["seconds"]
    elsewhere = shutil.copytree(places, places.parent / "elsewhere")
    assert answer("--dataset", f"folder:{elsewhere}", *FAST)["cached"]  # the same pictures
    assert not answer(*words, "--fresh")["cached"]
    assert not answer(*words, "--system", "OpenCV-SIFT")["cached"]
    assert not answer(*words, "--queries", "first")["cached"]
    assert not answer(*words, "--index", "compressed")["cached"]
    shutil.copy(places / "scene_2" / "b.jpg", places / "scene_1" / "b.jpg")
    assert not answer(*words)["cached"]  # another picture of the same name
    for path in (own_cache / "reports").iterdir():
        path.write_text("{ cut off")
    assert not answer(*words)["cached"]


def test_features_kept_before_are_not_called_extracted(places):
    words = ("--dataset", f"folder:{places}", *FAST)
    assert answer(*words)["extracted"] == 4
    assert answer(*words, "--fresh")["extracted"] == 0


def test_codes_take_less_than_descriptors(places):
    words = ("--dataset", f"folder:{places}", "--distractors", *FAST)
    exact, coded = answer(*words), answer(*words, "--index", "compressed")
    assert coded["map"] > 0.7 and (exact["index"], coded["index"]) == ("exact", "compressed")
    assert coded["index_bytes"] < exact["index_bytes"] / 4


def test_without_json_it_is_readable_and_the_curve_is_drawn(places, tmp_path):
    out = tmp_path / "curve.png"
    done = run("--dataset", f"folder:{places}", "--picture", out, *FAST)
    assert done.exit_code == 0
    assert (
        "mAP 1.000 [1.000, 1.000]" in done.stdout
        and "Hard none" in done.stdout
        and "scene_1" in done.stdout
    )
    with Image.open(out) as picture:
        assert picture.format == "PNG" and picture.width <= 900


def test_pictures_that_cannot_be_used_are_named_and_count_as_not_found(places):
    (places / "scene_1" / "c.png").write_bytes(b"no picture")
    found = answer("--dataset", f"folder:{places}", *FAST)
    assert [one["image"] for one in found["skipped"]] == ["scene_1/c.png"]
    assert (found["queries"], found["images"]) == (4, 4)
    # of two pictures to find one comes first: half of the area under the curve
    assert found["per_landmark"] == {"scene_1": 0.5, "scene_2": 1.0}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--dataset", "atlantis"),
            "albion, lutetia, oxford5k, paris6k, roxford5k, rparis6k or folder:PATH",
        ),
        (("--dataset", "folder:/nowhere"), "there is no folder /nowhere"),
        (("--dataset", "albion", "--system", "SURF"), "choose one of"),
        (("--dataset", "albion", "--queries", "some"), "'first', 'all'"),
        (("--dataset", "albion", "--picture", "curve.pdf"), ".png"),
        ((), "--dataset"),
    ],
)
def test_wrong_calls_end_with_2(words, message):
    done = run(*words)
    assert done.exit_code == 2 and done.stdout == ""
    assert message in " ".join(done.stderr.split())


def test_memory_is_not_made_up_where_the_system_does_not_say(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "resource", None)
    assert reports.peak_memory() is None


def test_vectors_of_whole_images_are_measured_by_their_cosine(places):
    found = answer("--dataset", f"folder:{places}", "--system", "colours", "--distractors")
    assert found["confidence"] == "vote" and 0 < found["map"] <= 1
    assert found["bytes_per_image"] == 4 * 512 and found["index_bytes"] == 10 * 4 * 512
    done = run("--dataset", f"folder:{places}", "--system", "colours", "--index", "compressed")
    assert done.exit_code == 1 and "one vector an image" in done.stderr
