"""The command keeps the interface that scripts rely on."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from delf_lesson.cli.main import command
from delf_lesson.cli.options import DEFAULT_SYSTEM
from delf_lesson.features import ImageVector, LocalFeatures
from delf_lesson.images import read_image
from delf_lesson.systems import registry as systems
from delf_lesson.systems.specification import LocalSystem


def run(*words):
    return CliRunner().invoke(command, [str(word) for word in words])


def test_json_is_one_object_of_the_promised_form(photos):
    (photos / "broken.jpg").write_bytes(b"no picture")
    query = photos / "scene_1" / "a.png"
    done = run("search", photos, query, "--json", "--top", 3)
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert set(answer) == {"query", "system", "results", "skipped", "seconds"}
    assert answer["query"] == str(query) and answer["system"] == DEFAULT_SYSTEM
    assert len(answer["results"]) == 3
    assert answer["results"][0]["image"] == str(photos / "scene_1" / "b.jpg")
    for result in answer["results"]:
        assert set(result) == {"image", "score", "inliers"}
        assert isinstance(result["score"], float) and isinstance(result["inliers"], int)
    reasons = {skipped["image"]: skipped["reason"] for skipped in answer["skipped"]}
    assert set(reasons) == {str(query), str(photos / "broken.jpg")}
    assert answer["seconds"] and all(seconds >= 0 for seconds in answer["seconds"].values())
    assert "broken.jpg" in done.stderr and "1 image was skipped" in done.stderr


def test_without_json_the_ranking_is_readable(photos):
    done = run("search", photos, photos / "scene_1" / "a.png", "--top", 2)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and "scene_1/b.jpg" in lines[0] and "inliers" in lines[0]


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return tmp_path_factory.mktemp("features")


@pytest.fixture
def shared_cache(features, monkeypatch):
    """Systems with the same extractor describe the images once."""
    monkeypatch.setenv("DELF_LESSON_CACHE", str(features))


@pytest.mark.parametrize(
    "system",
    [
        name if name.startswith("OpenCV") else pytest.param(name, marks=pytest.mark.slow)
        for name in systems.SYSTEMS
    ],
)
def test_every_system_finds_the_other_view(photos, system, shared_cache):
    """Vectors of whole images, trained on towns, only have to rank these blobs."""
    done = run("search", photos, photos / "scene_2" / "a.png", "--system", system, "--json")
    results = json.loads(done.stdout)["results"]
    if isinstance(systems.SYSTEMS[system], LocalSystem):
        assert results[0]["image"] == str(photos / "scene_2" / "b.jpg")
    else:
        assert len(results) == 9 and results[0]["score"] > results[-1]["score"]


def test_the_default_system_exists():
    assert DEFAULT_SYSTEM == systems.DEFAULT_SYSTEM and DEFAULT_SYSTEM in systems.SYSTEMS


def test_the_picture_is_a_png_of_at_most_900_pixels(photos, tmp_path):
    out = tmp_path / "found.png"
    assert run("search", photos, photos / "scene_1" / "a.png", "--picture", out).exit_code == 0
    with Image.open(out) as picture:
        assert picture.format == "PNG" and 300 < picture.width <= 900


def test_wrong_calls_end_with_2_and_say_why(photos, tmp_path):
    query = photos / "scene_1" / "a.png"
    (tmp_path / "file").write_text("")
    for words, message in (
        ((tmp_path / "nowhere", query), "nowhere"),
        ((query, query), "is a file"),
        ((photos, tmp_path / "nothing.png"), "nothing.png"),
        ((photos, photos), "is a directory"),
        ((photos, query, "--system", "DELF-9"), "OpenCV-RootSIFT"),
        ((photos, query, "--top", 0), "--top"),
        ((photos, query, "--picture", tmp_path / "no" / "x.png"), "choose another"),
        ((photos, query, "--picture", tmp_path / "file" / "x.png"), "choose another"),
        ((photos, query, "--picture", tmp_path), ".png"),
        ((photos, query, "--picture", tmp_path / "x.pdf"), ".png"),
    ):
        done = run("search", *words)
        assert done.exit_code == 2, words
        assert message in " ".join(done.stderr.split()), words
        assert done.stdout == ""


def test_work_that_fails_ends_with_1_and_keeps_the_older_picture(photos, tmp_path):
    out = tmp_path / "found.png"
    out.write_bytes(b"an older picture")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.png").write_bytes(b"no picture")
    query = photos / "scene_1" / "a.png"
    for words in ((tmp_path / "empty", query), (photos, tmp_path / "broken.png")):
        done = run("search", *words, "--picture", out, "--json")
        assert done.exit_code == 1
        assert done.stdout == "" and "Error" in done.stderr
        assert out.read_bytes() == b"an older picture"


def test_extract_writes_what_the_system_finds(photos, tmp_path):
    image, out = photos / "scene_1" / "a.png", tmp_path / "f.npz"
    assert run("extract", image, "--system", "OpenCV-SIFT", "--out", out).exit_code == 0
    expected = systems.SYSTEMS["OpenCV-SIFT"].make_extractor().extract(read_image(image))
    assert np.array_equal(LocalFeatures.load(out).descriptors, expected.descriptors)


def test_extract_writes_the_vector_of_a_system_of_whole_images(photos, tmp_path):
    image, out = photos / "scene_1" / "a.png", tmp_path / "f.npz"
    done = run("extract", image, "--system", "siaMAC", "--out", out)
    assert done.exit_code == 0 and "1 vector of 672 numbers" in done.stdout
    expected = systems.SYSTEMS["siaMAC"].make_extractor().extract(read_image(image)).vector
    assert np.allclose(ImageVector.load(out).vector, expected, atol=1e-6)
    both = run("extract", image, "--system", "DELF+FT+ATT+DIR+QE", "--out", out)
    assert both.exit_code == 2 and "DIR+QE" in both.stderr


def test_a_ranking_by_vectors_shows_scores(photos):
    done = run("search", photos, photos / "scene_1" / "a.png", "--system", "colours", "--top", 1)
    assert done.exit_code == 0 and "score 0." in done.stdout and "inliers" not in done.stdout


def test_extract_refuses_what_it_cannot_do(photos, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    image, out = photos / "scene_1" / "a.png", tmp_path / "f.npz"
    assert run("extract", image).exit_code == 2
    assert run("extract", image, "--out", tmp_path / "f.txt").exit_code == 2
    assert run("extract", tmp_path / "broken.png", "--out", out).exit_code == 1
    assert not out.exists()


@pytest.mark.slow
def test_doctor_json_is_one_object():
    done = run("doctor", "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == (0 if answer["ok"] else 1)
    assert {"name", "status", "detail", "remedy"} == set(answer["checks"][0])


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import delf_lesson", {"numpy", "torch", "cv2", "faiss", "matplotlib", "IPython"}),
        (
            "import delf_lesson.cli.main",
            {"numpy", "torch", "cv2", "faiss", "matplotlib", "IPython"},
        ),
        ("import delf_lesson.classical.sift", {"torch", "ipywidgets", "IPython"}),
        ("import delf_lesson.systems.registry", {"torch", "ipywidgets", "IPython"}),
    ],
)
def test_heavy_libraries_are_loaded_only_where_needed(code, absent):
    code += f"; import sys; print(sorted({absent!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
