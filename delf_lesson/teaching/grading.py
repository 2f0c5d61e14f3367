"""Grade a class into one table: exercises by nbgrader, exams by their keys."""

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.classroom.quiz.exam import exam_seed
from delf_lesson.classroom.quiz.question_bank import Question, draw_questions, exam_questions
from delf_lesson.classroom.quiz.quiz_answers import Answers, QuizResult, grade, questions_checksum
from delf_lesson.files import write_atomically
from delf_lesson.teaching.submissions import ExerciseGrades, Grader, Submission, read_submissions

NO_EXERCISES = ExerciseGrades({}, {})


@dataclass
class GradedSubmission:
    """The grades of one student. quiz: of the last exam handed in, None without an exam."""

    student: str
    exercises: ExerciseGrades = NO_EXERCISES
    quiz: QuizResult | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        """The points of all exercises together."""
        return sum(self.exercises.points.values())


def grade_class(
    folder: Path, seed: int = 1, jobs: int | None = None
) -> tuple[int, Iterator[GradedSubmission]]:
    """The number of submissions in a folder, and their grades as they come.

    jobs: how many are graded at once, by default as many as there are processors. Raises
    FileNotFoundError if there are no submissions, or no exam to grade answers by.
    """
    submissions = read_submissions(folder)
    bank: list[Question] = []
    if any(submission.quizzes for submission in submissions):
        bank = exam_questions()
        if any(question.key is None for question in bank):
            raise FileNotFoundError(
                "exam.toml is not in data/quiz: without its key no answers can be graded"
            )
    return len(submissions), _graded(submissions, bank, seed, jobs or os.cpu_count() or 1)


def _graded(
    submissions: Sequence[Submission], bank: Sequence[Question], seed: int, jobs: int
) -> Iterator[GradedSubmission]:
    with tempfile.TemporaryDirectory(prefix="delf-lesson-grading-") as folder:
        pool = ProcessPoolExecutor(jobs, initializer=_start_worker, initargs=(Path(folder), seed))
        with pool:
            running = {
                pool.submit(_grade_exercises, f"s{number}", submission.sources): submission
                for number, submission in enumerate(submissions)
            }
            for done in as_completed(running):
                submission = running[done]
                graded = GradedSubmission(submission.student, problems=list(submission.problems))
                try:
                    graded.exercises = done.result()
                    graded.problems += graded.exercises.problems
                except Exception as error:  # also if the process was killed
                    graded.problems.append(f"exercises could not be graded: {error}")
                graded.quiz = _grade_exam(submission, bank, graded.problems)
                yield graded


_grader: Grader | None = None


def _start_worker(folder: Path, seed: int) -> None:
    """Set up the nbgrader course of a worker process."""
    global _grader
    course = folder / f"course-{os.getpid()}"
    course.mkdir()
    _grader = Grader(course, seed)


def _grade_exercises(student: str, sources: dict[str, str]) -> ExerciseGrades:
    assert _grader is not None
    return _grader.grade(student, sources)


def _grade_exam(
    submission: Submission, bank: Sequence[Question], problems: list[str]
) -> QuizResult | None:
    """The marks of the exam that was saved last; doubts about it are added to the problems."""
    if not submission.quizzes:
        return None
    last = max(submission.quizzes, key=lambda answers: answers.saved)
    if len(submission.quizzes) > 1:
        problems.append(f"{len(submission.quizzes)} files of an exam; that of {last.saved} counts")
    known = {question.id: question for question in bank}
    asked = [known[name] for name in last.asked if name in known]
    if len(asked) < len(last.asked):
        problems.append(f"{len(last.asked) - len(asked)} questions are not in exam.toml")
    if not {*last.student.casefold().split()} & {*submission.student.casefold().split()}:
        problems.append(f"the exam names its student {last.student!r}")
    problems += exam_doubts(last, asked, bank)
    return grade(last.answers, asked)


def exam_doubts(answers: Answers, asked: Sequence[Question], bank: Sequence[Question]) -> list[str]:
    """What does not fit: questions that the student was not given, or changed questions."""
    try:
        drawn = draw_questions(bank, len(answers.asked), exam_seed(answers.quiz, answers.student))
    except ValueError:
        drawn = []
    if {question.id for question in drawn} != set(answers.asked):
        return [f"the questions are not those drawn for {answers.student!r} in {answers.quiz!r}"]
    if questions_checksum(asked) != answers.questions:
        return ["exam.toml was changed since the exam was taken"]
    return []


def as_csv(grades: Sequence[GradedSubmission]) -> bytes:
    """A row for each student; UTF-8 with a byte order mark, so that spreadsheets read all names."""
    text = io.StringIO()
    writer = csv.writer(text)
    most = sum(exercise.points for exercise in EXERCISES.values())
    writer.writerow(
        ["student", "points", f"exercises (of {most})", "quiz", "quiz of", *EXERCISES, "notes"]
    )
    for graded in _by_name(grades):
        quiz = graded.quiz.points if graded.quiz else 0.0
        writer.writerow(
            [
                _safe(graded.student),
                f"{graded.points + quiz:g}",
                f"{graded.points:g}",
                f"{quiz:g}",
                graded.quiz.most if graded.quiz else 0,
                *(f"{graded.exercises.points.get(name, 0):g}" for name in EXERCISES),
                len(graded.problems),
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def _by_name(grades: Sequence[GradedSubmission]) -> list[GradedSubmission]:
    return sorted(grades, key=lambda graded: graded.student.casefold())


def _safe(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


def as_report(grades: Sequence[GradedSubmission]) -> str:
    """What the teacher has to look at, student by student."""
    doubtful = [graded for graded in _by_name(grades) if graded.problems]
    lines = [
        "# Report",
        "",
        f"{len(grades)} submissions were graded; {len(doubtful)} have something to look at.",
    ]
    for graded in doubtful:
        lines += ["", f"## {graded.student}", "", *(f"- {text}" for text in graded.problems)]
    return "\n".join(lines) + "\n"


def as_feedback(graded: GradedSubmission, bank: Sequence[Question] = ()) -> str:
    """What a student may read about the submission."""
    most = sum(exercise.points for exercise in EXERCISES.values())
    lines = [f"# {graded.student}", "", f"Exercises: {graded.points:g} of {most} points.", ""]
    for name, exercise in EXERCISES.items():
        points = graded.exercises.points.get(name, 0)
        lines.append(f"- `{name}`: {points:g} of {exercise.points}")
        if points < exercise.points:
            lines.append(f"  {graded.exercises.messages.get(name) or 'Not handed in.'}")
    if graded.quiz is not None:
        texts = {question.id: question.text for question in bank}
        lines += ["", f"Quiz: {graded.quiz.points:g} of {graded.quiz.most} points.", ""]
        for mark in graded.quiz.marks:
            lines += [f"- {texts.get(mark.question, mark.question)}"]
            lines += [f"  {mark.points:g}: {' '.join(mark.said)}"]
    if graded.problems:
        lines += ["", "Notes:", "", *(f"- {problem}" for problem in graded.problems)]
    return "\n".join(lines) + "\n"


def write_grades(grades: Sequence[GradedSubmission], out: Path) -> None:
    """Write `grades.csv`, `report.md` and a file for each student into the folder `out`."""
    feedback = out / "feedback"
    feedback.mkdir(parents=True, exist_ok=True)
    bank = exam_questions() if any(graded.quiz for graded in grades) else []
    taken: set[str] = set()
    for graded in grades:
        name = re.sub(r"[^\w.() -]+", "_", graded.student).strip(". ") or "student"
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        write_atomically(feedback / f"{name}.md", as_feedback(graded, bank).encode())
    write_atomically(out / "report.md", as_report(grades).encode())
    write_atomically(out / "grades.csv", as_csv(grades))
