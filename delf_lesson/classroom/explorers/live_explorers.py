"""Work that takes a while, beside the notebook: a job with a progress bar, a live training."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import ipywidgets as widgets
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from delf_lesson.classroom.explorers.drawing import (
    GAP,
    WIDTH,
    beside,
    of_height,
    of_width,
    titled,
)
from delf_lesson.classroom.explorers.explorer import (
    Labels,
    Shown,
    jpeg,
    labelled_box,
    new_image,
    shown_error,
)
from delf_lesson.classroom.figures.deep_figures import loss_figure, overlay
from delf_lesson.classroom.figures.notebook_figure import pixels
from delf_lesson.deep.delf import Delf
from delf_lesson.images import Pixels
from delf_lesson.training.delf_training import AttentionClassifier


class JobStopped(Exception):
    """Somebody pressed the button Stop."""


class Bar(Shown):
    """A progress bar that says how much time is left; a `Progress`."""

    def __init__(self, text: str = "A progress bar with the time that is left") -> None:
        self.bar = widgets.IntProgress(layout={"width": "420px", "max_width": "100%"})
        self.label = widgets.Label()
        self.stopped = False
        super().__init__(widgets.VBox([self.bar, self.label]), text)

    def __call__(self, steps: Iterable[Any], label: str, count: int | None = None) -> Iterable[Any]:
        """The steps one by one. Raises `JobStopped` between two of them when `stopped` is set."""
        steps, started = list(steps), time.monotonic()
        self.bar.max = len(steps)
        for done, step in enumerate(steps):
            if self.stopped:
                raise JobStopped
            self._say(label, done, len(steps), time.monotonic() - started)
            yield step
        self._say(label, len(steps), len(steps), 0)

    def _say(self, label: str, done: int, count: int, spent: float) -> None:
        left = f", {duration(spent / done * (count - done))} left" if 0 < done < count else ""
        self.bar.value = done
        self.label.value = f"{label}: {done} of {count}{left}"


class Job:
    """A button that starts work in a thread, a button that stops it, and a progress bar.

    work: does the work, steps through the bar it is given, and returns HTML to show. Errors are
    shown as well. `thread` runs the work; `widget` shows everything.
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
        """Begin the work with the values chosen until now."""
        self.bar.stopped, self.result.value = False, ""
        self.start.disabled, self.stop.disabled = True, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result.value = f'<div role="status">{self.work(self.bar)}</div>'
        except JobStopped:
            self.result.value = "Stopped. What was described until now is kept."
        except Exception as error:  # the student has to see every error
            self.result.value = shown_error(error)
        finally:
            self.start.disabled, self.stop.disabled = False, True


def duration(seconds: float) -> str:
    """A rounded time in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} minutes"


class LiveLoss(Shown):
    """The loss of a running training, redrawn after every epoch.

    A page without a kernel shows only its text: the cell draws the finished curve below.
    """

    def __init__(self, epochs: int, chance: float, name: str = "training") -> None:
        self.epochs, self.chance, self.name = epochs, chance, name
        self.losses: list[float] = []
        self.image = new_image()
        self.labels = Labels()
        self._redraw()
        text = "While it trains, the loss after every epoch is drawn here"
        super().__init__(labelled_box([self.image], self.labels), text)

    def add(self, loss: float) -> None:
        """Add the loss of one more epoch."""
        self.losses.append(loss)
        self._redraw()

    def _redraw(self) -> None:
        figure = loss_figure({self.name: self.losses}, self.chance, self.epochs)
        self.image.value = jpeg(pixels(figure))
        self.labels.alt = f"The loss after {len(self.losses)} of {self.epochs} epochs"


class Training(Shown):
    """Start, pause and resume a training; see its loss and what it has learned.

    begin: restarts the training and yields the loss after every step. steps: how many it takes.
    draw_learned: draws the current state, beside the loss. still: the image that a page without a
    kernel shows, by default the state before the first step. The training runs in a thread, so that
    the notebook can be used meanwhile; between two steps it checks whether to pause.
    """

    def __init__(
        self,
        begin: Callable[[], Iterator[float]],
        steps: int,
        chance: float,
        draw_learned: Callable[[], Pixels],
        text: str,
        still: Pixels | None = None,
    ) -> None:
        self.begin, self.steps, self.chance = begin, steps, chance
        self.draw_learned = draw_learned
        self.losses: list[float] = []
        self.training: Iterator[float] | None = None
        self.thread: threading.Thread | None = None
        self.running = threading.Event()
        self.start = widgets.Button(description="Start", tooltip="Train, or go on training")
        self.pause = widgets.Button(description="Pause", disabled=True)
        self.restart = widgets.Button(description="From the beginning", disabled=True)
        self.bar = widgets.IntProgress(max=steps, description="steps", layout={"width": "320px"})
        self.image = new_image()
        self.message, self.labels = widgets.HTML(), Labels()
        self.start.on_click(lambda _: self.go())
        self.pause.on_click(lambda _: self.running.clear())
        self.restart.on_click(lambda _: self.reset())
        self._draw()
        buttons = widgets.HBox(
            [self.start, self.pause, self.restart, self.bar], layout={"flex_flow": "row wrap"}
        )
        box = labelled_box([buttons, self.image, self.message], self.labels)
        super().__init__(box, text, self.image.value if still is None else jpeg(still))

    def go(self) -> None:
        """Train in the background until the last step or a pause; `thread` runs the training."""
        if self.thread is not None and self.thread.is_alive():
            return
        self.running.set()
        self._set_buttons(training=True)
        self.thread = threading.Thread(target=self._train, daemon=True)
        self.thread.start()

    def reset(self) -> None:
        """Forget what was learned."""
        self.training, self.losses = None, []
        self._draw()
        self._set_buttons(training=False)

    def _train(self) -> None:
        try:
            if self.training is None:
                self.training, self.losses = self.begin(), []
            while self.running.is_set() and len(self.losses) < self.steps:
                self.losses.append(next(self.training))
                self._draw()
        except Exception as error:  # the student has to see every error
            self.message.value = shown_error(error)
        finally:
            self._set_buttons(training=False)

    def _set_buttons(self, training: bool) -> None:
        done = len(self.losses) >= self.steps
        self.start.disabled, self.pause.disabled = training or done, not training
        self.restart.disabled = training or not self.losses

    def _draw(self) -> None:
        figure = loss_figure({"training": self.losses}, self.chance, self.steps, step="mini-batch")
        loss = pixels(figure)
        learned = self.draw_learned()
        self.image.value = jpeg(beside(of_height(loss, 250), of_height(learned, 250)))
        self.bar.value = len(self.losses)
        says = f"{len(self.losses)} of {self.steps} steps"
        if self.losses:
            says += f": the loss is {self.losses[-1]:.2f}, guessing has {self.chance:.2f}"
        self.labels.alt, self.message.value = says, ""


STILLS = (2, 6, 12)
"""Steps of a training whose state a page without a kernel shows."""


def explore_attention_training(
    delf: Delf, features: Tensor, labels: Tensor, image: Pixels, steps: int = 40
) -> Training:
    """Train an attention on features of images, and see the score of every cell of another image.

    Slide "Training for Keypoint Selection". delf: its trunk computed the features (N, C, h, w);
    labels: (N,), of classes from 0. A step is one mini-batch of 100.
    """
    classes = int(labels.max()) + 1
    trained: dict[str, AttentionClassifier] = {}

    def begin() -> Iterator[float]:
        torch.manual_seed(0)
        model = trained["model"] = AttentionClassifier(features.shape[1], classes)
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        while True:
            for rows in torch.randperm(len(features)).split(100):
                loss = F.cross_entropy(model(features[rows]), labels[rows])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                yield loss.item()

    def draw_learned() -> Pixels:
        if "model" not in trained:
            return image
        scores = Delf(delf.trunk, trained["model"].attention).score_map(image, 0.5)
        return overlay(image, scores, 0, float(scores.max()), cell=32)

    still = snapshots(begin(), draw_learned, STILLS)
    trained.clear()  # the widget shows the state before the first step
    return Training(
        begin,
        steps,
        float(np.log(classes)),
        draw_learned,
        f"The score of every cell of one image, after {STILLS[0]}, {STILLS[1]} and {STILLS[2]} "
        "mini-batches of training; the buttons start, pause and restart the training",
        still,
    )


def snapshots(
    training: Iterator[float], draw_learned: Callable[[], Pixels], after: Sequence[int]
) -> Pixels:
    """The score maps after some numbers of steps, side by side, each under its loss."""
    panels = []
    for step, loss in enumerate(islice(training, max(after)), start=1):
        if step in after:
            learned = of_width(draw_learned(), (WIDTH - GAP * (len(after) - 1)) // len(after))
            panels.append(titled(learned, f"{step} mini-batches: loss {loss:.1f}"))
    return beside(*panels)
