"""The families of landmarks: a module each, with `build(rng) -> Landmark`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import numpy as np

from ..mesh import Mesh
from ..surfaces import Palette

SCENERY = frozenset({"water", "lawn"})
FAMILIES = (
    "bridge",
    "castle",
    "city_gate",
    "clock_tower",
    "domed_basilica",
    "gothic_church",
    "lighthouse",
    "market_hall",
    "modern",
    "monument",
    "mosque",
    "pagoda",
    "palace",
    "temple",
    "theatre",
    "triumphal_arch",
)


@dataclass(frozen=True)
class Landmark:
    """A building with its surfaces. Its front faces -Y, it stands on z = 0 around x = 0, y >= 0."""

    family: str
    mesh: Mesh
    palette: Palette

    def split(self) -> tuple[Mesh, Mesh]:
        """The building, and the scenery that came with it (`SCENERY`): no part of the landmark."""
        body, scenery = Mesh(0), Mesh(0)
        for part in self.mesh.parts:
            (scenery if part.surface in SCENERY else body).parts.append(part)
        return body, scenery


def build(family: str, seed: int) -> Landmark:
    """The landmark of a family with a seed; the same two always give the same landmark."""
    if family not in FAMILIES:
        raise ValueError(f"family is {family!r}; wanted one of {', '.join(FAMILIES)}")
    rng = np.random.default_rng([*family.encode(), seed])
    mesh, palette = importlib.import_module(f"{__name__}.{family}").build(rng)
    return Landmark(family, mesh, palette)
