"""Exact search is exact, compressed search is near it, and both survive the disk."""

import os
import signal
import subprocess
import sys

import faiss
import numpy as np
import pytest

from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.index_files import FOOTER, load_index, save_index
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.voting import group_by_image, neighbour_recall, vote_weights

SMALL = Compression(lists=8, parts=4, bits=5)


def random_features(seed: int, n: int, dimensions: int = 16) -> LocalFeatures:
    """Descriptors in sixty clumps, as real ones are."""
    clumps = np.random.default_rng(99).normal(size=(60, dimensions))
    rng = np.random.default_rng(seed)
    rows = clumps[rng.integers(60, size=n)] + 0.4 * rng.normal(size=(n, dimensions))
    return LocalFeatures(
        rng.uniform(0, 99, (n, 2)), l2_normalise(rows), np.ones(n), np.ones(n), (100, 100)
    )


@pytest.fixture(scope="module")
def collection():
    return {f"image {seed:02}": random_features(seed, 100) for seed in range(20)}


@pytest.fixture(scope="module")
def queries():
    return random_features(100, 50).descriptors


def rows_of(neighbours):
    return [
        list(zip(images, features, strict=True))
        for images, features in zip(
            neighbours.images.tolist(), neighbours.features.tolist(), strict=True
        )
    ]


def test_exact_search_equals_all_dot_products(queries):
    collection = {name: random_features(seed, n) for name, seed, n in (
        ("a", 0, 7), ("b", 1, 0), ("c", 2, 30),
    )}  # fmt: skip
    index = FeatureIndex.of(collection)
    found = index.search(queries, 10)
    everything = np.vstack([one.descriptors for one in collection.values()])
    products = queries @ everything.T
    assert np.allclose(found.similarities, -np.sort(-products, axis=1)[:, :10], atol=1e-6)
    assert set(found.images.ravel()) <= {0, 2}
    for query, row, similarity in zip(queries, rows_of(found), found.similarities, strict=True):
        for (image, feature), value in zip(row, similarity, strict=True):
            stored = collection[index.names[image]].descriptors[feature]
            assert stored @ query == pytest.approx(value, abs=1e-6)


def test_a_large_batch_of_queries_is_searched_like_a_small_one(collection, queries):
    index = FeatureIndex.of(collection)
    many = index.search(np.tile(queries, (50, 1)), 5)
    few = index.search(queries, 5)
    assert np.array_equal(many.images[-50:], few.images)
    assert np.array_equal(many.similarities[:50], few.similarities)


def test_fewer_features_than_neighbours_wanted():
    index = FeatureIndex.of({"one": random_features(0, 3)})
    assert index.search(np.eye(2, 16, dtype="f4"), 60).images.shape == (2, 3)


def test_equal_neighbours_come_in_the_order_of_their_images_names():
    same = random_features(0, 1)
    index = FeatureIndex(16)
    index.add({"z": same, "a": same, "m": same})
    assert [index.names[k] for k in index.search(same.descriptors, 3).images[0]] == ["a", "m", "z"]


@pytest.mark.parametrize("rotate", [False, True])
def test_compressed_search_is_near_exact_search(collection, queries, rotate):
    compression = Compression(lists=8, parts=8, bits=5, rotate=rotate)
    exact = FeatureIndex.of(collection).search(queries, 60)

    def recall(code):
        return neighbour_recall(FeatureIndex.of(collection, code).search(queries, 60), exact)

    by_lot = 60 / 2000
    assert recall(compression) > max(0.5, 10 * by_lot)
    assert recall(Compression(lists=8, parts=2, bits=2)) < recall(compression)


def test_more_lists_looked_into_find_more(collection, queries):
    exact = FeatureIndex.of(collection)
    coded = FeatureIndex.of(collection, Compression(lists=32, parts=16, bits=8, probes=1))
    truth = exact.search(queries, 60)
    recalls = [neighbour_recall(coded.search(queries, 60, n), truth) for n in (None, 1, 4, 32, 99)]
    assert recalls[0] == recalls[1] < recalls[2] < recalls[3] == recalls[4]
    assert recalls[3] > 0.9  # all lists: what is left is the code's error
    for index, probes in ((exact, 4), (coded, 0)):
        with pytest.raises(ValueError, match=f"probes is {probes}"):
            index.search(queries, 60, probes)


def test_codes_stand_for_what_search_compares_with(collection, queries):
    """By FAISS's own decoder: 1 - d²/2 of the decoded descriptor."""
    index = FeatureIndex.of(collection, SMALL)
    found = index.search(queries, 5)
    assert (found.images >= 0).all()
    index.trained.make_direct_map()
    first = np.concatenate([[0], np.cumsum(index.counts)])
    for query, row, values in zip(queries, rows_of(found), found.similarities, strict=True):
        for (image, feature), value in zip(row, values, strict=True):
            decoded = index.trained.reconstruct(int(first[image] + feature))
            assert 1 - ((query - decoded) ** 2).sum() / 2 == pytest.approx(value, abs=1e-5)


def test_lists_that_hold_too_little_leave_gaps_that_do_not_vote(queries):
    few = {"a": random_features(0, 64), "b": random_features(1, 64)}
    index = FeatureIndex.of(few, Compression(lists=32, parts=4, bits=5, probes=1))
    found = index.search(queries, 60)
    gaps = found.images < 0
    assert gaps.any() and not gaps[:, 0].all()
    assert (np.diff(gaps.astype(int), axis=1) >= 0).all()  # at the end
    assert (found.features[gaps] == -1).all()
    weights = vote_weights(found)
    assert np.isfinite(weights).all() and (weights[gaps] == 0).all() and (weights >= 0).all()
    assert all(image >= 0 for image in group_by_image(found))


def test_the_papers_code_takes_seven_bytes_a_descriptor():
    collection = {f"{seed}": random_features(seed, 500, 40) for seed in range(8)}
    index = FeatureIndex.of(collection, Compression())
    assert index.bytes["descriptors"] == 4000 * 7 and index.bytes["ids"] == 4000 * 8
    assert index.bytes["map"] == 9 * 8
    assert FeatureIndex.of(collection).bytes["descriptors"] == 4000 * 40 * 4


@pytest.mark.parametrize(
    ("count", "lists"), [(100, 16), (10_000, 256), (10**6, 2048), (10**9, 8192)]
)
def test_lists_grow_with_the_root_of_the_collection_up_to_the_papers(count, lists):
    assert Compression().lists_for(count) == lists
    assert Compression(lists=5).lists_for(count) == 5


@pytest.mark.parametrize("compression", [None, SMALL])
def test_neither_threads_nor_the_order_of_adding_change_what_is_found(
    collection, queries, compression
):
    threads = faiss.omp_get_max_threads()
    found = []
    try:
        for count, names in ((1, list(collection)), (2, list(collection)[::-1]), (8, None)):
            faiss.omp_set_num_threads(count)
            order = names or sorted(collection, key=lambda name: name[::-1])
            index = FeatureIndex.of({name: collection[name] for name in order}, compression)
            found.append(index.search(queries, 20))
    finally:
        faiss.omp_set_num_threads(threads)
    for other in found[1:]:
        assert np.array_equal(found[0].images, other.images)
        assert np.array_equal(found[0].features, other.features)
        assert np.array_equal(found[0].similarities, other.similarities)


def test_what_cannot_be_indexed_is_refused_and_nothing_is_added(collection, queries):
    with pytest.raises(ValueError, match="collection holds no features"):
        FeatureIndex.of({})
    index = FeatureIndex.of(collection)
    for more, message in (
        ({"new": random_features(0, 2, 8)}, r"descriptors of new have shape \(2, 8\)"),
        ({"new": random_features(0, 2), "image 00": random_features(0, 2)}, "image 00 already"),
    ):
        with pytest.raises(ValueError, match=message):
            index.add(more)
    assert len(index) == 2000 and len(index.names) == 20
    with pytest.raises(ValueError, match="train"):
        FeatureIndex(16, SMALL).add(collection)
    with pytest.raises(ValueError, match="before the first add"):
        FeatureIndex.of(collection, SMALL).train(queries, 50)


def test_searches_that_cannot_be_made(collection):
    index = FeatureIndex.of(collection)
    with pytest.raises(ValueError, match="descriptors have shape"):
        index.search(np.zeros((2, 3), np.float32), 1)
    with pytest.raises(ValueError, match="k is 0"):
        index.search(np.zeros((2, 16), np.float32), 0)


@pytest.mark.parametrize(
    ("compression", "message"),
    [
        (Compression(lists=8, parts=5), "parts is 5"),
        (Compression(lists=4000, parts=4), "train 4000 lists"),
    ],
)
def test_codebooks_that_cannot_be_trained(collection, compression, message):
    with pytest.raises(ValueError, match=message):
        FeatureIndex.of(collection, compression)


@pytest.mark.parametrize("options", [{"lists": 0}, {"probes": 0}, {"bits": 9}])
def test_odd_compression_is_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Compression(**options)


@pytest.mark.parametrize("compression", [None, SMALL, Compression(lists=8, parts=4, rotate=True)])
@pytest.mark.parametrize("mapped", [False, True])
def test_an_index_comes_back_from_disk_as_it_was(
    collection, queries, tmp_path, compression, mapped
):
    index = FeatureIndex.of(collection, compression)
    save_index(index, tmp_path / "kept.index")
    back = load_index(tmp_path / "kept.index", mapped)
    assert back.names == index.names and len(back) == len(index)
    assert back.compression == compression and back.bytes == index.bytes
    before, after = index.search(queries, 10), back.search(queries, 10)
    assert np.array_equal(before.images, after.images)
    assert np.array_equal(before.similarities, after.similarities)
    assert os.listdir(tmp_path) == ["kept.index"]


def test_more_images_fit_into_an_index_from_disk(collection, queries, tmp_path):
    names = list(collection)
    first = {name: collection[name] for name in names[:15]}
    grown = FeatureIndex.of(first, SMALL)
    save_index(grown, tmp_path / "kept.index")
    back = load_index(tmp_path / "kept.index")
    for index in (grown, back):
        index.add({name: collection[name] for name in names[15:]})
    assert back.names == names
    assert np.array_equal(grown.search(queries, 10).images, back.search(queries, 10).images)
    with pytest.raises(ValueError, match="load it unmapped"):
        load_index(tmp_path / "kept.index", mapped=True).add({"new": random_features(7, 3)})


@pytest.mark.parametrize("cut", [0, 10, 60, 1000, -1])
def test_a_truncated_file_is_refused_with_the_remedy(collection, tmp_path, cut):
    path = tmp_path / "kept.index"
    save_index(FeatureIndex.of(collection, SMALL), path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"kept\.index is no whole index .*build it again"):
        load_index(path)


@pytest.mark.parametrize("place", [0, 5000, -FOOTER.size - 20, -FOOTER.size + 2])
def test_one_changed_byte_is_noticed(collection, tmp_path, place):
    path = tmp_path / "kept.index"
    save_index(FeatureIndex.of(collection, SMALL), path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged, its checksum differs; build it again"):
        load_index(path)


def test_foreign_files_and_other_versions_are_refused(collection, tmp_path):
    path = tmp_path / "kept.index"
    faiss.write_index(faiss.IndexFlatIP(16), str(path))
    with pytest.raises(ValueError, match="no whole index of this package"):
        load_index(path)
    save_index(FeatureIndex.of(collection), path)
    content = bytearray(path.read_bytes())
    content[-FOOTER.size + 8] = 7
    path.write_bytes(content)
    with pytest.raises(ValueError, match="index format 7, this package reads 1; build it again"):
        load_index(path)
    with pytest.raises(FileNotFoundError, match="save_index"):
        load_index(tmp_path / "missing.index")
    with pytest.raises(ValueError, match="not trained"):
        save_index(FeatureIndex(16, SMALL), path)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("moment", ["files.os.fsync", "files.os.replace", "index_files._digest"])
def test_killed_in_the_middle_of_saving_the_old_index_is_intact(collection, tmp_path, moment):
    path = tmp_path / "kept.index"
    save_index(FeatureIndex.of(collection), path)
    before = path.read_bytes()
    code = (
        "import os, signal, sys, delf_lesson.files as files\n"
        "import delf_lesson.retrieval.index_files as index_files\n"
        "index = index_files.load_index(sys.argv[1])\n"
        f"{moment} = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "index_files.save_index(index, sys.argv[1])"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)])
    assert run.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(load_index(path)) == 2000


def test_a_disk_that_refuses_leaves_the_old_index(collection, tmp_path, monkeypatch):
    path = tmp_path / "kept.index"
    save_index(FeatureIndex.of(collection), path)

    def full(*given):
        raise RuntimeError("write error: No space left on device")

    monkeypatch.setattr(faiss, "write_index", full)
    with pytest.raises(OSError, match="cannot be written"):
        save_index(FeatureIndex.of(collection), path)
    assert len(load_index(path)) == 2000 and os.listdir(tmp_path) == ["kept.index"]
