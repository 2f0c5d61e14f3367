"""Corners lie where they are drawn, turn with the image, and agree with other implementations."""

import cv2
import numpy as np
import pytest
from skimage.feature import corner_harris

from delf_lesson.classical.harris import (
    eigenvalues,
    harris_keypoints,
    harris_response,
    local_maxima,
    shi_tomasi_response,
    structure_tensor,
    window_change,
)

FINE = 16  # samples a pixel when something is drawn between pixels


@pytest.fixture
def grey(texture):
    return cv2.cvtColor(texture(1), cv2.COLOR_RGB2GRAY)


def checkerboard(x0: float, y0: float, side: float = 24.0, squares: int = 8) -> np.ndarray:
    """A board whose inner corners are at (x0 + i side, y0 + j side), exact to 1/16 pixel."""
    size = int(squares * side)
    at = (np.arange(size * FINE) + 0.5) / FINE - 0.5
    column, row = np.floor((at - x0) / side), np.floor((at - y0) / side)
    fine = np.where((column + row[:, None]) % 2, 0.2, 0.8).astype(np.float32)
    return fine.reshape(size, FINE, size, FINE).mean(axis=(1, 3))


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


@pytest.mark.parametrize("block", [3, 5, 7])
def test_the_response_with_a_box_is_opencvs(grey, block):
    tensor = structure_tensor(grey, np.sqrt((block**2 - 1) / 12), window="box")
    border = cv2.BORDER_REFLECT_101
    harris = cv2.cornerHarris(grey, block, 3, 0.04, borderType=border)
    smaller = cv2.cornerMinEigenVal(grey, block, ksize=3, borderType=border)
    assert correlation(harris_response(tensor), harris) > 0.99999
    assert correlation(shi_tomasi_response(tensor), smaller) > 0.99999


def test_the_response_with_a_gaussian_is_scikit_images(grey):
    ours = harris_response(structure_tensor(grey, 2.0), k=0.05)
    reference = corner_harris(grey / 255, method="k", k=0.05, sigma=2.0)
    inside = np.s_[12:-12, 12:-12]  # borders are continued in another way
    assert correlation(ours[inside], reference[inside]) > 0.999


def test_eigenvalues_are_those_of_the_matrix(grey):
    tensor = structure_tensor(grey)[::20, ::20]
    large, small = eigenvalues(tensor)
    a, b, c = np.moveaxis(tensor, 2, 0)
    wanted = np.linalg.eigvalsh(np.stack([a, c, c, b], axis=-1).reshape(*a.shape, 2, 2))
    assert np.allclose(small, wanted[..., 0], atol=1e-6)
    assert np.allclose(large, wanted[..., 1], atol=1e-6)


def test_a_shift_changes_the_window_by_the_tensors_quadratic_form():
    """The tensor's meaning: (u, v) M (u, v)^T is the mean square change under a small shift."""
    y, x = np.mgrid[:80, :80]
    image = 0.5 + 0.2 * np.sin(x / 7 + 0.4) + 0.2 * np.cos(y / 9)
    shifted = 0.5 + 0.2 * np.sin((x + 0.2) / 7 + 0.4) + 0.2 * np.cos((y - 0.3) / 9)
    change = cv2.GaussianBlur((shifted - image) ** 2, (0, 0), 3.0)
    a, b, c = np.moveaxis(structure_tensor(image, 3.0), 2, 0)
    form = 0.2**2 * a + 0.3**2 * b - 2 * 0.2 * 0.3 * c
    inside = np.s_[15:-15, 15:-15]
    assert np.allclose(form[inside], change[inside], rtol=0.05, atol=2e-7)


def test_the_change_of_a_shifted_window_by_hand(grey):
    """At one shift, as the sum that defines it."""
    y, x = np.mgrid[-6:7, -6:7]
    weight = np.exp(-(x**2 + y**2) / 8)
    window = grey[94:107, 144:157] / 255
    shifted = grey[92:105, 147:160] / 255  # by (3, -2)
    wanted = (weight * (shifted - window) ** 2).sum() / weight.sum()
    found = window_change(grey, (150, 100), most=4)
    assert found.shape == (9, 9) and found[4, 4] == 0
    assert np.isclose(found[4 - 2, 4 + 3], wanted)
    with pytest.raises(ValueError, match="xy"):
        window_change(grey, (5, 100))


@pytest.mark.parametrize("x0, y0", [(23.5, 23.5), (24.0, 24.0)])
@pytest.mark.parametrize("shi_tomasi", [False, True])
def test_corners_of_a_checkerboard_are_found_to_a_tenth_of_a_pixel(x0, y0, shi_tomasi):
    found = harris_keypoints(checkerboard(x0, y0), threshold=0.2, shi_tomasi=shi_tomasi)
    corners = np.array([[x0 + 24 * i, y0 + 24 * j] for i in range(7) for j in range(7)])
    distance = np.linalg.norm(found.xy[:, None] - corners, axis=2)
    inside = ((found.xy > 10) & (found.xy < 181)).all(axis=1)  # one more may lie at the rim
    assert inside.sum() == len(corners)
    assert distance.min(axis=0).max() < 0.1


@pytest.mark.parametrize("shape", [(240, 320), (239, 320), (201, 177)])
def test_turning_the_image_turns_the_corners_exactly(grey, shape):
    image = grey[: shape[0], : shape[1]]
    here, there = harris_keypoints(image), harris_keypoints(np.rot90(image))
    turned = np.c_[here.xy[:, 1], image.shape[1] - 1 - here.xy[:, 0]]
    assert len(here) == len(there) > 30
    assert np.abs(turned[:, None] - there.xy).max(axis=2).min(axis=1).max() < 1e-3


def test_an_edge_is_negative_and_a_flat_image_has_no_corner():
    edge = np.zeros((60, 60), np.float32)
    edge[:, 30:] = 1
    assert harris_response(structure_tensor(edge)).min() < -1e-5
    assert len(harris_keypoints(edge[20:40])) == 0
    assert len(harris_keypoints(np.full((50, 50), 77, np.uint8))) == 0


def test_a_linear_change_of_brightness_leaves_the_corners(grey):
    half = grey / 510 + 0.2
    assert np.allclose(harris_keypoints(grey).xy, harris_keypoints(half).xy, atol=1e-2)


def test_the_threshold_is_a_share_whatever_the_contrast(texture):
    grey = cv2.cvtColor(texture(2), cv2.COLOR_RGB2GRAY) / 255
    plain, faint = harris_keypoints(grey), harris_keypoints(0.5 + 0.02 * (grey - 0.5))
    assert abs(len(plain) - len(faint)) <= 2 and len(plain) > 50


def test_threshold_and_radius_do_what_they_say(grey):
    every, strong = harris_keypoints(grey, threshold=0.01), harris_keypoints(grey, threshold=0.3)
    assert 0 < len(strong) < len(every)
    assert strong.response.min() > 0.3 * every.response.max()
    xy = harris_keypoints(grey, radius=10).xy
    apart = np.linalg.norm(xy[:, None] - xy, axis=2) + 99 * np.eye(len(xy))
    assert apart.min() > 9


def test_the_top_of_a_parabola_is_found_between_pixels():
    y, x = np.mgrid[:20, :20]
    bump = 5 - 0.1 * (x - 9.3) ** 2 - 0.2 * (y - 7.8) ** 2
    assert np.allclose(local_maxima(bump, 4.0, 3), [[9.3, 7.8, bump[8, 9]]])


@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"sigma": 0}, "sigma"),
        ({"threshold": -0.1}, "threshold"),
        ({"threshold": 1}, "threshold"),
        ({"radius": 0}, "radius"),
        ({"radius": 2.5}, "radius"),
        ({"sigma": np.nan}, "sigma"),
    ],
)
def test_impossible_settings_are_refused(grey, wrong, named):
    with pytest.raises(ValueError, match=named):
        harris_keypoints(grey, **wrong)


def test_wrong_images_and_windows_are_refused(texture, grey):
    with pytest.raises(ValueError, match="grey"):
        structure_tensor(texture(1))
    with pytest.raises(ValueError, match="divide"):
        harris_keypoints(grey.astype(float))
    with pytest.raises(ValueError, match="sigma"):
        window_change(grey, (100, 100), sigma=0)
    with pytest.raises(ValueError, match="window"):
        structure_tensor(grey, window="round")
