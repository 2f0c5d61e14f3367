"""Figures of the notebooks; each `show_...` function draws a figure."""
