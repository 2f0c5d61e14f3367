"""Images to try things on, and a cache of each test's own."""

from pathlib import Path

import pytest
from PIL import Image
from publisher import Publisher, offer_oxford, offer_revisited_oxford, publishing
from textures import second_view, textured


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DELF_LESSON_CACHE", str(folder))
    return folder


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
        turned = second_view(image, degrees=20, scale=0.8)
        Image.fromarray(image).save(folder / f"scene_{scene}" / "a.png")
        Image.fromarray(turned).save(folder / f"scene_{scene}" / "b.jpg", quality=90)
    for seed in range(10, 16):
        Image.fromarray(textured(seed)).save(folder / f"other_{seed}.png")
    return folder
