"""Helper package of the DELF lesson: large-scale image retrieval, from Harris corners to DELF.

Importing it is cheap: torch, FAISS and OpenCV are loaded by the modules that need them.
"""

__version__ = "0.1.0"
