"""Tasks that go wrong on their first try, and leave a mark of it."""

import os
import signal
import time
from pathlib import Path


def square(number: int) -> int:
    return number * number


def fail(number: int) -> int:
    if number == 3:
        raise ValueError("three is no number")
    return number


def die_once(number: int, mark: Path) -> int:
    """The process ends at the first try, as if the machine had lost its power."""
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return number


def die_always(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def hang_once(number: int, mark: Path) -> int:
    if number == 2 and not mark.exists():
        mark.touch()
        time.sleep(120)
    return number


def hang(number: int) -> int:
    if number == 1:
        time.sleep(30)
    return number


def process(number):
    """The process that does it."""
    return os.getpid()
