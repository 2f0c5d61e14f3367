"""What students handed in: read from folders and zip files, without losing anything."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from delf_lesson.classroom.quiz.answers import Answers
from delf_lesson.classroom.teaching.solutions import code_cells, solutions_in

LARGEST = 50_000_000
"""Bytes of a file that is still read."""
_MOODLE = re.compile(r"^(?P<name>.+?)_\d+_assignsubmission_(file|onlinetext)_?$")


@dataclass
class Submission:
    """All that one student handed in.

    sources: by exercise, the cell that counts. quizzes: files of answers to exams. problems: what
    could not be read, or was doubtful, for the teacher.
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
    found: list[Submission] = []
    for path in entries:
        if path.is_dir() or path.suffix.lower() == ".zip":
            found.append(_read(path))
        else:
            student = Submission(path.stem)
            _take(student, path.name, _content(path, student))
            found.append(student)
    if not found:
        raise FileNotFoundError(
            f"{folder} holds no submission; wanted a folder or a zip file for each student"
        )
    seen: dict[str, int] = {}
    for one in found:
        seen[one.student] = seen.get(one.student, 0) + 1
        if seen[one.student] > 1:
            one.problems.append(f"there are several submissions of {one.student}")
            one.student = f"{one.student} ({seen[one.student]})"
    return found


def _read(path: Path) -> Submission:
    name = path.name if path.is_dir() else path.stem
    moodle = _MOODLE.match(name)
    student = Submission(moodle["name"] if moodle else name)
    files = 0
    for label, content in _files(path, student):
        files += 1
        _take(student, label, content)
    if not files and not student.problems:
        student.problems.append("nothing was handed in")
    return student


def _files(path: Path, student: Submission) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, also of those in zip files, oldest first."""
    if path.is_dir():
        inside = [one for one in path.rglob("*") if one.is_file() and not _hidden(str(one))]
        for one in sorted(inside, key=lambda file: (file.stat().st_mtime, file.name)):
            if one.suffix.lower() == ".zip":
                yield from _files(one, student)
            else:
                yield one.relative_to(path).as_posix(), _content(one, student)
        return
    try:
        with zipfile.ZipFile(path) as packed:
            members = [one for one in packed.infolist() if not one.is_dir()]
            for member in sorted(members, key=lambda one: (one.date_time, one.filename)):
                if _hidden(member.filename):
                    continue
                if member.file_size > LARGEST:
                    student.problems.append(f"{member.filename} is too large to be read")
                    continue
                yield member.filename, packed.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        student.problems.append(f"{path.name} cannot be unpacked: {error}")


def _hidden(name: str) -> bool:
    return ".ipynb_checkpoints" in name or "__MACOSX" in name


def _content(path: Path, student: Submission) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        student.problems.append(f"{path.name} cannot be read: {error}")
        return b""


def _take(student: Submission, label: str, content: bytes) -> None:
    """Take over what a file holds, or say why not."""
    suffix = Path(label).suffix.lower()
    try:
        if suffix == ".ipynb":
            found = solutions_in(code_cells(content))
            student.problems += [f"{label}, {problem}" for problem in found.problems]
            for name, source in found.sources.items():
                if student.sources.get(name, source) != source:
                    student.problems.append(f"{name} is in several files; that of {label} counts")
                student.sources[name] = source
        elif suffix == ".json":
            answers = Answers.of_text(content.decode("utf-8"))
            if answers.mode == "exam":
                student.quizzes.append(answers)
        else:
            student.problems.append(f"{label} is neither a notebook nor a file of answers")
    except UnicodeDecodeError:
        student.problems.append(f"{label} cannot be read: it is not text in UTF-8")
    except ValueError as error:
        student.problems.append(f"{label} cannot be read: {error}")
