"""Leaf through a scale space, and see which extrema of D become keypoints (notebook 01)."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.dog import CONTRAST, EDGE, Refined, extrema, on_edge, refine
from delf_lesson.classical.scale_space import LEVELS, ScaleSpace, scale_space
from delf_lesson.classroom.explorers.controls import slider
from delf_lesson.classroom.explorers.drawing import (
    BLUE,
    GREY,
    ORANGE,
    beside,
    marks,
    of_width,
    signed,
    titled,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer
from delf_lesson.images import Pixels, to_grey

HALF = 436  # pixels of width for each of two panels
LEAST = 0.0005  # of |D|: below it are the ripples of rounding


class Extrema(NamedTuple):
    """Refined extrema of one octave and where they are in the image, (N, 2)."""

    found: Refined
    xy: NDArray[np.float64]


def explore_scale_space(image: Pixels) -> Explorer:
    """Choose octave and level, contrast and edge; see D and what each threshold drops.

    Slide "Recap: Keypoint"; D. Lowe, IJCV 2004, sections 3 and 4.
    """
    space = scale_space(to_grey(image))
    every = [extrema_of_octave(space, number) for number in range(min(4, len(space.octaves)))]
    shown, scale = of_width(image, HALF), HALF / image.shape[1]
    cut_of = lru_cache(maxsize=12)(lambda number, level: draw_level(space, number, level))

    def draw(octave: int, level: int, contrast: float, edge: float) -> Drawn:
        own = every[octave - 1]
        return draw_scale_space(
            shown, scale, space, own, (octave - 1, level), contrast, edge, cut_of(octave - 1, level)
        )

    return Explorer(
        draw,
        {
            "octave": slider("octave", 1, len(every), min(2, len(every))),
            "level": slider("level", 1, LEVELS, 1),
            "contrast": slider("least contrast", 0, 0.2, CONTRAST, step=0.005),
            "edge": slider("largest ratio of curvatures (edge)", 1, 30, EDGE, step=0.5),
        },
        "One level of the difference of Gaussians, and the keypoints that its extrema give; "
        "choose octave, level and thresholds by the sliders",
    )


def extrema_of_octave(space: ScaleSpace, number: int) -> Extrema:
    """The extrema of an octave inside the image, refined; only |D| below `LEAST` is dropped."""
    octave = space.octaves[number]
    found = refine(octave.dog, extrema(octave.dog, LEAST))
    xy = space.pixels(octave, found.samples + found.offset)
    inside = ((xy >= 0) & (xy <= np.array(space.image_size) - 1)).all(axis=1)
    return Extrema(found.select(np.flatnonzero(inside)), xy[inside])


def draw_scale_space(
    image: Pixels,
    scale: float,
    space: ScaleSpace,
    own: Extrema,
    where: tuple[int, int],
    contrast: float,
    edge: float,
    level_drawn: Pixels,
) -> Drawn:
    """D of one level beside the image; there rings are keypoints, crosses what was dropped.

    image: as large as it is shown, times `scale`; where: the octave and the level.
    """
    number, level = where
    shown = image.copy()
    here = own.found.samples[:, 0] == level
    found, xy = own.found.select(here), own.xy[here]
    strong = np.abs(found.value) >= contrast / LEVELS
    edges = on_edge(found.hessian, edge)
    kept = strong & ~edges
    sigma = space.sigma(number, level)
    marks(shown, xy[~strong] * scale, "tilted cross", GREY, 5)
    marks(shown, xy[strong & edges] * scale, "tilted cross", BLUE, 7)
    marks(shown, xy[kept] * scale, "ring", ORANGE, round(6 * sigma * scale))
    panels = (
        titled(shown, "keypoints orange, edges blue, weak ones grey"),
        titled(level_drawn, f"D at sigma {sigma:.1f} pixels: dark spots orange"),
    )
    says = (
        f"Octave {number + 1}, level {level}: {len(xy)} extrema of D, of which {(~strong).sum()} "
        f"have too little contrast and {(strong & edges).sum()} lie on edges. {kept.sum()} "
        "keypoints are left."
    )
    return Drawn(beside(*panels), says)


def draw_level(space: ScaleSpace, number: int, level: int) -> Pixels:
    """D of one level of an octave in colours, cut to the image and as wide as a panel."""
    octave = space.octaves[number]
    values = octave.dog[level]
    width, height = space.image_size
    first = np.maximum(0, np.rint(-space.origin / octave.step)).astype(int)
    last = first + np.array([width, height]) / octave.step
    x, y = last.astype(int)
    part = values[first[1] : max(y, first[1] + 1), first[0] : max(x, first[0] + 1)]
    return of_width(signed(part, 0.06), HALF)
