"""Bell and clock towers that stand by themselves, with a low building at their foot."""

import itertools

import numpy as np

from ..elements import (
    balustrade,
    band,
    block,
    clock,
    coat_of_arms,
    column,
    cornice,
    dome,
    frieze,
    lantern,
    merlons,
    niche,
    picture,
    pinnacle,
    portal,
    quoins,
    sign,
    spire,
    statue,
)
from ..mesh import TAU, Mesh, block_frames, frame_at, outline
from ..surfaces import Palette, draw_palette


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A tower 30 to 60 m high: campanile, Victorian clock tower, or baroque belfry."""
    mesh = Mesh(rng)
    manner = str(rng.choice(["campanile", "victorian", "baroque"]))
    width, height = rng.uniform(7, 10), rng.uniform(30, 50)
    {"campanile": _campanile, "victorian": _victorian, "baroque": _baroque}[manner](
        mesh, width, height
    )
    _foot(mesh, width, manner)
    walls = {
        "campanile": ("brick", "marble", "limestone"),
        "victorian": ("limestone", "sandstone", "brick"),
        "baroque": ("stucco", "sandstone", "plaster"),
    }
    return mesh, draw_palette(rng, walls[manner], ("slate", "copper", "tile", "lead"))


def _shaft(mesh: Mesh, width, top, stages, kinds, bays=1) -> None:
    """A square shaft with a window or a picture in every stage of each side."""
    rng, half = mesh.rng, width / 2
    edges = np.linspace(0.0, top, stages + 1)
    rows = []
    for k, (a, b) in enumerate(itertools.pairwise(edges)):
        if k:
            rows.append(
                (a + 0.25 * (b - a), 0.5 * (b - a), 0.16 * width, kinds[k % len(kinds)], (2, 3))
            )
    block(mesh, -half, half, 0, width, 0, top, "wall", rows, bays, borders=2)
    for z in edges[1:-1]:
        cornice(
            mesh, -half, half, 0, width, z - 0.2, reach=0.25, height=0.4, dentils=rng.random() < 0.5
        )
    for frame, w in block_frames(-half, half, 0, width):
        for a, b in itertools.pairwise(edges[1:]):
            for x in (0.17, 0.83):
                choice, y = rng.random(), a + 0.2 * (b - a)
                if choice < 0.3:
                    niche(mesh, frame, x * w, y, 0.1 * w, min(2.4, 0.6 * (b - a)))
                elif choice < 0.6:
                    mesh.panel(
                        frame,
                        x * w - 0.08 * w,
                        x * w + 0.08 * w,
                        y,
                        y + min(1.6, 0.4 * (b - a)),
                        picture(mesh, "relief"),
                        0.07,
                    )
                elif choice < 0.75:
                    coat_of_arms(mesh, frame, x * w, y, 0.14 * w)


def _belfry(mesh: Mesh, width, z, height, arches, kind) -> None:
    """An open storey with bells."""
    half = width / 2
    rows = [(z + 0.8, height - 1.8, 0.72 * width / arches, kind, (1, 1))]
    block(
        mesh, -half, half, 0, width, z, z + height, "accent", rows, arches, glass="dark", borders=2
    )
    for frame, w in block_frames(-half, half, 0, width):
        for k in range(arches):
            at = frame.at(w * (k + 0.5) / arches, z + 1.6, 0.12)
            mesh.lathe([(0.5, 0), (0.36, 0.5), (0.24, 0.9), (0.05, 1.05)], at, 12, "gold")
        for k in range(arches + 1):
            column(
                mesh, *frame.at(w * k / arches, z, 0.2)[:2], z, height - 0.4, 0.22, n=10, flute=0
            )


def _campanile(mesh: Mesh, width, height) -> None:
    rng, half = mesh.rng, width / 2
    shaft = 0.72 * height
    _shaft(
        mesh,
        width,
        shaft,
        int(rng.integers(4, 7)),
        [str(v) for v in rng.choice(["round", "rect", "pointed"], 2)],
    )
    for frame, w in block_frames(-half, half, 0, width):
        for x in (0.0, 0.36 * w, 0.64 * w, w):
            mesh.slab(frame, x - 0.3, x + 0.3, 0, shaft, -0.1, 0.2, "trim")
        frieze(
            mesh,
            frame,
            0.3,
            w - 0.3,
            shaft - 1.4,
            1.0,
            str(rng.choice(["mural", "relief"])),
            1.4,
            0.06,
        )
    cornice(mesh, -half, half, 0, width, shaft, reach=0.6, height=0.8)
    tall = 0.16 * height
    _belfry(
        mesh,
        width,
        shaft + 0.8,
        tall,
        int(rng.integers(2, 5)),
        str(rng.choice(["round", "pointed"])),
    )
    z = shaft + 0.8 + tall
    cornice(mesh, -half, half, 0, width, z - 0.3, reach=0.7, height=1.0)
    balustrade(mesh, -half, half, 0, width, z + 0.6)
    if rng.random() < 0.6:
        mesh.boxes([0, half, z + 1.8], [0.72 * width, 0.72 * width, 3.6], "wall")
        frame, w = block_frames(-0.36 * width, 0.36 * width, 0.14 * width, 0.86 * width)[0]
        mesh.panel(frame, 0.25 * w, 0.75 * w, z + 1.0, z + 3.2, picture(mesh, "relief"), 0.08)
        rise = width * rng.uniform(0.8, 1.6)
        mesh.cone((0, half, z + 3.6), 0.55 * width, rise, 4, "roof", start=np.pi / 4)
        mesh.sphere((0, half, z + 3.7 + rise), 0.35, "gold")
    else:
        merlons(mesh, -half, half, 0, width, z + 0.6, "trim", 0.5, 1.2, 0.4)
        mesh.hip_roof(-half + 0.4, half - 0.4, 0.4, width - 0.4, z + 0.5, 2.4)
    frame, w = block_frames(-half, half, 0, width)[0]
    if rng.random() < 0.5:
        clock(mesh, frame, half, shaft - 4.5, 0.17 * width)
    portal(mesh, frame, half, 0.3 * width, 4.2, "round", 3)


def _victorian(mesh: Mesh, width, height) -> None:
    rng, half = mesh.rng, width / 2
    shaft = 0.62 * height
    _shaft(
        mesh,
        width,
        shaft,
        int(rng.integers(4, 7)),
        ["pointed", str(rng.choice(["rect", "pointed"]))],
        bays=int(rng.integers(2, 4)),
    )
    for x in (-half, half):
        for y in (0, width):
            mesh.boxes([x, y, shaft / 2], [1.2, 1.2, shaft], "wall")
    wide = 1.12 * width
    low, high = shaft + 0.2, shaft + 1.1 * width
    cornice(mesh, -half, half, 0, width, shaft - 0.7, reach=0.8, height=0.9)
    x0, x1, y0, y1 = -wide / 2, wide / 2, half - wide / 2, half + wide / 2
    mesh.box(x0, x1, y0, y1, low, high, "wall")
    for frame, w in block_frames(x0, x1, y0, y1):
        clock(mesh, frame, w / 2, (low + high) / 2, 0.34 * width, 10.2)
        for x in (0.1, 0.9):
            for y in (low + 0.5, high - 1.6):
                mesh.panel(
                    frame, x * w - 0.55, x * w + 0.55, y, y + 1.1, picture(mesh, "mural"), 0.06
                )
        frieze(mesh, frame, 0.2, w - 0.2, high - 0.2, 0.7, panel=1.2, depth=0.1)
    cornice(mesh, x0, x1, y0, y1, high + 0.6, reach=0.6, height=0.9)
    for x in (x0, x1):
        for y in (y0, y1):
            pinnacle(mesh, x, y, high + 1.4, 1.0, rng.uniform(4, 6))
    z = high + 1.4
    _belfry_small(mesh, half, z, 0.8 * width)
    spire(
        mesh,
        0,
        half,
        z + 4.0,
        0.55 * width,
        rng.uniform(0.9, 2.2) * width,
        int(rng.choice([4, 8])),
        finial=str(rng.choice(["vane", "cross"])),
    )
    frame = block_frames(-half, half, 0, width)[0][0]
    portal(mesh, frame, half, 0.4 * width, 0.13 * height, "pointed", 4)


def _belfry_small(mesh: Mesh, y, z, width) -> None:
    half = width / 2
    rows = [(z + 0.5, 3.0, 0.8, "pointed", (1, 2))]
    block(mesh, -half, half, y - half, y + half, z - 0.5, z + 4.0, "accent", rows, 3, glass="dark")
    cornice(mesh, -half, half, y - half, y + half, z + 3.8, reach=0.3, height=0.4)


def _baroque(mesh: Mesh, width, height) -> None:
    rng, half = mesh.rng, width / 2
    shaft = 0.55 * height
    _shaft(
        mesh,
        width,
        shaft,
        int(rng.integers(3, 5)),
        [str(v) for v in rng.choice(["round", "segment", "rect"], 2)],
    )
    quoins(mesh, -half, half, 0, width, 0, shaft)
    cornice(mesh, -half, half, 0, width, shaft - 0.3, reach=0.7, height=1.0)
    balustrade(mesh, -half, half, 0, width, shaft + 0.7)
    r, z, stages = 0.46 * width, shaft + 0.6, int(rng.integers(1, 3))
    for k in range(stages):
        tall = 0.13 * height
        mesh.cylinder((0, half, z), r, tall, 8, "accent", smooth=False, start=np.pi / 8)
        for a in TAU * np.arange(8) / 8 + np.pi / 8:
            column(mesh, r * np.cos(a), half + r * np.sin(a), z, tall, 0.24, n=10, flute=0)
        for j, a in enumerate(TAU * np.arange(8) / 8):
            _stage_face(
                mesh, a, r * np.cos(np.pi / 8), half, z, tall, clocked=k == 0 and j % 2 == 0
            )
        mesh.lathe(
            [(1.14 * r, 0), (1.2 * r, 0.3), (1.2 * r, 0.5), (r, 0.6)],
            (0, half, z + tall - 0.3),
            8,
            "trim",
            smooth=False,
            start=np.pi / 8,
        )
        z, r = z + tall + 0.2, 0.78 * r
    top = dome(mesh, 0, half, z, 1.25 * r, 1.1, ribs=8, n=32, bulge=0.28, opening=0.14)
    lantern(mesh, 0, half, top - 0.3, 0.3 * r, 4.0, 6)
    frame = block_frames(-half, half, 0, width)[0][0]
    portal(mesh, frame, half, 0.4 * width, 0.12 * height, "round", 3)
    for x in (-half, half):
        statue(mesh, x, 0.0, shaft + 0.7, 2.6)


def _stage_face(mesh: Mesh, angle, reach, y, z, tall, clocked: bool) -> None:
    out = np.array([np.cos(angle), np.sin(angle)])
    frame = frame_at((reach * out[0], y + reach * out[1], z), angle)
    w = 0.5 * reach
    ring = outline("round", 0, 0.6, w, tall - 1.8)
    mesh.polygon(frame, ring, "dark", depth=0.03)
    mesh.moulding(frame, ring, outline("round", 0, 0.6, w + 0.4, tall - 1.6), 0, 0.15, "trim")
    if clocked:
        clock(mesh, frame, 0, tall - 1.3, 0.8, 2.6)


def _foot(mesh: Mesh, width, manner) -> None:
    """A chapel, loggia or hall beside the tower."""
    rng, side = mesh.rng, float(mesh.rng.choice([-1, 1]))
    length, top = rng.uniform(9, 18), rng.uniform(6, 10)
    x0, x1 = sorted((side * width / 2, side * (width / 2 + length)))
    kind = {"campanile": "round", "victorian": "pointed", "baroque": "segment"}[manner]
    rows = [(1.2, 0.5 * top, 1.3, kind, (2, 3))] + (
        [(0.68 * top, 0.2 * top, 1.0, "circle", (1, 1))] if top > 8 else []
    )
    depth = rng.uniform(8, 12)
    block(
        mesh,
        x0,
        x1,
        1.5,
        1.5 + depth,
        0,
        top,
        "accent" if rng.random() < 0.4 else "wall",
        rows,
        int(length / 2.8),
        borders=2,
    )
    cornice(mesh, x0, x1, 1.5, 1.5 + depth, top - 0.4, reach=0.4, height=0.6)
    mesh.gable_roof(x0, x1, 1.5, 1.5 + depth, top, rng.uniform(3, 5), along="x")
    frame, w = block_frames(x0, x1, 1.5, 1.5 + depth)[0]
    sign(mesh, frame, 0.3 * w, 0.3 * w + min(4, 0.5 * w), 0.88 * top - 0.5, 0.88 * top + 0.2)
    band(mesh, frame, 0, w, 0.9, 0.25, 0.2)
    for x in (0.08, 0.92):
        niche(mesh, frame, x * w, 1.6, 0.9, 2.4)
