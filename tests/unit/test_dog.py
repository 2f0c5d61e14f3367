"""The scale space has the blur it says, and its extrema lie where blobs are."""

import cv2
import numpy as np
import pytest

from delf_lesson.classical.dog import dog_keypoints, extrema, quadratic_fit, refine
from delf_lesson.classical.scale_space import BASE_SIGMA, LEVELS, scale_space
from delf_lesson.classical.sift import OpenCVSift


def grey_of(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def blob(sigma, x=60.0, y=60.0, side=121):
    rows, columns = np.mgrid[:side, :side]
    return 0.1 + 0.8 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))


def test_every_level_is_the_doubled_image_under_one_gaussian(texture):
    space = scale_space(grey_of(texture(1)))
    doubled = space.octaves[0].gaussians[0]
    for number in (0, 1, 2):
        octave = space.octaves[number]
        step = 2**number
        for level in range(LEVELS + 3):
            # sigma in samples of the doubled image, less what level 0 has already
            sigma = BASE_SIGMA * step * 2 ** (level / LEVELS)
            extra = np.sqrt(max(sigma**2 - BASE_SIGMA**2, 1e-6))
            wanted = cv2.GaussianBlur(doubled, (0, 0), extra)[::step, ::step]
            assert np.abs(octave.gaussians[level] - wanted).max() < 0.01
            assert abs(space.sigma(number, level) - sigma / 2) < 1e-9


def test_samples_lie_on_pixels_and_between_them(texture):
    grey = grey_of(texture(2))[:101, :150]
    space = scale_space(grey)
    first = space.octaves[0].gaussians[0]
    x0, y0 = np.rint(-2 * space.origin).astype(int)
    soft = cv2.GaussianBlur(grey / 255, (0, 0), 0.65)  # (1.6^2 - 1)^0.5 / 2, and a little
    inner = first[y0::2, x0::2][:101, :150]
    assert np.abs(inner - soft)[5:-5, 5:-5].mean() < 0.01


@pytest.mark.parametrize("shape", [(240, 320), (239, 320), (97, 101), (30, 300)])
def test_mirroring_the_image_mirrors_every_sample(texture, shape):
    grey = grey_of(texture(3, *shape))
    here, there = scale_space(grey), scale_space(np.ascontiguousarray(grey[:, ::-1]))
    for a, b in zip(here.octaves, there.octaves, strict=True):
        assert np.allclose(a.gaussians, b.gaussians[:, :, ::-1], atol=1e-5)


def test_a_level_is_found_by_its_sigma(texture):
    space = scale_space(grey_of(texture(4)))
    for octave in range(len(space.octaves)):
        for level in range(1, LEVELS + 1):
            found = space.find_level(np.array([space.sigma(octave, level)]))
            assert found == (octave, level)


def test_the_quadratic_fit_is_exact_for_a_quadratic():
    level, y, x = np.mgrid[:5, :9, :9].astype(float)
    top = np.array([2.2, 4.3, 3.6])
    values = 3 - 0.5 * (level - top[0]) ** 2 - 0.2 * (y - top[1]) ** 2 - 0.3 * (x - top[2]) ** 2
    values += 0.1 * (x - top[2]) * (y - top[1]) + 0.05 * (level - top[0]) * (x - top[2])
    gradient, hessian = quadratic_fit(values.astype(np.float32), np.array([[2, 4, 4]]))
    offset = -np.linalg.solve(hessian[0], gradient[0])
    assert np.allclose(np.array([2, 4, 4]) + offset, top, atol=1e-4)
    moved = refine(values.astype(np.float32), np.array([[1, 6, 6]]))
    assert moved.samples.tolist() == [[2, 4, 4]]
    assert np.allclose(moved.samples + moved.offset, top, atol=1e-4)
    assert np.allclose(moved.value, 3, atol=1e-4)


def test_extrema_are_those_of_the_definition():
    """Against a loop over all 26 neighbours."""
    dog = np.random.default_rng(0).normal(size=(5, 12, 14)).astype(np.float32)
    wanted = []
    for level in range(1, 4):
        for y in range(1, 11):
            for x in range(1, 13):
                cube = dog[level - 1 : level + 2, y - 1 : y + 2, x - 1 : x + 2]
                value = dog[level, y, x]
                if (value == cube.max() and value > 0.5) or (value == cube.min() and value < -0.5):
                    wanted.append((level, y, x))
    assert [tuple(at) for at in extrema(dog, 0.5)] == wanted and len(wanted) > 20


def test_a_large_blob_needs_a_late_octave():
    best = dog_keypoints(scale_space(blob(26.0, 150, 150, side=301))).strongest(1)
    assert abs(best.sigma[0] * 2 ** (1 / 6) / 26 - 1) < 0.03


def test_no_keypoint_lies_at_the_border():
    """A blob's middle 2 pixels inside the image is within five samples of any octave."""
    found = dog_keypoints(scale_space(blob(3.0, 2.0, 60.0)))
    near = np.hypot(found.xy[:, 0] - 2, found.xy[:, 1] - 60) < 4
    assert not near.any()
    assert len(dog_keypoints(scale_space(blob(3.0, 30.0, 60.0)))) > 0


@pytest.mark.parametrize("sigma", [2.0, 3.3, 5.0, 8.0])
@pytest.mark.parametrize("x, y", [(60.0, 60.0), (60.3, 59.8)])
def test_a_blob_is_found_at_its_place_and_size(sigma, x, y):
    best = dog_keypoints(scale_space(blob(sigma, x, y))).strongest(1)
    assert np.abs(best.xy[0] - [x, y]).max() < 0.05
    # D of the levels at sigma and 2^(1/3) sigma is the Laplacian halfway between them.
    assert abs(best.sigma[0] * 2 ** (1 / 6) / sigma - 1) < 0.03


def test_an_ellipse_too_thin_is_an_edge():
    y, x = np.mgrid[:121, :121]
    ridge = 0.1 + 0.8 * np.exp(-((x - 60) ** 2) / (2 * 3.0**2) - (y - 60) ** 2 / (2 * 18.0**2))
    centre = np.array([60, 60])

    def near(edge):
        found = dog_keypoints(scale_space(ridge), edge=edge)
        return (np.linalg.norm(found.xy - centre, axis=1) < 5).any()

    assert near(edge=1000) and not near(edge=5)


@pytest.mark.parametrize("shape", [(240, 320), (239, 320), (201, 177)])
def test_turning_the_image_turns_the_keypoints_exactly(texture, shape):
    grey = grey_of(texture(5, *shape))
    here, there = dog_keypoints(scale_space(grey)), dog_keypoints(scale_space(np.rot90(grey)))
    turned = np.c_[here.xy[:, 1], grey.shape[1] - 1 - here.xy[:, 0], here.sigma]
    distance = np.abs(turned[:, None] - np.c_[there.xy, there.sigma]).max(axis=2).min(axis=1)
    assert len(here) > 100 and abs(len(here) - len(there)) <= 1
    # A pixel's float rounding may decide one, where a parabola's top is midway between samples.
    assert np.sort(distance)[-4] < 1e-3


def test_doubling_the_image_doubles_scales(texture):
    grey = grey_of(texture(6))
    large = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    here, there = dog_keypoints(scale_space(grey)), dog_keypoints(scale_space(large))
    here = here.select(here.sigma > 1.6)  # what is finer is lost or made by the resizing
    distance = np.linalg.norm((here.xy[:, None] + 0.5) * 2 - 0.5 - there.xy, axis=2)
    partner, near = distance.argmin(axis=1), distance.min(axis=1) < 1
    ratio = there.sigma[partner] / here.sigma
    assert near.mean() > 0.85
    assert abs(np.median(ratio[near]) - 2) < 0.02
    assert (np.abs(ratio[near] - 2) < 0.2).mean() > 0.9


def test_a_linear_change_of_brightness_scales_the_response(texture):
    grey = grey_of(texture(7)) / 255
    here = dog_keypoints(scale_space(grey))
    there = dog_keypoints(scale_space(grey / 2 + 0.25), contrast=0.02)
    assert len(here) == len(there) > 100
    assert np.allclose(here.xy, there.xy, atol=1e-2)
    assert np.allclose(here.response, 2 * there.response, rtol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (7, 9), (100, 100)])
def test_a_constant_image_gives_none(shape):
    found = dog_keypoints(scale_space(np.full(shape, 90, np.uint8)))
    assert len(found) == 0 and found.xy.shape == (0, 2)


def test_contrast_and_edge_only_take_away(texture):
    space = scale_space(grey_of(texture(8)))
    every = dog_keypoints(space, contrast=0, edge=1e9)
    strong, round_ = dog_keypoints(space, edge=1e9), dog_keypoints(space, contrast=0)
    assert len(strong) < len(every) and len(round_) < len(every)
    assert strong.response.min() >= 0.04 / 3
    names = {tuple(row) for row in every.xy}
    assert {tuple(row) for row in strong.xy} <= names
    assert {tuple(row) for row in round_.xy} <= names


def test_keypoints_are_opencvs(texture):
    """All but a few where both sample alike. With even sides ours lie half a pixel off from the
    second octave on, and a good part of the extrema found there depends on it.
    """
    image = texture(9, 241, 321)
    theirs = OpenCVSift(300).extract(image)
    ours = dog_keypoints(scale_space(grey_of(image)))
    near = np.linalg.norm(theirs.xy[:, None] - ours.xy, axis=2) < 1.5
    like = np.abs(np.log(BASE_SIGMA / theirs.scales[:, None] / ours.sigma)) < np.log(1.15)
    assert len(theirs) > 150
    assert (near & like).any(axis=1).mean() > 0.97


def test_wrong_input_is_refused(texture):
    with pytest.raises(ValueError, match="grey"):
        scale_space(texture(1))
    with pytest.raises(ValueError, match="divide"):
        scale_space(np.full((9, 9), 128.0))
    with pytest.raises(ValueError, match="grey"):
        scale_space(np.full((9, 9), 128, np.int32))
    space = scale_space(np.zeros((50, 50)))
    with pytest.raises(ValueError, match="contrast"):
        dog_keypoints(space, contrast=-1)
    with pytest.raises(ValueError, match="edge"):
        dog_keypoints(space, edge=0.5)
