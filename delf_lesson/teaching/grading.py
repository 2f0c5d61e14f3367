"""A class's submissions to one table: exercises by nbgrader, exams by their keys."""

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

NOTHING = ExerciseGrades({}, {})


@dataclass
class GradedSubmission:
    """What one student reached. quiz: of the last exam handed in, None without one."""

    student: str
    exercises: ExerciseGrades = NOTHING
    quiz: QuizResult | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        """Of all exercises."""
        return sum(self.exercises.points.values())


def grade_class(
    folder: Path, seed: int = 1, jobs: int | None = None
) -> tuple[int, Iterator[GradedSubmission]]:
    """How many submissions a folder holds, and their outcomes as they come.

    jobs: how many are graded at once, by default as many as there are processors. Raises
    FileNotFoundError if there are no submissions, or no exam to grade answers by.
    """
    submissions = read_submissions(folder)
    bank: list[Question] = []
    if any(one.quizzes for one in submissions):
        bank = exam_questions()
        if any(question.key is None for question in bank):
            raise FileNotFoundError(
                "exam.toml is not in data/quiz: without its key no answers can be graded"
            )
    return len(submissions), _outcomes(submissions, bank, seed, jobs or os.cpu_count() or 1)


def _outcomes(
    submissions: Sequence[Submission], bank: Sequence[Question], seed: int, jobs: int
) -> Iterator[GradedSubmission]:
    with tempfile.TemporaryDirectory(prefix="delf-lesson-grading-") as folder:
        pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(Path(folder), seed))
        with pool:
            running = {
                pool.submit(_run, f"s{number}", one.sources): one
                for number, one in enumerate(submissions)
            }
            for done in as_completed(running):
                one = running[done]
                outcome = GradedSubmission(one.student, problems=list(one.problems))
                try:
                    outcome.exercises = done.result()
                    outcome.problems += outcome.exercises.problems
                except Exception as error:  # also that of a process which was killed
                    outcome.problems.append(f"exercises could not be graded: {error}")
                outcome.quiz = _graded_exam(one, bank, outcome.problems)
                yield outcome


_grader: Grader | None = None


def _begin(folder: Path, seed: int) -> None:
    """Give a worker process its own nbgrader course."""
    global _grader
    own = folder / f"course-{os.getpid()}"
    own.mkdir()
    _grader = Grader(own, seed)


def _run(student: str, sources: dict[str, str]) -> ExerciseGrades:
    assert _grader is not None
    return _grader.grade(student, sources)


def _graded_exam(
    submission: Submission, bank: Sequence[Question], problems: list[str]
) -> QuizResult | None:
    """The marks of the exam that was saved last; what is odd about it goes to the problems."""
    if not submission.quizzes:
        return None
    last = max(submission.quizzes, key=lambda one: one.saved)
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
    """What does not fit: other questions than the student was given, or changed ones."""
    try:
        drawn = draw_questions(bank, len(answers.asked), exam_seed(answers.quiz, answers.student))
    except ValueError:
        drawn = []
    if {question.id for question in drawn} != set(answers.asked):
        return [f"the questions are not those drawn for {answers.student!r} in {answers.quiz!r}"]
    if questions_checksum(asked) != answers.questions:
        return ["exam.toml was changed since the exam was taken"]
    return []


def as_csv(outcomes: Sequence[GradedSubmission]) -> bytes:
    """A row for each student; UTF-8 with a mark, so that spreadsheets read names rightly."""
    text = io.StringIO()
    writer = csv.writer(text)
    most = sum(exercise.points for exercise in EXERCISES.values())
    writer.writerow(
        ["student", "points", f"exercises (of {most})", "quiz", "quiz of", *EXERCISES, "notes"]
    )
    for one in sorted(outcomes, key=lambda outcome: outcome.student.casefold()):
        quiz = one.quiz.points if one.quiz else 0.0
        writer.writerow(
            [
                _safe(one.student),
                f"{one.points + quiz:g}",
                f"{one.points:g}",
                f"{quiz:g}",
                one.quiz.most if one.quiz else 0,
                *(f"{one.exercises.points.get(name, 0):g}" for name in EXERCISES),
                len(one.problems),
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def _safe(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


def as_report(outcomes: Sequence[GradedSubmission]) -> str:
    """What the teacher has to look at, student by student."""
    odd = sorted((one for one in outcomes if one.problems), key=lambda one: one.student.casefold())
    lines = [
        "# Report",
        "",
        f"{len(outcomes)} submissions were graded; {len(odd)} have something to look at.",
    ]
    for one in odd:
        lines += ["", f"## {one.student}", "", *(f"- {problem}" for problem in one.problems)]
    return "\n".join(lines) + "\n"


def as_feedback(one: GradedSubmission, bank: Sequence[Question] = ()) -> str:
    """What a student may read about the own work."""
    most = sum(exercise.points for exercise in EXERCISES.values())
    lines = [f"# {one.student}", "", f"Exercises: {one.points:g} of {most} points.", ""]
    for name, exercise in EXERCISES.items():
        points = one.exercises.points.get(name, 0)
        lines.append(f"- `{name}`: {points:g} of {exercise.points}")
        if points < exercise.points:
            lines.append(f"  {one.exercises.messages.get(name) or 'Not handed in.'}")
    if one.quiz is not None:
        texts = {question.id: question.text for question in bank}
        lines += ["", f"Quiz: {one.quiz.points:g} of {one.quiz.most} points.", ""]
        for mark in one.quiz.marks:
            lines += [f"- {texts.get(mark.question, mark.question)}"]
            lines += [f"  {mark.points:g}: {' '.join(mark.said)}"]
    if one.problems:
        lines += ["", "Notes:", "", *(f"- {problem}" for problem in one.problems)]
    return "\n".join(lines) + "\n"


def write_outcomes(outcomes: Sequence[GradedSubmission], out: Path) -> None:
    """Write `grades.csv`, `report.md` and a file for each student into the folder `out`."""
    feedback = out / "feedback"
    feedback.mkdir(parents=True, exist_ok=True)
    bank = exam_questions() if any(one.quiz for one in outcomes) else []
    taken: set[str] = set()
    for one in outcomes:
        name = re.sub(r"[^\w.() -]+", "_", one.student).strip(". ") or "student"
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        write_atomically(feedback / f"{name}.md", as_feedback(one, bank).encode())
    write_atomically(out / "report.md", as_report(outcomes).encode())
    write_atomically(out / "grades.csv", as_csv(outcomes))
