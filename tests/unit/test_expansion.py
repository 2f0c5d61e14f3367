"""What query expansion adds, and how two scores become one."""

import cv2
import numpy as np
import pytest
from retrieval_helpers import local_retriever

from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.retrieval.expansion import expand_global, expand_local
from delf_lesson.retrieval.fusion import fuse

SIZE = (200, 100)


def features(xy, size=SIZE, seed=0):
    rng = np.random.default_rng(seed)
    n = len(xy)
    rows = l2_normalise(rng.normal(size=(n, 8)))
    return LocalFeatures(np.array(xy, float), rows, np.arange(n), np.full(n, 0.5), size)


def test_verified_features_are_mapped_back_into_the_query():
    """The image is the query, twice as large and moved by (30, -10)."""
    query = features([[10, 10], [50, 60]])
    image = features([[50, 10], [130, 110], [0, 0], [530, 10]], (800, 600), seed=1)
    matrix = np.array([[2.0, 0, 30], [0, 2, -10], [0, 0, 1]])
    wider = expand_local(query, [(matrix, image.select([0, 1, 3]))])
    # the last of the three ends at (250, 10), outside the query; the one at (0, 0) is no inlier
    assert wider.xy.tolist() == [[10, 10], [50, 60], [10, 10], [50, 60]]
    assert np.array_equal(wider.descriptors[2:], image.descriptors[:2])
    # 0.5 of a picture twice as large is as large as 1 in the query
    assert wider.scales.tolist() == [0.5, 0.5, 1.0, 1.0]
    assert wider.image_size == SIZE


def test_images_without_inliers_add_nothing():
    query = features([[10, 10]])
    assert len(expand_local(query, [])) == 1
    assert len(expand_local(query, [(np.eye(3), features([[1, 1]]).select([]))])) == 1


def seen_at(image, tilt):
    """The picture as from the side: squeezed in one direction, and blurred so that it may be."""
    smooth = cv2.GaussianBlur(image, (0, 0), 0.5 * tilt, sigmaY=0.1) if tilt > 1 else image
    return cv2.resize(smooth, (round(image.shape[1] / tilt), image.shape[0]))


def test_expansion_finds_what_is_like_the_results_and_unlike_the_query(texture):
    """From the front to the side: the half-way picture knows both ends."""
    scene = texture(1, 480, 640)
    counts = {}
    for expand in (0, 3):
        retriever = local_retriever(OpenCVSift(), expand=expand, expand_inliers=20)
        retriever.add(
            [seen_at(scene, 1.5), seen_at(scene, 2.5), *(texture(k) for k in range(10, 14))],
            names=["half way", "side", *"abcd"],
        )
        results = retriever.search(scene).results
        counts[expand] = {one.image: one.inliers for one in results}
    assert counts[0]["half way"] > 20 and counts[0]["side"] == 0
    assert counts[3]["side"] > 15
    assert all(counts[3].get(name, 0) == 0 for name in "abcd")
    with pytest.raises(ValueError, match="expand needs verified images"):
        local_retriever(order="votes", expand=3)


def test_average_query_expansion_by_hand():
    query = np.float32([1, 0])
    found = np.float32([[0, 1], [0.6, 0.8]])
    mean = np.array([1.6, 1.8])
    assert np.allclose(expand_global(query, found), mean / np.linalg.norm(mean))
    weighted = np.array([1, 0]) + 0**3 * found[0] + 0.6**3 * found[1]
    assert np.allclose(expand_global(query, found, 3), weighted / np.linalg.norm(weighted))
    assert np.allclose(expand_global(query, found[:0]), query)
    # a vector on the other side of the query takes no part
    assert np.allclose(expand_global(query, -query[None], 3), query)


def test_expansion_of_vectors_refuses_odd_input():
    with pytest.raises(ValueError, match="nearest has shape"):
        expand_global(np.ones(2, np.float32), np.ones((3, 4), np.float32))
    with pytest.raises(ValueError, match="alpha"):
        expand_global(np.ones(2, np.float32), np.ones((3, 2), np.float32), -1)


def test_fusion_by_hand():
    local = {"a": 40.0, "b": 10.0, "c": 20.0}
    whole = {"a": 0.5, "b": 0.9, "d": 0.4}
    # stretched: a 1, b 0, c 1/3 and a 0.2, b 1, d 0
    fused = fuse(local, whole, 0.25)
    assert list(fused) == ["b", "a", "c", "d"]
    assert fused["a"] == pytest.approx(0.25 + 0.75 * 0.2)
    assert fused["b"] == pytest.approx(0.75)
    assert fused["c"] == pytest.approx(0.25 / 3)
    assert fused["d"] == 0


def test_fusion_of_one_score_keeps_its_order():
    scores = {"b": 3.0, "a": 3.0, "c": 9.0}
    assert list(fuse(scores, {})) == ["c", "a", "b"]
    assert list(fuse({}, scores)) == ["c", "a", "b"]
    assert list(fuse(scores, {"c": 0.1, "a": 0.7, "b": 0.2}, weight=1)) == ["c", "a", "b"]
    assert fuse({}, {}) == {} and fuse({"a": 2.0}, {}) == {"a": 0.25}
    with pytest.raises(ValueError, match="weight"):
        fuse(scores, scores, 1.5)
