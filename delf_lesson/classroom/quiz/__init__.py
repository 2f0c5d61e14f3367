"""The quiz: a bank of questions, practice and exams in notebooks, grading, and handing in.

Slides "Quiz" and "Please submit this google form"; notebook 08 and the end of every other.
"""

from delf_lesson.classroom.quiz.asking import practice, quiz
from delf_lesson.classroom.quiz.examining import exam

__all__ = ["exam", "practice", "quiz"]
