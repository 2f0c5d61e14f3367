"""The table is measured cell by cell, and nothing twice."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from delf_lesson.cli.main import command
from delf_lesson.datasets.loading import load_folder
from delf_lesson.evaluation import table
from delf_lesson.evaluation import table as table_cell
from delf_lesson.evaluation.comparison import Recall
from delf_lesson.evaluation.table import (
    COLUMNS,
    FIRST,
    benchmark_system,
    load_column,
    measure_table,
    measurement_key,
    read_table,
)
from delf_lesson.systems.baselines import ColourHistogram, RandomVector
from delf_lesson.systems.registry import BASELINES, SYSTEMS, find_system

QUICK = ("colours", "random", "OpenCV-SIFT")


@pytest.fixture
def towns(photos, monkeypatch):
    """A folder of photographs instead of each town; the calls that are made for it."""
    for path in photos.glob("other_*.png"):
        (photos / "_distractors").mkdir(exist_ok=True)
        path.rename(photos / "_distractors" / path.name)
    calls = []

    def load(name, distractors):
        calls.append((name, distractors))
        return load_folder(photos, distractors)

    monkeypatch.setattr(table_cell, "load", load)
    monkeypatch.setattr(
        table_cell, "recall_by_condition", lambda *_: {"light": {"day": Recall(0.5, 2)}}
    )
    return calls


def test_what_was_measured_is_not_measured_again(towns, tmp_path, monkeypatch):
    path = tmp_path / "results" / "table.json"
    first = []
    for cell in measure_table(path, QUICK, ("albion", "albion+d")):
        first.append(cell)
        kept = read_table(path)["cells"][cell.system][cell.column]  # written at once
        assert kept["map"] == pytest.approx(cell.values["map"], abs=1e-5)
        if len(first) == 4:
            break
    assert set(towns) == {("albion", False), ("albion", True)}
    again = list(measure_table(path, QUICK, ("albion", "albion+d")))
    assert [cell.fresh for cell in again] == [False] * 4 + [True] * 2
    assert [(c.system, c.column) for c in again[:4]] == [(c.system, c.column) for c in first]
    for name in QUICK:
        cells = read_table(path)["cells"][name]
        assert cells["albion"]["images"] == 4 and cells["albion+d"]["images"] == 10
        for cell in cells.values():
            assert cell["describe_seconds"] > 0 and cell["bytes_per_image"] > 0
            assert len(cell["average_precisions"]) == cell["queries"]
            low, high = cell["map_interval"]
            assert low <= cell["map"] <= high or np.isclose(low, high)
            assert cell["found"] == {"light": {"day": [0.5, 2]}}
            assert all(0 < len(first) <= FIRST for first in cell["first"].values())
    changed = json.loads(path.read_text())
    changed["cells"]["random"]["albion"]["key"] = "of other weights"
    path.write_text(json.dumps(changed))
    fresh = [c.system for c in measure_table(path, QUICK, ("albion",)) if c.fresh]
    assert fresh == ["random"]


def test_a_table_of_another_version_is_begun_anew(towns, tmp_path):
    path = tmp_path / "table.json"
    with pytest.raises(FileNotFoundError, match="make bench"):
        read_table(path)
    for content in ("{", '{"version": 0}'):
        path.write_text(content)
        with pytest.raises(ValueError, match="make bench"):
            read_table(path)
    list(measure_table(path, ("random",), ("albion",)))
    assert set(read_table(path)["cells"]) == {"random"}


def test_lift_stays_in_the_small_sets(towns, tmp_path):
    assert set(table.SMALL_ONLY) <= {*SYSTEMS, *BASELINES}
    path = tmp_path / "table.json"
    assert list(measure_table(path, ("LIFT", "OpenCV-RootSIFT-votes"), ("albion+d",))) == []
    with pytest.raises(ValueError, match="paris6k"):
        list(measure_table(path, QUICK, ("paris6k",)))
    with pytest.raises(ValueError, match="DELF-9"):
        list(measure_table(path, ("DELF-9",), COLUMNS))


def test_the_command_writes_the_table(towns, tmp_path):
    out = tmp_path / "table.json"
    words = ["table", "--out", str(out), "--system", "colours", "--column", "albion"]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0 and "colours" in done.output and "mAP" in done.output
    assert "measured before" in CliRunner().invoke(command, words).output
    wrong = CliRunner().invoke(command, [*words[:-1], "paris6k"])
    assert wrong.exit_code == 1 and "paris6k" in wrong.output


def test_baselines_by_hand():
    image = np.zeros((10, 20, 3), np.uint8)
    image[:, 15:] = (255, 0, 0)
    vector = ColourHistogram().extract(image).vector
    assert vector.shape == (512,) and sorted(vector[vector > 0].tolist()) == pytest.approx(
        [0.25**0.5, 0.75**0.5]
    )
    draws = [RandomVector().extract(np.full((4, 4, 3), k, np.uint8)).vector for k in (1, 2, 1)]
    assert np.array_equal(draws[0], draws[2]) and abs(float(draws[0] @ draws[1])) < 0.5
    assert find_system("random").name == "random"
    assert not set(BASELINES) & set(SYSTEMS)


@pytest.mark.parametrize("name", ["colours", "siaMAC", "DIR+QE", "DELF+FT+ATT"])
def test_the_shipped_table_is_of_the_shipped_weights_and_pictures(name):
    cells = read_table()["cells"]
    for column in ("albion", "lutetia"):
        key = measurement_key(find_system(name), load_column(column))
        assert cells[name][column]["key"] == key, "run `make bench`"


@pytest.mark.slow
def test_a_row_of_the_shipped_table_comes_out_again():
    cell, now = (
        read_table()["cells"]["colours"]["albion"],
        benchmark_system(find_system("colours"), "albion"),
    )
    for name in ("map", "map_interval", "precision_at_1", "average_precisions", "threshold"):
        assert now[name] == pytest.approx(cell[name], abs=1e-4), name
    assert now["found"]["light"]["night"] == pytest.approx(
        cell["found"]["light"]["night"], abs=1e-4
    )
    assert [one[0][0] for one in now["first"].values()] == [
        one[0][0] for one in cell["first"].values()
    ]
