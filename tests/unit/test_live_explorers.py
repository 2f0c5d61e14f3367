"""A row is measured beside other work, says how far it is, and can be stopped."""

import threading

import pytest

from delf_lesson.classroom.explorers import result_explorers
from delf_lesson.classroom.explorers.live_explorers import Bar, JobStopped, duration
from delf_lesson.classroom.explorers.result_explorers import LiveRow

CELL = {
    "map": 0.5,
    "images": 360,
    "queries": 50,
    "distractor_queries": 10,
    "describe_seconds": 1.0,
    "query_seconds": {"all": {"median": 0.5}},
}
CELLS = {"SIFT": {"albion": CELL, "lutetia": CELL}, "LIFT": {"lutetia": {**CELL, "map": 0.4}}}


@pytest.fixture
def row(monkeypatch):
    """A row whose measurement waits at its second step until `go` is set."""
    made = LiveRow(CELLS, "SIFT", "albion")
    made.go = threading.Event()

    def benchmark_system(system, column, cache, progress):
        for step in progress(range(2), "Describing"):
            if step == 0:
                assert made.go.wait(10)
        return {"map": 0.625}

    monkeypatch.setattr(result_explorers, "benchmark_system", benchmark_system)
    return made


def test_it_says_what_to_expect_before_it_starts(row):
    assert "mAP 0.500" in row.message.value
    assert "about 8 minutes" in row.message.value and "or 30 s where" in row.message.value
    row.system.value = "LIFT"
    assert list(row.column.options) == ["lutetia"] and "mAP 0.400" in row.message.value


def test_it_measures_beside_other_work(row):
    row.job.begin()
    assert row.job.start.disabled and not row.job.stop.disabled
    row.system.value = "LIFT"  # asks for something else, while the first goes on
    row.go.set()
    row.job.thread.join(10)
    assert "SIFT on albion: mAP <b>0.625</b> now, 0.500 in the table" in row.job.result.value
    assert row.job.bar.label.value == "Describing: 2 of 2" and row.job.bar.bar.value == 2
    assert not row.job.start.disabled and row.job.stop.disabled


def test_it_can_be_stopped_and_started_again(row):
    row.job.begin()
    row.job.stop.click()
    row.go.set()
    row.job.thread.join(10)
    assert row.job.result.value.startswith("Stopped") and row.job.stop.disabled
    row.job.begin()
    row.job.thread.join(10)
    assert "0.625" in row.job.result.value


def test_an_error_is_shown(row, monkeypatch):
    def fails(*_):
        raise OSError("the <disk> is full")

    monkeypatch.setattr(result_explorers, "benchmark_system", fails)
    row.job.begin()
    row.job.thread.join(10)
    assert "OSError" in row.job.result.value and "&lt;disk&gt;" in row.job.result.value
    assert not row.job.start.disabled


def test_a_bar_passes_every_step_on():
    bar = Bar()
    assert list(bar("abc", "Searching")) == ["a", "b", "c"]
    bar.stopped = True
    with pytest.raises(JobStopped):
        list(bar("abc", "Searching"))
    assert (duration(0.2), duration(89), duration(600)) == ("1 s", "89 s", "10 minutes")
