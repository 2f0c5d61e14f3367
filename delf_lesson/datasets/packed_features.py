"""Shipped features of a whole town in one small file, so that lab 06 searches at once.

DELF takes about a second an image on one core. The file holds the best features of every image.
A descriptor takes one byte for each of its numbers. Each dimension has its step size.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.files import project_root

PLACE_STEPS = 32
"""Keypoints are rounded to this fraction of a pixel."""
LARGEST = 127
"""The largest value of a descriptor's number in one signed byte."""
REMEDY = "make the file again by `make features`"


def packed_path(name: str) -> Path:
    """The path of a shipped file by its name, for example "albion_delf"."""
    return project_root() / "data" / "features" / f"{name}.npz"


def pack(features: Mapping[str, LocalFeatures], settings: Mapping[str, object]) -> bytes:
    """An `.npz` file, without pickle, of features by image name.

    settings: of the extractor that described the images, with the digest of its weights. Raises
    ValueError if there are no features.
    """
    if not features:
        raise ValueError("features is empty; wanted those of at least one image")
    rows = list(features.values())
    descriptors = np.concatenate([image.descriptors for image in rows])
    steps = np.maximum(np.abs(descriptors).max(axis=0), 1e-6) / LARGEST
    scales, scale = np.unique(np.concatenate([image.scales for image in rows]), return_inverse=True)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        settings=np.array(json.dumps(dict(settings), sort_keys=True)),
        names=np.array(list(features)),
        counts=np.array([len(image) for image in rows], np.int32),
        sizes=np.array([image.image_size for image in rows], np.int32),
        steps=steps.astype(np.float32),
        descriptors=np.rint(descriptors / steps).astype(np.int8),
        xy=np.rint(np.concatenate([image.xy for image in rows]) * PLACE_STEPS).astype(np.uint16),
        scores=np.concatenate([image.scores for image in rows]).astype(np.float16),
        scales=scales,
        scale=scale.astype(np.uint8),
    )
    return buffer.getvalue()


def unpack(path: str | Path, settings: Mapping[str, object]) -> dict[str, LocalFeatures]:
    """The features by image name in a file that `pack` made.

    settings: of the extractor that describes the queries. Raises FileNotFoundError if there is no
    file, and ValueError if it is damaged, or if an extractor of other settings or other weights
    made it.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no file of features {path}; {REMEDY}")
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        made_with = json.loads(str(arrays["settings"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"path: {path} is no whole file of features; {REMEDY}") from error
    wanted = json.loads(json.dumps(dict(settings)))
    if made_with != wanted:
        both = made_with.keys() | wanted.keys()
        different = [key for key in sorted(both) if made_with.get(key) != wanted.get(key)]
        raise ValueError(
            f"settings: {path.name} was made with other values of {', '.join(different)}; {REMEDY}"
        )
    return _features(arrays)


def _features(arrays: Mapping[str, NDArray[Any]]) -> dict[str, LocalFeatures]:
    descriptors = l2_normalise(arrays["descriptors"] * arrays["steps"])
    xy = (arrays["xy"] / PLACE_STEPS).astype(np.float32)
    scales = arrays["scales"][arrays["scale"]]
    features, start = {}, 0
    for name, count, size in zip(
        arrays["names"].tolist(), arrays["counts"].tolist(), arrays["sizes"].tolist(), strict=True
    ):
        rows = slice(start, start + count)
        features[name] = LocalFeatures(
            xy[rows],
            descriptors[rows],
            arrays["scores"][rows].astype(np.float32),
            scales[rows],
            (size[0], size[1]),
        )
        start += count
    return features
