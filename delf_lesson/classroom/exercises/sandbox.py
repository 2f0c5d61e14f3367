"""Run a student's function so that it cannot harm the notebook or its grading."""

import copy
import ctypes
import io
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import numpy as np

SECONDS = 5.0
PRINTED = 20_000
"""Characters after which a function that prints is stopped."""


class StudentError(Exception):
    """An error in a student's function, as a message to the student."""


class TimeIsUp(BaseException):
    """Raised inside a function that runs too long. No `except Exception` in it catches this."""


class TooMuchPrinted(BaseException):
    """Raised inside a function that prints without end."""


def run(function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float = SECONDS) -> Any:
    """Call a function with copies of the arguments. What it prints is dropped.

    Raises StudentError if it raises, runs for longer than `seconds`, prints more than 20,000
    characters, exits, or changes an argument.
    """
    given = copy.deepcopy(arguments)
    printed = _Limited()
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(printed),
            redirect_stderr(printed),
            time_limit(seconds),
        ):
            warnings.simplefilter("ignore")
            answer = function(*given)
    except NotImplementedError:
        raise
    except TimeIsUp:
        raise StudentError(
            f"it was stopped after {seconds:g} seconds. Is there a loop that never ends?"
        ) from None
    except TooMuchPrinted:
        raise StudentError(
            f"it printed more than {PRINTED:,} characters and was stopped. Take `print` out of "
            "the loop."
        ) from None
    except SystemExit:
        raise StudentError("it calls `exit`. End a function by `return`.") from None
    except RecursionError:
        raise StudentError("it calls itself without end. When does it stop?") from None
    except Exception as error:
        raise StudentError(_described(error)) from error
    for place, (after, before) in enumerate(zip(given, arguments, strict=True), start=1):
        if not unchanged(after, before):
            raise StudentError(
                f"it changes its argument number {place}. Whoever called it still needs that: "
                "work on a copy."
            )
    return answer


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp in this thread when the time is over, repeatedly until the block is left.

    Works in any thread and on any system, but interrupts only Python: it cannot end a single call
    into C that never returns.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    lock, left = threading.Lock(), threading.Event()

    def watch() -> None:
        pause = seconds
        while not left.wait(pause):
            with lock:
                if not left.is_set():
                    raise_in(thread, ctypes.py_object(TimeIsUp))
            pause = 0.05  # a bare `except:` may have caught it

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            left.set()
            raise_in(thread, None)  # a pending exception would hit other code
        watcher.join()


def unchanged(after: Any, before: Any) -> bool:
    """Whether an argument still has its value."""
    if isinstance(before, np.ndarray):
        return (
            isinstance(after, np.ndarray)
            and after.dtype == before.dtype
            and np.array_equal(after, before, equal_nan=before.dtype.kind == "f")
        )
    if isinstance(before, list | tuple):
        return len(after) == len(before) and all(map(unchanged, after, before))
    if isinstance(before, dict):
        return after.keys() == before.keys() and all(
            unchanged(after[key], before[key]) for key in before
        )
    return bool(after == before)


def _described(error: Exception) -> str:
    """An error as a sentence, with the last line of the student's code."""
    frames = traceback.extract_tb(error.__traceback__)
    student = [frame for frame in frames[1:] if "site-packages" not in frame.filename]
    where = f", in the line `{student[-1].line}`" if student and student[-1].line else ""
    return f"it raised {type(error).__name__}: {str(error)[:300]}{where}."


class _Limited(io.TextIOBase):
    """Swallows what is printed, up to a limit."""

    def __init__(self) -> None:
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += len(text)
        if self.written > PRINTED:
            raise TooMuchPrinted
        return len(text)
