"""Read ahead in threads, and put together what goes together."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
R = TypeVar("R")


def ahead(work: Callable[[S], R], items: Iterable[S], threads: int, most: int) -> Iterator[R]:
    """What threads make of each item, in the items' order.

    most: so many are made or waiting beyond the one that is asked for.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def groups(
    items: Iterable[S], kind: Callable[[S], Hashable | None], most: int
) -> Iterator[list[S]]:
    """Items in their order in lists of at most so many, all of one kind.

    kind: of an item; one whose kind is None goes with any.
    """
    group: list[S] = []
    for item in items:
        kinds = {kind(one) for one in (*group, item)} - {None}
        if len(group) == most or len(kinds) > 1:
            yield group
            group = []
        group.append(item)
    if group:
        yield group
