"""Renders the landmark benchmark in Blender: see README.md in this folder."""
