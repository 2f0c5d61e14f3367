"""Attention by its equation; cells where receptive fields are; selection as it says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from delf_lesson.deep.backbone import ResNetTrunk
from delf_lesson.deep.delf import (
    SCALES,
    Attention,
    Delf,
    norm_scores,
)
from delf_lesson.deep.receptive_field import receptive_fields
from delf_lesson.deep.reduction import Pca
from delf_lesson.features import Extractor
from delf_lesson.training.delf_training import AttentionClassifier, attend


@pytest.fixture(scope="module")
def trunk():
    torch.manual_seed(0)
    return ResNetTrunk("resnet18").eval()


def test_attention_is_two_convolutions_a_relu_and_softplus():
    """Written out with matrices; batch normalisation at rest is an affine map."""
    torch.manual_seed(1)
    attention = Attention(8).eval()
    attention.bn1.running_mean.normal_()
    attention.bn1.running_var.uniform_(0.5, 2)
    features = torch.randn(2, 8, 3, 4)
    rows = features.permute(0, 2, 3, 1).reshape(-1, 8)
    hidden = rows @ attention.conv1.weight.view(512, 8).T + attention.conv1.bias
    norm = attention.bn1
    hidden = (hidden - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
    hidden = (hidden * norm.weight + norm.bias).clamp(min=0)
    score = hidden @ attention.conv2.weight.view(512) + attention.conv2.bias
    wanted = torch.log1p(score.exp()).view(2, 1, 3, 4)
    found = attention(features)
    assert torch.allclose(found, wanted, atol=1e-5) and (found > 0).all()


def test_pooling_is_the_weighted_mean_of_unit_descriptors():
    features, scores = torch.randn(2, 5, 3, 4), torch.rand(2, 1, 3, 4)
    wanted = torch.zeros(2, 5)
    for n in range(2):
        for y in range(3):
            for x in range(4):
                cell = features[n, :, y, x]
                wanted[n] += scores[n, 0, y, x] * cell / cell.norm() / scores[n].sum()
    assert torch.allclose(attend(features, scores), wanted, atol=1e-5)
    assert torch.allclose(attend(3 * features, scores), wanted, atol=1e-5)
    assert torch.allclose(attend(features, 3 * scores), wanted, atol=1e-5)
    assert torch.isfinite(attend(features, 0 * scores)).all()


def test_attention_learns_from_labels_alone_which_cells_matter():
    """Each picture has one cell of its class among noise: the score must find that cell."""
    torch.manual_seed(2)
    kinds = nn.functional.normalize(torch.randn(4, 16), dim=1)
    noise = nn.functional.normalize(torch.randn(6, 16), dim=1)
    model = AttentionClassifier(16, 4)
    optimiser = torch.optim.Adam(model.parameters(), 0.01)

    def batch(size=32):
        labels = torch.randint(0, 4, (size,))
        features = noise[torch.randint(0, 6, (size, 9))]
        place = torch.randint(0, 9, (size,))
        features[torch.arange(size), place] = kinds[labels]
        features = features + 0.05 * torch.randn_like(features)
        return features.permute(0, 2, 1).reshape(size, 16, 3, 3), labels, place

    for _ in range(300):
        features, labels, _ = batch()
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(features), labels).backward()
        optimiser.step()
    features, _, place = batch(200)
    scores = model.eval().attention(features).flatten(1)
    assert (scores.argmax(dim=1) == place).float().mean() > 0.85  # by lot 1 in 9


def test_contract(trunk, texture):
    extractor = Delf(trunk, max_features=60)
    assert isinstance(extractor, Extractor)
    found = extractor.extract(texture(1))
    assert len(found) == 60 and found.descriptors.shape == (60, 256)
    assert (np.diff(found.scores) <= 0).all()
    assert found.image_size == (320, 240)
    assert {round(float(s), 4) for s in found.scales} <= {round(s, 4) for s in SCALES}


def test_every_cell_of_one_scale_lies_at_its_receptive_fields_centre(trunk, texture):
    extractor = Delf(trunk, max_features=10_000, scales=(1.0,), cell_anchor="field")
    found = extractor.extract(texture(1))
    at = {tuple(point) for point in found.xy.round(3)}
    assert at == {(16.0 * x, 16.0 * y) for x in range(20) for y in range(15)}


def test_tiles_that_reach_over_the_edge_keep_their_keypoint_inside(trunk):
    image = np.random.default_rng(0).integers(0, 256, (97, 129, 3), np.uint8)
    found = Delf(trunk, max_features=10_000).extract(image)
    assert found.xy.min() >= 0 and (found.xy.max(axis=0) <= [128.5, 96.5]).all()


@pytest.mark.parametrize("scale", SCALES)
def test_cells_of_every_scale_lie_where_the_resized_image_says(trunk, texture, scale):
    """An image of odd sides: what it becomes is rounded to whole pixels, and centres follow."""
    image = texture(1, 233, 311)
    found = Delf(trunk, max_features=10_000, scales=(scale,), cell_anchor="field").extract(image)
    width, height = round(311 * scale), round(233 * scale)
    columns, rows = np.arange(-(-width // 16)), np.arange(-(-height // 16))
    x = (16 * columns + 0.5) * 311 / width - 0.5
    y = (16 * rows + 0.5) * 233 / height - 0.5
    wanted = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
    order, wanted_order = np.lexsort(found.xy.round(2).T), np.lexsort(wanted.round(2).T)
    assert np.allclose(found.xy[order], wanted[wanted_order], atol=1e-3)
    assert np.allclose(found.scales, scale)


def test_a_narrow_image_keeps_its_scale(trunk):
    image = np.random.default_rng(0).integers(0, 256, (1000, 37, 3), np.uint8)
    found = Delf(trunk, scales=(1.0,), max_side=640).extract(image)
    assert np.allclose(found.scales, 0.64)


def test_a_cell_moves_with_what_it_sees(trunk):
    """A bright spot in the middle: the cells around it change most, at any scale."""
    dark = np.full((320, 320, 3), 90, np.uint8)
    spot = dark.copy()
    spot[155:166, 155:166] = 255
    for scale in (0.5, 1.0, 2.0):
        every = Delf(trunk, max_features=100_000, scales=(scale,))
        one, other = every.extract(dark), every.extract(spot)
        order, order_other = (np.lexsort(f.xy.round(2).T) for f in (one, other))
        change = np.linalg.norm(
            one.descriptors[order] * one.scores[order, None]
            - other.descriptors[order_other] * other.scores[order_other, None],
            axis=1,
        )
        centre = (change[:, None] ** 2 * one.xy[order]).sum(axis=0) / (change**2).sum()
        assert np.abs(centre - 160).max() < 10 / scale


def test_scores_and_descriptors_are_the_trunks(trunk, texture):
    image = texture(2)
    found = Delf(trunk, max_features=1, scales=(1.0,), cell_anchor="field").extract(image)
    with torch.inference_mode():
        features = trunk(torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255)
    norms = norm_scores(features)[0, 0]
    y, x = np.unravel_index(int(norms.argmax()), norms.shape)
    assert found.xy[0].tolist() == [16.0 * x, 16.0 * y]
    assert np.isclose(found.scores[0], float(norms.max()), rtol=1e-4)
    cell = features[0, :, y, x] / features[0, :, y, x].norm()
    assert np.allclose(found.descriptors[0], cell, atol=1e-4)


def test_attention_decides_what_is_kept(trunk, texture):
    torch.manual_seed(3)
    extractor = Delf(trunk, Attention(256), max_features=20, scales=(1.0,))
    found = extractor.extract(texture(3))
    scores = np.sort(extractor.score_map(texture(3)).ravel())[::-1]
    assert np.allclose(found.scores, scores[:20], rtol=1e-4)


@pytest.mark.slow
def test_a_batch_gives_what_single_images_give(trunk, texture):
    extractor = Delf(trunk, max_features=50)
    images = [texture(k) for k in (4, 5, 6)]
    for one, other in zip(
        extractor.extract_batch(images), map(extractor.extract, images), strict=True
    ):
        assert np.allclose(one.scores, other.scores, rtol=1e-3)
        assert np.allclose(np.sort(one.xy, axis=0), np.sort(other.xy, axis=0), atol=0.01)
    with pytest.raises(ValueError, match="size"):
        extractor.extract_batch([images[0], texture(7, 100, 100)])


def test_points_of_a_large_image_are_in_its_own_pixels(trunk, texture):
    image = np.repeat(np.repeat(texture(8), 4, axis=0), 4, axis=1)
    large = Delf(trunk, max_side=320, max_features=30, scales=(1.0,)).extract(image)
    small = Delf(trunk, max_side=320, max_features=30, scales=(1.0,)).extract(texture(8))
    assert large.image_size == (1280, 960)
    assert np.allclose(large.xy, (small.xy + 0.5) * 4 - 0.5, atol=0.01)
    assert np.allclose(large.scales, small.scales / 4)


def test_reduction_gives_unit_rows_of_fewer_numbers(trunk, texture):
    rows = Delf(trunk, max_features=300).extract(texture(9)).descriptors
    pca = Pca.fit(rows, 40, "one picture")
    found = Delf(trunk, reduction=pca, max_features=50).extract(texture(9))
    assert found.descriptors.shape == (50, 40)
    assert np.allclose(found.descriptors, pca.apply(rows[:50]), atol=1e-4)
    with pytest.raises(ValueError, match="reduction"):
        Delf(trunk, reduction=Pca(np.zeros(7), np.eye(7)[:2], ""))


def test_overlap_thins_out_what_sees_the_same(trunk, texture):
    image = texture(10)
    every = Delf(trunk, max_features=60).extract(image)
    thin = Delf(trunk, max_features=60, overlap=0.5).extract(image)
    boxes = receptive_fields(thin.xy, thin.scales, trunk.grid).astype(float)
    x0 = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    x1 = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.maximum(0, x1 - x0), axis=2)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    union = area[:, None] + area[None] - shared
    assert (shared / union - np.eye(len(thin)) <= 0.5 + 1e-6).all()
    assert len(thin) == len(every) == 60 and thin.scores[0] == every.scores[0]
    assert thin.scores[-1] < every.scores[-1]  # what was thinned out made room for weaker ones


def test_receptive_fields_grow_as_the_scale_falls(trunk):
    boxes = receptive_fields(np.array([[100.0, 50], [100, 50]]), np.array([1.0, 0.5]), trunk.grid)
    side = boxes[:, 2] - boxes[:, 0]
    assert side.tolist() == [211, 422]
    assert np.allclose((boxes[:, :2] + boxes[:, 2:]) / 2, [[100, 50], [100, 50]])


def test_half_precision_changes_little(trunk, texture):
    plain = Delf(trunk, scales=(1.0,), max_features=10_000).extract(texture(11))
    half = Delf(trunk, scales=(1.0,), max_features=10_000, bf16=True).extract(texture(11))
    a, b = (f.descriptors[np.lexsort(f.xy.T)] for f in (plain, half))
    assert np.median((a * b).sum(axis=1)) > 0.999


def test_settings_name_all_that_changes_the_result(trunk):
    torch.manual_seed(4)
    base = Delf(trunk)
    pca = Pca(np.zeros(256), np.eye(256)[:40], "nothing")
    variants = [
        base,
        replace(base, attention=Attention(256)),
        replace(base, reduction=pca),
        replace(base, max_features=9),
        replace(base, scales=(1.0,)),
        replace(base, max_side=99),
        replace(base, overlap=0.5),
        replace(base, bf16=True),
        replace(base, trunk=ResNetTrunk("resnet18")),
        replace(base, trunk=ResNetTrunk("resnet18", mean=(0.5, 0.5, 0.5))),
    ]
    assert len({str(sorted(one.settings.items())) for one in variants}) == len(variants)


@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"max_features": 0}, "max_features"),
        ({"scales": ()}, "scales"),
        ({"scales": (0.0,)}, "scales"),
        ({"max_side": 0}, "max_side"),
        ({"overlap": 0.0}, "overlap"),
    ],
)
def test_impossible_settings_are_refused(trunk, wrong, named):
    with pytest.raises(ValueError, match=named):
        Delf(trunk, **wrong)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (100, 100)])
def test_small_and_constant_images_are_described_too(trunk, shape):
    """A grid has a cell everywhere, with or without anything to see: the lecture's point."""
    found = Delf(trunk).extract(np.full((*shape, 3), 90, np.uint8))
    assert len(found) > 0 and (found.xy >= -0.5).all()


def test_pca_keeps_what_varies_most():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(20, 20)))[0]
    rows = rng.normal(size=(3000, 20)) * np.r_[5, 3, 2, np.full(17, 0.1)] @ basis.T
    pca = Pca.fit(rows, 3, "made")
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    _, _, wanted = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    assert np.allclose(np.abs((pca.components * wanted[:3]).sum(axis=1)), 1, atol=1e-4)
    reduced = pca.apply(rows)
    assert reduced.shape == (3000, 3) and np.allclose(np.linalg.norm(reduced, axis=1), 1, atol=1e-5)
    by_hand = (unit - unit.mean(axis=0)) @ pca.components.T
    by_hand /= np.linalg.norm(by_hand, axis=1, keepdims=True)
    assert np.allclose(reduced, by_hand, atol=1e-4)  # no whitening


def test_pca_refuses_what_cannot_be():
    with pytest.raises(ValueError, match="dimensions"):
        Pca.fit(np.ones((5, 8)), 6, "too few rows")
    with pytest.raises(ValueError, match="components"):
        Pca(np.zeros(3), np.eye(4), "")
    with pytest.raises(ValueError, match="rows"):
        Pca(np.zeros(4), np.eye(4)[:2], "").apply(np.zeros((2, 5)))


def test_dense_gives_every_cell_in_rows_and_extract_keeps_the_best_of_them(trunk):
    image = np.random.default_rng(3).integers(0, 256, (112, 144, 3), np.uint8)
    grid = Delf(trunk).dense(image)
    whole, rows, columns = grid.features, grid.rows, grid.columns
    assert (rows, columns, grid.spacing) == (7, 9, 16) and len(whole) == 63
    assert Delf(trunk, max_side=72).dense(image, 0.5).spacing == 64
    x, y = whole.xy.reshape(rows, columns, 2).transpose(2, 0, 1)
    assert (np.diff(x, axis=1) == 16).all() and (np.diff(y, axis=0) == 16).all()
    best = Delf(trunk, scales=(1.0,), max_features=10).extract(image)
    order = np.argsort(-whole.scores, kind="stable")[:10]
    np.testing.assert_allclose(best.descriptors, whole.descriptors[order], atol=1e-5)
    np.testing.assert_array_equal(best.xy, whole.xy[order])
    asked = grid.cell(2, 5)
    assert whole.xy[asked].tolist() == [x[2, 5], y[2, 5]]
    similarity = grid.similarity(whole.descriptors[asked])
    assert similarity[2, 5] == pytest.approx(1, abs=1e-5) and similarity.max() < 1.00001
    with pytest.raises(IndexError, match="outside"):
        grid.cell(7, 0)
