"""Parts that buildings share: windows, doors, columns, cornices, statues, clocks, domes...

Each function adds to a mesh. Those on a wall take its `Frame` and stand `cx` to the right and `y`
above its origin; those that cut a hole return its outline for `Mesh.wall(holes=...)`. Whatever
may differ from one window to the next is drawn from `mesh.rng`: repetition defeats matching.
"""

from __future__ import annotations

import itertools

import numpy as np

from .mesh import TAU, Frame, Mesh, block_frames, circle, frame_at, outline

PICTURES = {"relief": 6, "mural": 4, "sign": 4, "banner": 3}
"""How many different pictures of each kind a landmark has: surfaces relief0 to relief5..."""


def picture(mesh: Mesh, kind: str) -> str:
    """The name of one of the landmark's pictures of a kind, drawn at random."""
    return f"{kind}{mesh.rng.integers(PICTURES[kind])}"


# -- openings -----------------------------------------------------------------------------------


def window(
    mesh: Mesh,
    frame: Frame,
    cx,
    y,
    width,
    height,
    kind="round",
    *,
    depth=0.4,
    trim="trim",
    sill=True,
    panes=(2, 3),
    border=0.16,
    borders=1,
    glass="glass",
    crown=True,
    shutters=0.0,
) -> np.ndarray:
    """A framed window, no two alike; returns its outline, the hole to leave in the wall.

    panes: columns and rows of the glazing; borders: number of stepped mouldings; crown: sometimes
    a keystone, a little pediment or a carved panel above; shutters: probability of wooden shutters.
    """
    rng = mesh.rng
    hole = inner = outline(kind, cx, y, width, height)
    for k in range(borders):
        grow = border * (k + 1)
        outer = outline(
            kind, cx, y - grow if kind == "circle" else y, width + 2 * grow, height + grow
        )
        mesh.moulding(frame, inner, outer, 0, 0.10 + 0.06 * k, trim)
        inner = outer
    mesh.strip(frame, hole, 0, -depth, trim)
    mesh.polygon(frame, hole, glass, depth=-depth)
    columns, rows = panes
    clear = height * {"pointed": 0.8, "ogee": 0.7}.get(kind, 0.95)
    bar = 0.045 + 0.02 * rng.random()
    for i in range(1, columns):
        x = cx - width / 2 + width * i / columns
        mesh.slab(frame, x - bar, x + bar, y, y + clear, -depth, -depth + 0.12, "frame")
    for i in range(1, rows):
        z = y + 0.88 * height * (i + 0.25 * rng.uniform(-1, 1)) / rows
        mesh.slab(
            frame, cx - width / 2, cx + width / 2, z - bar, z + bar, -depth, -depth + 0.1, "frame"
        )
    if sill and kind != "circle":
        mesh.slab(
            frame,
            cx - width / 2 - 1.6 * border,
            cx + width / 2 + 1.6 * border,
            y - 0.26,
            y,
            -0.05,
            0.3,
            trim,
        )
        if rng.random() < 0.08:  # a flower box
            n = max(3, int(width / 0.22))
            x = cx + np.linspace(-0.45, 0.45, n) * width
            mesh.boxes(
                frame.at(x, np.full(n, y + 0.15), 0.22) + rng.normal(0, 0.03, (n, 3)),
                [0.2, 0.2, 0.26],
                "flower",
            )
    if crown and kind in ("rect", "round", "segment"):
        top, choice = y + height, rng.random()
        if choice < 0.45:
            mesh.slab(frame, cx - 0.2, cx + 0.2, top - 0.1, top + 0.45, 0, 0.28, trim)
        elif choice < 0.65:
            w = width / 2 + 2.2 * border
            mesh.extrude(
                frame,
                [(cx - w, top + border), (cx + w, top + border), (cx, top + border + w * 0.55)],
                0,
                0.3,
                trim,
            )
        elif choice < 0.8:
            w = width / 2 + border
            mesh.panel(
                frame,
                cx - w,
                cx + w,
                top + 1.5 * border,
                top + 1.5 * border + 0.6,
                picture(mesh, "relief"),
                0.08,
            )
    if rng.random() < shutters:
        leaf = width / 2
        for side in (-1, 1):
            if rng.random() < 0.85:
                x = cx + side * (width / 2 + border + leaf / 2)
                mesh.slab(
                    frame, x - leaf / 2, x + leaf / 2, y, y + height * 0.95, 0.02, 0.09, "shutter"
                )
    return hole


def facade(
    mesh: Mesh,
    frame: Frame,
    width: float,
    top: float,
    surface: str,
    rows,
    bays: int,
    bottom=0.0,
    skip=(),
    holes=(),
    **style,
) -> None:
    """A wall with rows of windows: rows are ``(y, height, width, kind, panes)``, bays a number.

    skip: boxes (x0, x1, y0, y1) to leave free, for portals and the like; holes: further outlines.
    """
    cut = list(holes)
    for y, height, w, kind, panes in rows:
        w = min(w, 0.7 * width / bays)
        for b in range(bays):
            cx = width * (b + 0.5) / bays
            if any(
                x0 - w / 2 < cx < x1 + w / 2 and y0 - height < y < y1 for x0, x1, y0, y1 in skip
            ):
                continue
            cut.append(window(mesh, frame, cx, y, w, height, kind, panes=panes, **style))
    mesh.wall(frame, width, top, surface, cut, bottom)


def block(
    mesh: Mesh, x0, x1, y0, y1, z0, z1, surface: str, rows, bays: int, skip=(), **style
) -> None:
    """A rectangular block with windows all round; `bays` on its front, as many a metre elsewhere.

    skip applies to the front alone.
    """
    for k, (frame, width) in enumerate(block_frames(x0, x1, y0, y1)):
        n = max(1, round(bays * width / (x1 - x0)))
        facade(mesh, frame, width, z1, surface, rows, n, z0, skip if k == 0 else (), **style)


def portal(mesh: Mesh, frame: Frame, cx, width, height, kind="pointed", orders=4, y=0.0) -> None:
    """A door within stepped arches, with a carved field above; it stands before the wall."""

    def arch(k, grow=0.0):
        return outline(kind, cx, y, width * (1 - 0.07 * k) + grow, height * (1 - 0.05 * k) + grow)

    for k in range(orders):
        mesh.moulding(
            frame,
            arch(k),
            arch(k, 0.35),
            0,
            0.15 + 0.13 * (orders - k),
            "trim" if k % 2 == 0 else "wall",
        )
    opening = arch(orders)
    mesh.polygon(frame, opening, "door", depth=0.04)
    w, h = width * (1 - 0.07 * orders), height * (1 - 0.05 * orders)
    lintel = y + 0.56 * h
    mesh.slab(frame, cx - w / 2, cx + w / 2, lintel, lintel + 0.3, 0.0, 0.3, "trim")
    mesh.slab(frame, cx - 0.08, cx + 0.08, y, lintel, 0, 0.2, "trim")
    mesh.panel(
        frame,
        cx - 0.36 * w,
        cx + 0.36 * w,
        lintel + 0.32,
        y + 0.86 * h,
        picture(mesh, "relief"),
        0.12,
    )
    for side in (-1, 1):  # studded leaves
        x = cx + side * w * np.array([0.15, 0.35])
        z = y + np.linspace(0.08, 0.5, 5) * h
        gx, gz = np.meshgrid(x, z)
        mesh.boxes(frame.at(gx.ravel(), gz.ravel(), 0.08), [0.16, 0.16, 0.16], "metal")


def rose_window(mesh: Mesh, frame: Frame, cx, cy, radius, spokes=12, depth=0.6) -> np.ndarray:
    """A wheel of tracery over stained glass; returns its outline, the hole to leave in the wall."""
    hole = circle(cx, cy, radius, 48)
    mesh.strip(frame, hole, 0, -depth, "trim")
    mesh.polygon(frame, hole, "stained", depth=-depth)
    for r in (radius + 0.15, radius + 0.55):
        mesh.moulding(
            frame, circle(cx, cy, r - 0.15, 48), circle(cx, cy, r + 0.12, 48), 0, 0.2, "trim"
        )
    for r in (0.25 * radius, 0.62 * radius, 0.97 * radius):
        mesh.moulding(
            frame,
            circle(cx, cy, r - 0.1, 48),
            circle(cx, cy, r + 0.1, 48),
            -depth,
            -depth + 0.3,
            "trim",
        )
    for i in range(spokes):
        a = TAU * i / spokes
        d, p = np.array([np.cos(a), np.sin(a)]), 0.08 * np.array([-np.sin(a), np.cos(a)])
        bar = np.array(
            [
                0.25 * radius * d - p,
                0.97 * radius * d - p,
                0.97 * radius * d + p,
                0.25 * radius * d + p,
            ]
        )
        mesh.extrude(frame, bar + [cx, cy], -depth, -depth + 0.25, "trim")
        a += np.pi / spokes
        foil = (cx + 0.8 * radius * np.cos(a), cy + 0.8 * radius * np.sin(a))
        mesh.moulding(
            frame,
            circle(*foil, 0.13 * radius, 12),
            circle(*foil, 0.13 * radius + 0.09, 12),
            -depth,
            -depth + 0.25,
            "trim",
        )
    return hole


def arcade(
    mesh: Mesh,
    frame: Frame,
    width,
    y,
    height,
    count,
    kind="round",
    thickness=0.8,
    pier=0.28,
    surface="wall",
    top=None,
) -> None:
    """An open row of arches in a wall from `y` to `top`; `pier` is a pier's share of a bay."""
    bay = width / count
    top = y + height + 0.4 * bay if top is None else top
    holes = [outline(kind, bay * (i + 0.5), y, bay * (1 - pier), height) for i in range(count)]
    # Openings reach the ground: cut a hair above it, so that the wall stays one polygon.
    holes = [np.c_[h[:, 0], np.maximum(h[:, 1], y + 0.01)] for h in holes]
    ring = [(0, y), (width, y), (width, top), (0, top)]
    mesh.polygon(frame, ring, surface, holes)
    back = frame._replace(origin=frame.at(width, 0, -thickness), right=-frame.right, out=-frame.out)
    mesh.polygon(back, ring, surface, [h * [-1, 1] + [width, 0] for h in holes])
    for h in holes:
        mesh.strip(frame, h, 0, -thickness, "trim")
        centre = h.mean(0)
        mesh.moulding(frame, h, centre + (h - centre) * [1.12, 1.06], 0, 0.12, "trim")


# -- mouldings and edges ------------------------------------------------------------------------


def cornice(
    mesh: Mesh, x0, x1, y0, y1, z, surface="trim", reach=0.5, height=0.7, dentils=True
) -> None:
    """A stepped band round a block, `reach` beyond its walls, with a row of small blocks below."""
    for share, low, high in ((0.4, 0, 0.35), (0.7, 0.35, 0.6), (1.0, 0.6, 1.0)):
        p = reach * share
        mesh.box(x0 - p, x1 + p, y0 - p, y1 + p, z + height * low, z + height * high, surface)
    if dentils:
        h, p = z + 0.42 * height, 0.5 * reach
        for a, b, fixed, axis in (
            (x0, x1, y0 - p, 0),
            (x0, x1, y1 + p, 0),
            (y0, y1, x0 - p, 1),
            (y0, y1, x1 + p, 1),
        ):
            n = max(2, int((b - a) / 0.5))
            along = np.linspace(a + 0.15, b - 0.15, n)
            centres = (
                np.c_[along, np.full(n, fixed)] if axis == 0 else np.c_[np.full(n, fixed), along]
            )
            mesh.boxes(np.c_[centres, np.full(n, h)], [0.25, 0.25, 0.35 * height], surface)


def band(mesh: Mesh, frame: Frame, x0, x1, y, height=0.4, depth=0.2, surface="trim") -> None:
    """A plain string course on one wall."""
    mesh.slab(frame, x0, x1, y, y + height, -0.02, depth, surface)


def frieze(
    mesh: Mesh, frame: Frame, x0, x1, y, height, kind="relief", panel=3.0, depth=0.1
) -> None:
    """A row of different pictures along a wall, framed by thin bands."""
    n = max(1, round((x1 - x0) / panel))
    edges = np.linspace(x0, x1, n + 1)
    for a, b in itertools.pairwise(edges):
        mesh.panel(frame, a + 0.06, b - 0.06, y, y + height, picture(mesh, kind), depth)
    band(mesh, frame, x0, x1, y - 0.15, 0.15, depth + 0.12)
    band(mesh, frame, x0, x1, y + height, 0.15, depth + 0.12)


def _sides(x0, x1, y0, y1):
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)
    return zip(corners, np.roll(corners, -1, 0), strict=True)


def balustrade(mesh: Mesh, x0, x1, y0, y1, z, surface="trim", height=1.0) -> None:
    """A railing of small posts round a rectangle."""
    for p, q in _sides(x0, x1, y0, y1):
        n = max(2, int(np.linalg.norm(q - p) / 0.5))
        foot = p + (q - p) * np.linspace(0, 1, n)[:, None]
        mesh.boxes(np.c_[foot, np.full(n, z + 0.45 * height)], [0.2, 0.2, 0.9 * height], surface)
        size = np.maximum(np.abs(q - p), 0.32)
        mesh.boxes([*(p + q) / 2, z + 0.95 * height], [*size, 0.18], surface)


def merlons(
    mesh: Mesh, x0, x1, y0, y1, z, surface="wall", width=0.9, height=1.1, thickness=0.5
) -> None:
    """Battlements round a rectangle."""
    for p, q in _sides(x0, x1, y0, y1):
        n = max(2, int(np.linalg.norm(q - p) / (2 * width)))
        foot = p + (q - p) * ((np.arange(n) + 0.5) / n)[:, None]
        across = [width, thickness] if abs(q - p)[0] > abs(q - p)[1] else [thickness, width]
        mesh.boxes(np.c_[foot, np.full(n, z + height / 2)], [*across, height], surface)


def quoins(mesh: Mesh, x0, x1, y0, y1, z0, z1, surface="trim", step=0.6) -> None:
    """Alternating long and short corner stones."""
    z = np.arange(z0 + step / 2, z1, step)
    long = (np.arange(len(z)) % 2).astype(float)
    for x in (x0, x1):
        for y in (y0, y1):
            sizes = np.c_[1.6 - 0.5 * long, 1.1 + 0.5 * long, np.full(len(z), 0.9 * step)]
            mesh.boxes(
                np.c_[np.full(len(z), x), np.full(len(z), y), z], sizes - [0.3, 0.3, 0], surface
            )


def steps(mesh: Mesh, x0, x1, y0, y1, height, count=5, tread=0.4, surface="trim") -> None:
    """A flight of steps on all four sides of a plinth."""
    for i in range(count):
        p = tread * (count - i)
        mesh.box(x0 - p, x1 + p, y0 - p, y1 + p, 0, height * (i + 1) / (count + 1), surface)
    mesh.box(x0, x1, y0, y1, 0, height, surface)


# -- uprights -----------------------------------------------------------------------------------


def column(
    mesh: Mesh, x, y, z, height, radius, surface="trim", n=20, flute=0.08, order="corinthian"
) -> None:
    """A column with base, tapering shaft and capital ("doric", "ionic" or "corinthian")."""
    r, foot = radius, 1.35 * radius
    if order != "doric":
        mesh.boxes([x, y, z + 0.24 * r], [2.2 * foot, 2.2 * foot, 0.5 * r], surface)
        mesh.lathe(
            [(foot, 0), (foot, 0.3 * r), (1.05 * r, 0.5 * r)], (x, y, z + 0.5 * r), n, surface
        )
    t = np.linspace(0, 1, 7)
    low = 0.0 if order == "doric" else 0.9 * r
    shaft = np.c_[r * (1 - 0.16 * t**2), low + t * (height - low - 2 * r)]
    mesh.lathe(shaft, (x, y, z), n, surface, smooth=flute == 0, flute=flute)
    top = z + height
    if order == "corinthian":
        mesh.lathe(
            [(0.86 * r, 0), (r, 0.3 * r), (0.95 * r, 0.5 * r), (1.4 * r, 1.4 * r)],
            (x, y, top - 2 * r),
            n,
            surface,
        )
        a = np.arange(8) * TAU / 8
        for rise, reach in ((0.5, 1.1), (1.0, 1.3)):
            leaf = np.c_[
                x + reach * r * np.cos(a),
                y + reach * r * np.sin(a),
                np.full(8, top - 2 * r + rise * r),
            ]
            mesh.boxes(leaf, [0.3 * r, 0.45 * r, 0.5 * r], surface, turn=a)
    else:
        mesh.lathe(
            [(0.84 * r, 0), (0.84 * r, 0.5 * r), (1.3 * r, 1.2 * r), (1.3 * r, 1.4 * r)],
            (x, y, top - 2 * r),
            n,
            surface,
        )
        if order == "ionic":
            for side in (-1, 1):
                for front in (-1, 1):
                    frame = Frame(
                        np.array([x, y + front * 1.15 * r, top - r]),
                        np.eye(3)[0] * -front,
                        np.eye(3)[2],
                        np.eye(3)[1] * front,
                    )
                    mesh.extrude(frame, circle(side * r, 0, 0.45 * r, 12), -0.5 * r, 0.0, surface)
    mesh.boxes([x, y, top - 0.3 * r], [2.2 * foot, 2.2 * foot, 0.6 * r], surface)


def pinnacle(mesh: Mesh, x, y, z, width, height, surface="trim") -> None:
    """A small square spire with crockets and a knob."""
    mesh.boxes([x, y, z + 0.2 * height], [width, width, 0.4 * height], surface)
    mesh.boxes([x, y, z + 0.42 * height], [1.25 * width, 1.25 * width, 0.05 * height], surface)
    mesh.cone((x, y, z + 0.44 * height), 0.62 * width, 0.52 * height, 4, surface, start=np.pi / 4)
    mesh.sphere((x, y, z + 0.97 * height), 0.2 * width, surface, 8)
    for share in (0.25, 0.5, 0.75):
        w = 0.9 * width * (1 - share) + 0.1
        mesh.boxes([x, y, z + height * (0.44 + 0.52 * share)], [w, w, 0.1], surface)


def statue(mesh: Mesh, x, y, z, height, surface="trim", facing=-np.pi / 2) -> None:
    """A draped standing figure, its pose drawn at random; `facing` is its direction in the plan."""
    rng, w = mesh.rng, 0.16 * height
    figure = Mesh(rng)
    lean = rng.normal(0, 0.04)
    profile = np.array(
        [
            (1.15, 0),
            (1.05, 0.1),
            (0.8, 0.35),
            (0.68, 0.5),
            (0.98, 0.68),
            (0.92, 0.78),
            (0.36, 0.84),
            (0.3, 0.87),
        ]
    )
    profile[:, 0] *= rng.uniform(0.85, 1.15, len(profile))
    figure.lathe(profile * [w, height], (0, 0, 0), 12, surface, flute=0.12, smooth=True)
    figure.sphere(
        (lean * height, -0.02 * height, 0.925 * height), 0.078 * height, surface, 10, 1.15
    )
    for side in (-1, 1):
        lift, reach = rng.uniform(-0.2, 2.6), rng.uniform(0.25, 0.6)
        shoulder = np.array([side * 0.85 * w, 0, 0.75 * height])
        elbow = shoulder + 0.16 * height * np.array(
            [side * np.sin(lift) * 0.8, -reach, -np.cos(lift)]
        )
        hand = elbow + 0.15 * height * np.array(
            [-side * 0.3 * rng.random(), -reach, rng.uniform(-0.6, 0.9)]
        )
        figure.tube(
            [shoulder, elbow, hand], [0.05 * height, 0.042 * height, 0.03 * height], 7, surface
        )
        if rng.random() < 0.35:  # a staff, sword or scroll
            tip = hand + 0.35 * height * np.array(
                [0.1 * rng.normal(), 0.1 * rng.normal(), rng.choice([-1.0, 1.0])]
            )
            figure.tube([hand, tip], 0.015 * height, 5, surface)
    mesh.merge(figure, (x, y, z), facing + np.pi / 2)


def niche(mesh: Mesh, frame: Frame, cx, y, width, height, figure=True) -> None:
    """A shallow arched niche before the wall, mostly with a statue in it."""
    mesh.polygon(frame, outline("round", cx, y, width, height), "dark", depth=0.02)
    mesh.moulding(
        frame,
        outline("round", cx, y, width, height),
        outline("round", cx, y, 1.3 * width, 1.06 * height),
        0,
        0.35,
        "trim",
    )
    mesh.slab(frame, cx - 0.7 * width, cx + 0.7 * width, y - 0.25, y, 0, 0.5, "trim")
    if figure and mesh.rng.random() < 0.88:
        at = frame.at(cx, y, 0.28)
        statue(mesh, *at, 0.78 * height, facing=np.arctan2(frame.out[1], frame.out[0]))


def spire(
    mesh: Mesh, x, y, z, radius, height, n=8, surface="roof", ribs=True, finial="cross"
) -> None:
    """A pointed roof with ribs and a finial ("cross", "ball" or "vane")."""
    start = np.pi / n
    mesh.cone((x, y, z), radius, height, n, surface, start=start)
    if ribs:
        t = np.linspace(0.05, 0.95, 12)[:, None]
        apex = np.array([x, y, z + height])
        for a in start + TAU * np.arange(n) / n:
            foot = np.array([x + radius * np.cos(a), y + radius * np.sin(a), z])
            mesh.boxes(foot + (apex - foot) * t, [0.3, 0.3, 0.35], "trim", turn=a)
    top = z + height
    mesh.boxes([x, y, top + 0.9], [0.13, 0.13, 2.2], "gold")
    if finial == "cross":
        mesh.boxes([x, y, top + 1.4], [1.1, 0.13, 0.13], "gold")
    elif finial == "vane":
        mesh.boxes([x + 0.35, y, top + 1.7], [0.9, 0.06, 0.4], "gold")
    mesh.sphere((x, y, top + 0.1), 0.26, "gold", 10)


def dome(
    mesh: Mesh, x, y, z, radius, rise=1.0, surface="dome", ribs=16, bulge=0.0, n=48, opening=0.1
) -> float:
    """A dome over a circle of `radius`; returns the height of its top, where a lantern stands.

    rise: height over radius; bulge: 0 hemispherical, 0.3 an onion; opening: radius left at the top.
    """
    t = np.linspace(0, 1, 24)
    r = np.cos(t * np.pi / 2 * (1 - opening * 0.64)) * (
        1 + bulge * np.sin(np.pi * np.minimum(t * 1.6, 1.0))
    )
    if bulge > 0.15:  # an onion draws in to a tip
        r = np.maximum(r * (1 - 0.35 * t**3), opening * (1 - t) + 0.03)
    profile = np.c_[
        radius * r, radius * rise * (np.sin(t * np.pi / 2) if bulge <= 0.15 else t * 1.1)
    ]
    mesh.lathe(profile, (x, y, z), n, surface)
    for a in TAU * np.arange(ribs) / max(ribs, 1):
        line = np.c_[
            x + profile[:, 0] * np.cos(a), y + profile[:, 0] * np.sin(a), z + profile[:, 1]
        ]
        mesh.tube(line, 0.14 + 0.006 * radius, 5, "rib")
    return z + float(profile[-1, 1])


def lantern(mesh: Mesh, x, y, z, radius, height, columns=8, surface="trim", cap="gold") -> None:
    """The little open temple on top of a dome or a tower."""
    for a in TAU * np.arange(columns) / columns:
        column(
            mesh,
            x + radius * np.cos(a),
            y + radius * np.sin(a),
            z,
            0.55 * height,
            0.11 * radius + 0.06,
            surface,
            8,
            0,
        )
    body = [(0.7 * radius, 0), (0.7 * radius, 0.55 * height)]
    mesh.lathe(body, (x, y, z), 20, "glass")
    roof = [(1.3, 0.55), (1.3, 0.62), (1.0, 0.64), (0.8, 0.75), (0.3, 0.88), (0.1, 1.0)]
    mesh.lathe(np.array(roof) * [radius, height], (x, y, z), 20, cap)
    mesh.sphere((x, y, z + 1.04 * height), 0.06 * height, "gold", 10)


# -- ornaments ----------------------------------------------------------------------------------


def clock(mesh: Mesh, frame: Frame, cx, cy, radius, time=None) -> None:
    """A clock face with hour marks and hands in a ring; `time` in hours, by default at random."""
    time = mesh.rng.uniform(0, 12) if time is None else time
    mesh.moulding(frame, circle(cx, cy, radius), circle(cx, cy, 1.13 * radius), 0, 0.25, "gold")
    mesh.polygon(frame, circle(cx, cy, radius), "clockface", depth=0.12)

    def hand(angle, start, end, half, depth):
        d, p = (
            np.array([np.sin(angle), np.cos(angle)]),
            half * np.array([np.cos(angle), -np.sin(angle)]),
        )
        mesh.polygon(
            frame,
            np.array([d * start - p, d * start + p, d * end + p, d * end - p]) * radius + [cx, cy],
            "clockhand",
            depth=depth,
        )

    for k in range(12):
        hand(TAU * k / 12, 0.76, 0.94, 0.05 if k % 3 == 0 else 0.03, 0.14)
    hand(TAU * time / 12, -0.15, 0.55, 0.055, 0.17)
    hand(TAU * time, -0.15, 0.85, 0.04, 0.19)


def coat_of_arms(mesh: Mesh, frame: Frame, cx, y, size, depth=0.15) -> None:
    """A painted shield under a small crown."""
    t = np.linspace(0, 1, 9)[1:]
    half = np.c_[0.5 * np.sqrt(1 - t**2), 0.5 - 0.5 * t]
    ring = np.r_[
        [(-0.5, 1.0), (-0.5, 0.5)], (half * [-1, 1])[:-1], half[::-1], [(0.5, 0.5), (0.5, 1.0)]
    ]
    shield = ring * size + [cx, y]
    mesh.polygon(frame, shield, picture(mesh, "mural"), depth=depth, fit=True)
    mesh.strip(frame, shield, 0, depth, "gold")
    for k in (-1, 0, 1):
        mesh.slab(
            frame,
            cx + size * (0.22 * k - 0.08),
            cx + size * (0.22 * k + 0.08),
            y + 1.05 * size,
            y + size * (1.3 + 0.08 * (k == 0)),
            0,
            depth,
            "gold",
        )


def sign(mesh: Mesh, frame: Frame, x0, x1, y0, y1, depth=0.25) -> None:
    """A board with painted letters."""
    mesh.slab(frame, x0 - 0.06, x1 + 0.06, y0 - 0.06, y1 + 0.06, 0, depth, "frame")
    mesh.panel(frame, x0, x1, y0, y1, picture(mesh, "sign"), depth + 0.02)


def banner(mesh: Mesh, frame: Frame, cx, top, width, height, depth=0.45) -> None:
    """A hanging cloth, a little wavy."""
    surface, n = picture(mesh, "banner"), 9
    y = np.linspace(top - height, top, n)
    sway = depth + 0.12 * np.sin(np.linspace(0, mesh.rng.uniform(2, 6), n))
    left, right = (
        frame.at(np.full(n, cx - width / 2), y, sway),
        frame.at(np.full(n, cx + width / 2), y, sway),
    )
    i = np.arange(n - 1)
    v = np.linspace(0, 1, n)
    uv = np.stack(
        [
            np.c_[np.zeros(n - 1), v[:-1]],
            np.c_[np.ones(n - 1), v[:-1]],
            np.c_[np.ones(n - 1), v[1:]],
            np.c_[np.zeros(n - 1), v[1:]],
        ],
        1,
    )
    mesh.add(np.r_[left, right], np.c_[i, i + n, i + n + 1, i + 1], surface, uv)
    mesh.slab(
        frame, cx - width / 2 - 0.15, cx + width / 2 + 0.15, top, top + 0.1, 0, depth + 0.1, "metal"
    )


def flagpole(mesh: Mesh, x, y, z, height, size=1.6) -> None:
    """A pole with a flag that droops to one side."""
    mesh.tube([(x, y, z), (x, y, z + height)], 0.06, 6, "metal")
    frame = Frame(np.array([x, y, z + height - size]), np.eye(3)[0], np.eye(3)[2], -np.eye(3)[1])
    mesh.panel(frame, 0.05, 1.5 * size, 0, size, picture(mesh, "banner"), 0.0)


def dormer(mesh: Mesh, frame: Frame, cx, y, width, height, depth=2.5, kind="rect") -> None:
    """A roof window standing in the plane `frame`, its body reaching `depth` back into the roof."""
    mesh.slab(frame, cx - 0.7 * width, cx + 0.7 * width, y, y + 1.15 * height, -depth, 0.0, "wall")
    window(
        mesh,
        frame.moved(d=0.45),
        cx,
        y + 0.1 * height,
        width * 0.8,
        0.85 * height,
        kind,
        panes=(2, 2),
        border=0.1,
        sill=False,
        crown=False,
    )
    w, top = 0.85 * width, y + 1.15 * height
    ring = np.array([(cx - w, top), (cx + w, top), (cx, top + 0.8 * w)])
    mesh.polygon(frame, ring, "trim", depth=0.1)
    mesh.strip(frame, ring, -depth, 0.1, "roof")


def chimney(mesh: Mesh, x, y, z, height, surface="brick") -> None:
    """A chimney with pots."""
    mesh.boxes([x, y, z + height / 2], [1.1, 0.8, height], surface)
    mesh.boxes([x, y, z + height], [1.3, 1.0, 0.25], "trim")
    for dx in (-0.3, 0.3):
        mesh.cylinder((x + dx, y, z + height), 0.15, 0.5, 8, "clay")


def pediment(mesh: Mesh, frame: Frame, cx, y, width, height, depth=0.6, figures=True) -> None:
    """A low gable with a carved field, cornices and, mostly, statues in it."""
    half = width / 2
    ring = [(cx - half, y), (cx + half, y), (cx, y + height)]
    mesh.extrude(frame, ring, -depth, 0.0, "trim")
    inner = np.array(
        [
            (cx - 0.8 * half, y + 0.08 * height),
            (cx + 0.8 * half, y + 0.08 * height),
            (cx, y + 0.84 * height),
        ]
    )
    mesh.polygon(frame, inner, picture(mesh, "relief"), depth=0.04, fit=True)
    for side in (-1, 1):
        a, b = (
            frame.at(cx + side * (half + 0.3), y + 0.1, 0.25),
            frame.at(cx, y + height + 0.3, 0.25),
        )
        mesh.beam(a, b, 1.0, 0.4, "trim")
    mesh.slab(frame, cx - half - 0.3, cx + half + 0.3, y - 0.1, y + 0.2, -0.2, 0.6, "trim")
    if figures:
        facing = np.arctan2(frame.out[1], frame.out[0])
        for x in np.linspace(-0.62, 0.62, 7):
            tall = 0.72 * height * (1 - abs(x))
            if tall > 0.7 and mesh.rng.random() < 0.85:
                statue(
                    mesh,
                    *frame.at(cx + x * half, y + 0.2, 0.3),
                    tall * mesh.rng.uniform(0.85, 1),
                    facing=facing,
                )


def around(x, y, z, radius, count, start=0.0):
    """Upright planes on a circle, looking outwards: for windows in drums and round towers."""
    for a in start + TAU * np.arange(count) / count:
        yield frame_at((x + radius * np.cos(a), y + radius * np.sin(a), z), a)
