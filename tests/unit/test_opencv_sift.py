"""The extractor keeps its contract, and its points lie where they should."""

import cv2
import numpy as np
import pytest

from delf_lesson.classical.sift import BASE_SIGMA, OpenCVSift
from delf_lesson.features import Extractor


def nearest(points, to):
    return np.linalg.norm(points[:, None] - to[None], axis=2).min(axis=1)


def test_contract(texture):
    extractor = OpenCVSift(max_keypoints=50)
    assert isinstance(extractor, Extractor)
    found = extractor.extract(texture(1))
    assert len(found) == 50 and found.descriptors.shape == (50, 128)
    assert (np.diff(found.scores) <= 0).all()
    assert found.image_size == (320, 240)
    assert (found.xy >= -0.5).all() and (found.xy <= (319.5, 239.5)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (100, 100)])
def test_an_image_without_detail_gives_no_keypoints(shape):
    found = OpenCVSift().extract(np.full((*shape, 3), 90, np.uint8))
    assert len(found) == 0 and found.descriptors.shape == (0, 128)


def test_turning_the_image_by_180_degrees_turns_the_keypoints(texture):
    """Holds to a fraction of a pixel only if pixel centres are at integers."""
    image = texture(2)
    here = OpenCVSift(300).extract(image)
    there = OpenCVSift(300).extract(np.ascontiguousarray(image[::-1, ::-1]))
    turned = np.array([319, 239]) - there.xy
    assert np.median(nearest(here.xy, turned)) < 0.1
    assert (nearest(here.xy, turned) < 0.5).mean() > 0.9


def test_twice_the_size_has_half_the_scale(texture):
    image = texture(3)
    large = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    here, there = OpenCVSift(300).extract(image), OpenCVSift(3000).extract(large)
    coarse = here.select(here.scales < 0.5)  # fine detail is lost or made by the resizing
    distances = np.linalg.norm(((coarse.xy + 0.5) * 2 - 0.5)[:, None] - there.xy[None], axis=2)
    partner = distances.argmin(axis=1)
    near = distances.min(axis=1) < 1.5
    assert near.mean() > 0.7
    ratio = coarse.scales[near] / there.scales[partner[near]]
    assert abs(np.median(ratio) - 2) < 0.1


def test_scales_are_the_inverse_of_sigma():
    """A blob of a Gaussian of sigma s is found by DoG at about s."""
    y, x = np.mgrid[:121, :121]
    for sigma in (4.0, 8.0):
        blob = 200 * np.exp(-((x - 60) ** 2 + (y - 60) ** 2) / (2 * sigma**2))
        found = OpenCVSift().extract(np.repeat(blob[..., None], 3, 2).astype(np.uint8))
        best = found.top(1)
        assert np.linalg.norm(best.xy[0] - 60) < 0.5
        assert abs(BASE_SIGMA / best.scales[0] - sigma) < 0.25 * sigma


def test_points_of_a_large_image_are_in_its_own_pixels(texture):
    image = texture(4)
    large = cv2.resize(image, (1280, 960), interpolation=cv2.INTER_CUBIC)
    found = OpenCVSift(300, max_side=320).extract(large)
    same = OpenCVSift(300, max_side=320).extract(image)
    assert found.image_size == (1280, 960)
    assert np.median(nearest((same.xy + 0.5) * 4 - 0.5, found.xy)) < 1.0


def test_the_dot_product_of_rootsift_is_the_hellinger_kernel(texture):
    grey = cv2.cvtColor(texture(5), cv2.COLOR_RGB2GRAY)
    sift = cv2.SIFT.create(nfeatures=20, enable_precise_upscale=True)
    _, raw = sift.detectAndCompute(grey, None)
    p = raw / raw.sum(axis=1, keepdims=True)
    hellinger = np.sqrt(p[:, None] * p[None]).sum(axis=2)
    rooted = OpenCVSift(20).extract(texture(5)).descriptors
    ours = rooted @ rooted.T
    assert len(rooted) == 20
    assert np.allclose(np.sort(ours.ravel()), np.sort(hellinger[:20, :20].ravel()), atol=2e-3)
