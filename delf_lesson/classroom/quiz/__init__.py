"""The quiz: a bank of questions, practice and exams in notebooks, grading, and handing in.

Slides "Quiz" and "Please submit this google form"; lab 08 and the end of every other lab.
"""

from delf_lesson.classroom.quiz.exam import exam
from delf_lesson.classroom.quiz.practice import practice, quiz

__all__ = ["exam", "practice", "quiz"]
