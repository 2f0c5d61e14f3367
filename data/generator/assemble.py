"""From rendered scenes to the files that are shipped in data/landmarks."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np

from . import contact_sheet
from .plan import Scene

SETS = ("albion", "lutetia", "distractors", "training")
DEPTH_STEPS = 4000
"""Depth is stored as round(DEPTH_STEPS * ln(metres)) in 16 bits: steps of 0.025 %; 0 is none."""
NOISE = {"wrong_label": 0.10, "crop": 0.15}
"""Shares of the full training set with a wrong label, or cut to a random part."""
TRAINING_KEYS = (
    *("name", "landmark", "label", "noise", "crop", "family", "wall", "roof", "weather"),
    *("season", "view", "visible_share", "camera"),
)
"""What is shipped about a training picture."""


def assemble(name: str, scenes: list[Scene], rendered: Path, shipped: Path) -> None:
    """Write one set's shipped folder from its rendered scenes; replaces what was there."""
    records = _records(scenes, rendered)
    draft = shipped / f".{name}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    if name == "training":
        records = _training(records, rendered, draft)
    else:
        _pictures(records, rendered, draft)
    if name in ("albion", "lutetia"):
        _pairs(records, rendered, draft)
    _write_lines(draft / "images.jsonl", records)
    if name != "training":
        contact_sheet.write(draft)
    shutil.rmtree(shipped / name, ignore_errors=True)
    draft.rename(shipped / name)


def _records(scenes: list[Scene], rendered: Path) -> list[dict]:
    records = []
    for scene in scenes:
        path = rendered / f"{scene.name}.json"
        if not path.exists():
            raise FileNotFoundError(
                f"{path}: this scene is not rendered yet; run the render command again"
            )
        records += json.loads(path.read_text())["records"]
    return sorted(records, key=lambda r: r["name"])


def _write_lines(path: Path, records: list[dict]) -> None:
    compact = (",", ":")
    path.write_text("".join(json.dumps(_rounded(r), separators=compact) + "\n" for r in records))


def _rounded(value):
    """Numbers of a record to nine significant digits: far below a thousandth of a pixel."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list) else value


def _pictures(records: list[dict], rendered: Path, folder: Path) -> None:
    for record in records:
        kind = "queries" if "query" in record["role"] else "images"
        record["file"] = f"{kind}/{record['name']}.jpg"
        (folder / kind).mkdir(exist_ok=True)
        shutil.copyfile(rendered / f"{record['name']}.jpg", folder / record["file"])
        if record["landmark"]:
            (folder / "masks").mkdir(exist_ok=True)
            mask = cv2.imread(str(rendered / f"{record['name']}.mask.png"), cv2.IMREAD_GRAYSCALE)
            record["mask"] = f"masks/{record['name']}.png"
            (folder / record["mask"]).write_bytes(_bilevel(mask))


def _bilevel(mask: np.ndarray) -> bytes:
    options = [cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 9]
    return cv2.imencode(".png", mask, options)[1].tobytes()


def _pairs(records: list[dict], rendered: Path, folder: Path) -> None:
    """Choose pairs of every difficulty for each landmark, and ship the depth they need."""
    (folder / "depth").mkdir()
    seen = [r for r in records if r["landmark"] and r["view"] in ("good", "ok")]
    pairs, needed = [], set()
    for landmark in sorted({r["landmark"] for r in seen}):
        of_landmark = [r for r in seen if r["landmark"] == landmark]
        for kind, first, second in _choose(of_landmark):
            pairs.append(
                {
                    "landmark": landmark,
                    "kind": kind,
                    "first": first["name"],
                    "second": second["name"],
                    "azimuth_difference": round(
                        abs(first["azimuth_degrees"] - second["azimuth_degrees"]), 1
                    ),
                    "scale_ratio": round(_scale_ratio(first, second), 2),
                }
            )
            needed |= {first["name"], second["name"]}
    for name in sorted(needed):
        depth = np.load(rendered / f"{name}.depth.npz")["depth"]
        mask = cv2.imread(str(rendered / f"{name}.mask.png"), cv2.IMREAD_GRAYSCALE) > 0
        steps = np.where(mask, np.round(DEPTH_STEPS * np.log(np.maximum(depth, 1.0))), 0)
        cv2.imwrite(
            str(folder / "depth" / f"{name}.png"),
            steps.astype(np.uint16),
            [cv2.IMWRITE_PNG_COMPRESSION, 9],
        )
    _write_lines(folder / "pairs.jsonl", pairs)


def _scale_ratio(a: dict, b: dict) -> float:
    ratio = a["pixels_per_metre"] / b["pixels_per_metre"]
    return max(ratio, 1 / ratio)


def _choose(records: list[dict]):
    """One pair each for viewpoint, scale, light and night that differs in little else."""

    def turn(a, b):
        return abs(a["azimuth_degrees"] - b["azimuth_degrees"])

    def light(a, b):
        return a["weather"] != b["weather"]

    def night(a, b):
        return (a["weather"] == "night") != (b["weather"] == "night")

    by_day = [
        p
        for p in itertools.combinations(records, 2)
        if "night" not in (p[0]["weather"], p[1]["weather"])
    ]
    everything = list(itertools.combinations(records, 2))
    wanted = {  # what pairs of a kind are taken from, and what is best among them
        "viewpoint": (by_day, lambda a, b: -abs(turn(a, b) - 40) - 12 * _scale_ratio(a, b)),
        "scale": (by_day, lambda a, b: -abs(_scale_ratio(a, b) - 2.5) * 12 - turn(a, b)),
        "light": (
            [p for p in by_day if light(*p)],
            lambda a, b: -turn(a, b) - 12 * _scale_ratio(a, b),
        ),
        "night": (
            [p for p in everything if night(*p)],
            lambda a, b: -turn(a, b) - 12 * _scale_ratio(a, b),
        ),
    }
    taken = set()
    for kind, (candidates, worth) in wanted.items():
        free = [p for p in candidates if (p[0]["name"], p[1]["name"]) not in taken]
        if free:
            first, second = max(free, key=lambda p: worth(*p))
            taken.add((first["name"], second["name"]))
            yield kind, first, second


def _training(records: list[dict], rendered: Path, folder: Path) -> list[dict]:
    """Pack each landmark's pictures into one archive, and draw the noise of the full form."""
    rng = np.random.default_rng(2017)
    landmarks = sorted({r["landmark"] for r in records})
    for landmark in landmarks:
        own = [r for r in records if r["landmark"] == landmark]
        with zipfile.ZipFile(folder / f"{landmark}.zip", "w", zipfile.ZIP_STORED) as archive:
            for record in own:
                mask = cv2.imread(
                    str(rendered / f"{record['name']}.mask.png"), cv2.IMREAD_GRAYSCALE
                )
                for suffix, content in (
                    ("webp", (rendered / f"{record['name']}.webp").read_bytes()),
                    ("png", _bilevel(mask)),
                ):
                    # An entry made by hand is dated 1980, so that its bytes are always the same.
                    archive.writestr(zipfile.ZipInfo(f"{record['name']}.{suffix}"), content)
    for record in records:
        record["label"], record["crop"], record["noise"] = record["landmark"], None, None
        draw = rng.random()
        if draw < NOISE["wrong_label"]:
            others = [name for name in landmarks if name != record["landmark"]]
            record["noise"], record["label"] = "wrong_label", others[int(rng.integers(len(others)))]
        elif draw < sum(NOISE.values()):
            record["noise"], record["crop"] = "crop", _random_crop(rng, record["camera"]["size"])
        elif record["view"] == "junk":
            record["noise"] = "hidden"
        record["camera"] = _short(record["camera"])
    return [{key: record[key] for key in TRAINING_KEYS} for record in records]


def _short(camera: dict) -> dict:
    """A camera in a third of the characters: K as (f, cx, cy), R as a rotation vector."""
    K, turn = camera["K"], cv2.Rodrigues(np.array(camera["R"]))[0]
    return {"K": [K[0][0], K[0][2], K[1][2]], "turn": turn.ravel().tolist(), "t": camera["t"]}


def _random_crop(rng: np.random.Generator, size: list[int]) -> list[int]:
    width, height = (round(side * rng.uniform(0.35, 0.6)) for side in size)
    x, y = int(rng.integers(size[0] - width)), int(rng.integers(size[1] - height))
    return [x, y, x + width - 1, y + height - 1]


def write_checksums(shipped: Path) -> None:
    """List every shipped file but the data card with its SHA-256 in SHA256SUMS."""
    lines = io.StringIO()
    for path in sorted(shipped.rglob("*")):
        name = path.relative_to(shipped).as_posix()
        if not path.is_file() or name.startswith(".") or name in ("SHA256SUMS", "README.md"):
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.write(f"{digest}  {name}\n")
    (shipped / "SHA256SUMS").write_text(lines.getvalue())
