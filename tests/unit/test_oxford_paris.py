"""The real benchmarks' truth, in their own formats."""

import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from delf_lesson.datasets import oxford_paris
from delf_lesson.datasets.oxford_paris import DAMAGED, original_truth, revisited_truth

REAL = Path(__file__).resolve().parents[3] / "shared" / "groundtruth" / "oxford5k_gt"


def test_the_real_files_of_oxford_are_read():
    """Its picture ids are renumbered, its lists and boxes are as they were."""
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not here")
    files = sorted(REAL.glob("*.txt"))
    names = {line.split()[0] for path in files for line in path.open() if line.strip()}
    queries, truth = original_truth(files, {name: Path(f"{name}.jpg") for name in names})
    assert Counter(query.landmark for query in queries) == dict.fromkeys(
        "all_souls ashmolean balliol bodleian christ_church cornmarket hertford keble magdalen "
        "pitt_rivers radcliffe_camera".split(),
        5,
    )
    first = next(query for query in queries if query.name == "all_souls_1")
    assert first.box == (136.5, 34.1, 648.5, 955.7) and first.path == Path("00023.jpg")
    # The published sizes: 24 good, 54 ok and 33 junk pictures of All Souls.
    sizes = truth["all_souls_1"]
    assert (len(sizes.good), len(sizes.ok), len(sizes.junk)) == (24, 54, 33)


def files(tmp_path, **content) -> list[Path]:
    found = {"query": "oxc1_tower_000001 1 2 30 40", "good": "tower_000001", "ok": "", "junk": ""}
    for kind, text in {**found, **content}.items():
        if text is not None:
            (tmp_path / f"tower_1_{kind}.txt").write_text(text)
    return sorted(tmp_path.glob("*.txt"))


IMAGES = {f"tower_{k:06}": Path(f"tower_{k:06}.jpg") for k in range(5)}


def test_damaged_pictures_of_paris_are_no_truth(tmp_path):
    assert len(DAMAGED) == 20
    found = files(tmp_path, ok="paris_louvre_000136\ntower_000002", query="tower_000001 1 2 30 40")
    _, truth = original_truth(found, IMAGES)
    assert truth["tower_1"].ok == {"tower_000002"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"good": "tower_000009"}, "tower_1_good.txt names tower_000009, which is not among the 5"),
        ({"query": "oxc1_church_000001 1 2 3 4"}, "names church_000001"),
        ({"query": "oxc1_tower_000001 1 2 3"}, "is no query"),
        ({"query": "<html>"}, "is no query"),
        ({"junk": None}, "tower_1_junk.txt is missing"),
        ({"query": None}, "none ends in _query.txt"),
    ],
)
def test_what_does_not_fit_together_is_refused(content, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        original_truth(files(tmp_path, **content), IMAGES)


def gnd(tmp_path, **changes) -> Path:
    one = {"bbx": np.array([1, 2, 30, 40.5]), "easy": [0], "hard": np.array([1]), "junk": []}
    content = {
        "imlist": ["tower_000001", "tower_000002"],
        "qimlist": ["tower_000003"],
        "gnd": [{**one, **changes.pop("one", {})}],
        **changes,
    }
    path = tmp_path / "gnd_some.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


def test_levels_of_the_protocol_become_the_classes_of_truth(tmp_path):
    database, (query,), truth = revisited_truth(gnd(tmp_path), IMAGES)
    assert database == ["tower_000001", "tower_000002"]
    assert (query.name, query.landmark, query.box) == ("tower_000003", "tower", (1, 2, 30, 40.5))
    found = truth["tower_000003"]
    assert (found.good, found.ok, found.junk) == ({"tower_000001"}, {"tower_000002"}, frozenset())


def test_paris_names_its_landmarks_after_the_town(tmp_path):
    images = {**IMAGES, "paris_defense_000605": Path("paris_defense_000605.jpg")}
    _, (query,), _ = revisited_truth(gnd(tmp_path, qimlist=["paris_defense_000605"]), images)
    assert query.landmark == "defense"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imlist": ["tower_000001", "tower_000077"]}, "names tower_000077"),
        ({"one": {"easy": [2]}}, "is no ground truth of the protocol"),
        ({"one": {"bbx": None}}, "is no ground truth of the protocol"),
        ({"gnd": 5}, "is no ground truth of the protocol"),
        ({"qimlist": ["tower_000003", "tower_000004"]}, "shorter"),
    ],
)
def test_another_pickle_is_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        revisited_truth(gnd(tmp_path, **changes), IMAGES)


def test_only_the_known_names_are_benchmarks():
    with pytest.raises(ValueError, match="choose oxford5k, paris6k"):
        oxford_paris.load_oxford_paris("holidays")
