"""Market halls and old stations: a glazed gable between wings, iron, tiles and a clock."""

import itertools

import numpy as np

from ..elements import (
    band,
    block,
    clock,
    coat_of_arms,
    column,
    cornice,
    flagpole,
    frieze,
    lantern,
    picture,
    pinnacle,
    quoins,
    sign,
    spire,
    window,
)
from ..mesh import Mesh, block_frames, circle, outline
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A hall 26 to 46 m wide under one or three gables, with turrets or a tower."""
    mesh = Mesh(rng)
    nave, eaves, depth = rng.uniform(14, 20), rng.uniform(8, 11), rng.uniform(34, 46)
    arched = rng.random() < 0.6
    crown = _gable_front(mesh, nave, eaves, arched)
    _long_roof(mesh, nave, eaves, depth, arched)
    sides = str(rng.choice(["aisles", "wings", "gables"]))
    for side in (-1, 1):
        if sides == "wings":
            _wing(mesh, side, nave / 2, rng.uniform(10, 15), eaves * rng.uniform(0.8, 1.05))
        else:
            _aisle(
                mesh,
                side,
                nave / 2,
                rng.uniform(6, 9),
                eaves * 0.72,
                depth,
                gabled=sides == "gables",
            )
    if rng.random() < 0.55:
        for side in (-1, 1):
            _turret(mesh, side * (nave / 2 + 1.2), eaves + crown * rng.uniform(0.5, 1.0))
    else:
        _tower(
            mesh,
            float(rng.choice([-1, 1])) * (nave / 2 + 2.2),
            eaves + crown * rng.uniform(1.2, 2.0),
        )
    walls = ("brick", "brick", "sandstone", "stucco")
    return mesh, draw_palette(
        rng, walls, ("slate", "lead", "copper", "glazed"), ("brick", "limestone", "sandstone")
    )


def _gable_front(mesh: Mesh, width, eaves, arched: bool) -> float:
    """The main front with its fanlight; returns the height of its gable."""
    rng, half = mesh.rng, width / 2
    frame = block_frames(-half, half, 0, 2)[0][0]
    rise = half * (0.95 if arched else rng.uniform(0.55, 0.8))
    if arched:
        t = np.linspace(0, np.pi, 25)
        top = np.c_[half + half * np.cos(t), eaves + rise * np.sin(t)]
        ring = np.r_[[(0, 0), (width, 0)], top]
    else:
        ring = np.array([(0, 0), (width, 0), (width, eaves), (half, eaves + rise), (0, eaves)])
    radius = 0.36 * width
    light = outline(
        "round", half, 0.52 * eaves, 2 * radius, 0.48 * eaves + 0.62 * rise + 0.1 * radius, 24
    )
    doors = [
        outline("round", half + k * 0.27 * width, 0.01, 0.19 * width, 0.46 * eaves)
        for k in (-1, 0, 1)
    ]
    mesh.polygon(frame, ring, "wall", [light, *doors])
    mesh.polygon(frame, light, "glass", depth=-0.5)
    mesh.strip(frame, light, 0, -0.5, "trim")
    mesh.moulding(
        frame,
        light,
        outline(
            "round",
            half,
            0.52 * eaves - 0.4,
            2 * radius + 0.8,
            0.48 * eaves + 0.62 * rise + 0.1 * radius + 0.8,
            24,
        ),
        0,
        0.3,
        "trim",
    )
    _fanlight(mesh, frame, light, half, radius)
    for door in doors:
        mesh.strip(frame, door, 0, -0.8, "trim")
        mesh.polygon(frame, door, "door" if rng.random() < 0.5 else "dark", depth=-0.8)
        centre = door.mean(0)
        mesh.moulding(frame, door, centre + (door - centre) * [1.16, 1.08], 0, 0.25, "accent")
    frieze(mesh, frame, 0.4, width - 0.4, 0.47 * eaves - 0.1, 0.32, "mural", 1.1, 0.06)
    edge = ring[2:] if arched else ring[2:5]
    for p, q in itertools.pairwise(edge):
        mesh.beam(frame.at(*p, 0.15), frame.at(*q, 0.15), 0.8, 0.45, "trim")
    apex = eaves + rise
    clock(mesh, frame, half, apex - 0.16 * rise - 0.5, 0.09 * width * 0.6 + 0.4)
    mesh.slab(
        frame,
        0.22 * width,
        0.78 * width,
        0.47 * eaves + 0.35,
        0.47 * eaves + 0.95,
        0.1,
        0.3,
        "frame",
    )
    mesh.panel(
        frame,
        0.23 * width,
        0.77 * width,
        0.47 * eaves + 0.4,
        0.47 * eaves + 0.9,
        picture(mesh, "sign"),
        0.33,
    )
    for x in (0.07, 0.93):
        for y in np.arange(1.0, eaves - 1.2, 1.7):
            mesh.panel(
                frame,
                x * width - 0.5,
                x * width + 0.5,
                y,
                y + 1.2,
                picture(mesh, str(rng.choice(["mural", "relief"]))),
                0.06,
            )
    for x in (0.0, width):
        mesh.slab(frame, x - 0.6, x + 0.6, 0, eaves + 1.2, -0.6, 0.4, "accent")
        pinnacle(mesh, *frame.at(x, eaves + 1.2, 0.0), 0.9, 3.0)
    pinnacle(mesh, *frame.at(half, apex, 0.0), 0.8, 2.4)
    flagpole(mesh, 0, 0.6, apex - 1.2, 6.5)
    return rise


def _fanlight(mesh: Mesh, frame, light, cx, radius) -> None:
    """Iron bars: spokes from the springing, rings, and a coloured field here and there."""
    rng = mesh.rng
    low, high = light[:, 1].min(), light[:, 1].max()
    spring = high - radius
    n = int(rng.integers(7, 14))
    for a in np.pi * np.arange(n + 1) / n:
        tip = frame.at(cx + radius * np.cos(a), spring + radius * np.sin(a), -0.4)
        mesh.beam(frame.at(cx, spring, -0.4), tip, 0.12, 0.16, "frame")
    for share in (0.35, 0.7):
        t = np.linspace(0, np.pi, 20)
        mesh.tube(
            frame.at(cx + share * radius * np.cos(t), spring + share * radius * np.sin(t), -0.4),
            0.09,
            5,
            "frame",
        )
    for x in np.linspace(-radius, radius, n):
        mesh.slab(frame, cx + x - 0.06, cx + x + 0.06, low, spring, -0.5, -0.3, "frame")
    mesh.slab(frame, cx - radius, cx + radius, spring - 0.15, spring + 0.15, -0.5, -0.2, "frame")
    for k in range(n):
        a = np.pi * (k + 0.5) / n
        if rng.random() < 0.45:
            at = (cx + 0.83 * radius * np.cos(a), spring + 0.83 * radius * np.sin(a))
            mesh.polygon(
                frame,
                circle(*at, 0.09 * radius, 14),
                "stained" if rng.random() < 0.5 else picture(mesh, "mural"),
                depth=-0.35,
                fit=True,
            )


def _long_roof(mesh: Mesh, width, eaves, depth, arched: bool) -> None:
    rng, half = mesh.rng, width / 2
    n = 13 if arched else 3
    t = np.linspace(0, np.pi, n)
    rise = 0.88 * half if arched else 0.5 * half
    x, z = half * 0.97 * np.cos(t), eaves + rise * np.sin(t)
    v = np.concatenate([np.c_[x, np.full(n, y), z] for y in (0.4, depth)])
    i = np.arange(n - 1)
    mesh.add(v, np.c_[i, i + n, i + n + 1, i + 1][:, ::-1], "roof")
    for k in (1, 3):
        frame, w = block_frames(-half, half, 0.5, depth)[k]
        mesh.wall(frame, w, eaves, "wall")
    for y in np.arange(5, depth, 5.5):  # a raised lantern along the ridge
        mesh.box(-1.6, 1.6, y, y + 4, eaves + 0.9 * rise, eaves + rise + 1.4, "glass")
        mesh.gable_roof(-1.9, 1.9, y - 0.2, y + 4.2, eaves + rise + 1.4, 0.9, gable="frame")
    if rng.random() < 0.5:
        lantern(mesh, 0, depth * 0.4, eaves + rise + 1.5, 1.8, 6, 8, "frame", "dome")


def _aisle(mesh: Mesh, side, start, width, top, depth, gabled: bool) -> None:
    rng = mesh.rng
    x0, x1 = sorted((side * start, side * (start + width)))
    rows = [(1.0, 0.66 * top, 1.9, str(rng.choice(["round", "segment"])), (4, 5))]
    block(mesh, x0, x1, 1.0, depth, 0, top, "wall", rows, max(2, int(width / 3)), borders=2)
    quoins(mesh, x0, x1, 1.0, depth, 0, top)
    frame, w = block_frames(x0, x1, 1.0, depth)[0]
    frieze(
        mesh, frame, 0.3, w - 0.3, 0.84 * top, 0.8, str(rng.choice(["mural", "relief"])), 1.5, 0.06
    )
    if gabled:
        mesh.gable_roof(x0, x1, 1.0, depth, top, 0.45 * width)
        mesh.polygon(
            frame, circle(w / 2, top + 0.14 * width, 0.1 * width, 20), "stained", depth=0.05
        )
        mesh.moulding(
            frame,
            circle(w / 2, top + 0.14 * width, 0.1 * width, 20),
            circle(w / 2, top + 0.14 * width, 0.13 * width, 20),
            0,
            0.2,
            "trim",
        )
        pinnacle(mesh, (x0 + x1) / 2, 1.2, top + 0.45 * width, 0.7, 2.2)
    else:
        cornice(mesh, x0, x1, 1.0, depth, top - 0.3, reach=0.4, height=0.6)
        mesh.box(x0, x1, 1.0, depth, top, top + 0.3, "roof")
    sign(mesh, frame, 0.2 * w, 0.8 * w, 0.7 * top + 0.3, 0.7 * top + 0.8)
    _awnings(mesh, frame, w)


def _wing(mesh: Mesh, side, start, width, top) -> None:
    rng = mesh.rng
    x0, x1 = sorted((side * start, side * (start + width)))
    rows = [
        (0.9, 0.36 * top, 1.7, "segment", (3, 3)),
        (0.55 * top, 0.3 * top, 1.4, str(rng.choice(["round", "rect", "pointed"])), (2, 3)),
    ]
    block(mesh, x0, x1, 0.8, 14, 0, top, "wall", rows, int(width / 2.8), borders=2, shutters=0.2)
    quoins(mesh, x0, x1, 0.8, 14, 0, top)
    frame, w = block_frames(x0, x1, 0.8, 14)[0]
    for x in np.linspace(0.14, 0.86, 4):
        if rng.random() < 0.6:
            coat_of_arms(mesh, frame, x * w, 0.44 * top, 0.8)
    band(mesh, frame, 0, w, 0.5 * top, 0.3, 0.25)
    cornice(mesh, x0, x1, 0.8, 14, top - 0.4, reach=0.5, height=0.8)
    mesh.hip_roof(x0, x1, 0.8, 14, top + 0.3, rng.uniform(3, 5))
    _awnings(mesh, frame, w)


def _awnings(mesh: Mesh, frame, width) -> None:
    rng, n = mesh.rng, max(2, int(width / 3))
    for k in range(n):
        if rng.random() < 0.6:
            a, b = width * k / n + 0.3, width * (k + 1) / n - 0.3
            edge = frame.at([a, b, b, a], [3.2, 3.2, 2.4, 2.4], [0.1, 0.1, 1.8, 1.8])
            surface = picture(mesh, "banner")
            mesh.add(edge, [[3, 2, 1, 0]], surface, [[(0, 0), (1, 0), (1, 1), (0, 1)]])


def _turret(mesh: Mesh, x, height) -> None:
    rng = mesh.rng
    mesh.boxes([x, 0.6, height / 2], [2.4, 2.4, height], "wall")
    for frame, w in block_frames(x - 1.2, x + 1.2, -0.6, 1.8):
        for y in np.arange(2.0, height - 2, 3.2):
            if rng.random() < 0.6:
                window(mesh, frame, w / 2, y, 0.7, 1.8, "round", depth=-0.04, panes=(1, 2))
            else:
                mesh.panel(frame, 0.3, w - 0.3, y, y + 1.6, picture(mesh, "mural"), 0.05)
    cornice(mesh, x - 1.2, x + 1.2, -0.6, 1.8, height - 0.3, reach=0.35, height=0.5)
    for dx in (-1, 1):
        for y in (-0.5, 1.7):
            column(mesh, x + dx, y, height + 0.2, 2.2, 0.18, n=8, flute=0)
    mesh.boxes([x, 0.6, height + 2.5], [2.8, 2.8, 0.3], "trim")
    spire(
        mesh,
        x,
        0.6,
        height + 2.6,
        1.5,
        rng.uniform(3, 6),
        int(rng.choice([4, 8])),
        ribs=False,
        finial="ball",
    )


def _tower(mesh: Mesh, x, height) -> None:
    rng, half = mesh.rng, 2.8
    rows = [
        (s * height, 2.2, 1.0, str(rng.choice(["round", "segment", "rect"])), (2, 3))
        for s in (0.2, 0.42, 0.62)
    ]
    block(mesh, x - half, x + half, -1.2, 4.4, 0, height, "accent", rows, 2, borders=2)
    for frame, w in block_frames(x - half, x + half, -1.2, 4.4):
        clock(mesh, frame, w / 2, 0.87 * height, 1.35, 9.6)
        frieze(mesh, frame, 0.3, w - 0.3, 0.76 * height, 0.9, "mural", 1.2, 0.05)
    quoins(mesh, x - half, x + half, -1.2, 4.4, 0, height)
    cornice(mesh, x - half, x + half, -1.2, 4.4, height - 0.3, reach=0.5, height=0.8)
    spire(
        mesh, x, 1.6, height + 0.5, 3.4, rng.uniform(5, 9), int(rng.choice([4, 8])), finial="vane"
    )
