"""Fetch the real data sets, whole or not at all (docs/scale.md)."""
