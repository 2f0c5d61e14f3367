"""Things that come and go: people, cars, trees, stalls... each `name(rng) -> Mesh`.

All stand on z = 0 at the origin and face -Y.
"""

from __future__ import annotations

import numpy as np

from .mesh import TAU, Frame, Mesh, block_frames, circle

X, Y, Z = np.eye(3)


# -- people -------------------------------------------------------------------------------------


def person(rng: np.random.Generator) -> Mesh:
    """A man, woman or child, standing or walking."""
    mesh = Mesh(rng)
    tall = rng.uniform(1.05, 1.35) if rng.random() < 0.12 else rng.normal(1.72, 0.09)
    stride, skirt = rng.uniform(0.02, 0.2), rng.random() < 0.25
    upper = "coat" if rng.random() < 0.4 else "shirt"
    hip, shoulder = 0.5 * tall, 0.81 * tall
    for side in (-1, 1):
        foot = np.array([side * 0.055 * tall, side * stride * tall, 0.03])
        knee = np.array([side * 0.06 * tall, side * stride * 0.3 * tall - 0.03, 0.27 * tall])
        top = np.array([side * 0.05 * tall, 0, hip])
        mesh.tube(
            [foot + [0, 0, 0.05], knee, top],
            np.array([0.032, 0.043, 0.058]) * tall,
            8,
            "skin" if skirt else "trousers",
        )
        mesh.boxes(foot + [0, -0.06, 0.02], [0.055 * tall, 0.15 * tall, 0.07], "dark")
    waist, chest = rng.uniform(0.085, 0.11) * tall, rng.uniform(0.1, 0.125) * tall
    low = 0.3 if skirt else (0.36 if upper == "coat" and rng.random() < 0.5 else 0.46)
    if skirt:
        mesh.lathe(
            [(0.15 * tall, 0.3 * tall), (0.11 * tall, 0.48 * tall), (waist, 0.56 * tall)],
            (0, 0, 0),
            14,
            "trousers",
            squeeze=0.75,
        )
    body = [
        (1.05 * waist + 0.02, max(low, 0.44) if skirt else low),
        (waist, 0.58),
        (chest, 0.73),
        (0.85 * chest, 0.8),
        (0.35 * chest, 0.845),
    ]
    mesh.lathe([(r, z * tall) for r, z in body], (0, 0, 0), 14, upper, squeeze=0.62)
    mesh.tube([(0, 0, 0.83 * tall), (0, -0.01, 0.88 * tall)], 0.032 * tall, 8, "skin")
    _arms(mesh, tall, shoulder, chest, upper)
    head = np.array([0, -0.012 * tall, 0.93 * tall])
    mesh.sphere(head, 0.058 * tall, "skin", 12, 1.22)
    mesh.sphere(head + [0, 0.012 * tall, 0.012 * tall], 0.062 * tall, "hair", 12, 1.12)
    mesh.sphere(head + [0, -0.02 * tall, -0.012 * tall], 0.053 * tall, "skin", 10, 1.2)
    if rng.random() < 0.25:
        mesh.lathe(
            [
                (0.1 * tall, 0),
                (0.066 * tall, 0.005),
                (0.06 * tall, 0.06 * tall),
                (0.01, 0.065 * tall),
            ],
            head + [0, 0, 0.03 * tall],
            14,
            "bag",
        )
    elif rng.random() < 0.4:
        mesh.lathe(
            [(0.07 * tall, -0.12 * tall), (0.066 * tall, 0.02 * tall)],
            head + [0, 0.02 * tall, 0],
            10,
            "hair",
            start=0.4,
            arc=2.3,
        )
    if rng.random() < 0.4:
        mesh.boxes([0, 0.12 * tall, 0.68 * tall], [0.16 * tall, 0.09 * tall, 0.25 * tall], "bag")
    return mesh


def _arms(mesh: Mesh, tall: float, shoulder: float, chest: float, upper: str) -> None:
    rng, photographs = mesh.rng, mesh.rng.random() < 0.15
    for side in (-1, 1):
        top = np.array([side * (chest + 0.015 * tall), 0, shoulder - 0.02 * tall])
        swing = side * rng.uniform(-0.12, 0.12)
        if photographs:
            elbow = top + np.array([side * 0.05, -0.12, -0.1]) * tall
            hand = np.array([side * 0.05 * tall, -0.2 * tall, 0.9 * tall])
        else:
            elbow = top + np.array([side * 0.035, swing * 0.5, -0.16]) * tall
            hand = elbow + np.array([side * 0.01, swing - 0.05, -0.15]) * tall
        mesh.tube([top, elbow], np.array([0.036, 0.03]) * tall, 7, upper)
        mesh.tube(
            [elbow, hand],
            np.array([0.03, 0.022]) * tall,
            7,
            upper if rng.random() < 0.7 else "skin",
        )
        mesh.sphere(hand, 0.026 * tall, "skin", 6)
    if photographs:
        mesh.boxes([0, -0.21 * tall, 0.92 * tall], [0.08, 0.02, 0.15], "dark")


# -- vehicles -----------------------------------------------------------------------------------


def car(rng: np.random.Generator) -> Mesh:
    """A saloon, estate or van along X."""
    kind = str(rng.choice(["saloon", "estate", "van"], p=[0.45, 0.35, 0.2]))
    body = {
        "saloon": [
            (-2.2, 0.35),
            (2.15, 0.35),
            (2.2, 0.62),
            (2.05, 0.8),
            (0.95, 0.95),
            (0.35, 1.4),
            (-0.75, 1.44),
            (-1.45, 1.02),
            (-2.15, 0.95),
        ],
        "estate": [
            (-2.2, 0.35),
            (2.15, 0.35),
            (2.2, 0.65),
            (2.0, 0.85),
            (1.0, 1.0),
            (0.4, 1.5),
            (-1.75, 1.52),
            (-2.15, 1.0),
        ],
        "van": [
            (-2.5, 0.4),
            (2.4, 0.4),
            (2.45, 0.9),
            (2.0, 1.15),
            (1.3, 2.05),
            (-2.4, 2.15),
            (-2.5, 2.0),
        ],
    }[kind]
    glass = {
        "saloon": [(-1.35, 1.02), (0.85, 0.99), (0.33, 1.34), (-0.72, 1.38)],
        "estate": [(-1.85, 1.04), (0.88, 1.02), (0.36, 1.44), (-1.65, 1.46)],
        "van": [(0.2, 1.2), (1.75, 1.2), (1.2, 1.9), (0.2, 1.95)],
    }[kind]
    length = rng.uniform(0.92, 1.08)
    body, glass = np.array(body) * [length, 1], np.array(glass) * [length, 1]
    mesh, half = Mesh(rng), 0.95 if kind == "van" else 0.85
    _vehicle_body(mesh, body, glass, half, 1.0 if kind != "van" else 1.1)
    for x in (body[:, 0].min() * 0.62, body[:, 0].max() * 0.62):
        _wheels(mesh, x, half, 0.33)
    for side in (-1, 1):
        mesh.boxes(
            [body[:, 0].max() - 0.04, side * 0.62 * half / 0.85, 0.68], [0.14, 0.34, 0.15], "white"
        )
        mesh.boxes(
            [body[:, 0].min() + 0.04, side * 0.64 * half / 0.85, 0.82], [0.12, 0.28, 0.16], "red"
        )
        mesh.boxes([0.9 * length, side * (half + 0.08), 1.02], [0.12, 0.2, 0.13], "paint")
    mesh.boxes(
        [[body[:, 0].max(), 0, 0.5], [body[:, 0].min(), 0, 0.55]], [0.06, 0.5, 0.12], "white"
    )
    return mesh


def _vehicle_body(mesh: Mesh, profile, glass, half: float, beltline: float) -> None:
    n = len(profile)
    for side in (-1, 1):
        frame = Frame(side * half * Y, X * -side, Z, side * Y)
        mirrored = profile * [-side, 1]
        mesh.polygon(frame, mirrored[:: side if side < 0 else 1], "paint")
        mesh.polygon(frame, glass * [-side, 1], "glass", depth=0.012)
    for i in range(n):
        (x0, z0), (x1, z1) = profile[i], profile[(i + 1) % n]
        pane = min(z0, z1) > beltline - 0.1 and abs(z1 - z0) > 0.3
        quad = [[x0, -half, z0], [x1, -half, z1], [x1, half, z1], [x0, half, z0]]
        mesh.add(quad, [[0, 3, 2, 1]], "glass" if pane else "paint")
    mesh.boxes(
        [(profile[:, 0].min() + profile[:, 0].max()) / 2, 0, 0.36],
        [np.ptp(profile[:, 0]) * 0.98, 2 * half + 0.03, 0.12],
        "plastic",
    )


def _wheels(mesh: Mesh, x: float, half: float, radius: float) -> None:
    for side in (-1, 1):
        frame = Frame(np.array([x, side * (half - 0.02), radius]), X * -side, Z, side * Y)
        mesh.extrude(frame, circle(0, 0, radius, 18), -0.2, 0.03, "tyre")
        mesh.polygon(frame, circle(0, 0, 0.6 * radius, 12), "rim", depth=0.04)


def bus(rng: np.random.Generator) -> Mesh:
    """A city bus along X."""
    mesh, half, long = Mesh(rng), 1.25, rng.uniform(10.5, 12)
    mesh.box(-long / 2, long / 2, -half, half, 0.4, 2.95, "paint")
    for k, (frame, width) in enumerate(block_frames(-long / 2, long / 2, -half, half)):
        if k % 2 == 0:
            n = 7
            for i in range(n):
                mesh.slab(
                    frame,
                    width * i / n + 0.12,
                    width * (i + 1) / n - 0.12,
                    1.3,
                    2.55,
                    0,
                    0.02,
                    "glass",
                )
            mesh.panel(frame, 0.3 * width, 0.62 * width, 0.55, 1.15, f"sign{rng.integers(4)}", 0.02)
            for x in (0.18 * width, 0.78 * width):
                wheel = frame.moved(x, 0.48)
                mesh.extrude(wheel, circle(0, 0, 0.48, 18), -0.2, 0.04, "tyre")
                mesh.polygon(wheel, circle(0, 0, 0.26, 12), "rim", depth=0.05)
        else:
            mesh.slab(frame, 0.15, width - 0.15, 1.2, 2.45, 0, 0.03, "glass")
            mesh.panel(frame, 0.4, width - 0.4, 2.55, 2.85, f"sign{rng.integers(4)}", 0.04)
    return mesh


def bicycle(rng: np.random.Generator) -> Mesh:
    """A parked bicycle along X."""
    mesh = Mesh(rng)
    for x in (-0.52, 0.52):
        a = np.linspace(0, TAU, 22)
        mesh.tube(
            np.c_[x + 0.33 * np.cos(a), np.zeros(22), 0.35 + 0.33 * np.sin(a)], 0.018, 5, "tyre"
        )
    joints = {
        "rear": (-0.52, 0, 0.35),
        "crank": (-0.08, 0, 0.33),
        "seat": (-0.2, 0, 0.88),
        "head": (0.36, 0, 0.85),
        "front": (0.52, 0, 0.35),
    }
    for a, b in (
        ("rear", "crank"),
        ("rear", "seat"),
        ("crank", "seat"),
        ("crank", "head"),
        ("seat", "head"),
        ("head", "front"),
    ):
        mesh.tube([joints[a], joints[b]], 0.02, 6, "paint")
    mesh.boxes([-0.22, 0, 0.95], [0.26, 0.14, 0.06], "dark")
    mesh.tube([(0.34, -0.25, 1.0), (0.38, 0, 1.02), (0.34, 0.25, 1.0)], 0.016, 5, "dark")
    return mesh


# -- plants -------------------------------------------------------------------------------------

_CROWNS = {
    "broad": (9.0, 0.27, 0.42, 0.92),
    "poplar": (13.0, 0.09, 0.15, 0.97),
    "conifer": (11.0, 0.2, 0.12, 0.97),
    "young": (4.5, 0.22, 0.4, 0.95),
}
"""Height in metres, crown radius, and where the crown begins and ends, as shares of the height."""


def tree(rng: np.random.Generator, kind: str = "broad", leaves: bool = True) -> Mesh:
    """A tree: "broad", "conifer", "poplar" or "young"; without leaves its twigs show."""
    mesh = Mesh(rng)
    height, radius, low, top = _CROWNS[kind]
    height *= rng.uniform(0.85, 1.2)
    trunk = np.linspace(0, 0.9, 7)
    wobble = np.cumsum(rng.normal(0, 0.012, (7, 2)), 0) * height
    path = np.c_[wobble - wobble[0], trunk * height]
    mesh.tube(
        path, height * (0.026 * (1 - trunk) + 0.004) * (1.2 if kind == "broad" else 0.8), 9, "bark"
    )
    count = {"broad": 26, "poplar": 30, "conifer": 46, "young": 14}[kind]
    tips = []
    for k in range(count):
        share = low + (top - low) * (k + rng.random()) / count
        angle, rise = (
            rng.uniform(0, TAU),
            0.45 if kind in ("broad", "young") else (0.9 if kind == "poplar" else -0.15),
        )
        u = (share - low) / (top - low)
        reach = (
            {
                "broad": np.sqrt(np.sin(np.pi * (0.12 + 0.83 * u))),
                "young": np.sin(np.pi * (0.15 + 0.8 * u)),
                "poplar": np.sin(np.pi * (0.1 + 0.86 * u)),
                "conifer": 1.02 - u,
            }[kind]
            * radius
            * height
            * rng.uniform(0.7, 1.1)
        )
        start = np.array(
            [
                *np.interp([share] * 1, trunk, path[:, 0]),
                *np.interp([share], trunk, path[:, 1]),
                share * height * 0.93,
            ]
        )
        out = np.array([np.cos(angle), np.sin(angle), 0]) * reach
        bend = start + 0.5 * out + [0, 0, 0.3 * rise * reach]
        tip = start + out + [0, 0, rise * reach]
        mesh.tube([start, bend, tip], height * np.array([0.008, 0.005, 0.002]), 5, "bark")
        tips.append(np.r_[bend, tip])
    tips = np.array(tips)
    if leaves:
        _foliage(mesh, tips, height, kind)
    else:
        _twigs(mesh, tips, height)
    return mesh


def _foliage(mesh: Mesh, branches: np.ndarray, height: float, kind: str) -> None:
    rng = mesh.rng
    n = 7000 if kind != "young" else 3000
    along = rng.uniform(0.15, 1.15, n)[:, None]
    pick = rng.integers(len(branches), size=n)
    centre = branches[pick, :3] * (1 - along) + branches[pick, 3:] * along
    puff = {"broad": 0.055, "young": 0.06, "poplar": 0.032, "conifer": 0.028}[kind] * height
    centre = centre + rng.normal(0, puff, (n, 3)) * [1, 1, 0.75]
    normal = rng.normal(size=(n, 3)) + [0, 0, 0.6]
    a = np.cross(normal, rng.normal(size=(n, 3)))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b = np.cross(normal, a)
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    size = (height * rng.uniform(0.007, 0.014, n))[:, None] * (1.25 if kind == "young" else 1)
    corners = np.stack(
        [centre - a * size, centre - 0.6 * b * size, centre + a * size, centre + 0.6 * b * size], 1
    )
    mesh.add(
        corners.reshape(-1, 3),
        np.arange(4 * n).reshape(-1, 4),
        "needle" if kind == "conifer" else "leaf",
    )


def _twigs(mesh: Mesh, branches: np.ndarray, height: float) -> None:
    rng = mesh.rng
    for branch in branches:
        for _ in range(9):
            start = branch[:3] + (branch[3:] - branch[:3]) * rng.uniform(0, 1)
            middle = start + rng.normal(0, 0.035, 3) * height + [0, 0, 0.02 * height]
            end = middle + rng.normal(0, 0.035, 3) * height + [0, 0, 0.02 * height]
            mesh.tube([start, middle, end], height * np.array([0.0025, 0.0018, 0.001]), 3, "twig")


def bush(rng: np.random.Generator) -> Mesh:
    """A low shrub."""
    mesh = Mesh(rng)
    stems = np.c_[np.zeros((8, 3)), rng.normal(0, 0.45, (8, 2)), rng.uniform(0.5, 1.3, 8)]
    _foliage(mesh, stems, 4.5, "young")
    return mesh


# -- street furniture ---------------------------------------------------------------------------


def street_lamp(rng: np.random.Generator) -> Mesh:
    """An old lantern on a post, or a modern mast with an arm."""
    mesh = Mesh(rng)
    if rng.random() < 0.6:
        mesh.lathe(
            [(0.22, 0), (0.2, 0.5), (0.08, 0.7), (0.06, 4.0), (0.12, 4.1)], (0, 0, 0), 10, "metal"
        )
        mesh.lathe([(0.14, 0), (0.26, 0.5)], (0, 0, 4.1), 6, "lampglass", smooth=False)
        mesh.cone((0, 0, 4.6), 0.36, 0.35, 6, "metal")
        mesh.sphere((0, 0, 4.98), 0.06, "metal", 6)
    else:
        mesh.tube(
            [(0, 0, 0), (0, 0, 6), (0, -0.5, 7), (0, -1.6, 7.2)],
            [0.11, 0.07, 0.06, 0.05],
            8,
            "metal",
        )
        mesh.boxes([0, -1.7, 7.15], [0.3, 0.7, 0.14], "metal")
        mesh.boxes([0, -1.7, 7.06], [0.24, 0.6, 0.04], "lampglass")
    return mesh


def bench(rng: np.random.Generator) -> Mesh:
    """A park bench."""
    mesh = Mesh(rng)
    for k in range(3):
        mesh.boxes([0, -0.15 + 0.15 * k, 0.45], [1.8, 0.11, 0.05], "board")
        mesh.boxes([0, 0.27, 0.58 + 0.14 * k], [1.8, 0.05, 0.1], "board")
    for x in (-0.75, 0.75):
        mesh.boxes(
            [[x, 0, 0.22], [x, 0.27, 0.45]], [[0.06, 0.45, 0.44], [0.06, 0.06, 0.9]], "metal"
        )
    return mesh


def parasol_table(rng: np.random.Generator) -> Mesh:
    """A cafe table with chairs under a parasol."""
    mesh = Mesh(rng)
    mesh.tube([(0, 0, 0), (0, 0, 2.6)], 0.03, 6, "metal")
    mesh.cylinder((0, 0, 0.72), 0.5, 0.04, 16, "white")
    if rng.random() < 0.8:
        mesh.cone((0, 0, 2.15), 1.6, 0.55, 8, f"canvas{rng.integers(3)}")
    for a in rng.uniform(0, TAU) + TAU * np.arange(4) / 4:
        c, s = np.cos(a), np.sin(a)
        mesh.boxes(
            [[0.95 * c, 0.95 * s, 0.45], [1.14 * c, 1.14 * s, 0.72]],
            [[0.4, 0.4, 0.05], [0.06, 0.4, 0.5]],
            "board",
            turn=a,
        )
        mesh.boxes([0.95 * c, 0.95 * s, 0.22], [0.32, 0.32, 0.44], "metal", turn=a, taper=0.9)
    return mesh


def market_stall(rng: np.random.Generator) -> Mesh:
    """A stall with a striped roof, crates and wares."""
    mesh, w = Mesh(rng), rng.uniform(2.4, 4.0)
    for x in (-w / 2, w / 2):
        for y in (-0.9, 0.9):
            mesh.tube([(x, y, 0), (x, y, 2.3)], 0.04, 5, "metal")
    stripes = 8
    for k in range(stripes):
        x0, x1 = w * (k / stripes - 0.5) * 1.1, w * ((k + 1) / stripes - 0.5) * 1.1
        surface = "white" if k % 2 else "canvas1"
        mesh.add(
            [
                [x0, -1.3, 2.15],
                [x1, -1.3, 2.15],
                [x1, 0.1, 2.9],
                [x0, 0.1, 2.9],
                [x1, 1.1, 2.3],
                [x0, 1.1, 2.3],
            ],
            [[0, 1, 2, 3], [3, 2, 4, 5]],
            surface,
        )
        mesh.boxes([(x0 + x1) / 2, -1.3, 2.05], [x1 - x0, 0.02, 0.25], surface)
    mesh.boxes([0, -0.4, 0.45], [w, 0.9, 0.9], "board")
    for _ in range(26):
        at = [rng.uniform(-0.46, 0.46) * w, rng.uniform(-0.8, 0.0), 0.97]
        mesh.boxes(
            at,
            rng.uniform(0.15, 0.42, 3) * [1, 1, 0.6],
            str(rng.choice(["canvas0", "canvas2", "white", "red", "leaf", "clay"])),
        )
    mesh.panel(
        Frame(np.array([-0.8, -1.32, 1.55]), X, Z, -Y),
        0,
        1.6,
        0.75,
        1.15,
        f"sign{rng.integers(4)}",
        0.02,
    )
    return mesh


def kiosk(rng: np.random.Generator) -> Mesh:
    """A newspaper kiosk, eight-sided or square."""
    mesh = Mesh(rng)
    n = int(rng.choice([4, 8]))
    r, start = rng.uniform(1.2, 1.8), np.pi / n
    mesh.lathe([(r, 0), (r, 2.5)], (0, 0, 0), n, "shutter", smooth=False, start=start)
    mesh.lathe(
        [(1.35 * r, 2.5), (1.3 * r, 2.75), (0.5 * r, 3.3), (0.06, 4.0)],
        (0, 0, 0),
        n,
        f"canvas{rng.integers(3)}",
        smooth=False,
        start=start,
    )
    flat = r * np.cos(np.pi / n)
    for k in range(n):
        a = start + np.pi / n + TAU * k / n
        out = np.array([np.cos(a), np.sin(a), 0])
        frame = Frame(flat * out, np.array([-out[1], out[0], 0]), Z, out)
        half = 0.75 * r * np.sin(np.pi / n)
        mesh.panel(
            frame,
            -half,
            half,
            1.15,
            2.2,
            str(rng.choice(["banner0", "mural1", "glass", "banner2"])),
            0.03,
        )
        mesh.panel(frame, -half, half, 2.5, 2.75, f"sign{rng.integers(4)}", 0.36 * r)
    mesh.sphere((0, 0, 4.1), 0.14, "gold", 8)
    return mesh


def road_sign(rng: np.random.Generator) -> Mesh:
    """Signs on a post."""
    mesh = Mesh(rng)
    mesh.tube([(0, 0, 0), (0, 0, 3.0)], 0.04, 6, "rim")
    frame = Frame(np.array([0, -0.05, 0.0]), X, Z, -Y)
    if rng.random() < 0.5:
        mesh.extrude(frame, circle(0, 2.6, 0.32, 20), 0, 0.03, "red")
        mesh.polygon(frame, circle(0, 2.6, 0.24, 20), "white", depth=0.035)
    else:
        for k in range(int(rng.integers(1, 4))):
            mesh.panel(
                frame, -0.2, 1.0, 2.5 - 0.34 * k, 2.78 - 0.34 * k, f"sign{rng.integers(4)}", 0.02
            )
    return mesh


def flag_banner(rng: np.random.Generator) -> Mesh:
    """An upright banner on a pole."""
    mesh, tall = Mesh(rng), rng.uniform(3.5, 6.5)
    mesh.tube([(0, 0, 0), (0, 0, tall)], 0.045, 6, "rim")
    mesh.panel(
        Frame(np.array([0.08, 0, 0.0]), X, Z, -Y),
        0,
        0.24 * tall,
        0.3 * tall,
        0.97 * tall,
        f"banner{rng.integers(3)}",
        0.0,
    )
    return mesh


def tram_or_bus_stop(rng: np.random.Generator) -> Mesh:
    """A glass shelter with a poster."""
    mesh, w = Mesh(rng), rng.uniform(3, 4.5)
    mesh.boxes([0, 0, 2.5], [w + 0.4, 1.7, 0.12], "metal")
    for x in (-w / 2, w / 2):
        for y in (-0.7, 0.7):
            mesh.boxes([x, y, 1.22], [0.08, 0.08, 2.45], "metal")
    frame = Frame(np.array([-w / 2, 0.7, 0.0]), X, Z, -Y)
    mesh.panel(frame, 0.15, 0.62 * w, 0.4, 2.2, "glass", 0.0)
    mesh.panel(frame, 0.66 * w, 0.97 * w, 0.4, 2.3, f"banner{rng.integers(3)}", 0.06)
    mesh.boxes([-0.1 * w, 0.35, 0.45], [0.6 * w, 0.35, 0.06], "board")
    return mesh


def fountain(rng: np.random.Generator) -> Mesh:
    """A basin with a bowl or two on a stem."""
    mesh, r = Mesh(rng), rng.uniform(2.2, 4.0)
    n = int(rng.choice([8, 32]))
    mesh.lathe(
        [(r, 0), (r, 0.7), (r - 0.3, 0.7), (r - 0.3, 0.3)], (0, 0, 0), n, "trim", smooth=False
    )
    mesh.lathe([(r - 0.3, 0.5), (0.01, 0.5)], (0, 0, 0), n, "water", smooth=False)
    stem, z = 0.4, 0.4
    for k in range(int(rng.integers(1, 3))):
        bowl = r * (0.55 - 0.22 * k)
        mesh.lathe(
            [
                (1.5 * stem, 0),
                (0.7 * stem, 0.3),
                (0.6 * stem, 1.1),
                (bowl, 1.5),
                (bowl, 1.65),
                (0.9 * bowl, 1.6),
                (0.05, 1.55),
            ],
            (0, 0, z),
            24,
            "trim",
        )
        z += 1.5
    mesh.sphere((0, 0, z + 0.4), 0.35, "trim", 12, 1.4)
    return mesh


def fence(rng: np.random.Generator, length: float = 10.0) -> Mesh:
    """A building site's fence with posters, along X."""
    mesh = Mesh(rng)
    n = max(2, int(length / 2.4))
    for k in range(n):
        x = (k - n / 2) * 2.4
        mesh.boxes(
            [x + 1.2, 0, 1.05], [2.36, 0.05, 2.0], str(rng.choice(["board", "white", "canvas2"]))
        )
        if rng.random() < 0.6:
            frame = Frame(np.array([x, -0.03, 0.0]), X, Z, -Y)
            mesh.panel(frame, 0.5, 1.5, 0.5, 1.8, f"banner{rng.integers(3)}", 0.02)
    return mesh


def scaffolding(rng: np.random.Generator, width: float, height: float) -> Mesh:
    """Poles, boards and nets before a facade: it fills x = -width/2 .. width/2 and y = 0 .. 1.2."""
    mesh = Mesh(rng)
    levels, bays = max(1, int(height / 2.0)), max(1, int(width / 2.5))
    xs = np.linspace(-width / 2, width / 2, bays + 1)
    for x in xs:
        for y in (0.0, 1.2):
            mesh.tube([(x, y, 0), (x, y, 2.0 * levels + 1.0)], 0.035, 5, "rim")
    for k in range(1, levels + 1):
        mesh.boxes([0, 0.6, 2.0 * k], [width, 1.1, 0.06], "board")
        for rise in (0.5, 1.0):
            mesh.tube(
                [(-width / 2, 0, 2.0 * k + rise), (width / 2, 0, 2.0 * k + rise)], 0.025, 4, "rim"
            )
    for k in range(levels):
        for b in range(bays):
            if rng.random() < 0.3:
                mesh.tube([(xs[b], 0, 2.0 * k), (xs[b + 1], 0, 2.0 * k + 2)], 0.025, 4, "rim")
            if rng.random() < 0.55:
                frame = Frame(np.array([xs[b], -0.05, 2.0 * k]), X, Z, -Y)
                mesh.polygon(
                    frame, [(0, 0), (width / bays, 0), (width / bays, 2.0), (0, 2.0)], "net"
                )
    return mesh
