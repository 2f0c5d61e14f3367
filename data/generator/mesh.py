"""Polygon meshes built from a few primitives. Metres, Z up; a landmark's main front faces -Y.

Every part of a mesh names its *surface* (``"wall"``, ``"roof"``, ``"glass"``...), which
``surfaces.py`` turns into colours and ``materials.py`` into a Blender material.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import mapbox_earcut
import numpy as np

Points = Sequence | np.ndarray
TAU = 2 * np.pi


class Frame(NamedTuple):
    """A plane in space: `x` to the right and `y` up along it, depth `d` outwards from it."""

    origin: np.ndarray
    right: np.ndarray
    up: np.ndarray
    out: np.ndarray

    def at(self, x, y, d=0.0) -> np.ndarray:
        """World coordinates (N, 3) of points of the plane."""
        x, y, d = (np.asarray(v, float)[..., None] for v in (x, y, d))
        return self.origin + x * self.right + y * self.up + d * self.out

    def moved(self, x: float = 0.0, y: float = 0.0, d: float = 0.0) -> Frame:
        """The same plane with its origin moved along its own axes."""
        return self._replace(origin=self.at(x, y, d))


def frame_at(centre: Points, angle: float) -> Frame:
    """An upright plane through `centre` that looks along (cos angle, sin angle)."""
    out = np.array([np.cos(angle), np.sin(angle), 0.0])
    return Frame(np.asarray(centre, float), np.array([-out[1], out[0], 0.0]), np.eye(3)[2], out)


def block_frames(x0: float, x1: float, y0: float, y1: float, z: float = 0.0):
    """The walls of a rectangular block: ``[(frame, width)] * 4``, front, right, back, left."""
    x, y, up = np.eye(3)

    def frame(cx, cy, right, out):
        return Frame(np.array([cx, cy, z], float), right, up, out)

    return [
        (frame(x0, y0, x, -y), x1 - x0),
        (frame(x1, y0, y, x), y1 - y0),
        (frame(x1, y1, -x, y), x1 - x0),
        (frame(x0, y1, -y, -x), y1 - y0),
    ]


def outline(kind: str, cx: float, y: float, width: float, height: float, steps: int = 10):
    """A closed counter-clockwise outline (N, 2) that stands on height `y`, centred on `cx`.

    kind: "rect", "round" (semicircular head), "pointed" (gothic), "segment" (flat arch),
    "horseshoe", "ogee" (keel arch) or "circle" (diameter `width`).
    """
    r = width / 2
    if kind == "rect":
        points = np.array([(-r, 0), (r, 0), (r, height), (-r, height)], float)
    elif kind == "circle":
        t = np.linspace(0, TAU, 32, endpoint=False)
        points = np.c_[r * np.cos(t), r + r * np.sin(t)]
    elif kind in ("round", "segment", "horseshoe"):
        rise = {"round": r, "segment": r * 0.4, "horseshoe": r}[kind]
        t = np.linspace(0, np.pi, steps)
        bulge = 1.0
        if kind == "horseshoe":
            t, bulge = np.linspace(-0.45, np.pi + 0.45, steps + 4), 1.12
        head = np.c_[r * bulge * np.cos(t), height - rise + rise * np.sin(t)]
        points = np.r_[[(-r, 0), (r, 0)], head]
    elif kind == "pointed":
        t = np.linspace(0, np.pi / 3, steps // 2 + 1)
        right = np.c_[-r + width * np.cos(t), width * np.sin(t) + height - width * 0.866]
        points = np.r_[[(-r, 0), (r, 0)], right, right[::-1][1:] * [-1, 1]]
    elif kind == "ogee":
        t = np.linspace(0, 1, steps)
        rise = np.sin(t * np.pi / 2) + 0.3 * t**6  # a round shoulder drawn up to a tip
        right = np.c_[r * np.cos(t * np.pi / 2) ** 0.9, height - 1.3 * r + r * rise]
        right[-1] = (0, height)
        points = np.r_[[(-r, 0), (r, 0)], right, right[::-1][1:] * [-1, 1]]
    else:
        raise ValueError(
            f"kind is {kind!r}; wanted rect, round, segment, horseshoe, pointed, ogee or circle"
        )
    return points + [cx, y]


def circle(cx: float, cy: float, radius: float, n: int = 40) -> np.ndarray:
    """A circle (n, 2) around a centre, counter-clockwise."""
    t = np.linspace(0, TAU, n, endpoint=False)
    return np.c_[cx + radius * np.cos(t), cy + radius * np.sin(t)]


@dataclass(frozen=True)
class Part:
    """Faces of one size and one surface: vertices (V, 3), faces (F, 3 or 4), uv (F, 3 or 4, 2).

    uv is in metres, or 0 to 1 over the whole part where the surface is a picture.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    surface: str
    smooth: bool


class Mesh:
    """A growing list of parts, with the random generator that its builder draws from."""

    def __init__(self, rng: np.random.Generator | int = 0):
        self.rng = np.random.default_rng(rng)
        self.parts: list[Part] = []

    # -- raw faces ------------------------------------------------------------------------------

    def add(self, vertices, faces, surface: str, uv=None, smooth: bool = False) -> None:
        """Add faces (F, 3 or 4), counter-clockwise from outside; uv defaults to a box mapping."""
        vertices, faces = np.asarray(vertices, float), np.asarray(faces, int)
        if uv is None:
            uv = _box_uv(vertices[faces])
        self.parts.append(Part(vertices, faces, np.asarray(uv, float), surface, smooth))

    def merge(
        self, other: Mesh, at: Points = (0, 0, 0), turn: float = 0.0, scale: float = 1.0
    ) -> None:
        """Add a copy of another mesh, scaled, turned about Z and moved."""
        c, s = np.cos(turn), np.sin(turn)
        rotate = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        for p in other.parts:
            moved = scale * p.vertices @ rotate.T + np.asarray(at, float)
            self.parts.append(Part(moved, p.faces, p.uv, p.surface, p.smooth))

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and highest corner, (3,) each."""
        vertices = np.concatenate([p.vertices for p in self.parts])
        return vertices.min(0), vertices.max(0)

    def triangles(self) -> np.ndarray:
        """All faces as triangles, (T, 3, 3)."""
        found = []
        for p in self.parts:
            found.append(p.vertices[p.faces[:, :3]])
            if p.faces.shape[1] == 4:
                found.append(p.vertices[p.faces[:, [0, 2, 3]]])
        return np.concatenate(found)

    # -- solids ---------------------------------------------------------------------------------

    def boxes(self, centres, sizes, surface: str, turn=0.0, taper: float = 1.0) -> None:
        """Boxes at centres (N, 3) of sizes (N, 3), turned about Z; the top is `taper` as wide."""
        centres, sizes = (np.atleast_2d(np.asarray(v, float)) for v in (centres, sizes))
        n = max(len(centres), len(sizes))
        corner = np.array([[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1]]) * 0.5
        corner = np.r_[corner, corner * [taper, taper, -1]]
        local = corner[None] * np.broadcast_to(sizes, (n, 3))[:, None]
        turn = np.broadcast_to(turn, (n,))
        c, s = np.cos(turn)[:, None], np.sin(turn)[:, None]
        x, y = local[..., 0] * c - local[..., 1] * s, local[..., 0] * s + local[..., 1] * c
        vertices = np.stack([x, y, local[..., 2]], -1) + np.broadcast_to(centres, (n, 3))[:, None]
        face = np.array(
            [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
        )
        faces = face[None] + 8 * np.arange(n)[:, None, None]
        self.add(vertices.reshape(-1, 3), faces.reshape(-1, 4), surface)

    def box(self, x0, x1, y0, y1, z0, z1, surface: str, taper: float = 1.0) -> None:
        """One axis-parallel box."""
        self.boxes(
            [(x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2],
            [x1 - x0, y1 - y0, z1 - z0],
            surface,
            taper=taper,
        )

    def lathe(
        self,
        profile,
        centre,
        n: int,
        surface: str,
        smooth: bool = True,
        flute: float = 0.0,
        start: float = 0.0,
        arc: float = TAU,
        squeeze: float = 1.0,
    ) -> None:
        """Turn a profile ``[(radius, z)]``, from bottom to top, about an upright axis in `n` steps.

        flute presses every second edge in by that share of the radius; squeeze scales Y.
        """
        profile = np.asarray(profile, float)
        m, angle = len(profile), start + np.linspace(0, arc, n + 1)
        radius = profile[:, :1] * (1 - flute * (np.arange(n + 1) % 2))[None]
        z = np.repeat(profile[:, 1:], n + 1, 1)
        vertices = np.stack(
            [radius * np.cos(angle), radius * np.sin(angle) * squeeze, z], -1
        ) + np.asarray(centre, float)
        i, j = np.meshgrid(np.arange(m - 1), np.arange(n), indexing="ij")
        a = i * (n + 1) + j
        faces = np.stack([a, a + 1, a + n + 2, a + n + 1], -1).reshape(-1, 4)
        along = np.r_[0, np.cumsum(np.hypot(*np.diff(profile, axis=0).T))]
        around = (angle - start) * max(profile[:, 0].max(), 0.05)
        uv = np.stack(np.broadcast_arrays(around[None] + centre[0], along[:, None] + centre[2]), -1)
        self.add(vertices.reshape(-1, 3), faces, surface, uv.reshape(-1, 2)[faces], smooth)

    def cone(
        self,
        centre,
        radius: float,
        height: float,
        n: int,
        surface: str,
        smooth: bool = False,
        start: float = 0.0,
        top: float = 0.01,
    ) -> None:
        """A cone or (n = 4, start = pi/4) a pyramid on `centre`; `top` is the upper radius."""
        self.lathe([(radius, 0), (top, height)], centre, n, surface, smooth, start=start)

    def cylinder(
        self,
        centre,
        radius: float,
        height: float,
        n: int,
        surface: str,
        smooth: bool = True,
        start: float = 0.0,
    ) -> None:
        """An upright cylinder or prism with a flat top."""
        self.lathe([(radius, 0), (radius, height)], centre, n, surface, smooth, start=start)
        self.lathe([(radius, height), (1e-3, height)], centre, n, surface, False, start=start)

    def sphere(
        self, centre, radius: float, surface: str, n: int = 14, stretch: float = 1.0
    ) -> None:
        """A sphere, `stretch` times as high as wide."""
        t = np.linspace(-np.pi / 2, np.pi / 2, n // 2 + 2)
        profile = np.c_[np.maximum(radius * np.cos(t), 1e-3), radius * stretch * np.sin(t)]
        self.lathe(profile, centre, n, surface)

    def tube(self, path, radius, n: int, surface: str) -> None:
        """A round bar along a path (N, 3); radius one number or one a point."""
        path = np.asarray(path, float)
        radius = np.broadcast_to(radius, (len(path),))
        tangent = np.gradient(path, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        helper = np.where(np.abs(tangent[:, 2:]) > 0.9, np.eye(3)[0], np.eye(3)[2])
        side = np.cross(tangent, helper)
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        up = np.cross(tangent, side)
        t = np.linspace(0, TAU, n, endpoint=False)
        ring = np.cos(t)[None, :, None] * side[:, None] + np.sin(t)[None, :, None] * up[:, None]
        vertices = path[:, None] + ring * radius[:, None, None]
        i, j = np.meshgrid(np.arange(len(path) - 1), np.arange(n), indexing="ij")
        k = (j + 1) % n
        faces = np.stack([i * n + j, i * n + k, (i + 1) * n + k, (i + 1) * n + j], -1).reshape(
            -1, 4
        )
        self.add(vertices.reshape(-1, 3), faces, surface, smooth=True)

    def beam(self, start, end, width: float, height: float, surface: str) -> None:
        """A straight bar of rectangular section between two points."""
        start, end = np.asarray(start, float), np.asarray(end, float)
        along = (end - start) / np.linalg.norm(end - start)
        helper = np.eye(3)[0] if abs(along[2]) > 0.95 else np.eye(3)[2]
        side = np.cross(along, helper)
        side /= np.linalg.norm(side)
        up = np.cross(side, along)
        corners = [
            s * side * width / 2 + u * up * height / 2
            for s, u in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        vertices = [start + c for c in corners] + [end + c for c in corners]
        self.add(
            vertices,
            [[0, 1, 2, 3], [7, 6, 5, 4], [0, 4, 5, 1], [1, 5, 6, 2], [2, 6, 7, 3], [3, 7, 4, 0]],
            surface,
        )

    # -- on a plane -----------------------------------------------------------------------------

    def polygon(
        self, frame: Frame, outer, surface: str, holes=(), depth: float = 0.0, fit: bool = False
    ) -> None:
        """A flat polygon (N, 2) with holes; `fit` lays a picture over its bounding box."""
        rings = [np.asarray(ring, float) for ring in (outer, *holes)]
        flat = np.concatenate(rings)
        ends = np.cumsum([len(ring) for ring in rings]).astype(np.uint32)
        faces = mapbox_earcut.triangulate_float64(flat, ends).reshape(-1, 3).astype(int)
        a, b, c = (flat[faces[:, k]] for k in range(3))
        turned = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) < (b[:, 1] - a[:, 1]) * (
            c[:, 0] - a[:, 0]
        )
        faces[turned] = faces[turned][:, ::-1]
        uv = None
        if fit:
            low, high = rings[0].min(0), rings[0].max(0)
            uv = ((flat - low) / (high - low))[faces]
        self.add(frame.at(flat[:, 0], flat[:, 1], depth), faces, surface, uv)

    def panel(self, frame: Frame, x0, x1, y0, y1, surface: str, depth: float = 0.02) -> None:
        """A rectangle that carries a whole picture: a relief, a mural, a sign, a banner."""
        self.polygon(
            frame, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], surface, depth=depth, fit=True
        )

    def strip(
        self,
        frame: Frame,
        ring,
        depth0: float,
        depth1: float,
        surface: str,
        ring1=None,
        smooth: bool = False,
    ) -> None:
        """The band between a closed ring at depth0 and the same (or another) ring at depth1."""
        ring = np.asarray(ring, float)
        ring1 = ring if ring1 is None else np.asarray(ring1, float)
        n = len(ring)
        i, j = np.arange(n), (np.arange(n) + 1) % n
        vertices = np.r_[
            frame.at(ring[:, 0], ring[:, 1], depth0), frame.at(ring1[:, 0], ring1[:, 1], depth1)
        ]
        self.add(vertices, np.c_[i, j, j + n, i + n], surface, smooth=smooth)

    def extrude(
        self, frame: Frame, ring, depth0: float, depth1: float, surface: str, holes=()
    ) -> None:
        """A plate: the polygon at depth1 with its rim (and the holes' rims) back to depth0."""
        self.polygon(frame, ring, surface, holes, depth1)
        for edge in (ring, *holes):
            self.strip(frame, edge, depth0, depth1, surface)

    def slab(
        self, frame: Frame, x0, x1, y0, y1, depth0: float, depth1: float, surface: str
    ) -> None:
        """A box standing out of (or sunk into) a plane."""
        vertices = [frame.at(x, y, d) for d in (depth0, depth1) for y in (y0, y1) for x in (x0, x1)]
        faces = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [1, 3, 7, 5], [3, 2, 6, 7], [2, 0, 4, 6]]
        self.add(vertices, faces, surface)

    def moulding(
        self, frame: Frame, inner, outer, depth0: float, depth1: float, surface: str
    ) -> None:
        """A raised band between two rings of the same number of points."""
        self.strip(frame, outer, depth0, depth1, surface)
        self.strip(frame, outer, depth1, depth1, surface, inner)
        self.strip(frame, inner, depth1, depth0, surface)

    def wall(
        self, frame: Frame, width: float, top: float, surface: str, holes=(), bottom: float = 0.0
    ) -> None:
        """A rectangular wall with holes (outlines of windows and doors)."""
        self.polygon(frame, [(0, bottom), (width, bottom), (width, top), (0, top)], surface, holes)

    # -- roofs ----------------------------------------------------------------------------------

    def gable_roof(
        self,
        x0,
        x1,
        y0,
        y1,
        z,
        height,
        surface: str = "roof",
        gable: str = "wall",
        overhang: float = 0.4,
        along: str = "y",
    ) -> None:
        """A pitched roof whose ridge runs along "y" or "x", with its gable walls."""
        if along == "x":
            turned = Mesh(0)
            turned.gable_roof(y0, y1, -x1, -x0, z, height, surface, gable, overhang)
            self.merge(turned, turn=np.pi / 2)
            return
        xm, o = (x0 + x1) / 2, overhang
        v = [
            [x0 - o, y0 - o, z],
            [xm, y0 - o, z + height],
            [x1 + o, y0 - o, z],
            [x0 - o, y1 + o, z],
            [xm, y1 + o, z + height],
            [x1 + o, y1 + o, z],
        ]
        slope, length = np.hypot(xm - x0, height), y1 - y0
        uv = np.array([[[0, 0], [length, 0], [length, slope], [0, slope]]])
        self.add(v, [[3, 0, 1, 4]], surface, uv)
        self.add(v, [[2, 5, 4, 1]], surface, uv)
        g = [
            [x0, y0, z],
            [x1, y0, z],
            [xm, y0, z + height],
            [x0, y1, z],
            [x1, y1, z],
            [xm, y1, z + height],
        ]
        self.add(g, [[0, 1, 2], [4, 3, 5]], gable)

    def hip_roof(
        self,
        x0,
        x1,
        y0,
        y1,
        z,
        height,
        surface: str = "roof",
        overhang: float = 0.4,
        ridge: float | None = None,
    ) -> None:
        """A roof that slopes on four sides; `ridge` is its length (default: 45 degrees)."""
        x0, x1, y0, y1 = x0 - overhang, x1 + overhang, y0 - overhang, y1 + overhang
        w, d = x1 - x0, y1 - y0
        long_x = w >= d
        if ridge is None:
            ridge = abs(w - d)
        cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
        dx, dy = (ridge / 2, 0) if long_x else (0, ridge / 2)
        a, b = [cx - dx, cy - dy, z + height], [cx + dx, cy + dy, z + height]
        p = [[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z], a, b]
        if long_x:
            quads, tris = [[0, 1, 5, 4], [2, 3, 4, 5]], [[1, 2, 5], [3, 0, 4]]
        else:
            quads, tris = [[1, 2, 5, 4], [3, 0, 4, 5]], [[0, 1, 4], [2, 3, 5]]
        for faces in (quads, tris):
            self.add(p, faces, surface, _slope_uv(np.asarray(p, float)[np.asarray(faces)]))


def _box_uv(corners: np.ndarray) -> np.ndarray:
    """Metres along the two axes across a face's dominant normal; (F, k, 3) -> (F, k, 2)."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    dominant = np.abs(normal).argmax(1)
    uv = np.empty((*corners.shape[:2], 2))
    for axis, across in enumerate(([1, 2], [0, 2], [0, 1])):
        uv[dominant == axis] = corners[dominant == axis][:, :, across]
    return uv


def _slope_uv(corners: np.ndarray) -> np.ndarray:
    """Metres along the lower edge and up the slope of each face; (F, k, 3) -> (F, k, 2)."""
    along = corners[:, 1] - corners[:, 0]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normal = np.cross(along, corners[:, 2] - corners[:, 0])
    up = np.cross(normal / np.linalg.norm(normal, axis=1, keepdims=True), along)
    offset = corners - corners[:, :1]
    return np.stack([(offset * along[:, None]).sum(-1), (offset * up[:, None]).sum(-1)], -1)
