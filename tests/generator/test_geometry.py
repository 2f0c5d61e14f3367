"""The buildings: what stands on the stage is sound before it is ever rendered."""

import numpy as np
import pytest

from data.generator import clutter, town
from data.generator.families import FAMILIES, build
from data.generator.mesh import Mesh, block_frames, outline
from data.generator.plan import CITIES
from data.generator.surfaces import draw_town

CLUTTER = (
    "person car bus bicycle bush street_lamp bench parasol_table market_stall kiosk road_sign "
    "flag_banner tram_or_bus_stop fountain"
).split()
TOWN = "house office farmhouse barn hills rocks".split()
SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 1000)))


def area(ring):
    """The shoelace formula."""
    x, y = np.asarray(ring, float).T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def volume(mesh):
    """Signed volume of a closed mesh: positive if its faces look outwards."""
    a, b, c = mesh.triangles().transpose(1, 0, 2)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_a_box_has_its_volume_and_looks_outwards():
    mesh = Mesh(0)
    mesh.boxes([1, 2, 3], [2, 3, 4], "wall", turn=0.4)
    assert volume(mesh) == pytest.approx(24)


def test_a_turned_circle_has_the_volume_of_its_cone():
    mesh = Mesh(0)
    mesh.lathe([(3, 0), (1e-9, 5)], (0, 0, 0), 720, "roof")
    mesh.lathe([(1e-9, 0), (3, 0)], (0, 0, 0), 720, "roof")
    assert volume(mesh) == pytest.approx(np.pi * 9 * 5 / 3, rel=1e-3)


def test_a_wall_with_a_hole_misses_the_holes_area():
    mesh = Mesh(0)
    frame, _ = block_frames(0, 10, 0, 4)[0]
    hole = outline("round", 5, 1, 2, 3)
    mesh.wall(frame, 10, 6, "wall", [hole])
    a, b, c = mesh.triangles().transpose(1, 0, 2)
    total = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert total == pytest.approx(60 - area(hole))
    normals = np.cross(b - a, c - a)
    assert (normals[:, 1] < 0).all()  # the front looks along -Y


@pytest.mark.parametrize("kind", ["rect", "round", "segment", "horseshoe", "pointed", "ogee"])
def test_outlines_turn_counter_clockwise_and_have_their_height(kind):
    ring = outline(kind, 1.0, 2.0, 3.0, 6.0)
    assert area(ring) > 0
    assert ring[:, 1].min() == pytest.approx(2.0)
    assert ring[:, 1].max() == pytest.approx(8.0, abs=0.05)


def test_an_unknown_outline_is_refused_by_name():
    with pytest.raises(ValueError, match="kind is 'wavy'; wanted rect"):
        outline("wavy", 0, 0, 1, 1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_landmark_is_sound(family, seed):
    landmark = build(family, seed)
    assert {p.surface for p in landmark.mesh.parts} <= set(landmark.palette.surfaces)
    for part in landmark.mesh.parts:
        assert np.isfinite(part.vertices).all() and np.isfinite(part.uv).all()
        assert part.faces.min() >= 0 and part.faces.max() < len(part.vertices)
        assert part.uv.shape == (*part.faces.shape, 2)
    low, high = landmark.mesh.bounds()
    assert -1.5 < low[2] < 0.3, "it stands on the ground"
    assert low[0] < 0 < high[0] and high[2] > 8
    assert 2_500 < len(landmark.mesh.triangles()) < 120_000


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_landmark_is_given_by_its_family_and_seed(family):
    def everything(seed):
        return np.concatenate([p.vertices.ravel() for p in build(family, seed).mesh.parts])

    first = everything(1)
    assert np.array_equal(first, everything(1))
    other = everything(2)
    assert len(first) != len(other) or not np.allclose(first, other)


def test_an_unknown_family_is_refused_by_name():
    with pytest.raises(ValueError, match="family is 'igloo'; wanted one of bridge"):
        build("igloo", 1)


@pytest.mark.parametrize(
    "module, name", [(clutter, n) for n in CLUTTER] + [(town, n) for n in TOWN]
)
def test_what_stands_around_is_sound(module, name):
    surfaces = draw_town(np.random.default_rng(0), "summer", "slabs")
    for seed in range(4):
        mesh = getattr(module, name)(np.random.default_rng(seed))
        assert {p.surface for p in mesh.parts} <= set(surfaces)
        assert all(np.isfinite(p.vertices).all() for p in mesh.parts)


@pytest.mark.parametrize("kind", ["broad", "conifer", "poplar", "young"])
def test_trees_lose_their_leaves_and_keep_their_twigs(kind):
    green = clutter.tree(np.random.default_rng(0), kind)
    bare = clutter.tree(np.random.default_rng(0), kind, leaves=False)
    assert {"leaf", "needle"} & {p.surface for p in green.parts}
    assert not {"leaf", "needle"} & {p.surface for p in bare.parts}


def pieces(mesh):
    """The lowest and highest corners (P, 3) of every connected piece of a mesh."""
    low, high = [], []
    for part in mesh.parts:
        label = np.arange(len(part.vertices))
        while True:
            joined = label.copy()
            least = label[part.faces].min(1)
            np.minimum.at(joined, part.faces.ravel(), np.repeat(least, part.faces.shape[1]))
            joined = joined[joined]
            if np.array_equal(joined, label):
                break
            label = joined
        used = np.unique(part.faces)
        for piece in np.unique(label[used]):
            vertices = part.vertices[used[label[used] == piece]]
            low.append(vertices.min(0))
            high.append(vertices.max(0))
    return np.array(low), np.array(high)


def floating(mesh, gap=0.12):
    """How many pieces touch, within a gap and over others, nothing that stands on the ground."""
    low, high = pieces(mesh)
    held = low[:, 2] < 0.4
    fresh = list(np.flatnonzero(held))
    while fresh:
        one = fresh.pop()
        touching = (low - gap <= high[one]).all(1) & (high + gap >= low[one]).all(1) & ~held
        held |= touching
        fresh.extend(np.flatnonzero(touching))
    return int((~held).sum())


def test_a_box_in_the_air_floats_and_a_stacked_one_does_not():
    mesh = Mesh(0)
    mesh.boxes([[0, 0, 1], [0, 0, 3]], [2, 2, 2], "wall")
    assert floating(mesh) == 0
    mesh.boxes([0, 0, 9], [2, 2, 2], "wall")
    assert floating(mesh) == 1


@pytest.mark.slow
@pytest.mark.parametrize("city", CITIES)
def test_nothing_floats_in_the_cities(city):
    afloat = {name: floating(build(*who).mesh) for name, who in CITIES[city].items()}
    assert not {name: count for name, count in afloat.items() if count}
