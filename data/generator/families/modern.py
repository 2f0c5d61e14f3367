"""Landmarks of the last hundred years: glass towers, concrete museums, shells, coloured boxes."""

import numpy as np

from ..elements import cornice, frieze, picture, sign, statue, steps
from ..mesh import TAU, Frame, Mesh, block_frames, circle, frame_at
from ..surfaces import Palette, Surface, draw_palette

COLOURS = ("b3402e", "d8a23a", "2f6f8a", "3f7a52", "e8e2d4", "4a4f57", "8a4a78", "d9752f")


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A stacked museum, a shell-roofed hall, a curved tower, or a frame of coloured boxes."""
    mesh = Mesh(rng)
    form = str(rng.choice(["stacked", "shells", "tower", "boxes"]))
    _forecourt(mesh)
    {"stacked": _stacked, "shells": _shells, "tower": _tower, "boxes": _boxes}[form](mesh)
    panels = {
        f"panel{k}": Surface("paint", (str(c),), k, variation=0.25)
        for k, c in enumerate(rng.choice(COLOURS, 4, replace=False))
    }
    return mesh, draw_palette(
        rng,
        ("concrete", "concrete", "marble", "brick"),
        ("flat", "copper"),
        ("concrete", "brick", "plaster"),
        **panels,
    )


def curtain_wall(mesh: Mesh, frame: Frame, width, low, high, pitch=1.5, storey=3.4) -> None:
    """Glass between mullions, no two fields alike: blinds, coloured panels, louvres."""
    rng = mesh.rng
    columns, rows = max(1, round(width / pitch)), max(1, round((high - low) / storey))
    mesh.slab(frame, 0, width, low, high, -0.3, 0.0, "glass")
    dx, dy = width / columns, (high - low) / rows
    for i in range(columns):
        for j in range(rows):
            x, y, choice = i * dx, low + j * dy, rng.random()
            if choice < 0.16:
                mesh.slab(
                    frame,
                    x + 0.05,
                    x + dx - 0.05,
                    y + 0.05,
                    y + dy - 0.05,
                    0,
                    0.06,
                    f"panel{rng.integers(4)}",
                )
            elif choice < 0.3:
                mesh.slab(
                    frame,
                    x + 0.08,
                    x + dx - 0.08,
                    y + dy * rng.uniform(0.3, 0.8),
                    y + dy - 0.05,
                    0,
                    0.03,
                    "frame",
                )
            elif choice < 0.36:
                for k in range(5):
                    mesh.slab(
                        frame,
                        x + 0.08,
                        x + dx - 0.08,
                        y + dy * (0.1 + 0.17 * k),
                        y + dy * (0.16 + 0.17 * k),
                        0,
                        0.14,
                        "metal",
                    )
    for i in range(columns + 1):
        mesh.slab(frame, i * dx - 0.06, i * dx + 0.06, low, high, -0.05, 0.16, "frame")
    for j in range(rows + 1):
        mesh.slab(
            frame,
            0,
            width,
            low + j * dy - 0.14,
            low + j * dy + 0.14,
            -0.05,
            0.12,
            "trim" if j % 2 else "frame",
        )


def _volume(mesh: Mesh, x0, x1, y0, y1, z0, z1, surface, glazed) -> None:
    """A box, some of its sides glazed, the others with slots, reliefs and panels."""
    rng = mesh.rng
    mesh.box(x0, x1, y0, y1, z0, z1, surface)
    for k, (frame, w) in enumerate(block_frames(x0, x1, y0, y1)):
        if k == 2:
            continue
        if k in glazed:
            curtain_wall(
                mesh,
                frame.moved(d=0.31),
                w,
                z0 + 0.6,
                z1 - 0.8,
                rng.uniform(1.2, 2.4),
                rng.uniform(2.6, 4.2),
            )
        else:
            _blank_wall(mesh, frame, w, z0, z1)
    mesh.box(x0 - 0.3, x1 + 0.3, y0 - 0.3, y1 + 0.3, z1, z1 + 0.5, "trim")


def _blank_wall(mesh: Mesh, frame, width, z0, z1) -> None:
    rng = mesh.rng
    n = max(2, int(width / rng.uniform(2.4, 3.6)))
    for b in range(n):
        for z in np.arange(z0 + 0.8, z1 - 1.6, 2.6):
            x, choice = width * (b + 0.5) / n, rng.random()
            if choice < 0.3:
                w, h = rng.uniform(0.3, 1.6), rng.uniform(0.5, 2.0)
                mesh.slab(frame, x - w / 2, x + w / 2, z, z + h, -0.1, 0.03, "glass")
                mesh.slab(
                    frame, x - w / 2 - 0.1, x + w / 2 + 0.1, z + h, z + h + 0.12, 0, 0.35, "trim"
                )
            elif choice < 0.4:
                mesh.panel(frame, x - 0.9, x + 0.9, z, z + 1.5, picture(mesh, "relief"), 0.06)
            elif choice < 0.5:
                mesh.slab(frame, x - 0.8, x + 0.8, z, z + 1.8, 0, 0.2, f"panel{rng.integers(4)}")
    for z in np.arange(z0 + 2.4, z1, 2.6):  # joints of the shuttering
        mesh.slab(frame, 0, width, z, z + 0.06, 0, 0.025, "dark")


def _forecourt(mesh: Mesh) -> None:
    rng = mesh.rng
    x = float(rng.choice([-1, 1])) * rng.uniform(8, 14)
    mesh.boxes([x, -6, 0.5], [3.2, 3.2, 1.0], "base")
    if rng.random() < 0.5:  # a sculpture of bent rings
        for _ in range(int(rng.integers(3, 6))):
            t, r = np.linspace(0, TAU * rng.uniform(0.6, 1.0), 24), rng.uniform(0.8, 2.0)
            axis = rng.normal(size=(2, 3))
            axis /= np.linalg.norm(axis, axis=1, keepdims=True)
            ring = r * (np.cos(t)[:, None] * axis[0] + np.sin(t)[:, None] * axis[1])
            mesh.tube(
                ring + [x, -6, 1.0 - ring[:, 2].min()],
                rng.uniform(0.12, 0.3),
                8,
                f"panel{rng.integers(4)}",
            )
    else:
        for _ in range(6):
            size = rng.uniform(0.6, 1.8, 3)
            mesh.boxes(
                [
                    x + rng.normal(0, 0.5),
                    -6 + rng.normal(0, 0.5),
                    1.0 + size[2] / 2 + rng.uniform(0, 1.5),
                ],
                size,
                f"panel{rng.integers(4)}",
                turn=rng.uniform(0, 3),
            )
        mesh.tube([(x, -6, 0.9), (x, -6, 3.6)], 0.35, 10, "metal")


def _stacked(mesh: Mesh) -> None:
    """Boxes laid on one another, each shifted: a museum."""
    rng = mesh.rng
    width, depth, z = rng.uniform(26, 38), rng.uniform(16, 22), 0.0
    count = int(rng.integers(3, 6))
    for k in range(count):
        tall, w = rng.uniform(4.5, 8), width * rng.uniform(0.55, 1.0) * (0.88**k)
        x, y = rng.uniform(-0.2, 0.2) * width, rng.uniform(-2.5, 3) if k else 0.0
        glazed = {0} if k == 0 or rng.random() < 0.5 else {1, 3}
        _volume(
            mesh,
            x - w / 2,
            x + w / 2,
            y,
            y + depth * rng.uniform(0.8, 1.0),
            z,
            z + tall,
            "wall" if rng.random() < 0.7 else "accent",
            glazed,
        )
        if k and y < 0:
            for sx in (-0.42, 0.42):
                mesh.cylinder((x + sx * w, y + 0.8, 0), 0.45, z, 16, "trim")
        z += tall + 0.5
    frame = block_frames(-width / 2, width / 2, -3.2, 4)[0][0]
    mesh.box(-6, 6, -4.5, 1, 3.6, 4.1, "trim")
    for x in (-5.4, 5.4):
        mesh.cylinder((x, -4, 0), 0.22, 3.6, 12, "metal")
    sign(mesh, frame.moved(d=1.4), width / 2 - 4, width / 2 + 4, 4.2, 5.4, 0.2)


def _shells(mesh: Mesh) -> None:
    """Sails of concrete over a glazed foyer: a concert hall."""
    rng = mesh.rng
    width = rng.uniform(36, 48)
    steps(mesh, -width / 2, width / 2, 0, 26, 1.8, 8, 0.5, "base")
    count = int(rng.integers(3, 6))
    centres = np.linspace(-0.34, 0.34, count) * width + rng.normal(0, 1.0, count)
    for k, x in enumerate(centres):
        size = rng.uniform(11, 19) * (1.25 if k == count // 2 else 0.85)
        _shell(
            mesh,
            x,
            rng.uniform(2, 6),
            1.8,
            size,
            rng.uniform(0.32, 0.5) * size,
            float(rng.choice([-1, 1])) * rng.uniform(0.0, 0.5),
        )
    frame, w = block_frames(-width * 0.42, width * 0.42, 7, 20, 1.8)[0]
    mesh.box(-width * 0.42, width * 0.42, 7, 20, 1.8, 7.5, "accent")
    curtain_wall(mesh, frame.moved(d=0.31), w, 0.0, 5.4, 1.4, 2.7)
    frieze(mesh, frame, 0.3, w - 0.3, 5.5, 0.9, "mural", 2.2, 0.4)
    sign(mesh, block_frames(-5, 5, 0, 1, 0)[0][0], 2, 8, 0.5, 1.4)


def _shell(mesh: Mesh, x, y, z, height, half, lean) -> None:
    """One sail: a pointed vault that opens to the front, glazed within."""
    n, m = 15, 9
    u, v = np.linspace(-1, 1, n), np.linspace(0, 1, m)
    rows = []
    for back in v:
        rise = height * (1 - 0.9 * back**1.3)
        px = half * u * (1 - 0.35 * back)
        pz = rise * (1 - np.abs(u) ** 1.9)
        py = y - 2.5 + 15 * back + 2.2 * (1 - back) * np.abs(u)
        rows.append(np.c_[x + px + lean * py * 0.3, py, z + np.maximum(pz, 0)])
    grid = np.array(rows)
    i, j = np.meshgrid(np.arange(m - 1), np.arange(n - 1), indexing="ij")
    q = i * n + j
    faces = np.stack([q, q + 1, q + n + 1, q + n], -1).reshape(-1, 4)
    mesh.add(grid.reshape(-1, 3), faces, "roof", smooth=True)
    mesh.add(grid.reshape(-1, 3) - [0, 0, 0.3], faces[:, ::-1], "wall", smooth=True)
    mesh.tube(grid[0] - [0, 0, 0.15], 0.4, 8, "trim")
    for k in range(1, m, 2):
        mesh.tube(grid[k] + [0, 0, 0.05], 0.12, 5, "trim")
    inner = grid[0] * [0.0, 1, 1] + [x, 2.6, 0] + (grid[0] - [x, 0, 0]) * [0.96, 0, 0]
    foot = inner.copy()
    foot[:, 2] = z
    i = np.arange(n - 1)
    mesh.add(np.r_[foot, inner - [0, 0, 0.3]], np.c_[i, i + 1, i + 1 + n, i + n], "glass")
    for k in range(1, n - 1):
        mesh.beam(foot[k] - [0, 0.15, 0], inner[k] - [0, 0.15, 0.3], 0.14, 0.3, "frame")
    for share in np.arange(0.15, 0.9, 0.2):
        level = foot + (inner - foot) * share - [0, 0.2, 0]
        mesh.tube(level[2:-2], 0.07, 4, "frame")


def _tower(mesh: Mesh) -> None:
    """A high-rise that turns, swells or steps back as it climbs, on a podium."""
    rng = mesh.rng
    sides, storeys = int(rng.choice([4, 6, 28])), int(rng.integers(12, 19))
    radius, storey = rng.uniform(7, 9.5), 3.2
    twist, swell = rng.choice([0.0, rng.uniform(0.02, 0.07)]), rng.uniform(-0.25, 0.3)
    podium = rng.uniform(5, 8)
    _volume(mesh, -15, 15, 0, 16, 0, podium, "wall", {0, 1, 3})
    base, y = podium - 0.5, 9.0
    for k in range(storeys):
        share = k / storeys
        r = radius * (1 + swell * np.sin(np.pi * share)) * (1 - 0.25 * share**2)
        start, z = (
            np.pi / sides + twist * k - np.pi / 2 + (np.pi / 2 if sides == 4 else 0),
            base + storey * k,
        )
        mesh.lathe(
            [(r, 0), (r, storey - 0.5)], (0, y, z), sides, "glass", smooth=sides > 8, start=start
        )
        mesh.lathe(
            [(r * 0.9, 0), (r + 0.25, 0), (r + 0.25, 0.5), (r * 0.9, 0.5)],
            (0, y, z + storey - 0.5),
            sides,
            "trim" if k % 3 else "accent",
            smooth=False,
            start=start,
        )
        count = 28 if sides > 8 else sides * 6
        for j in range(count):
            a = start + TAU * (j + 0.5) / count
            flat = (
                r
                if sides > 8
                else r * np.cos(np.pi / sides) / np.cos((a - start) % (TAU / sides) - np.pi / sides)
            )
            frame = frame_at(
                (flat * np.cos(a), y + flat * np.sin(a), z),
                a
                if sides > 8
                else start + TAU / sides * (np.floor((a - start) % TAU / (TAU / sides)) + 0.5),
            )
            half, choice = np.pi * r / count, rng.random()
            if np.sin(a) > 0.5:
                continue
            mesh.slab(frame, half - 0.1, half + 0.1, 0, storey, 0, 0.35, "frame")
            if choice < 0.22:
                mesh.slab(
                    frame,
                    -half * 0.9,
                    half * 0.9,
                    0,
                    storey - 0.5,
                    0.02,
                    0.15,
                    f"panel{rng.integers(4)}",
                )
            elif choice < 0.36:
                mesh.slab(frame, -half * 0.9, half * 0.9, 0, 1.1, 0.02, 0.5, "trim")
    top = base + storey * storeys
    start = np.pi / sides + twist * (storeys - 1) - (0.0 if sides == 4 else np.pi / 2)
    mesh.lathe([(r, 0), (0.01, 0.05)], (0, y, top), sides, "trim", smooth=False, start=start)
    crown = 0.8 * r * np.cos(np.pi / sides)
    mesh.lathe(
        [(crown, 0), (0.85 * crown, 3.5), (0.01, 3.6)], (0, y, top), 24, "metal", smooth=False
    )
    mesh.tube([(0, y, top), (0, y, top + rng.uniform(6, 14))], [0.3, 0.06], 8, "metal")
    frame = block_frames(-15, 15, 0, 16)[0][0]
    sign(mesh, frame.moved(d=0.5), 11, 19, 4.6, 5.8, 0.2)


def _boxes(mesh: Mesh) -> None:
    """A concrete frame filled with coloured and glazed boxes, stairs and pipes outside."""
    rng = mesh.rng
    columns, rows = int(rng.integers(6, 10)), int(rng.integers(4, 7))
    bay, storey = rng.uniform(3.8, 5.0), rng.uniform(3.6, 4.4)
    width, top = columns * bay, rows * storey
    mesh.box(-width / 2, width / 2, 1.6, 16, 0, top, "wall")
    frame = block_frames(-width / 2, width / 2, 0.0, 16)[0][0]
    for side, w in block_frames(-width / 2, width / 2, 1.6, 16)[1::2]:
        _blank_wall(mesh, side, w, 0, top)
    for i in range(columns + 1):
        mesh.slab(frame, i * bay - 0.22, i * bay + 0.22, 0, top + 0.8, -1.6, 0.2, "trim")
    for j in range(1, rows + 1):
        mesh.slab(frame, -0.2, width + 0.2, j * storey - 0.25, j * storey + 0.15, -1.6, 0.3, "trim")
    for i in range(columns):
        for j in range(rows):
            _cell(
                mesh,
                frame,
                i * bay + 0.22,
                (i + 1) * bay - 0.22,
                j * storey + 0.15,
                (j + 1) * storey - 0.25,
            )
    for _ in range(int(rng.integers(1, 4))):  # pipes climb the front
        x = rng.uniform(0.1, 0.9) * width
        mesh.tube(
            frame.at(
                [x, x, x + 3, x + 3], [0, 0.55 * top, 0.62 * top, top + 2], [0.9, 0.9, 0.9, 0.9]
            ),
            rng.uniform(0.3, 0.6),
            12,
            f"panel{rng.integers(4)}",
        )
    run = frame.moved(d=1.4)
    direction = 1 if rng.random() < 0.5 else -1
    for j in range(rows):  # an outside stair
        x0 = width * (0.5 - 0.4 * direction) + direction * j * 0.8 * width / rows
        mesh.beam(
            run.at(x0, j * storey, 0),
            run.at(x0 + direction * 0.8 * width / rows, (j + 1) * storey, 0),
            1.4,
            0.35,
            "metal",
        )
        mesh.beam(
            run.at(x0, j * storey + 1.1, 0.7),
            run.at(x0 + direction * 0.8 * width / rows, (j + 1) * storey + 1.1, 0.7),
            0.1,
            0.1,
            "frame",
        )
    mesh.panel(frame, 0.2 * width, 0.7 * width, top + 0.8, top + 2.8, picture(mesh, "sign"), 0.25)
    mesh.slab(frame, 0.2 * width, 0.7 * width, top + 0.3, top + 2.8, 0.0, 0.22, "frame")
    statue(mesh, width * 0.4, -4.0, 0.0, 3.0, "metal")
    cornice(mesh, -width / 2, width / 2, 1.6, 16, top, reach=0.3, height=0.4, dentils=False)


def _cell(mesh: Mesh, frame, x0, x1, y0, y1) -> None:
    choice, rng = mesh.rng.random(), mesh.rng
    if choice < 0.35:
        mesh.slab(frame, x0, x1, y0, y1, -1.55, -1.2, "glass")
        for x in np.linspace(x0, x1, 5):
            mesh.slab(frame, x - 0.05, x + 0.05, y0, y1, -1.3, -1.05, "frame")
    elif choice < 0.6:
        mesh.slab(frame, x0, x1, y0, y1, -1.55, rng.uniform(-1.0, 0.5), f"panel{rng.integers(4)}")
        if rng.random() < 0.5:
            mesh.slab(frame, x0 + 0.5, x1 - 0.5, y0 + 0.5, y1 - 0.5, -1.55, 0.53, "glass")
    elif choice < 0.75:
        mesh.panel(frame, x0, x1, y0, y1, picture(mesh, "mural"), -1.2)
    elif choice < 0.88:
        for y in np.arange(y0, y1, 0.35):
            mesh.slab(frame, x0, x1, y, y + 0.18, -1.4, -0.6, "metal")
    else:
        mesh.polygon(
            frame, circle((x0 + x1) / 2, (y0 + y1) / 2, 0.4 * (y1 - y0), 24), "glass", depth=-1.15
        )
        mesh.moulding(
            frame,
            circle((x0 + x1) / 2, (y0 + y1) / 2, 0.4 * (y1 - y0), 24),
            circle((x0 + x1) / 2, (y0 + y1) / 2, 0.46 * (y1 - y0), 24),
            -1.6,
            -0.9,
            "trim",
        )
