"""A file comes whole or not at all, and what has come is not fetched twice."""

import hashlib
import threading

import pytest
from publisher import Publisher, publishing

from delf_lesson.datasets.fetch.download import (
    CHUNK,
    TRIES,
    FetchStopped,
    download,
    length_of,
    sha256,
)
from delf_lesson.files import DownloadError

CONTENT = bytes(range(256)) * 8000
PATH = "/there/file.bin"


@pytest.fixture
def web():
    publisher = Publisher()
    publisher.files[PATH] = CONTENT
    with publishing(publisher):
        yield publisher


def get(web, tmp_path, **options):
    path = tmp_path / "file.bin"
    download(web.url + PATH, path, pause=0.01, **options)
    return path


def test_a_file_comes_and_is_not_fetched_again(web, tmp_path):
    known = "md5:" + hashlib.md5(CONTENT).hexdigest()
    assert get(web, tmp_path, known_hash=known).read_bytes() == CONTENT
    get(web, tmp_path, known_hash=known)
    assert web.asked[PATH] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


def test_a_dropped_connection_goes_on_where_it_broke(web, tmp_path):
    web.faults[PATH] = ["drop", "drop"]
    assert get(web, tmp_path).read_bytes() == CONTENT
    first, second = (int(wanted.strip("bytes=-")) for _, wanted in web.ranges)
    assert 0 <= len(CONTENT) // 2 - first < CHUNK
    assert first < second < len(CONTENT)
    assert len(CONTENT) <= web.sent[PATH] < len(CONTENT) + 2 * CHUNK


def test_a_server_without_ranges_sends_all_again(web, tmp_path):
    web.faults[PATH] = ["drop"]
    web.understands_ranges = False
    assert get(web, tmp_path).read_bytes() == CONTENT


def test_a_killed_fetch_goes_on_with_the_next_call(web, tmp_path):
    stop = threading.Event()

    def after_half(name, here, whole):
        if here > whole // 2:
            stop.set()

    with pytest.raises(FetchStopped):
        get(web, tmp_path, progress=after_half, stop=stop)
    assert not (tmp_path / "file.bin").exists()
    assert get(web, tmp_path).read_bytes() == CONTENT
    assert len(web.ranges) == 1


def test_a_file_that_changed_meanwhile_is_not_joined_to_its_old_half(web, tmp_path):
    web.faults[PATH] = ["drop"] + ["refuse"] * TRIES
    with pytest.raises(DownloadError):
        get(web, tmp_path)
    web.files[PATH] = CONTENT[::-1]
    assert get(web, tmp_path).read_bytes() == CONTENT[::-1]


def test_a_wrong_checksum_is_refused_and_nothing_is_left(web, tmp_path):
    web.faults[PATH] = ["other"]
    known = "md5:" + hashlib.md5(CONTENT).hexdigest()
    with pytest.raises(DownloadError, match="checksum differs"):
        get(web, tmp_path, known_hash=known)
    assert list(tmp_path.iterdir()) == []
    assert get(web, tmp_path, known_hash=known).read_bytes() == CONTENT


def test_a_server_that_fails_for_a_while_is_asked_again(web, tmp_path):
    web.faults[PATH] = ["refuse"] * (TRIES - 1)
    assert get(web, tmp_path).read_bytes() == CONTENT


def test_a_server_that_fails_on_is_given_up_with_the_remedy(web, tmp_path):
    web.faults[PATH] = ["refuse"] * TRIES
    with pytest.raises(DownloadError, match=r"503.*call this again"):
        get(web, tmp_path)
    assert web.asked[PATH] == TRIES


def test_a_file_that_is_not_there_is_asked_for_once(web, tmp_path):
    web.faults[PATH] = ["gone"]
    with pytest.raises(DownloadError, match="404"):
        get(web, tmp_path)
    assert web.asked[PATH] == 1


def test_without_a_network_the_address_is_named(tmp_path):
    with pytest.raises(DownloadError, match=r"http://127\.0\.0\.1:9/x could not be fetched"):
        download("http://127.0.0.1:9/x", tmp_path / "x", pause=0.001)
    with pytest.raises(DownloadError, match="look at the network"):
        length_of("http://127.0.0.1:9/x")


def test_a_mirror_stands_in_for_the_publisher(web, tmp_path, monkeypatch):
    web.files["/mirror/there/file.bin"] = b"of the mirror"
    monkeypatch.setenv("DELF_LESSON_MIRROR", web.url + "/mirror/")
    path = tmp_path / "file.bin"
    download("https://publisher.example" + PATH, path)
    assert path.read_bytes() == b"of the mirror"
    assert length_of("https://publisher.example" + PATH) == 13


def test_progress_ends_with_the_whole_length(web, tmp_path):
    told = []
    path = get(web, tmp_path, progress=lambda *one: told.append(one))
    assert told[-1] == ("file.bin", len(CONTENT), len(CONTENT))
    assert [here for _, here, _ in told] == sorted(here for _, here, _ in told)
    assert sha256(path) == hashlib.sha256(CONTENT).hexdigest()
