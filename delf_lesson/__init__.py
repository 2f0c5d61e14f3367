"""Helper package of the DELF lesson: large-scale image retrieval, from Harris corners to DELF.

Importing it is cheap: torch, FAISS and OpenCV are loaded by the modules that need them.
"""

import os

# Threads that wait by spinning take the processor from those that work: with another program on
# both of two cores, a search took 5.8 s so and 2.3 s without; on idle cores there is no difference.
# OpenMP reads this when it is loaded, so it stands before any import of FAISS or torch.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"
