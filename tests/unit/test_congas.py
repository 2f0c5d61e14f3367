"""The Laplacian finds blobs at their size; Gabor amplitudes know a patch again."""

import cv2
import numpy as np
import pytest

from delf_lesson.classical import congas
from delf_lesson.classical.congas import Congas, describe_patches, log_keypoints, wavelet_bank
from delf_lesson.classical.scale_space import scale_space
from delf_lesson.features import Extractor


def blobs(places, size=200):
    """Bright Gaussian blobs (x, y, sigma) on grey."""
    y, x = np.mgrid[:size, :size]
    image = np.full((size, size), 0.2)
    for x0, y0, sigma in places:
        image += 0.6 * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma**2))
    return image.astype(np.float32)


@pytest.mark.parametrize("sigma", [3.0, 5.0, 8.0, 12.0])
def test_a_blob_is_found_at_its_middle_and_size(sigma):
    """Of a Gaussian blob, sigma² times the Laplacian is extreme where sigma is the blob's own."""
    found = log_keypoints(scale_space(blobs([(90.3, 110.6, sigma)]))).strongest(1)
    assert np.linalg.norm(found.xy[0] - (90.3, 110.6)) < 0.1
    # the image counts as blurred by half a pixel already
    assert found.sigma[0] == pytest.approx(np.sqrt(sigma**2 + 0.25), rel=0.03)
    # -2 s0² sigma² / (s0² + sigma²)² at sigma = s0 is half of the height
    assert found.response[0] == pytest.approx(0.3, rel=0.05)


def test_an_independent_detector_finds_the_same_blobs():
    feature = pytest.importorskip("skimage.feature", reason="scikit-image is not installed")
    places = [(40, 50, 4), (120, 60, 6), (70, 140, 8), (150, 150, 5)]
    image = blobs(places)
    theirs = feature.blob_log(image, min_sigma=2, max_sigma=12, num_sigma=40, threshold=0.1)
    ours = log_keypoints(scale_space(image), contrast=0.1)
    assert len(ours) == len(theirs) == 4
    for y, x, sigma in theirs:
        near = np.linalg.norm(ours.xy - (x, y), axis=1).argmin()
        assert np.linalg.norm(ours.xy[near] - (x, y)) < 1.5
        assert ours.sigma[near] == pytest.approx(sigma, rel=0.12)


def test_an_edge_is_no_blob():
    image = np.full((120, 120), 0.2, np.float32)
    image[:, 60:] = 0.8
    assert len(log_keypoints(scale_space(image))) == 0


@pytest.mark.parametrize("kind", ["gabor", "noise"])
def test_wavelets_see_no_light_and_have_one_norm(kind):
    bank = wavelet_bank(kind)
    assert bank.shape == (40, 32 * 32)
    assert np.abs(bank.sum(axis=1)).max() < 1e-3
    assert np.linalg.norm(bank, axis=1) == pytest.approx(1, abs=1e-5)


def test_wavelets_answer_to_their_frequency_and_direction():
    """By the Fourier transform: the largest magnitude lies where the wave should be."""
    row = 0
    for cycles, places in congas.WAVES:
        for _ in places:
            for direction in range(congas.DIRECTIONS):
                wavelet = wavelet_bank()[row].reshape(congas.SIDE, congas.SIDE)
                spectrum = np.abs(np.fft.fft2(wavelet, (256, 256)))  # an eighth of a cycle apart
                v, u = np.unravel_index(spectrum.argmax(), spectrum.shape)
                found = np.array([(k + 128) % 256 - 128 for k in (u, v)]) / 8
                angle = np.pi / congas.DIRECTIONS * direction
                wanted = cycles * np.array([np.cos(angle), np.sin(angle)])
                assert np.linalg.norm(found - wanted) < 0.15 * cycles
                row += 1
    assert row == len(wavelet_bank())


def test_brightness_and_contrast_do_not_change_a_descriptor():
    patches = np.random.default_rng(0).uniform(0.2, 0.6, (5, 32, 32)).astype(np.float32)
    patches = np.stack([cv2.GaussianBlur(patch, (0, 0), 2) for patch in patches])
    changed = 1.7 * patches + 0.1
    assert np.allclose(describe_patches(patches), describe_patches(changed), atol=1e-3)
    with pytest.raises(ValueError, match="patches has shape"):
        describe_patches(np.zeros((1, 31, 32), np.float32))


def matched(first, second, turn):
    """The share of nearest neighbours that a known turn (2, 3) maps to within three pixels."""
    nearest = (first.descriptors @ second.descriptors.T).argmax(axis=1)
    expected = first.xy @ turn[:, :2].T + turn[:, 2]
    return (np.linalg.norm(second.xy[nearest] - expected, axis=1) < 3).mean()


def test_turned_and_shrunk_pictures_match(texture):
    image = texture(1, 480, 640)
    turn = cv2.getRotationMatrix2D((320, 240), 25, 0.8)
    other = cv2.warpAffine(image, turn, (640, 480), borderValue=(128, 128, 128))
    assert matched(Congas().extract(image), Congas().extract(other), turn) > 0.4


def test_it_is_an_extractor_of_forty_numbers(texture):
    extractor = Congas(max_keypoints=50)
    found = extractor.extract(texture(1))
    assert isinstance(extractor, Extractor)
    assert found.descriptors.shape == (50, 40) and found.image_size == (320, 240)
    assert (np.diff(found.scores) <= 0).all()
    assert len(Congas().extract(np.full((64, 64, 3), 128, np.uint8))) == 0
    for options in (
        {"max_keypoints": 0},
        {"max_side": 0},
        {"contrast": -1.0},
        {"edge": 0.5},
        {"bank": "x"},
    ):
        with pytest.raises(ValueError, match=next(iter(options))):
            Congas(**options)
