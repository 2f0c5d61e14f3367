"""Palaces and town halls: wide fronts in storeys, with pavilions, balconies, statues, a belfry."""

import numpy as np

from ..elements import (
    arcade,
    balustrade,
    band,
    banner,
    block,
    chimney,
    clock,
    coat_of_arms,
    column,
    cornice,
    dome,
    dormer,
    facade,
    flagpole,
    frieze,
    lantern,
    niche,
    pediment,
    pinnacle,
    portal,
    quoins,
    sign,
    spire,
    statue,
    window,
)
from ..mesh import Mesh, block_frames
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A renaissance, baroque or gothic-revival front 36 to 56 m wide."""
    mesh = Mesh(rng)
    manner = str(rng.choice(["renaissance", "baroque", "gothic"]))
    width, depth = rng.uniform(34, 52), rng.uniform(13, 18)
    storeys = int(rng.choice([2, 3, 4], p=[0.3, 0.5, 0.2]))
    storey = rng.uniform(4.4, 5.6)
    top = storeys * storey + 0.8
    _front(mesh, width, depth, storeys, storey, top, manner)
    centre = rng.uniform(0.2, 0.32) * width
    _risalit(mesh, centre, top * rng.uniform(1.0, 1.15), storeys, storey, manner)
    if rng.random() < 0.65:
        for side in (-1, 1):
            _pavilion(
                mesh,
                side * (width / 2 - 2.6),
                rng.uniform(6.5, 8.5),
                depth,
                top,
                storeys,
                storey,
                manner,
            )
    _roof(mesh, width, depth, top, manner)
    ending = str(rng.choice(["belfry", "dome", "none"], p=[0.45, 0.25, 0.3]))
    if ending == "belfry" or manner == "gothic":
        _belfry(
            mesh, rng.choice([0.0, 0.0, rng.uniform(-0.3, 0.3)]) * width, depth * 0.4, top, manner
        )
    elif ending == "dome":
        radius = rng.uniform(4.0, 6.0)
        mesh.cylinder((0, depth / 2, top), radius * 1.05, 5.0, 8, "trim", smooth=False)
        z = dome(mesh, 0, depth / 2, top + 5.0, radius, rng.uniform(0.9, 1.4), ribs=8)
        lantern(mesh, 0, depth / 2, z, 0.2 * radius, 4.5)
    walls = {
        "renaissance": ("limestone", "sandstone", "stucco"),
        "baroque": ("stucco", "sandstone", "marble"),
        "gothic": ("brick", "sandstone", "limestone"),
    }
    return mesh, draw_palette(rng, walls[manner], ("slate", "tile", "copper", "lead"))


def _rows(mesh: Mesh, storeys, storey, manner):
    kinds = {
        "renaissance": ["rect", "round", "rect"],
        "baroque": ["segment", "rect", "round"],
        "gothic": ["pointed", "rect", "pointed"],
    }[manner]
    rows = []
    for k in range(storeys):
        kind = kinds[int(mesh.rng.integers(3))]
        rows.append((k * storey + 1.3, storey * mesh.rng.uniform(0.5, 0.6), 1.4, kind, (2, 3)))
    return rows


def _front(mesh: Mesh, width, depth, storeys, storey, top, manner) -> None:
    rng, bays = mesh.rng, int(width / mesh.rng.uniform(3.2, 4.4))
    rows = _rows(mesh, storeys, storey, manner)
    borders = int(rng.integers(1, 3))
    arched = rng.random() < 0.35
    for k, (frame, w) in enumerate(block_frames(-width / 2, width / 2, 0, depth)):
        n = max(1, round(bays * w / width))
        if k == 0 and arched:
            facade(mesh, frame, w, top, "wall", rows[1:], n, storey, borders=borders)
            mesh.polygon(frame, [(0, 0), (w, 0), (w, storey), (0, storey)], "accent", depth=-2.6)
            arcade(
                mesh,
                frame,
                w,
                0,
                0.8 * storey,
                n,
                "round" if manner != "gothic" else "pointed",
                0.7,
                0.3,
                "wall",
                storey,
            )
        else:
            facade(mesh, frame, w, top, "wall", rows, n, borders=borders)
        for b in range(n + 1):
            x = w * b / n
            if manner == "baroque":  # a giant order
                mesh.slab(frame, x - 0.35, x + 0.35, storey, top - 0.9, -0.1, 0.28, "trim")
                mesh.slab(frame, x - 0.5, x + 0.5, top - 1.4, top - 0.9, -0.1, 0.4, "trim")
            elif k == 0 and b < n and rng.random() < 0.3:
                coat_of_arms(
                    mesh,
                    frame,
                    w * b / n,
                    rng.integers(1, storeys) * storey + 1.6 if storeys > 1 else 2.5,
                    1.1,
                )
    front = block_frames(-width / 2, width / 2, 0, depth)[0][0]
    for k in range(1, storeys):
        if rng.random() < 0.5:
            frieze(
                mesh,
                front,
                0.2,
                width - 0.2,
                k * storey + 0.1,
                0.7,
                panel=rng.uniform(1.4, 2.8),
                depth=0.05,
            )
        else:
            band(mesh, front, 0, width, k * storey, 0.4, 0.3)
    for b in range(bays):
        if rng.random() < 0.2 and storeys > 1:
            x = width * (b + 0.5) / bays - width / 2
            mesh.boxes([x, -0.5, storey + 0.95], [2.4, 1.0, 0.2], "trim")
            balustrade(mesh, x - 1.1, x + 1.1, -0.95, -0.05, storey + 1.05, height=0.9)
    quoins(mesh, -width / 2, width / 2, 0, depth, 0, top)
    cornice(mesh, -width / 2, width / 2, 0, depth, top - 0.6, reach=0.7, height=1.0)
    for side in (-1, 1):
        if rng.random() < 0.5:
            banner(
                mesh, front, width / 2 + side * 0.36 * width, top - 1.5, 1.4, rng.uniform(4, 6), 0.7
            )
        flagpole(mesh, side * 0.4 * width, 1.0, top, rng.uniform(5, 8))


def _risalit(mesh: Mesh, width, top, storeys, storey, manner) -> None:
    """The part of the front that steps forward, with the door."""
    rng, half = mesh.rng, width / 2
    rows = _rows(mesh, storeys, storey, manner)
    block(
        mesh,
        -half,
        half,
        -1.6,
        3,
        0,
        top,
        "accent" if rng.random() < 0.3 else "wall",
        rows,
        3,
        borders=2,
        skip=[(0.3 * width, 0.7 * width, 0, 1.1 * storey)],
    )
    frame = block_frames(-half, half, -1.6, 3)[0][0]
    portal(
        mesh,
        frame,
        half,
        min(4.5, 0.36 * width),
        1.05 * storey,
        "pointed" if manner == "gothic" else "round",
        4,
    )
    if manner != "gothic":
        for x in np.linspace(0.04, 0.96, 4) * width:
            at = frame.at(x, 0, 0.6)
            column(
                mesh,
                at[0],
                at[1],
                storey + 0.6,
                top - storey - 1.4,
                0.38,
                order=str(rng.choice(["ionic", "corinthian"])),
            )
            mesh.slab(frame, x - 0.7, x + 0.7, 0, storey + 0.6, 0, 1.2, "trim")
    mesh.slab(frame, 0.25 * width, 0.75 * width, 1.2 * storey, 1.2 * storey + 0.3, 0, 1.5, "trim")
    cornice(
        mesh, -half, half, -1.6, 3, top - 0.5, reach=1.2 if manner != "gothic" else 0.5, height=1.0
    )
    if manner == "gothic":
        n = 5
        for k in range(n):
            x = (k - 2) * width / n
            tall = (3 - abs(k - 2)) * 1.6
            mesh.box(x - width / n / 2, x + width / n / 2, -1.6, -0.8, top, top + tall, "wall")
            pinnacle(mesh, x, -1.2, top + tall, 0.7, 2.6)
            niche(mesh, frame, half + x, top + 0.4, 0.8, max(1.2, tall - 0.6))
    else:
        pediment(mesh, frame.moved(y=top + 0.5, d=0.6), half, 0, width + 1.6, 0.2 * width)
        for x in (-half, 0, half):
            statue(mesh, x, -1.8, top + 0.7 + (0.2 * width if x == 0 else 0), rng.uniform(2.2, 3.0))
    if rng.random() < 0.6:
        clock(mesh, frame, half, top - 1.9 - 0.2 * storey, 1.0)
    sign(mesh, frame, 0.32 * width, 0.68 * width, 1.28 * storey, 1.28 * storey + 0.6)


def _pavilion(mesh: Mesh, x, width, depth, top, storeys, storey, manner) -> None:
    rng, half = mesh.rng, width / 2
    high = top + rng.uniform(0.5, 3.0)
    block(
        mesh,
        x - half,
        x + half,
        -1.0,
        depth,
        0,
        high,
        "wall",
        _rows(mesh, storeys, storey, manner),
        2,
        borders=2,
    )
    quoins(mesh, x - half, x + half, -1.0, depth, 0, high)
    cornice(mesh, x - half, x + half, -1.0, depth, high - 0.5, reach=0.6, height=0.9)
    mesh.hip_roof(
        x - half,
        x + half,
        -1.0,
        depth,
        high + 0.4,
        rng.uniform(4, 8),
        ridge=max(0.0, depth - width),
    )
    frame = block_frames(x - half, x + half, -1.0, depth)[0][0]
    dormer(mesh, frame.moved(d=-0.3), half, high + 0.6, 1.8, 2.2, 2.5, "round")
    niche(mesh, frame, half, storey + 1.2, 1.0, 2.4)


def _roof(mesh: Mesh, width, depth, top, manner) -> None:
    rng, half = mesh.rng, width / 2
    front = block_frames(-half, half, 0, depth)[0][0]
    if rng.random() < 0.3:
        balustrade(mesh, -half, half, 0, depth, top + 0.4, height=1.3)
        mesh.box(-half, half, 0, depth, top, top + 0.4, "roof")
        for x in np.arange(-half + 1, half, rng.uniform(3.5, 6)):
            statue(mesh, x, 0.1, top + 1.6, rng.uniform(1.8, 2.4))
        return
    mesh.hip_roof(-half, half, 0, depth, top + 0.4, rng.uniform(4.5, 8), ridge=width - depth * 0.7)
    n = int(rng.integers(4, 9))
    for k in range(n):
        x = width * (k + 0.5) / n + rng.uniform(-0.6, 0.6)
        dormer(
            mesh,
            front.moved(d=-0.5),
            x,
            top + 0.6,
            1.5,
            rng.uniform(1.5, 2.3),
            3.0,
            str(rng.choice(["rect", "round", "segment"])),
        )
    for _ in range(int(rng.integers(2, 6))):
        chimney(
            mesh,
            rng.uniform(-0.42, 0.42) * width,
            depth / 2 + rng.uniform(-1, 3),
            top + 3,
            rng.uniform(3, 5),
        )


def _belfry(mesh: Mesh, x, y, base, manner) -> None:
    rng, width = mesh.rng, mesh.rng.uniform(5.5, 8.0)
    half, height = width / 2, base + rng.uniform(9, 20)
    kind = "pointed" if manner == "gothic" else "round"
    rows = [(base + 1.5, 2.6, 1.2, kind, (2, 2)), (height - 5.2, 4.0, 1.5, kind, (2, 4))]
    block(mesh, x - half, x + half, y, y + width, base - 2, height, "wall", rows, 2, borders=2)
    for frame, w in block_frames(x - half, x + half, y, y + width):
        clock(mesh, frame, w / 2, height - 7.2, 0.2 * width, 7.4)
    quoins(mesh, x - half, x + half, y, y + width, base, height)
    cornice(mesh, x - half, x + half, y, y + width, height - 0.4, reach=0.6, height=0.9)
    balustrade(mesh, x - half, x + half, y, y + width, height + 0.5, height=1.2)
    for sx in (-1, 1):
        for sy in (0, 1):
            pinnacle(mesh, x + sx * half, y + sy * width, height + 0.5, 0.9, 3.5)
    if rng.random() < 0.6:
        spire(
            mesh,
            x,
            y + half,
            height + 0.4,
            0.42 * width,
            width * rng.uniform(1.0, 2.0),
            8,
            finial="vane",
        )
    else:
        mesh.cylinder((x, y + half, height + 0.4), 0.36 * width, 3.2, 8, "trim", smooth=False)
        z = dome(
            mesh,
            x,
            y + half,
            height + 3.6,
            0.38 * width,
            1.2,
            ribs=8,
            n=32,
            bulge=0.2,
            opening=0.05,
        )
        mesh.sphere((x, y + half, z + 0.5), 0.35, "gold")
    window(
        mesh,
        block_frames(x - half, x + half, y, y + width)[0][0],
        half,
        base + 5.0,
        1.4,
        1.4,
        "circle",
        depth=-0.05,
        panes=(1, 1),
    )
