"""Data sets behind one interface: `load("albion")` (lab 06)."""

from delf_lesson.datasets.benchmark import Benchmark, Query, Truth
from delf_lesson.datasets.loading import load

__all__ = ["Benchmark", "Query", "Truth", "load"]
