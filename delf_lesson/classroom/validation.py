"""Notebook validation: a pytest plugin over nbval that compares numbers and figures with tolerance.

nbval compares stored outputs letter by letter, and leaves figures out. But processors, numbers of
threads and versions of libraries change last digits, and a blank figure must not pass. Here words
must be equal, counts equal, other numbers near, and figures alike.

`pytest --nbval notebooks` finds this plugin through `pyproject.toml`. A cell chooses other rules in
its metadata: `{"validation": {"tolerance": 0.1, "integers": "rounded", "figures": "size"}}`; see
CONTRIBUTING.md.
"""

import base64
import copy
import math
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from delf_lesson.images import Pixels

TOLERANCE = 0.02
ALIKE = 0.9995
"""The least similarity of two figures that count as alike, between honest differences and faults.

Measured by `tests/benchmarks/notebook_mutations.py`.
"""

_FIGURES = ("image/png", "image/jpeg")
_NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?%?")
_WIDTH = 900  # figures are compared at the width at which a notebook shows them
_BLUR = 2.0  # sigma in pixels: levels out how edges and letters are smoothed
_SHIFT = 4  # pixels that a line or a letter may move
_LEVELS = 24  # of 255: smaller differences are noise of JPEG


@dataclass(frozen=True)
class Rules:
    """How a cell's outputs are compared.

    tolerance: the relative difference that two numbers with a decimal point or a percent sign may
    have; one unit of the last digit shown is always allowed. integers: "exact", or "rounded" if
    they are rounded measurements, which the tolerance then holds for. figures: "alike", or "size"
    if only their size can be compared, as of figures that show seconds.
    """

    tolerance: float = TOLERANCE
    integers: str = "exact"
    figures: str = "alike"

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance is {self.tolerance}; wanted a share from 0 to 1")
        if self.integers not in ("exact", "rounded"):
            raise ValueError(f"integers is {self.integers!r}; wanted 'exact' or 'rounded'")
        if self.figures not in ("alike", "size"):
            raise ValueError(f"figures is {self.figures!r}; wanted 'alike' or 'size'")

    @classmethod
    def of_cell(cls, metadata: Mapping[str, Any]) -> "Rules":
        """The rules in a cell's metadata. Raises ValueError for a rule that there is not."""
        chosen = metadata.get("validation", {})
        unknown = set(chosen) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(
                f"the cell's metadata has the rules {sorted(unknown)}; "
                f"wanted some of {sorted(cls.__dataclass_fields__)}"
            )
        return cls(**chosen)


def same_text(reference: str, new: str, rules: Rules = Rules()) -> bool:
    """Whether two texts have equal words, in any spacing, and numbers that are near."""
    numbers = [_NUMBER.findall(text) for text in (reference, new)]
    words = [[" ".join(part.split()) for part in _NUMBER.split(text)] for text in (reference, new)]
    return words[0] == words[1] and all(
        _near(first, second, rules) for first, second in zip(*numbers, strict=True)
    )


def _near(reference: str, new: str, rules: Rules) -> bool:
    """Whether two numbers, as they are written, are equal counts or near measurements."""
    if reference.endswith("%") != new.endswith("%"):
        return False
    values = [
        float(text.rstrip("%").replace(",", "").replace("−", "-")) for text in (reference, new)
    ]
    count = not any(mark in reference + new for mark in ".e%")
    if count and rules.integers == "exact":
        return values[0] == values[1]
    digits = re.search(r"\.(\d+)", reference)
    last_digit = 10.0 ** -(len(digits[1]) if digits else 0)
    if "e" in reference:
        last_digit = 0.0
    return math.isclose(*values, rel_tol=rules.tolerance, abs_tol=1.001 * last_digit)


def figure_similarity(reference: bytes, new: bytes) -> float:
    """How alike two encoded figures are: 1 for equal ones, 0 for other sizes.

    It is the share of pixels whose colour in one figure lies within the colours that the other
    figure has nearby. So a line may move by some pixels, but neither vanish nor change its colour.
    Raises ValueError if one of them is no PNG or JPEG image.
    """
    return _similarity(_decoded(reference), _decoded(new))


def _similarity(reference: Pixels, new: Pixels) -> float:
    if reference.shape != new.shape:
        return 0.0
    first, second = (_levelled(image) for image in (reference, new))
    alien = cv2.max(_outside(first, second), _outside(second, first)).max(axis=2) > _LEVELS
    return float(1 - alien[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT].mean())  # no edges


def _decoded(content: bytes) -> Pixels:
    """The colours (H, W, 3) of an encoded figure. Raises ValueError if there is no figure in it."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if image is None:
        raise ValueError("the output is no PNG or JPEG image")
    return np.asarray(image)


def _levelled(image: Pixels) -> Pixels:
    """An image at the width at which a notebook shows it, without its finest details."""
    scale = min(1.0, _WIDTH / image.shape[1])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _BLUR))


def _outside(first: Pixels, second: Pixels) -> Pixels:
    """By how many levels the first lies outside the colours that the second has nearby."""
    near = np.ones((2 * _SHIFT + 1, 2 * _SHIFT + 1), np.uint8)
    above = cv2.subtract(first, cv2.dilate(second, near))
    below = cv2.subtract(cv2.erode(second, near), first)
    return np.asarray(cv2.max(above, below))


def accepted(
    new: Sequence[Any], reference: Sequence[Any], rules: Rules
) -> tuple[list[Any], list[str]]:
    """The new outputs, with the reference's value wherever the new value is accepted.

    Also returns a sentence for each figure that is not accepted. What differs after that differs
    indeed. Outputs are paired in their order.
    """
    result, problems = [copy.deepcopy(output) for output in new], []
    for output, stored in zip_longest(result, reference):
        if output is None or stored is None or output.get("output_type") == "error":
            continue
        for part, known in ((output, stored), (output.get("data", {}), stored.get("data", {}))):
            for key in part.keys() & known.keys():
                values = (known[key], part[key])
                if not all(isinstance(value, str) for value in values) or key == "output_type":
                    continue
                if key in _FIGURES:
                    problem = _figure_problem(*values, rules)
                    if problem is None:
                        part[key] = known[key]
                    else:
                        problems.append(problem)
                elif same_text(*values, rules):
                    part[key] = known[key]
    return result, problems


def _figure_problem(reference: str, new: str, rules: Rules) -> str | None:
    """What is wrong with a figure, in base64, beside the stored one; None if it is accepted."""
    try:
        images = [_decoded(base64.b64decode(text)) for text in (reference, new)]
    except ValueError as error:
        return f"a figure can't be compared: {error}"
    sizes = ["x".join(map(str, image.shape[1::-1])) for image in images]
    if sizes[0] != sizes[1]:
        return f"a figure has {sizes[1]} pixels; wanted {sizes[0]}"
    if rules.figures == "size" or reference == new:
        return None
    similarity = _similarity(*images)
    if similarity >= ALIKE:
        return None
    return f"a figure has the similarity {similarity:.5f} to the stored one; wanted {ALIKE}"


class ValidatedCell(IPyNbCell):
    """A code cell whose outputs are compared by rules."""

    def compare_outputs(
        self, test: Sequence[Any], ref: Sequence[Any], skip_compare: Sequence[str] | None = None
    ) -> bool:
        """Whether new outputs are accepted; the reasons against it go to `comparison_traceback`."""
        skipped = skip_compare or self.parent.skip_compare
        new, problems = accepted(test, ref, Rules.of_cell(self.cell.metadata))
        skipped = tuple(key for key in skipped if problems == [] or key not in _FIGURES)
        same = super().compare_outputs(new, ref, skipped) and not problems
        self.comparison_traceback += problems
        return bool(same)


class ValidatedNotebook(IPyNbFile):
    """A notebook whose cells are run in order and compared by their rules."""

    def collect(self) -> Iterator[ValidatedCell]:
        """The code cells."""
        for cell in super().collect():
            yield ValidatedCell.from_parent(
                self, name=cell.name, cell_num=cell.cell_num, cell=cell.cell, options=cell.options
            )


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[Any], list[Any]]:
    """Take nbval's place for notebooks."""
    collected = yield
    return [
        ValidatedNotebook.from_parent(parent, path=file_path)
        if isinstance(item, IPyNbFile)
        else item
        for item in collected
    ]
