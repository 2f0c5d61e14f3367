"""Where the cells of a grid really look (notebook 03)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.deep.delf import Delf
from delf_lesson.images import Pixels


def leaning(
    extractor: Delf,
    images: Sequence[Pixels],
    side: int = 32,
    tries: int = 6,
    margin: int = 130,
    seed: int = 0,
) -> NDArray[np.float64]:
    """How far beside its keypoint a cell looks, `(x, y)` in pixels, on average.

    A square of an image is exchanged for one of another image. The cells that notice, each
    weighted by how much its descriptor changed, should lie around the square; what looks to the
    right of its keypoint notices things that are to the right of it. Returns the mean over
    `tries` squares of `side` pixels in each image, all `margin` pixels from its edges or more, so
    that the cells that can see one lie inside: over half the receptive field.

    Raises ValueError for fewer than two images, or smaller ones than that takes.
    """
    least = 2 * margin + side + 1
    if len(images) < 2 or min(min(image.shape[:2]) for image in images) < least:
        raise ValueError(f"images: wanted two or more of {least} pixels a side or more")
    drawn = np.random.default_rng(seed)
    found = []
    for number, image in enumerate(images):
        other = images[number - 1]
        before = extractor.dense(image).features
        height, width = image.shape[:2]
        for _ in range(tries):
            x, y = (int(drawn.integers(margin, end - margin - side)) for end in (width, height))
            u, v = (int(drawn.integers(end - side)) for end in other.shape[1::-1])
            changed = image.copy()
            changed[y : y + side, x : x + side] = other[v : v + side, u : u + side]
            after = extractor.dense(changed).features
            noticed = np.square(after.descriptors - before.descriptors).sum(axis=1)
            middle = np.array([x, y]) + (side - 1) / 2
            if noticed.sum() > 0:  # squares may be alike
                found.append(middle - noticed @ before.xy / noticed.sum())
    return np.mean(found, axis=0)
