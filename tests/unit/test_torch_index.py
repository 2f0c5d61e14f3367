"""Exact search by torch finds what FAISS finds."""

from dataclasses import replace

import numpy as np
import pytest

from delf_lesson.deep import torch_index
from delf_lesson.deep.torch_index import TorchIndex
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.systems.registry import find_system
from delf_lesson.systems.specification import SystemOptions


def described(seed, count):
    rows = l2_normalise(np.random.default_rng(seed).normal(size=(count, 16)))
    ones = np.ones(count)
    return LocalFeatures(np.zeros((count, 2)), rows, ones, ones, (64, 48))


@pytest.fixture
def images():
    found = {f"{seed}": described(seed, 30 + seed) for seed in range(12)}
    found["twin of 3"] = found["3"]  # ties, which names settle
    return found


@pytest.mark.parametrize("rows", [7, 50, 1 << 18])
def test_it_finds_what_faiss_finds(rows, images, monkeypatch):
    monkeypatch.setattr(torch_index, "ROWS", rows)
    queries = np.concatenate([described(99, 40).descriptors, images["3"].descriptors[:5]])
    one, other = FeatureIndex.of(images), TorchIndex.of(images, "cpu")
    assert one.names == other.names and len(one) == len(other)
    for k in (1, 6, 10_000):
        expected, found = one.search(queries, k), other.search(queries, k)
        np.testing.assert_array_equal(found.images, expected.images)
        np.testing.assert_array_equal(found.features, expected.features)
        np.testing.assert_allclose(found.similarities, expected.similarities, atol=1e-6)


def test_images_are_added_later(images):
    index = TorchIndex.of({"0": images["0"]}, "cpu")
    index.add({name: one for name, one in images.items() if name != "0"})
    assert len(index) == sum(len(one) for one in images.values())
    found = index.search(images["5"].descriptors, 1)
    assert {index.names[image] for image in found.images[:, 0]} == {"5"}


def test_wrong_calls_are_told(images):
    index = TorchIndex.of(images, "cpu")
    with pytest.raises(ValueError, match="holds 3 already"):
        index.add({"3": images["3"]})
    with pytest.raises(ValueError, match=r"wanted \(N, 16\)"):
        index.search(np.zeros((2, 5), np.float32), 1)
    with pytest.raises(ValueError, match="k is 0"):
        index.search(images["3"].descriptors, 0)
    with pytest.raises(ValueError, match="compares all descriptors"):
        index.search(images["3"].descriptors, 1, probes=3)
    with pytest.raises(ValueError, match="holds no features"):
        TorchIndex.of({}, "cpu")
    assert index.search(np.zeros((0, 16), np.float32), 3).images.shape == (0, 3)


def test_a_collection_on_a_device_ranks_as_on_processors(texture):
    systems = [
        find_system("OpenCV-RootSIFT"),
        replace(find_system("OpenCV-RootSIFT"), options=SystemOptions(device="cpu:0")),
    ]
    retrievers = [system.retriever() for system in systems]
    for retriever in retrievers:
        retriever.add([texture(seed) for seed in range(6)], [str(seed) for seed in range(6)])
    assert isinstance(retrievers[1].index, TorchIndex)
    assert not isinstance(retrievers[0].index, TorchIndex)
    one, other = (retriever.search(texture(3)).results for retriever in retrievers)
    assert [(r.image, r.inliers) for r in one] == [(r.image, r.inliers) for r in other]
    assert one[0].image == "3"
