"""Grade a class of made-up submissions, a tenth of them spoilt, and see that nobody is lost.

    python tests/benchmarks/grade_class.py [--students 300] [--jobs N]

Everybody handed in all seven notebooks and an exam. Each exercise is solved rightly with
probability 0.6, wrongly with 0.25, and else left alone. Of those spoilt, cells are deleted,
doubled, reordered or without metadata, files cut, empty or in a wrong encoding, and code has syntax
errors, endless loops (in a function, and in a cell) or ends the process. Prints minutes a hundred,
and how many grades are not what they should be.
"""

import argparse
import csv
import io
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "teaching"))

from making import (
    cut,
    doubled,
    empty,
    exam_of,
    hand_in,
    in_latin1,
    in_utf16,
    of_version_3,
    reordered,
    with_checks_changed,
    without_cells,
    without_metadata,
)
from solved import SOLVED

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.teaching.grading import grade_class, write_grades

IN_01 = {name for name, exercise in EXERCISES.items() if exercise.notebook == "01_keypoints"}
CHANGES = {
    "reordered": (reordered, set()),
    "doubled": (doubled, set()),
    "without metadata": (without_metadata, set()),
    "checks changed": (with_checks_changed, set()),
    "UTF-16": (in_utf16, set()),
    "old format": (of_version_3, set()),
    "cells deleted": (without_cells, set(EXERCISES)),
    "cut": (cut, IN_01),
    "empty": (empty, IN_01),
    "Latin-1": (in_latin1, IN_01),
}
"""What is done to the notebooks, and the exercises that are lost by it."""
CODE = {
    "syntax error": "def my_top_k(xy, scores, k)\n    return xy",
    "endless function": "def my_top_k(xy, scores, k):\n    while True:\n        pass",
    "endless cell": "while True:\n    pass",
    "ends the process": "import os\n\nos._exit(1)\n\n\ndef my_top_k(*_):\n    pass",
    "prints without end": 'def my_top_k(*_):\n    while True:\n        print("x" * 100)',
}
"""What stands in the cell of one exercise, which is lost by it."""


def make(folder: Path, students: int) -> tuple[dict[str, dict[str, int]], Counter]:
    """Write the submissions; the points that each student should get, and how many are spoilt."""
    rng, due, kinds = random.Random(0), {}, Counter()
    spoils = [*CHANGES, *CODE]
    for number in range(students):
        name = f"Student {number:03}"
        solutions, points = {}, dict.fromkeys(EXERCISES, 0)
        for exercise, source in SOLVED.items():
            drawn = rng.random()
            if drawn < 0.6:
                solutions[exercise], points[exercise] = source, EXERCISES[exercise].points
            elif drawn < 0.85:
                function = EXERCISES[exercise].function
                solutions[exercise] = f"def {function}(*given):\n    return given[0]"
        change = None
        if number % 10 == 0:
            kind = spoils[(number // 10) % len(spoils)]
            kinds[kind] += 1
            if kind in CHANGES:
                change, lost = CHANGES[kind]
                points.update(dict.fromkeys(lost, 0))
            else:
                solutions["top_k"], points["top_k"] = CODE[kind], 0
        hand_in(folder / name, solutions, exam_of(name, rng.random()), change)
        due[name] = points
    return due, kinds


def main() -> None:
    """Make, grade and compare; exit status 1 if a grade is wrong or somebody is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--jobs", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folder, out = Path(root) / "in", Path(root) / "out"
        due, kinds = make(folder, arguments.students)
        started = time.perf_counter()
        _, submissions = grade_class(folder, seed=7, jobs=arguments.jobs)
        done = list(submissions)
        minutes = (time.perf_counter() - started) / 60
        write_grades(done, out)
        text = (out / "grades.csv").read_bytes().decode("utf-8-sig")
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(text))}
    wrong = [
        f"{name}, {exercise}: {rows[name][exercise]} in place of {points}"
        for name, wanted in due.items()
        if name in rows
        for exercise, points in wanted.items()
        if float(rows[name][exercise]) != points
    ]
    missing = sorted(set(due) - set(rows))
    print(f"{len(done)} submissions, {sum(kinds.values())} of them spoilt: {dict(kinds)}")
    print(f"{minutes:.1f} minutes, {100 * minutes / len(done):.1f} for a hundred")
    print(f"missing: {missing}")
    print(f"wrong grades: {len(wrong)} of {len(due) * len(EXERCISES)} {wrong[:10]}")
    sys.exit(bool(wrong or missing))


if __name__ == "__main__":
    main()
