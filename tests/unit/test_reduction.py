"""Learned whitening, and reductions in an extractor. PCA is tested beside DELF."""

import numpy as np
import pytest

from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.deep.reduction import LearnedWhitening, Pca, Reduced
from delf_lesson.features import Extractor, l2_normalise


@pytest.fixture(scope="module")
def pairs():
    """Vectors of 40 things, two pictures each: some directions tell nothing but the picture."""
    rng = np.random.default_rng(0)
    spread = np.array([1.0] * 6 + [0.1] * 6)  # what differs between things
    noise = np.array([0.1] * 6 + [1.0] * 6)  # and between pictures of one
    things = rng.normal(size=(400, 12)) * spread
    return [l2_normalise(things + rng.normal(size=(400, 12)) * noise) for _ in range(2)]


def right_at_first(queries, images):
    return ((queries @ images.T).argmax(axis=1) == np.arange(len(queries))).mean()


def test_differences_of_pairs_are_white_after_it(pairs):
    whitening = LearnedWhitening.fit(*pairs, 12, "pairs")
    first, second = (rows @ whitening.components.T.astype(float) for rows in pairs)
    difference = first - second
    assert np.allclose(difference.T @ difference / len(difference), np.eye(12), atol=1e-3)
    # and the directions of all vectors are its axes, the widest first
    both = np.concatenate([first, second]) - whitening.mean @ whitening.components.T
    covariance = both.T @ both
    variance = np.diag(covariance)
    assert (np.diff(variance) <= 1e-6 * variance[0]).all()
    assert np.abs(covariance - np.diag(variance)).max() < 1e-3 * variance[0]


def test_it_finds_the_other_picture_where_pca_does_not(pairs):
    train, test = [rows[:200] for rows in pairs], [rows[200:] for rows in pairs]
    learned = LearnedWhitening.fit(*train, 6, "pairs")
    plain = Pca.fit(np.concatenate(train), 6, "pairs")
    scores = [right_at_first(*(one.apply(rows) for rows in test)) for one in (learned, plain)]
    assert scores[0] > scores[1] + 0.1
    assert scores[0] > right_at_first(*test) + 0.1


def test_what_whitening_cannot_be_learned_from(pairs):
    first, second = pairs
    for queries, positives, dimensions, message in (
        (first, second[:, :5], 4, "positives"),
        (first[:12], second[:12], 4, "more pairs than D"),
        (first, second, 13, "dimensions is 13"),
        (first, first, 4, "do not differ"),
    ):
        with pytest.raises(ValueError, match=message):
            LearnedWhitening.fit(queries, positives, dimensions, "pairs")


def test_a_ridge_bounds_how_far_a_direction_is_stretched(pairs):
    """Vectors whose last number is always the same, as that of a channel that never fires."""
    still = [np.c_[rows, np.zeros(len(rows))] for rows in pairs]
    with pytest.raises(ValueError, match="do not differ"):
        LearnedWhitening.fit(*still, 13, "pairs")
    whitening = LearnedWhitening.fit(*still, 13, "pairs", ridge=0.01)
    difference = np.subtract(*still)
    mean_variance = (difference**2).sum() / len(difference) / 13
    stretched = np.linalg.norm(whitening.components[:, -1])
    assert stretched == pytest.approx(1 / np.sqrt(0.01 * mean_variance), rel=1e-3)


def test_a_reduced_extractor_keeps_all_but_the_descriptors(texture):
    sift, image = OpenCVSift(), texture(1)
    pca = Pca.of_extractor(sift, [texture(2), texture(3)], 40, "textures")
    reduced = Reduced(sift, pca)
    before, after = sift.extract(image), reduced.extract(image)
    assert np.array_equal(before.xy, after.xy) and np.array_equal(before.scales, after.scales)
    assert np.array_equal(after.descriptors, pca.apply(before.descriptors))
    assert isinstance(reduced, Extractor)
    assert len(reduced.extract(np.full((64, 64, 3), 128, np.uint8))) == 0


def test_features_are_kept_apart_by_extractor_and_reduction(texture):
    images = [texture(2), texture(3)]
    first = Pca.of_extractor(OpenCVSift(), images, 40, "textures")
    second = Pca.of_extractor(OpenCVSift(), images, 32, "textures")
    settings = [
        Reduced(OpenCVSift(), first).settings,
        Reduced(OpenCVSift(), second).settings,
        Reduced(OpenCVSift(root=False), first).settings,
        OpenCVSift().settings,
    ]
    assert all(settings.count(one) == 1 for one in settings)
