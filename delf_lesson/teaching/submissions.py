"""Submissions of students: read from folders and zip files, and graded by nbgrader.

nbgrader executes whole notebooks, and a lab takes minutes. So the cells that count are put into one
small notebook, which nbgrader grades like any other: it restores checks that a student changed,
stops cells that take too long, and keeps the outcome in its gradebook.
"""

import os
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sysconfig import get_path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.classroom.exercises.exercise import SEED
from delf_lesson.classroom.quiz.quiz_answers import PREDICTION, Answers
from delf_lesson.teaching.solution_cells import code_cells, solutions_in

LARGEST = 50_000_000
"""Bytes; larger files are not read."""
ASSIGNMENT = "exercises"
SECONDS = 20
"""How long a cell may run. A check stops a student's function sooner."""
_MOODLE = re.compile(r"^(?P<name>.+?)_\d+_assignsubmission_(file|onlinetext)_?$")


@dataclass
class Submission:
    """Everything that one student handed in.

    sources: the cell that counts, by exercise. quizzes: files of answers to exams. problems:
    unreadable or doubtful files, as sentences for the teacher.
    """

    student: str
    sources: dict[str, str] = field(default_factory=dict)
    quizzes: list[Answers] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_submissions(folder: Path) -> list[Submission]:
    """One submission for each sub-folder and each zip file, in the order of the names.

    Folders that Moodle packs ("Ada Lovelace_12345_assignsubmission_file") are named by the student.
    Raises FileNotFoundError if the folder holds neither.
    """
    entries = sorted(folder.iterdir(), key=lambda path: path.name.casefold())
    entries = [path for path in entries if not path.name.startswith((".", "__MACOSX"))]
    submissions: list[Submission] = []
    for path in entries:
        if path.is_dir() or path.suffix.lower() == ".zip":
            submissions.append(_read(path))
        else:
            submission = Submission(path.stem)
            _add(submission, path.name, _content(path, submission))
            submissions.append(submission)
    if not submissions:
        raise FileNotFoundError(
            f"{folder} holds no submission; wanted a folder or a zip file for each student"
        )
    counts: Counter[str] = Counter()
    for submission in submissions:
        student = submission.student
        counts[student] += 1
        if counts[student] > 1:
            submission.problems.append(f"there are several submissions of {student}")
            submission.student = f"{student} ({counts[student]})"
    return submissions


def _read(path: Path) -> Submission:
    name = path.name if path.is_dir() else path.stem
    moodle = _MOODLE.match(name)
    submission = Submission(moodle["name"] if moodle else name)
    files = 0
    for label, content in _files(path, submission):
        files += 1
        _add(submission, label, content)
    if not files and not submission.problems:
        submission.problems.append("nothing was handed in")
    return submission


def _files(path: Path, submission: Submission) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, zip files unpacked, oldest first."""
    if path.is_dir():
        files = [file for file in path.rglob("*") if file.is_file() and not _hidden(str(file))]
        for file in sorted(files, key=lambda file: (file.stat().st_mtime, file.name)):
            if file.suffix.lower() == ".zip":
                yield from _files(file, submission)
            else:
                yield file.relative_to(path).as_posix(), _content(file, submission)
        return
    try:
        with zipfile.ZipFile(path) as packed:
            members = [member for member in packed.infolist() if not member.is_dir()]
            for member in sorted(members, key=lambda info: (info.date_time, info.filename)):
                if _hidden(member.filename):
                    continue
                if member.file_size > LARGEST:
                    submission.problems.append(f"{member.filename} is too large to be read")
                    continue
                yield member.filename, packed.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        submission.problems.append(f"{path.name} cannot be unpacked: {error}")


def _hidden(name: str) -> bool:
    return ".ipynb_checkpoints" in name or "__MACOSX" in name


def _content(path: Path, submission: Submission) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        submission.problems.append(f"{path.name} cannot be read: {error}")
        return b""


def _add(submission: Submission, label: str, content: bytes) -> None:
    """Add the content of a file to a submission, or the reason why not."""
    suffix = Path(label).suffix.lower()
    problems = submission.problems
    try:
        if suffix == ".ipynb":
            solutions = solutions_in(code_cells(content))
            problems += [f"{label}, {problem}" for problem in solutions.problems]
            for name, source in solutions.sources.items():
                if submission.sources.get(name, source) != source:
                    problems.append(f"{name} is in several files; that of {label} counts")
                submission.sources[name] = source
        elif Path(label).name.startswith(PREDICTION):
            pass  # students' own notes, which give no points
        elif suffix == ".json":
            answers = Answers.of_text(content.decode("utf-8"))
            if answers.mode == "exam":
                submission.quizzes.append(answers)
        else:
            problems.append(f"{label} is neither a notebook nor a file of answers")
    except UnicodeDecodeError:
        problems.append(f"{label} cannot be read: it is not text in UTF-8")
    except ValueError as error:
        problems.append(f"{label} cannot be read: {error}")


@dataclass(frozen=True)
class ExerciseGrades:
    """What the exercises of one student gained.

    points, messages: by exercise; problems: what the teacher should know.
    """

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
    """The source of a check's cell, as the notebooks have it too."""
    function = EXERCISES[name].function
    return f'from delf_lesson.classroom.exercises import check\n\ncheck("{name}", {function})'


def solution_metadata(name: str) -> dict[str, Any]:
    """What tells nbgrader that students write in this cell."""
    return _metadata(name, solution=True)


def check_metadata(name: str, points: int) -> dict[str, Any]:
    """What tells nbgrader that this cell gives points."""
    return _metadata(f"{name}-check", grade=True, locked=True, points=points)


def _metadata(grade_id: str, **changes: Any) -> dict[str, Any]:
    defaults = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {**defaults, "grade_id": grade_id, "schema_version": 3, **changes}}


class Grader:
    """An nbgrader course with one assignment, in an empty folder.

    seed: of the drawn cases, so that answers learned by heart fail. Needs the extra "teach".
    """

    def __init__(self, folder: Path, seed: int) -> None:
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import Config

        warnings.filterwarnings("ignore", module="nbgrader")  # harmless warnings of its database
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

    def grade(self, student: str, sources: Mapping[str, str]) -> ExerciseGrades:
        """Grade the solutions of one student; student: an id of letters and digits.

        If they crash the kernel together, each solution is graded alone.
        """
        if not sources:
            return ExerciseGrades(dict.fromkeys(EXERCISES, 0.0), {})
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
        return ExerciseGrades(points, messages, tuple(problems))

    def _run(self, student: str, sources: Mapping[str, str]) -> ExerciseGrades | None:
        submitted = self.folder / "submitted" / student / ASSIGNMENT
        submitted.mkdir(parents=True, exist_ok=True)
        nbformat.write(exercise_notebook(sources), submitted / f"{ASSIGNMENT}.ipynb")
        if not self.api.autograde(ASSIGNMENT, student)["success"]:
            return None
        messages = self._messages(student)
        return ExerciseGrades(self._points(student), {name: messages[name] for name in sources})

    def _points(self, student: str) -> dict[str, float]:
        with self.api.gradebook as gradebook:
            grades = gradebook.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, student).grades
            return {grade.name.removesuffix("-check"): float(grade.score) for grade in grades}

    def _messages(self, student: str) -> dict[str, str]:
        path = self.folder / "autograded" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        messages: dict[str, str] = {}
        for cell in nbformat.read(path, as_version=4).cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            for output in cell.get("outputs", []):
                if name.endswith("-check"):
                    text = output.get("evalue") or output.get("data", {}).get("text/plain", "")
                    messages.setdefault(name.removesuffix("-check"), str(text))
                elif output.output_type == "error" and name:  # a solution, before its check
                    messages[name] = (
                        f"The cell was stopped after {SECONDS} seconds. Does a loop never end?"
                        if output.ename == "CellTimeoutError"
                        else f"The cell raised {output.ename}: {output.evalue}"
                    )
        return messages
