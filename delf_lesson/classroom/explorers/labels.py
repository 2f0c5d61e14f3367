"""Names for what a screen reader finds in an explorer.

ipywidgets gives its pictures no alternative text, and the handles of its sliders no name. This is
the lesson's only JavaScript.
"""

import anywidget
import ipywidgets as widgets
import traitlets

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
