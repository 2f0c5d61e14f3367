"""From linear light to a picture as cameras give it: haze, glow, exposure, tone, noise, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from .weather import Weather


def develop(
    light: np.ndarray,
    depth: np.ndarray,
    mask: np.ndarray,
    weather: Weather,
    rng: np.random.Generator,
) -> np.ndarray:
    """A photograph, `uint8` RGB (H, W, 3), of linear light (H, W, 3).

    depth: metres, 0 for sky; mask: what the photographer meters on. Everything optical happens in
    linear light before the tone curve, everything electronic after it.
    """
    image = _haze(light.astype(np.float32), np.where(depth > 0, depth, 1e4), weather)
    glow = cv2.GaussianBlur(np.minimum(image, 4.0), (0, 0), image.shape[1] / 53)
    image = 0.95 * image + 0.05 * glow
    image = _vignette(image, rng.uniform(0.03, 0.3))
    image = image * _exposure(image, mask, weather, rng) * _white_balance(rng)
    image = _tone(image, int(rng.integers(3)))
    image = (image - 0.5) * rng.uniform(1.0, 1.2) + 0.5
    grey = image.mean(2, keepdims=True)
    image = np.clip(grey + (image - grey) * rng.uniform(0.9, 1.35), 0, 1)
    return _sensor(image, weather, rng)


def encode(image: np.ndarray, suffix: str, quality: int) -> bytes:
    """The picture as a file: ".jpg" or ".webp"."""
    flag = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}[suffix]
    return cv2.imencode(suffix, image[..., ::-1], [flag, quality])[1].tobytes()


def _haze(image: np.ndarray, depth: np.ndarray, weather: Weather) -> np.ndarray:
    through = np.exp(-weather.fog * np.minimum(depth, 700.0))[..., None].astype(np.float32)
    veil = 0.75 * np.clip(np.array(weather.cloud_colour, np.float32), 0, 1)
    return image * through + (1 - through) * veil


def _vignette(image: np.ndarray, strength: float) -> np.ndarray:
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    off = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / ((width / 2) ** 2 + (height / 2) ** 2)
    return image * (1 - strength * off)[..., None]


def _exposure(
    image: np.ndarray, mask: np.ndarray, weather: Weather, rng: np.random.Generator
) -> float:
    luminance = image.mean(2)
    metered = luminance[mask] if mask.mean() > 0.01 else luminance.ravel()
    key = 0.6 * np.median(metered) + 0.4 * np.percentile(metered, 85)
    highlights = np.percentile(luminance, 95)
    gain = (
        (0.26 / max(key, 1e-3)) ** 0.9
        * (0.9 / max(highlights, 1e-2)) ** 0.1
        * 2 ** rng.normal(0, 0.28)
    )
    return float(np.clip(0.6 * gain if weather.lit else gain, 0.05, 12.0))


def _white_balance(rng: np.random.Generator) -> np.ndarray:
    return np.exp(rng.normal(0, 0.06) * np.array([1, 0, -1]) + rng.normal(0, 0.02, 3)).astype(
        np.float32
    )


def _tone(image: np.ndarray, maker: int) -> np.ndarray:
    x = np.maximum(image, 0)
    if maker == 0:  # a filmic curve (Narkowicz's fit of ACES)
        y = np.clip(x * (2.51 * x * 0.8 + 0.03) / (x * (2.43 * x * 0.8 + 0.59) + 0.14), 0, 1)
        return y ** (1 / 2.05)
    # an exponential shoulder like film's, or a straight line with a soft knee
    y = (
        1 - np.exp(-1.35 * x)
        if maker == 1
        else np.where(x < 0.6, x, 0.6 + 0.4 * np.tanh((x - 0.6) / 0.4))
    )
    y = np.clip(y, 0, 1)
    return np.where(y < 0.0031308, 12.92 * y, 1.055 * y ** (1 / 2.4) - 0.055)


def _sensor(image: np.ndarray, weather: Weather, rng: np.random.Generator) -> np.ndarray:
    blur = rng.choice([0, 0.4, 0.6, 1.0], p=[0.4, 0.3, 0.2, 0.1])
    if blur:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    if rng.random() < 0.06:  # an unsteady hand
        image = cv2.filter2D(image, -1, _shake(rng))
    amount = rng.uniform(0.003, 0.010) * (2.0 if weather.lit else 1.0)
    noise = rng.normal(size=image.shape) * amount * np.sqrt(image + 0.05)
    noise = 0.6 * noise + 0.8 * cv2.GaussianBlur(noise, (0, 0), 0.8)
    return (np.clip(image + noise, 0, 1) * 255 + 0.5).astype(np.uint8)


def _shake(rng: np.random.Generator) -> np.ndarray:
    kernel = np.zeros((7, 7), np.float32)
    d = rng.uniform(1.0, 2.6) * np.array([np.cos(a := rng.uniform(0, np.pi)), np.sin(a)])
    cv2.line(
        kernel,
        tuple(round(v) for v in 3 - d),
        tuple(round(v) for v in 3 + d),
        1.0,
        1,
        cv2.LINE_AA,
    )
    return kernel / kernel.sum()
