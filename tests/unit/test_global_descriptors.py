"""MAC, GeM and R-MAC against values by hand and against other means."""

import numpy as np
import pytest
import torch

from delf_lesson.deep.global_descriptors import (
    POOLINGS,
    Rmac,
    begin_whitening,
    gem,
    mac,
    pooling,
    region_vectors,
    regions,
)

GRID = torch.tensor([[[[1.0, 2.0], [3.0, 8.0]], [[4.0, 4.0], [4.0, 4.0]]]])


def test_mac_is_the_largest_of_each_channel():
    assert mac(GRID).tolist() == [[8.0, 4.0]]


def test_gem_runs_from_the_average_to_the_largest():
    assert gem(GRID, 1.0)[0].tolist() == pytest.approx([3.5, 4.0])
    assert gem(GRID, 2.0)[0].tolist() == pytest.approx([(78 / 4) ** 0.5, 4.0])
    assert gem(GRID.double(), 200.0)[0].tolist() == pytest.approx([8.0, 4.0], rel=0.01)
    each = gem(GRID, torch.tensor([1.0, 2.0]))
    assert each[0].tolist() == pytest.approx([3.5, 4.0])


def test_regions_of_an_oblong_grid_by_hand():
    """30 x 40: squares of 30, 20 and 15 cells; two cover the longer side best, sharing 2/3."""
    found = regions(30, 40, 3)
    assert found[:2] == [(0, 0, 30), (0, 10, 30)]
    assert found[2:8] == [(r, c, 20) for r in (0, 10) for c in (0, 10, 20)]
    assert found[8:] == [(r, c, 15) for r in (0, 7, 15) for c in (0, 8, 16, 25)]
    assert regions(40, 30, 3) == [
        *[(0, 0, 30), (10, 0, 30)],
        *[(r, c, 20) for r in (0, 10, 20) for c in (0, 10)],
        *[(r, c, 15) for r in (0, 8, 16, 25) for c in (0, 7, 15)],
    ]


@pytest.mark.parametrize(("height", "width"), [(9, 9), (7, 19), (30, 23), (1, 5), (2, 2)])
def test_regions_lie_inside_and_cover_the_grid(height, width):
    covered = np.zeros((height, width), int)
    for row, column, side in regions(height, width, 3):
        assert row >= 0 and column >= 0 and row + side <= height and column + side <= width
        covered[row : row + side, column : column + side] += 1
    if max(height, width) < 3 * min(height, width):
        assert covered.min() >= 1
    assert len(regions(9, 9, 1)) == 1  # a square is covered by one
    with pytest.raises(ValueError, match="levels 0"):
        regions(4, 4, 0)


def test_a_region_sees_its_own_part_alone():
    features = torch.rand(1, 5, 12, 16, generator=torch.manual_seed(0))
    found = region_vectors(features, 2)[0]
    for vector, (row, column, side) in zip(found, regions(12, 16, 2), strict=True):
        part = features[0, :, row : row + side, column : column + side]
        largest = part.numpy().reshape(5, -1).max(axis=1)
        assert np.allclose(vector.numpy(), largest / np.linalg.norm(largest), atol=1e-6)


def test_whitening_makes_regions_uncorrelated():
    rows = torch.randn(4000, 6, generator=torch.manual_seed(0)) @ torch.randn(6, 6) + 3
    layer = torch.nn.Linear(6, 6)
    begin_whitening(layer, rows)
    white = layer(rows).detach().numpy()
    assert np.abs(white.mean(axis=0)).max() < 1e-3
    assert np.allclose(np.cov(white.T), np.eye(6), atol=1e-2)


def test_whitening_does_not_blow_up_what_hardly_varies():
    rows = torch.randn(500, 3, generator=torch.manual_seed(0)) * torch.tensor([1.0, 1.0, 1e-6])
    layer = torch.nn.Linear(3, 3)
    begin_whitening(layer, rows)
    assert layer(rows).std(dim=0).min() < 0.01


@pytest.mark.parametrize("name", POOLINGS)
def test_every_pooling_gives_unit_vectors(name):
    layer = pooling(name, 5)
    found = layer(torch.rand(2, 5, 7, 9, generator=torch.manual_seed(0)))
    assert found.shape == (2, 5)
    assert found.norm(dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_unknown_poolings_are_refused():
    assert isinstance(pooling("rmac", 4), Rmac)
    with pytest.raises(ValueError, match="mac, gem, rmac"):
        pooling("spoc", 4)
