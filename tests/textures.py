"""Images with many keypoints, drawn by a seed."""

import cv2
import numpy as np


def textured(seed: int, height: int = 240, width: int = 320) -> np.ndarray:
    """An image of blobs and boxes that differs from that of any other seed."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 128, np.uint8)
    for _ in range(150):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        size = int(rng.integers(3, 22))
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            cv2.circle(image, (x, y), size, colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(image, (x, y), (x + size, y + size // 2 + 2), colour, -1)
    return image


def second_view(image: np.ndarray, degrees: float = 10, scale: float = 0.9) -> np.ndarray:
    """The same scene, rotated about the middle and shrunk; grey where the scene ends."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    return cv2.warpAffine(image, matrix, (width, height), borderValue=(90, 90, 90))
