"""Theatres and opera houses: a loggia or columns, arched windows with lamps, a crown of statues."""

import numpy as np

from ..elements import (
    arcade,
    balustrade,
    band,
    banner,
    block,
    coat_of_arms,
    column,
    cornice,
    dome,
    facade,
    frieze,
    lantern,
    niche,
    pediment,
    picture,
    sign,
    statue,
    steps,
    window,
)
from ..mesh import TAU, Mesh, block_frames, frame_at
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """An opera house, a round-fronted theatre, or the columned stage wall of an ancient one."""
    mesh = Mesh(rng)
    form = str(rng.choice(["opera", "round", "ancient"], p=[0.5, 0.3, 0.2]))
    {"opera": _opera, "round": _round, "ancient": _ancient}[form](mesh)
    walls = {
        "opera": ("limestone", "sandstone", "stucco", "marble"),
        "round": ("stucco", "sandstone", "brick"),
        "ancient": ("sandstone", "limestone", "marble"),
    }
    return mesh, draw_palette(rng, walls[form], ("copper", "lead", "slate", "tile"))


def _opera(mesh: Mesh) -> None:
    rng = mesh.rng
    width, depth, ground, main = (
        rng.uniform(28, 42),
        rng.uniform(24, 32),
        rng.uniform(4.5, 6),
        rng.uniform(7.5, 10),
    )
    half, top = width / 2, ground + main + rng.uniform(2.2, 4)
    bays = int(rng.choice([5, 7, 9]))
    steps(mesh, -half * 0.8, half * 0.8, -1.5, 2, 0.8, 4)
    for k, (frame, w) in enumerate(block_frames(-half, half, 0, depth)):
        n = max(2, round(bays * w / width))
        rows = [
            (1.0, 0.66 * ground, 1.5, "round", (2, 3)),
            (ground + 1.2, 0.6 * main, 1.8, "round", (3, 4)),
            (ground + main + 0.3, 1.2, 1.2, "rect", (2, 1)),
        ]
        if k == 0:
            rows = rows[2:]
        facade(mesh, frame, w, top, "wall", rows, n, ground + main if k == 0 else 0.0, borders=2)
    front = block_frames(-half, half, 0, depth)[0][0]
    mesh.polygon(
        front,
        [(0, 0), (width, 0), (width, ground + main), (0, ground + main)],
        "accent",
        depth=-2.4,
    )
    kind = str(rng.choice(["round", "segment", "rect"]))
    arcade(mesh, front, width, 0, 0.82 * ground, bays, kind, 0.8, 0.34, "wall", ground)
    _loggia(mesh, front, width, ground, main, bays)
    _posters(mesh, front, width, ground, bays)
    frieze(mesh, front, 0.3, width - 0.3, ground + main + 1.7, 0.8, panel=rng.uniform(1.4, 2.6))
    cornice(mesh, -half, half, 0, depth, top - 0.6, reach=0.8, height=1.2)
    _opera_crown(mesh, width, depth, top)


def _loggia(mesh: Mesh, front, width, z, tall, bays) -> None:
    """The open upper storey, its columns single or in pairs, a lamp in every bay."""
    rng, paired = mesh.rng, mesh.rng.random() < 0.6
    order = str(rng.choice(["ionic", "corinthian"]))
    for b in range(bays + 1):
        x = width * b / bays
        for dx in (-0.45, 0.45) if paired and 0 < b < bays else (0.0,):
            at = front.at(np.clip(x + dx, 0.5, width - 0.5), 0, -0.3)
            column(mesh, at[0], at[1], z + 0.9, tall - 1.2, 0.36, order=order)
    back = front.moved(d=-2.38)
    for b in range(bays):
        cx = width * (b + 0.5) / bays
        window(
            mesh,
            back,
            cx,
            z + 0.9,
            0.5 * width / bays,
            0.55 * tall,
            "round",
            depth=-0.05,
            panes=(3, 4),
        )
        choice = rng.random()
        if choice < 0.5:
            mesh.panel(
                back,
                cx - 0.8,
                cx + 0.8,
                z + 0.72 * tall,
                z + 0.88 * tall,
                picture(mesh, "relief"),
                0.08,
            )
        elif choice < 0.8:
            coat_of_arms(mesh, back, cx, z + 0.7 * tall, 1.1)
        mesh.sphere(front.at(cx, z + 0.66 * tall, -1.2), 0.28, "clockface", 10)
        mesh.tube(
            [front.at(cx, z + 0.7 * tall, -1.2), front.at(cx, z + tall - 0.4, -1.2)],
            0.04,
            5,
            "metal",
        )
    mesh.slab(front, 0, width, z - 0.35, z + 0.15, -2.4, 0.25, "trim")
    for b in range(bays):
        x0, x1 = width * b / bays + 0.6, width * (b + 1) / bays - 0.6
        n = max(3, int((x1 - x0) / 0.35))
        xs = np.linspace(x0, x1, n)
        mesh.boxes(front.at(xs, np.full(n, z + 0.5), 0.0), [0.16, 0.16, 0.8], "trim")
        mesh.slab(front, x0 - 0.2, x1 + 0.2, z + 0.85, z + 1.0, -0.2, 0.2, "trim")
    mesh.slab(front, 0, width, z + tall - 0.4, z + tall + 0.2, -2.4, 0.3, "trim")


def _posters(mesh: Mesh, front, width, ground, bays) -> None:
    rng = mesh.rng
    for b in range(bays):
        x = width * (b + 0.5) / bays
        mesh.slab(front, x - 0.8, x + 0.8, 0, 0.62 * ground, -2.38, -2.25, "door")
        if b and rng.random() < 0.4:
            x = width * b / bays
            mesh.panel(front, x - 0.45, x + 0.45, 1.2, 2.8, picture(mesh, "banner"), 0.06)
    if rng.random() < 0.7:
        for x in (0.03, 0.97):
            banner(mesh, front, x * width, 2.4 * ground, 1.3, 1.2 * ground, 0.8)
    x = width * rng.uniform(0.3, 0.5)
    sign(mesh, front, x, x + min(8.0, 0.3 * width), ground - 1.0, ground - 0.4, 0.3)


def _opera_crown(mesh: Mesh, width, depth, top) -> None:
    rng, half = mesh.rng, width / 2
    front = block_frames(-half, half, 0, depth)[0][0]
    crown = str(rng.choice(["pediment", "attic", "groups"]))
    if crown == "pediment":
        w = rng.uniform(0.4, 0.9) * width
        pediment(mesh, front.moved(y=top + 0.5, d=0.4), half, 0, w, 0.17 * w)
        statue(mesh, 0, -0.2, top + 0.7 + 0.17 * w, 3.2, "gold")
    elif crown == "attic":
        mesh.box(-half + 0.5, half - 0.5, 0.4, 6, top, top + 3.2, "wall")
        frieze(mesh, front.moved(d=-0.4), 1.0, width - 1.0, top + 0.9, 1.6, panel=rng.uniform(2, 3))
        for x in np.linspace(-half + 1.2, half - 1.2, int(rng.integers(6, 10))):
            statue(mesh, x, 0.7, top + 3.2, rng.uniform(1.8, 2.6))
    else:
        balustrade(mesh, -half, half, 0, depth, top + 0.5, height=1.1)
        for x in (-half + 1.6, half - 1.6):
            mesh.boxes([x, 1.2, top + 1.2], [3.0, 2.4, 2.0], "trim")
            for dx in (-0.8, 0.1, 0.9):
                statue(mesh, x + dx, 1.0, top + 2.2, rng.uniform(2.2, 3.4), "gold")
    body = str(rng.choice(["dome", "flytower", "hip"]))
    if body == "dome":
        r = 0.3 * width
        mesh.lathe(
            [(r, 0), (r, 3.5), (1.08 * r, 3.8), (1.08 * r, 4.3)],
            (0, 0.45 * depth, top),
            48,
            "wall",
            smooth=False,
        )
        z = dome(mesh, 0, 0.45 * depth, top + 4.3, r, rng.uniform(0.45, 0.8), ribs=16)
        lantern(mesh, 0, 0.45 * depth, z, 0.14 * r, 4.0)
        mesh.box(-0.32 * width, 0.32 * width, 0.68 * depth, depth, top, top + 6, "wall")
        mesh.gable_roof(-0.32 * width, 0.32 * width, 0.68 * depth, depth, top + 6, 4.0, along="x")
    else:
        mesh.hip_roof(-half, half, 0, depth, top + 0.4, rng.uniform(3, 5.5))
        if body == "flytower":
            mesh.box(-0.3 * width, 0.3 * width, 0.4 * depth, depth, top, top + 9, "wall")
            pediment(
                mesh,
                block_frames(-0.3 * width, 0.3 * width, 0.4 * depth, depth, top + 9)[0][0],
                0.3 * width,
                0,
                0.6 * width,
                0.12 * width,
            )
            mesh.gable_roof(-0.3 * width, 0.3 * width, 0.4 * depth, depth, top + 9, 0.12 * width)


def _round(mesh: Mesh) -> None:
    """A front that curves out in storeys of arches."""
    rng = mesh.rng
    radius, storeys, storey = rng.uniform(13, 18), int(rng.integers(2, 4)), rng.uniform(5, 6.5)
    y, arc = radius * 0.9, 2.6
    n = int(rng.integers(9, 15))
    angles = -np.pi / 2 + np.linspace(-arc / 2, arc / 2, n + 1)
    half = radius * np.tan(arc / n / 2)
    for k in range(storeys):
        z = k * storey
        kind = str(rng.choice(["round", "round", "segment"]))
        for a in (angles[:-1] + angles[1:]) / 2:
            frame = frame_at((radius * np.cos(a), y + radius * np.sin(a), z), a)
            hole = window(
                mesh,
                frame,
                0,
                0.9 if k else 0.2,
                1.15 * half,
                0.62 * storey,
                kind,
                depth=0.7,
                panes=(3, 4),
                borders=2,
            )
            ring = [(-half, 0), (half, 0), (half, storey), (-half, storey)]
            mesh.polygon(frame, ring, "wall", [np.c_[hole[:, 0], np.maximum(hole[:, 1], 0.01)]])
            if rng.random() < 0.5:
                mesh.panel(
                    frame,
                    -0.7 * half,
                    0.7 * half,
                    0.8 * storey,
                    0.92 * storey,
                    picture(mesh, "relief"),
                    0.08,
                )
            band(mesh, frame, -half, half, storey - 0.35, 0.35, 0.4)
        for a in angles:
            column(
                mesh,
                (radius + 0.35) * np.cos(a),
                y + (radius + 0.35) * np.sin(a),
                z,
                storey - 0.35,
                0.34,
                n=12,
                flute=0,
                order="ionic" if k else "doric",
            )
    top = storeys * storey
    mesh.lathe(
        [
            (radius, 0),
            (radius + 0.9, 0.4),
            (radius + 0.9, 0.9),
            (radius - 0.3, 1.0),
            (radius - 0.3, 2.6),
            (0.55 * radius, 3.6),
        ],
        (0, y, top),
        64,
        "trim",
        smooth=False,
    )
    for a in angles:
        if rng.random() < 0.8:
            statue(
                mesh,
                (radius + 0.1) * np.cos(a),
                y + (radius + 0.1) * np.sin(a),
                top + 1.0,
                rng.uniform(2.0, 2.8),
                facing=a,
            )
    mesh.cone(
        (0, y, top + 2.4),
        0.98 * radius,
        rng.uniform(3, 6),
        64,
        "roof",
        smooth=True,
        top=0.4 * radius,
    )
    for side in (-1, 1):
        x0, x1 = sorted((side * radius * 0.92, side * (radius + rng.uniform(6, 9))))
        rows = [(k * storey + 1.0, 0.5 * storey, 1.3, "round", (2, 3)) for k in range(storeys)]
        block(mesh, x0, x1, y - 4, y + 9, 0, top, "wall", rows, 2)
        cornice(mesh, x0, x1, y - 4, y + 9, top - 0.4, reach=0.6, height=0.9)
        mesh.hip_roof(x0, x1, y - 4, y + 9, top + 0.4, 3.5)
        frame, w = block_frames(x0, x1, y - 4, y + 9)[0]
        banner(mesh, frame, w / 2, top - 1.2, 1.6, 0.5 * top, 0.6)
        niche(mesh, frame, w / 2, 1.0, 1.2, 2.8)
    mesh.box(-0.6 * radius, 0.6 * radius, y, y + 16, 0, top + 9, "wall")
    mesh.gable_roof(-0.6 * radius, 0.6 * radius, y, y + 16, top + 9, 4.5)


def _ancient(mesh: Mesh) -> None:
    """The scaenae frons of a Roman theatre: storeys of columns and niches, half of them fallen."""
    rng = mesh.rng
    width, storeys = rng.uniform(30, 44), int(rng.integers(2, 4))
    bays = int(width / rng.uniform(3.6, 5.0))
    mesh.box(-width / 2 - 1, width / 2 + 1, -3.5, 4, 0, 1.6, "base")
    frame = block_frames(-width / 2 - 1, width / 2 + 1, -3.5, 4)[0][0]
    frieze(mesh, frame, 0.4, width + 1.6, 0.35, 0.9, panel=2.0, depth=0.05)
    z, left, right = 1.6, 0, bays
    for k in range(storeys):
        tall = rng.uniform(6, 7.5) * 0.92**k
        if k:
            left, right = (
                left + int(rng.integers(0, max(2, bays // 4))),
                right - int(rng.integers(0, max(2, bays // 4))),
            )
        x0, x1 = width * (left / bays - 0.5), width * (right / bays - 0.5)
        mesh.box(x0, x1, 1.5, 3.2, z, z + tall, "wall")
        wall = block_frames(x0, x1, 1.5, 3.2, z)[0][0]
        _stage_wall(mesh, wall, x1 - x0, right - left, tall)
        for b in range(right - left + 1):
            x = x0 + (x1 - x0) * b / (right - left)
            if rng.random() < 0.82:
                column(mesh, x, -0.6, z, tall - 1.3, 0.42, order="corinthian")
                mesh.boxes([x, 0.3, z + tall - 0.65], [1.5, 2.6, 1.3], "trim")
        runs = np.flatnonzero(rng.random(right - left) < 0.7)
        for b in runs:
            a0, a1 = x0 + (x1 - x0) * b / (right - left), x0 + (x1 - x0) * (b + 1) / (right - left)
            mesh.box(a0, a1, -1.2, 1.5, z + tall - 1.3, z + tall, "trim")
            entablature = block_frames(a0, a1, -1.2, 1.5, z + tall - 1.3)[0][0]
            mesh.panel(entablature, 0.2, a1 - a0 - 0.2, 0.35, 1.0, picture(mesh, "relief"), 0.05)
        z += tall
    for _ in range(14):
        mesh.boxes(
            [rng.uniform(-0.5, 0.5) * width, rng.uniform(-8, -4), 0.4],
            rng.uniform(0.5, 1.6, 3),
            "wall",
            turn=rng.uniform(0, TAU),
        )


def _stage_wall(mesh: Mesh, frame, width, bays, tall) -> None:
    rng = mesh.rng
    for b in range(bays):
        x, choice = width * (b + 0.5) / bays, rng.random()
        if choice < 0.45:
            niche(mesh, frame, x, 0.8, 1.4, 0.6 * tall)
        elif choice < 0.75:
            mesh.slab(frame, x - 0.9, x + 0.9, 0.3, 0.62 * tall, 0, 0.15, "trim")
            mesh.panel(frame, x - 0.7, x + 0.7, 0.3, 0.58 * tall, "dark", 0.17)
        else:
            mesh.panel(frame, x - 1.1, x + 1.1, 1.0, 0.6 * tall, picture(mesh, "relief"), 0.08)
