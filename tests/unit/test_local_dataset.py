"""Data sets are fetched whole, in spite of every fault, and nothing half is taken for whole."""

import shutil
import subprocess

import pytest
from publisher import LANDMARKS, offer_google, tar

from delf_lesson.datasets import load
from delf_lesson.datasets.fetch.catalogue import CATALOGUE
from delf_lesson.datasets.fetch.download import TRIES
from delf_lesson.datasets.fetch.fetching import SPARE_SPACE, fetch
from delf_lesson.datasets.fetch.local_dataset import LocalDataset, verify
from delf_lesson.files import DownloadError
from delf_lesson.training.training_data import google_landmarks

OXFORD = CATALOGUE["oxford5k"]
IMAGES, TRUTH = OXFORD.files
IMAGES_AT = "/oxbuildings/oxbuild_images-v1.tgz"


@pytest.fixture
def oxford(web) -> LocalDataset:
    return LocalDataset.of(OXFORD)


def get(dataset, **options):
    fetch(dataset, pause=0.01, **options)


def test_a_data_set_comes_whole_and_loads(oxford, web):
    get(oxford)
    assert oxford.missing() == []
    benchmark = load("oxford5k")
    assert len(benchmark.images) == 10 and len(benchmark.queries) == 2
    assert [path.suffix for path in oxford.folder.rglob("*gz*")] == [".json", ".json"]
    assert list(verify(oxford)) == []


def test_what_is_here_is_not_fetched_again(oxford, web):
    get(oxford)
    before = web.asked.total()
    get(oxford)
    assert web.asked.total() == before


def test_a_connection_that_drops_at_half_goes_on(oxford, web):
    web.faults[IMAGES_AT] = ["drop"]
    get(oxford)
    assert web.ranges and list(verify(oxford)) == []


@pytest.mark.parametrize("fault", ["refuse", "cut"])
def test_one_bad_file_does_not_keep_the_others(fault, oxford, web):
    """A cut archive has all the bytes that its server announced, but not all that it needs."""
    web.faults[IMAGES_AT] = [fault] * TRIES
    with pytest.raises(DownloadError, match=r"1 of 2 files did not come: .*oxbuild_images"):
        get(oxford)
    assert oxford.missing() == [IMAGES]
    with pytest.raises(FileNotFoundError, match="delf-lesson data fetch oxford5k"):
        load("oxford5k")
    web.faults.clear()
    get(oxford)
    assert oxford.missing() == []


@pytest.mark.parametrize("name", ["../out.jpg", "/tmp/out.jpg"])
def test_an_archive_with_a_path_out_of_the_folder_is_not_kept(name, oxford, web, tmp_path):
    web.files[IMAGES_AT] = tar({"fine_000001.jpg": b"1", name: b"2"})
    with pytest.raises(DownloadError, match="leads out of its folder"):
        get(oxford)
    assert oxford.missing() == [IMAGES]
    assert not list(tmp_path.rglob("out.jpg"))


def test_a_disk_that_is_too_small_is_known_before_the_first_byte(oxford, web):
    with pytest.raises(OSError, match=r"0\.2 GB free, and 0\.2 are needed.*DELF_LESSON_DATASETS"):
        get(oxford, space=lambda folder: SPARE_SPACE)
    assert web.asked.total() == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True
    )
    if not made or made.returncode:
        pytest.skip("this system lets nobody mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_is_told_and_the_next_fetch_goes_on(web, small_disk, tmp_path):
    import numpy as np

    web.files[IMAGES_AT] = tar({"a_000000.jpg": np.random.default_rng(0).bytes(1 << 21)})
    dataset = LocalDataset.of(OXFORD, small_disk)
    with pytest.raises(OSError, match="No space left"):
        get(dataset, space=lambda folder: 1 << 40)
    assert IMAGES in dataset.missing()
    shutil.copytree(dataset.folder, tmp_path / "larger" / "oxford5k")
    larger = LocalDataset.of(OXFORD, tmp_path / "larger")
    get(larger)
    assert web.ranges and list(verify(larger)) == []


def test_two_fetches_at_a_time_are_refused(oxford, web):
    import filelock

    oxford.folder.mkdir(parents=True)
    with (
        filelock.FileLock(oxford.folder / "fetch.lock"),
        pytest.raises(ValueError, match="another fetch of oxford5k is at work"),
    ):
        get(oxford)


def test_a_killed_unpacking_is_done_again(oxford, web, monkeypatch):
    from delf_lesson.datasets.fetch import local_dataset

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(local_dataset.LocalDataset, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            get(oxford)
    assert oxford.missing() == [IMAGES, TRUTH]
    get(oxford)
    assert oxford.missing() == []
    assert web.asked[IMAGES_AT] == 1


@pytest.mark.parametrize("harm", ["change", "shorten", "delete"])
def test_verify_finds_what_changed_and_fetch_mends_it(harm, oxford, web):
    get(oxford)
    victim = oxford.folder / "images" / "keep_000001.jpg"
    content = victim.read_bytes()
    if harm == "delete":
        victim.unlink()
    else:
        victim.write_bytes(content[:-9] if harm == "shorten" else content[:-1] + b"x")
    ((path, why),) = verify(oxford)
    assert path == "images/keep_000001.jpg" and why
    assert oxford.missing() == [IMAGES]
    get(oxford)
    assert victim.read_bytes() == content and list(verify(oxford)) == []


def test_a_damaged_record_is_told(oxford, web):
    get(oxford)
    (record,) = (oxford.folder / "records").glob("oxbuild*")
    record.write_bytes(record.read_bytes()[:50])
    with pytest.raises(ValueError, match="delete it and fetch oxford5k again"):
        load("oxford5k")
    assert [why for _, why in verify(oxford)] == ["its record is damaged"]
    get(oxford)
    assert len(load("oxford5k").images) == 10


def test_the_revised_truth_needs_the_pictures(web):
    get(LocalDataset.of(CATALOGUE["roxford5k"]))
    with pytest.raises(FileNotFoundError, match="delf-lesson data fetch oxford5k"):
        load("roxford5k")
    get(LocalDataset.of(OXFORD))
    benchmark = load("roxford5k")
    assert len(benchmark.images) == 8
    assert [query.name for query in benchmark.queries] == [f"{name}_000000" for name in LANDMARKS]
    truth = benchmark.truth["hall_000000"]
    assert (truth.good, truth.ok, truth.junk) == (
        {"hall_000001"},
        {"hall_000002"},
        {"street_000001"},
    )


def test_google_landmarks_come_in_shards_with_their_checksums(web, texture):
    offer_google(web, texture)
    dataset = LocalDataset.of(CATALOGUE["google-landmarks-train"])
    shards = [file for file in dataset.spec.files if file.kind == "tar"]
    with pytest.raises(FileNotFoundError, match="data fetch google-landmarks-train"):
        google_landmarks()
    get(dataset, parts=[0])
    with pytest.raises(ValueError, match="0 landmarks have 4 pictures or more"):
        google_landmarks()
    web.faults["/google-landmark/train/images_001.tar"] = ["other"]
    with pytest.raises(DownloadError, match="checksum differs"):
        get(dataset, parts=[0, 1])
    assert shards[1] in dataset.missing()
    get(dataset, parts=[0, 1])
    for form in ("clean", "full"):
        found = google_landmarks(form)
        assert len(found) == 18 and {landmark for _, landmark in found} == {"7", "8", "9"}
        assert all(path.is_file() for path, _ in found)


def test_parts_that_are_not_there_are_refused(web, oxford):
    with pytest.raises(ValueError, match="of no use in parts"):
        get(oxford, parts=[0])
    with pytest.raises(ValueError, match=r"parts 0 to 499; there is no \[500\]"):
        get(LocalDataset.of(CATALOGUE["google-landmarks-train"]), parts=[1, 500])
    with pytest.raises(ValueError, match="jobs is 0"):
        get(oxford, jobs=0)
