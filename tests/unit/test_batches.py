"""Images described several at a time, while threads read the next ones."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from delf_lesson.deep.attention import Attention
from delf_lesson.deep.backbone import Trunk
from delf_lesson.deep.delf import Delf
from delf_lesson.features import LocalFeatures
from delf_lesson.retrieval.cache import FeatureCache, content_digest
from delf_lesson.retrieval.collection import Collection


def test_batches_read_ahead_describe_as_one_image_at_a_time(tmp_path, texture):
    """Of several sizes, with a file that cannot be read and one that the cache has."""
    files = []
    for seed in range(11):
        height = 96 if seed in (3, 4, 8) else 112
        files.append(tmp_path / f"{seed:02}.png")
        Image.fromarray(texture(seed, height, 128)).save(files[-1])
    files[6].write_bytes(b"no image")
    trunk, attention = Trunk("resnet18"), Attention(256)
    one = Collection(Delf(trunk, attention, scales=(0.5, 1.0)))
    cache = FeatureCache(tmp_path / "cache")
    several = Collection(Delf(trunk, attention, scales=(0.5, 1.0), batch=4), cache)
    several.describe(files[2])
    skipped = {}
    for collection in (one, several):
        collection.add(files, skip=skipped.__setitem__)
    assert list(skipped) == [str(files[6])]
    assert one.names == several.names and len(one) == 10
    assert several.extracted == 10
    for name in one.names:
        expected, found = one.features_of(name), several.features_of(name)
        np.testing.assert_allclose(found.xy, expected.xy, atol=1e-3)
        np.testing.assert_allclose(found.descriptors, expected.descriptors, atol=1e-4)
        assert (
            cache.get(content_digest(Path(name).read_bytes()), several.settings, LocalFeatures)
            is not None
        )
    with pytest.raises(ValueError, match=r"06\.png cannot be used"):
        Collection(several.extractor).add(files)
