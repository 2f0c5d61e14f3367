"""Search by one vector an image, and by vectors and local features together."""

import numpy as np
import pytest
from retrieval_helpers import global_retriever, local_retriever

from delf_lesson.cache import FeatureCache
from delf_lesson.features import Extractor, ImageVector, LocalFeatures
from delf_lesson.images import read_image
from delf_lesson.retrieval.expansion import expand_global
from delf_lesson.retrieval.fusion import FusedRetriever, fuse, fuse_calibrated


class Colours:
    """The mean colour, which is the picture's own where it has one colour; counts its calls."""

    def __init__(self):
        self.settings = {"extractor": "Colours"}
        self.calls = 0

    def extract(self, image):
        self.calls += 1
        mean = image.reshape(-1, 3).mean(axis=0) + 1e-3
        return ImageVector(mean / np.linalg.norm(mean))


def plain(*colour):
    return np.full((20, 30, 3), colour, np.uint8)


IMAGES = {
    "red": plain(255, 0, 0),
    "orange": plain(255, 128, 0),
    "yellow": plain(255, 255, 0),
    "green": plain(0, 255, 0),
}


def engine(**options):
    made = global_retriever(Colours(), **options)
    made.add(IMAGES.values(), list(IMAGES))
    return made


def test_a_vector_is_of_unit_length_and_comes_back_whole(tmp_path):
    assert isinstance(Colours(), Extractor)
    vector = ImageVector(np.array([0.6, 0.8]))
    vector.save(tmp_path / "v.npz")
    assert np.array_equal(ImageVector.load(tmp_path / "v.npz").vector, vector.vector)
    with pytest.raises(ValueError, match="vector has shape"):
        ImageVector(np.array([1.0, 1.0]))
    with pytest.raises(ValueError, match="vector has shape"):
        ImageVector(np.full(2, np.nan))
    with pytest.raises(ValueError, match="lacks"):
        LocalFeatures.load(tmp_path / "v.npz")


def test_images_are_ranked_by_the_cosine():
    found = engine().search(plain(255, 60, 0))
    assert [one.image for one in found.results] == ["red", "orange", "yellow", "green"]
    query = np.array([255, 60, 0]) / np.hypot(255, 60)
    for one in found.results:
        colour = IMAGES[one.image][0, 0].astype(float)
        assert one.vote == pytest.approx(query @ colour / np.linalg.norm(colour), abs=1e-4)
        assert one.score == one.vote and one.inliers == 0
    assert [one.image for one in engine().search(plain(255, 60, 0), top=1).results] == ["red"]


def test_expansion_moves_the_query_towards_what_it_found():
    query = plain(255, 60, 0)
    wider = engine(expand=2).search(query)
    vectors = {name: Colours().extract(image).vector for name, image in IMAGES.items()}
    nearest = np.stack([vectors["red"], vectors["orange"]])
    moved = expand_global(Colours().extract(query).vector, nearest)
    for one in wider.results:
        assert one.vote == pytest.approx(float(moved @ vectors[one.image]), abs=1e-5)
    with pytest.raises(ValueError, match="expand"):
        global_retriever(Colours(), expand=-1)


def test_vectors_are_kept_and_added_later(tmp_path):
    for calls in (4, 0):
        extractor = Colours()
        made = global_retriever(extractor, FeatureCache(tmp_path / "kept"))
        made.add(IMAGES.values(), list(IMAGES))
        assert extractor.calls == made.database.described == calls
    made.add([plain(0, 0, 255)], ["blue"])
    assert made.search(plain(0, 0, 250)).results[0].image == "blue"
    made.add([plain(255, 255, 255)], ["blue"])  # now another picture
    assert made.search(plain(0, 250, 0)).results[0].image == "green"
    assert made.bytes == {"vectors": 5 * 3 * 4} and len(made) == 5
    with pytest.raises(ValueError, match="top is 0"):
        made.search(plain(0, 0, 0), top=0)
    with pytest.raises(ValueError, match="empty"):
        global_retriever(Colours()).search(plain(0, 0, 0))


def test_images_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for made in (global_retriever(Colours()), fused()):
        skipped = {}
        made.add([tmp_path / "broken.png", IMAGES["red"]], ["a", "b"], skip=skipped.__setitem__)
        assert list(skipped) == ["a"] and made.names == ["b"]
        with pytest.raises(ValueError, match="images: a cannot be used"):
            made.add([tmp_path / "broken.png"], ["a"])


def fused(weight=0.25, calibrated=False, **options):
    whole = global_retriever(Colours(), **options)
    return FusedRetriever(local_retriever(), whole, weight, calibrated)


def test_fusion_weighs_two_rankings(photos):
    paths = sorted(p for p in photos.rglob("*") if p.is_file() and p.name != "a.png")
    query = read_image(photos / "scene_1" / "a.png")
    both = fused()
    both.add(paths)
    alone = (local_retriever(), global_retriever(Colours()))
    scores = []
    for made in alone:
        made.add(paths)
        scores.append({one.image: one.score for one in made.search(query).results})
    found = both.search(query)
    assert {one.image: one.score for one in found.results} == pytest.approx(fuse(*scores, 0.25))
    ordered = [one.score for one in found.results]
    assert ordered == sorted(ordered, reverse=True) and len(ordered) == len(paths)
    verified = {one.image: one.inliers for one in alone[0].search(query).results}
    assert all(one.inliers == verified.get(one.image, 0) for one in found.results)
    assert both.confidence == "inliers"
    assert [database.described for database in both.databases] == [len(paths) + 1] * 2
    assert both.bytes == {**both.local.bytes, **both.whole.bytes} and "places" in both.bytes
    by_sift = fused(weight=1.0)
    by_sift.add(paths)
    assert by_sift.search(query).results[0].image == str(photos / "scene_1" / "b.jpg")
    assert set(found.seconds) >= {"extract", "search", "verify", "fuse"}


def test_a_calibrated_fusion_counts_votes_and_inliers(photos):
    paths = sorted(p for p in photos.rglob("*") if p.is_file() and p.name != "a.png")
    both = fused(0.5, calibrated=True)
    both.add(paths)
    query = both.describe(photos / "scene_1" / "a.png")
    local = both.local.rank(query.features).results
    votes = {r.image: r.vote * (1 + r.inliers / 10) for r in local}
    assert max(r.inliers for r in local) > 20
    cosines = {r.image: r.vote for r in both.whole.rank(query.vector).results}
    found = {r.image: r.score for r in both.rank(query).results}
    assert found == pytest.approx(fuse_calibrated(votes, cosines, 0.5))


def test_what_has_no_keypoints_is_found_by_its_vector():
    made = fused()
    made.add(IMAGES.values(), list(IMAGES))
    assert len(made) == 4 and len(made.local) == 0
    made.describe(plain(250, 0, 0))
    assert made.search(plain(250, 0, 0)).results[0].image == "red"
    made.add([np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)], ["noise"])
    assert len(made.local) == 1
    assert made.search(plain(250, 0, 0)).results[0].image == "red"


def test_an_image_added_anew_is_another_one_for_both(photos):
    made, alone = fused(weight=1.0), fused(weight=1.0)
    query = photos / "scene_1" / "a.png"
    made.add([photos / "scene_2" / "a.png", photos / "scene_2" / "b.jpg"], ["x", "y"])
    made.add([photos / "scene_1" / "b.jpg", plain(90, 90, 90)], ["x", "y"])
    alone.add([photos / "scene_1" / "b.jpg", plain(90, 90, 90)], ["x", "y"])
    found, expected = made.search(query).results, alone.search(query).results
    assert [(r.image, r.inliers, r.score) for r in found] == [
        (r.image, r.inliers, r.score) for r in expected
    ]
    assert found[0].image == "x" and found[0].inliers >= 20 and len(made.local) == 1


def test_retrievers_of_other_images_are_not_fused(texture):
    local = local_retriever()
    local.add([texture(1)], ["blobs"])
    with pytest.raises(ValueError, match="local holds blobs"):
        FusedRetriever(local, engine())
    with pytest.raises(ValueError, match="weight is 2"):
        fused(weight=2)
