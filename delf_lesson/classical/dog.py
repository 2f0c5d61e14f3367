"""Keypoints at extrema of the difference of Gaussians.

D. Lowe, IJCV 2004, sections 3 and 4; slide "Recap: Keypoint"; lab 01.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.keypoints import Keypoints
from delf_lesson.classical.scale_space import BASE_SIGMA, LEVELS, Octave, ScaleSpace

CONTRAST = 0.04  # per octave: a level's share of it, 0.04 / 3, is the least |D|; Lowe has 0.03
EDGE = 10.0  # the largest ratio of the principal curvatures, Lowe's section 4.1
BORDER = 5  # samples of its octave between a keypoint and the image's edge
MOST_FITS = 5  # of parabolas for one keypoint, as in OpenCV


def dog_keypoints(space: ScaleSpace, contrast: float = CONTRAST, edge: float = EDGE) -> Keypoints:
    """Extrema of D over space and scale, refined and sifted (slide "Recap: Keypoint"; lab 01).

    contrast: the least |D| at a refined extremum, times the levels of an octave; grey runs from
        0 to 1. edge: the largest ratio of the principal curvatures of D.

    The response is |D| at the refined extremum, sigma its blur in pixels. Raises ValueError if
    contrast is negative or edge below 1.
    """
    check_thresholds(contrast, edge)
    dogs = [octave.dog for octave in space.octaves]
    return refined_keypoints(space, dogs, contrast / LEVELS, edge)


def refined_keypoints(
    space: ScaleSpace, stacks: Sequence[NDArray[np.float32]], least: float, edge: float
) -> Keypoints:
    """Refined extrema of a stack for each octave (L, H, W), at least so far from 0, on no edge.

    Level i of a stack belongs to the blur of level i of its octave.
    """
    octaves = zip(space.octaves, stacks, strict=True)
    by_octave = [_of_octave(octave, stack, space, least, edge) for octave, stack in octaves]
    x, y, sigma, response = np.concatenate(by_octave, axis=1)
    return Keypoints(np.c_[x, y], sigma, response)


def check_thresholds(contrast: float, edge: float) -> None:
    """Raise ValueError unless contrast is 0 or more and edge 1 or more."""
    if not contrast >= 0 or not edge >= 1:
        raise ValueError(
            f"contrast is {contrast} and edge is {edge}; wanted 0 or more and 1 or more"
        )


def extrema(dog: NDArray[np.float32], least: float) -> NDArray[np.intp]:
    """Samples that no neighbour in the 3x3x3 cube exceeds, as rows (level, y, x).

    dog: (L, H, W); maxima above `least` and minima below `-least`, on levels 1 to L - 2 and
    not at the rim.
    """
    cube = np.ones((3, 3), np.uint8)
    highest = np.stack([cv2.dilate(level, cube) for level in dog])
    lowest = np.stack([cv2.erode(level, cube) for level in dog])
    middle = dog[1:-1]
    above = np.maximum(np.maximum(highest[:-2], highest[1:-1]), highest[2:])
    below = np.minimum(np.minimum(lowest[:-2], lowest[1:-1]), lowest[2:])
    extreme = ((middle == above) & (middle > least)) | ((middle == below) & (middle < -least))
    extreme[:, [0, -1]] = extreme[:, :, [0, -1]] = False  # the rim has fewer neighbours
    samples: NDArray[np.intp] = np.stack(np.nonzero(extreme), axis=1)
    return samples + np.array([1, 0, 0], np.intp)


def quadratic_fit(
    dog: NDArray[np.float32], at: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gradient (N, 3) and Hessian (N, 3, 3) of D at samples (level, y, x), by differences.

    The parabola D(o) = D + g.o + o.H.o / 2 through them has its extremum at o = -H^-1 g (Lowe,
    equation 3).
    """

    def d(level: int, y: int, x: int) -> NDArray[np.float64]:
        return dog[at[:, 0] + level, at[:, 1] + y, at[:, 2] + x].astype(np.float64)

    centre = d(0, 0, 0)
    unit = np.eye(3, dtype=int)
    gradient = np.stack([(d(*e) - d(*-e)) / 2 for e in unit], axis=1)
    hessian = np.empty((len(at), 3, 3))
    for i, e in enumerate(unit):
        hessian[:, i, i] = d(*e) + d(*-e) - 2 * centre
        for j, f in enumerate(unit[:i]):
            mixed = (d(*(e + f)) - d(*(e - f)) - d(*(f - e)) + d(*(-e - f))) / 4
            hessian[:, i, j] = hessian[:, j, i] = mixed
    return gradient, hessian


class Refined(NamedTuple):
    """Extrema between the samples: N of them.

    samples: (N, 3), the nearest (level, y, x); offset: (N, 3) from there; value: (N,), D at the
    extremum; hessian: (N, 3, 3) of D.
    """

    samples: NDArray[np.intp]
    offset: NDArray[np.float64]
    value: NDArray[np.float64]
    hessian: NDArray[np.float64]

    def select(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Refined":
        """The extrema of the given rows (indices or a boolean mask)."""
        return Refined(self.samples[rows], self.offset[rows], self.value[rows], self.hessian[rows])


def refine(dog: NDArray[np.float32], at: NDArray[np.intp]) -> Refined:
    """Move each sample (level, y, x) to the one nearest to its parabola's extremum.

    What has not come to rest at the fifth fit is dropped, and so is what leaves the searched
    levels (after Lowe, section 4).
    """
    last = np.array(dog.shape) - 2
    resting = []
    for _ in range(MOST_FITS):
        gradient, hessian = quadratic_fit(dog, at)
        flat = np.abs(np.linalg.det(hessian)) < 1e-30
        hessian[flat] = np.eye(3)
        offset = -(np.linalg.inv(hessian) @ gradient[..., None])[..., 0]
        here = dog[tuple(at.T)].astype(np.float64)
        value = here + (gradient * offset).sum(axis=1) / 2
        farthest = np.where(flat, np.inf, np.abs(offset).max(axis=1))
        resting.append(Refined(at, offset, value, hessian).select(farthest <= 0.5))
        moves = (farthest > 0.5) & (farthest < max(dog.shape))
        at = at[moves] + np.rint(offset[moves]).astype(np.intp)
        at = at[((at >= 1) & (at <= last)).all(axis=1)]
    refined = Refined(*map(np.concatenate, zip(*resting, strict=True)))
    _, first = np.unique(
        refined.samples, axis=0, return_index=True
    )  # two may have met in one place
    return refined.select(first)


def on_edge(hessian: NDArray[np.float64], ratio: float) -> NDArray[np.bool_]:
    """Whether one principal curvature in the image exceeds the other by the ratio, or opposes it.

    hessian: (N, 3, 3) in the order (level, y, x); tr^2 / det < (r + 1)^2 / r (Lowe, section 4.1).
    """
    in_image = hessian[:, 1:, 1:]
    trace = np.trace(in_image, axis1=1, axis2=2)
    determinant = np.linalg.det(in_image)
    strong = trace**2 * ratio >= (ratio + 1) ** 2 * determinant
    edge: NDArray[np.bool_] = np.logical_or(determinant <= 0, strong)
    return edge


def _of_octave(
    octave: Octave, stack: NDArray[np.float32], space: ScaleSpace, least: float, edge: float
) -> NDArray[np.float64]:
    """x, y, sigma in pixels and response of an octave's keypoints, (4, N)."""
    at = extrema(stack, least / 2)  # the refined extremum lies higher than its sample
    at = at[_inside(at, octave, space)]
    refined = refine(stack, at)
    strong = np.abs(refined.value) >= least
    selected = strong & ~on_edge(refined.hessian, edge) & _inside(refined.samples, octave, space)
    refined = refined.select(selected)
    positions = refined.samples + refined.offset
    sigma = BASE_SIGMA * octave.step * 2 ** (positions[:, 0] / LEVELS)
    return np.stack([*space.pixels(octave, positions).T, sigma, np.abs(refined.value)])


def _inside(at: NDArray[np.intp], octave: Octave, space: ScaleSpace) -> NDArray[np.bool_]:
    xy = space.pixels(octave, at)
    border = BORDER * octave.step
    last = np.array(space.image_size) - 1 - border
    return np.asarray(((xy >= border) & (xy <= last)).all(axis=1))
