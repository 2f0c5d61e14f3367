"""Measure one row of the results again, chosen from drop-downs, while the lesson goes on
(notebook 07)."""

import html
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from delf_lesson.classroom.explorers import Shown
from delf_lesson.evaluation.systems import find_system
from delf_lesson.evaluation.table_cell import estimated_seconds, measure_cell
from delf_lesson.retrieval.cache import FeatureCache

Cells = Mapping[str, Mapping[str, Mapping[str, Any]]]


class Stopped(Exception):
    """Somebody pressed Stop."""


class Bar(Shown):
    """A progress bar that says how much time is left; call it as `report.Progress` is called."""

    def __init__(self, text: str = "A progress bar with the time that is left") -> None:
        self.bar = widgets.IntProgress(layout={"width": "420px"})
        self.label = widgets.Label()
        self.stopped = False
        super().__init__(widgets.VBox([self.bar, self.label]), text)

    def __call__(self, steps: Sequence[Any], label: str) -> Iterable[Any]:
        """The steps one by one. Raises `Stopped` between two of them when `stopped` is set."""
        self.bar.max, started = len(steps), time.monotonic()
        for done, step in enumerate(steps):
            if self.stopped:
                raise Stopped
            self._say(label, done, len(steps), time.monotonic() - started)
            yield step
        self._say(label, len(steps), len(steps), 0)

    def _say(self, label: str, done: int, count: int, spent: float) -> None:
        left = f", {duration(spent / done * (count - done))} left" if 0 < done < count else ""
        self.bar.value = done
        self.label.value = f"{label}: {done} of {count}{left}"


class LiveRow(Shown):
    """Choose a system and a set, see what the table says and how long it takes, and measure it.

    cells: of the table. It measures beside the kernel's other work and can be stopped; features
    are kept, so what was described once is not described again.
    """

    def __init__(self, cells: Cells, system: str, column: str) -> None:
        self.cells = cells
        self.system = _dropdown("system", list(cells), system)
        self.column = _dropdown("set", [], None)
        self.start = widgets.Button(description="Measure", tooltip="Measure this row now")
        self.stop = widgets.Button(description="Stop", disabled=True)
        self.message, self.result, self.bar = widgets.HTML(), widgets.HTML(), Bar()
        self.thread: threading.Thread | None = None
        self.system.observe(self._offer, "value")
        self.column.observe(self._describe, "value")
        self.start.on_click(lambda _: self.measure())
        self.stop.on_click(lambda _: setattr(self.bar, "stopped", True))
        self._offer()
        self.column.value = column
        rows = [
            widgets.HBox([self.system, self.column]),
            self.message,
            widgets.HBox([self.start, self.stop]),
            self.bar.widget,
            self.result,
        ]
        super().__init__(widgets.VBox(rows), "Drop-downs for a system and a set, and a button")

    def measure(self) -> None:
        """Begin; `thread` is where it goes on."""
        self.bar.stopped, self.result.value = False, ""
        self.start.disabled, self.stop.disabled = True, False
        self.thread = threading.Thread(
            target=self._measure, args=(self.system.value, self.column.value), daemon=True
        )
        self.thread.start()

    def _measure(self, system: str, column: str) -> None:
        before = self.cells[system][column]
        try:
            now = measure_cell(find_system(system), column, FeatureCache.default(), self.bar)
            self.result.value = (
                f"{system} on {column}: mAP <b>{now['map']:.3f}</b> now, "
                f"{before['map']:.3f} in the table"
            )
        except Stopped:
            self.result.value = "Stopped. What was described until now is kept."
        except Exception as error:  # whatever it is, the student has to see it
            self.result.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"
        finally:
            self.start.disabled, self.stop.disabled = False, True

    def _offer(self, _: Any = None) -> None:
        self.column.options = list(self.cells[self.system.value])
        self._describe()

    def _describe(self, _: Any = None) -> None:
        if self.column.value is None:  # between two sets of options
            return
        cell = self.cells[self.system.value][self.column.value]
        kept, anew = estimated_seconds(cell)
        self.message.value = (
            f"In the table: mAP {cell['map']:.3f}, over {cell['queries']} queries among "
            f"{cell['images']} pictures. Measuring it again takes about {duration(anew)}, "
            f"or {duration(kept)} where all features are kept from before."
        )


def _dropdown(label: str, options: list[str], value: str | None) -> widgets.Dropdown:
    style = {"description_width": "initial"}
    return widgets.Dropdown(options=options, value=value, description=label, style=style)


def duration(seconds: float) -> str:
    """A rough time in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} minutes"
