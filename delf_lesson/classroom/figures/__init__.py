"""Figures of the notebooks; each function draws one."""
