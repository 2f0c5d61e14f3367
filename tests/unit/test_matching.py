"""Pairwise matching finds what OpenCV's matcher finds, and what was planted among noise."""

import cv2
import numpy as np
import pytest
from retrieval_helpers import local_retriever

from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.retrieval import matching
from delf_lesson.retrieval.matching import PairMatcher, verify_candidates
from delf_lesson.retrieval.verification import transform
from delf_lesson.retrieval.voting import Result

AFFINE = np.array([[0.9, 0.2, 40], [-0.15, 0.8, 60], [0, 0, 1]])
SIZE = (640, 480)


def descriptors(count, dimensions=40, seed=0):
    return l2_normalise(np.random.default_rng(seed).normal(size=(count, dimensions)))


def noisy(rows, noise, seed=1):
    drawn = np.random.default_rng(seed).normal(0, noise / rows.shape[1] ** 0.5, rows.shape)
    return l2_normalise(rows + drawn)


def related(count, others, dimensions=40, noise=0.4):
    """Descriptors of two images: the first `count` show the same in both, in another order."""
    query = descriptors(count + others, dimensions)
    image = descriptors(count + others, dimensions, seed=2)
    image[:count] = noisy(query[:count], noise)
    return query, image[np.random.default_rng(3).permutation(len(image))]


def pairs(match):
    return list(zip(match.query.tolist(), match.image.tolist(), strict=True))


@pytest.mark.parametrize(("dimensions", "count"), [(40, 150), (128, 150), (8, 90), (600, 90)])
def test_matches_are_those_of_opencv_with_a_cross_check(dimensions, count):
    """They may differ where two descriptors are equally near but for the rounding."""
    query, image = related(count, 300, dimensions)
    by_opencv = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(query, image)
    expected = {(one.queryIdx, one.trainIdx) for one in by_opencv}
    found = pairs(PairMatcher(query).match(image))
    assert found == sorted(found) and len(expected) > count
    similarity = query @ image.T
    clear = {
        (i, j)
        for i, j in {*expected, *found}
        if margin(similarity[i], j) > 1e-3 and margin(similarity[:, j], i) > 1e-3
    }
    assert len(clear) > 0.9 * len(expected)
    assert clear & set(found) == clear & expected
    assert len(expected ^ set(found)) < 0.05 * len(expected)


def margin(similarities, chosen):
    """How far the chosen similarity is from the largest other one."""
    return abs(similarities[chosen] - np.delete(similarities, chosen).max())


@pytest.mark.parametrize("ratio", [0.7, 0.85, 1.0])
def test_the_ratio_test_is_that_of_two_neighbours_by_opencv(ratio):
    query, image = related(150, 300, noise=0.6)
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    distinct = {
        (first.queryIdx, first.trainIdx)
        for first, second in matcher.knnMatch(query, image, 2)
        if first.distance < ratio * second.distance
    }
    mutual = set(pairs(PairMatcher(query).match(image)))
    assert pairs(PairMatcher(query, ratio).match(image)) == sorted(mutual & distinct)
    assert ratio == 1 or 0 < len(mutual & distinct) < len(mutual)


def test_of_equal_descriptors_the_first_counts():
    rows = descriptors(3)
    query, image = rows[[0, 0, 1, 2]], rows[[1, 1, 0, 0]]
    assert pairs(PairMatcher(query).match(image))[:2] == [(0, 2), (2, 0)]
    # the second nearest is as near as the nearest, so no match is distinct
    assert pairs(PairMatcher(query[:3], ratio=1.0).match(image)) == []


def test_products_are_exact_so_that_no_order_of_sums_changes_them():
    query, image = descriptors(250, 128), descriptors(90, 128, seed=1)
    blocks = [block[:, :90].copy() for _, block in PairMatcher(query)._products(image)]
    products = np.concatenate(blocks)
    assert len(blocks) > 1
    rounded = [
        np.rint(rows * np.float32(matching.LEVELS)).astype(np.int64) for rows in (query, image)
    ]
    assert np.array_equal(products, rounded[0] @ rounded[1].T)
    assert np.abs(products / matching.LEVELS**2 - query @ image.T).max() < 1e-3
    largest = np.int64(matching.LEVELS * 1.001 + 0.5 * 4096**0.5) ** 2  # of 4096 dimensions
    assert largest < 2**24


def test_descriptors_that_point_away_from_each_other_match_too():
    """Blocks of products are filled up with zeros, which must not win against negative ones."""
    query, image = np.float32([[1, 0]]), np.float32([[-1, 0], [-0.8, -0.6]])
    assert pairs(PairMatcher(query).match(image)) == [(0, 1)]
    assert pairs(PairMatcher(image).match(query)) == [(1, 0)]


def test_a_matcher_is_used_for_images_of_any_size():
    query = descriptors(30)
    matcher = PairMatcher(query)
    for count in (200, 3, 1, 200):
        image = descriptors(count, seed=count)
        assert pairs(matcher.match(image)) == pairs(PairMatcher(query).match(image))
    assert len(matcher.match(descriptors(0))) == len(PairMatcher(descriptors(0)).match(query)) == 0


def test_odd_input_is_named():
    with pytest.raises(ValueError, match=r"image: descriptors have shape \(5, 8\); wanted \(M, 40"):
        PairMatcher(descriptors(5)).match(descriptors(5, 8))
    for ratio in (0, 1.1, -1):
        with pytest.raises(ValueError, match="ratio is"):
            PairMatcher(descriptors(5), ratio)
        with pytest.raises(ValueError, match="ratio is"):
            local_retriever(ratio=ratio)
    with pytest.raises(ValueError, match="matching is 'all'; wanted neighbours or pairwise"):
        local_retriever(matching="all")


def features(xy, rows):
    ones = np.ones(len(xy))
    return LocalFeatures(xy, rows, ones, ones, SIZE)


def planted(right=60, wrong=300):
    """A query, and an image that shows `right` of its features moved by `AFFINE`."""
    rng = np.random.default_rng(5)
    query = features(rng.uniform(50, 430, (right + wrong, 2)), descriptors(right + wrong))
    xy, rows = rng.uniform(0, 480, (right + wrong, 2)), descriptors(right + wrong, seed=2)
    xy[:right] = transform(AFFINE, query.xy[:right]) + rng.normal(0, 1, (right, 2))
    rows[:right] = noisy(query.descriptors[:right], 0.5)
    return query, features(xy, rows)


def verified(query, images, minimum_inliers=15):
    candidates = {number: Result(name, 0.0, 0, 1.0) for number, name in enumerate(images)}
    return verify_candidates(
        candidates, query, images, None, None, "affine", 0.02, minimum_inliers, seed=0
    )


def test_a_planted_transformation_is_found_among_noise():
    query, image = planted()
    found = verified(query, {"image": image})[0]
    assert found.inliers >= 55
    assert np.isin(found.features, np.arange(60)).mean() > 0.95
    corners = np.array([[50, 50], [430, 50], [50, 430], [430, 430]], float)
    off = transform(found.matrix, corners) - transform(AFFINE, corners)
    assert np.linalg.norm(off, axis=1).max() < 4
    assert np.allclose(found.lines[:, 2:], image.xy[found.features])


def test_unrelated_images_have_no_inliers():
    query, _ = planted()
    rng = np.random.default_rng(6)
    images = {
        str(seed): features(rng.uniform(0, 480, (360, 2)), descriptors(360, seed=seed))
        for seed in range(10, 40)
    }
    assert len(PairMatcher(query.descriptors).match(images["10"].descriptors)) > 100
    assert {result.inliers for result in verified(query, images).values()} == {0}


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_threads_share_the_images_and_change_nothing(threads, monkeypatch):
    query, image = planted()
    rng = np.random.default_rng(7)
    images = {
        str(k): features(image.xy + rng.normal(0, k, image.xy.shape), image.descriptors)
        for k in range(7)
    }
    expected = {
        number: verified(query, {name: images[name]})[0] for number, name in enumerate(images)
    }
    monkeypatch.setattr(matching, "THREADS", threads)
    found = verified(query, images)
    assert {n: (r.image, r.inliers) for n, r in found.items()} == {
        n: (r.image, r.inliers) for n, r in expected.items()
    }
    assert len({r.inliers for r in found.values()}) > 2
    assert all(np.array_equal(found[n].lines, expected[n].lines) for n in found)


def test_lines_of_a_ranking_are_mutual_neighbours(photos):
    """What a figure draws is what was verified, and not what the index found."""
    query = photos / "scene_1" / "a.png"
    retriever = local_retriever(matching="pairwise", ratio=0.85)
    retriever.add([photos / "scene_1" / "b.jpg", photos / "other_10.png"])
    first = retriever.search(query).results[0]
    assert first.image == str(photos / "scene_1" / "b.jpg") and first.inliers > 30
    described, image = retriever.describe(query), retriever.database[first.image]
    match = PairMatcher(described.descriptors, 0.85).match(image.descriptors)
    possible = {tuple(line) for line in match.lines(described, image).tolist()}
    assert {tuple(line) for line in first.lines.tolist()} <= possible
    assert first.lines.shape == (first.inliers, 4)


def test_an_image_whose_neighbours_were_crowded_out_is_verified(texture):
    """The index lists five neighbours of a feature, and nine copies of the scene take them."""
    scene = texture(1, 300, 400)
    weak = cv2.GaussianBlur(scene, (0, 0), 1.5)
    inliers = {}
    for kind in ("neighbours", "pairwise"):
        retriever = local_retriever(OpenCVSift(300), matching=kind)
        names = ["weak", *(f"copy {k}" for k in range(9))]
        retriever.add([weak, *[scene] * 9], names)
        found = {result.image: result.inliers for result in retriever.search(scene).results}
        inliers[kind] = found["weak"]
    assert inliers["neighbours"] < 20 < 50 < inliers["pairwise"]
