"""Choose a cell of a picture, and see the cells nearest to it by each trunk (notebook 04)."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.explorers.controls import slider
from delf_lesson.classroom.explorers.drawing import (
    BLUE,
    ORANGE,
    TITLE,
    above,
    beside,
    framed,
    marks,
    of_width,
    titled,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer
from delf_lesson.evaluation.neighbours import nearest_elsewhere
from delf_lesson.images import Pixels

SHOWN, SIDE, HALF = 300, 78, 40  # pixels: the picture, a patch, and half of what it shows
NEAREST = 7


def explore_neighbours(
    images: Sequence[Pixels],
    landmarks: Sequence[str],
    of_image: NDArray[np.intp],
    places: NDArray,
    rows: Mapping[str, NDArray[np.float32]],
) -> Explorer:
    """Choose a picture and one of its cells; see the nearest cells of other pictures.

    Slide "Goal". landmarks: what each image shows. of_image, places: which image each cell is of
    (N,) and where (N, 2). rows: descriptors (N, D) by the name of the trunk that gave them.
    Raises ValueError if the numbers of cells differ.
    """
    wrong = {name: len(own) for name, own in rows.items() if len(own) != len(places)}
    if wrong or len(of_image) != len(places):
        raise ValueError(
            f"places holds {len(places)} cells, of_image {len(of_image)} and rows "
            f"{wrong or 'as many'}; wanted one row a cell"
        )
    first = np.searchsorted(of_image, np.arange(len(images)))
    most = int(np.bincount(of_image).max())

    def draw(picture: int, cell: int) -> Drawn:
        own = of_image == picture - 1
        asked = int(first[picture - 1]) + min(cell, int(own.sum()) - 1)
        found = {
            name: nearest_elsewhere(each, of_image, np.array([asked]), NEAREST)[0]
            for name, each in rows.items()
        }
        return draw_neighbours(images, landmarks, of_image, places, asked, found)

    def click(x: float, y: float) -> dict[str, int]:
        own = places[of_image == explorer.values["picture"] - 1]
        return {"cell": int(np.hypot(*(own - [x, y]).T).argmin())}

    explorer = Explorer(
        draw,
        {
            "picture": slider("picture", 1, len(images), 1),
            "cell": slider("cell, row by row", 0, most - 1, most // 2),
        },
        "A cell of a picture and the cells nearest to it by each trunk, right ones in blue frames; "
        "click the picture or move the sliders",
        click=click,
    )
    return explorer


def draw_neighbours(
    images: Sequence[Pixels],
    landmarks: Sequence[str],
    of_image: NDArray[np.intp],
    places: NDArray,
    asked: int,
    found: Mapping[str, NDArray],
) -> Drawn:
    """A cell on its picture, and for each trunk the patches of the cells nearest to it."""
    picture = int(of_image[asked])
    image = images[picture]
    shown, scale = of_width(image, SHOWN), SHOWN / image.shape[1]
    marks(shown, places[asked] * scale, "cross", ORANGE, 16)
    lines, parts = [], []
    for name, cells in found.items():
        right = [landmarks[of_image[cell]] == landmarks[picture] for cell in cells]
        patches = [
            framed(_patch(images[of_image[cell]], places[cell]), BLUE if own else ORANGE, not own)
            for cell, own in zip(cells, right, strict=True)
        ]
        lines.append(titled(np.hstack(patches), f"{name}: {sum(right)} of {len(right)} right"))
        parts.append(f"{name} {sum(right)}")
    says = (
        f"A cell of the {landmarks[picture].replace('_', ' ')}. Of its {NEAREST} nearest in other "
        f"pictures are of the same landmark: by {', by '.join(parts)}."
    )
    panel = titled(shown, landmarks[picture].replace("_", " "))
    size = (image.shape[1], image.shape[0])
    return Drawn(beside(panel, above(*lines)), says, (0, TITLE), scale, size)


def _patch(image: Pixels, xy: NDArray) -> Pixels:
    """What lies around a place, 80 pixels wide, as a small square."""
    cut = cv2.getRectSubPix(image, (2 * HALF, 2 * HALF), tuple(map(float, xy)))
    return cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
