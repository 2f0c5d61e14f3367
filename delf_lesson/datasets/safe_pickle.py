"""Read a pickle from the network, building nothing but plain containers and arrays.

A pickle is a program: the usual reader calls every function that the pickle names. This reader
knows the few names that arrays of numbers need, replaces each by a safe function, and refuses all
other names.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

LARGEST = 64 << 20
"""Bytes; the ground truth files have a few hundred thousand."""


def _empty_array(kind: type, shape: tuple[int, ...], code: bytes) -> np.ndarray:
    """An array before its state is set; NumPy then checks the content against its shape."""
    if kind is not np.ndarray or shape != (0,):
        raise pickle.UnpicklingError(f"it makes a {kind} of shape {shape}")
    return np.ndarray.__new__(np.ndarray, (0,), np.uint8)


def _number_type(name: object, *rest: object) -> np.dtype:
    """A dtype of numbers or text; a dtype of objects could hold anything."""
    kind = np.dtype(name)  # type: ignore[call-overload]
    if kind.kind not in "biufSU":
        raise pickle.UnpicklingError(f"it holds an array of {kind}")
    return kind


def _number(kind: np.dtype, content: bytes | str) -> object:
    data = content.encode("latin1") if isinstance(content, str) else content
    return np.frombuffer(data, kind)[0]


def _array(content: bytes, kind: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    return np.frombuffer(content, kind).reshape(shape, order="F" if order == "F" else "C").copy()


def _as_bytes(text: str, encoding: str) -> bytes:
    """Bytes, in the form that protocols before 3 store them."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it holds text as {encoding}")
    return text.encode("latin1")


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _number_type,
    ("_codecs", "encode"): _as_bytes,
}
for _core in ("numpy.core", "numpy._core"):  # older and newer NumPy
    _KNOWN[f"{_core}.multiarray", "_reconstruct"] = _empty_array
    _KNOWN[f"{_core}.multiarray", "scalar"] = _number
    _KNOWN[f"{_core}.numeric", "_frombuffer"] = _array


class _SafeUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it names something outside of itself")


def read_safe_pickle(path: str | Path) -> Any:
    """The dicts, lists, tuples, text, numbers and arrays in a pickle of Python 2 or 3.

    Raises FileNotFoundError if there is no such file, and ValueError if it is no whole pickle, too
    large, or names anything else. A refused pickle has called nothing.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no file {path}")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"path: {path} has over {LARGEST >> 20} MiB; wanted a small ground truth")
    try:
        # Python 2 wrote text as bytes; NumPy asks for latin1 to read its arrays.
        return _SafeUnpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(
            f"path: {path} is not a pickle of plain values ({error}); fetch it again"
        ) from error
