"""Running students' solutions through nbgrader: a notebook of exercises alone, a kernel each.

nbgrader executes whole notebooks, and a lesson takes minutes. So the cells that count are put into
one small notebook, which nbgrader grades as it grades any other: checks that a student changed are
restored, cells are stopped after a time, and what comes out is in its gradebook.
"""

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.classroom.exercises.checks import SEED

ASSIGNMENT = "exercises"
SECONDS = 20
"""How long a cell may run; a check stops a student's function sooner."""


@dataclass(frozen=True)
class Graded:
    """points and messages by exercise; problems: what the teacher should know."""

    points: Mapping[str, float]
    messages: Mapping[str, str]
    problems: tuple[str, ...] = ()


def exercise_notebook(sources: Mapping[str, str]) -> Any:
    """The notebook that is graded: for each exercise a solution, or a stub, and its check."""
    cells = []
    for name, exercise in EXERCISES.items():
        stub = f"def {exercise.function}(*arguments):\n    raise NotImplementedError"
        cells.append(new_code_cell(sources.get(name, stub), metadata=solution_metadata(name)))
        check = check_source(name)
        cells.append(new_code_cell(check, metadata=check_metadata(name, exercise.points)))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def check_source(name: str) -> str:
    """The source of a check's cell, in the lesson as well."""
    function = EXERCISES[name].function
    return f'from delf_lesson.classroom.exercises import check\n\ncheck("{name}", {function})'


def solution_metadata(name: str) -> dict[str, Any]:
    """What tells nbgrader that students write in this cell."""
    return _metadata(name, solution=True)


def check_metadata(name: str, points: int) -> dict[str, Any]:
    """What tells nbgrader that this cell gives points."""
    return _metadata(f"{name}-check", grade=True, locked=True, points=points)


def _metadata(grade_id: str, **own: Any) -> dict[str, Any]:
    common = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {**common, "grade_id": grade_id, "schema_version": 3, **own}}


class Grader:
    """An nbgrader course of one assignment in a folder of its own.

    seed: of the drawn cases, so that answers learned by heart fail. Needs the extra "teach".
    """

    def __init__(self, folder: Path, seed: int) -> None:
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import Config

        warnings.filterwarnings("ignore", module="nbgrader")  # of its database, and harmless
        # nbgrader calls the command `alembic`, also where the environment is not activated.
        os.environ["PATH"] = os.pathsep.join([get_path("scripts"), os.environ.get("PATH", "")])
        os.environ[SEED] = str(seed)
        os.environ["IPYTHONDIR"] = str(folder / "ipython")
        self.folder = folder
        config = Config()
        config.CourseDirectory.root = str(folder)
        config.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
        config.NbGraderAPI.log_level = "CRITICAL"
        config.Execute.timeout = SECONDS
        config.Execute.extra_arguments = [
            "--HistoryManager.hist_file=:memory:",
            "--log-level=ERROR",
        ]
        config.OverwriteCells.add_missing_cells = True
        self.api = NbGraderAPI(config=config)
        source = folder / "source" / ASSIGNMENT
        source.mkdir(parents=True)
        nbformat.write(exercise_notebook({}), source / f"{ASSIGNMENT}.ipynb")
        made = self.api.generate_assignment(ASSIGNMENT)
        if not made["success"]:
            raise RuntimeError(f"nbgrader could not make the assignment:\n{made}")

    def grade(self, student: str, sources: Mapping[str, str]) -> Graded:
        """The points of one student's solutions; student: an id of letters and digits.

        If they bring the kernel down together, each is graded alone.
        """
        if not sources:
            return Graded(dict.fromkeys(EXERCISES, 0.0), {})
        graded = self._run(student, sources)
        if graded is not None:
            return graded
        points: dict[str, float] = dict.fromkeys(EXERCISES, 0.0)
        messages: dict[str, str] = {}
        problems = []
        for name, source in sources.items():
            alone = self._run(f"{student}x{name.replace('_', '')}", {name: source})
            if alone is None:
                problems.append(f"{name} ends the program that runs it; it has no points")
                messages[name] = "It ends the program that runs it: is there an `exit`?"
            else:
                points[name], messages[name] = alone.points[name], alone.messages.get(name, "")
        return Graded(points, messages, tuple(problems))

    def _run(self, student: str, sources: Mapping[str, str]) -> Graded | None:
        handed = self.folder / "submitted" / student / ASSIGNMENT
        handed.mkdir(parents=True, exist_ok=True)
        nbformat.write(exercise_notebook(sources), handed / f"{ASSIGNMENT}.ipynb")
        if not self.api.autograde(ASSIGNMENT, student)["success"]:
            return None
        messages = self._messages(student)
        return Graded(self._points(student), {name: messages[name] for name in sources})

    def _points(self, student: str) -> dict[str, float]:
        with self.api.gradebook as gradebook:
            found = gradebook.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, student)
            return {grade.name.removesuffix("-check"): float(grade.score) for grade in found.grades}

    def _messages(self, student: str) -> dict[str, str]:
        path = self.folder / "autograded" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        messages: dict[str, str] = {}
        for cell in nbformat.read(path, as_version=4).cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            for output in cell.get("outputs", []):
                if name.endswith("-check"):
                    said = output.get("evalue") or output.get("data", {}).get("text/plain", "")
                    messages.setdefault(name.removesuffix("-check"), str(said))
                elif output.output_type == "error" and name:  # it stands before its check
                    messages[name] = (
                        f"The cell was stopped after {SECONDS} seconds. Does a loop never end?"
                        if output.ename == "CellTimeoutError"
                        else f"The cell raised {output.ename}: {output.evalue}"
                    )
        return messages
