"""Explorers: sliders, switches and clicks over one image, with names for screen readers.

ipywidgets gives its images no alternative text and the handles of its sliders no names. The
JavaScript here adds both; it is the only JavaScript of the lesson.
"""

import base64
import html
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import cv2
import ipyevents
import ipywidgets as widgets
import traitlets
from IPython.display import display

from delf_lesson.images import Pixels

BOX = "delf-explorer"

_NAME_ALL = """
function nameAll(model, box) {
  const sliders = [...box.querySelectorAll(".widget-slider")];
  const handles = sliders.map((slider) => slider.querySelector(".noUi-handle"));
  sliders.forEach((slider, k) => {
    handles[k]?.setAttribute("aria-label", slider.querySelector(".widget-label").textContent);
  });
  const picture = box.querySelector("img");
  picture?.setAttribute("alt", model.get("alt"));
  return handles.every(Boolean) && (picture || !model.get("alt"));
}

export default {
  render({ model, el }) {
    const box = () => el.closest(".delf-explorer");
    const says = document.createElement("div");
    says.setAttribute("role", "status");
    says.hidden = !model.get("shown");
    el.append(says);
    const say = () => {
      says.textContent = model.get("alt");
      if (box()) { nameAll(model, box()); }
    };
    say();
    // The other widgets of the box are drawn at the same time, in no known order.
    const timer = setInterval(() => box() && nameAll(model, box()) && clearInterval(timer), 50);
    model.on("change:alt", say);
    return () => { clearInterval(timer); model.off("change:alt", say); };
  },
};
"""


class Labels(anywidget.AnyWidget):
    """What an explorer shows, in words: `alt` stands below and is the image's alternative text.

    It also names the sliders of its box after their labels. shown: whether the words are visible.
    """

    _esm = _NAME_ALL
    alt = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bool(True).tag(sync=True)


def labelled_box(rows: list[widgets.Widget], labels: Labels) -> widgets.VBox:
    """Widgets in a column, with names for their sliders and image, and the words below."""
    box = widgets.VBox([*rows, labels])
    box.add_class(BOX)
    return box


WIDE = {"description_width": "initial"}
BOX_LAYOUT = {"width": "auto", "margin": "2px 16px 2px 2px"}
SLIDER = {"width": "420px", "max_width": "100%", "margin": "2px 16px 2px 2px"}


def slider(
    label: str, lowest: float, highest: float, first: float, step: float | None = None
) -> widgets.Widget:
    """A slider with a label: over whole numbers, or over other numbers if a step is given."""
    kind = widgets.IntSlider if step is None else widgets.FloatSlider
    steps = {} if step is None else {"step": step, "readout_format": ".3g"}
    return kind(
        value=first,
        min=lowest,
        max=highest,
        description=label,
        style=WIDE,
        layout=SLIDER,
        **steps,
    )


def steps(
    label: str, options: Sequence[Any] | Mapping[str, Any], first: Any = None
) -> widgets.SelectionSlider:
    """A slider over given values, none of them None, with a label; a mapping names the values.

    A drop-down list cannot replace it: JupyterLab takes the arrow keys that would move it.
    """
    named = options if isinstance(options, Mapping) else {str(value): value for value in options}
    return widgets.SelectionSlider(
        options=list(named.items()),
        index=0 if first is None else list(named.values()).index(first),
        description=label,
        style=WIDE,
        layout=SLIDER,
    )


def switch(label: str, on: bool) -> widgets.Checkbox:
    """A box to tick."""
    return widgets.Checkbox(value=on, description=label, indent=False, layout=BOX_LAYOUT)


Values = Mapping[str, Any]


class Shown:
    """A widget; without a kernel the page shows a text and perhaps an image in its place.

    text: describes the widget, as a caption below. twin: the bytes of a JPEG.
    """

    def __init__(self, widget: widgets.Widget, text: str, twin: bytes | None = None) -> None:
        self.widget = widget
        self.text = text
        self.twin = twin

    def __repr__(self) -> str:
        return self.text

    def _ipython_display_(self) -> None:
        # The default text of a widget would hold the bytes of its images.
        shown = {**self.widget._repr_mimebundle_(), "text/plain": self.text}
        if self.twin is None:
            display(shown, raw=True)
            return
        shown["image/jpeg"] = base64.b64encode(self.twin).decode("ascii")
        display(shown, metadata={"image/jpeg": {"alt": self.text}}, raw=True)
        display({"text/markdown": f"*{self.text}.*", "text/plain": self.text}, raw=True)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What an explorer shows.

    image: the drawing. says: one or two sentences on what it shows. origin, scale, size: pixel
    `(x, y)` of the clickable image of `(width, height)` is drawn at origin + scale * (x, y);
    without a size nothing can be clicked.
    """

    image: Pixels
    says: str
    origin: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    size: tuple[int, int] | None = None

    def place(self, x: float, y: float) -> tuple[float, float] | None:
        """The pixel of the clickable image at pixel `(x, y)` of the drawing; None outside it."""
        if self.size is None:
            return None
        at = (x - self.origin[0]) / self.scale, (y - self.origin[1]) / self.scale
        inside = all(-0.5 <= v <= side - 0.5 for v, side in zip(at, self.size, strict=True))
        return at if inside else None


class Explorer(Shown):
    """Controls over one image, which is redrawn when a control changes.

    draw: takes the controls' values by their names. controls: widgets with a `value`. text:
    describes the explorer. click: returns the values for a click on `(x, y)` of the image. They
    are set together and drawn once; a value outside a slider's range moves it to its end.

    The words of draw stand below the image and are its alternative text. An error of draw or of
    click is shown there too, and the image stays. While an image is drawn the browser keeps only
    the last position of a moving slider.
    """

    def __init__(
        self,
        draw: Callable[..., Drawn],
        controls: Mapping[str, widgets.Widget],
        text: str,
        click: Callable[[float, float], Values] | None = None,
    ) -> None:
        self.draw, self.controls, self.click = draw, dict(controls), click
        self.image = new_image()
        self.message = widgets.HTML()
        self.labels = Labels()
        self.drawn: Drawn | None = None
        self._redraw_paused = False
        for control in self.controls.values():
            control.observe(self._redraw, "value")
        self._redraw()
        controls_row = widgets.HBox([*self.controls.values()], layout={"flex_flow": "row wrap"})
        box = labelled_box([controls_row, self.image, self.message], self.labels)
        super().__init__(box, text, self.image.value)
        if click is not None:
            self.mouse = ipyevents.Event(source=self.image, watched_events=["click"])
            self.mouse.on_dom_event(self._clicked)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the controls."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values: Any) -> None:
        """Move several controls at once."""
        self._redraw_paused = True
        try:
            for name, value in values.items():
                control = self.controls[name]
                if hasattr(control, "min"):
                    value = min(max(value, control.min), control.max)
                control.value = value
        finally:
            self._redraw_paused = False
        self._redraw()

    def _clicked(self, event: Mapping[str, Any]) -> None:
        assert self.click is not None
        at = self.drawn and self.drawn.place(event["dataX"], event["dataY"])
        if not at:
            return
        try:
            values = self.click(*at)
        except Exception as error:
            self.message.value = shown_error(error)
        else:
            self.set(**values)

    def _redraw(self, _: Any = None) -> None:
        if self._redraw_paused:
            return
        try:
            self.drawn = self.draw(**self.values)
            self.image.value = jpeg(self.drawn.image)
        except Exception as error:  # the student has to see every error
            self.message.value = shown_error(error)
        else:
            self.labels.alt, self.message.value = self.drawn.says, ""


LAST_IMAGE = (
    "The picture above is the last that could be drawn. Choose another value; if that does not "
    "help, run the cell again."
)


def shown_error(error: Exception, remedy: str = LAST_IMAGE) -> str:
    """An error as HTML: its class and text, what to do, and the traceback."""
    where = html.escape("".join(traceback.format_exception(error)))
    return (
        f'<div role="alert"><b>{type(error).__name__}</b>: {html.escape(str(error))}<br>'
        f"{remedy}<details><summary>Where it happened</summary>"
        f"<pre>{where}</pre></details></div>"
    )


def jpeg(image: Pixels) -> bytes:
    """The bytes of a JPEG file with full colour resolution, for thin coloured lines."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 82, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"the drawing of shape {image.shape} could not be encoded")
    return data.tobytes()


def new_image() -> widgets.Image:
    """An image in its natural size, or as wide as the page if that is less."""
    layout = {"max_width": "100%", "align_self": "flex-start", "object_fit": "contain"}
    return widgets.Image(format="jpeg", layout=layout)
