"""Turn, shrink, blur and darken an image, and see which keypoints repeat (lab 02)."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classical.harris import harris_keypoints
from delf_lesson.classical.keypoints import Keypoints
from delf_lesson.classical.repeatability import correspondences
from delf_lesson.classical.scale_space import BASE_SIGMA
from delf_lesson.classical.transformations import (
    Homography,
    View,
    blurred,
    lit,
    noisy,
    rotated,
    scaled,
)
from delf_lesson.classroom.explorers.drawing import (
    BLUE,
    GREY,
    ORANGE,
    above,
    beside,
    of_width,
    ring,
    titled,
    white,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer, slider
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels, to_grey

DETECTION_WIDTH = 240  # pixels: small, so that keypoints are detected at once
SIDE = 300  # pixels of the square that an image is shown on
KEYPOINTS = 150  # an image and detector


def explore_properties(image: Pixels) -> Explorer:
    """Change an image by known amounts; see how many keypoints of DoG and Harris repeat.

    Slide "Classical Keypoint & Local Descriptor Properties".
    """
    small = of_width(image, DETECTION_WIDTH)
    first = keypoints(small)

    def draw(turn: int, size: float, gamma: float, blur: float, noise: int) -> Drawn:
        steps: list[Callable[[Pixels], View]] = []
        steps += [lambda image: rotated(image, turn)] if turn else []
        steps += [lambda image: scaled(image, size)] if size != 1 else []
        steps += [lambda image: lit(image, gamma)] if gamma != 1 else []
        steps += [lambda image: blurred(image, blur)] if blur else []
        steps += [lambda image: noisy(image, noise)] if noise else []
        view = changed(small, steps)
        return draw_properties(view, first, keypoints(view.second))

    return Explorer(
        draw,
        {
            "turn": slider("degrees turned", -180, 180, 30),
            "size": slider("size of the second image", 0.3, 1.5, 1, step=0.05),
            "gamma": slider("light: gamma, dark above 1", 0.25, 4, 1, step=0.05),
            "blur": slider("blur: sigma in pixels", 0, 4, 0, step=0.1),
            "noise": slider("noise: sigma in grey levels", 0, 40, 0),
        },
        "A picture and the same one changed, with the keypoints that come again; change it by the "
        "sliders",
    )


def changed(image: Pixels, steps: Sequence[Callable[[Pixels], View]]) -> View:
    """Changes one after another, as one view of the first image."""
    matrix, last = np.eye(3), image
    for step in steps:
        view = step(last)
        assert isinstance(view.truth, Homography)
        matrix, last = view.truth.matrix @ matrix, view.second
    sizes = [(each.shape[1], each.shape[0]) for each in (image, last)]
    return View(image, last, Homography(matrix, *sizes))


def keypoints(image: Pixels) -> dict[str, LocalFeatures]:
    """The strongest keypoints of DoG, by OpenCV, and of Harris; without descriptors."""
    grey = to_grey(image)
    dog = cv2.SIFT.create(nfeatures=KEYPOINTS, enable_precise_upscale=True).detect(grey, None)
    detected = {
        "DoG": Keypoints(
            np.array([keypoint.pt for keypoint in dog]).reshape(-1, 2),
            np.array([keypoint.size / 2 for keypoint in dog]),
            np.array([keypoint.response for keypoint in dog]),
        ),
        "Harris": harris_keypoints(grey).strongest(KEYPOINTS),
    }
    size = (image.shape[1], image.shape[0])
    return {
        name: each.described(np.ones((len(each), 1), np.float32), size, size)
        for name, each in detected.items()
    }


def draw_properties(
    view: View, first: dict[str, LocalFeatures], second: dict[str, LocalFeatures]
) -> Drawn:
    """Both images with DoG's keypoints, orange if they repeat, and the shares as bars.

    first, second: the keypoints of "DoG" and of "Harris" in each image.
    """
    same = {name: correspondences(first[name], second[name], view.truth) for name in first}
    longest = max(*view.first.shape[:2], *view.second.shape[:2])
    panels = [
        titled(_rings(image, features["DoG"], repeated, SIDE / longest), title)
        for image, features, repeated, title in (
            (view.first, first, same["DoG"].first, "before, keypoints of DoG"),
            (view.second, second, same["DoG"].second, "after, those that repeat orange"),
        )
    ]
    shares = {name: float(np.nan_to_num(pairs.repeatability)) for name, pairs in same.items()}
    says = (
        f"Of DoG's keypoints {shares['DoG']:.0%} come again with the same region, of Harris' "
        f"{shares['Harris']:.0%}."
    )
    return Drawn(beside(*panels, _share_bars(shares)), says)


def _rings(image: Pixels, features: LocalFeatures, repeated: NDArray, scale: float) -> Pixels:
    """An image on a square, its keypoints as rings of twice their sigma."""
    shown = of_width(image, max(1, round(image.shape[1] * scale)))
    repeats = np.isin(np.arange(len(features)), repeated)
    for at, size, known in sorted(
        zip(features.xy * scale, features.scales, repeats, strict=True), key=lambda row: row[2]
    ):
        radius = 2 * BASE_SIGMA / float(size) * scale
        ring(shown, at, radius, ORANGE if known else GREY, 2 if known else 1, rim=False)
    canvas = white(SIDE, SIDE)
    height, width = (min(SIDE, v) for v in shown.shape[:2])
    canvas[:height, :width] = shown[:height, :width]
    return canvas


def _share_bars(shares: dict[str, float]) -> Pixels:
    parts = []
    for name, share in shares.items():
        bar = white(22, 220)
        bar[:, : round(220 * share)] = BLUE
        bar[0] = bar[-1] = bar[:, 0] = bar[:, -1] = GREY
        parts.append(titled(bar, f"{name} repeats: {share:.0%}"))
    return above(*parts)
