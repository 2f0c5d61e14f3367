"""Images to try things on, and a cache of each test's own."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from publisher import Publisher, offer_oxford, offer_revisited_oxford, publishing


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DELF_LESSON_CACHE", str(folder))
    return folder


def textured(seed: int, height: int = 240, width: int = 320) -> np.ndarray:
    """A picture of blobs and boxes that no other seed gives: many SIFT keypoints."""
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


@pytest.fixture
def texture():
    return textured


@pytest.fixture
def web(monkeypatch, tmp_path):
    """A publisher of miniature Oxford5k and its revision, in the place of all publishers."""
    publisher = Publisher()
    offer_oxford(publisher, textured)
    offer_revisited_oxford(publisher)
    with publishing(publisher):
        monkeypatch.setenv("DELF_LESSON_MIRROR", publisher.url)
        monkeypatch.setenv("DELF_LESSON_DATASETS", str(tmp_path / "sets"))
        yield publisher


@pytest.fixture
def photos(tmp_path) -> Path:
    """A folder: two scenes in sub-folders, each with a second view, and unrelated pictures."""
    folder = tmp_path / "photos"
    for scene in (1, 2):
        (folder / f"scene_{scene}").mkdir(parents=True)
        image = textured(scene)
        turned = cv2.warpAffine(
            image,
            cv2.getRotationMatrix2D((160, 120), 20, 0.8),
            (320, 240),
            borderValue=(90, 90, 90),
        )
        Image.fromarray(image).save(folder / f"scene_{scene}" / "a.png")
        Image.fromarray(turned).save(folder / f"scene_{scene}" / "b.jpg", quality=90)
    for seed in range(10, 16):
        Image.fromarray(textured(seed)).save(folder / f"other_{seed}.png")
    return folder
