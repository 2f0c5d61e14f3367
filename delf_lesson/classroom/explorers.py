"""Pictures that move: sliders over one drawing, and a curve that grows while something trains.

Introduced in notebooks 03 to 07. What is drawn comes from a pure function; beside each explorer
stands a figure with the same content, for pages without a kernel.
"""

import html
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import ipywidgets as widgets
import numpy as np
from IPython.display import display
from numpy.typing import NDArray

from delf_lesson.classroom.deep_figures import loss_figure, overlay
from delf_lesson.classroom.figures import encode, pixels
from delf_lesson.classroom.result_figures import threshold_figure
from delf_lesson.deep.cells import Dense
from delf_lesson.evaluation.precision_recall import PrecisionRecall
from delf_lesson.features import LocalFeatures
from delf_lesson.images import Pixels

DRAWN_WIDTH = 880  # pixels


class Shown:
    """A widget with a text in its place where there is no kernel."""

    def __init__(self, widget: widgets.Widget, text: str) -> None:
        self.widget = widget
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _ipython_display_(self) -> None:
        # The widget's own text would hold its pictures' bytes.
        display({**self.widget._repr_mimebundle_(), "text/plain": self.text}, raw=True)


class Explorer(Shown):
    """Sliders over one picture: `draw(**values)` gives an image (H, W, 3), shown at once.

    sliders: by the names of draw's arguments, each `(label, lowest, highest, first)`, integers.
    An error of draw is shown below the picture.
    """

    def __init__(
        self,
        draw: Callable[..., Pixels],
        sliders: Mapping[str, tuple[str, int, int, int]],
        text: str,
    ) -> None:
        self.draw = draw
        self.sliders = {
            name: widgets.IntSlider(
                value=first,
                min=lowest,
                max=highest,
                description=label,
                style={"description_width": "initial"},
                layout={"width": "420px"},
            )
            for name, (label, lowest, highest, first) in sliders.items()
        }
        self.picture = widgets.Image(format="jpeg", layout={"max_width": "100%"})
        self.message = widgets.HTML()
        for slider in self.sliders.values():
            slider.observe(self._redraw, "value")
        self._redraw()
        super().__init__(widgets.VBox([*self.sliders.values(), self.picture, self.message]), text)

    def _redraw(self, _: Any = None) -> None:
        values = {name: slider.value for name, slider in self.sliders.items()}
        try:
            self.picture.value = _jpeg(self.draw(**values))
            self.message.value = ""
        except Exception as error:  # whatever it is, the student has to see it
            self.message.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"


def _jpeg(image: Pixels) -> bytes:
    done, data = cv2.imencode(
        ".jpg", np.ascontiguousarray(image[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88]
    )
    if not done:
        raise ValueError(f"the drawing of shape {image.shape} could not be encoded")
    return data.tobytes()


def explore_similarity(first: Pixels, grid: Dense, second: Pixels, other: Dense) -> Explorer:
    """Choose a cell of the first image, and see where in both images its descriptor lives.

    grid, other: what `Delf.dense` gives of the first and of the second image.
    """

    def draw(row: int, column: int) -> Pixels:
        return draw_similarity(first, grid, second, other, row, column)

    return Explorer(
        draw,
        {
            "row": ("row of the cell", 0, grid.rows - 1, grid.rows // 2),
            "column": ("column of the cell", 0, grid.columns - 1, grid.columns // 2),
        },
        "Sliders for the row and the column of a cell, and maps of where its descriptor lives",
    )


def draw_similarity(
    first: Pixels, grid: Dense, second: Pixels, other: Dense, row: int, column: int
) -> Pixels:
    """Both images side by side under their cosine similarity to one cell, which has a cross."""
    cell = grid.cell(row, column)
    asked = grid.features.descriptors[cell]
    here = overlay(first, grid.similarity(asked), 0, 1, grid.spacing)
    there = overlay(second, other.similarity(asked), 0, 1, other.spacing)
    x, y = (round(float(v)) for v in grid.features.xy[cell])
    for colour, width in (((255, 255, 255), 5), ((0, 0, 0), 2)):
        cv2.drawMarker(here, (x, y), colour, cv2.MARKER_CROSS, 18, width)
    height = min(here.shape[0], there.shape[0])
    gap = np.full((height, 8, 3), 255, np.uint8)
    parts = [_of_height(here, height), gap, _of_height(there, height)]
    return _of_width(np.hstack(parts), DRAWN_WIDTH)


def explore_top(
    image: Pixels, features: LocalFeatures, on: NDArray[np.bool_], name: str, first: int = 100
) -> Explorer:
    """Choose how many keypoints are kept, best score first, and see where they lie.

    on: which of the features lie on the landmark. Raises ValueError if there are none.
    """
    if len(features) == 0:
        raise ValueError("features holds no keypoints; wanted one or more to choose from")

    def draw(count: int) -> Pixels:
        return draw_top(image, features, on, count)

    most = len(features)
    return Explorer(
        draw,
        {"count": (f"keypoints kept by {name}", 1, most, min(first, most))},
        f"A slider for the number of keypoints kept by {name}, drawn over the picture",
    )


def draw_top(image: Pixels, features: LocalFeatures, on: NDArray[np.bool_], count: int) -> Pixels:
    """The best-scored keypoints over their image: blue circles on the landmark, orange crosses off.

    The share on the landmark is written on top.
    """
    enlarged = _of_width(image, 720)
    scale = enlarged.shape[1] / image.shape[1]
    best = np.argsort(-features.scores, kind="stable")[:count]
    blue, orange = (0, 114, 178), (230, 159, 0)
    for (x, y), right in zip(features.xy[best] * scale, on[best], strict=True):
        at = (round(float(x)), round(float(y)))
        if right:
            cv2.circle(enlarged, at, 5, (255, 255, 255), 3, cv2.LINE_AA)
            cv2.circle(enlarged, at, 5, blue, 2, cv2.LINE_AA)
        else:
            cv2.drawMarker(enlarged, at, (255, 255, 255), cv2.MARKER_TILTED_CROSS, 9, 4)
            cv2.drawMarker(enlarged, at, orange, cv2.MARKER_TILTED_CROSS, 9, 2)
    banner = np.full((34, enlarged.shape[1], 3), 255, np.uint8)
    text = f"{count} kept, {on[best].mean():.0%} of them on the landmark"
    cv2.putText(banner, text, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([banner, enlarged])


def _of_height(image: Pixels, height: int) -> Pixels:
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _of_width(image: Pixels, width: int) -> Pixels:
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def explore_threshold(curves: Mapping[str, PrecisionRecall], most: int, first: int) -> Explorer:
    """Choose from how many inliers on results are returned, and see precision and recall move.

    curves: see `result_figures.threshold_figure`; most: the slider's end.
    """

    def draw(threshold: int) -> Pixels:
        return pixels(threshold_figure(curves, threshold))

    return Explorer(
        draw,
        {"threshold": ("inliers from which on a result is returned", 0, most, first)},
        "A slider for the threshold, and marks that move along the precision-recall curves",
    )


class LiveLoss(Shown):
    """The loss of a training that goes on, redrawn after every epoch."""

    def __init__(self, epochs: int, chance: float, name: str = "training") -> None:
        self.epochs, self.chance, self.name = epochs, chance, name
        self.losses: list[float] = []
        self.picture = widgets.Image(format="png", layout={"max_width": "100%"})
        self._redraw()
        super().__init__(
            widgets.VBox([self.picture]), "The loss after every epoch, drawn while it trains"
        )

    def add(self, loss: float) -> None:
        """One more epoch."""
        self.losses.append(loss)
        self._redraw()

    def _redraw(self) -> None:
        figure = loss_figure({self.name: self.losses}, self.chance, self.epochs)
        self.picture.value = encode(figure, "image/png")
