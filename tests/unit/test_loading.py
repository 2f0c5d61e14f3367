"""A folder of one's own photographs as a benchmark."""

import pytest
from PIL import Image

from delf_lesson.datasets import load


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "mine"
    for name in (
        "arch/one.png", "arch/two.png", "arch/deeper/three.png", "bridge/one.png",
        "bridge/two.png", "alone/one.png", "_distractors/cat.png", "loose.png", ".trash/x.png",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / name)
    return root


def test_every_picture_of_a_place_asks_for_the_others(folder):
    found = load(f"folder:{folder}")
    assert {query.name for query in found.queries} == {
        "arch/one.png", "arch/two.png", "arch/deeper/three.png", "bridge/one.png",
        "bridge/two.png",
    }  # fmt: skip
    known = found.truth["arch/one.png"]
    assert known.positives == {"arch/two.png", "arch/deeper/three.png"}
    assert known.junk == {"arch/one.png"}  # the query itself
    assert {found.name_of(path) for path in found.images} == {*found.truth, "alone/one.png"}
    assert {query.landmark for query in found.queries} == {"arch", "bridge"}


def test_distractors_come_when_they_are_asked_for(folder):
    plain, larger = load(f"folder:{folder}"), load(f"folder:{folder}", distractors=True)
    assert set(larger.images) - set(plain.images) == {folder / "_distractors" / "cat.png"}
    assert larger.truth == plain.truth
    assert (plain.name, larger.name) == ("mine", "mine+D")


def test_folders_that_hold_no_benchmark(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        load(f"folder:{tmp_path / 'nowhere'}")
    with pytest.raises(ValueError, match=r"no sub-folder of .* holds two pictures"):
        load(f"folder:{folder / 'bridge'}")
    (folder / "_distractors" / "cat.png").unlink()
    with pytest.raises(FileNotFoundError, match="_distractors holds no pictures"):
        load(f"folder:{folder}", distractors=True)
    with pytest.raises(ValueError, match="folder:PATH"):
        load("oxford")
