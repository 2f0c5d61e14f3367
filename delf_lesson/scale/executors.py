"""Where tasks run: in this process, in one for each core, or on a Dask cluster by its address.

A task is a function of the module `tasks` with plain arguments. It may be run twice, so what it
writes is the same each time and appears at once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

LOCAL = "local"
"""In place of an address: a cluster of this machine's cores, which is there as long as it is used.
"""
CONNECT = 20.0
"""Seconds within which a scheduler has to answer."""
POLL = 2.0
"""Seconds between looks at tasks that take long."""
RETRIES = 2
"""Of a task whose worker broke off its connection."""
SLOW = 4.0
"""A task that takes so many times the median, when nothing else is left to do, is begun again
elsewhere."""


@dataclass(frozen=True)
class Outcome:
    """What became of a task: its number, and either its value or why there is none."""

    number: int
    value: Any = None
    error: str | None = None


class Executor(Protocol):
    """Runs a task for each set of arguments and gives outcomes as they come, in any order."""

    def run(
        self, task: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[Outcome]:
        """One outcome for each; an error of one does not keep the others."""


class SerialExecutor:
    """One after another, in this process."""

    def run(
        self, task: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[Outcome]:
        """See `Executor`."""
        for number, values in enumerate(arguments):
            try:
                yield Outcome(number, task(*values))
            except (ValueError, OSError) as error:
                yield Outcome(number, error=str(error))


class DaskExecutor:
    """On the workers of a Dask scheduler.

    address: as "tcp://host:8786", or `LOCAL`. patience: seconds without any outcome after which
    what is left counts as lost. Workers have this package, and see the same files under the same
    paths.

    Dask gives the tasks of a worker that died to others. Raises OSError if there is no scheduler
    at the address, ValueError if Dask is not installed.
    """

    def __init__(self, address: str, patience: float = 600.0) -> None:
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise ValueError(
                "cluster: Dask is not installed; install it with: pip install -e '.[scale]'"
            ) from error
        self.patience = patience
        self._local_cluster = None
        if address == LOCAL:
            self._local_cluster = LocalCluster(
                threads_per_worker=1, processes=True, dashboard_address=None
            )
            address = self._local_cluster.scheduler_address
        try:
            self._client = Client(address, timeout=CONNECT, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise OSError(
                f"cluster: there is no scheduler at {address} ({error}); start one with: dask "
                "scheduler"
            ) from error

    def close(self) -> None:
        """Leave the cluster, which goes on unless it is our own."""
        self._client.close()
        if self._local_cluster is not None:
            self._local_cluster.close()

    def __enter__(self) -> "DaskExecutor":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def run(
        self, task: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[Outcome]:
        """See `Executor`."""
        running = {
            self._client.submit(task, *values, pure=False, retries=RETRIES): number
            for number, values in enumerate(arguments)
        }
        open_tasks = set(running.values())
        again: set[int] = set()
        spent: list[float] = []
        last = time.monotonic()
        while open_tasks:
            for future in [future for future in running if future.done()]:
                number = running.pop(future)
                # One that is lost or cancelled may still end well in its other try; and where
                # one try ended, the other does not count.
                if number in open_tasks and future.status in ("finished", "error"):
                    open_tasks.discard(number)
                    spent.append(time.monotonic() - last)
                    yield self._outcome(future, number)
                    last = time.monotonic()
            if not open_tasks or not running or time.monotonic() - last > self.patience:
                break
            quiet = time.monotonic() - last
            few = len(open_tasks) <= len(self._workers())
            if spent and few and quiet > max(POLL, SLOW * median(spent)):
                for number in open_tasks - again:
                    again.add(number)
                    running[self._elsewhere(task, arguments[number], number, running)] = number
            time.sleep(min(POLL, 0.02 + quiet / 10))
        self._client.cancel(list(running), force=True)
        for number in sorted(open_tasks):
            yield Outcome(number, error=self._lost)

    def _workers(self) -> list[str]:
        return list(self._client.scheduler_info(n_workers=-1)["workers"])

    def _elsewhere(
        self,
        task: Callable[..., Any],
        values: tuple[Any, ...],
        number: int,
        running: dict[Any, int],
    ) -> Any:
        """The task once more, on a worker that is not at it already."""
        busy = {
            worker
            for worker, keys in self._client.processing().items()
            if any(
                future.key in keys
                for future, task_number in running.items()
                if task_number == number
            )
        }
        others = [worker for worker in self._workers() if worker not in busy]
        return self._client.submit(
            task, *values, pure=False, workers=others or None, allow_other_workers=True
        )

    def _outcome(self, future: Any, number: int) -> Outcome:
        try:
            if future.status == "finished":
                # A result that was on a worker which died since is computed again for it.
                return Outcome(number, future.result(timeout=self.patience))
            error: BaseException | None = future.exception(timeout=self.patience)
        except TimeoutError:
            return Outcome(number, error=self._lost)
        except Exception as raised:
            error = raised
        return Outcome(number, error=f"{type(error).__name__}: {error}")

    @property
    def _lost(self) -> str:
        return f"no worker gave an answer within {self.patience:.0f} seconds"
