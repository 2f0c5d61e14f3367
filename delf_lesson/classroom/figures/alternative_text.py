"""Sentences for the alternative texts of figures.

Texts are compared letter by letter on other processors, so they round to two significant digits.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

MOST_NAMED = 8  # bars whose values aren't told


def joined(parts: Iterable[object]) -> str:
    """A list in words: "a", "a and b", or "a, b and c"; "a, x; b" if a part has a comma."""
    words = [str(part) for part in parts]
    if any(", " in word or " and " in f" {word}" for word in words):
        return "; ".join(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(titles: Iterable[str]) -> str:
    """Titles in words, each once; a title that comes back has its number before it: "3 x norm"."""
    return joined(
        title if count == 1 else f"{count} x {title}" for title, count in Counter(titles).items()
    )


def plural(count: int, noun: str) -> str:
    """A number with its noun: "1 map", "2 maps"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rounded(value: float, digits: int = 2) -> str:
    """A value with at most `digits` significant digits and no exponent: 0.26, 580, 1,200."""
    if not np.isfinite(value):
        return "unknown"
    short = float(f"{value:.{digits}g}")
    if short == round(short):
        return f"{round(short):,}"
    return np.format_float_positional(short, trim="-")


def bounded(count: int) -> str:
    """A number of correspondences in coarse steps: RANSAC may find a few more elsewhere."""
    if count == 0:
        return "no"
    over = [step for step in (10, 20, 50, 100, 200, 500) if count > step]
    return f"more than {over[-1]}" if over else "at most 10"


def named(values: Mapping[str, float], digits: int = 2) -> str:
    """Names with their rounded values: "DoG 0.26, Harris 0.18 and chance 0.05".

    digits: significant digits; 0 gives the names only, or nothing for more than eight names.
    """
    if digits == 0:
        return joined(values) if len(values) <= MOST_NAMED else ""
    return joined(f"{name} {rounded(value, digits)}" for name, value in values.items())


def course(values: Sequence[float] | np.ndarray, digits: int = 2) -> str:
    """Where a curve begins and ends, and a peak or a valley between: "goes from 0.9 to 0.3"."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if not len(known):
        return "has no values"
    first, last = float(known[0]), float(known[-1])
    text = f"goes from {rounded(first, digits)} to {rounded(last, digits)}"
    clear = 0.1 * float(np.abs(known).max())
    if known.max() > max(first, last) + clear:
        text += f", with a peak of {rounded(float(known.max()), digits)}"
    if known.min() < min(first, last) - clear:
        text += f", with a valley of {rounded(float(known.min()), digits)}"
    return text
