"""Repeatability, matching and coverage by hand; every change of an image against its own truth."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from delf_lesson.classical.properties import (
    Matching,
    RandomPlaces,
    compare,
    coverage,
    invariance,
    match,
    measure,
    nearest_and_ratio,
    view_of_pair,
)
from delf_lesson.classical.repeatability import correspondences
from delf_lesson.classical.sift import OpenCVSift, Sift
from delf_lesson.classical.transformations import CHANGES, Change, Homography, View, lit, rotated
from delf_lesson.datasets.correspondences import pairs
from delf_lesson.features import Extractor, LocalFeatures

SIZE = (200, 150)
SAME = Homography(np.eye(3), SIZE, SIZE)


def features(xy, scales=None, descriptors=None, size=SIZE):
    n = len(xy)
    if descriptors is None:
        descriptors = np.eye(max(n, 2))[:n]
    scales = np.ones(n) if scales is None else scales
    xy = np.reshape(xy, (n, 2)).astype(float)
    return LocalFeatures(xy, descriptors, np.ones(n), scales, size)


def random_features(n, seed=0):
    rng = np.random.default_rng(seed)
    return features(rng.uniform([0, 0], [199, 149], (n, 2)), rng.uniform(0.3, 1, n), np.eye(n))


def test_an_image_repeats_itself():
    found = random_features(80)
    same = correspondences(found, found, SAME)
    assert same.pairs == 80 and same.repeatability == 1


def test_chance_repeats_little():
    same = correspondences(random_features(200), random_features(200, seed=1), SAME)
    assert same.repeatability < 0.1


@pytest.mark.parametrize("shift, counts", [(1.4, True), (1.6, False)])
def test_the_tolerance_is_a_distance_in_pixels(shift, counts):
    here, there = features([[50, 50]]), features([[50 + shift, 50]])
    assert correspondences(here, there, SAME).pairs == counts


def test_the_overlap_of_two_circles_of_one_centre_is_the_ratio_of_their_areas():
    """radius 1 and r: error 1 - r^2, which is below 0.4 from r = 0.775 on."""
    here = features([[50, 50]])
    for radius, counts in ((0.77, False), (0.78, True), (1 / 0.78, True), (1 / 0.77, False)):
        there = features([[50, 50]], [1 / radius])
        assert correspondences(here, there, SAME).pairs == counts


def test_a_circle_under_a_squeeze_is_an_ellipse():
    """Of half-axes 1 and a within the unit circle: error 1 - a."""
    here = there = features([[50, 50]])
    for squeeze, counts in ((0.62, True), (0.58, False)):
        matrix = np.array([[squeeze, 0, 50 - 50 * squeeze], [0, 1, 0], [0, 0, 1]])
        truth = Homography(matrix, SIZE, SIZE)
        assert correspondences(here, there, truth).pairs == counts


def test_the_overlap_error_of_an_ellipse_and_a_circle_that_cross():
    """Half-axes a > r > b: the outlines cross at angles known in closed form."""
    a, b, r = 1.3, 0.8, 1.0
    t = np.arctan(np.sqrt((1 / r**2 - 1 / a**2) / (1 / b**2 - 1 / r**2)))  # from the long axis

    def sector(angle):  # of the ellipse, from the long axis
        return a * b / 2 * np.arctan(a / b * np.tan(angle))

    shared = 4 * (r**2 / 2 * t + a * b / 2 * np.pi / 2 - sector(t))
    union = np.pi * (a * b + r * r) - shared
    error = 1 - shared / union
    truth = Homography(np.array([[a, 0, 50 - 50 * a], [0, b, 50 - 50 * b], [0, 0, 1]]), SIZE, SIZE)
    point = features([[50, 50]])
    assert correspondences(point, point, truth, overlap_error=error + 0.005).pairs == 1
    assert correspondences(point, point, truth, overlap_error=error - 0.005).pairs == 0


def test_only_the_common_part_counts():
    """Shifted by 100 pixels, half of the image is seen by one only."""
    truth = Homography(np.array([[1, 0, -100], [0, 1, 0], [0, 0, 1.0]]), SIZE, SIZE)
    here = features([[20, 20], [60, 70], [120, 20], [150, 90], [180, 130]])
    there = features([[20, 20], [50, 90], [170, 20]])
    same = correspondences(here, there, truth)
    assert (same.seen_first, same.seen_second, same.pairs) == (3, 2, 2)
    assert same.repeatability == 1


def test_no_keypoint_is_paired_twice_and_orientations_count_once():
    here = features([[50, 50], [50, 50], [51, 50]])  # the first two are one place
    there = features([[50.2, 50]])
    same = correspondences(here, there, SAME)
    assert (same.seen_first, same.seen_second, same.pairs) == (2, 1, 1)


def test_distances_count_in_the_image_that_shows_the_place_smaller():
    double = np.array([[2.0, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
    truth = Homography(double, SIZE, (400, 300))
    back = Homography(np.linalg.inv(double), (400, 300), SIZE)
    here, there = features([[50, 50]]), features([[103, 100.5]], [0.5], size=(400, 300))
    assert correspondences(here, there, truth).pairs == 1  # 2.5 there, 1.25 here
    assert correspondences(there, here, back).pairs == 1


def test_the_nearest_pairs_come_first():
    """Taking the far ones first would pair both, as no two of one place."""
    here = features([[50, 50], [51.3, 50]])
    there = features([[51.4, 50], [52.7, 50]])
    assert correspondences(here, there, SAME).pairs == 1  # (51.3, 51.4); the rest is 2.7 apart
    here = features([[50, 50], [51, 50]])
    there = features([[49, 50], [50.1, 50]])
    same = correspondences(here, there, SAME)
    assert same.pairs == 1  # 50 takes 50.1, though 51 and 49 are left without a partner


def test_a_matrix_and_its_opposite_are_one_map():
    matrix = np.array([[1, 0.1, 3], [0, 1.1, -2], [1e-4, 0, 1]])
    points = np.array([[20.0, 30.0], [100.0, 90.0]])
    first, second = (Homography(m, SIZE, SIZE).transfer(points) for m in (matrix, -2 * matrix))
    assert np.allclose(first[0], second[0]) and first[1].all() and second[1].all()


def test_blocks_change_nothing(monkeypatch):
    here, there = random_features(700, seed=3), random_features(700, seed=4)
    moved = replace(there, xy=here.xy + np.float32(0.4))
    whole, whole_match = correspondences(here, moved, SAME), match(here, moved, SAME)
    monkeypatch.setattr("delf_lesson.classical.repeatability.BLOCK", 97)
    monkeypatch.setattr("delf_lesson.classical.properties.BLOCK", 97)
    parts, parts_match = correspondences(here, moved, SAME), match(here, moved, SAME)
    assert whole.pairs == parts.pairs > 300
    assert np.array_equal(whole.first, parts.first) and np.array_equal(whole.second, parts.second)
    assert np.allclose(whole_match.ratio, parts_match.ratio)


def test_nothing_in_common_is_not_a_number():
    empty = features(np.zeros((0, 2)))
    assert np.isnan(correspondences(empty, features([[1, 1]]), SAME).repeatability)


def test_matching_by_hand():
    a, b, c = np.eye(3)
    here = features([[10, 10], [60, 60], [110, 110]], descriptors=np.stack([a, b, c]))
    near_c = (c + 0.2 * b) / np.linalg.norm(c + 0.2 * b)
    there = features([[10, 11], [150, 20], [110, 110]], descriptors=np.stack([a, b, near_c]))
    found = match(here, there, SAME)
    assert found.right.tolist() == [True, False, True]
    assert found.possible == 2  # nothing is at (60, 60) in the second image
    assert found.ratio[0] < 1e-2
    assert found.at(0.5) == (2 / 3, 1.0)
    precision, recall = found.curve(np.array([1e-2, 0.5]))  # two are as near as can be
    assert np.allclose(precision, [1 / 2, 2 / 3]) and np.allclose(recall, [1 / 2, 1])


@pytest.mark.parametrize("shift, right", [(2.9, True), (3.1, False)])
def test_a_match_may_be_three_pixels_off(shift, right):
    here, there = features([[50, 50]]), features([[50 + shift, 50]])
    assert match(here, there, SAME).right.tolist() == [right]


@pytest.mark.parametrize("radius, right", [(0.72, True), (0.70, False)])
def test_and_its_region_may_miss_half_of_the_union(radius, right):
    here, there = features([[50, 50]]), features([[50, 50]], [1 / radius])
    assert match(here, there, SAME).right.tolist() == [right]


def test_equal_descriptors_are_rivals():
    """Two places that look exactly alike: neither can be trusted."""
    here = features([[10, 10]], descriptors=[[1.0, 0]])
    there = features([[10, 10], [90, 90]], descriptors=[[1.0, 0], [1.0, 0]])
    assert nearest_and_ratio(here, there)[1][0] == 1


def test_the_ratio_by_hand_and_its_rival_of_another_place():
    def unit(degrees):
        return [np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]

    here = features([[0, 0]], descriptors=[unit(0)])
    there = features([[5, 5], [5, 5], [9, 9]], descriptors=[unit(10), unit(12), unit(60)])
    nearest, ratio = nearest_and_ratio(here, there)
    chord = [2 * np.sin(np.deg2rad(angle) / 2) for angle in (10, 60)]
    assert nearest.tolist() == [0]
    assert np.isclose(ratio[0], chord[0] / chord[1], atol=1e-3)
    with pytest.raises(ValueError, match="second"):
        nearest_and_ratio(here, there.select(np.zeros(0, int)))


def test_precision_never_falls_as_the_ratio_gets_stricter_on_a_picture(texture):
    view = rotated(texture(1), 25)
    found = match(Sift().extract(view.first), Sift().extract(view.second), view.truth)
    precision, recall = found.curve(np.array([0.6, 0.8, 1.0]))
    assert precision[0] > 0.95 and precision[0] >= precision[2]
    assert (np.diff(recall) >= 0).all() and recall[-1] > 0.6


def test_without_matches_precision_is_one_and_recall_unknown():
    nothing = Matching(np.zeros(0), np.zeros(0, bool), 0)
    precision, recall = nothing.at(0.8)
    assert precision == 1 and np.isnan(recall)


def test_coverage_by_hand():
    assert coverage(features([[0, 0], [39, 39], [199, 149]])) == 2 / 20  # 5 x 4 cells
    assert coverage(features(np.zeros((0, 2)))) == 0


DOTS = np.array([[60.0, 50.0], [150.0, 40.0], [90.0, 120.0], [200.0, 130.0]])


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_what_is_said_of_a_change_is_what_it_does(name):
    """Dots in the changed image lie where the truth puts them, and back."""
    image = np.full((180, 260, 3), 60, np.uint8)
    y, x = np.mgrid[:180, :260]
    for dot in DOTS:
        bump = 180 * np.exp(-((x - dot[0]) ** 2 + (y - dot[1]) ** 2) / (2 * 5.0**2))
        image = np.maximum(image, (60 + bump[..., None]).astype(np.uint8))
    for amount in CHANGES[name].amounts[:3]:
        view = CHANGES[name].apply(image, amount)
        there, seen = view.truth.transfer(DOTS)
        assert seen.all()
        assert np.allclose(view.truth.transfer_back(there)[0], DOTS, atol=1e-6)
        grey = cv2.cvtColor(view.second, cv2.COLOR_RGB2GRAY).astype(float)
        rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]]
        for place in there:
            near = np.hypot(columns - place[0], rows - place[1]) < 12
            weight = np.where(near, np.maximum(grey - np.median(grey) - 15, 0), 0)
            centre = [(weight * columns).sum(), (weight * rows).sum()] / weight.sum()
            assert np.linalg.norm(centre - place) < 0.12


def test_amounts_grow_worse(texture):
    """The list of amounts goes from mild to hard, as its name says."""
    images = [texture(k) for k in (1, 2)]
    hard = {n: Change(c.apply, c.label, (c.amounts[0], c.amounts[-1])) for n, c in CHANGES.items()}
    curves = invariance({"sift": OpenCVSift()}, images, {n: hard[n] for n in hard})
    for name, by_extractor in curves.items():
        mild, worst = by_extractor["sift"]
        if name not in ("rotation", "scale"):  # SIFT is invariant to these
            assert mild.repeatability > worst.repeatability, name


def test_what_leaves_the_image_is_not_seen():
    truth = rotated(np.zeros((100, 100, 3), np.uint8), 0).truth
    _, seen = truth.transfer(np.array([[0, 0], [99.4, 99.4], [99.6, 5], [-0.6, 5]]))
    assert seen.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    "name, amount",
    [("scale", 0), ("viewpoint", 90), ("light", -1), ("blur", -1), ("noise", -2), ("jpeg", 0)],
)
def test_impossible_changes_are_refused(texture, name, amount):
    with pytest.raises(ValueError, match="wanted"):
        CHANGES[name].apply(texture(1), amount)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="tolerance"):
        correspondences(features([[1, 1]]), features([[1, 1]]), SAME, tolerance=0)
    with pytest.raises(ValueError, match="overlap_error"):
        correspondences(features([[1, 1]]), features([[1, 1]]), SAME, overlap_error=0)
    with pytest.raises(ValueError, match="xy"):
        SAME.transfer(np.zeros(3))
    with pytest.raises(ValueError, match="found"):
        measure([], [])
    with pytest.raises(ValueError, match="views"):
        compare({"sift": Sift()}, [])
    with pytest.raises(ValueError, match="images"):
        invariance({"sift": Sift()}, [])
    with pytest.raises(ValueError, match="matrix"):
        Homography(np.ones((3, 3)), SIZE, SIZE)
    with pytest.raises(ValueError, match="matrix"):
        Homography(np.eye(2), SIZE, SIZE)
    other = features([[1, 1]], descriptors=np.eye(5)[:1])
    with pytest.raises(ValueError, match="descriptors"):
        nearest_and_ratio(features([[1, 1]]), other)


def test_any_extractor_is_compared_and_invariance_tells_them_apart(texture):
    """Harris has one size for all and cannot follow a change of scale; DoG can."""
    images = [texture(3)]
    two = {"DoG": Sift(), "Harris": Sift("harris")}
    scale = {"scale": Change(CHANGES["scale"].apply, "", (0.5,))}
    found = invariance(two, images, scale)["scale"]
    assert found["DoG"][0].repeatability > 0.6
    assert found["Harris"][0].repeatability < 0.05
    alone = compare(two, [View(images[0], images[0].copy(), lit(images[0], 1.0).truth)])
    for properties in alone.values():
        assert properties.repeatability == 1
        assert properties.matching.at(0.8)[0] == 1
        assert properties.count > 50 and 0 < properties.coverage <= 1


def test_random_places_reach_little(texture):
    chance = RandomPlaces(Sift())
    assert isinstance(chance, Extractor)
    found = chance.extract(texture(1))
    assert len(found) == len(Sift().extract(texture(1)))
    assert np.array_equal(found.xy, chance.extract(texture(1)).xy)
    assert not np.allclose(found.xy, RandomPlaces(Sift(), seed=1).extract(texture(1)).xy)
    reached = compare({"chance": chance}, [rotated(texture(1), 20)])["chance"]
    assert reached.repeatability < 0.1 and reached.matching.at(0.8)[0] < 0.1


def test_a_rendered_pair_is_a_view():
    """The true partners of a pair of rendered pictures, against its own verdict on each match."""
    pair = pairs("albion", "light")[0]
    view = view_of_pair(pair)
    first, second = OpenCVSift().extract(view.first), OpenCVSift().extract(view.second)
    same = correspondences(first, second, view.truth)
    assert 0.1 < same.repeatability < 0.9 and same.pairs > 20
    xy1, xy2 = first.xy[same.first], second.xy[same.second]
    assert pair.correct(xy1, xy2, tolerance=4.0).all()
