"""Work that takes a while: done beside the notebook, with a bar, the time left, and a way to stop
(notebooks 06 and 07)."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ipywidgets as widgets

from delf_lesson.classroom.explorers.explorer import Shown, shown_error


class Stopped(Exception):
    """Somebody pressed Stop."""


class Bar(Shown):
    """A progress bar that says how much time is left; call it as `report.Progress` is called."""

    def __init__(self, text: str = "A progress bar with the time that is left") -> None:
        self.bar = widgets.IntProgress(layout={"width": "420px", "max_width": "100%"})
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


class Job:
    """A button that begins some work in a thread of its own, one that stops it, and a bar.

    work: does it, step by step through the bar it is given, and returns HTML to show. What goes
    wrong is shown as well. `thread` is where it goes on; `widget` shows all of it.
    """

    def __init__(self, label: str, tooltip: str, work: Callable[[Bar], str]) -> None:
        self.work, self.bar, self.result = work, Bar(), widgets.HTML()
        self.start = widgets.Button(
            description=label, tooltip=tooltip, layout={"width": "auto"}, button_style="primary"
        )
        self.stop = widgets.Button(description="Stop", disabled=True)
        self.thread: threading.Thread | None = None
        self.start.on_click(lambda _: self.begin())
        self.stop.on_click(lambda _: setattr(self.bar, "stopped", True))
        buttons = widgets.HBox([self.start, self.stop, self.bar.widget])
        self.widget = widgets.VBox([buttons, self.result])

    def begin(self) -> None:
        """Begin the work; what was chosen until now counts."""
        self.bar.stopped, self.result.value = False, ""
        self.start.disabled, self.stop.disabled = True, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result.value = f'<div role="status">{self.work(self.bar)}</div>'
        except Stopped:
            self.result.value = "Stopped. What was described until now is kept."
        except Exception as error:  # whatever it is, the student has to see it
            self.result.value = shown_error(error)
        finally:
            self.start.disabled, self.stop.disabled = False, True


def duration(seconds: float) -> str:
    """A rough time in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} minutes"
