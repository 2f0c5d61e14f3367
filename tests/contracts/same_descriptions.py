"""Whether two descriptions of an image are the same, bit by bit or up to a tolerance."""

from typing import Any

import numpy as np

from delf_lesson.features import Description, ImageVector, LocalFeatures

FIELDS = ("xy", "descriptors", "scores", "scales")


def assert_same(found: Description, wanted: Description, tolerance: float = 0.0) -> None:
    """Raise AssertionError unless two descriptions are the same.

    With a tolerance, local features may come in another order. Scores and scales may differ by
    that share, and places by 100 times the tolerance in pixels.
    """
    assert type(found) is type(wanted), f"{type(found)} instead of {type(wanted)}"
    if isinstance(found, ImageVector) and isinstance(wanted, ImageVector):
        difference = largest_difference(found.vector, wanted.vector)
        assert difference <= tolerance, f"vectors differ by {difference}"
        return
    assert isinstance(found, LocalFeatures) and isinstance(wanted, LocalFeatures)
    assert found.image_size == wanted.image_size
    assert len(found) == len(wanted), f"{len(found)} features instead of {len(wanted)}"
    if tolerance == 0:
        for name in FIELDS:
            equal = np.array_equal(getattr(found, name), getattr(wanted, name))
            assert equal, f"{name} differ"
        return
    found = found.select(matching_rows(found, wanted))
    for name, scale in (("xy", 100.0), ("descriptors", 1.0)):
        difference = largest_difference(getattr(found, name), getattr(wanted, name))
        assert difference <= scale * tolerance, f"{name} differ by {difference}"
    for name in ("scores", "scales"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(wanted, name), rtol=tolerance, err_msg=name
        )


def matching_rows(found: LocalFeatures, wanted: LocalFeatures) -> Any:
    """The row of the feature found that is nearest in place and scale to each wanted one."""
    places = [np.c_[part.xy, 10 * np.log(part.scales)] for part in (wanted, found)]
    distances = np.linalg.norm(places[0][:, None] - places[1][None], axis=2)
    rows = distances.argmin(axis=1) if len(found) else np.zeros(0, int)
    assert len(set(rows.tolist())) == len(rows), "places or scales differ"
    return rows


def largest_difference(found: Any, wanted: Any) -> float:
    """Infinite for arrays of different shapes."""
    if found.shape != wanted.shape:
        return float("inf")
    return float(np.abs(found - wanted).max(initial=0))
