"""Monuments: columns with a statue, obelisks, riders on plinths, memorial halls."""

import numpy as np

from ..elements import (
    around,
    balustrade,
    coat_of_arms,
    column,
    cornice,
    dome,
    frieze,
    niche,
    pediment,
    picture,
    statue,
    steps,
)
from ..mesh import TAU, Mesh, block_frames
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A monument 14 to 46 m high on a stepped base with figures around it."""
    mesh = Mesh(rng)
    form = str(rng.choice(["column", "obelisk", "rider", "pavilion"]))
    base = rng.uniform(11, 15)
    rise = rng.uniform(1.2, 2.6)
    y = base / 2
    steps(mesh, -base / 2, base / 2, 0, base, rise, int(rng.integers(4, 8)), 0.45, "base")
    {"column": _column, "obelisk": _obelisk, "rider": _rider, "pavilion": _pavilion}[form](
        mesh, y, rise, base
    )
    _corners(mesh, y, rise, base)
    palette = draw_palette(rng, ("granite", "marble", "limestone", "sandstone"), ("copper", "lead"))
    return mesh, palette


def _plinth(mesh: Mesh, y, z, width, height) -> float:
    """A pedestal with a relief on every side; returns its top."""
    half = width / 2
    mesh.boxes([0, y, z + 0.4], [1.25 * width, 1.25 * width, 0.8], "base")
    mesh.box(-half, half, y - half, y + half, z + 0.8, z + height, "wall")
    for frame, w in block_frames(-half, half, y - half, y + half, z + 0.8):
        tall = height - 0.8
        mesh.panel(
            frame, 0.12 * w, 0.88 * w, 0.14 * tall, 0.66 * tall, picture(mesh, "relief"), 0.08
        )
        if mesh.rng.random() < 0.5:
            mesh.panel(
                frame, 0.2 * w, 0.8 * w, 0.72 * tall, 0.88 * tall, picture(mesh, "sign"), 0.05
            )
        else:
            coat_of_arms(mesh, frame, w / 2, 0.69 * tall, 0.2 * tall)
    cornice(mesh, -half, half, y - half, y + half, z + height - 0.3, reach=0.5, height=0.8)
    return z + height + 0.5


def _column(mesh: Mesh, y, z, base) -> None:
    rng = mesh.rng
    z = _plinth(mesh, y, z, 0.45 * base, rng.uniform(4, 7))
    height, radius = rng.uniform(16, 30), rng.uniform(1.5, 2.3)
    mesh.lathe(
        [(1.4 * radius, 0), (1.4 * radius, 0.5), (1.15 * radius, 1.0)], (0, y, z), 32, "trim"
    )
    choice = str(rng.choice(["spiral", "bands", "fluted"]))
    low, high = z + 1.0, z + height - 2.0
    mesh.lathe(
        [(radius, low), (0.86 * radius, high)],
        (0, y, 0),
        36,
        "wall",
        smooth=choice != "fluted",
        flute=0.07 if choice == "fluted" else 0,
    )
    if choice != "fluted":
        _reliefs(mesh, y, low, high, radius, spiral=choice == "spiral")
    for k in range(int(rng.integers(1, 4))):  # trophies on the shaft
        at = low + (high - low) * rng.uniform(0.2, 0.9)
        mesh.lathe(
            [(1.0, 0), (1.14, 0.15), (1.14, 0.45), (1.0, 0.6)] * np.array([radius, 1]),
            (0, y, at),
            36,
            "gold" if k else "trim",
            smooth=False,
        )
    top = z + height
    mesh.lathe(
        [(0.86 * radius, 0), (radius, 0.5), (1.5 * radius, 1.6), (1.5 * radius, 2.0)],
        (0, y, top - 2.0),
        32,
        "trim",
    )
    mesh.boxes([0, y, top + 0.2], [3.4 * radius, 3.4 * radius, 0.4], "trim")
    balustrade(
        mesh,
        -1.6 * radius,
        1.6 * radius,
        y - 1.6 * radius,
        y + 1.6 * radius,
        top + 0.4,
        "metal",
        0.9,
    )
    mesh.cylinder((0, y, top + 0.4), 0.7 * radius, 1.6, 20, "trim")
    statue(mesh, 0, y, top + 2.0, rng.uniform(3.6, 5.5), str(rng.choice(["gold", "rib", "trim"])))


def _reliefs(mesh: Mesh, y, low, high, radius, spiral: bool) -> None:
    """Carved scenes wound round the shaft."""
    turns, tall = 8 if spiral else 6, (high - low) / 8.5
    n = 10
    for turn in range(turns):
        for k in range(n):
            a = TAU * k / n
            z = low + tall * (turn + (k / n if spiral else 0.15)) + 0.1
            if z + 0.86 * tall > high:
                continue
            share = (z - low) / (high - low)
            r = radius * (1 - 0.14 * share) + 0.05
            t = np.linspace(a, a + TAU / n, 4)
            lift = np.linspace(0, tall / n if spiral else 0.0, 4)
            bottom = np.c_[r * np.cos(t), y + r * np.sin(t), z + lift]
            top = bottom + [0, 0, 0.84 * tall]
            i = np.arange(3)
            u = np.linspace(0, 1, 4)
            uv = np.stack(
                [
                    np.c_[u[:-1], np.zeros(3)],
                    np.c_[u[1:], np.zeros(3)],
                    np.c_[u[1:], np.ones(3)],
                    np.c_[u[:-1], np.ones(3)],
                ],
                1,
            )
            mesh.add(np.r_[bottom, top], np.c_[i, i + 1, i + 5, i + 4], picture(mesh, "relief"), uv)


def _obelisk(mesh: Mesh, y, z, base) -> None:
    rng = mesh.rng
    width = rng.uniform(0.36, 0.5) * base
    z = _plinth(mesh, y, z, width, rng.uniform(4, 6.5))
    height, w = rng.uniform(14, 28), 0.62 * width
    mesh.boxes([0, y, z + height / 2], [w, w, height], "wall", taper=0.7)
    mesh.cone(
        (0, y, z + height),
        0.7 * w * 0.707,
        0.9 * w,
        4,
        "gold" if rng.random() < 0.5 else "wall",
        start=np.pi / 4,
    )
    n = int(height / 1.7)
    for frame, full in block_frames(-w / 2, w / 2, y - w / 2, y + w / 2, z):
        for k in range(n):  # carved fields up the tapering sides
            y0, y1 = height * k / n + 0.12, height * (k + 1) / n - 0.12
            inset = 0.15 * full * (y0 + y1) / 2 / height
            if rng.random() < 0.75:
                mesh.panel(
                    frame,
                    0.14 * full + inset,
                    0.86 * full - inset,
                    y0,
                    y1,
                    picture(mesh, "relief"),
                    0.04 - 0.15 * full * y0 / height,
                )
    for side in (-1, 1):
        statue(
            mesh, side * (0.5 * width + 0.7), y - 0.4 * width, z - 0.5, rng.uniform(2.4, 3.6), "rib"
        )


def _rider(mesh: Mesh, y, z, base) -> None:
    rng = mesh.rng
    width, length, height = rng.uniform(3.6, 4.6), rng.uniform(6, 7.5), rng.uniform(5, 8)
    turn = rng.choice([0.0, np.pi / 2]) if rng.random() < 0.7 else np.pi / 4
    group = Mesh(rng)
    group.boxes([0, 0, 0.4], [1.3 * width, 1.25 * length, 0.8], "base")
    group.box(-width / 2, width / 2, -length / 2, length / 2, 0.8, height, "wall")
    for frame, w in block_frames(-width / 2, width / 2, -length / 2, length / 2, 0.8):
        frieze(group, frame, 0.3, w - 0.3, 0.18 * height, 0.4 * height, panel=2.4, depth=0.08)
        group.panel(
            frame, 0.25 * w, 0.75 * w, 0.68 * height, 0.8 * height, picture(group, "sign"), 0.05
        )
    cornice(
        group, -width / 2, width / 2, -length / 2, length / 2, height - 0.2, reach=0.4, height=0.6
    )
    _horse_and_rider(group, height + 0.4, rng.uniform(4.2, 5.6))
    mesh.merge(group, (0, y, z), turn)


def _horse_and_rider(mesh: Mesh, z, size) -> None:
    """A horse that faces -Y with its rider; `size` is the horse's height at the withers."""
    rng, s = mesh.rng, size / 2.0
    rears = rng.random() < 0.35
    pitch = 0.75 if rears else 0.0
    c, n = np.cos(pitch), np.sin(pitch)

    def at(x, y, h):  # turned about the hind hooves when the horse rears
        y = y - 0.9
        return np.array([x * s, (0.9 + y * c + h * n * 0.5) * s, z + (h * c - y * n) * s])

    mesh.tube(
        [at(0, 1.0, 1.35), at(0, 0.4, 1.45), at(0, -0.4, 1.4), at(0, -0.75, 1.55)],
        np.array([0.3, 0.38, 0.38, 0.3]) * s,
        12,
        "rib",
    )
    mesh.tube(
        [at(0, -0.7, 1.6), at(0, -1.05, 2.15), at(0, -1.2, 2.3)],
        np.array([0.3, 0.2, 0.16]) * s,
        10,
        "rib",
    )
    mesh.tube([at(0, -1.15, 2.32), at(0, -1.6, 2.0)], np.array([0.17, 0.09]) * s, 8, "rib")
    for side in (-1, 1):
        for y0, front in ((0.85, False), (-0.65, True)):
            lift = rng.uniform(0.3, 0.7) if front and (rears or side > 0) else 0.0
            hip, knee = (
                at(side * 0.22, y0, 1.2),
                at(side * 0.22, y0 - 0.1 - lift, 0.65 + 0.4 * lift),
            )
            hoof = at(side * 0.22, y0 + 0.05 - 0.3 * lift, 0.05 + 0.6 * lift)
            if not front or not rears:
                hoof[2] = max(z + 0.05, hoof[2]) if lift else z + 0.05
            mesh.tube([hip, knee, hoof], np.array([0.16, 0.09, 0.08]) * s, 7, "rib")
    mesh.tube(
        [at(0, 1.15, 1.5), at(0, 1.5, 1.2), at(0, 1.55, 0.5)],
        np.array([0.1, 0.12, 0.03]) * s,
        6,
        "rib",
    )
    rider = Mesh(rng)
    statue(rider, 0, 0, 0, 1.75 * s, "rib")
    mesh.merge(rider, at(0, -0.05, 1.25))


def _pavilion(mesh: Mesh, y, z, base) -> None:
    """A little temple over a figure."""
    rng = mesh.rng
    height, radius = rng.uniform(7, 11), 0.36 * base
    if rng.random() < 0.5:
        n = int(rng.choice([6, 8, 10]))
        for a in TAU * (np.arange(n) + 0.5) / n:
            column(mesh, radius * np.cos(a), y + radius * np.sin(a), z, height, 0.42)
        ring = [
            (radius - 0.6, 0),
            (radius + 0.7, 0),
            (radius + 0.7, 1.4),
            (radius + 1.1, 1.7),
            (radius, 1.9),
        ]
        mesh.lathe(ring, (0, y, z + height), 48, "trim", smooth=False)
        for frame in around(0, y, z + height + 0.35, radius + 0.72, 2 * n):
            mesh.panel(frame, -0.55, 0.55, 0, 0.9, picture(mesh, "relief"), 0.04)
        top = dome(
            mesh, 0, y, z + height + 1.8, radius + 0.4, rng.uniform(0.7, 1.2), ribs=n, opening=0.03
        )
        statue(mesh, 0, y, top - 0.1, 3.2, "gold")
    else:
        half = radius
        for x in (-half, half):
            for yy in (y - half, y + half):
                mesh.boxes([x, yy, z + height / 2], [1.6, 1.6, height], "wall")
                frame = block_frames(x - 0.8, x + 0.8, yy - 0.8, yy + 0.8, z)[0][0]
                niche(mesh, frame, 0.8, 1.4, 0.9, 2.4)
                frieze(mesh, frame, 0.1, 1.5, 0.6 * height, 0.16 * height, panel=1.5)
        mesh.box(
            -half - 1, half + 1, y - half - 1, y + half + 1, z + height, z + height + 1.5, "trim"
        )
        frame, w = block_frames(-half - 1, half + 1, y - half - 1, y + half + 1, z + height)[0]
        frieze(mesh, frame, 0.3, w - 0.3, 0.3, 0.9, panel=1.6, depth=0.04)
        pediment(mesh, frame.moved(y=1.5, d=0.3), w / 2, 0, w, 0.26 * w)
        mesh.gable_roof(
            -half - 1,
            half + 1,
            y - half - 1,
            y + half + 1,
            z + height + 1.5,
            0.26 * w,
            gable="trim",
        )
    mesh.boxes([0, y, z + 0.8], [2, 2, 1.6], "base")
    statue(mesh, 0, y, z + 1.6, 0.42 * height, str(rng.choice(["rib", "gold"])))


def _corners(mesh: Mesh, y, z, base) -> None:
    """Lions, urns or allegories at the corners of the steps."""
    rng, half = mesh.rng, base / 2 - 1.0
    kind = str(rng.choice(["lions", "urns", "figures"]))
    for sx in (-1, 1):
        for yy in (y - half, y + half):
            mesh.boxes([sx * half, yy, z + 0.7], [1.6, 2.2, 1.4], "base")
            if kind == "lions":
                _lion(mesh, sx * half, yy, z + 1.4)
            elif kind == "urns":
                urn = [
                    (0.35, 0),
                    (0.25, 0.3),
                    (0.7, 1.0),
                    (0.75, 1.4),
                    (0.55, 1.6),
                    (0.7, 1.75),
                    (0.1, 1.8),
                ]
                mesh.lathe(
                    np.array(urn) * rng.uniform(0.8, 1.2), (sx * half, yy, z + 1.4), 16, "trim"
                )
            else:
                statue(
                    mesh,
                    sx * half,
                    yy,
                    z + 1.4,
                    rng.uniform(2.0, 3.0),
                    str(rng.choice(["trim", "rib"])),
                )


def _lion(mesh: Mesh, x, y, z) -> None:
    mesh.tube(
        [(x, y + 0.9, z + 0.45), (x, y, z + 0.55), (x, y - 0.6, z + 0.75)],
        [0.4, 0.42, 0.4],
        10,
        "trim",
    )
    mesh.sphere((x, y - 0.8, z + 1.15), 0.45, "trim", 12, 1.1)
    mesh.sphere((x, y - 1.15, z + 1.1), 0.24, "trim", 10)
    for side in (-1, 1):
        mesh.tube(
            [(x + side * 0.3, y - 0.5, z + 0.5), (x + side * 0.3, y - 1.2, z + 0.14)],
            [0.16, 0.13],
            7,
            "trim",
        )
