"""Bridges from the embankment: of stone, hanging, opening, and with houses on them."""

import itertools

import numpy as np

from ..elements import (
    arcade,
    balustrade,
    chimney,
    clock,
    coat_of_arms,
    cornice,
    dormer,
    facade,
    frieze,
    lantern,
    merlons,
    niche,
    picture,
    pinnacle,
    sign,
    spire,
    statue,
    window,
)
from ..mesh import Frame, Mesh, block_frames, outline
from ..surfaces import Palette, Surface, draw_palette, wall_surface

X, Y, Z = np.eye(3)


class Deck:
    """The roadway, from -half to half along X and 0 to `width` along Y."""

    def __init__(self, rng: np.random.Generator, rise: float):
        self.half, self.width, self.rise = rng.uniform(23, 32), rng.uniform(8.5, 12), rise
        self.ends, self.bank = rng.uniform(5.0, 7.0), rng.uniform(5, 8)
        self.parapet, self.cutwater = rng.integers(3, size=2)

    def height(self, x):
        """Height of the roadway at x."""
        return (
            self.ends
            + self.rise
            * np.cos(np.clip(np.asarray(x, float) / self.half, -1, 1) * np.pi / 2) ** 1.5
        )

    def sides(self):
        """The upright planes of both sides, each with the sign that turns x along it."""
        return [(Frame(np.zeros(3), X, Z, -Y), 1), (Frame(self.width * Y, -X, Z, Y), -1)]


def build(rng: np.random.Generator) -> tuple[Mesh, Palette]:
    """A bridge 56 to 80 m long over a strip of water: of stone, built over, hanging or opening."""
    mesh = Mesh(rng)
    kind = str(rng.choice(["stone", "stone", "houses", "gallery", "hanging", "bascule"]))
    deck = Deck(rng, {"stone": rng.uniform(0.3, 4.5), "gallery": 0}.get(kind, rng.uniform(0.1, 1)))
    {
        "stone": _stone,
        "houses": _houses,
        "gallery": _gallery,
        "hanging": _hanging,
        "bascule": _bascule,
    }[kind](mesh, deck)
    reach = deck.half + deck.bank + 8
    mesh.polygon(
        Frame(0.05 * Z, X, Y, Z), [(-reach, -8), (reach, -8), (reach, 25), (-reach, 25)], "water"
    )
    for side in (-1, 1):
        _bank(mesh, deck, side)
    paint = str(rng.choice(["7d2a22", "2f5a6e", "4f6a4a", "5a6066", "8c8f8a", "b5762f"]))
    houses = {
        f"house{k}": wall_surface(rng, str(rng.choice(["stucco", "stucco", "plaster", "brick"])))
        for k in range(5)
    }
    steel = Surface("paint", (paint,), int(rng.integers(1000)), variation=0.4)
    return mesh, draw_palette(
        rng,
        ("limestone", "sandstone", "granite", "brick"),
        ("tile", "slate", "copper"),
        steel=steel,
        **houses,
    )


# -- banks --------------------------------------------------------------------------------------


def _bank(mesh: Mesh, deck: Deck, side: int) -> None:
    """The abutment with its terrace and stairs, and the quay wall to both sides of it."""
    rng, z, low, high = mesh.rng, deck.ends, -2.5, deck.width + 2.5
    outer = side * (deck.half + deck.bank)
    x0, x1 = sorted((side * deck.half, outer))
    mesh.box(x0, x1, low, high, 0, z, "wall")
    mesh.box(x0 - 0.2, x1 + 0.2, low - 0.2, high + 0.2, z - 0.5, z + 0.03, "trim")
    for y in (low + 0.3, high - 0.3):
        balustrade(mesh, x0 + 0.3, x1 - 0.3, y - 0.01, y + 0.01, z)
    for frame, width in block_frames(x0, x1, low, high)[::2]:
        arch = outline("round", width / 2, 0.1, 2.2, 2.2)
        mesh.polygon(frame, arch, "dark", depth=0.02)
        mesh.moulding(frame, arch, outline("round", width / 2, 0.1, 2.9, 2.55), 0, 0.25, "trim")
        frieze(mesh, frame, 0.3, width - 0.3, z - 2.0, 1.2, panel=rng.uniform(1.5, 3))
        sign(mesh, frame, width / 2 + 1.7, width - 0.4, 1.0, 1.5)
    count = int(z / 0.36)
    for k in range(count):
        a, b = sorted((outer + side * 0.3 * k, outer + side * 0.3 * (k + 1)))
        mesh.box(a, b, 1, deck.width - 1, 0, z * (1 - (k + 0.5) / count), "base")
    for y0, y1 in ((-8, low), (high, 25)):
        a, b = sorted((outer - side * 1.5, outer))
        mesh.box(a, b, y0, y1, 0, 1.8, "base")
        mesh.box(a - 0.15, b + 0.15, y0, y1, 1.8, 2.1, "trim")
    for y in (low + 1.4, high - 1.4):
        _monument(mesh, (x0 + x1) / 2, y, z, int(rng.integers(4)))


def _monument(mesh: Mesh, x, y, z, kind: int) -> None:
    """Something tall to stand at a bridge's corner: a statue, an obelisk, a kiosk or a lion."""
    rng = mesh.rng
    if kind == 2:
        lantern(mesh, x, y, z, 1.0, rng.uniform(4, 5.5), 6, cap="dome")
        return
    tall = rng.uniform(1.4, 2.8)
    mesh.boxes([x, y, z + tall / 2], [1.8, 1.8, tall], "trim")
    mesh.boxes(
        [[x, y, z + 0.2], [x, y, z + tall - 0.1]], [[2.2, 2.2, 0.4], [2.1, 2.1, 0.3]], "trim"
    )
    mesh.panel(
        Frame(np.array([x, y - 0.9, z]), X, Z, -Y),
        -0.7,
        0.7,
        0.5,
        tall - 0.4,
        picture(mesh, "relief"),
        0.05,
    )
    if kind == 0:
        statue(mesh, x, y, z + tall, rng.uniform(2.6, 3.8))
    elif kind == 1:
        height = rng.uniform(4, 7)
        mesh.cone((x, y, z + tall), 0.85, height, 4, "trim", start=np.pi / 4, top=0.4)
        mesh.sphere((x, y, z + tall + height + 0.3), 0.45, "gold", 10)
    else:
        lion, surface = Mesh(rng), str(rng.choice(["trim", "dome", "gold"]))
        lion.tube(
            [(-1.1, 0, 0.4), (-0.5, 0, 0.6), (0.3, 0, 0.9), (0.7, 0, 1.4)],
            [0.42, 0.5, 0.55, 0.5],
            10,
            surface,
        )
        lion.sphere((0.85, 0, 1.75), 0.58, surface, 10)
        lion.sphere((1.3, 0, 1.65), 0.27, surface, 8)
        for leg in (-0.4, 0.4):
            lion.tube([(0.45, leg, 0.9), (0.9, leg, 0.2), (1.5, leg, 0.15)], 0.17, 7, surface)
        mesh.merge(lion, (x, y, z + tall), rng.choice([-np.pi / 2, 0, np.pi]))


# -- masonry ------------------------------------------------------------------------------------


def _arch(centre, width, spring, rise, pointed) -> np.ndarray:
    t = np.linspace(0, np.pi, 19)
    bulge = 1 - np.abs(np.cos(t)) ** 1.5 if pointed else np.sin(t)
    return np.r_[
        [(centre - width / 2, 0.01), (centre + width / 2, 0.01)],
        np.c_[centre + width / 2 * np.cos(t), spring + rise * bulge],
    ]


def _masonry(mesh: Mesh, deck: Deck, count: int) -> np.ndarray:
    """Arches between piers with cutwaters, the roadway on them; returns the x of the piers."""
    rng = mesh.rng
    shares = 1 + rng.uniform(0, 0.9) * np.cos(np.linspace(-1, 1, count) * np.pi / 2)
    edges = deck.half * (-1 + 2 * np.r_[0, np.cumsum(shares) / shares.sum()])
    pier, pointed, spring = (
        rng.uniform(2.2, 3.6),
        rng.random() < 0.3,
        rng.uniform(0.8, 0.35 * deck.ends),
    )
    arches = []
    for a, b in itertools.pairwise(edges):
        centre, width = (a + b) / 2, b - a - pier
        top = min(
            deck.height(centre + 0.3 * width * np.array([-1, 1])).min() - 1.0, spring + 0.62 * width
        )
        arches.append(_arch(centre, width, spring, top - spring, pointed))
    x = np.linspace(-deck.half, deck.half, 61)
    ring = np.r_[[(-deck.half, 0), (deck.half, 0)], np.c_[x, deck.height(x)][::-1]]
    tall = rng.uniform(0.5, 0.95, 18)
    for frame, flip in deck.sides():
        mesh.polygon(frame, ring * [flip, 1], "wall", [arch * [flip, 1] for arch in arches])
        for arch in arches:
            _voussoirs(mesh, frame, arch[2:] * [flip, 1], tall)
    for arch in arches:
        mesh.strip(deck.sides()[0][0], arch, 0, -deck.width, "wall")
    for x in edges[1:-1]:
        _pier(mesh, deck, x, pier, spring + rng.uniform(0.2, 0.6))
    _road(mesh, deck, -deck.half, deck.half)
    return edges[1:-1]


def _voussoirs(mesh: Mesh, frame: Frame, head: np.ndarray, tall: np.ndarray) -> None:
    tangent = np.gradient(head, axis=0)
    out = np.c_[tangent[:, 1], -tangent[:, 0]] / np.linalg.norm(tangent, axis=1, keepdims=True)
    out *= np.sign(tangent[len(head) // 2, 0]) * -1
    middle = len(tall) // 2
    for i, reach in enumerate(tall):
        a, b, c, d = (
            head[i],
            head[i + 1],
            head[i + 1] + reach * out[i + 1],
            head[i] + reach * out[i],
        )
        mesh.extrude(frame, [a, b, c, d], 0, 0.12 + 0.05 * (i % 2), "trim")
    (x, y), name = head[middle], picture(mesh, "relief")
    mesh.slab(frame, x - 0.5, x + 0.5, y, y + 0.95, 0, 0.3, "trim")
    mesh.panel(frame, x - 0.42, x + 0.42, y + 0.06, y + 0.88, name, 0.33)


def _pier(mesh: Mesh, deck: Deck, x, width, top) -> None:
    """Cutwaters (pointed, round or blunt) before and behind a pier, and an ornament above each."""
    t = np.linspace(-np.pi, 0, 11)
    plans = (
        [(-1, 0), (0, -1.3), (1, 0)],
        np.c_[np.cos(t), np.sin(t)],
        [(-1, 0), (-0.6, -0.8), (0.6, -0.8), (1, 0)],
    )
    plan = np.asarray(plans[deck.cutwater], float) * width / 2
    for frame, flip in deck.sides():
        flat = Frame(frame.at(flip * x, 0), frame.right, -frame.out, Z)
        mesh.extrude(flat, plan * 1.25, 0, 0.7, "base")
        mesh.extrude(flat, plan, 0.7, top, "wall")
        mesh.strip(flat, plan * 1.1, top, top + 0.3, "trim")
        mesh.strip(flat, plan * 1.1, top + 0.3, top + 1.5, "trim", plan * [0.5, 0.02])
        room = float(deck.height(x)) - top - 1.8
        if room > 1.6:
            coat_of_arms(mesh, frame, flip * x, top + 1.7, min(1.3, 0.65 * room))
        elif room > 0.6:
            mesh.panel(
                frame,
                flip * x - 0.5,
                flip * x + 0.5,
                top + 1.65,
                top + 1.65 + room,
                picture(mesh, "relief"),
                0.1,
            )


def _road(mesh: Mesh, deck: Deck, x0: float, x1: float) -> None:
    """The roadway with its parapets: solid and carved, of balusters, or of iron bars."""
    x = np.linspace(x0, x1, max(2, int((x1 - x0) / 1.5)))
    z, n = deck.height(x), len(x)
    mesh.add(
        np.r_[np.c_[x, 0 * x, z], np.c_[x, 0 * x + deck.width, z]],
        [[i, i + 1, i + 1 + n, i + n] for i in range(n - 1)],
        "base",
    )
    bars = np.arange(x0 + 0.2, x1, 0.45)
    for frame, flip in deck.sides():
        for a, b in zip(np.c_[x, z], np.c_[x[1:], z[1:]], strict=False):
            for rise, tall in ((-0.4, 0.3), (0.95, 0.2)):
                mesh.beam(
                    frame.at(flip * a[0], a[1] + rise, 0),
                    frame.at(flip * b[0], b[1] + rise, 0),
                    0.5,
                    tall,
                    "trim",
                )
            if deck.parapet == 0:
                mesh.beam(
                    frame.at(flip * a[0], a[1] + 0.4, 0),
                    frame.at(flip * b[0], b[1] + 0.4, 0),
                    0.3,
                    1.0,
                    "wall",
                )
                middle = flip * (a[0] + b[0]) / 2
                mesh.panel(
                    frame,
                    middle - 0.6,
                    middle + 0.6,
                    a[1] + 0.15,
                    a[1] + 0.75,
                    picture(mesh, "relief"),
                    0.19,
                )
        if deck.parapet:
            surface, thick = ("trim", 0.2) if deck.parapet == 1 else ("metal", 0.07)
            mesh.boxes(
                frame.at(flip * bars, deck.height(bars) + 0.45), [thick, thick, 1.2], surface
            )


# -- what stands on it --------------------------------------------------------------------------


def _stone(mesh: Mesh, deck: Deck) -> None:
    """A masonry bridge with statues or lamps over its piers, and up to two gate towers."""
    rng = mesh.rng
    piers = _masonry(mesh, deck, int(rng.integers(3, 7)))
    for x in piers:
        kind = rng.integers(4)
        for y in (-0.9, deck.width + 0.9):
            mesh.box(
                x - 1.1,
                x + 1.1,
                y - 0.9,
                y + 0.9,
                float(deck.height(x)) - 1.2,
                float(deck.height(x)),
                "trim",
                1.0,
            )
            _monument(mesh, x, y, float(deck.height(x)), int(kind if rng.random() < 0.5 else 0))
    ends = [(), (-1,), (1,), (-1, 1), (0,)][int(rng.integers(5))]
    for side in ends:
        x = side * (deck.half - 4) if side else piers[len(piers) // 2]
        _tower(mesh, deck, x, rng.uniform(7, 9), rng.uniform(15, 26), int(rng.integers(3)))


def _tower(mesh: Mesh, deck: Deck, x, wide, height, crown) -> None:
    """A tower over the roadway, its passage along X; crown: hipped roof, battlements or spire."""
    rng, z = mesh.rng, float(deck.height(x))
    x0, x1, y0, y1, top = x - wide / 2, x + wide / 2, -1.0, deck.width + 1.0, z + height
    frames = block_frames(x0, x1, y0, y1)
    passage = outline(
        "pointed" if crown == 2 else "round", (y1 - y0) / 2, z, 0.55 * deck.width, 6.0
    )
    for k, (frame, width) in enumerate(frames):
        holes = [passage] if k % 2 else []
        mesh.wall(
            frame,
            width,
            top,
            "wall",
            holes + _storeys(mesh, frame, width, z + (7.2 if k % 2 else 1.5), top - 0.8),
        )
        for x_edge in (0, width):
            mesh.slab(
                frame,
                x_edge - 0.6,
                x_edge + 0.6,
                0,
                top,
                -0.6,
                0.4,
                "trim" if crown == 2 else "wall",
            )
    mesh.strip(frames[1][0], passage, 0, -wide, "trim")
    cornice(mesh, x0, x1, y0, y1, top, reach=0.9)
    for corner_x in (x0, x1):
        for y in (y0, y1):
            if crown == 2:
                mesh.cylinder((corner_x, y, 0), 1.3, height + z + 3, 8, "wall", False)
                spire(mesh, corner_x, y, top + 3, 1.6, 6, ribs=False, finial="ball")
            elif crown == 0:
                pinnacle(mesh, corner_x, y, top + 0.7, 1.0, 4.5)
    if crown == 1:
        merlons(mesh, x0 - 0.5, x1 + 0.5, y0 - 0.5, y1 + 0.5, top + 0.7)
    else:
        rise = rng.uniform(5, 12)
        mesh.hip_roof(x0, x1, y0, y1, top + 0.7, rise, ridge=rng.uniform(1, 4))
        dormer(mesh, frames[0][0].moved(d=-0.8), wide / 2, top + 0.7, 1.3, 1.8)


def _storeys(mesh: Mesh, frame: Frame, width, low, high) -> list[np.ndarray]:
    """Windows, niches, shields, clocks and friezes, one row over another; returns the holes."""
    rng, holes, y = mesh.rng, [], low
    while y + 3 < high:
        tall, choice = rng.uniform(2.6, 4.0), rng.integers(6)
        if choice == 0:
            frieze(mesh, frame, 0.8, width - 0.8, y + 0.3, tall - 1.0, panel=rng.uniform(1.5, 2.5))
        elif choice == 1:
            clock(mesh, frame, width / 2, y + tall / 2, 0.42 * tall)
        elif choice == 2:
            for share in (0.25, 0.5, 0.75):
                niche(mesh, frame, width * share, y + 0.3, 0.14 * width, tall - 0.8)
        else:
            count, kind = (
                int(rng.integers(1, 4)),
                str(rng.choice(["pointed", "round", "rect", "segment"])),
            )
            for k in range(count):
                holes.append(
                    window(
                        mesh,
                        frame,
                        width * (k + 1) / (count + 1),
                        y + 0.4,
                        0.16 * width,
                        tall - 1.1,
                        kind,
                    )
                )
            if count == 2:
                coat_of_arms(mesh, frame, width / 2, y + 0.8, 1.0)
        mesh.slab(frame, 0.5, width - 0.5, y + tall - 0.25, y + tall, -0.02, 0.25, "trim")
        y += tall
    return holes


def _houses(mesh: Mesh, deck: Deck) -> None:
    """A masonry bridge with two rows of crooked houses, a gap or a gate tower between them."""
    rng = mesh.rng
    _masonry(mesh, deck, int(rng.integers(3, 6)))
    gap = rng.uniform(-0.4, 0.4) * deck.half
    for y0, y1 in ((-1.3, 0.36 * deck.width), (0.64 * deck.width, deck.width + 1.3)):
        x = -deck.half + rng.uniform(0, 2)
        while x + 4 < deck.half:
            wide = rng.uniform(3.6, 7)
            if not x - 4 < gap < x + wide + 4:
                _house(mesh, deck, x, min(x + wide, deck.half), y0 - rng.uniform(0, 0.5), y1)
            x += wide + (0.0 if rng.random() < 0.8 else 1.5)
    if rng.random() < 0.6:
        _tower(mesh, deck, gap, 6.5, rng.uniform(13, 20), int(rng.integers(3)))


def _house(mesh: Mesh, deck: Deck, x0, x1, y0, y1) -> None:
    rng, z = mesh.rng, float(deck.height((x0 + x1) / 2))
    floors, wall = int(rng.integers(1, 4)), f"house{rng.integers(5)}"
    top, kind = (
        z + 2.9 * floors + rng.uniform(0.6, 1.4),
        str(rng.choice(["rect", "rect", "segment", "round"])),
    )
    rows = [
        (z + 0.9 + 2.9 * k, rng.uniform(1.3, 1.8), rng.uniform(0.7, 1.1), kind, (2, 2))
        for k in range(floors)
    ]
    for frame, width in block_frames(x0, x1, y0, y1):
        facade(
            mesh,
            frame,
            width,
            top,
            wall,
            rows,
            max(1, int(width / rng.uniform(1.7, 2.6))),
            z - 0.6,
            shutters=0.5,
            border=0.1,
            depth=0.2,
        )
    mesh.box(x0, x1, y0, y1, z - 0.6, z - 0.3, "trim")
    for x in np.arange(x0 + 0.3, x1, 1.1):
        mesh.beam((x, y0 + 0.2, z - 0.5), (x, 0.0, z - 1.9), 0.3, 0.3, "trim")
    frame = block_frames(x0, x1, y0, y1)[0][0]
    if rng.random() < 0.4:
        sign(mesh, frame, 0.3, min(3.0, x1 - x0 - 0.3), z + 0.05, z + 0.6)
    if rng.random() < 0.5:
        mesh.gable_roof(
            x0,
            x1,
            y0,
            y1,
            top,
            rng.uniform(1.6, 3.2),
            gable=wall,
            along=str(rng.choice(["x", "y"])),
        )
    else:
        mesh.hip_roof(x0, x1, y0, y1, top, rng.uniform(1.2, 2.4))
    if rng.random() < 0.6:
        chimney(
            mesh,
            rng.uniform(x0 + 0.7, x1 - 0.7),
            rng.uniform(y0 + 1, y1 - 1),
            top + 0.3,
            rng.uniform(2, 3.2),
        )


def _gallery(mesh: Mesh, deck: Deck) -> None:
    """A roofed bridge: open arcades with painted friezes, a tower in or beside its middle."""
    rng, z, half = mesh.rng, deck.ends, deck.half - 0.5
    _masonry(mesh, deck, int(rng.integers(2, 6)))
    high, kind = rng.uniform(3.4, 4.6), str(rng.choice(["round", "pointed", "segment"]))
    frames = block_frames(-half, half, -0.5, deck.width + 0.5, z)
    for frame, width in frames[::2]:
        arcade(
            mesh,
            frame,
            width,
            0,
            high,
            int(rng.integers(11, 20)),
            kind,
            0.5,
            rng.uniform(0.15, 0.4),
            top=high + 2,
        )
        frieze(
            mesh,
            frame,
            0.3,
            width - 0.3,
            high + 0.5,
            1.2,
            str(rng.choice(["mural", "relief"])),
            rng.uniform(1.4, 2.6),
        )
    for frame, width in frames[1::2]:
        mesh.wall(frame, width, high + 2, "wall", [outline("round", width / 2, 0.01, 5, 4.5)])
    mesh.gable_roof(
        -half,
        half,
        -0.5,
        deck.width + 0.5,
        z + high + 2,
        rng.uniform(2.5, 4.5),
        along="x",
        overhang=0.7,
    )
    for x in rng.uniform(1, 2 * half - 1, 6):
        dormer(mesh, frames[0][0].moved(d=-0.3), x, high + 2.1, 1.1, 1.2)
    _tower(mesh, deck, rng.uniform(-0.6, 0.6) * half, 7, rng.uniform(13, 22), int(rng.integers(3)))


def _truss(mesh: Mesh, deck: Deck, x0, x1) -> None:
    """The roadway on lattice girders."""
    _road(mesh, deck, x0, x1)
    x = np.linspace(x0, x1, max(2, round((x1 - x0) / 2.0)))
    for frame, flip in deck.sides():
        for k, (a, b) in enumerate(itertools.pairwise(x)):
            for below_a, below_b in ((0.5, 0.5), (2.2, 2.2), (0.5, 2.2), (2.2, 0.5)):
                start = frame.at(flip * a, deck.height(a) - below_a, 0.1)
                end = frame.at(flip * b, deck.height(b) - below_b, 0.1)
                mesh.beam(start, end, 0.25, 0.25, "steel")
            if k % 3 == 1:
                mesh.panel(
                    frame,
                    *sorted((flip * a, flip * b)),
                    deck.height(a) - 2.0,
                    deck.height(a) - 0.7,
                    picture(mesh, "sign"),
                    0.3,
                )


def _cable(mesh: Mesh, deck: Deck, x0, z0, x1, z1, sag) -> None:
    """A cable on each side with hangers down to the roadway."""
    t = np.linspace(0, 1, 25)
    x, z = x0 + (x1 - x0) * t, z0 + (z1 - z0) * t - 4 * sag * t * (1 - t)
    for y in (-0.3, deck.width + 0.3):
        mesh.tube(np.c_[x, 0 * x + y, z], 0.28, 8, "steel")
        foot = deck.height(x)
        mesh.boxes(
            np.c_[x, 0 * x + y, (z + foot) / 2],
            np.c_[0 * x + 0.14, 0 * x + 0.14, np.maximum(z - foot, 0.1)],
            "steel",
        )


def _hanging(mesh: Mesh, deck: Deck) -> None:
    """A suspension bridge between two portals of stone or of steel."""
    rng, tower = mesh.rng, mesh.rng.uniform(0.48, 0.62) * deck.half
    height, crown, stone = rng.uniform(14, 24), int(rng.integers(3)), rng.random() < 0.6
    _truss(mesh, deck, -deck.half, deck.half)
    top = deck.ends + height - 1
    for side in (-1, 1):
        if stone:
            _tower(mesh, deck, side * tower, rng.uniform(4.5, 6), height, crown)
        else:
            _mast(mesh, deck, side * tower, height)
        _cable(
            mesh, deck, side * tower, top, side * (deck.half + 2), deck.ends + 0.3, 0.08 * height
        )
    _cable(mesh, deck, -tower, top, tower, top, height - 3.5)


def _mast(mesh: Mesh, deck: Deck, x, height) -> None:
    """A steel portal: two tapering legs with cross bars, on a stone pier."""
    mesh.box(x - 2.2, x + 2.2, -2, deck.width + 2, 0, deck.ends - 2.5, "wall")
    levels = np.linspace(deck.ends - 2.5, deck.ends + height, 7)
    for y in (-0.3, deck.width + 0.3):
        mesh.box(x - 0.9, x + 0.9, y - 0.8, y + 0.8, levels[0], levels[-1], "steel", 0.7)
        mesh.sphere((x, y, levels[-1] + 0.5), 0.7, "gold", 10)
        for a, b in itertools.pairwise(levels):
            mesh.beam((x - 1.1, y - 0.85, a), (x + 1.1, y - 0.85, b), 0.15, 0.25, "trim")
            mesh.beam((x + 1.1, y - 0.85, a), (x - 1.1, y - 0.85, b), 0.15, 0.25, "trim")
    for a, b in itertools.pairwise(levels[3:]):
        mesh.beam((x, 0, a), (x, deck.width, b), 0.4, 0.4, "steel")
        mesh.beam((x, deck.width, a), (x, 0, b), 0.4, 0.4, "steel")


def _bascule(mesh: Mesh, deck: Deck) -> None:
    """Two gothic towers joined by high walkways, the roadway between them sometimes raised."""
    rng, tower = mesh.rng, mesh.rng.uniform(0.38, 0.5) * deck.half
    height, wide, crown = rng.uniform(20, 30), rng.uniform(6.5, 8.5), int(rng.choice([0, 2, 2]))
    inner, lift = tower - wide / 2, rng.choice([0.0, 0.0, 0.5, 0.9])
    for side in (-1, 1):
        _tower(mesh, deck, side * tower, wide, height, crown)
        mesh.box(
            side * tower - wide / 2 - 2,
            side * tower + wide / 2 + 2,
            -3,
            deck.width + 3,
            0,
            deck.ends - 2,
            "base",
        )
        _truss(mesh, deck, *sorted((side * (tower + wide / 2), side * deck.half)))
        _cable(
            mesh,
            deck,
            side * (tower + wide / 2),
            deck.ends + 0.7 * height,
            side * deck.half,
            deck.ends + 3,
            3,
        )
        leaf = Mesh(rng)
        leaf.box(0, inner, 0, deck.width, -0.9, 0, "steel")
        posts = np.arange(0.4, inner, 0.6)
        for y in (0.1, deck.width - 0.1):
            leaf.boxes(np.c_[posts, 0 * posts + y, 0 * posts + 0.5], [0.12, 0.12, 1.1], "trim")
        _tilted(mesh, leaf, side * inner, deck.ends, -side, lift)
    for y in (1.2, deck.width - 1.2):
        z = deck.ends + 0.72 * height
        mesh.box(-inner, inner, y - 0.8, y + 0.8, z, z + 0.5, "steel")
        for x in np.arange(-inner, inner - 1, 2.4):  # lattice of the walkway
            for a, b in (((x, 0.5), (x + 2.4, 2.6)), ((x, 2.6), (x + 2.4, 0.5))):
                mesh.beam((a[0], y, z + a[1]), (b[0], y, z + b[1]), 0.16, 0.16, "steel")
        mesh.box(-inner, inner, y - 0.9, y + 0.9, z + 2.6, z + 3.0, "steel")
        coat_of_arms(mesh, Frame(np.array([0, y - 0.95, z]), X, Z, -Y), 0, 0.9, 1.4)


def _tilted(mesh: Mesh, leaf: Mesh, x, z, direction, angle) -> None:
    """Hang a leaf that reaches from 0 along +X on its hinge at x, turned up by an angle."""
    c, s = np.cos(angle), np.sin(angle)
    for part in leaf.parts:
        v = part.vertices
        turned = np.c_[
            x + direction * (c * v[:, 0] - s * v[:, 2]), v[:, 1], z + s * v[:, 0] + c * v[:, 2]
        ]
        faces = part.faces[:, ::-1] if direction < 0 else part.faces
        mesh.add(turned, faces, part.surface)
