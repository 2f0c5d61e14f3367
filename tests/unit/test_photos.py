"""Real photographs of 18 places among unrelated ones."""

from pathlib import Path

import pytest

from delf_lesson.evaluation.metrics import average_precision
from delf_lesson.evaluation.systems import DEFAULT_SYSTEM, SYSTEMS
from delf_lesson.images import list_images

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photographs are not beside this checkout")
def test_the_first_picture_of_a_place_finds_the_others():
    images = list_images(PHOTOS)
    engine = SYSTEMS[DEFAULT_SYSTEM].engine()
    engine.add(images)
    places: dict[str, list[str]] = {}
    for image in images:
        places.setdefault(image.parent.name, []).append(str(image))
    places.pop("_distractors")
    right, precisions = 0, []
    for query, *positives in places.values():
        ranking = [found.image for found in engine.search(query).results if found.image != query]
        right += ranking[0] in positives
        precisions.append(average_precision(ranking, positives))
    assert len(places) == 18
    assert right >= 15
    assert sum(precisions) / 18 >= 0.72
