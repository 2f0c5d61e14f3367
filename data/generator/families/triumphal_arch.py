"""Triumphal arches: one or three passages, columns or sculpture, an attic, statues."""

from dataclasses import dataclass

import numpy as np

from ..elements import balustrade, column, cornice, frieze, niche, pediment, picture, statue
from ..mesh import Frame, Mesh, circle, frame_at, outline
from ..surfaces import Palette, Surface, draw_palette

FRONT = -np.pi / 2
GLYPHS = [
    "07 72 35",
    "86 60 02",
    "06 68 34 02",
    "06 68 34",
    "06 28 35",
    "17",
    "60 02",
    "06 64 48 82",
    "06 62 28",
    "60 02 28 86",
    "06 68 85 53",
    "06 68 85 53 42",
    "86 63 35 52 20",
    "68 71",
    "61 18",
    "62 08",
    "67 75 51 10 06",
]
"""Roman capitals as strokes between the points of a 3 x 3 grid, numbered from the lower left."""


@dataclass(frozen=True)
class Design:
    """The measures of an arch; passages are (centre, width, height)."""

    width: float
    depth: float
    body: float
    attic: float
    passages: list[tuple[float, float, float]]
    style: str
    order: str

    def piers(self) -> list[tuple[float, float]]:
        """The stretches of wall between the passages, from left to right."""
        edges = [-self.width / 2]
        for cx, width, _ in self.passages:
            edges += [cx - width / 2, cx + width / 2]
        edges.append(self.width / 2)
        return list(zip(edges[::2], edges[1::2], strict=True))


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """An arch 16 to 44 m wide, with columns, flat pilasters or groups of sculpture."""
    mesh = Mesh(rng)
    design = _draw_design(rng)
    front = frame_at((0, 0, 0), FRONT)
    _body(mesh, design, front)
    for cx, width, height in design.passages:
        _passage(mesh, design, front, cx, width, height)
    for k, (a, b) in enumerate(design.piers()):
        _pier(mesh, design, front, a, b, mirrored=k >= len(design.passages))
    for angle, x in ((0.0, design.width / 2), (np.pi, -design.width / 2)):
        _flank(mesh, design, frame_at((x, design.depth / 2, 0), angle))
    top = _attic(mesh, design, front)
    _crown(mesh, design, top)
    if rng.random() < 0.25:
        _wings(mesh, design)
    bronze = Surface(
        "metal",
        (str(rng.choice(["5f8f7c", "4d4a3c", "d9a93f", "6b5a3a"])),),
        7,
        roughness=0.5,
        metallic=0.5,
    )
    return mesh, draw_palette(
        rng,
        ("limestone", "marble", "sandstone", "granite", "brick"),
        ("lead",),
        ("marble", "limestone", "sandstone"),
        bronze=bronze,
    )


def _draw_design(rng: np.random.Generator) -> Design:
    style = str(rng.choice(["columns", "columns", "pilasters", "sculpture"]))
    triple = rng.random() < 0.5
    main = rng.uniform(5.0, 7.5) if triple else rng.uniform(6.0, 11.0)
    height = main * rng.uniform(1.45, 2.0)
    passages = [(0.0, main, height)]
    pier = main * (rng.uniform(0.42, 0.6) if triple else rng.uniform(0.55, 0.95))
    width = main + 2 * pier
    if triple:
        side = main * rng.uniform(0.5, 0.8)
        side_height = (
            height if rng.random() < 0.25 else max(height * rng.uniform(0.5, 0.68), 1.3 * side)
        )
        cx = main / 2 + pier + side / 2
        passages = [(-cx, side, side_height), *passages, (cx, side, side_height)]
        width += 2 * (side + pier)
    body = height + main * rng.uniform(0.22, 0.4)
    order = str(rng.choice(["corinthian", "corinthian", "ionic", "doric"]))
    return Design(
        width,
        rng.uniform(0.26, 0.45) * width,
        body,
        body * rng.uniform(0.24, 0.45),
        passages,
        style,
        order,
    )


def inscription(mesh: Mesh, frame: Frame, x0, x1, y, height, surface="gold", depth=0.03) -> None:
    """A line of Roman capitals, `height` high, centred between x0 and x1."""
    rng, pitch = mesh.rng, 0.82 * height
    count = int((x1 - x0) / pitch)
    left = (x0 + x1 - pitch * count) / 2
    until_space, strokes = int(rng.integers(3, 9)), []
    for k in range(count):
        if until_space == 0:
            until_space = int(rng.integers(2, 9))
            continue
        until_space -= 1
        for stroke in GLYPHS[int(rng.integers(len(GLYPHS)))].split():
            grid = np.array([divmod(int(c), 3)[::-1] for c in stroke]) * [0.29, 0.5]
            strokes.append(grid * height + [left + k * pitch + 0.1 * height, y])
    if not strokes:
        return
    p, q = np.moveaxis(np.array(strokes), 1, 0)
    along = (q - p) / np.linalg.norm(q - p, axis=1, keepdims=True)
    half = 0.065 * height * along
    across = half[:, ::-1] * [-1, 1]
    ring = np.stack(
        [p - half - across, q + half - across, q + half + across, p - half + across], 1
    ).reshape(-1, 2)
    mesh.add(frame.at(ring[:, 0], ring[:, 1], depth), np.arange(len(ring)).reshape(-1, 4), surface)


def horse(mesh: Mesh, x, y, z, height, facing=FRONT, surface="bronze") -> None:
    """A striding horse, `height` at the withers, its gait drawn at random."""
    rng, animal = mesh.rng, Mesh(mesh.rng)
    back = [
        (0, 0.95, 0.9),
        (0, 0.8, 0.9),
        (0, 0.4, 0.85),
        (0, -0.1, 0.84),
        (0, -0.5, 0.9),
        (0, -0.68, 0.98),
    ]
    animal.tube(
        np.array(back) * height, np.array([0.04, 0.17, 0.19, 0.2, 0.2, 0.08]) * height, 10, surface
    )
    lift = rng.uniform(-0.08, 0.12)
    neck = np.array([(0, -0.5, 0.95), (0, -0.75, 1.2), (0, -0.88, 1.5 + lift)]) * height
    animal.tube(neck, np.array([0.17, 0.12, 0.09]) * height, 8, surface)
    head = (
        np.array([(0, -0.85, 1.5 + lift), (0, -1.0, 1.42 + lift), (0, -1.3, 1.2 + lift)]) * height
    )
    animal.tube(head, np.array([0.05, 0.1, 0.05]) * height, 8, surface)
    animal.tube(
        np.array([(0, 0.9, 0.95), (0, 1.1, 0.9), (0, 1.2, 0.5)]) * height,
        np.array([0.05, 0.08, 0.02]) * height,
        6,
        surface,
    )
    for end, sway in ((-0.55, 1), (0.75, -1)):
        for side in (-1, 1):
            raised = 0.35 if rng.random() < 0.45 else 0.0
            knee = np.array(
                [side * 0.15, end - 0.5 * raised * sway + rng.normal(0, 0.04), 0.42 + 0.5 * raised]
            )
            hoof = np.array([side * 0.15, end - 0.1 * raised + rng.normal(0, 0.06), 1.1 * raised])
            leg = np.array([(side * 0.13, end, 0.85), knee, hoof]) * height
            animal.tube(leg, np.array([0.13, 0.07, 0.06]) * height, 7, surface)
    mesh.merge(animal, (x, y, z), facing + np.pi / 2)


def quadriga(mesh: Mesh, x, y, z, height, horses=4, surface="bronze") -> None:
    """A chariot drawn by horses abreast, with a standing driver who holds a standard."""
    for k in range(horses):
        horse(
            mesh,
            x + (k - (horses - 1) / 2) * 0.75 * height,
            y - 0.6 * height - 0.12 * height * (k % 2),
            z,
            height,
        )
    mesh.box(
        x - 0.6 * height,
        x + 0.6 * height,
        y + 0.6 * height,
        y + 1.8 * height,
        z + 0.3 * height,
        z + 0.55 * height,
        surface,
    )
    mesh.lathe(
        [(0.62 * height, 0), (0.7 * height, 0.55 * height)],
        (x, y + 1.2 * height, z + 0.5 * height),
        14,
        surface,
        start=np.pi,
        arc=np.pi,
    )
    for side in (-1, 1):
        wheel = frame_at((x + side * 0.66 * height, y + 1.2 * height, z), 0 if side > 0 else np.pi)
        mesh.extrude(wheel, circle(0, 0.36 * height, 0.36 * height, 14), -0.1, 0.05, surface)
    statue(mesh, x, y + 1.3 * height, z + 0.55 * height, 1.7 * height, surface)
    mesh.tube(
        [
            (x + 0.5 * height, y + 1.2 * height, z + 0.6 * height),
            (x + 0.5 * height, y + 1.1 * height, z + 3.0 * height),
        ],
        0.04 * height,
        6,
        surface,
    )
    mesh.sphere((x + 0.5 * height, y + 1.1 * height, z + 2.85 * height), 0.22 * height, surface, 8)


def _body(mesh: Mesh, design: Design, front: Frame) -> None:
    w, h = design.width, design.body
    holes = [
        np.maximum(outline("round", cx, 0, pw, ph, 20), (-np.inf, 0.01))
        for cx, pw, ph in design.passages
    ]
    ring = np.array([(-w / 2, 0), (w / 2, 0), (w / 2, h), (-w / 2, h)])
    mesh.polygon(front, ring, "wall", holes)
    back = frame_at((0, design.depth, 0), np.pi / 2)
    mesh.polygon(back, ring, "wall", [hole * [-1, 1] for hole in holes])
    for a, b in design.piers():  # a plinth under each pier
        mesh.box(a - 0.25, b + 0.25, -0.35, design.depth + 0.35, 0, 1.3, "base")
        mesh.box(a - 0.15, b + 0.15, -0.2, design.depth + 0.2, 1.3, 1.6, "trim")


def _crescent(inner, outer) -> np.ndarray:
    """The ring of a band over an arch, between two curves that both run from right to left."""
    return np.r_[outer, inner[::-1]]


def _passage(mesh: Mesh, design: Design, front: Frame, cx, width, height) -> None:
    """A coffered vault, the archivolt before it, a keystone figure and reliefs in the spandrels."""

    def head(grow):
        return outline("round", cx, 0, width + 2 * grow, height + grow, 20)[2:]

    mesh.strip(front, outline("round", cx, 0, width, height, 20), 0, -design.depth, "wall")
    for d in -np.linspace(0.1, design.depth - 0.4, max(4, int(design.depth / 1.6))):
        mesh.extrude(front, _crescent(head(-0.18), head(0)), d - 0.3, d, "trim")
    for p in head(-0.1)[1:-1:2]:
        mesh.beam(front.at(*p, -0.1), front.at(*p, 0.1 - design.depth), 0.22, 0.2, "trim")
    for inner, outer, d in ((0, 0.6, 0.14), (0.3, 0.6, 0.26)):
        mesh.extrude(front, _crescent(head(inner), head(outer)), 0, d, "trim")
    spring, r = height - width / 2, width / 2
    for side in (-1, 1):  # imposts, which run on into the passage, and a Victory over each
        x = cx + side * r
        for reach, deep, out in ((0.7, -0.2, 0.3), (-0.15, -design.depth, 0.25)):
            mesh.slab(
                front, *sorted((x, x + side * reach)), spring - 0.45, spring, deep, out, "trim"
            )
        t = np.linspace(0.15, 1.3, 10)
        curve = np.c_[cx + side * (r + 0.65) * np.cos(t), spring + (r + 0.65) * np.sin(t)]
        spandrel = np.r_[
            curve, [(cx + side * 0.27 * r, height + 0.72), (x + side * 0.5, height + 0.72)]
        ]
        mesh.polygon(front, spandrel[::side], picture(mesh, "relief"), depth=0.05, fit=True)
        statue(mesh, *front.at(x + side * 0.05, height - 0.45 * r, 0.1), 0.42 * r + 0.5)
    mesh.slab(front, cx - 0.35, cx + 0.35, height - 0.15, height + 0.8, 0, 0.5, "trim")
    statue(mesh, *front.at(cx, height - 0.1, 0.65), 1.0)
    if (
        design.body - height > 3.2
    ):  # a low passage: fields of relief and medallions fill the wall above it
        z0, z1 = height + 1.3, design.body - 0.7
        frieze(mesh, front, cx - 0.9 * r, cx + 0.9 * r, z0, 0.42 * (z1 - z0), panel=2.6)
        for side in (-1, 1):
            _medallion(
                mesh,
                front,
                cx + 0.48 * side * r,
                z0 + 0.75 * (z1 - z0),
                min(0.4 * r, 0.21 * (z1 - z0)),
            )


def _medallion(mesh: Mesh, front: Frame, x, y, radius) -> None:
    mesh.moulding(front, circle(x, y, radius), circle(x, y, 1.15 * radius), 0, 0.25, "trim")
    mesh.polygon(front, circle(x, y, radius), picture(mesh, "relief"), depth=0.06, fit=True)


def _pier(mesh: Mesh, design: Design, front: Frame, a, b, mirrored: bool) -> None:
    """The ornament of one pier: columns or pilasters with reliefs, or a group of sculpture."""
    width, h = b - a, design.body
    if design.style == "sculpture":
        _sculpture(mesh, front, a, b, h)
    else:
        wide = width > 3.6
        radius = min(0.052 * h, 0.13 * width if wide else 0.24 * width)
        spots = [a + 1.6 * radius, b - 1.6 * radius] if wide else [(a + b) / 2]
        for x in spots:
            _support(mesh, design, front, x, radius)
        if wide:
            x0, x1 = a + 3.3 * radius, b - 3.3 * radius
            middle, w = (a + b) / 2, x1 - x0
            if mesh.rng.random() < 0.5:
                niche(mesh, front, middle, 2.4, min(0.62 * w, 2.2), 0.36 * h)
            else:
                frieze(mesh, front, x0, x1, 2.3, 0.3 * h, panel=4)
            mesh.panel(front, x0, x1, 0.5 * h, 0.66 * h, picture(mesh, "relief"), 0.06)
            _medallion(mesh, front, middle, 0.81 * h, min(0.42 * w, 0.12 * h))


def _support(mesh: Mesh, design: Design, front: Frame, x, radius) -> None:
    """A column on a carved pedestal, or a pilaster, with a statue above the entablature."""
    h, pedestal = design.body, 0.17 * design.body
    out = 1.9 * radius if design.style == "columns" else 0.35
    half = 1.55 * radius
    mesh.slab(front, x - half, x + half, 0, pedestal, 0, out + half, "trim")
    mesh.slab(
        front,
        x - half - 0.12,
        x + half + 0.12,
        pedestal - 0.25,
        pedestal,
        0,
        out + half + 0.12,
        "trim",
    )
    mesh.panel(
        front,
        x - 0.8 * half,
        x + 0.8 * half,
        0.5,
        pedestal - 0.4,
        picture(mesh, "relief"),
        out + half + 0.03,
    )
    if design.style == "columns":
        foot = front.at(x, pedestal, out)
        column(mesh, *foot, h - pedestal, radius, n=20, flute=0.09, order=design.order)
    else:
        mesh.slab(front, x - radius, x + radius, pedestal, h - 1.6 * radius, 0, out, "trim")
        mesh.panel(
            front,
            x - 0.7 * radius,
            x + 0.7 * radius,
            pedestal + 0.4,
            h - 2.2 * radius,
            picture(mesh, "relief"),
            out + 0.03,
        )
        mesh.slab(
            front, x - 1.25 * radius, x + 1.25 * radius, h - 1.6 * radius, h, 0, out + 0.3, "trim"
        )
    e = 0.1 * h
    mesh.slab(front, x - half, x + half, h, h + 0.8 * e, 0, out + half, "trim")
    mesh.slab(
        front, x - half - 0.3, x + half + 0.3, h + 0.8 * e, h + 1.1 * e, 0, out + half + 0.3, "trim"
    )
    if design.style == "columns":
        statue(mesh, *front.at(x, h + 1.1 * e, out), 0.62 * design.attic)


def _sculpture(mesh: Mesh, front: Frame, a, b, h) -> None:
    """A pedestal with a crowd of figures that rises to its leader, a battle relief above."""
    rng, middle, half = mesh.rng, (a + b) / 2, 0.38 * (b - a)
    foot = 0.2 * h
    mesh.slab(front, middle - half - 0.3, middle + half + 0.3, 0, foot, 0, 1.7, "trim")
    mesh.panel(front, middle - half, middle + half, 0.5, foot - 0.4, picture(mesh, "relief"), 1.73)
    mesh.panel(front, middle - half, middle + half, foot, 0.62 * h, picture(mesh, "relief"), 0.06)
    count = max(4, int(half / 0.32))
    for x in rng.permutation(np.linspace(-0.85, 0.85, count)):
        statue(
            mesh,
            *front.at(middle + x * half, foot, rng.uniform(0.7, 1.35)),
            h * rng.uniform(0.1, 0.19),
            facing=FRONT + rng.normal(0, 0.7),
        )
    statue(mesh, *front.at(middle + rng.normal(0, 0.2), foot + 0.1 * h, 0.7), 0.26 * h)
    frieze(mesh, front, middle - half, middle + half, 0.7 * h, 0.18 * h, panel=6)


def _flank(mesh: Mesh, design: Design, frame: Frame) -> None:
    """A narrow side: a deep blind arch with a statue, reliefs above."""
    half, h = design.depth / 2, design.body
    w, top = min(0.5 * design.depth, 4.0), 0.55 * h
    recess = min(0.7, 0.2 * min(b - a for a, b in design.piers()))
    hole = outline("round", 0, 1.8, w, top - 1.8)
    mesh.polygon(frame, [(-half, 0), (half, 0), (half, h), (-half, h)], "wall", [hole])
    mesh.strip(frame, hole, 0, -recess, "trim")
    mesh.polygon(
        frame,
        hole,
        picture(mesh, "mural") if mesh.rng.random() < 0.3 else "accent",
        depth=-recess,
        fit=True,
    )
    mesh.moulding(frame, hole, outline("round", 0, 1.8, w + 0.8, top - 1.4), 0, 0.2, "trim")
    facing = np.arctan2(frame.out[1], frame.out[0])
    mesh.slab(frame, -0.7, 0.7, 0, 1.9, 0, 0.9, "trim")
    statue(mesh, *frame.at(0, 1.9, 0.25), 0.62 * (top - 1.8), facing=facing)
    frieze(mesh, frame, -0.8 * half, 0.8 * half, 0.64 * h, 0.14 * h, panel=2.8)
    inscription(mesh, frame, -0.85 * half, 0.85 * half, 0.86 * h, 0.55, "dark")


def _attic(mesh: Mesh, design: Design, front: Frame) -> float:
    """The entablature and the inscribed storey above it; returns the height of its top."""
    rng, w, d, h = mesh.rng, design.width / 2, design.depth, design.body
    e = 0.1 * h
    mesh.box(-w - 0.12, w + 0.12, -0.12, d + 0.12, h, h + 0.75 * e, "trim")
    frieze(mesh, front.moved(d=0.12), -w, w, h + 0.18 * e, 0.45 * e, panel=1.6, depth=0.03)
    cornice(mesh, -w, w, 0, d, h + 0.75 * e, reach=0.55 + 0.03 * h, height=0.35 * e + 0.2)
    z0, z1 = h + 1.1 * e, h + 1.1 * e + design.attic
    mesh.box(-w + 0.3, w - 0.3, 0.3, d - 0.3, z0, z1, "wall")
    face, a = front.moved(d=-0.3), design.attic
    main = design.passages[len(design.passages) // 2][1] / 2
    span = main if design.style == "columns" else rng.uniform(0.42, 0.8) * w
    mesh.slab(face, -span - 0.3, span + 0.3, z0 + 0.1 * a, z0 + 0.92 * a, 0, 0.22, "trim")
    mesh.slab(face, -span, span, z0 + 0.16 * a, z0 + 0.86 * a, 0, 0.25, "accent")
    lines = int(rng.integers(2, 5))
    letters = str(rng.choice(["gold", "dark", "bronze"]))
    for k in range(lines):
        inscription(
            mesh,
            face,
            -0.95 * span,
            0.95 * span,
            z0 + (0.8 - 0.62 * (k + 0.85) / lines) * a,
            0.42 * a / lines,
            letters,
            0.28,
        )
    if w - span > 2.2:
        for side in (-1, 1):
            x = side * (span + w) / 2
            reach = (w - span) / 2 - 0.8
            mesh.panel(
                face,
                x - reach,
                x + reach,
                z0 + 0.18 * a,
                z0 + 0.84 * a,
                picture(mesh, "relief"),
                0.06,
            )
    for angle, x in ((0.0, w - 0.3), (np.pi, -w + 0.3)):
        frieze(
            mesh,
            frame_at((x, d / 2, 0), angle),
            -0.4 * d,
            0.4 * d,
            z0 + 0.2 * a,
            0.55 * a,
            panel=3.5,
        )
    cornice(
        mesh,
        -w + 0.3,
        w - 0.3,
        0.3,
        d - 0.3,
        z1 - 0.1,
        reach=0.4,
        height=0.6,
        dentils=rng.random() < 0.5,
    )
    return z1 + 0.5


def _crown(mesh: Mesh, design: Design, z: float) -> None:
    """What stands on top: a quadriga, a gable, a second storey, statues or a railing."""
    rng, w, d = mesh.rng, design.width / 2, design.depth
    choice = str(rng.choice(["quadriga", "quadriga", "gable", "tiers", "statues", "rider"]))
    tall = min(rng.uniform(2.2, 3.0) + 0.04 * w, (d - 1.5) / 2.9)
    if choice == "gable":
        half = rng.uniform(0.45, 0.9) * w
        mesh.gable_roof(-half, half, 0.4, d - 0.4, z, 0.36 * half, "roof", "trim", 0.2)
        pediment(mesh, frame_at((0, 0.3, 0), FRONT), 0, z, 2 * half, 0.36 * half, depth=0.5)
        statue(mesh, 0, 0.6, z + 0.36 * half + 0.3, tall, "bronze")
    elif choice == "tiers":
        for k, share in enumerate((0.72, 0.52, 0.34)):
            mesh.box(
                -share * w,
                share * w,
                d / 2 - share * d / 2,
                d / 2 + share * d / 2,
                z + k,
                z + k + 1,
                "trim",
            )
        quadriga(mesh, 0, d / 2, z + 3, 0.7 * tall, int(rng.choice([2, 4])))
    elif choice in ("quadriga", "rider"):
        horses = int(rng.choice([2, 3, 4, 6])) if choice == "quadriga" else 1
        half = max(1.5, 0.375 * (horses - 1) + 0.3) * tall
        mesh.box(-half - 0.3, half + 0.3, 0.5, d - 0.5, z - 0.1, z + 0.9, "trim")
        if choice == "quadriga":
            quadriga(mesh, 0, 0.7 + 1.1 * tall, z + 0.9, tall, horses)
        else:
            horse(mesh, 0, d / 2, z + 0.9, 1.5 * tall)
            statue(mesh, 0, d / 2 + 0.1 * tall, z + 0.9 + 1.2 * tall, 1.5 * tall, "bronze")
    else:
        balustrade(mesh, -w + 0.4, w - 0.4, 0.4, d - 0.4, z, height=1.2)
        for x in np.linspace(-w + 0.6, w - 0.6, int(rng.integers(4, 9))):
            mesh.boxes([x, 0.4, z + 0.75], [1.1, 1.1, 1.5], "trim")
            statue(mesh, x, 0.4, z + 1.5, tall * rng.uniform(0.9, 1.2))
    if choice in ("quadriga", "rider", "tiers"):
        for side in (-1, 1):
            x = side * (w - 1.2)
            mesh.boxes([x, 1.4, z + 0.5], [1.4, 1.4, 1.2], "trim")
            statue(
                mesh,
                x,
                1.4,
                z + 1.1,
                tall * rng.uniform(1.0, 1.3),
                "bronze" if rng.random() < 0.5 else "trim",
            )


def _wings(mesh: Mesh, design: Design) -> None:
    """Lower wings on both sides, each a wall with niches behind columns."""
    rng = mesh.rng
    h, length = design.body * rng.uniform(0.45, 0.7), rng.uniform(4.5, 7.5)
    for side in (-1, 1):
        x0, x1 = sorted((side * design.width / 2, side * (design.width / 2 + length)))
        y0, y1 = 0.35 * design.depth, 0.75 * design.depth
        mesh.box(x0, x1, y0, y1, 0, h, "wall")
        frame = frame_at(((x0 + x1) / 2, y0, 0), FRONT)
        niche(mesh, frame, 0, 1.6, 1.6, 0.6 * h)
        frieze(mesh, frame, -length / 2 + 0.5, length / 2 - 0.5, 0.8 * h, 0.12 * h, panel=2)
        for x in np.linspace(x0 + 0.7, x1 - 0.7, int(rng.integers(2, 5))):
            column(mesh, x, y0 - 0.6, 0, h, 0.34, n=14, order=design.order)
        cornice(mesh, x0, x1, y0 - 1.0, y1, h, reach=0.35)
        balustrade(mesh, x0, x1, y0 - 0.8, y1, h + 0.7)
