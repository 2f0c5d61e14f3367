"""Pictures on buildings, drawn from a seed: carved reliefs, murals, signs and banners."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

SIZES = {"relief": (384, 256), "mural": (384, 384), "sign": (512, 128), "banner": (160, 384)}
"""Width and height of each kind in pixels."""

_ONSETS = "b br c ch d f fl g gr h k l m n p qu r s st t tr v w".split()
_VOWELS = "a e i o u ai ea ou".split()
_ENDS = ["", "", "n", "r", "l", "s", "t", "ck", "nd"]


def draw(kind: str, seed: int) -> np.ndarray:
    """A picture of a kind of `SIZES`: `uint8` RGB (H, W, 3)."""
    rng = np.random.default_rng([seed, len(kind), ord(kind[0])])
    width, height = SIZES[kind]
    big = {"relief": _relief, "mural": _mural, "sign": _sign, "banner": _banner}[kind](
        rng, 2 * width, 2 * height
    )
    return cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA)


def word(rng: np.random.Generator) -> str:
    """A name that can be pronounced and means nothing."""
    syllables = int(rng.integers(2, 4))
    parts = [
        str(rng.choice(_ONSETS)) + str(rng.choice(_VOWELS)) + str(rng.choice(_ENDS))
        for _ in range(syllables)
    ]
    return "".join(parts).upper()


_PIGMENTS = (
    ("1f3f6e", "2f7f86", "e6dcc4", "c9a24a", "7a3a26", "16324a"),
    ("8a4a2e", "c9a878", "e8dcc0", "5a6a4a", "3a2a22", "b5763a"),
    ("27584a", "d8cba6", "a63a2a", "e9dfc8", "2a2f3a", "c79a3c"),
    ("6a2f3a", "d9c7a8", "3f5a7a", "b88a4a", "efe6d2", "2f2a2a"),
)
"""Colours that murals and tiles are painted in, a row each."""


def _colour(rng: np.random.Generator, low=20, high=235) -> tuple[int, int, int]:
    """A colour as cloth and signs have it: not quite as strong as a screen's."""
    colour = rng.uniform(low, high, 3)
    return tuple(int(v) for v in 0.7 * colour + 0.3 * colour.mean())


def _relief(rng: np.random.Generator, w: int, h: int) -> np.ndarray:
    """A height field of figures and foliage, lit from the upper left."""
    field = np.zeros((h, w), np.float32)
    for _ in range(int(rng.integers(3, 7))):
        _add_figure(field, rng, rng.uniform(0.08, 0.92) * w, 0.96 * h, rng.uniform(0.5, 0.85) * h)
    for _ in range(int(rng.integers(30, 60))):
        centre = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
        axes = (int(rng.uniform(0.01, 0.06) * h), int(rng.uniform(0.03, 0.12) * h))
        leaf = np.zeros_like(field)
        cv2.ellipse(
            leaf,
            centre,
            axes,
            float(rng.uniform(0, 180)),
            0,
            360,
            float(rng.uniform(0.2, 0.6)),
            -1,
            cv2.LINE_AA,
        )
        field = np.maximum(field, leaf)
    field = cv2.GaussianBlur(field, (0, 0), 2.5) + 0.3 * cv2.GaussianBlur(field, (0, 0), 10)
    dy, dx = np.gradient(field)
    light = 150 + 900 * (dx + dy) + 45 * field + rng.normal(0, 4, field.shape)
    tint = np.array([1.0, 0.97, 0.9]) * (0.95 + 0.08 * rng.random())
    return np.clip(light[..., None] * tint, 15, 250).astype(np.uint8)


def _add_figure(
    field: np.ndarray, rng: np.random.Generator, x: float, foot: float, tall: float
) -> None:
    def stroke(a, b, thick, level):
        a, b = (tuple(int(v) for v in p) for p in (a, b))
        layer = np.zeros_like(field)
        cv2.line(layer, a, b, level, max(2, int(thick)), cv2.LINE_AA)
        np.maximum(field, layer, out=field)

    hip, neck = (
        np.array([x + rng.normal(0, 0.05) * tall, foot - 0.48 * tall]),
        np.array([x, foot - 0.82 * tall]),
    )
    for side in (-1, 1):
        knee = hip + [side * rng.uniform(0, 0.16) * tall, 0.24 * tall]
        stroke(hip, knee, 0.13 * tall, 0.8)
        stroke(knee, knee + [rng.normal(0, 0.08) * tall, 0.24 * tall], 0.1 * tall, 0.75)
        elbow = neck + np.array([side * rng.uniform(0.08, 0.22), rng.uniform(-0.12, 0.2)]) * tall
        stroke(neck + [side * 0.08 * tall, 0.04 * tall], elbow, 0.08 * tall, 0.9)
        stroke(elbow, elbow + rng.normal(0, 0.14, 2) * tall, 0.06 * tall, 0.9)
    stroke(hip, neck, 0.2 * tall, 1.0)
    cv2.circle(
        field,
        tuple(int(v) for v in neck - [0, 0.1 * tall]),
        int(0.075 * tall),
        1.0,
        -1,
        cv2.LINE_AA,
    )


def _mural(rng: np.random.Generator, w: int, h: int) -> np.ndarray:
    """A painted field: rings, rays and tiles around a centre, figures over them."""
    image = np.empty((h, w, 3), np.uint8)
    row = _PIGMENTS[int(rng.integers(len(_PIGMENTS)))]
    colours = [tuple(bytes.fromhex(row[k])) for k in rng.permutation(6)]
    image[:] = colours[4]
    centre = (int(w * rng.uniform(0.4, 0.6)), int(h * rng.uniform(0.4, 0.6)))
    rays = int(rng.integers(6, 20))
    for k in range(rays):
        a = np.array([0, np.pi / rays]) + 2 * np.pi * k / rays
        tips = np.c_[np.cos(a), np.sin(a)] * w + centre
        cv2.fillConvexPoly(
            image, np.array([centre, *tips.tolist()], int).astype(np.int32), colours[0], cv2.LINE_AA
        )
    for k, radius in enumerate(np.sort(rng.uniform(0.08, 0.48, 4))[::-1]):
        cv2.circle(image, centre, int(radius * w), colours[1 + k], -1, cv2.LINE_AA)
        n = int(rng.integers(5, 24))
        for a in 2 * np.pi * np.arange(n) / n:
            dot = (
                int(centre[0] + 0.9 * radius * w * np.cos(a)),
                int(centre[1] + 0.9 * radius * w * np.sin(a)),
            )
            cv2.circle(
                image, dot, max(3, int(0.12 * radius * w)), colours[(k + 3) % 6], -1, cv2.LINE_AA
            )
    for _ in range(int(rng.integers(4, 10))):
        hull = cv2.convexHull(
            (rng.uniform(0, 1, 2) * [w, h] + rng.normal(0, 0.07, (6, 2)) * w).astype(np.int32)
        )
        a, b = rng.permutation(6)[:2]
        cv2.fillConvexPoly(image, hull, colours[a], cv2.LINE_AA)
        cv2.polylines(image, [hull], True, colours[b], 4, cv2.LINE_AA)
    cv2.rectangle(image, (0, 0), (w - 1, h - 1), colours[5], int(0.06 * w))
    return image


def _sign(rng: np.random.Generator, w: int, h: int) -> np.ndarray:
    """Letters on a board."""
    ground = np.array(_colour(rng))
    ink = (255 - ground) if abs(ground.mean() - 128) > 45 else np.array([248, 244, 232])
    image = np.empty((h, w, 3), np.uint8)
    image[:] = ground
    ink = tuple(int(v) for v in ink)
    text = word(rng)
    font = int(
        rng.choice(
            [
                cv2.FONT_HERSHEY_SIMPLEX,
                cv2.FONT_HERSHEY_DUPLEX,
                cv2.FONT_HERSHEY_COMPLEX,
                cv2.FONT_HERSHEY_TRIPLEX,
            ]
        )
    )
    (tw, th), _ = cv2.getTextSize(text, font, 1.0, 2)
    scale = min(0.86 * w / tw, 0.6 * h / th)
    thick = max(3, int(0.03 * h * rng.uniform(0.7, 1.6)))
    cv2.putText(
        image,
        text,
        (int((w - tw * scale) / 2), int((h + th * scale) / 2)),
        font,
        scale,
        ink,
        thick,
        cv2.LINE_AA,
    )
    if rng.random() < 0.7:
        cv2.rectangle(image, (8, 8), (w - 9, h - 9), ink, 6)
    return image


def _banner(rng: np.random.Generator, w: int, h: int) -> np.ndarray:
    """Stripes, an emblem and a line of text along the cloth."""
    image = np.empty((h, w, 3), np.uint8)
    edges = np.r_[0, np.sort(rng.uniform(0.1, 0.9, int(rng.integers(1, 4)))), 1] * (
        h if rng.random() < 0.6 else w
    )
    for a, b in itertools.pairwise(edges):
        band = slice(int(a), int(b) + 1)
        if edges[-1] == h:
            image[band] = _colour(rng)
        else:
            image[:, band] = _colour(rng)
    centre = (w // 2, int(h * rng.uniform(0.2, 0.4)))
    cv2.circle(image, centre, int(0.34 * w), _colour(rng), -1, cv2.LINE_AA)
    star = [
        (centre[0] + 0.3 * w * r * np.cos(a), centre[1] + 0.3 * w * r * np.sin(a))
        for a, r in zip(np.linspace(0, 2 * np.pi, 11)[:-1], [1, 0.45] * 5, strict=True)
    ]
    cv2.fillPoly(image, [np.array(star).astype(np.int32)], _colour(rng), cv2.LINE_AA)
    letters = np.empty((w, int(0.5 * h), 3), np.uint8)
    letters[:] = image[int(0.75 * h), w // 2]
    cv2.putText(
        letters,
        word(rng)[:7],
        (10, int(0.65 * w)),
        cv2.FONT_HERSHEY_DUPLEX,
        0.009 * w,
        _colour(rng, 200, 255),
        12,
        cv2.LINE_AA,
    )
    image[int(0.48 * h) : int(0.48 * h) + letters.shape[1], :] = cv2.rotate(
        letters, cv2.ROTATE_90_COUNTERCLOCKWISE
    )
    return image
