"""LIFT's parts by hand and by other means; training that stops and goes on."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from delf_lesson.classical.keypoints import Keypoints, sample_patches
from delf_lesson.classical.scale_space import scale_space
from delf_lesson.datasets.training_set import training_points
from delf_lesson.deep.lift import Lift, load_lift, scored_levels
from delf_lesson.deep.lift_network import (
    SHARPNESS,
    SIDE,
    STEP,
    TAPS,
    Descriptor,
    Detector,
    Ghh,
    LiftNetwork,
    Orientation,
    cut,
    soft_argmax,
    soft_maximum,
    standardised,
)
from delf_lesson.deep.weights import load_weights, save_weights
from delf_lesson.features import Extractor
from delf_lesson.training.lift_losses import TURN, mined_triplets
from delf_lesson.training.lift_patches import APART, LARGE, VIEWS, LiftPatches, _of_landmark
from delf_lesson.training.lift_training import PARTS, LiftRecipe, train_lift


def test_hinging_hyperplanes_by_hand():
    """Four groups of two: 5 - 2 + 0 - (-1)."""
    numbers = torch.tensor([[5.0, 1.0, 2.0, -3.0, 0.0, -7.0, -1.0, -1.0]])
    assert Ghh(4, 2)(numbers).tolist() == [4.0]


def test_the_soft_maximum_is_near_the_highest():
    scores = torch.zeros(1, 9, 11)
    scores[0, 6, 2] = 4
    assert soft_argmax(scores)[0].tolist() == pytest.approx([2, 6], abs=1e-3)
    assert soft_maximum(scores).item() == pytest.approx(4 - np.log(99) / SHARPNESS, abs=1e-3)
    assert soft_argmax(torch.zeros(1, 9, 11))[0].tolist() == pytest.approx([5, 4])
    assert soft_maximum(torch.full((1, 3, 3), 0.7)).item() == pytest.approx(0.7)


def test_a_cut_is_the_patch_that_the_scale_space_gives(texture):
    """A 64-sample patch, cut to 32 at an angle, against sampling the 32 in the picture."""
    space = scale_space(cv2.cvtColor(texture(1), cv2.COLOR_RGB2GRAY))
    point = Keypoints(np.array([[160.0, 120.0]]), np.array([6.0]), np.zeros(1))
    large = sample_patches(space, point, np.zeros(1), 64, STEP)
    for angle in (0.0, 0.7, -2.1):
        wanted = sample_patches(space, point, np.array([angle]), SIDE, STEP)[0]
        found = cut(torch.from_numpy(large)[None], torch.zeros(1, 2), torch.tensor([angle]))
        assert np.abs(found[0, 0].numpy() - wanted).max() < 0.02
    moved = cut(torch.from_numpy(large)[None], torch.tensor([[5.0, -3.0]]), torch.zeros(1), 16)
    assert np.allclose(moved[0, 0], large[0, 24 - 3 : 40 - 3, 24 + 5 : 40 + 5], atol=1e-4)


def test_standardised_patches_know_no_light():
    patches = torch.rand(3, 1, 8, 8, generator=torch.manual_seed(0))
    assert torch.allclose(standardised(patches), standardised(0.5 * patches + 0.2), atol=1e-3)
    assert standardised(torch.full((1, 1, 4, 4), 0.3)).abs().max() < 1e-3


def test_levels_are_so_resized_that_a_blob_fills_as_many_samples():
    """A Gaussian blob of 8 pixels is, at the level of its sigma, as wide as STEP says."""
    y, x = np.mgrid[:240, :240]
    blob = np.exp(-((x - 120) ** 2 + (y - 120) ** 2) / (2 * 8.0**2)).astype(np.float32)
    sigmas = []
    for level in scored_levels(scale_space(blob)):
        sigma, step, image = level.sigma, level.step, level.image
        assert step == pytest.approx(STEP * sigma)
        sigmas.append(sigma)
        if 4 < sigma < 9:
            weight = image / image.sum()
            columns = np.arange(image.shape[1]) - (weight.sum(0) * np.arange(image.shape[1])).sum()
            spread = np.sqrt((weight.sum(0) * columns**2).sum()) * step
            assert spread == pytest.approx(np.hypot(8.0, sigma), rel=0.05)
    assert np.allclose(np.diff(np.log2(sigmas)), 1 / 3)


def bright_spots():
    """Networks whose detector answers to bright spots, as a Laplacian does."""
    torch.manual_seed(0)
    network = LiftNetwork()
    along = np.arange(TAPS) - (TAPS - 1) / 2
    square = along[:, None] ** 2 + along**2
    blob = (1 - square / (2 * 2.67**2)) * np.exp(-square / (2 * 2.67**2))
    with torch.no_grad():
        network.detector.filters.weight.zero_()
        network.detector.filters.bias.zero_()
        network.detector.filters.weight[0, 0] = torch.from_numpy(blob - blob.mean())
    return network


def test_keypoints_lie_on_the_spots_at_their_size():
    y, x = np.mgrid[:200, :260]
    image = np.full((200, 260), 0.2)
    spots = np.array([[60.0, 50.0, 4.0], [180.0, 70.0, 6.0], [110.0, 140.0, 9.0]])
    for x0, y0, sigma in spots:
        image += 0.6 * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma**2))
    found = Lift(bright_spots()).detect(scale_space(image.astype(np.float32))).strongest(3)
    ratios = []
    for x0, y0, sigma in spots:
        near = np.linalg.norm(found.xy - (x0, y0), axis=1).argmin()
        assert np.linalg.norm(found.xy[near] - (x0, y0)) < 0.4 * sigma
        ratios.append(found.sigma[near] / sigma)
    assert max(ratios) / min(ratios) < 2 ** (1 / 2)  # levels are 2^(1/3) apart


def test_keypoints_move_with_the_picture(texture):
    image = texture(3, 240, 320)
    extractor = Lift(bright_spots(), max_keypoints=150)
    first = extractor.extract(image)
    second = extractor.extract(np.ascontiguousarray(image[:, ::-1][::-1]))  # half a turn
    expected = np.array([319, 239]) - second.xy
    apart = np.linalg.norm(first.xy[:, None] - expected, axis=2).min(axis=1)
    assert (apart < 1).mean() > 0.9


def test_it_is_an_extractor_of_128_numbers(texture):
    extractor = Lift(bright_spots(), max_keypoints=50)
    found = extractor.extract(texture(1))
    assert isinstance(extractor, Extractor)
    assert found.descriptors.shape == (50, 128) and found.image_size == (320, 240)
    assert (np.diff(found.scores) <= 0).all()
    assert len(extractor.extract(np.full((64, 64, 3), 128, np.uint8))) == 0
    assert len(extractor.extract(np.zeros((5, 5, 3), np.uint8))) == 0
    assert extractor.settings != Lift(LiftNetwork()).settings


def test_parts_have_the_shapes_they_say():
    patches = torch.rand(3, 1, SIDE, SIDE, generator=torch.manual_seed(0))
    assert Descriptor().eval()(patches).norm(dim=1).tolist() == pytest.approx([1] * 3, abs=1e-5)
    assert Orientation()(patches).abs().max() <= np.pi
    assert Detector()(torch.rand(2, 1, 30, 40)).shape == (2, 30 - TAPS + 1, 40 - TAPS + 1)


def test_mining_among_all_takes_the_nearest_other():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 12, 6))
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    losses, right = [], []
    for k in range(12):
        own = np.linalg.norm(a[k] - b[k])
        others = np.linalg.norm(a[k] - np.delete(b, k, 0), axis=1)
        losses.append(max(0, 1 + own - others.min()))
        right.append(own < others.min())
    tensors = torch.from_numpy(a), torch.from_numpy(b)
    loss, good = mined_triplets(*tensors, margin=1.0, among=12)
    assert loss.item() == pytest.approx(np.mean(losses), abs=1e-3) and good.tolist() == right
    easier, _ = mined_triplets(*tensors, margin=1.0, among=2)
    assert easier < loss


@pytest.mark.slow
def test_patches_of_a_point_show_the_same():
    landmark = training_points()[7]
    points, empty = _of_landmark(landmark, 40, np.random.default_rng(0))
    assert points.shape == (40, VIEWS, LARGE, LARGE) and empty.shape[1:] == (LARGE, LARGE)
    flat = points[:, :, 16:48, 16:48].reshape(40, VIEWS, -1).astype(float)
    flat -= flat.mean(axis=2, keepdims=True)
    flat /= np.linalg.norm(flat, axis=2, keepdims=True)
    likeness = np.einsum("ivd,jwd->ijvw", flat, flat)
    same = np.median(likeness[np.arange(40), np.arange(40)][:, 0, 1:])
    assert same > np.median(likeness[:, :, 0, 1]) + 0.3
    assert len(empty) > 20 and APART == 6


def few_patches():
    """Blobs at random, the same in all views of a point but for noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:LARGE, :LARGE] - (LARGE - 1) / 2
    points = np.empty((48, VIEWS, LARGE, LARGE), np.uint8)
    for k in range(48):
        image = 0.3 + 0.5 * np.exp(-(x**2 + y**2) / 18)
        for _ in range(6):
            x0, y0 = rng.uniform(-14, 14, 2)
            image += rng.uniform(-0.3, 0.3) * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 30)
        for view in range(VIEWS):
            noisy = image + rng.normal(0, 0.02, image.shape)
            points[k, view] = np.rint(255 * noisy.clip(0, 1))
    empty = np.rint(255 * rng.uniform(0.2, 0.4, (20, LARGE, LARGE))).astype(np.uint8)
    return LiftPatches(points, np.arange(48) % 3, empty, "blobs")


QUICK = LiftRecipe(epochs=(2, 1, 2), batch=16)


@pytest.mark.slow
def test_training_stops_and_goes_on(tmp_path):
    data = few_patches()
    whole = list(train_lift(data, tmp_path / "whole", QUICK))
    assert [part for part, _ in whole] == [PARTS[0], PARTS[0], PARTS[1], PARTS[2], PARTS[2]]
    for cut_after in (1, 2, 4):
        folder = tmp_path / f"cut_{cut_after}"
        run = train_lift(data, folder, QUICK)
        for _ in range(cut_after):
            next(run)
        run.close()
        rest = list(train_lift(data, folder, QUICK))
        for (part, one), (same, other) in zip(whole[cut_after:], rest, strict=True):
            assert part == same and one.loss == pytest.approx(other.loss, rel=1e-3)
    a, card = load_weights(tmp_path / "whole" / "lift.safetensors")
    b, _ = load_weights(tmp_path / "cut_2" / "lift.safetensors")
    assert all(torch.allclose(a[name], b[name], atol=5e-3) for name in a)
    assert card["stage"] == "lift" and card["points"] == 48 and card["landmarks"] == 3
    assert set(card["loss"]) == set(PARTS)
    load_lift(tmp_path / "whole" / "lift.safetensors").extract(np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(ValueError, match="margin"):
        list(train_lift(data, tmp_path / "whole", replace(QUICK, margin=0.5)))
    # another detector goes on with the descriptor and the orientation there are
    other = replace(QUICK, direct=0.0)
    with pytest.raises(ValueError, match="direct"):
        list(train_lift(data, tmp_path / "whole", other))


@pytest.mark.slow
def test_each_part_learns(tmp_path):
    plan = LiftRecipe(epochs=(10, 40, 24), rates=(3e-3,) * 3, batch=16)
    found = {part: [] for part in PARTS}
    for part, metrics in train_lift(few_patches(), tmp_path, plan):
        found[part].append(metrics)
    assert found["descriptor"][-1].accuracy > 0.9
    always_the_same = 1 - np.sin(TURN) / TURN  # the mean of 1 - cos over all turns
    assert found["orientation"][19].loss < 0.8 * always_the_same
    assert found["orientation"][-1].loss < found["orientation"][20].loss
    assert found["detector"][-1].accuracy > 0.5


def test_wrong_data_and_weights_are_refused(tmp_path):
    with pytest.raises(ValueError, match="48 points"):
        next(train_lift(few_patches(), tmp_path, LiftRecipe(batch=49)))
    for options in ({"epochs": (1, 0, 1)}, {"epochs": (1, 1)}, {"rates": (1, 1, 0)}):
        with pytest.raises(ValueError, match="epochs is"):
            LiftRecipe(**options)
    save_weights(tmp_path / "w.safetensors", {}, {"stage": "ft"})
    with pytest.raises(ValueError, match="is not of lift"):
        load_lift(tmp_path / "w.safetensors")
