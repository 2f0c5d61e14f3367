"""The lesson's explorers: pictures that answer to sliders, switches and clicks.

One module each, named by what is explored. What is drawn comes from a pure function, `draw_...`,
and the widgets around it from `explore_...`.
"""
