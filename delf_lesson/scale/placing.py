"""Which shard holds which images, and what has to change for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from delf_lesson.scale.photo_state import Photo

SHARD = 10_000
"""Images of a shard."""


@dataclass(frozen=True)
class Change:
    """A shard that is written anew: which it is, and the images that leave it and come to it."""

    shard: int
    leaving: tuple[Photo, ...]
    arriving: tuple[Photo, ...]


def plan(
    before: Sequence[Photo], now: Iterable[Photo], shards: int, size: int = SHARD
) -> tuple[list[list[Photo]], list[Change]]:
    """Where images go: those that are in a shard stay there, new ones fill the first with room.

    before: the images of so many shards. now: those that shall be there, new and changed ones
    with no shard. size: the most images of a shard. Returns each shard's images, in the order of
    its rows, and the changes; a shard may be left empty, and there may be more shards.
    """
    inside: list[list[Photo]] = [[] for _ in range(shards)]
    waiting = []
    for photo in now:
        if photo.shard is None:
            waiting.append(photo)
        else:
            inside[photo.shard].append(photo)
    stays = {photo.name for own in inside for photo in own}
    leaving: list[list[Photo]] = [[] for _ in range(shards)]
    for photo in before:
        if photo.shard is not None and photo.name not in stays:
            leaving[photo.shard].append(photo)
    arriving: list[list[Photo]] = [[] for _ in range(shards)]
    place = 0
    for photo in sorted(waiting, key=lambda one: one.name):
        while place < len(inside) and len(inside[place]) + len(arriving[place]) >= size:
            place += 1
        if place == len(inside):
            for lists in (inside, leaving, arriving):
                lists.append([])
        arriving[place].append(photo.moved(place))
    changes = [
        Change(shard, tuple(gone), tuple(come))
        for shard, (gone, come) in enumerate(zip(leaving, arriving, strict=True))
        if gone or come
    ]
    return [own + come for own, come in zip(inside, arriving, strict=True)], changes
