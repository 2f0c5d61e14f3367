"""What every extractor promises of its descriptions.

A check is a function of an extractor under test. It returns nothing, or raises AssertionError.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contract_subjects import ExtractorSubject, threads
from same_descriptions import FIELDS, assert_same, largest_difference

from delf_lesson.features import Description, ImageVector, LocalFeatures, load_description

LIMITS = ("max_features", "max_keypoints")


def assert_valid(description: Description, image: np.ndarray) -> None:
    """What holds of the description of any image."""
    if isinstance(description, ImageVector):
        assert_array(description.vector, "vector", (description.vector.size,))
        return
    assert isinstance(description, LocalFeatures), f"extract returned {type(description)}"
    count, dimensions = description.descriptors.shape
    assert dimensions > 0
    shapes = ((count, 2), (count, dimensions), (count,), (count,))
    for name, shape in zip(FIELDS, shapes, strict=True):
        assert_array(getattr(description, name), name, shape)
    height, width = image.shape[:2]
    assert description.image_size == (width, height)
    inside = (description.xy >= -0.5) & (description.xy <= (width - 0.5, height - 0.5))
    assert inside.all(), f"points outside the image: {description.xy[~inside.all(axis=1)][:3]}"
    assert (description.scales > 0).all()


def assert_array(array: Any, name: str, shape: tuple[int, ...]) -> None:
    assert array.dtype == np.float32, f"{name} is {array.dtype}"
    assert array.shape == shape, f"{name} has shape {array.shape}"
    assert np.isfinite(array).all(), f"{name} holds NaN or infinite values"
    assert not array.flags.writeable, f"{name} can be written"


def fields_have_their_shapes_and_types(subject: ExtractorSubject) -> None:
    assert_valid(subject.description, subject.image())


def a_textured_image_has_features(subject: ExtractorSubject) -> None:
    assert len(subject.description) > 0


def descriptors_have_unit_length(subject: ExtractorSubject) -> None:
    description = subject.description
    if isinstance(description, ImageVector):
        rows = description.vector[None]
    else:
        rows = description.descriptors
    np.testing.assert_allclose(np.linalg.norm(rows.astype(float), axis=1), 1, atol=1e-4)


def scores_fall(subject: ExtractorSubject) -> None:
    description = subject.description
    if isinstance(description, LocalFeatures):
        assert (np.diff(description.scores) <= 0).all()
        assert_same(description.top(len(description)), description)


def no_more_features_than_asked_for(subject: ExtractorSubject) -> None:
    for name in set(LIMITS) & set(subject.options):
        assert len(subject.description) <= subject.options[name]
        assert len(subject.changed(**{name: 3}).extract(subject.image())) <= 3


def the_same_image_has_the_same_description(subject: ExtractorSubject) -> None:
    assert_same(subject.extractor.extract(subject.image()), subject.description)


def a_new_extractor_describes_alike(subject: ExtractorSubject) -> None:
    fresh = subject.make()
    assert fresh.settings == subject.extractor.settings
    assert_same(fresh.extract(subject.image()), subject.description)


def threads_do_not_change_descriptions(subject: ExtractorSubject) -> None:
    for count in (1, 2):
        with threads(count):
            description = subject.extractor.extract(subject.image())
        assert_same(description, subject.description, subject.tolerance)


def other_images_are_refused(subject: ExtractorSubject) -> None:
    image = subject.image()
    refused = {
        "grey": image[..., 0],
        "one channel": image[..., :1],
        "RGBA": np.dstack([image, image[..., 0]]),
        "float": image / np.float32(255),
        "no rows": image[:0],
        "a list": image.tolist(),
    }
    for kind, given in refused.items():
        try:
            subject.extractor.extract(given)
        except ValueError as error:
            message = str(error)
            got = str(getattr(given, "shape", "list")), str(getattr(given, "dtype", "list"))
            assert message.startswith("image ") and "wanted" in message, f"{kind}: {message}"
            assert any(word in message for word in got), f"{kind}: {message}"
        else:
            pytest.fail(f"an image of this kind was described: {kind}")


def grey_as_rgb_is_described(subject: ExtractorSubject) -> None:
    grey = np.repeat(subject.image()[..., :1], 3, axis=2)
    description = subject.extractor.extract(grey)
    assert len(description) > 0
    assert_valid(description, grey)


def tiny_images_are_described(subject: ExtractorSubject) -> None:
    for height, width in ((1, 1), (8, 8), (1, 200), (200, 1)):
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        assert_valid(subject.extractor.extract(image), image)


def large_images_are_described_in_their_pixels(subject: ExtractorSubject) -> None:
    """A large image that shrinks to a known image has its description, the points moved."""
    factor = 2560 // subject.size[1]
    image = subject.image()
    large = image.repeat(factor, axis=0).repeat(factor, axis=1)
    if "max_side" not in subject.options:
        assert_valid(subject.extractor.extract(large), large)
        return
    extractor = subject.changed(max_side=subject.size[1])
    found, small = extractor.extract(large), extractor.extract(image)
    assert_valid(found, large)
    if isinstance(found, ImageVector):
        assert_same(found, small, 1e-4)
        return
    assert len(found) == len(small) > 0
    wanted = (small.xy + 0.5) * factor - 0.5
    difference = largest_difference(found.xy, wanted)
    assert difference < 0.01, f"points are {difference} pixels away"
    np.testing.assert_allclose(found.scales * factor, small.scales, rtol=1e-4)
    assert largest_difference(found.descriptors, small.descriptors) < 1e-4


def the_memory_of_an_image_does_not_matter(subject: ExtractorSubject) -> None:
    image = subject.image()
    read_only = image.copy()
    read_only.flags.writeable = False
    flipped = image[::-1].copy()
    layouts = (image.repeat(2, axis=1)[:, ::2], np.asfortranarray(image), flipped[::-1], read_only)
    for given in layouts:
        assert np.array_equal(given, image)
        assert_same(subject.extractor.extract(given), subject.description)


def the_image_stays_as_it_was(subject: ExtractorSubject) -> None:
    image = subject.image()
    subject.extractor.extract(image)
    assert np.array_equal(image, subject.image())


def a_constant_image_is_described_or_has_no_features(subject: ExtractorSubject) -> None:
    for grey in (0, 128):
        image = np.full((*subject.size, 3), grey, np.uint8)
        description = subject.extractor.extract(image)
        assert_valid(description, image)
        if isinstance(description, LocalFeatures):
            wanted = subject.description
            assert isinstance(wanted, LocalFeatures)
            assert description.descriptors.shape[1] == wanted.descriptors.shape[1]


def descriptions_are_saved_and_loaded(subject: ExtractorSubject) -> None:
    flat = np.full((*subject.size, 3), 128, np.uint8)
    descriptions = [subject.description, subject.extractor.extract(flat)]
    if isinstance(subject.description, LocalFeatures):
        descriptions.append(subject.description.top(0))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "description.npz"
        for description in descriptions:
            description.save(path)
            assert_same(load_description(path), description)
            assert_same(type(description).load(path), description)


CHECKS = (
    fields_have_their_shapes_and_types,
    a_textured_image_has_features,
    descriptors_have_unit_length,
    scores_fall,
    no_more_features_than_asked_for,
    the_same_image_has_the_same_description,
    a_new_extractor_describes_alike,
    threads_do_not_change_descriptions,
    other_images_are_refused,
    grey_as_rgb_is_described,
    tiny_images_are_described,
    large_images_are_described_in_their_pixels,
    the_memory_of_an_image_does_not_matter,
    the_image_stays_as_it_was,
    a_constant_image_is_described_or_has_no_features,
    descriptions_are_saved_and_loaded,
)
