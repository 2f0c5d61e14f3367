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


def city_sheet(folder: Path, columns: int = 6) -> np.ndarray:
    """A row a landmark: a query, then database pictures under different weathers."""
    records = [json.loads(line) for line in (folder / "images.jsonl").read_text().splitlines()]
    rows = []
    for landmark in sorted({r["landmark"] for r in records if r["landmark"]}):
        own = [r for r in records if r["landmark"] == landmark]
        chosen = [next(r for r in own if r["role"] == "query")]
        for record in own:
            if record["role"] == "database" and record["weather"] not in {
                r["weather"] for r in chosen
            }:
                chosen.append(record)
        rows.append(
            (f"{landmark} ({own[0]['family']})", [folder / r["file"] for r in chosen[:columns]])
        )
    return sheet(rows)
