"""Real photographs of 18 places among unrelated ones."""

from pathlib import Path

import pytest

from delf_lesson.datasets import load
from delf_lesson.evaluation.report import measure, one_query_each
from delf_lesson.systems.registry import DEFAULT_SYSTEM, SYSTEMS

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"


@pytest.mark.slow
@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photographs are not beside this checkout")
def test_the_first_picture_of_a_place_finds_the_others():
    benchmark = load(f"folder:{PHOTOS}", distractors=True)
    queries = one_query_each(benchmark, in_turn=False)
    found = measure(SYSTEMS[DEFAULT_SYSTEM], benchmark, queries)
    assert (found["queries"], found["images"]) == (18, 171)
    assert found["precision_at_1"] >= 15 / 18
    assert found["map"] >= 0.72
