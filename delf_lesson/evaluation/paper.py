"""What the paper reports, to stand beside what is measured here (slide "mAP Result"; notebook 07).

Its numbers are of photographs of Oxford and Paris, ours of rendered towns: the order of systems may
be compared, the numbers may not.
"""

from collections.abc import Mapping
from types import MappingProxyType

PAPER_SETS: Mapping[str, str] = MappingProxyType(
    {"Oxf5k": "albion", "Oxf105k": "albion+d", "Par6k": "lutetia", "Par106k": "lutetia+d"}
)
"""The paper's data sets, and which column of ours stands in for each."""

PAPER_MAP: Mapping[str, tuple[float | None, ...]] = MappingProxyType(
    {
        "DIR": (86.1, 82.8, 94.5, 90.6),
        "DIR+QE": (87.1, 85.2, 95.3, 91.8),
        "siaMAC": (77.1, 69.5, 83.9, 76.3),
        "siaMAC+QE": (81.7, 76.6, 86.2, 79.8),
        "CONGAS": (70.8, 61.1, 67.1, 56.8),
        "LIFT": (54.0, None, 53.6, None),
        "DELF+FT+ATT": (83.8, 82.6, 85.0, 81.7),
        "DELF+FT+ATT+DIR+QE": (90.0, 88.5, 95.7, 92.8),
    }
)
"""mAP in percent, in the order of `PAPER_SETS`; None where it was not measured."""
