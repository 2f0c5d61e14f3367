"""Orientation, descriptor and extractor, against their definitions and against OpenCV."""

import cv2
import numpy as np
import pytest

from delf_lesson.classical.dog import dog_keypoints
from delf_lesson.classical.keypoints import Keypoints, sample_patches
from delf_lesson.classical.scale_space import BASE_SIGMA, scale_space
from delf_lesson.classical.sift import (
    BATCH,
    OpenCVSift,
    Sift,
    describe_patches,
    descriptor_patches,
    orientation_histograms,
    orientation_peaks,
    root_sift,
)
from delf_lesson.features import Extractor


def grey_of(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def one(x, y, sigma):
    return Keypoints(np.array([[x, y]]), np.array([sigma]), np.ones(1))


def nearest_pairs(here, there, tolerance=0.01):
    distance = np.linalg.norm(here[:, None] - there[None], axis=2)
    return distance <= tolerance


@pytest.mark.parametrize("degrees", [0, 10, 37, 90, 200, 355])
def test_the_orientation_of_a_slope_is_its_gradients(degrees):
    angle = np.deg2rad(degrees)
    y, x = np.mgrid[:81, :81] - 40.0
    slope = 0.5 + 0.005 * (np.cos(angle) * x + np.sin(angle) * y)
    row, found = orientation_peaks(orientation_histograms(scale_space(slope), one(40.2, 39.7, 3.0)))
    assert len(row) == 1
    off = np.angle(np.exp(1j * (found[0] - angle)))
    assert abs(np.rad2deg(off)) < 1


def test_a_crossing_of_slopes_has_several_orientations():
    y, x = np.mgrid[:81, :81] - 40.0
    roof = 0.9 - 0.008 * np.maximum(np.abs(x), np.abs(y))
    _, angles = orientation_peaks(orientation_histograms(scale_space(roof), one(40, 40, 4.0)))
    assert np.allclose(np.sort(np.rad2deg(angles) % 360), [0, 90, 180, 270], atol=1)


def test_peaks_by_hand():
    histogram = np.zeros((2, 36), np.float32)
    histogram[0, [9, 10, 11]] = 1, 3, 1
    histogram[0, [30, 31]] = 2.7, 2.3  # 0.9 of the highest: a keypoint of its own
    histogram[0, 20] = 2.0  # too low
    histogram[1, [35, 0, 1]] = 2, 4, 2
    row, angles = orientation_peaks(histogram)
    assert row.tolist() == [0, 0, 1]
    assert np.allclose(np.rad2deg(angles[[0, 2]]), [100, 0])
    assert 300 < np.rad2deg(angles[1]) < 305


def test_a_patch_is_turned_upright(texture):
    grey = grey_of(texture(1))
    space = scale_space(grey)
    level = space.octaves[1].gaussians[1]  # one sample a pixel
    found = sample_patches(space, one(150, 120, space.sigma(1, 1)), np.array([np.pi / 2]), 5, 0.5)
    x0, y0 = space.origin
    for i in range(5):
        for j in range(5):
            along = 0.5 * space.sigma(1, 1) * np.array([j - 2, i - 2])  # x and y in the patch
            x, y = 150 - along[1], 120 + along[0]  # a quarter turn clockwise
            place = np.float32([[x - x0]]), np.float32([[y - y0]])
            wanted = cv2.remap(level, *place, cv2.INTER_LINEAR)
            assert abs(found[0, i, j] - wanted) < 1e-3


def by_the_book(patch):
    """SIFT of one patch (22, 22) as a loop over its samples, each split over eight bins."""
    histogram = np.zeros((4, 4, 8))
    for i in range(1, 21):
        for j in range(1, 21):
            dx = (patch[i, j + 1] - patch[i, j - 1]) / 2
            dy = (patch[i + 1, j] - patch[i - 1, j]) / 2
            u, v = (j - 10.5) / 4, (i - 10.5) / 4  # in cells from the middle
            weight = np.hypot(dx, dy) * np.exp(-(u * u + v * v) / 8)
            row, column = v + 1.5, u + 1.5
            direction = (-np.arctan2(dy, dx) % (2 * np.pi)) / (np.pi / 4)
            for r in (int(np.floor(row)), int(np.floor(row)) + 1):
                for c in (int(np.floor(column)), int(np.floor(column)) + 1):
                    for d in (int(direction), int(direction) + 1):
                        if 0 <= r < 4 and 0 <= c < 4:
                            share = (1 - abs(row - r)) * (1 - abs(column - c))
                            histogram[r, c, d % 8] += weight * share * (1 - abs(direction - d))
    unit = histogram.ravel() / np.linalg.norm(histogram)
    clipped = np.minimum(unit, 0.2)
    return clipped / np.linalg.norm(clipped)


def test_the_descriptor_is_that_of_the_definition(texture):
    patches = np.stack([grey_of(texture(k))[k : k + 22, 7:29] / 255 for k in range(20, 30)])
    found = describe_patches(patches.astype(np.float32))
    for patch, descriptor in zip(patches, found, strict=True):
        assert np.allclose(descriptor, by_the_book(patch), atol=1e-4)


def test_no_number_rules_the_descriptor():
    edge = np.zeros((1, 22, 22), np.float32)
    edge[..., 11:] = 1
    found = describe_patches(edge)[0]
    assert abs(np.linalg.norm(found) - 1) < 1e-5
    large = np.sort(found)[::-1]
    assert np.isclose(large[0], large[7], atol=1e-5)  # eight cells at the edge, all clipped


def test_descriptors_are_opencvs(texture):
    image = texture(9, 241, 321)
    theirs = OpenCVSift(300, root=False).extract(image)
    ours = Sift(root=False, max_keypoints=5000).extract(image)
    near = np.linalg.norm(theirs.xy[:, None] - ours.xy, axis=2) < 1.5
    like = np.abs(np.log(theirs.scales[:, None] / ours.scales)) < np.log(1.15)
    cosine = np.where(near & like, theirs.descriptors @ ours.descriptors.T, -1).max(axis=1)
    cosine = cosine[(near & like).any(axis=1)]
    assert len(cosine) > 150
    assert np.median(cosine) > 0.98 and np.percentile(cosine, 10) > 0.8


def test_a_linear_change_of_brightness_leaves_descriptors(texture):
    grey = grey_of(texture(2)) / 255
    here, there = scale_space(grey), scale_space(0.4 * grey + 0.3)
    points = dog_keypoints(here)
    row, angles = orientation_peaks(orientation_histograms(here, points))
    row_there, angles_there = orientation_peaks(orientation_histograms(there, points))
    assert row.tolist() == row_there.tolist() and np.allclose(angles, angles_there, atol=1e-3)
    points = points.select(row)
    first = describe_patches(descriptor_patches(here, points, angles))
    second = describe_patches(descriptor_patches(there, points, angles_there))
    assert len(first) > 120
    assert np.abs(first - second).max() < 1e-3


def test_turning_the_image_leaves_descriptors(texture):
    image = texture(3)
    here, there = Sift().extract(image), Sift().extract(np.ascontiguousarray(np.rot90(image)))
    turned = np.c_[here.xy[:, 1], image.shape[1] - 1 - here.xy[:, 0]]
    same = nearest_pairs(turned, there.xy)
    cosine = np.where(same, here.descriptors @ there.descriptors.T, -1).max(axis=1)
    assert len(here) > 150 and (cosine > 0.9999).mean() > 0.98


def test_contract(texture):
    extractor = Sift(max_keypoints=50)
    assert isinstance(extractor, Extractor)
    found = extractor.extract(texture(1))
    assert len(found) == 50 and found.descriptors.shape == (50, 128)
    assert (np.diff(found.scores) <= 0).all()
    assert found.image_size == (320, 240)
    assert (found.xy >= -0.5).all() and (found.xy <= (319.5, 239.5)).all()


def test_harris_points_have_one_size(texture):
    found = Sift("harris").extract(texture(4))
    assert len(found) > 50 and np.ptp(found.scales) < 1e-6


@pytest.mark.parametrize("detector", ["dog", "harris"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (100, 100)])
def test_an_image_without_detail_gives_no_keypoints(detector, shape):
    found = Sift(detector).extract(np.full((*shape, 3), 90, np.uint8))
    assert len(found) == 0 and found.descriptors.shape == (0, 128)


def test_points_of_a_large_image_are_in_its_own_pixels(texture):
    image = texture(4)
    large = cv2.resize(image, (1280, 960), interpolation=cv2.INTER_CUBIC)
    found, same = Sift(max_side=320).extract(large), Sift(max_side=320).extract(image)
    distance = np.linalg.norm(((same.xy + 0.5) * 4 - 0.5)[:, None] - found.xy, axis=2)
    assert found.image_size == (1280, 960)
    near = distance.min(axis=1) < 1
    ratio = found.scales[distance.argmin(axis=1)] / same.scales
    assert near.mean() > 0.7
    assert abs(np.median(ratio[near]) - 0.25) < 0.01


def test_scales_are_the_inverse_of_sigma(texture):
    grey = grey_of(texture(5))
    found = Sift(max_keypoints=1).extract(texture(5))
    strongest = dog_keypoints(scale_space(grey)).strongest(1)
    assert np.isclose(found.scales[0], BASE_SIGMA / strongest.sigma[0], rtol=1e-5)


def test_root_sift_is_the_hellinger_kernel(texture):
    plain = Sift(root=False).extract(texture(6)).descriptors
    rooted = Sift(root=True).extract(texture(6)).descriptors
    p = plain / plain.sum(axis=1, keepdims=True)
    assert np.allclose(
        rooted[:20] @ rooted[:20].T, np.sqrt(p[:20, None] * p[:20]).sum(2), atol=1e-4
    )
    assert np.allclose(root_sift(3 * plain), rooted, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{"max_keypoints": 0}, {"max_side": 0}, {"detector": "fast"}, {"contrast": -1}, {"edge": 0}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Sift(**settings)


def test_far_gradients_have_no_say_in_the_orientation():
    """A strong edge 5 sigma away is beyond the window's 4.5, at a corner of its square too."""
    y, x = np.mgrid[:121, :121] - 60.0
    image = 0.4 + 0.002 * x
    image[(x > 13) & (y > 13)] += 0.3  # 18 pixels or more away: over 4.5 times 4
    _, angles = orientation_peaks(orientation_histograms(scale_space(image), one(60, 60, 3.2)))
    assert np.abs(np.rad2deg(np.angle(np.exp(1j * angles)))).min() < 5


def test_upright_patches_do_not_turn(texture):
    image = texture(8)
    plain, upright = Sift().extract(image), Sift(upright=True).extract(image)
    assert len(upright) < len(plain)  # one orientation a place
    turned = Sift(upright=True).extract(np.ascontiguousarray(np.rot90(image)))
    there = np.c_[upright.xy[:, 1], image.shape[1] - 1 - upright.xy[:, 0]]
    same = nearest_pairs(there, turned.xy)
    cosine = np.where(same, upright.descriptors @ turned.descriptors.T, -1).max(axis=1)
    assert np.median(cosine) < 0.9


def test_wrong_patches_and_histograms_are_refused(texture):
    with pytest.raises(ValueError, match="patches"):
        describe_patches(np.zeros((3, 16, 16), np.float32))
    with pytest.raises(ValueError, match="descriptors"):
        root_sift(-np.ones((1, 128)))
    space = scale_space(grey_of(texture(1)))
    with pytest.raises(ValueError, match="angles"):
        sample_patches(space, one(50, 50, 2.0), np.zeros(2), 9, 1.0)
    with pytest.raises(ValueError, match="sigma"):
        one(50, 50, 0.0)
    with pytest.raises(ValueError, match="xy"):
        one(np.nan, 50, 2.0)


def test_settings_name_all_that_changes_the_result():
    variants = [
        Sift(),
        Sift("harris"),
        Sift(root=False),
        Sift(max_keypoints=9),
        Sift(contrast=0.1),
        Sift(upright=True),
    ]
    assert len({str(sorted(v.settings.items())) for v in variants}) == len(variants)


def test_many_keypoints_are_described_as_few_are(texture):
    """Batches must not change anything."""
    image = texture(7, 480, 640)
    image[::7] //= 2
    every = Sift(max_keypoints=5000, contrast=0.0).extract(image)
    few = Sift(max_keypoints=100, contrast=0.0).extract(image)
    assert len(every) > BATCH
    assert np.allclose(every.descriptors[:100], few.descriptors[:100], atol=1e-6)


def test_the_classical_half_imports_no_torch():
    import subprocess
    import sys

    program = (
        "import sys, delf_lesson.classical.properties, delf_lesson.classical.sift;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
