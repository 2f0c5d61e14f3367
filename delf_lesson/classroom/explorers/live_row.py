"""Measure one row of the results again, chosen from drop-downs, while the lesson goes on
(notebook 07)."""

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from delf_lesson.classroom.explorers.controls import steps
from delf_lesson.classroom.explorers.explorer import Shown
from delf_lesson.classroom.explorers.job import Bar, Job, duration
from delf_lesson.classroom.explorers.labels import Labels, labelled_box
from delf_lesson.evaluation.systems import find_system
from delf_lesson.evaluation.table_cell import estimated_seconds, measure_cell
from delf_lesson.retrieval.cache import FeatureCache

Cells = Mapping[str, Mapping[str, Mapping[str, Any]]]


class LiveRow(Shown):
    """Choose a system and a set, see what the table says and how long it takes, and measure it.

    cells: of the table. Features are kept, so what was described once is not described again.
    """

    def __init__(self, cells: Cells, system: str, column: str) -> None:
        self.cells = cells
        self.system = steps("system", list(cells), system)
        self.column = steps("set", list(cells[system]), column)
        self.message = widgets.HTML()
        # What is chosen when the button is pressed counts, whatever is chosen meanwhile.
        self.job = Job(
            "Measure",
            "Measure this row now",
            lambda bar: self._measure(self.system.value, self.column.value, bar),
        )
        self.system.observe(self._offer, "value")
        self.column.observe(self._describe, "value")
        self._describe()
        rows = [widgets.HBox([self.system, self.column]), self.message, self.job.widget]
        box = labelled_box(rows, Labels(shown=False))
        super().__init__(box, "Sliders for a system and a set, and a button that measures")

    def _measure(self, system: str, column: str, bar: Bar) -> str:
        now = measure_cell(find_system(system), column, FeatureCache.default(), bar)
        before = self.cells[system][column]
        return (
            f"{system} on {column}: mAP <b>{now['map']:.3f}</b> now, "
            f"{before['map']:.3f} in the table"
        )

    def _offer(self, _: Any = None) -> None:
        self.column.options = list(self.cells[self.system.value])
        self._describe()

    def _describe(self, _: Any = None) -> None:
        cell = self.cells[self.system.value][self.column.value]
        kept, anew = estimated_seconds(cell)
        self.message.value = (
            f"In the table: mAP {cell['map']:.3f}, over {cell['queries']} queries among "
            f"{cell['images']} pictures. Measuring it again takes about {duration(anew)}, "
            f"or {duration(kept)} where all features are kept from before."
        )
