"""Compare a student's answer with the right answer, and say where they differ."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def answer_diff(answer: Any, wanted: Any, tolerance: float) -> str | None:
    """Where an answer differs from the wanted answer, as a sentence; None if nowhere.

    Numbers are equal within `tolerance` of a wanted value of about 1. The answer may have any
    dtype, and lists or torch tensors for arrays. Names are compared in their order.
    """
    if answer is None and wanted is not None:
        return "it returned None. Does it end with `return`?"
    if isinstance(wanted, tuple):
        return _of_tuple(answer, wanted, tolerance)
    if isinstance(wanted, Mapping):
        return _of_mapping(answer, wanted, tolerance)
    return _of_array(answer, np.asarray(wanted), tolerance)


def _of_tuple(answer: Any, wanted: tuple[Any, ...], tolerance: float) -> str | None:
    if not isinstance(answer, tuple | list) or len(answer) != len(wanted):
        given = f"{len(answer)} values" if isinstance(answer, tuple | list) else "one value"
        return f"it returned {given}; wanted {len(wanted)}, as `return first, second`."
    for place, (value, right) in enumerate(zip(answer, wanted, strict=True), start=1):
        diff = answer_diff(value, right, tolerance)
        if diff:
            return f"value {place} of {len(wanted)}: {diff}"
    return None


def _of_mapping(answer: Any, wanted: Mapping[str, Any], tolerance: float) -> str | None:
    if not isinstance(answer, Mapping):
        return f"it returned a {type(answer).__name__}; wanted a dictionary."
    if set(answer) != set(wanted):
        name = min(set(answer) ^ set(wanted), key=str)
        state = "is missing" if name in wanted else "does not belong there"
        return f"{name!r} {state}; wanted an entry for each of {', '.join(map(repr, wanted))}."
    if list(answer) != list(wanted):
        return f"the order is {', '.join(map(str, answer))}; wanted {', '.join(map(str, wanted))}."
    for name, value in wanted.items():
        diff = answer_diff(answer[name], value, tolerance)
        if diff:
            return f"of {name!r} {diff}"
    return None


def _of_array(answer: Any, wanted: NDArray, tolerance: float) -> str | None:
    given = numbers(answer)
    if given is None:
        return f"it returned a {type(answer).__name__}; wanted {_described(wanted)}."
    if given.shape != wanted.shape:
        return f"it returned {_described(given)}; wanted {_described(wanted)}."
    missing = ~np.isfinite(given) & np.isfinite(wanted)
    if missing.any():
        at = tuple(int(i) for i in np.argwhere(missing)[0]) if given.ndim else ()
        return (
            f"it returned {given[at]}{_place(at)}. Is something divided by 0, or the logarithm "
            "taken of 0?"
        )
    wrong = ~np.isclose(given, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not wrong.any():
        return None
    at = tuple(int(i) for i in np.argwhere(wrong)[0]) if given.ndim else ()
    return f"it returned {given[at]:.4g}{_place(at)}; wanted {wanted[at].astype(float):.4g}."


def numbers(answer: Any) -> NDArray[np.float64] | None:
    """An answer as an array of numbers; None if it is not numeric."""
    if hasattr(answer, "detach"):  # a tensor of torch
        answer = answer.detach().cpu()
    try:
        array = np.asarray(answer)
        return array.astype(np.float64) if array.dtype.kind in "biuf" else None
    except (TypeError, ValueError, RuntimeError):
        return None


def _described(array: NDArray) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "a single number"


def _place(at: tuple[int, ...]) -> str:
    return f" at [{', '.join(map(str, at))}]" if at else ""
