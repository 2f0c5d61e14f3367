"""A pickle of plain values is read; one that would call something is refused before it does."""

import os
import pickle
import pickletools

import numpy as np
import pytest

from delf_lesson.datasets.safe_pickle import read_safe_pickle

PLAIN = {"imlist": ["a", "b"], "gnd": [{"easy": np.array([1, 2]), "bbx": [0.5, 1.0]}], "n": (1,)}


def read(content: bytes, tmp_path):
    path = tmp_path / "some.pkl"
    path.write_bytes(content)
    return read_safe_pickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_containers_and_arrays_of_every_protocol_are_read(protocol, tmp_path):
    found = read(pickle.dumps(PLAIN, protocol), tmp_path)
    assert found["imlist"] == ["a", "b"] and found["n"] == (1,)
    np.testing.assert_array_equal(found["gnd"][0]["easy"], [1, 2])


def test_arrays_of_older_numpy_are_read(tmp_path):
    """Protocol 0 names modules in plain text, so the older name can be written in."""
    content = pickle.dumps(np.array([3, 4]), 0)
    for core in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        other = content.replace(b"numpy._core.multiarray", core).replace(
            b"numpy.core.multiarray", core
        )
        np.testing.assert_array_equal(read(other, tmp_path), [3, 4])


def test_numbers_of_numpy_are_read(tmp_path):
    assert read(pickle.dumps([np.int64(5), np.float32(0.5)]), tmp_path) == [5, 0.5]


class Calls:
    def __init__(self, function, *arguments):
        self.what = (function, arguments)

    def __reduce__(self):
        return self.what


def test_a_pickle_that_calls_is_refused_and_calls_nothing(tmp_path):
    mark = tmp_path / "called"
    for function, argument in ((os.mkdir, str(mark)), (eval, f"open({str(mark)!r}, 'w')")):
        content = pickle.dumps({"gnd": [Calls(function, argument)]})
        assert "REDUCE" in {one[0].name for one in pickletools.genops(content)}
        with pytest.raises(ValueError, match=r"not a pickle of plain values \(it names"):
            read(content, tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["frombuffer", "load", "memmap", "core.multiarray.fromfile"])
def test_other_names_of_numpy_are_refused(name, tmp_path):
    module, _, attribute = f"numpy.{name}".rpartition(".")
    with pytest.raises(ValueError, match="it names numpy"):
        read(f"c{module}\n{attribute}\n.".encode(), tmp_path)


def test_arrays_of_objects_are_refused(tmp_path):
    with pytest.raises(ValueError, match="array of object"):
        read(pickle.dumps(np.array([{}, []], object)), tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>", pickle.dumps(PLAIN)[:-20], b"\x80\x04."])
def test_what_is_no_whole_pickle_is_refused(content, tmp_path):
    with pytest.raises(ValueError, match="fetch it again"):
        read(content, tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.pkl"):
        read_safe_pickle(tmp_path / "none.pkl")
