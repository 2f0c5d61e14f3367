"""Work that takes a while, beside the notebook: a job with a bar, a training to watch."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from delf_lesson.classroom.explorers.drawing import beside, of_height
from delf_lesson.classroom.explorers.explorer import (
    Labels,
    Shown,
    jpeg,
    labelled_box,
    new_picture,
    shown_error,
)
from delf_lesson.classroom.figures.deep_figures import loss_figure, overlay
from delf_lesson.classroom.figures.image_figures import pixels
from delf_lesson.deep.delf import Delf
from delf_lesson.images import Pixels
from delf_lesson.training.delf_training import AttentionClassifier


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


class LiveLoss(Shown):
    """The loss of a training that goes on, redrawn after every epoch."""

    def __init__(self, epochs: int, chance: float, name: str = "training") -> None:
        self.epochs, self.chance, self.name = epochs, chance, name
        self.losses: list[float] = []
        self.picture = new_picture()
        self.labels = Labels()
        self._redraw()
        text = "The loss after every epoch, drawn while it trains"
        super().__init__(labelled_box([self.picture], self.labels), text, self.picture.value)

    def add(self, loss: float) -> None:
        """One more epoch."""
        self.losses.append(loss)
        self._redraw()

    def _redraw(self) -> None:
        figure = loss_figure({self.name: self.losses}, self.chance, self.epochs)
        self.picture.value = jpeg(pixels(figure))
        self.labels.alt = f"The loss after {len(self.losses)} of {self.epochs} epochs"


class Training(Shown):
    """Start, pause and go on with a training, and see its loss and what it has learned.

    begin: begins anew, and gives the loss after every step. steps: how many it takes.
    picture: draws what was learned until now, beside the loss. It trains in a thread of its own,
    so that the notebook can be used meanwhile; between two steps it looks whether to pause.
    """

    def __init__(
        self,
        begin: Callable[[], Iterator[float]],
        steps: int,
        chance: float,
        picture: Callable[[], Pixels],
        text: str,
    ) -> None:
        self.begin, self.steps, self.chance, self.learned = begin, steps, chance, picture
        self.losses: list[float] = []
        self.training: Iterator[float] | None = None
        self.thread: threading.Thread | None = None
        self.running = threading.Event()
        self.start = widgets.Button(description="Start", tooltip="Train, or go on training")
        self.pause = widgets.Button(description="Pause", disabled=True)
        self.again = widgets.Button(description="From the beginning", disabled=True)
        self.bar = widgets.IntProgress(max=steps, description="steps", layout={"width": "320px"})
        self.picture = new_picture()
        self.message, self.labels = widgets.HTML(), Labels()
        self.start.on_click(lambda _: self.go())
        self.pause.on_click(lambda _: self.running.clear())
        self.again.on_click(lambda _: self.reset())
        self._draw()
        buttons = widgets.HBox(
            [self.start, self.pause, self.again, self.bar], layout={"flex_flow": "row wrap"}
        )
        box = labelled_box([buttons, self.picture, self.message], self.labels)
        super().__init__(box, text, self.picture.value)

    def go(self) -> None:
        """Train on in the background until the last step or a pause; `thread` is where."""
        if self.thread is not None and self.thread.is_alive():
            return
        self.running.set()
        self._offer(training=True)
        self.thread = threading.Thread(target=self._train, daemon=True)
        self.thread.start()

    def reset(self) -> None:
        """Forget what was learned."""
        self.training, self.losses = None, []
        self._draw()
        self._offer(training=False)

    def _train(self) -> None:
        try:
            if self.training is None:
                self.training, self.losses = self.begin(), []
            while self.running.is_set() and len(self.losses) < self.steps:
                self.losses.append(next(self.training))
                self._draw()
        except Exception as error:  # whatever it is, the student has to see it
            self.message.value = shown_error(error)
        finally:
            self._offer(training=False)

    def _offer(self, training: bool) -> None:
        done = len(self.losses) >= self.steps
        self.start.disabled, self.pause.disabled = training or done, not training
        self.again.disabled = training or not self.losses

    def _draw(self) -> None:
        figure = loss_figure({"training": self.losses}, self.chance, self.steps, step="mini-batch")
        loss = pixels(figure)
        learned = self.learned()
        self.picture.value = jpeg(beside(of_height(loss, 250), of_height(learned, 250)))
        self.bar.value = len(self.losses)
        says = f"{len(self.losses)} of {self.steps} steps"
        if self.losses:
            says += f": the loss is {self.losses[-1]:.2f}, guessing has {self.chance:.2f}"
        self.labels.alt, self.message.value = says, ""


def explore_attention_training(
    delf: Delf, features: Tensor, labels: Tensor, image: Pixels, steps: int = 40
) -> Training:
    """Train an attention on features of pictures, and see the score of every cell of another.

    Slide "Training for Keypoint Selection". delf: whose trunk gave the features (N, C, h, w);
    labels: (N,), of classes from 0. A step is one mini-batch of 100.
    """
    classes = int(labels.max()) + 1
    learned: dict[str, AttentionClassifier] = {}

    def begin() -> Iterator[float]:
        torch.manual_seed(0)
        model = learned["model"] = AttentionClassifier(features.shape[1], classes)
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        while True:
            for rows in torch.randperm(len(features)).split(100):
                loss = F.cross_entropy(model(features[rows]), labels[rows])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                yield loss.item()

    def picture() -> Pixels:
        if "model" not in learned:
            return image
        scores = Delf(delf.trunk, learned["model"].attention).score_map(image, 0.5)
        return overlay(image, scores, 0, float(scores.max()), cell=32)

    return Training(
        begin,
        steps,
        float(np.log(classes)),
        picture,
        "The loss of an attention in training, and the score of every cell of one picture; start, "
        "pause and go on by the buttons",
    )
