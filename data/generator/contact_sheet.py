"""Contact sheets: a row of pictures for each landmark, to look at."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

TILE = (200, 150)


def sheet(rows: list[tuple[str, list[Path]]]) -> np.ndarray:
    """Rows of pictures under a caption each, `uint8` BGR."""
    width, height = TILE
    columns = max(len(paths) for _, paths in rows)
    image = np.full((len(rows) * (height + 18), columns * width, 3), 255, np.uint8)
    for r, (caption, paths) in enumerate(rows):
        top = r * (height + 18)
        cv2.putText(
            image, caption, (4, top + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA
        )
        for c, path in enumerate(paths):
            picture = cv2.imread(str(path))
            scale = min(width / picture.shape[1], height / picture.shape[0])
            tile = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[
                :height, :width
            ]
            x = c * width + (width - tile.shape[1]) // 2
            image[top + 18 : top + 18 + tile.shape[0], x : x + tile.shape[1]] = tile
    return image


def write(folder: Path, columns: int = 6) -> None:
    """Write `contact_sheet.jpg` into a set's folder: a row a landmark, or a kind of picture."""
    records = [json.loads(line) for line in (folder / "images.jsonl").read_text().splitlines()]
    rows = []
    for name, own in _groups(records).items():
        chosen: list[dict] = []
        for record in own:  # one query, then one picture of each weather
            new = record["weather"] not in {r["weather"] for r in chosen}
            if new and (record["role"] != "query" or not chosen):
                chosen.append(record)
        rows.append((name, [folder / r["file"] for r in chosen[:columns]]))
    image = sheet(rows)
    cv2.imwrite(str(folder / "contact_sheet.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 80])


def _groups(records: list[dict]) -> dict[str, list[dict]]:
    """Records by caption: landmarks with a query first, then the pictures without a landmark."""
    groups: dict[str, list[dict]] = {}
    for record in sorted(records, key=lambda r: (r["landmark"] is None, r["role"] != "query")):
        what = record["landmark"] or f"no landmark of the set: {record['kind']}"
        groups.setdefault(f"{what} ({record['family'] or '-'})", []).append(record)
    return groups
