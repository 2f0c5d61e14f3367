"""The teacher's side: what students get, and what they hand in, graded by nbgrader.

Wants the extra "teach"; `docs/teaching.md` explains it to teachers.
"""
