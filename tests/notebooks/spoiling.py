"""Faults and honest differences of stored outputs, to prove that validation tells them apart.

Each function gets the outputs of one cell and changes them in place. It returns False if the cell
has nothing that this fault could spoil.
"""

import base64
import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cv2
import numpy as np
from nbformat.v4 import new_output

from delf_lesson.classroom.validation import Rules, accepted

FIGURES = ("image/png", "image/jpeg")
# Numbers of at least three digits with a decimal point: 5% of them is more than their last digit.
DECIMAL = re.compile(r"(?<![\w.\-/+])\d+\.\d+(?![\w.]*\w)")
COUNT = re.compile(r"(?<![\w.,:/#x×-])[2-9]\d*(?![\w.,×x%-])")


def texts(outputs: list[Any]) -> Iterator[tuple[Any, str]]:
    """The place of each text: what holds it, and its key."""
    for output in outputs:
        if output.output_type == "stream":
            yield output, "text"
        for key in output.get("data", {}):
            if key.startswith("text/"):
                yield output.data, key


def figures(outputs: list[Any]) -> Iterator[tuple[Any, str]]:
    """The place of each figure."""
    for output in outputs:
        for key in output.get("data", {}):
            if key in FIGURES:
                yield output.data, key


def in_text(change: Callable[[str], str]) -> Callable[[list[Any]], bool]:
    """Change the first text that the change can be made in."""

    def spoil(outputs: list[Any]) -> bool:
        for holder, key in texts(outputs):
            changed = change(holder[key])
            if changed != holder[key]:
                holder[key] = changed
                return True
        return False

    return spoil


def in_figure(
    change: Callable[[np.ndarray], np.ndarray | None], quality: int = 88
) -> Callable[[list[Any]], bool]:
    """Change the first figure; of a figure that stays as it was nothing can be told."""

    def spoil(outputs: list[Any]) -> bool:
        for holder, key in figures(outputs):
            image = cv2.imdecode(
                np.frombuffer(base64.b64decode(holder[key]), np.uint8), cv2.IMREAD_COLOR
            )
            changed = change(image)
            if changed is None:
                continue
            kind = [".jpg", (cv2.IMWRITE_JPEG_QUALITY, quality)]
            if key == "image/png":
                kind = [".png", ()]
            holder[key] = base64.b64encode(cv2.imencode(kind[0], changed, kind[1])[1]).decode()
            return True
        return False

    return spoil


def visible(image: np.ndarray, changed: np.ndarray) -> np.ndarray | None:
    """The changed image if a person would see the change: a hundredth of it, by half the range."""
    contrast = np.abs(image.astype(int) - changed.astype(int)).max(axis=2) > 100
    return changed if contrast.mean() > 0.002 else None


def number_off_by_5_percent(text: str) -> str:
    def off(match: re.Match[str]) -> str:
        digits = len(match[0].partition(".")[2])
        changed = f"{1.05 * float(match[0]):.{digits}f}"
        far = abs(float(changed) - float(match[0])) > 1.5 * 10**-digits
        return changed if far else match[0]

    return DECIMAL.sub(off, text)


def wrong_sign(text: str) -> str:
    def turned(match: re.Match[str]) -> str:
        digits = len(match[0].partition(".")[2])
        return f"-{match[0]}" if float(match[0]) > 1.5 * 10**-digits else match[0]

    return DECIMAL.sub(turned, text, count=1)


def without_row(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:-1]) if len(lines) > 1 else text


def rows_exchanged(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or lines[-1].split() == lines[-2].split():
        return text
    return "\n".join([*lines[:-2], lines[-1], lines[-2]])


def most_common_colour(image: np.ndarray) -> np.ndarray | None:
    """The mask of the most common saturated colour, if it is that of lines or bars."""
    saturated = np.ptp(image.astype(int), axis=2) > 80
    if not 0.002 < saturated.mean() < 0.25:
        return None
    coarse = image // 32
    colours, counts = np.unique(coarse[saturated].reshape(-1, 3), axis=0, return_counts=True)
    mask = saturated & (coarse == colours[counts.argmax()]).all(axis=2)
    return mask if mask.mean() > 0.002 else None


def without_curve(image: np.ndarray) -> np.ndarray | None:
    mask = most_common_colour(image)
    if mask is None or np.median(image) < 250:  # lines and bars on white
        return None
    changed = image.copy()
    changed[cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) > 0] = 255
    return changed


def colours_exchanged(image: np.ndarray) -> np.ndarray | None:
    return visible(image, np.ascontiguousarray(image[:, :, ::-1]))


def axes_swapped(image: np.ndarray) -> np.ndarray | None:
    turned = cv2.resize(image.transpose(1, 0, 2), image.shape[1::-1])
    return visible(image, turned)


def smaller(image: np.ndarray) -> np.ndarray | None:
    """The same drawing at nine tenths, as if an axis had other limits."""
    height, width = image.shape[:2]
    changed = np.full_like(image, 255)
    small = cv2.resize(image, (round(0.9 * width), round(0.9 * height)))
    changed[: small.shape[0], : small.shape[1]] = small
    return visible(image, changed)


def without_lower_half(image: np.ndarray) -> np.ndarray | None:
    changed = image.copy()
    changed[image.shape[0] // 2 :] = 255
    return visible(image, changed)


def another_figure(image: np.ndarray) -> np.ndarray:
    """Bars that no notebook shows."""
    changed = np.full_like(image, 255)
    height, width = image.shape[:2]
    for place in range(4):
        top = (2 * place + 1) * height // 9
        right = (9 - 2 * place) * width // 10
        cv2.rectangle(changed, (width // 5, top), (right, top + height // 9), (60, 140, 20), -1)
    return changed


def damaged(outputs: list[Any]) -> bool:
    for holder, key in figures(outputs):
        holder[key] = holder[key][:40]
        return True
    return False


def extra_warning(outputs: list[Any]) -> bool:
    outputs.append(new_output("stream", name="stderr", text="UserWarning: be careful\n"))
    return True


def error(outputs: list[Any]) -> bool:
    outputs[:] = [new_output("error", ename="ValueError", evalue="no", traceback=[])]
    return True


def lost(outputs: list[Any]) -> bool:
    outputs.pop()
    return True


def twice(outputs: list[Any]) -> bool:
    outputs.append(outputs[-1])
    return True


FAULTS: dict[str, Callable[[list[Any]], bool]] = {
    "a number off by 5%": in_text(number_off_by_5_percent),
    "a count off by one": in_text(lambda text: COUNT.sub(lambda m: str(int(m[0]) + 1), text, 1)),
    "a wrong sign": in_text(wrong_sign),
    "a lost unit": in_text(lambda text: re.sub(r"(\d) ([a-zµ]+)\b", r"\1", text, count=1)),
    "a lost percent sign": in_text(lambda text: text.replace("%", "", 1)),
    "another word": in_text(lambda text: re.sub(r"\b[a-z]{4,}\b", "xyzzy", text, count=1)),
    "a row missing": in_text(without_row),
    "two rows exchanged": in_text(rows_exchanged),
    "a number missing": in_text(lambda text: DECIMAL.sub("", text, count=1)),
    "a number that is none": in_text(lambda text: DECIMAL.sub("nan", text, count=1)),
    "an extra warning": extra_warning,
    "an error": error,
    "a lost output": lost,
    "an output twice": twice,
    "a blank figure": in_figure(lambda image: np.full_like(image, 255)),
    "a black figure": in_figure(np.zeros_like),
    "another figure": in_figure(another_figure),
    "swapped axes": in_figure(axes_swapped),
    "a curve or bars missing": in_figure(without_curve),
    "colours exchanged": in_figure(colours_exchanged),
    "mirrored": in_figure(lambda image: visible(image, image[:, ::-1].copy())),
    "upside down": in_figure(lambda image: visible(image, image[::-1].copy())),
    "other limits of the axes": in_figure(smaller),
    "half of a figure": in_figure(without_lower_half),
    "a pale figure": in_figure(lambda image: visible(image, 191 + image // 4)),
    "another size": in_figure(lambda image: cv2.resize(image, None, fx=0.9, fy=0.9)),
    "a damaged figure": damaged,
}


def number_off_by_1_percent(text: str) -> str:
    def off(match: re.Match[str]) -> str:
        return f"{1.01 * float(match[0]):.{len(match[0].partition('.')[2])}f}"

    return DECIMAL.sub(off, text)


def last_digit(text: str) -> str:
    def off(match: re.Match[str]) -> str:
        digits = len(match[0].partition(".")[2])
        return f"{float(match[0]) + 10**-digits:.{digits}f}"

    return DECIMAL.sub(off, text, count=1)


def moved(image: np.ndarray) -> np.ndarray:
    """A pixel to the right and down, as text of another version of a font."""
    return cv2.copyMakeBorder(image[:-1, :-1], 1, 0, 1, 0, cv2.BORDER_REPLICATE)


def noisy(image: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 3, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


HONEST: dict[str, Callable[[list[Any]], bool]] = {
    "numbers off by 1%": in_text(number_off_by_1_percent),
    "a last digit": in_text(last_digit),
    "other spacing": in_text(lambda text: text.replace(" ", "  ")),
    "a figure moved by a pixel": in_figure(moved),
    "a noisy figure": in_figure(noisy),
    "JPEG of another quality": in_figure(lambda image: image, quality=70),
    "smoother edges": in_figure(lambda image: cv2.GaussianBlur(image, (0, 0), 0.7)),
}


def not_told(
    cells: Mapping[str, Any], change: Callable[[list[Any]], bool], refused: bool
) -> tuple[int, list[str]]:
    """How many cells could be changed, and which of them got the wrong verdict.

    cells: code cells with outputs, by their names. refused: the verdict that is wanted.
    """
    tried, wrong = 0, []
    for name, cell in cells.items():
        outputs = copy.deepcopy(cell.outputs)
        if not change(outputs):
            continue
        tried += 1
        new, problems = accepted(outputs, cell.outputs, Rules())
        if (new != cell.outputs or bool(problems)) != refused:
            wrong.append(name)
    return tried, wrong
