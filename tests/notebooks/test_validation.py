"""Validation refuses spoilt outputs and accepts honest differences."""

import base64
import copy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from spoiling import FAULTS, HONEST, not_told

from delf_lesson.classroom.figures.image_figures import show_bars
from delf_lesson.classroom.validation import Rules, accepted, figure_similarity, same_text

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
SMALL = ("00_start_here", "03_dense_features", "08_summary_and_quiz")
"""Notebooks with figures of photos and of lines, tables, printed numbers and diagrams."""


@pytest.fixture(scope="module")
def cells():
    """The code cells with outputs, by notebook and place, and one that has every kind of number."""
    printed = nbformat.v4.new_code_cell("print(report)", id="printed")
    text = "38% of 120 images\nmAP 0.412, 12.5 px\ngain +1.25 points\n"
    printed.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    return {"printed": printed} | {
        f"{name}, cell {place}": cell
        for name in SMALL
        for place, cell in enumerate(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells)
        if cell.cell_type == "code" and cell.outputs
    }


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_spoilt_output_is_refused(cells, fault):
    tried, passed = not_told(cells, FAULTS[fault], refused=True)
    assert tried and not passed


@pytest.mark.slow
@pytest.mark.parametrize("difference", HONEST)
def test_an_honest_difference_is_accepted(cells, difference):
    tried, failed = not_told(cells, HONEST[difference], refused=False)
    assert tried and not failed


@pytest.mark.parametrize(
    ("stored", "new", "same"),
    [
        ("mAP 0.295", "mAP 0.300", True),  # 1.7%
        ("mAP 0.295", "mAP 0.310", False),  # 5%
        ("mAP 0.3", "mAP 0.4", True),  # one unit of the last digit
        ("mAP 0.3", "mAP 0.5", False),
        ("12 images", "13 images", False),
        ("1,200 images", "1,201 images", False),
        ("12%", "13%", True),
        ("12%", "14%", False),
        ("12%", "12", False),
        ("gain +1.25", "gain -1.25", False),
        ("gain −1.25", "gain -1.25", True),
        ("+0.1 [-0.1, +0.3]", "+0.0 [-0.1, +0.4]", True),
        ("1.00e-5", "1.01e-5", True),
        ("1.00e-5", "1.00e-4", False),
        ("12.5 px", "12.5", False),
        ("a  b\n", "a b\n", True),
        ("conv4", "conv5", False),
        ("480x360", "480x361", False),
        ("images/tower_06.jpg", "images/tower_07.jpg", False),
        ("1. first\n2. second", "2. second\n1. first", False),
    ],
)
def test_words_and_counts_are_equal_and_measurements_are_near(stored, new, same):
    assert same_text(stored, new, Rules()) is same


def test_a_cell_can_ask_for_other_rules():
    wide = Rules.of_cell({"validation": {"tolerance": 0.1, "integers": "rounded"}})
    assert same_text("87 of 3.21", "90 of 3.50", wide)
    assert not same_text("87 of 3.21", "97 of 3.50", wide)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"tolerence": 0.1}, "wanted some of"),
        ({"tolerance": 2}, "wanted a share"),
        ({"integers": "close"}, "'exact' or 'rounded'"),
        ({"figures": "none"}, "'alike' or 'size'"),
    ],
)
def test_a_rule_that_there_is_not_is_refused(rules, message):
    with pytest.raises(ValueError, match=message):
        Rules.of_cell({"validation": rules})


def bars(values):
    return show_bars(values, "share").data


def test_figures_of_seconds_are_compared_by_size_only():
    stored, other = bars({"a": 1.0, "b": 0.5}), bars({"a": 0.3, "b": 0.9})
    assert figure_similarity(stored, stored) == 1
    outputs = [
        [nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(data).decode()})]
        for data in (stored, other, bars({"a": 1.0, "b": 0.5, "c": 0.1}))
    ]
    assert accepted(outputs[1], outputs[0], Rules())[1]
    assert not accepted(outputs[1], outputs[0], Rules(figures="size"))[1]
    assert "pixels" in accepted(outputs[2], outputs[0], Rules(figures="size"))[1][0]


def test_bars_that_grow_by_a_tenth_are_other_bars_and_by_a_thousandth_the_same():
    stored = bars({"a": 1.0, "b": 0.5, "c": 0.7})
    known = nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(stored).decode()})
    for factor, same in ((1.001, True), (1.1, False)):
        new = copy.deepcopy(known)
        changed = bars({"a": 1.0, "b": 0.5 * factor, "c": 0.7})
        new.data["image/png"] = base64.b64encode(changed).decode()
        assert (accepted([new], [known], Rules())[1] == []) is same


def test_what_is_no_image_is_a_difference_and_no_crash():
    blank = base64.b64encode(b"").decode()
    known = nbformat.v4.new_output("display_data", {"image/png": "AAAA"})
    for data in ("AAAA", "A", blank, "***"):
        new = nbformat.v4.new_output("display_data", {"image/png": data})
        assert "can't be compared" in accepted([new], [known], Rules())[1][0]


@pytest.mark.slow
def test_plain_pytest_finds_the_rules(run_of_pytest):
    """`pytest --nbval` in a folder of notebooks uses them, as pyproject.toml asks."""
    output, status = run_of_pytest
    assert status == 0, output


@pytest.fixture
def run_of_pytest(tmp_path):
    """What pytest prints for a notebook whose number differs a little, and its exit status."""
    cell = nbformat.v4.new_code_cell("print(0.3001)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="0.3002\n")]
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    options = ["-c", str(FOLDER.parent / "pyproject.toml"), "--nbval", "--nbval-current-env"]
    command = [sys.executable, "-m", "pytest", *options, str(path)]
    result = subprocess.run(
        command, cwd=FOLDER.parent, capture_output=True, text=True, check=False, timeout=300
    )
    return result.stdout, result.returncode
