"""Exercises: functions for students to write, with hints and checks.

Labs 01 to 07 have two or more each. `check` tries a student's function, `hint` helps. The right
answer is a function of the package, which is worth reading afterwards.
"""

from collections.abc import Callable
from typing import Any

from delf_lesson.classroom.exercises import (
    dense_exercises,
    descriptor_exercises,
    keypoint_exercises,
    learning_exercises,
    pipeline_exercises,
    result_exercises,
    verification_exercises,
)
from delf_lesson.classroom.exercises.exercise import Exercise, Hint, Verdict, find, hint_of, judged

__all__ = ["EXERCISES", "Hint", "Verdict", "check", "hint"]

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in (
        keypoint_exercises,
        descriptor_exercises,
        dense_exercises,
        learning_exercises,
        pipeline_exercises,
        verification_exercises,
        result_exercises,
    )
    for exercise in module.EXERCISES
}
"""All exercises by name, in the order of the lecture."""


def check(name: str, function: Callable[..., Any]) -> Verdict:
    """Whether a student's function solves an exercise, and if not, why.

    Raises ValueError if there is no such exercise.
    """
    return judged(find(EXERCISES, name), function)


def hint(name: str, number: int) -> Hint:
    """Hint 1, 2 or 3 of an exercise, each stronger. Raises ValueError for another number."""
    return hint_of(find(EXERCISES, name), number)
