"""Keep more keypoints or fewer, and see how many are on the landmark (notebook 05)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.explorers.controls import slider, steps
from delf_lesson.classroom.explorers.drawing import (
    BLUE,
    GAP,
    ORANGE,
    WIDTH,
    beside,
    marks,
    of_width,
    titled,
)
from delf_lesson.classroom.explorers.explorer import Drawn, Explorer
from delf_lesson.evaluation.selection import on_mask
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels

HALF = (WIDTH - GAP) // 2


def explore_selection(
    image: Pixels, mask: NDArray[np.bool_], ways: Mapping[str, LocalFeatures], rival: str
) -> Explorer:
    """Choose by what keypoints are kept, how many, from which score on and of which scale.

    Slides "Training for Keypoint Selection" and "Comparison with classical local descriptor".
    mask: which pixels (H, W) are the landmark. ways: the features of each way to choose, best
    first; rival: the name of the one that stands beside all others. Raises ValueError if a way
    has no keypoints.
    """
    for name, own in ways.items():
        if not len(own):
            raise ValueError(
                f"ways has no keypoints by {name!r}; wanted one or more to choose from"
            )
    others = [name for name in ways if name != rival]
    scales = sorted({float(s) for name in others for s in np.round(ways[name].scales, 3)})
    named = {"all": 0.0, **{f"{scale:.2g}": scale for scale in scales}}

    def draw(way: str, count: int, least: int, scale: float) -> Drawn:
        chosen = chosen_rows(ways[way], count, least / 100, scale or None)
        beside_it = chosen_rows(ways[rival], max(1, len(chosen)), 0, None)
        kept = {way: ways[way].select(chosen), rival: ways[rival].select(beside_it)}
        return draw_selection(image, mask, kept)

    return Explorer(
        draw,
        {
            "way": steps("choose by", others),
            "count": slider("keep at most", 1, max(len(ways[name]) for name in others), 100),
            "least": slider("least score, percent of the best", 0, 100, 0),
            "scale": steps("of the pyramid's scale", named),
        },
        f"The keypoints that are kept, beside as many by {rival}: blue circles on the landmark, "
        "orange crosses off it; choose how many by the sliders",
    )


def chosen_rows(
    features: LocalFeatures, count: int, least: float, scale: float | None
) -> NDArray[np.intp]:
    """The best so many of one scale, or of all, whose score is that share of the best one's."""
    fit = features.scores >= least * features.scores.max()
    if scale is not None:
        fit &= np.abs(features.scales - scale) < 1e-3
    rows = np.flatnonzero(fit)
    return rows[np.argsort(-features.scores[rows], kind="stable")[:count]]


def draw_selection(
    image: Pixels, mask: NDArray[np.bool_], kept: Mapping[str, LocalFeatures]
) -> Drawn:
    """The keypoints each way keeps: blue circles on the landmark, orange crosses off it."""
    panels, parts = [], []
    scale = HALF / image.shape[1]
    for name, own in kept.items():
        on, shown = on_mask(own, mask), of_width(image, HALF)
        marks(shown, own.xy[~on] * scale, "tilted cross", ORANGE, 7)
        marks(shown, own.xy[on] * scale, "ring", BLUE, 8)
        share = f"{on.mean():.0%}" if len(own) else "none"
        panels.append(titled(shown, f"{name}: {len(own)} kept, {share} on the landmark"))
        parts.append(f"of {len(own)} by {name} {share}")
    says = f"On the landmark lie, {' and '.join(parts)}; it fills {mask.mean():.0%} of the picture."
    return Drawn(beside(*panels), says)
