"""Renders scenes in several processes; what is done already is not done again."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from .plan import Scene


def _work(job: tuple[list[Scene], str]) -> list[tuple[str, int, float]]:
    from .render import render_scene  # Blender is loaded in the workers alone

    scenes, folder = job
    return [(s.name, len(s.shots), render_scene(s, Path(folder))) for s in scenes]


def render_all(scenes: Iterable[Scene], folder: Path, workers: int = 2) -> None:
    """Render the scenes that are not there yet. Progress goes to standard error."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [s for s in scenes if not (folder / f"{s.name}.json").exists()]
    groups: dict[tuple, list[Scene]] = {}
    for scene in missing:  # scenes of one place follow each other, so that its shapes are kept
        groups.setdefault((scene.kind, scene.family, scene.seed), []).append(scene)
    started, done, pictures, cpu = time.time(), 0, 0, 0.0
    # A fresh process for every few places: Blender does not give all memory back.
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, maxtasksperchild=4) as pool:
        for results in pool.imap_unordered(_work, [(g, str(folder)) for g in groups.values()]):
            for _, count, seconds in results:
                done, pictures, cpu = done + 1, pictures + count, cpu + seconds
            so_far = f"{done}/{len(missing)} scenes, {pictures} pictures"
            pace = f"{cpu / pictures:.2f} CPU-s each, {time.time() - started:.0f} s"
            print(f"{so_far}, {pace}", file=sys.stderr, flush=True)
