"""The RANSAC that is read agrees with the one that is used."""

import numpy as np
import pytest
from test_verification import AFFINE, correspondences

from delf_lesson.retrieval.ransac import fit_affine, ransac, trials_needed
from delf_lesson.retrieval.verification import transform, verify


@pytest.mark.parametrize("seed", range(5))
def test_both_find_the_same_inliers_and_nearly_the_same_matrix(seed):
    query, image = correspondences(AFFINE, right=50, wrong=70, seed=seed)
    read, used = ransac(query, image, threshold=4), verify(query, image, threshold=4)
    assert (read.inliers == used.inliers).mean() > 0.97
    corners = np.array([[0, 0], [400, 0], [0, 400], [400, 400]], float)
    apart = transform(read.matrix, corners) - transform(used.matrix, corners)
    assert np.linalg.norm(apart, axis=1).max() < 2


def test_exact_correspondences_give_the_exact_matrix():
    query, image = correspondences(AFFINE, right=20, wrong=20, noise=0)
    found = ransac(query, image, threshold=0.1)
    assert np.allclose(found.matrix, AFFINE, atol=1e-8)
    assert found.inliers[:20].all() and found.count < 24


def test_least_squares_of_three_points_goes_through_them():
    rng = np.random.default_rng(0)
    source, target = rng.uniform(0, 99, (2, 3, 2))
    assert np.allclose(transform(fit_affine(source, target), source), target)


def test_a_seed_repeats_and_another_draws_otherwise():
    query, image = correspondences(AFFINE, right=0, wrong=100)
    counts = [ransac(query, image, trials=20, seed=seed).inliers.tobytes() for seed in (0, 0, 1, 2)]
    assert counts[0] == counts[1] and len(set(counts)) > 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_correspondences_find_nothing(count):
    query, image = correspondences(AFFINE, right=count, wrong=0)
    found = ransac(query, image)
    assert found.matrix is None and found.inliers.shape == (count,) and found.count == 0


def test_trials_needed_by_hand():
    """At a half: 1/8 of the samples are clean; (7/8)^35 < 1/100 <= (7/8)^34."""
    assert trials_needed(0.5) == 35
    assert trials_needed(1.0) == 1
    assert trials_needed(0.05) == 36840  # one sample in 8,000 is clean
    assert trials_needed(0.05, points=2) == 1840
    assert trials_needed(0.5, points=1, confidence=0.5) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ransac(np.zeros((4, 2)), np.zeros((5, 2))), "query_xy"),
        (lambda: ransac(np.zeros((4, 3)), np.zeros((4, 3))), "query_xy"),
        (lambda: trials_needed(0.0), "inlier_ratio"),
        (lambda: trials_needed(0.5, confidence=1.0), "confidence"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
