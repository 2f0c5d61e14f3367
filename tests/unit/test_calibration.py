"""Scores against those of unrelated images: compared with SciPy, and with planted images."""

import numpy as np
import pytest
from retrieval_helpers import global_retriever
from scipy import stats

from delf_lesson.features import ImageVector, l2_normalise
from delf_lesson.retrieval.calibration import least_surprise, surprises, vote_surprises
from delf_lesson.retrieval.expansion import expand_global
from delf_lesson.retrieval.fusion import fuse, fuse_calibrated


def test_surprises_are_those_of_scipy():
    scores = np.random.default_rng(0).gamma(2, 3, 501)
    spread = stats.median_abs_deviation(scores, scale="normal")
    assert np.allclose(surprises(scores), (scores - np.median(scores)) / spread)


def test_unrelated_scores_are_measured_in_their_own_spread():
    """Whatever the unit of the scores, and however high the scores of a few related images."""
    rng = np.random.default_rng(1)
    unrelated = rng.normal(0.3, 0.05, 2000)
    related = np.full(40, 0.9)
    found = surprises(np.concatenate([unrelated, related]))
    assert abs(np.mean(found[:2000])) < 0.1 and np.std(found[:2000]) == pytest.approx(1, abs=0.1)
    assert found[2000:] == pytest.approx(12, abs=0.8)
    assert np.allclose(surprises(1000 * unrelated - 7), surprises(unrelated))


def test_scores_without_spread_surprise_nobody():
    assert surprises([]).tolist() == []
    assert surprises([0.5]).tolist() == [0]
    assert surprises([0, 0, 0, 1]).tolist() == [0, 0, 0, 0]


def test_the_limit_lets_few_unrelated_images_through_in_any_collection():
    for images in (100, 1000, 100_000):
        assert least_surprise(images, 3) == pytest.approx(stats.norm.isf(3 / images))
    unrelated = np.random.default_rng(2).normal(size=(200, 1000))
    above = (unrelated > least_surprise(1000, 3)).sum(axis=1)
    assert np.mean(above) == pytest.approx(3, abs=0.4)
    assert least_surprise(1, 3) == least_surprise(0, 3) == 0
    for false_alarms in (0, -1):
        with pytest.raises(ValueError, match="false_alarms is"):
            least_surprise(100, false_alarms)
        with pytest.raises(ValueError, match="false_alarms is"):
            global_retriever(Vectors({}), false_alarms=false_alarms)


class Vectors:
    """Describes an image by the vector that its first pixel numbers."""

    def __init__(self, vectors):
        self.settings = {"extractor": "Vectors"}
        self.vectors = vectors

    def extract(self, image):
        return ImageVector(self.vectors[int(image[0, 0, 0])])


def numbered(number):
    return np.full((8, 8, 3), number, np.uint8)


def searched(vectors, **options):
    """The cosines by name for the last of some vectors, among the others."""
    retriever = global_retriever(Vectors(vectors), **options)
    count = len(vectors) - 1
    retriever.add([numbered(k) for k in range(count)], [f"{k:03}" for k in range(count)])
    return {r.image: r.vote for r in retriever.search(numbered(count)).results}


def collection(related, unrelated=200, dimensions=64, seed=3):
    """Vectors of unrelated images, then of related ones, then the query."""
    rng = np.random.default_rng(seed)
    query = l2_normalise(rng.normal(size=(1, dimensions)))
    others = l2_normalise(rng.normal(size=(unrelated, dimensions)))
    near = l2_normalise(query + rng.normal(0, 1.2 * dimensions**-0.5, (related, dimensions)))
    return np.concatenate([others, near, query])


def test_only_images_above_chance_expand_the_query():
    vectors = collection(related=3)
    query, near = vectors[-1], vectors[200:203]
    calibrated = searched(vectors, expand=10, alpha=3, false_alarms=0.02)
    moved = expand_global(query, near[np.argsort(-near @ query)], 3)
    assert calibrated == {
        f"{k:03}": pytest.approx(float(moved @ v), abs=1e-5) for k, v in enumerate(vectors[:-1])
    }
    plain = searched(vectors, expand=10)
    unrelated = [f"{k:03}" for k in range(200)]
    gain = {name: calibrated[name] - plain[name] for name in calibrated}
    assert np.mean([gain[f"{k:03}"] for k in (200, 201, 202)]) > 0.05
    assert max(plain[name] for name in unrelated) > max(calibrated[name] for name in unrelated)


def test_without_a_related_image_the_query_stays_as_it_is():
    vectors = collection(related=0)
    calibrated = searched(vectors, expand=10, alpha=3, false_alarms=0.01)
    assert calibrated == searched(vectors)
    assert searched(vectors, expand=10, alpha=3) != searched(vectors)


def test_the_collection_sets_the_limit_and_not_the_unit_of_the_cosines():
    """Vectors with a common part have higher cosines; the same images expand the query."""
    vectors = collection(related=3)
    shifted = l2_normalise(np.hstack([vectors, np.ones((len(vectors), 1))]))
    assert np.median(shifted[:-1] @ shifted[-1]) > 0.4
    names = [
        sorted(found, key=found.get)[-3:]
        for found in (
            searched(v, expand=10, alpha=3, false_alarms=0.02) for v in (vectors, shifted)
        )
    ]
    assert set(names[0]) == set(names[1]) == {"200", "201", "202"}


def scores(count=50, seed=4):
    rng = np.random.default_rng(seed)
    names = [f"{k:02}" for k in range(count)]
    votes = dict(zip(names, rng.gamma(2, 1, count).tolist(), strict=True))
    cosines = dict(zip(names, rng.normal(0.3, 0.1, count).tolist(), strict=True))
    return votes, cosines


def test_fusion_by_scipy():
    votes, cosines = scores()
    parts = []
    logs = np.log1p(np.array(list(votes.values())) / np.median(list(votes.values())))
    for values in (logs, np.array(list(cosines.values()))):
        spread = stats.median_abs_deviation(values, scale="normal")
        parts.append((values - np.median(values)) / spread)
    expected = dict(zip(votes, 0.4 * parts[0] + 0.6 * parts[1], strict=True))
    fused = fuse_calibrated(votes, cosines, 0.4)
    assert fused == pytest.approx(expected)
    assert list(fused) == sorted(expected, key=expected.get, reverse=True)


def test_a_copy_of_the_query_decides_nothing_about_other_images():
    votes, cosines = scores()
    with_copy = {**votes, "copy": 500.0}, {**cosines, "copy": 1.0}
    before, after = fuse_calibrated(votes, cosines, 0.5), fuse_calibrated(*with_copy, 0.5)
    assert next(iter(after)) == "copy"
    assert [name for name in after if name != "copy"][:20] == list(before)[:20]
    plain = [list(fuse(*given, 0.5)) for given in ((votes, cosines), with_copy)]
    assert plain[1][1:21] != plain[0][:20]


def test_an_image_that_one_score_lacks_has_the_lowest_of_the_other():
    votes, cosines = scores()
    lowest = min(votes, key=votes.get)
    fused = fuse_calibrated({k: v for k, v in votes.items() if k != "07"}, cosines, 1.0)
    assert fused["07"] == fused[lowest] == min(fused.values())
    assert set(fuse_calibrated({}, cosines)) == set(cosines)
    assert list(fuse_calibrated({}, cosines)) == sorted(cosines, key=cosines.get, reverse=True)
    assert fuse_calibrated({}, {}) == vote_surprises({}) == {}
    with pytest.raises(ValueError, match="weight is 2"):
        fuse_calibrated(votes, cosines, 2)


def test_surprises_of_votes_keep_their_order():
    surprise = vote_surprises({"a": 1.0, "b": 1.1, "c": 0.9, "d": 2.0, "e": 9.0})
    assert surprise["e"] > surprise["d"] > surprise["b"] == 0 > surprise["a"] > surprise["c"]
    # nothing is known about unrelated images if most votes are 0
    assert set(vote_surprises({"a": 0.0, "b": 0.0, "c": 0.0, "d": 2.0}).values()) == {0.0}
