"""The explorers of notebooks 00 to 02 show what the lesson's own functions compute."""

import re

import numpy as np
import pytest

from delf_lesson.classical.dog import dog_keypoints
from delf_lesson.classical.harris import harris_keypoints, structure_tensor
from delf_lesson.classical.properties import nearest_and_ratio
from delf_lesson.classical.scale_space import scale_space
from delf_lesson.classical.sift import Sift
from delf_lesson.classical.transformations import blurred, rotated, scaled
from delf_lesson.classroom.explorers.keypoint_explorers import (
    draw_harris,
    explore_harris,
    explore_scale_space,
    find_corners,
)
from delf_lesson.classroom.explorers.photo_explorers import draw_image, explore_images
from delf_lesson.classroom.explorers.properties_explorer import changed, explore_properties
from delf_lesson.classroom.explorers.sift_explorer import DescribedImage, explore_sift
from delf_lesson.datasets.rendered import rendered_images
from delf_lesson.images import to_grey


@pytest.fixture
def square():
    """A bright square from (40, 30) to (79, 69)."""
    image = np.full((100, 120, 3), 40, np.uint8)
    image[30:70, 40:80] = 200
    return image


@pytest.mark.parametrize(
    ("xy", "kind"), [((40, 30), "a corner"), ((60, 30), "an edge"), ((10, 90), "neither")]
)
def test_harris_tells_corner_edge_and_flat(square, xy, kind):
    grey = to_grey(square)
    drawn = draw_harris(grey, find_corners(square, structure_tensor(grey), 0.04, 0.1), xy, 0.1)
    assert drawn.says.startswith(f"At {xy}") and f": {kind}." in drawn.says
    assert "4 maxima" in drawn.says


def test_harris_counts_as_the_lessons_detector_and_follows_a_click(texture):
    image = texture(3)
    explorer = explore_harris(image)
    wanted = len(harris_keypoints(to_grey(image), threshold=0.01))
    assert f"{wanted} maxima" in explorer.drawn.says
    origin, scale = explorer.drawn.origin, explorer.drawn.scale
    explorer._clicked({"dataX": origin[0] + 33 * scale, "dataY": origin[1] + 44 * scale})
    assert (explorer.values["x"], explorer.values["y"]) == (33, 44)
    explorer.set(threshold=20)
    strict = len(harris_keypoints(to_grey(image), threshold=0.2))
    assert f"{strict} maxima" in explorer.drawn.says and strict < wanted


def kept(explorer):
    return int(re.search(r"(\d+) keypoints are left", explorer.drawn.says).group(1))


def test_scale_space_keeps_what_the_lessons_detector_keeps(texture):
    """But for those within five samples of the border, which the detector drops as well."""
    image = texture(4)
    explorer = explore_scale_space(image)
    count = 0
    for octave in (1, 2, 3, 4):
        for level in (1, 2, 3):
            explorer.set(octave=octave, level=level)
            count += kept(explorer)
    detected = len(dog_keypoints(scale_space(to_grey(image))))
    assert detected <= count <= 1.2 * detected


def test_scale_space_drops_by_contrast_and_by_edge(texture):
    explorer = explore_scale_space(texture(4))
    found = [(explorer.set(contrast=value), kept(explorer))[1] for value in (0, 0.05, 0.2)]
    assert found[0] > found[1] > found[2]
    explorer.set(contrast=0, edge=30)
    loose = kept(explorer)
    explorer.set(edge=1.5)
    assert kept(explorer) < loose


def test_described_is_sift(texture):
    image = texture(5)
    described = DescribedImage.of(image, most=100)
    sift = Sift(root=False, max_keypoints=100).extract(image)
    count = len(sift)
    assert np.allclose(described.features.descriptors[:count], sift.descriptors, atol=1e-6)
    assert np.allclose(described.features.xy[:count], sift.xy)
    assert described.histograms.shape == (len(described.features), 36)


def test_sift_follows_a_click_to_the_nearest_keypoint_and_judges_its_match(texture):
    view = rotated(texture(5), 30)
    explorer = explore_sift(view)
    explorer.set(ratio=1.0)
    assert "accepted below 1.00" in explorer.drawn.says
    assert "The truth says that this match is right" in explorer.drawn.says
    xy = DescribedImage.of(view.first).keypoints.xy
    x, y = explorer.drawn.origin + (xy[20] + 0.2) * explorer.drawn.scale
    explorer._clicked({"dataX": x, "dataY": y})
    chosen = xy[explorer.values["number"] - 1]
    assert np.allclose(chosen, xy[20])  # another orientation of the same place may be chosen
    first, second = (DescribedImage.of(image).features for image in (view.first, view.second))
    ratios = nearest_and_ratio(first, second)[1]
    explorer.set(ratio=0.9, number=int(ratios.argmax()) + 1)
    assert ratios.max() > 0.9 and "refused below 0.90" in explorer.drawn.says


def test_an_image_without_keypoints_is_refused():
    blank = np.full((100, 100, 3), 128, np.uint8)
    with pytest.raises(ValueError, match="no keypoints"):
        explore_sift(rotated(blank, 10))


def test_changes_one_after_another_have_the_product_of_their_maps(texture):
    image = texture(6)
    steps = [lambda i: rotated(i, 40), lambda i: scaled(i, 0.6), lambda i: blurred(i, 1)]
    view = changed(image, steps)
    xy = np.array([[100.0, 80.0], [210.0, 160.0]])
    by_hand, last = xy, image
    for step in steps:
        one = step(last)
        by_hand, last = one.truth.transfer(by_hand)[0], one.second
    assert np.allclose(view.truth.transfer(xy)[0], by_hand)
    assert (view.second == last).all()


def test_properties_say_that_harris_knows_no_scale(texture):
    explorer = explore_properties(texture(7))

    def shares():
        return [int(v) for v in re.findall(r"(\d+)%", explorer.drawn.says)]

    explorer.set(turn=0)
    assert shares() == [100, 100]
    explorer.set(size=0.5)
    dog, harris = shares()
    assert dog > 20 and harris == 0


def test_pictures_are_outlined_and_described():
    own = [p for p in rendered_images("albion") if p.landmark == "castle_mound"]
    explorer = explore_images(rendered_images("albion"))
    explorer.set(landmark="castle_mound", number=1)
    assert explorer.drawn.says.startswith(own[0].name)
    plain, outlined = draw_image(own[0], False).image, draw_image(own[0], True).image
    assert plain.shape == outlined.shape and (plain != outlined).any()
    explorer.set(number=explorer.controls["number"].max)
    assert explorer.drawn.says.startswith(own[-1].name)
    with pytest.raises(ValueError, match="none of a landmark"):
        explore_images([p for p in rendered_images("albion") if not p.landmark])
