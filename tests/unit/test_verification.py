"""Verification finds the transformation that is there, and none where there is none."""

import cv2
import numpy as np
import pytest

from delf_lesson.retrieval.verification import is_plausible, transform, verify

TURN = np.deg2rad(25)
SIMILARITY = np.array(
    [
        [1.3 * np.cos(TURN), -1.3 * np.sin(TURN), 40],
        [1.3 * np.sin(TURN), 1.3 * np.cos(TURN), -20],
        [0, 0, 1],
    ]
)
AFFINE = np.array([[1.1, 0.3, 10], [-0.1, 0.7, 25], [0, 0, 1]])
HOMOGRAPHY = np.array([[1.1, 0.2, 10], [-0.1, 0.9, 25], [2e-4, -3e-4, 1]])
MODELS = {"similarity": SIMILARITY, "affine": AFFINE, "homography": HOMOGRAPHY}


def correspondences(matrix, right=60, wrong=60, noise=0.5, seed=0):
    """`right` noisy points of a transformation, then `wrong` ones at random."""
    rng = np.random.default_rng(seed)
    query = rng.uniform(0, 400, (right + wrong, 2))
    image = rng.uniform(0, 400, (right + wrong, 2))
    image[:right] = transform(matrix, query[:right]) + rng.normal(0, noise, (right, 2))
    return query, image


@pytest.mark.parametrize("model", MODELS)
def test_each_model_finds_its_transformation_among_outliers(model):
    query, image = correspondences(MODELS[model])
    found = verify(query, image, model, threshold=4)
    assert found.inliers[:60].sum() >= 58
    assert found.inliers[60:].sum() <= 3
    corners = np.array([[0, 0], [400, 0], [0, 400], [400, 400]], float)
    error = np.linalg.norm(
        transform(found.matrix, corners) - transform(MODELS[model], corners), axis=1
    )
    assert error.max() < 3


@pytest.mark.parametrize("model", MODELS)
def test_the_order_of_the_correspondences_does_not_matter(model):
    query, image = correspondences(MODELS[model], right=12, wrong=100)
    expected = verify(query, image, model, seed=3)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(query))
        found = verify(query[order], image[order], model, seed=3)
        assert np.array_equal(found.inliers, expected.inliers[order])


def test_few_right_ones_among_many_are_found_where_plain_ransac_misses_them():
    """12 of 200: an affine sample of right ones alone is drawn once in 6,000 trials."""
    found, plain = 0, 0
    for seed in range(40):
        query, image = correspondences(AFFINE, right=12, wrong=188, noise=1, seed=seed)
        found += verify(query, image, threshold=8, seed=seed).inliers[:12].sum() >= 10
        inliers = cv2.estimateAffine2D(query, image, ransacReprojThreshold=8, maxIters=1000)[1]
        plain += inliers[:12].sum() >= 10
    assert found > plain + 5


def test_the_seed_reaches_the_estimator():
    """Without structure every draw ends elsewhere."""
    query, image = correspondences(AFFINE, right=0, wrong=200)
    counts = {verify(query, image, seed=seed).inliers.tobytes() for seed in range(10)}
    assert len(counts) > 1
    assert verify(query, image, seed=1).inliers.tobytes() in counts


def test_chance_gives_fewer_inliers_than_the_engine_counts():
    counts = []
    for seed in range(30):
        query, image = correspondences(AFFINE, right=0, wrong=60, seed=seed)
        counts.append(verify(query, image, threshold=10).count)
    assert np.mean([count < 8 for count in counts]) > 0.9


def test_a_point_counts_once_however_many_it_is_matched_to():
    query, image = correspondences(AFFINE, right=20, wrong=0)
    many = np.vstack([query, query, query])
    found = verify(many, np.vstack([image, image + 0.1, image - 0.1]))
    assert found.count == 20
    onto_one = verify(np.random.default_rng(0).uniform(0, 5, (50, 2)), np.zeros((50, 2)))
    assert onto_one.count <= 1


@pytest.mark.parametrize("model", MODELS)
def test_of_two_matches_of_a_point_the_nearer_one_stays(model):
    query, image = correspondences(MODELS[model], right=40, wrong=0, noise=0)
    starts = np.vstack([query, query[:2], query[2:4] + 3])  # the same start, or the same end
    ends = np.vstack([image, image[:2] + 3, image[2:4]])
    found = verify(starts, ends, model)
    errors = np.linalg.norm(transform(found.matrix, starts) - ends, axis=1)
    assert errors.max() <= 10  # all agree, so only the rule decides
    assert found.count == 40
    for first, second in zip(range(4), range(40, 44), strict=True):
        assert found.inliers[first] == (errors[first] < errors[second])
        assert found.inliers[second] == (errors[second] < errors[first])


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([-1.0, 1, 1]),  # mirrors
        np.diag([20.0, 20, 1]),  # zooms by 20
        np.diag([0.05, 0.05, 1]),
        np.diag([6.0, 1, 1]),  # stretches one direction only
        np.diag([1.0, 0, 1]),  # flattens
        np.full((3, 3), np.nan),
    ],
)
def test_what_no_change_of_viewpoint_does_is_refused(matrix):
    assert not is_plausible(matrix, np.zeros(2))


def test_mirrored_correspondences_do_not_verify():
    query, image = correspondences(np.array([[-1.0, 0, 400], [0, 1, 0], [0, 0, 1]]), wrong=0)
    assert verify(query, image).count == 0


@pytest.mark.parametrize("matrix", MODELS.values())
def test_changes_of_viewpoint_are_plausible(matrix):
    assert is_plausible(matrix, np.array([200.0, 200.0]))


def test_a_steep_homography_is_judged_where_the_points_are():
    """Its Jacobian by finite differences, at a point where it stretches by more than four."""
    steep = np.array([[1.0, 0, 0], [0, 1, 0], [0.01, 0, 1]])
    assert is_plausible(steep, np.array([0.0, 0.0]))
    at, step = np.array([500.0, 0.0]), 1e-4
    columns = [
        (transform(steep, [at + d]) - transform(steep, [at - d]))[0] / (2 * step)
        for d in (np.array([step, 0]), np.array([0, step]))
    ]
    largest, smallest = np.linalg.svd(np.column_stack(columns), compute_uv=False)
    assert largest > 4 * smallest
    assert not is_plausible(steep, at)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_too_few_correspondences_verify_nothing_or_themselves(model, count):
    query, image = correspondences(SIMILARITY, right=count, wrong=0, noise=0)
    found = verify(query, image, model)
    enough = count >= {"similarity": 2, "affine": 3, "homography": 4}[model]
    assert found.count == (count if enough else 0)
    assert len(found.inliers) == count


def test_an_independent_ransac_finds_the_same_inliers():
    measure = pytest.importorskip("skimage.measure", reason="scikit-image is not installed")
    from skimage.transform import AffineTransform

    query, image = correspondences(AFFINE, right=40, wrong=80)
    _, theirs = measure.ransac(
        (query, image), AffineTransform, 3, residual_threshold=4, max_trials=2000, rng=0
    )
    ours = verify(query, image, threshold=4).inliers
    assert (ours == theirs).mean() > 0.97


@pytest.mark.parametrize(
    ("query", "image", "model", "message"),
    [
        (np.zeros((4, 2)), np.zeros((5, 2)), "affine", "query_xy"),
        (np.zeros((4, 3)), np.zeros((4, 3)), "affine", "query_xy"),
        (np.zeros((4, 2)), np.zeros((4, 2)), "rigid", "model"),
    ],
)
def test_bad_input_is_named(query, image, model, message):
    with pytest.raises(ValueError, match=message):
        verify(query, image, model)
