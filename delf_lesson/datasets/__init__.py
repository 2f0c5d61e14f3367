"""Data sets behind one interface: `load("albion")` (lab 06)."""

from delf_lesson.datasets.benchmark import Benchmark, Query, Truth, load

__all__ = ["Benchmark", "Query", "Truth", "load"]
