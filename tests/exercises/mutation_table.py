"""Print the table of exercises and wrong answers, and whether each check refuses them.

python tests/exercises/mutation_table.py
"""

import sys

from answers import RIGHT, WRONG

from delf_lesson.classroom.exercises import EXERCISES
from delf_lesson.classroom.exercises.exercise import checked


def main() -> None:
    """Print a row for each exercise; exit status 1 if a wrong answer passed or a right one not."""
    failed = False
    print("| exercise | right answers that pass | wrong answers, all refused by name |")
    print("|---|---|---|")
    for name, exercise in EXERCISES.items():
        right = [exercise.reference, *RIGHT[name]]
        passed = sum(checked(exercise, own).solved for own in right)
        told = []
        for mistake, (function, words) in WRONG[name].items():
            verdict = checked(exercise, function)
            good = not verdict.solved and words in verdict.message
            told.append(mistake if good else f"**{mistake} NOT REFUSED**")
            failed |= not good
        failed |= passed < len(right)
        print(f"| {name} | {passed} of {len(right)} | {len(told)}: {', '.join(told)} |")
    sys.exit(failed)


if __name__ == "__main__":
    main()
