"""Gothic churches: a west front with a rose window, towers, a nave with buttresses."""

import numpy as np

from ..elements import (
    balustrade,
    band,
    block,
    clock,
    cornice,
    facade,
    frieze,
    niche,
    pinnacle,
    portal,
    rose_window,
    spire,
    window,
)
from ..mesh import Mesh, block_frames
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A cathedral with two west towers, or a parish church with one west or crossing tower."""
    mesh = Mesh(rng)
    form = str(rng.choice(["two towers", "one tower", "crossing"], p=[0.45, 0.3, 0.25]))
    nave, eaves = rng.uniform(10, 14), rng.uniform(17, 28)
    if form == "one tower":
        eaves *= 0.75
    length = rng.uniform(34, 48)
    _nave(mesh, nave, eaves, length)
    if form == "two towers":
        width, height = rng.uniform(7, 9.5), rng.uniform(30, 44)
        ends = [str(rng.choice(["spire", "flat", "pyramid"]))] * 2
        if rng.random() < 0.4:
            ends[1] = "flat"  # unfinished, as so many are
        for side, end in zip((-1, 1), ends, strict=True):
            x = side * (nave + width) / 2
            _tower(
                mesh,
                x,
                0,
                width,
                height * (1 + 0.12 * (side > 0) * rng.random()),
                end,
                clocked=side < 0,
            )
        _west_front(mesh, nave, eaves, 0.5)
    elif form == "one tower":
        _west_front(mesh, nave, eaves, 0.5)
        side = float(rng.choice([-1, 0, 1]))
        width = rng.uniform(6.5, 8.5)
        x, y = (side * (nave + width) / 2, 1.0) if side else (0.0, -width + 1.5)
        _tower(
            mesh,
            x,
            y,
            width,
            rng.uniform(26, 38),
            str(rng.choice(["spire", "pyramid", "flat"])),
            clocked=True,
            door=side == 0,
        )
    else:
        _west_front(mesh, nave, eaves, 0.5)
        for side in (-1, 1):
            turret = rng.uniform(2.2, 3.0)
            _tower(
                mesh,
                side * (nave + turret) / 2,
                0.3,
                turret,
                eaves + rng.uniform(4, 8),
                "spire",
                clocked=False,
                slim=True,
            )
        _tower(
            mesh,
            0,
            0.55 * length,
            nave * 0.9,
            eaves + rng.uniform(16, 26),
            str(rng.choice(["spire", "flat"])),
            clocked=False,
        )
        _transept(mesh, nave, eaves, 0.55 * length)
    walls = ("limestone", "sandstone", "granite", "brick")
    return mesh, draw_palette(rng, walls, ("slate", "tile", "copper", "lead"))


def _west_front(mesh: Mesh, width: float, eaves: float, y: float) -> None:
    rng, half = mesh.rng, width / 2
    frame = block_frames(-half, half, y, y + 2)[0][0]
    gable = width * rng.uniform(0.5, 0.85)
    holes = []
    if rng.random() < 0.7:
        radius = width * rng.uniform(0.24, 0.34)
        holes.append(
            rose_window(
                mesh, frame, half, 0.64 * eaves, radius, int(rng.choice([8, 10, 12, 16, 20]))
            )
        )
    else:
        n = int(rng.choice([1, 3, 5]))
        for k in range(n):
            w = 0.72 * width / n
            tall = 0.36 * eaves * (1 - 0.12 * abs(k - n // 2))
            holes.append(
                window(
                    mesh,
                    frame,
                    half + (k - n // 2) * w,
                    0.46 * eaves,
                    0.8 * w,
                    tall,
                    "pointed",
                    glass="stained",
                    borders=2,
                    panes=(max(2, 5 - n), 4),
                )
            )
    mesh.wall(frame, width, eaves, "wall", holes)
    mesh.polygon(frame, [(0, eaves), (width, eaves), (half, eaves + gable)], "wall")
    niche(mesh, frame, half, eaves + 0.2 * gable, 0.13 * width, 0.42 * gable)
    for side in (-1, 1):
        mesh.beam(
            frame.at(half + side * (half + 0.4), eaves, 0.1),
            frame.at(half, eaves + gable + 0.3, 0.1),
            0.7,
            0.5,
            "trim",
        )
    pinnacle(mesh, 0, y, eaves + gable, 0.9, 3.0)
    portal(mesh, frame, half, 0.4 * width, 0.31 * eaves, "pointed", int(rng.integers(4, 7)))
    if rng.random() < 0.6:
        for side in (-1, 1):
            portal(mesh, frame, half + side * 0.36 * width, 0.2 * width, 0.2 * eaves, "pointed", 3)
    gallery = 0.34 * eaves
    if rng.random() < 0.75:  # a row of kings
        n = int(width / 1.2)
        for k in range(n):
            niche(mesh, frame, width * (k + 0.5) / n, gallery, 0.75, 2.2)
    else:
        frieze(mesh, frame, 0.4, width - 0.4, gallery, 1.5, panel=rng.uniform(1.5, 2.6))
    for z in (gallery - 0.5, gallery + 2.6, eaves - 0.4):
        band(mesh, frame, 0, width, z, 0.4, 0.35)


def _tower(mesh: Mesh, x, y, width, height, end, clocked, door=False, slim=False) -> None:
    rng, half = mesh.rng, width / 2
    x0, x1, y1 = x - half, x + half, y + width
    stages = np.array([0, 0.26, 0.5, 0.72, 1.0]) * height
    if slim:
        rows = [
            (0.3 * height, 2.5, 0.7, "pointed", (1, 2)),
            (0.75 * height, 2.5, 0.7, "pointed", (1, 2)),
        ]
        block(mesh, x0, x1, y, y1, 0, height, "wall", rows, 1, crown=False)
    else:
        kinds = [str(rng.choice(["pointed", "pointed", "round"])) for _ in range(3)]
        rows = [
            (stages[1] + 1.2, 0.6 * (stages[2] - stages[1]), 0.22 * width, kinds[0], (2, 3)),
            (stages[2] + 1.0, 0.62 * (stages[3] - stages[2]), 0.2 * width, kinds[1], (2, 4)),
            (stages[3] + 1.0, 0.72 * (stages[4] - stages[3]), 0.24 * width, "pointed", (2, 6)),
        ]
        block(
            mesh,
            x0,
            x1,
            y,
            y1,
            0,
            height,
            "wall",
            rows,
            int(rng.integers(1, 3)),
            borders=2,
            crown=False,
        )
        frame = block_frames(x0, x1, y, y1)[0][0]
        portal(mesh, frame, half, 0.46 * width, 0.72 * stages[1], "pointed", 4)
        for k in range(int(rng.integers(2, 5))):
            niche(mesh, frame, width * (k + 0.5) / 4, stages[1] - 2.6, 0.7, 2.0)
        if clocked:
            clock(mesh, frame, half, stages[3] - 1.7, 0.18 * width)
    for z in stages[1:-1]:
        cornice(mesh, x0, x1, y, y1, z - 0.3, reach=0.3, height=0.5, dentils=not slim)
    _corner_buttresses(mesh, x0, x1, y, y1, stages, slim)
    cornice(mesh, x0, x1, y, y1, height - 0.3, reach=0.45, height=0.7)
    centre = (x, (y + y1) / 2, height + 0.4)
    if end == "spire":
        spire(
            mesh,
            *centre,
            0.5 * width,
            rng.uniform(1.5, 2.6) * width,
            8,
            finial=str(rng.choice(["cross", "vane"])),
        )
    elif end == "pyramid":
        spire(mesh, *centre, 0.66 * width, rng.uniform(0.7, 1.2) * width, 4)
    else:
        balustrade(mesh, x0, x1, y, y1, height + 0.4, height=1.3)
        mesh.hip_roof(x0 + 0.4, x1 - 0.4, y + 0.4, y1 - 0.4, height + 0.2, 0.25 * width)


def _corner_buttresses(mesh: Mesh, x0, x1, y0, y1, stages, slim: bool) -> None:
    size = 0.5 if slim else 0.95
    for x in (x0, x1):
        for y in (y0, y1):
            for k in range(4):
                s = 2 * size - 0.34 * size * k
                low, high = stages[k], stages[k + 1]
                mesh.boxes([x, y, (low + high) / 2], [s, s, high - low], "wall")
                mesh.boxes([x, y, high], [1.12 * s, 1.12 * s, 0.3], "trim")
            pinnacle(mesh, x, y, stages[-1], 1.2 * size, 3.0 + 4.0 * size)


def _nave(mesh: Mesh, width: float, eaves: float, length: float) -> None:
    rng, half = mesh.rng, width / 2
    bays = int(rng.integers(5, 8))
    aisle = half + 0.36 * width
    low = 0.42 * eaves
    for k, side in ((1, 1), (3, -1)):
        frame, w = block_frames(-half, half, 2, length)[k]
        facade(
            mesh,
            frame,
            w,
            eaves,
            "wall",
            [(low + 2, eaves - low - 4, 2.6, "pointed", (3, 5))],
            bays,
            crown=False,
            glass="stained",
        )
        frame, w = block_frames(-aisle, aisle, 3, length)[k]
        facade(
            mesh,
            frame,
            w,
            low,
            "wall",
            [(1.8, 0.6 * low, 2.0, "pointed", (2, 4))],
            bays,
            crown=False,
        )
        slope = [
            frame.at(0, low, 0.3),
            frame.at(w, low, 0.3),
            frame.at(w, low + 1.8, half - aisle),
            frame.at(0, low + 1.8, half - aisle),
        ]
        mesh.add(slope, [[0, 1, 2, 3]], "roof")
        for b in range(bays + 1):
            y = 3 + (length - 3) * b / bays
            mesh.boxes([side * (aisle + 0.6), y, 0.6 * low], [1.5, 1.0, 1.2 * low], "wall")
            pinnacle(mesh, side * (aisle + 0.6), y, 1.2 * low, 0.9, 4.0)
            start, end = (
                np.array([side * (aisle + 0.4), y, 1.3 * low]),
                np.array([side * half, y, eaves - 2.5]),
            )
            mesh.beam(start, end, 0.5, 0.9, "trim")
    for x0, x1, z in ((-half, half, eaves), (-aisle, aisle, low)):
        back = block_frames(x0, x1, 3, length)
        mesh.wall(back[2][0], back[2][1], z, "wall")
    front = block_frames(-aisle, aisle, 3, length)[0][0]
    mesh.wall(front, 2 * aisle, low + 1.5, "wall")
    mesh.gable_roof(-half, half, 1.2, length, eaves, width * rng.uniform(0.5, 0.8))


def _transept(mesh: Mesh, nave: float, eaves: float, y: float) -> None:
    half, reach = 0.45 * nave, 1.35 * nave
    block(
        mesh,
        -reach,
        reach,
        y,
        y + 2 * half,
        0,
        eaves,
        "wall",
        [(0.4 * eaves, 0.45 * eaves, 2.0, "pointed", (3, 4))],
        6,
        crown=False,
    )
    mesh.gable_roof(-reach, reach, y, y + 2 * half, eaves, nave * 0.5, along="x")
