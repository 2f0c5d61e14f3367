"""A z-buffer in NumPy: the same scene as Blender draws, by other means."""

import numpy as np

from data.generator.cameras import Camera
from data.generator.mesh import Mesh
from data.generator.truth import OTHER

NEAR = 0.1
CHUNK = 4_000_000


class NumpyStage:
    """Collects what `surroundings` puts on a stage, as triangles with their object index."""

    def __init__(self):
        self.placed: list[tuple[np.ndarray, int]] = []
        self.passing: list[tuple[np.ndarray, int]] = []

    def shape(self, name: str, mesh: Mesh, of_landmark=False) -> np.ndarray:
        """A mesh's triangles (T, 3, 3)."""
        return mesh.triangles().astype(np.float32)

    def place(self, shape, at=(0, 0, 0), turn=0.0, scale=1.0, index=OTHER, passing=False):
        """Put a shape somewhere."""
        c, s = np.cos(turn), np.sin(turn)
        rotation = scale * np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        moved = shape @ rotation.T + np.asarray(at, float)
        (self.passing if passing else self.placed).append((moved, index))

    def lamp(self, *args, **kwargs):
        """Light has no depth."""

    def clear_passing(self):
        """Take away what only passed by."""
        self.passing = []

    def triangles(self) -> tuple[np.ndarray, np.ndarray]:
        """All triangles (T, 3, 3) and their object indices (T,)."""
        things = self.placed + self.passing
        return (
            np.concatenate([t for t, _ in things]),
            np.concatenate([np.full(len(t), index) for t, index in things]),
        )


def rasterise(triangles, labels, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Depth (H, W), 0 for sky, and label (H, W) of what is seen through each pixel's centre."""
    seen = triangles @ camera.R.T + camera.t
    seen, labels = _clip(seen, labels)
    pixels = seen @ camera.K.T
    corners = pixels[..., :2] / pixels[..., 2:]
    inverse = 1 / seen[..., 2]
    width, height = camera.size
    low = np.ceil(np.maximum(corners.min(1), 0)).astype(int)
    high = np.floor(np.minimum(corners.max(1), [width - 1, height - 1])).astype(int)
    spans = np.maximum(high - low + 1, 0)
    counts = spans[:, 0] * spans[:, 1]
    kept = np.flatnonzero(counts)
    nearest = np.zeros(width * height)
    label = np.zeros(width * height, int)
    start = 0
    while start < len(kept):
        total = np.cumsum(counts[kept[start:]])
        end = start + max(1, int(np.searchsorted(total, CHUNK)))
        _draw(kept[start:end], corners, inverse, labels, low, spans, counts, width, nearest, label)
        start = end
    depth = np.where(nearest > 0, 1 / np.maximum(nearest, 1e-12), 0)
    return depth.reshape(height, width), label.reshape(height, width)


def _draw(chosen, corners, inverse, labels, low, spans, counts, width, nearest, label):
    triangle = np.repeat(chosen, counts[chosen])
    first = np.repeat(np.cumsum(counts[chosen]) - counts[chosen], counts[chosen])
    step = np.arange(len(triangle)) - first
    x = low[triangle, 0] + step % spans[triangle, 0]
    y = low[triangle, 1] + step // spans[triangle, 0]
    a, b, c = (corners[triangle, k] for k in range(3))
    area = _cross(b - a, c - a)
    p = np.c_[x, y]
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v = _cross(p - a, c - a) / area, _cross(b - a, p - a) / area
        inside = (u >= 0) & (v >= 0) & (u + v <= 1)  # false where the area is 0
        i0, i1, i2 = (inverse[triangle, k] for k in range(3))
        value = i0 + u * (i1 - i0) + v * (i2 - i0)
    pixel, value, name = (y * width + x)[inside], value[inside], labels[triangle][inside]
    order = np.argsort(value, kind="stable")  # of one pixel's, the nearest is written last
    pixel, value, name = pixel[order], value[order], name[order]
    closer = value > nearest[pixel]
    nearest[pixel[closer]] = value[closer]
    label[pixel[closer]] = name[closer]


def _cross(a, b):
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _clip(triangles, labels):
    """Cut triangles at the near plane."""
    before = triangles[..., 2] > NEAR
    count = before.sum(1)
    whole, cut = [triangles[count == 3]], [labels[count == 3]]
    for alone, wanted in ((True, 1), (False, 2)):
        part, label = triangles[count == wanted], labels[count == wanted]
        if not len(part):
            continue
        odd = np.argmax(before[count == wanted] == alone, axis=1)
        p, q, r = (part[np.arange(len(part)), (odd + k) % 3] for k in range(3))
        on_q, on_r = (
            p + ((NEAR - p[:, 2]) / (o[:, 2] - p[:, 2]))[:, None] * (o - p) for o in (q, r)
        )
        if alone:
            whole.append(np.stack([p, on_q, on_r], 1))
            cut.append(label)
        else:
            whole += [np.stack([on_q, q, r], 1), np.stack([on_q, r, on_r], 1)]
            cut += [label, label]
    return np.concatenate(whole), np.concatenate(cut)
