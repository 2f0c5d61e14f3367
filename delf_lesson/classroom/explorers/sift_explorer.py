"""Choose a keypoint, and see how SIFT describes and matches it (lab 02)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.dog import dog_keypoints
from delf_lesson.classical.keypoints import Keypoints
from delf_lesson.classical.properties import MATCH_OVERLAP_ERROR, MATCH_TOLERANCE, nearest_and_ratio
from delf_lesson.classical.repeatability import correspondences
from delf_lesson.classical.scale_space import scale_space
from delf_lesson.classical.sift import (
    BINS,
    CELL_SIGMAS,
    CELLS,
    MOST,
    describe_patches,
    descriptor_patches,
    orientation_histograms,
    orientation_peaks,
)
from delf_lesson.classical.transformations import View
from delf_lesson.classroom.explorers.drawing import (
    GAP,
    GREY,
    ORANGE,
    TITLE,
    WHITE,
    WIDTH,
    above,
    bars,
    beside,
    enlarged,
    marks,
    of_width,
    path,
    titled,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer, slider
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels, to_grey

HALF = (WIDTH - GAP) // 2
PATCH = 128  # pixels of the enlarged patch
KEYPOINTS = 300  # an image


@dataclass(frozen=True, eq=False)
class DescribedImage:
    """The N strongest keypoints of one image, and every step of describing them.

    histograms: (N, 36); angles: (N,) radians; patches: (N, 22, 22).
    """

    image: Pixels
    keypoints: Keypoints
    histograms: NDArray[np.float32]
    angles: NDArray[np.float64]
    patches: NDArray[np.float32]
    features: LocalFeatures

    @classmethod
    def of(cls, image: Pixels, most: int = KEYPOINTS) -> "DescribedImage":
        """SIFT of an image, its keypoints by the difference of Gaussians."""
        space = scale_space(to_grey(image))
        strongest = dog_keypoints(space).strongest(most)
        histograms = orientation_histograms(space, strongest)
        row, angles = orientation_peaks(histograms)
        keypoints = strongest.select(row)
        patches = descriptor_patches(space, keypoints, angles)
        size = (image.shape[1], image.shape[0])
        features = keypoints.described(describe_patches(patches), size, size)
        return cls(image, keypoints, histograms[row], angles, patches, features)


def explore_sift(view: View) -> Explorer:
    """Choose a keypoint of the first image: its patch, histogram, 128 numbers, and its match.

    Slide "Recap: Local Descriptor". Raises ValueError if either image has no keypoints.
    """
    first, second = DescribedImage.of(view.first), DescribedImage.of(view.second)
    for name, described in (("first", first), ("second", second)):
        if not len(described.features):
            raise ValueError(f"view.{name} gives no keypoints; wanted an image with texture")
    nearest, ratios = nearest_and_ratio(first.features, second.features)
    same = correspondences(
        first.features, second.features, view.truth, MATCH_TOLERANCE, MATCH_OVERLAP_ERROR
    )
    partners = {(int(i), int(j)) for i, j in zip(same.first, same.second, strict=True)}
    xy = first.keypoints.xy

    def draw(number: int, ratio: float) -> Drawn:
        row = number - 1
        pair = (row, int(nearest[row]))
        right = pair in partners if row in same.rows else None
        return draw_sift(first, second, pair, float(ratios[row]), ratio, right)

    return Explorer(
        draw,
        {
            "number": slider("keypoint, the strongest is 1", 1, len(xy), 1),
            "ratio": slider("accept below a ratio of", 0.4, 1, 0.8, step=0.01),
        },
        "One keypoint, its patch, the histogram of its gradients, its 128 numbers and its match "
        "in the other photograph; click near a keypoint of the first or move the slider",
        click=lambda x, y: {"number": int(np.hypot(*(xy - [x, y]).T).argmin()) + 1},
    )


def draw_sift(
    first: DescribedImage,
    second: DescribedImage,
    pair: tuple[int, int],
    ratio: float,
    accepted: float,
    right: bool | None,
) -> Drawn:
    """A keypoint of the first image, its nearest in the second, and how both were described.

    pair: their rows. ratio: Lowe's ratio of this match, which is accepted below `accepted`. right:
    the truth, None if the second image does not show the place.
    """
    left, right_image = (of_width(described.image, HALF) for described in (first, second))
    scale, right_scale = HALF / first.image.shape[1], HALF / second.image.shape[1]
    for canvas, described, row, factor in (
        (left, first, pair[0], scale),
        (right_image, second, pair[1], right_scale),
    ):
        marks(canvas, described.keypoints.xy * factor, "ring", GREY, 3)
        _square(canvas, described, row, factor, ORANGE)
    verdict = "accepted" if ratio < accepted else "refused"
    photos = beside(
        titled(left, "the first photograph"),
        titled(right_image, f"its nearest in the other: {verdict} below {accepted:.2f}"),
    )
    width = (WIDTH - 2 * PATCH - 2 * GAP) // 2 - GAP
    columns = [_column(first, pair[0], width), _column(second, pair[1], width)]
    says = (
        f"Keypoint {pair[0] + 1}: sigma {first.keypoints.sigma[pair[0]]:.1f} pixels, turned by "
        f"{np.degrees(first.angles[pair[0]]) % 360:.0f}°. "
        f"Its nearest in the other photograph has a ratio of {ratio:.2f} and is "
        f"{verdict} below {accepted:.2f}. {_VERDICTS[right]}"
    )
    size = (first.image.shape[1], first.image.shape[0])
    return Drawn(above(photos, beside(*columns)), says, (0, TITLE), scale, size)


_VERDICTS = {
    True: "The truth says that this match is right.",
    False: "The truth says that this match is wrong.",
    None: "The other photograph does not show this place, so no match can be right.",
}


def _square(
    canvas: Pixels, described: DescribedImage, row: int, factor: float, colour: tuple
) -> None:
    """The square of the image that the descriptor covers, and its x axis."""
    angle = described.angles[row]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    half = CELL_SIGMAS * described.keypoints.sigma[row] * CELLS / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    middle = described.keypoints.xy[row]
    square = (middle + corners @ turn.T) * factor
    axis = np.stack([middle, middle + turn @ [half, 0]]) * factor
    for ink, width in ((WHITE, 5), (colour, 2)):
        path(canvas, square, ink, width, closed=True)
        path(canvas, axis, ink, width)


def _column(described: DescribedImage, row: int, width: int) -> Pixels:
    """The patch of a keypoint, the histogram of its angles, and its 128 numbers."""
    histogram = described.histograms[row]
    _, angles = orientation_peaks(histogram[None])
    peaks = (np.rint(angles * BINS / (2 * np.pi)).astype(int) % BINS).tolist()
    tall = (PATCH - 24 - GAP) // 2
    lines = above(
        bars(histogram, (width, tall), float(histogram.max()), marked=peaks),
        titled(bars(described.features.descriptors[row], (width, tall), 1.5 * MOST), "128 numbers"),
    )
    return beside(
        titled(enlarged(described.patches[row], PATCH), "patch, turned"),
        titled(lines, "gradients by angle, peaks orange"),
    )
