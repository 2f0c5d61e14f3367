"""The shipped features are those of today's weights, and a packed file gives back its features."""

from dataclasses import replace

import numpy as np
import pytest

from delf_lesson.datasets import load
from delf_lesson.datasets.packed_features import pack, packed_path, unpack
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.images import read_image
from delf_lesson.systems.registry import ATTENTIVE

SETTINGS = {"extractor": "Delf", "weights": "aa", "max_features": 7}


@pytest.fixture(scope="module")
def extractor():
    return replace(ATTENTIVE.make_extractor(), max_features=300)


@pytest.fixture(scope="module")
def shipped(extractor):
    return unpack(packed_path("albion_delf"), extractor.settings)


def some_features(count: int, seed: int) -> LocalFeatures:
    rng = np.random.default_rng(seed)
    return LocalFeatures(
        rng.uniform(0, 479, (count, 2)),
        l2_normalise(rng.normal(size=(count, 40))),
        np.sort(rng.uniform(0, 20, count))[::-1],
        rng.choice([0.25, 1.0, 2.0], count),
        (480, 360),
    )


def test_all_images_of_the_town_are_in_the_file(shipped):
    benchmark = load("albion")
    assert set(shipped) == {benchmark.name_of(path) for path in benchmark.images}
    assert {len(features) for features in shipped.values()} == {300}


def test_the_file_is_small_enough_for_the_repository():
    assert packed_path("albion_delf").stat().st_size < 5e6


@pytest.mark.parametrize("name", ["playhouse_06", "abbots_bridge_01"])
def test_shipped_features_are_those_that_the_extractor_gives(shipped, extractor, name):
    paths = {load("albion").name_of(path): path for path in load("albion").images}
    live, stored = extractor.extract(read_image(paths[name])), shipped[name]
    # Two cells with nearly the same score may change places on another processor.
    by_place = {(*np.rint(xy), scale): row for row, (xy, scale) in enumerate(_cells(stored))}
    rows = [by_place.get((*np.rint(xy), scale)) for xy, scale in _cells(live)]
    both = [(here, there) for here, there in enumerate(rows) if there is not None]
    assert len(both) >= 297
    here, there = np.array(both).T
    assert np.abs(live.xy[here] - stored.xy[there]).max() < 0.05
    assert np.abs(live.scores[here] / stored.scores[there] - 1).max() < 0.002
    similarity = (live.descriptors[here] * stored.descriptors[there]).sum(axis=1)
    assert similarity.min() > 0.9995


def _cells(features):
    return zip(features.xy.tolist(), features.scales.round(3).tolist(), strict=True)


def test_a_file_of_other_weights_is_refused(extractor):
    """The file is stale as soon as the weights change; then `make features` is due."""
    other = {**extractor.settings, "weights": "0" * 64}
    with pytest.raises(ValueError, match="other values of weights; make the file again"):
        unpack(packed_path("albion_delf"), other)


def test_a_packed_file_gives_its_features_back(tmp_path):
    features = {"first": some_features(7, 1), "second": some_features(3, 2)}
    path = tmp_path / "features.npz"
    path.write_bytes(pack(features, SETTINGS))
    for name, image in unpack(path, SETTINGS).items():
        assert image.image_size == (480, 360)
        assert len(image) == len(features[name])
        np.testing.assert_allclose(image.xy, features[name].xy, atol=1 / 64 + 1e-4)
        np.testing.assert_allclose(image.descriptors, features[name].descriptors, atol=0.005)
        np.testing.assert_allclose(image.scores, features[name].scores, rtol=0.001)
        np.testing.assert_array_equal(image.scales, features[name].scales)


def test_packing_twice_gives_the_same_bytes():
    features = {"first": some_features(7, 1)}
    assert pack(features, SETTINGS) == pack(features, SETTINGS)


def test_settings_that_differ_are_named(tmp_path):
    path = tmp_path / "features.npz"
    path.write_bytes(pack({"first": some_features(7, 1)}, SETTINGS))
    with pytest.raises(ValueError, match="other values of max_features, weights"):
        unpack(path, {**SETTINGS, "weights": "bb", "max_features": 8})


def test_missing_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "features.npz"
    with pytest.raises(FileNotFoundError, match="make features"):
        unpack(path, SETTINGS)
    whole = pack({"first": some_features(7, 1)}, SETTINGS)
    for damaged in (b"", b"no zip file", whole[:-200]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="no whole file"):
            unpack(path, SETTINGS)


def test_no_features_are_refused():
    with pytest.raises(ValueError, match="features is empty"):
        pack({}, SETTINGS)
