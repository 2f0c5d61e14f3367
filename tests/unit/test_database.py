"""Images described several at a time, while threads read the next ones."""

import threading

import numpy as np
import pytest
from PIL import Image

from delf_lesson.cache import FeatureCache
from delf_lesson.deep.backbone import ResNetTrunk
from delf_lesson.deep.delf import Attention, Delf
from delf_lesson.deep.global_descriptors import GlobalDescriptor, GlobalNetwork
from delf_lesson.images import LoadedImage, prefetch
from delf_lesson.retrieval.database import ImageDatabase, group


@pytest.fixture
def files(tmp_path, texture):
    """Eleven files of two sizes; 6 is none that can be read."""
    made = []
    for seed in range(11):
        height = 96 if seed in (3, 4, 8) else 112
        made.append(tmp_path / f"{seed:02}.png")
        Image.fromarray(texture(seed, height, 128)).save(made[-1])
    made[6].write_bytes(b"no image")
    return made


@pytest.fixture(scope="module")
def trunk():
    return ResNetTrunk("resnet18")


@pytest.mark.slow
def test_batches_read_ahead_describe_as_one_image_at_a_time(tmp_path, files, trunk):
    """With a file that cannot be read and one that the cache has."""
    attention = Attention(256)
    one = ImageDatabase(Delf(trunk, attention, scales=(0.5, 1.0)))
    cache = FeatureCache(tmp_path / "cache")
    several = ImageDatabase(Delf(trunk, attention, scales=(0.5, 1.0), batch=4), cache)
    several.describe(files[2])
    skipped = {}
    for database in (one, several):
        database.add(files, skip=skipped.__setitem__)
    assert list(skipped) == [str(files[6])]
    assert list(one.descriptions) == list(several.descriptions) and len(one) == 10
    assert several.described == 10
    for name in one.descriptions:
        expected, found = one[name], several[name]
        np.testing.assert_allclose(found.xy, expected.xy, atol=1e-3)
        np.testing.assert_allclose(found.descriptors, expected.descriptors, atol=1e-4)
        assert cache.get(LoadedImage(name).digest, several.settings) is not None
    with pytest.raises(ValueError, match=r"06\.png cannot be used"):
        ImageDatabase(several.extractor).add(files)


def test_whole_images_in_batches_have_the_vectors_of_one_at_a_time(files, trunk, texture):
    network = GlobalNetwork(trunk, "rmac")
    one = ImageDatabase(GlobalDescriptor(network, scales=(0.5, 1.0)))
    several = ImageDatabase(GlobalDescriptor(network, scales=(0.5, 1.0), batch=4))
    assert one.settings == several.settings
    skipped = {}
    for database in (one, several):
        database.add(files, skip=skipped.__setitem__)
    assert list(skipped) == [str(files[6])] and len(one) == 10
    assert list(one.descriptions) == list(several.descriptions)
    for name in one.descriptions:
        np.testing.assert_allclose(several[name].vector, one[name].vector, atol=1e-5)
    prepared = [one.extractor.prepare(texture(0, 96, height)) for height in (96, 112)]
    with pytest.raises(ValueError, match="differ in size"):
        one.extractor.extract_prepared(prepared)


def test_half_precision_is_near(trunk, texture):
    network = GlobalNetwork(trunk, "gem")
    image = texture(1, 160, 128)
    whole, half = (
        GlobalDescriptor(network, bf16=bf16).extract(image).vector for bf16 in (False, True)
    )
    assert half.dtype == np.float32 and not np.array_equal(whole, half)
    assert whole @ half > 0.999


def test_groups_are_of_one_kind_in_the_order_of_their_items():
    """What fits with any, as an image that is described already, does not end a group."""
    kinds = [1, 1, None, 1, 2, None, None, 1, 1, 1, 1, 1]
    found = list(group(range(12), lambda k: kinds[k], most=4))
    assert found == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9, 10], [11]]
    assert list(group([], len, most=4)) == []


def test_what_is_next_is_made_ahead_but_no_more_of_it_than_was_said():
    begun, enough = [], threading.Event()

    def work(number):
        begun.append(number)
        if number == 5:
            enough.set()
        return number * number

    found = prefetch(work, range(100), threads=3, most=5)
    assert next(found) == 0
    assert enough.wait(30), "what is next was not begun"
    assert sorted(begun) == [0, 1, 2, 3, 4, 5]
    assert list(found) == [number * number for number in range(1, 100)]


def test_an_error_made_ahead_comes_in_its_turn():
    found = prefetch(lambda number: 1 // (3 - number), range(9), threads=2, most=4)
    assert [next(found) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(found)
