"""Explorers redraw when a control moves, answer clicks, and say what went wrong."""

import cv2
import numpy as np
import pytest

from delf_lesson.classroom.explorers.explorer import Drawn, Explorer, slider, steps, switch
from delf_lesson.classroom.publish import WIDGET


def decoded(data: bytes):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]


def grey(level: int, **more) -> Drawn:
    return Drawn(np.full((20, 30, 3), level, np.uint8), f"all <{level}>", **more)


def test_a_moved_slider_changes_the_picture_and_what_it_says():
    explorer = Explorer(grey, {"level": slider("grey level", 0, 255, 40)}, "a grey picture")
    assert abs(decoded(explorer.image.value).mean() - 40) < 2
    explorer.controls["level"].value = 200
    assert abs(decoded(explorer.image.value).mean() - 200) < 2
    assert explorer.labels.alt == "all <200>" and explorer.message.value == ""
    assert explorer.controls["level"].description == "grey level"


def test_an_error_is_shown_and_leaves_when_it_is_over():
    explorer = Explorer(lambda divisor: grey(100 // divisor), {"divisor": slider("d", 0, 9, 5)}, "")
    before = explorer.image.value
    explorer.controls["divisor"].value = 0
    assert "ZeroDivisionError" in explorer.message.value and explorer.image.value == before
    assert "Choose another value" in explorer.message.value
    explorer.controls["divisor"].value = 4
    assert "ZeroDivisionError" not in explorer.message.value


def test_markup_in_an_error_is_shown_as_text():
    def draw(value: int):
        raise ValueError("<img src=x> & more")

    explorer = Explorer(draw, {"value": slider("value", 0, 1, 0)}, "nothing")
    assert "&lt;img src=x&gt; &amp; more" in explorer.message.value
    assert "<img" not in explorer.message.value


def test_several_controls_move_together_and_are_drawn_once():
    drawn = []

    def draw(x: int, on: bool, name: str):
        drawn.append((x, on, name))
        return grey(x)

    controls = {
        "x": slider("x", 0, 10, 5),
        "on": switch("on", False),
        "name": steps("name", {"first": "a", "second": "b"}),
    }
    explorer = Explorer(draw, controls, "")
    explorer.set(x=99, on=True, name="b")  # 99 goes to the slider's end
    assert drawn == [(5, False, "a"), (10, True, "b")]
    assert explorer.values == {"x": 10, "on": True, "name": "b"}


def test_a_click_finds_its_pixel_of_the_image():
    """The image is drawn at half its size, 40 pixels to the right and 24 down."""
    asked = []

    def click(x, y):
        asked.append((x, y))
        return {"x": round(x)}

    explorer = Explorer(
        lambda x: grey(x, origin=(40, 24), scale=0.5, size=(200, 100)),
        {"x": slider("x", 0, 150, 5)},
        "",
        click=click,
    )
    explorer._clicked({"dataX": 90, "dataY": 44})
    assert asked == [(100, 40)] and explorer.values == {"x": 100}
    for x, y in ((30, 44), (141, 44), (90, 20), (90, 75)):  # left of it, right, above, below
        explorer._clicked({"dataX": x, "dataY": y})
    assert len(asked) == 1


def test_an_error_of_a_click_is_shown():
    def click(x, y):
        raise RuntimeError("no cell there")

    explorer = Explorer(
        lambda x: grey(x, size=(30, 20)), {"x": slider("x", 0, 9, 5)}, "", click=click
    )
    explorer._clicked({"dataX": 3, "dataY": 3})
    assert "RuntimeError" in explorer.message.value and "no cell there" in explorer.message.value


def test_without_a_kernel_a_picture_and_a_text_stand_in(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "delf_lesson.classroom.explorers.explorer.display",
        lambda data, **more: shown.append((data, more)),
    )
    explorer = Explorer(grey, {"level": slider("level", 0, 255, 40)}, "a grey picture")
    explorer.controls["level"].value = 90
    explorer._ipython_display_()
    (bundle, how), (caption, _) = shown
    assert WIDGET in bundle and bundle["text/plain"] == repr(explorer) == "a grey picture"
    assert how["metadata"]["image/jpeg"]["alt"] == "a grey picture"
    assert len(bundle["image/jpeg"]) > 100
    assert caption["text/markdown"] == "*a grey picture.*"


def test_a_slider_over_values_has_their_names():
    named = steps("scale", {"all": None, "half": 0.5}, 0.5)
    assert named.value == 0.5 and [name for name, _ in named.options] == ["all", "half"]
    assert steps("k", (5, 10)).value == 5
    assert slider("s", 0.5, 6, 2, step=0.1).step == pytest.approx(0.1)
