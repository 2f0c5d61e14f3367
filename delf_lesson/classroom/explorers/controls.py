"""What is moved in an explorer: all of it by mouse and by keys, with a label."""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as widgets

WIDE = {"description_width": "initial"}
BOX = {"width": "auto", "margin": "2px 16px 2px 2px"}
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
    return widgets.Checkbox(value=on, description=label, indent=False, layout=BOX)
