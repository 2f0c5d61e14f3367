"""Leaf through the pictures of a town (notebook 00)."""

from collections.abc import Sequence

import cv2
import numpy as np

from delf_lesson.classroom.explorers.controls import slider, steps, switch
from delf_lesson.classroom.explorers.drawing import ORANGE, WHITE, of_height, path
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer
from delf_lesson.datasets.rendered import Picture


def explore_pictures(pictures: Sequence[Picture]) -> Explorer:
    """Choose a landmark and one of its pictures, and see what is known about it.

    pictures: those without a landmark are left out. Raises ValueError if none is left.
    """
    of: dict[str, list[Picture]] = {}
    for picture in pictures:
        if picture.landmark:
            of.setdefault(picture.landmark, []).append(picture)
    if not of:
        raise ValueError("pictures holds none of a landmark; wanted one or more")
    most = max(len(own) for own in of.values())

    def draw(landmark: str, number: int, outline: bool) -> Drawn:
        own = of[landmark]
        return draw_picture(own[min(number, len(own)) - 1], outline)

    return Explorer(
        draw,
        {
            "landmark": steps("landmark", {name.replace("_", " "): name for name in of}),
            "number": slider("picture", 1, most, 1),
            "outline": switch("outline what belongs to the landmark", True),
        },
        "One picture of a landmark with its outline; choose landmark and picture by the controls",
    )


def draw_picture(picture: Picture, outline: bool) -> Drawn:
    """A picture, with an outline around the landmark's pixels if wanted, and what is known."""
    image, mask = picture.read(), picture.mask()
    drawn = of_height(image, 440)
    if outline:
        scaled = cv2.resize(mask.astype(np.uint8), drawn.shape[1::-1], interpolation=0)
        for line in cv2.findContours(scaled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
            path(drawn, line[:, 0], WHITE, 4, closed=True)
            path(drawn, line[:, 0], ORANGE, 2, closed=True)
    light = dict.fromkeys((picture.weather, picture.season))  # a weather may be a season's name
    says = (
        f"{picture.name}, {picture.role}: {', '.join(light)}, "
        f"{abs(picture.azimuth or 0):.0f}° off the front, {picture.distance or 0:.0f} m away. "
        f"{picture.visible_share:.0%} of the landmark is in view, which counts as {picture.view}."
    )
    return Drawn(drawn, says)
