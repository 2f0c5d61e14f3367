"""Explorers of labs 03 to 05: a cell's similarity, its neighbours, the selection of keypoints."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.experiments import nearest_elsewhere, on_mask
from delf_lesson.classroom.explorers.drawing import (
    BLACK,
    BLUE,
    GAP,
    ORANGE,
    TITLE,
    WHITE,
    WIDTH,
    above,
    beside,
    framed,
    marks,
    of_width,
    path,
    titled,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer, slider, steps
from delf_lesson.classroom.figures.deep_figures import overlay
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.receptive_field import DenseGrid, receptive_fields
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels

HALF = (WIDTH - GAP) // 2
SHOWN, SIDE, PATCH_HALF = 300, 110, 40  # pixels: the image, a patch, and half of what it shows
NEAREST = 5


def explore_similarity(
    first: Pixels, grid: DenseGrid, second: Pixels, other: DenseGrid, fields: NDArray
) -> Explorer:
    """Choose a cell of the first image; see which cells of both images have similar descriptors.

    Slide "Deep Feature". grid, other: from `Delf.dense`, for the first and for the second image.
    fields: (N, 4), the square `(x0, y0, x1, y1)` that each cell of the first image can see.
    Raises ValueError unless there is a square for every cell.
    """
    if len(fields) != len(grid.features):
        raise ValueError(
            f"fields holds {len(fields)} squares; wanted {len(grid.features)}, one a cell"
        )
    places = grid.features.xy

    def draw(row: int, column: int) -> Drawn:
        return draw_similarity(first, grid, second, other, fields, row, column)

    def click(x: float, y: float) -> dict[str, int]:
        row, column = divmod(int(np.hypot(*(places - [x, y]).T).argmin()), grid.columns)
        return {"row": row, "column": column}

    return Explorer(
        draw,
        {
            "row": slider("row of the cell", 0, grid.rows - 1, grid.rows // 2),
            "column": slider("column of the cell", 0, grid.columns - 1, grid.columns // 2),
        },
        "A cell, the square that it can see, and where in two pictures its descriptor lives; "
        "click a cell of the first picture or move the sliders",
        click=click,
    )


def explore_pair(extractor: Delf, first: Pixels, second: Pixels) -> Explorer:
    """`explore_similarity` for two photos: their dense grids, and the square that a cell can see.

    Slide "Deep Feature"; the lecture. extractor: reduced, so that cosines tell cells apart.
    """
    grids = [extractor.dense(image) for image in (first, second)]
    centres = replace(extractor, cell_anchor="field").dense(first).features
    fields = receptive_fields(centres.xy, centres.scales, extractor.trunk.grid)
    return explore_similarity(first, grids[0], second, grids[1], fields)


def draw_similarity(
    first: Pixels,
    grid: DenseGrid,
    second: Pixels,
    other: DenseGrid,
    fields: NDArray,
    row: int,
    column: int,
) -> Drawn:
    """Both images under their cosine similarity to one cell, marked by a cross and its square."""
    cell = grid.cell(row, column)
    descriptor = grid.features.descriptors[cell]
    here, there = grid.similarity(descriptor), other.similarity(descriptor)
    left = of_width(overlay(first, here, 0, 1, grid.spacing), HALF)
    right = of_width(overlay(second, there, 0, 1, other.spacing), HALF)
    scale = HALF / first.shape[1]
    x0, y0, x1, y1 = fields[cell] * scale
    square = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    path(left, square, WHITE, 4, closed=True)
    path(left, square, BLACK, 2, closed=True)
    marks(left, grid.features.xy[cell] * scale, "cross", BLACK, 16)
    best = int(there.argmax())
    place = other.features.xy[best] * HALF / second.shape[1]
    marks(right, place, "cross", BLACK, 16)
    says = (
        f"Cell ({row}, {column}): its nearest in the other picture, marked there, has a cosine of "
        f"{there.max():.2f}; half of that picture's cells are above {np.median(there):.2f}."
    )
    panels = beside(
        titled(left, "the query cell and what it can see"), titled(right, "the second photo")
    )
    return Drawn(panels, says, (0, TITLE), scale, (first.shape[1], first.shape[0]))


def explore_selection(
    image: Pixels, mask: NDArray[np.bool_], selections: Mapping[str, LocalFeatures], rival: str
) -> Explorer:
    """Choose a way to select keypoints, their number, the least score and the scale.

    Slides "Training for Keypoint Selection" and "Comparison with classical local descriptor".
    mask: which pixels (H, W) are the landmark. selections: by name, the features that a method
    selects, best first; rival: the name of the method shown beside all others. Raises ValueError
    if a method has no keypoints.
    """
    for name, features in selections.items():
        if not len(features):
            raise ValueError(
                f"selections has no keypoints by {name!r}; wanted one or more to choose from"
            )
    others = [name for name in selections if name != rival]
    rounded = [np.round(selections[name].scales, 3).tolist() for name in others]
    scales = sorted(set().union(*rounded))
    named = {"all": 0.0, **{f"{scale:.2g}": scale for scale in scales}}

    def draw(way: str, count: int, least: int, scale: float) -> Drawn:
        rows = chosen_rows(selections[way], count, least / 100, scale or None)
        rival_rows = chosen_rows(selections[rival], max(1, len(rows)), 0, None)
        selected = {
            way: selections[way].select(rows),
            rival: selections[rival].select(rival_rows),
        }
        return draw_selection(image, mask, selected)

    return Explorer(
        draw,
        {
            "way": steps("choose by", others),
            "count": slider("keep at most", 1, max(len(selections[name]) for name in others), 100),
            "least": slider("least score, percent of the best", 0, 100, 0),
            "scale": steps("of the pyramid's scale", named),
        },
        f"The keypoints that are kept, beside as many by {rival}: blue circles on the landmark, "
        "orange crosses off it; choose how many by the sliders",
    )


def chosen_rows(
    features: LocalFeatures, count: int, least: float, scale: float | None
) -> NDArray[np.intp]:
    """The `count` best rows whose score is at least a share of the best, of one scale or of all."""
    fit = features.scores >= least * features.scores.max()
    if scale is not None:
        fit &= np.abs(features.scales - scale) < 1e-3
    rows = np.flatnonzero(fit)
    return rows[np.argsort(-features.scores[rows], kind="stable")[:count]]


def draw_selection(
    image: Pixels, mask: NDArray[np.bool_], selected: Mapping[str, LocalFeatures]
) -> Drawn:
    """Keypoints selected by each method: blue circles on the landmark, orange crosses off it."""
    panels, parts = [], []
    scale = HALF / image.shape[1]
    for name, features in selected.items():
        on, shown = on_mask(features, mask), of_width(image, HALF)
        marks(shown, features.xy[~on] * scale, "tilted cross", ORANGE, 7)
        marks(shown, features.xy[on] * scale, "ring", BLUE, 8)
        share = f"{on.mean():.0%}" if len(features) else "none"
        panels.append(titled(shown, f"{name}: {len(features)} kept, {share} on the landmark"))
        parts.append(f"of {len(features)} by {name} {share}")
    says = f"On the landmark lie, {' and '.join(parts)}; it fills {mask.mean():.0%} of the picture."
    return Drawn(beside(*panels), says)


def explore_neighbours(
    images: Sequence[Pixels],
    landmarks: Sequence[str],
    of_image: NDArray[np.intp],
    places: NDArray,
    on_landmark: NDArray[np.bool_],
    rows: Mapping[str, NDArray[np.float32]],
) -> Explorer:
    """Choose an image and one of its cells; see the nearest cells of other images.

    Slide "Goal"; lab 04, section 5. landmarks: what each image shows. of_image, places,
    on_landmark: the image of each cell (N,), its position (N, 2), and whether it lies on the
    landmark (N,). rows: descriptors (N, D) by the name of their trunk. Raises ValueError if the
    numbers of cells differ.
    """
    given = {"of_image": of_image, "on_landmark": on_landmark, **rows}
    wrong = {name: len(each) for name, each in given.items() if len(each) != len(places)}
    if wrong:
        raise ValueError(
            f"places holds {len(places)} cells, but {wrong}; wanted one row a cell in each"
        )
    names = np.where(on_landmark, np.asarray(landmarks)[of_image], "")
    first = np.searchsorted(of_image, np.arange(len(images)))
    most = int(np.bincount(of_image).max())
    start = np.flatnonzero(on_landmark)[on_landmark.sum() // 2] if on_landmark.any() else 0
    start_image = int(of_image[start])

    def draw(image: int, cell: int) -> Drawn:
        cells = int((of_image == image - 1).sum())
        query = int(first[image - 1]) + min(cell, cells - 1)
        neighbours = {
            name: nearest_elsewhere(each, of_image, np.array([query]), NEAREST)[0]
            for name, each in rows.items()
        }
        return draw_neighbours(images, names, of_image, places, query, neighbours)

    def click(x: float, y: float) -> dict[str, int]:
        cells = places[of_image == explorer.values["image"] - 1]
        return {"cell": int(np.hypot(*(cells - [x, y]).T).argmin())}

    explorer = Explorer(
        draw,
        {
            "image": slider("photo", 1, len(images), start_image + 1),
            "cell": slider("cell, row by row", 0, most - 1, int(start - first[start_image])),
        },
        "A cell of a photo and the cells nearest to it by each trunk, right ones in blue frames; "
        "click the photo or move the sliders",
        click=click,
    )
    return explorer


def draw_neighbours(
    images: Sequence[Pixels],
    landmarks: NDArray[np.str_],
    of_image: NDArray[np.intp],
    places: NDArray,
    query: int,
    neighbours: Mapping[str, NDArray],
) -> Drawn:
    """A cell on its image, and for each trunk the patches of the nearest cells.

    landmarks: the landmark that each cell (N,) lies on, or "". A neighbour is right if both cells
    lie on the same landmark.
    """
    image = images[of_image[query]]
    landmark = str(landmarks[query])
    shown, scale = of_width(image, SHOWN), SHOWN / image.shape[1]
    marks(shown, places[query] * scale, "cross", ORANGE, 16)
    lines, parts = [], []
    for name, cells in neighbours.items():
        right = [landmark != "" and bool(landmarks[cell] == landmark) for cell in cells]
        patches = [
            framed(_patch(images[of_image[cell]], places[cell]), BLUE if hit else ORANGE, not hit)
            for cell, hit in zip(cells, right, strict=True)
        ]
        lines.append(titled(np.hstack(patches), f"{name}: {sum(right)} of {len(right)} right"))
        parts.append(f"{name} {sum(right)}")
    name = landmark.replace("_", " ") or "no landmark"
    says = (
        f"A cell on the {name}. Number of its {NEAREST} nearest cells in other images that lie on "
        f"the same landmark: {', '.join(parts)}."
        if landmark
        else "A cell on no landmark, so none of its nearest cells counts as right."
    )
    panel = titled(shown, name)
    size = (image.shape[1], image.shape[0])
    return Drawn(beside(panel, above(*lines)), says, (0, TITLE), scale, size)


def _patch(image: Pixels, xy: NDArray) -> Pixels:
    """The surroundings of a point, 80 pixels wide, as a small square."""
    cut = cv2.getRectSubPix(image, (2 * PATCH_HALF, 2 * PATCH_HALF), tuple(map(float, xy)))
    return cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
