"""Explorers: sliders, switches and clicks over one picture, with names for screen readers.

ipywidgets gives its pictures no alternative text and the handles of its sliders no name. The
JavaScript that adds them is the lesson's only one.
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
    """What an explorer shows, in words: `alt` stands below and is its picture's alternative text.

    It also gives the sliders of its box their labels' names. shown: whether the words are seen.
    """

    _esm = _NAME_ALL
    alt = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bool(True).tag(sync=True)


def labelled_box(rows: list[widgets.Widget], labels: Labels) -> widgets.VBox:
    """Widgets one below another, whose sliders and picture have names, and the words below."""
    box = widgets.VBox([*rows, labels])
    box.add_class(BOX)
    return box


WIDE = {"description_width": "initial"}
BOX_LAYOUT = {"width": "auto", "margin": "2px 16px 2px 2px"}
SLIDER = {"width": "420px", "max_width": "100%", "margin": "2px 16px 2px 2px"}


def slider(
    label: str, lowest: float, highest: float, first: float, step: float | None = None
) -> widgets.Widget:
    """A slider with a label: of whole numbers, or of others if a step is given."""
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
    """A slider over given values alone, none of them None, with a label; a mapping names them.

    Rather than a drop-down list: JupyterLab takes the arrow keys that would open and move one.
    """
    named = options if isinstance(options, Mapping) else {str(one): one for one in options}
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
    """A widget, with a text and perhaps a picture in its place where there is no kernel.

    text: says what it is, as a caption below. twin: the bytes of a JPEG.
    """

    def __init__(self, widget: widgets.Widget, text: str, twin: bytes | None = None) -> None:
        self.widget = widget
        self.text = text
        self.twin = twin

    def __repr__(self) -> str:
        return self.text

    def _ipython_display_(self) -> None:
        # The widget's own text would hold its pictures' bytes.
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

    image: the picture. says: one or two sentences on what is to be seen in it. origin, scale,
    size: the part that can be clicked shows pixel `(x, y)` of an image of `(width, height)` at
    origin + scale * (x, y); without a size nothing can.
    """

    image: Pixels
    says: str
    origin: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    size: tuple[int, int] | None = None

    def place(self, x: float, y: float) -> tuple[float, float] | None:
        """The pixel of the image that pixel `(x, y)` of the picture shows; None outside it."""
        if self.size is None:
            return None
        at = (x - self.origin[0]) / self.scale, (y - self.origin[1]) / self.scale
        inside = all(-0.5 <= v <= side - 0.5 for v, side in zip(at, self.size, strict=True))
        return at if inside else None


class Explorer(Shown):
    """Controls over one picture, which is drawn anew when one of them changes.

    draw: takes the controls' values by their names. controls: widgets with a `value`. text: what
    the explorer is. click: the values that a click on `(x, y)` of the image asks for; they are
    set together and drawn once, and values out of a slider's range go to its end.

    What draw says stands below the picture, and is its alternative text. So does an error, of
    draw or of click, and the picture stays as it was. While a picture is drawn the browser keeps
    only the last place of a moving slider.
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
        self._held = False
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
        """Where the controls stand."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values: Any) -> None:
        """Move several controls at once."""
        self._held = True
        try:
            for name, value in values.items():
                control = self.controls[name]
                if hasattr(control, "min"):
                    value = min(max(value, control.min), control.max)
                control.value = value
        finally:
            self._held = False
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
        if self._held:
            return
        try:
            self.drawn = self.draw(**self.values)
            self.image.value = jpeg(self.drawn.image)
        except Exception as error:  # whatever it is, the student has to see it
            self.message.value = shown_error(error)
        else:
            self.labels.alt, self.message.value = self.drawn.says, ""


LAST_PICTURE = (
    "The picture above is the last that could be drawn. Choose another value; if that does not "
    "help, run the cell again."
)


def shown_error(error: Exception, remedy: str = LAST_PICTURE) -> str:
    """An error as HTML: its kind and text, what to do, and where it came from."""
    where = html.escape("".join(traceback.format_exception(error)))
    return (
        f'<div role="alert"><b>{type(error).__name__}</b>: {html.escape(str(error))}<br>'
        f"{remedy}<details><summary>Where it happened</summary>"
        f"<pre>{where}</pre></details></div>"
    )


def jpeg(image: Pixels) -> bytes:
    """The bytes of a JPEG file, with colours as fine as the light, for thin coloured lines."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 82, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"the drawing of shape {image.shape} could not be encoded")
    return data.tobytes()


def new_image() -> widgets.Image:
    """A picture of its own size, or as wide as the page where that is less."""
    layout = {"max_width": "100%", "align_self": "flex-start", "object_fit": "contain"}
    return widgets.Image(format="jpeg", layout=layout)
