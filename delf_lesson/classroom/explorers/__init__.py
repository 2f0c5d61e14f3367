"""The lesson's explorers: images that respond to sliders, switches and clicks.

A pure function `draw_...` draws the image, and `explore_...` puts the widgets around it.
"""
