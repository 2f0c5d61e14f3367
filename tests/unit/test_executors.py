"""Tasks on one machine and on a cluster: the same outcomes, in spite of what dies or hangs."""

import hashlib
import os
import signal
import threading

import cluster_tasks
import pytest

from delf_lesson.scale import executors, index_update
from delf_lesson.scale.executors import DaskExecutor, SerialExecutor
from delf_lesson.scale.photo_index import PhotoIndex
from delf_lesson.systems.registry import find_system

pytestmark = pytest.mark.slow  # they start processes

distributed = pytest.importorskip("distributed", reason="Dask is an extra, `scale`")


def two_workers():
    return distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    )


@pytest.fixture(scope="module")
def shared():
    """A cluster for tests after which it is as before."""
    with two_workers() as workers, DaskExecutor(workers.scheduler_address, patience=60) as executor:
        yield executor


@pytest.fixture
def workers():
    """A scheduler and two processes for a test that kills or blocks one."""
    with two_workers() as cluster:
        yield cluster


@pytest.fixture
def cluster(workers):
    with DaskExecutor(workers.scheduler_address, patience=60) as executor:
        yield executor


def values(executor, task, arguments):
    found = sorted(executor.run(task, arguments), key=lambda one: one.number)
    return [one.value if one.error is None else one.error for one in found]


def test_one_machine_and_many_give_the_same(shared):
    arguments = [(number,) for number in range(20)]
    alone = values(SerialExecutor(), cluster_tasks.square, arguments)
    assert alone == [number**2 for number in range(20)]
    assert values(shared, cluster_tasks.square, arguments) == alone
    assert values(shared, cluster_tasks.square, []) == []


def test_an_error_of_one_task_does_not_keep_the_others(shared):
    arguments = [(number,) for number in range(6)]
    for executor in (SerialExecutor(), shared):
        found = values(executor, cluster_tasks.fail, arguments)
        assert "three is no number" in found.pop(3)
        assert found == [0, 1, 2, 4, 5]


def test_the_tasks_of_a_worker_that_died_are_done_by_others(cluster, tmp_path):
    arguments = [(number, tmp_path / "mark") for number in range(12)]
    assert values(cluster, cluster_tasks.die_once, arguments) == list(range(12))
    assert (tmp_path / "mark").exists()


def test_a_task_that_kills_every_worker_is_given_up(cluster, workers):
    workers.scheduler.allowed_failures = 1  # instead of 3, to be quicker
    (found,) = values(cluster, cluster_tasks.die_always, [(1,)])
    assert "KilledWorker" in found


def test_a_task_that_hangs_is_begun_again_elsewhere_or_named(workers, tmp_path):
    """The other try has nowhere to hang; one that hangs in every try is given up."""
    arguments = [(number, tmp_path / "mark") for number in range(8)]
    with DaskExecutor(workers.scheduler_address, patience=60) as executor:
        assert values(executor, cluster_tasks.hang_once, arguments) == list(range(8))
    assert (tmp_path / "mark").exists()
    with DaskExecutor(workers.scheduler_address, patience=2) as executor:
        found = values(executor, cluster_tasks.hang, [(1,)])
    assert found == ["no worker gave an answer within 2 seconds"]


def test_the_cores_of_this_machine_are_a_cluster_that_ends_with_its_use():
    with DaskExecutor("local") as executor:
        processes = set(values(executor, cluster_tasks.process, [(k,) for k in range(20)]))
    assert processes and os.getpid() not in processes
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_without_a_scheduler_the_address_is_named(monkeypatch):
    monkeypatch.setattr(executors, "CONNECT", 1.0)
    with pytest.raises(OSError, match=r"no scheduler at tcp://127\.0\.0\.1:9.*dask scheduler"):
        DaskExecutor("tcp://127.0.0.1:9")


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(index_update, "CHUNK", 1)
    monkeypatch.setattr(index_update, "SHARD_SIZE", 3)


def shards(index: PhotoIndex) -> list[str]:
    return [
        hashlib.sha256((index.path / name).read_bytes()).hexdigest() for name in index._state.shards
    ]


def test_an_index_made_and_searched_by_a_cluster_that_loses_a_worker(
    workers, cluster, photos, tmp_path, small_pieces
):
    system = find_system("OpenCV-RootSIFT")
    alone = PhotoIndex.create(tmp_path / "alone", photos, system, compressed=True)
    alone.update()
    index = PhotoIndex.create(tmp_path / "index", photos, system, compressed=True)
    victim = next(iter(workers.workers.values())).pid
    killed = threading.Event()

    def kill_after_two(outcomes, label, count):
        for number, outcome in enumerate(outcomes):
            if label == "Describing images" and number == 1:
                os.kill(victim, signal.SIGKILL)
                killed.set()
            yield outcome

    update = index.update(cluster, kill_after_two)
    assert killed.is_set() and not update.unfinished
    assert shards(index) == shards(alone)
    for scene in ("scene_1", "scene_2"):
        query = photos / scene / "a.png"
        one, other = (
            [vars(result) for result in found.results]
            for found in (alone.retriever().search(query), index.retriever(cluster).search(query))
        )
        assert [(r["image"], r["score"], r["inliers"]) for r in one] == [
            (r["image"], r["score"], r["inliers"]) for r in other
        ]


def test_images_that_a_cluster_lost_are_missing_and_come_next_time(photos, tmp_path, small_pieces):
    class Losing(SerialExecutor):
        def run(self, task, arguments):
            for outcome in super().run(task, arguments):
                lost = task.__name__ == "describe" and outcome.number == 4
                yield type(outcome)(outcome.number, error="lost") if lost else outcome

    index = PhotoIndex.create(tmp_path / "index", photos, find_system("OpenCV-RootSIFT"))
    update = index.update(Losing())
    assert len(update.unfinished) == 1 and len(update.added) == 9
    assert index.update().added == list(update.unfinished)


def test_a_shard_damaged_on_the_way_is_named(shared, photos, tmp_path, small_pieces):
    index = PhotoIndex.create(tmp_path / "index", photos, find_system("OpenCV-RootSIFT"))
    index.update(shared)
    victim = sorted(index.path.glob("shard-*"))[2]
    victim.write_bytes(victim.read_bytes()[:-30])
    with pytest.raises(ValueError, match=rf"1 of 4 shards gave no answer.*{victim.name}"):
        index.retriever(shared).search(photos / "scene_1" / "a.png")
