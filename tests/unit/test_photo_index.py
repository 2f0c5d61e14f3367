"""An index on disk: what it finds, how it grows, and what happens when something breaks."""

import json
import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from delf_lesson.cache import FeatureCache
from delf_lesson.cli.main import command
from delf_lesson.images import list_images
from delf_lesson.retrieval.retrievers import LocalRanking
from delf_lesson.scale import index_state, index_update, tasks
from delf_lesson.scale.photo_index import PhotoIndex
from delf_lesson.systems.registry import DEFAULT_SYSTEM, find_system
from delf_lesson.systems.specification import FusedSystem, SystemOptions

SIFT = find_system("OpenCV-RootSIFT")
SYSTEMS = ["OpenCV-RootSIFT", "OpenCV-RootSIFT-votes", "colours", "DELF+FT+ATT+DIR+QE"]


def chosen(name, **options):
    return find_system(name).with_options(SystemOptions(**options))


def made(path, folder, system=SIFT, compressed=False) -> PhotoIndex:
    index = PhotoIndex.create(path, folder, system, compressed)
    index.update()
    return index


def ranked(index, query):
    return [
        (os.path.relpath(one.image, index.folder), round(one.score, 4), one.inliers)
        for one in index.retriever().search(query).results
    ]


def in_memory(folder, query, system=SIFT, compressed=False):
    retriever = system.retriever(compressed=compressed)
    retriever.add(list_images(folder))
    return [
        (os.path.relpath(one.image, folder), round(one.score, 4), one.inliers)
        for one in retriever.search(query).results
    ]


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_it_ranks_as_the_same_images_in_memory(system, photos, tmp_path):
    system = find_system(system)
    index = made(tmp_path / "index", photos, system)
    query = photos / "scene_1" / "a.png"
    assert ranked(PhotoIndex.open(index.path), query) == in_memory(photos, query, system)


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(index_update, "SHARD_SIZE", 3)
    monkeypatch.setattr(index_update, "CHUNK", 2)


@pytest.mark.parametrize("compressed", [False, True])
def test_several_shards_rank_as_one(compressed, photos, tmp_path, small_shards):
    index = made(tmp_path / "index", photos, compressed=compressed)
    assert len(list(index.path.glob("shard-*.index"))) == 4
    for scene in ("scene_1", "scene_2"):
        query = photos / scene / "a.png"
        assert ranked(index, query) == in_memory(photos, query, compressed=compressed)


@pytest.mark.parametrize("compressed", [False, True])
def test_pairwise_verification_reads_the_candidates_alone(
    compressed, photos, tmp_path, small_shards, monkeypatch
):
    ranking = LocalRanking(matching="pairwise", ratio=0.85, verify_top=4, order="product")
    system = replace(SIFT, ranking=ranking)
    monkeypatch.setattr(tasks, "find_system", lambda name: system)
    index = made(tmp_path / "index", photos, system, compressed)
    retriever = index.retriever()
    reads = []
    read = FeatureCache.get
    monkeypatch.setattr(
        FeatureCache, "get", lambda self, *what: reads.append(what[0]) or read(self, *what)
    )
    query = photos / "scene_1" / "a.png"
    on_disk = [path.stat().st_size for path in (index.path / "features").rglob("*.npz")]
    assert len(on_disk) == 10 and retriever.bytes["feature files"] == sum(on_disk)
    results = retriever.search(query).results
    assert len(reads) == 1 + 4 and len(results) > 4  # the query's description is there, too
    assert len(set(reads)) == 4  # since the query is one of the images
    assert [result.inliers > 30 for result in results] == [True, True] + [False] * (
        len(results) - 2
    )
    assert ranked(index, query) == in_memory(photos, query, system, compressed)


@pytest.mark.parametrize(
    "options", [{"expand": 2}, {"expand": 2, "alpha": 3.0}, {"expand": 4, "false_alarms": 4.0}]
)
def test_expansion_is_from_disk_as_in_memory(options, photos, tmp_path, monkeypatch):
    system = replace(find_system("colours"), **options)
    monkeypatch.setattr(tasks, "find_system", lambda name: system)
    index = made(tmp_path / "index", photos, system)
    query = photos / "scene_1" / "a.png"
    found = ranked(index, query)
    assert found == in_memory(photos, query, system)
    plain = replace(find_system("colours"), expand=options["expand"] if len(options) > 1 else 0)
    assert found != in_memory(photos, query, plain)


def test_a_calibrated_fusion_is_from_disk_as_in_memory(photos, tmp_path, monkeypatch):
    colours = find_system("colours")
    plain = FusedSystem("both", "for this test", SIFT, colours, weight=0.5)
    system = replace(plain, calibrated=True)
    monkeypatch.setattr(tasks, "find_system", lambda name: system)
    index = made(tmp_path / "index", photos, system)
    query = photos / "scene_1" / "a.png"
    found = ranked(index, query)
    assert found == in_memory(photos, query, system)
    assert found != in_memory(photos, query, plain)


def test_batches_are_not_torn_apart_by_tasks(photos, tmp_path, small_shards):
    """Ten images, in tasks of two batches of three; and they are found as one at a time."""
    tasks = []

    def progress(outcomes, label, count):
        tasks.append((label, count))
        return outcomes

    system = chosen("siaMAC", batch=3, max_side=96)
    index = PhotoIndex.create(tmp_path / "index", photos, system)
    assert len(index.update(progress=progress).added) == 10
    assert tasks == [("Describing images", 2)]
    query = photos / "scene_1" / "a.png"
    alone = in_memory(photos, query, chosen("siaMAC", max_side=96))
    assert [name for name, *_ in ranked(index, query)] == [name for name, *_ in alone]


def test_new_changed_moved_and_removed_images(photos, tmp_path, small_shards, texture):
    index = made(tmp_path / "index", photos)
    described = set((index.path / "features").rglob("*.npz"))
    Image.fromarray(texture(77)).save(photos / "new.png")
    Image.fromarray(texture(88)).save(photos / "other_10.png")
    os.utime(photos / "other_10.png", (1, 1))
    (photos / "other_11.png").unlink()
    (photos / "scene_2" / "b.jpg").rename(photos / "moved.jpg")
    update = index.update()
    assert update.added == ["moved.jpg", "new.png"]
    assert update.changed == ["other_10.png"]
    assert update.removed == ["other_11.png", "scene_2/b.jpg"]
    more = set((index.path / "features").rglob("*.npz")) - described
    assert len(more) == 2  # the moved one is what it was
    again = PhotoIndex.open(index.path)
    for query in (photos / "scene_2" / "a.png", photos / "new.png"):
        assert ranked(again, query) == in_memory(photos, query)
    assert again.update().added == []


def test_an_update_without_news_writes_nothing(photos, tmp_path):
    index = made(tmp_path / "index", photos)
    before = {path: path.stat().st_mtime_ns for path in index.path.rglob("*") if path.is_file()}
    index.update()
    assert before == {p: p.stat().st_mtime_ns for p in index.path.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_codebooks_are_made_anew_when_outgrown(photos, tmp_path, texture):
    index = made(tmp_path / "index", photos, compressed=True)
    (codebook,) = index.path.glob("codebook-*")
    for seed in range(200, 235):
        Image.fromarray(texture(seed)).save(photos / f"later_{seed}.png")
    index.update()
    (now,) = index.path.glob("codebook-*")
    assert now != codebook
    query = photos / "scene_1" / "a.png"
    assert ranked(index, query) == in_memory(photos, query, compressed=True)


def test_images_that_cannot_be_used_are_told_and_tried_again(photos, tmp_path, texture):
    Image.new("RGB", (200, 200)).save(photos / "black.png")
    (photos / "cut.jpg").write_bytes((photos / "scene_1" / "b.jpg").read_bytes()[:900])
    (photos / "camera.nef").write_bytes(b"raw")
    index = PhotoIndex.create(tmp_path / "index", photos, SIFT)
    update = index.update()
    assert set(update.skipped) == {"black.png", "cut.jpg", "camera.nef"}
    assert "no keypoints" in update.skipped["black.png"]
    assert "develop it to JPEG" in update.skipped["camera.nef"]
    assert len(index.retriever()) == 10
    Image.fromarray(texture(5)).save(photos / "cut.jpg")
    assert index.update().changed == ["cut.jpg"]
    assert len(index.retriever()) == 11


@pytest.mark.parametrize("moment", ["change_shard", "index.json"])
def test_a_killed_update_leaves_the_old_state_and_goes_on(moment, photos, tmp_path, monkeypatch):
    index = made(tmp_path / "index", photos)
    query = photos / "scene_1" / "a.png"
    before = ranked(index, query)
    shutil.copy(photos / "scene_1" / "b.jpg", photos / "twin.jpg")

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "change_shard":
            patch.setattr(index_update.tasks, "change_shard", killed)
        else:
            patch.setattr(index_state, "write_atomically", killed)
        with pytest.raises(KeyboardInterrupt):
            index.update()
    assert ranked(PhotoIndex.open(index.path), query) == before
    assert index.update().added == ["twin.jpg"]
    assert ranked(index, query) == in_memory(photos, query)
    assert len(list(index.path.glob("shard-*"))) == 1


def test_a_folder_that_takes_no_descriptions_is_told(photos, tmp_path, monkeypatch):
    index = PhotoIndex.create(tmp_path / "index", photos, SIFT)
    with monkeypatch.context() as patch:
        patch.setattr(FeatureCache, "put", lambda *arguments: None)
        update = index.update()
    assert len(update.unfinished) == 10 and update.added == []
    assert "is its disk full" in update.unfinished["other_10.png"]
    assert len(index.update().added) == 10


@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_a_damaged_shard_is_named_and_not_searched_around(harm, photos, tmp_path, small_shards):
    index = made(tmp_path / "index", photos)
    victim = sorted(index.path.glob("shard-*"))[1]
    if harm == "cut":
        victim.write_bytes(victim.read_bytes()[:-10])
    else:
        victim.unlink()
    with pytest.raises(ValueError, match=rf"1 of 4 shards gave no answer.*{victim.name}"):
        index.retriever().search(photos / "scene_1" / "a.png")


def test_a_damaged_description_is_named(photos, tmp_path):
    index = made(tmp_path / "index", photos)
    for path in (index.path / "features").rglob("*.npz"):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="is missing or damaged; index the folder again"):
        index.retriever().search(photos / "scene_1" / "a.png")


def test_a_damaged_or_foreign_index_is_refused(photos, tmp_path):
    index = made(tmp_path / "index", photos)
    file = index.path / "index.json"
    whole = json.loads(file.read_bytes())
    for content in ("{", "[]", '{"format": 1}', json.dumps({**whole, "images": [{}]})):
        file.write_text(content)
        with pytest.raises(ValueError, match="index the folder again"):
            PhotoIndex.open(index.path)
    file.write_text(json.dumps({**whole, "format": 99}))
    with pytest.raises(ValueError, match="has format 99"):
        PhotoIndex.open(index.path)
    file.write_text(json.dumps({**whole, "settings": "{}"}))
    with pytest.raises(ValueError, match="another version of OpenCV-RootSIFT"):
        PhotoIndex.open(index.path).retriever()
    with pytest.raises(FileNotFoundError, match="delf-lesson index FOLDER"):
        PhotoIndex.open(photos)


def test_an_index_of_older_weights_is_refused_with_both(tmp_path, texture):
    (tmp_path / "photos").mkdir()
    Image.fromarray(texture(1)[:64, :96]).save(tmp_path / "photos" / "one.png")
    index = made(tmp_path / "index", tmp_path / "photos", find_system("siaMAC"))
    file = index.path / "index.json"
    state = json.loads(file.read_bytes())
    now = re.search('"weights": "([0-9a-f]{12})', state["settings"])[1]
    state["settings"] = state["settings"].replace(now, "0123456789ab", 1)
    file.write_text(json.dumps(state))
    both = f"weights: 0123456789ab in the index, {now} today. Index the folder again"
    with pytest.raises(ValueError, match=both):
        PhotoIndex.open(index.path).retriever()


def test_an_index_may_lie_in_its_folder_and_not_over_something(photos):
    index = made(photos / "index", photos)
    Image.new("RGB", (9, 9)).save(index.path / "features" / "stray.png")
    assert index.update().added == []
    with pytest.raises(FileExistsError, match="holds something already"):
        PhotoIndex.create(photos / "scene_1", photos, SIFT)


def test_the_query_is_no_result_of_itself(photos, tmp_path):
    index = made(tmp_path / "index", photos)
    query = photos / "scene_1" / "a.png"
    ranking = index.search(index.retriever(), query, top=1)
    assert [result.image for result in ranking.results] == [str(photos / "scene_1" / "b.jpg")]
    with pytest.raises(FileNotFoundError, match="query: there is no image file"):
        index.search(index.retriever(), photos / "none.png")


def run(*arguments, wanted=0):
    answer = CliRunner().invoke(command, [str(one) for one in arguments])
    assert answer.exit_code == wanted, answer.output
    return answer


def test_the_commands(photos, tmp_path, texture):
    out = tmp_path / "index"
    (photos / "bad.jpg").write_bytes(b"no")
    first = run("index", photos, "--out", out)
    assert f"10 images by {DEFAULT_SYSTEM}; 10 added" in first.stdout
    assert "skipped bad.jpg" in first.stderr
    query = photos / "scene_1" / "a.png"
    answer = json.loads(run("search", out, query, "--top", 2, "--json").stdout)
    assert answer["system"] == DEFAULT_SYSTEM
    assert answer["results"][0]["image"] == str(photos / "scene_1" / "b.jpg")
    assert [os.path.basename(one["image"]) for one in answer["skipped"]] == ["bad.jpg"]
    Image.fromarray(texture(6)).save(photos / "more.png")
    assert "1 added" in run("index", photos, "--out", out).stdout
    run("index", photos / "scene_1", "--out", out, wanted=2)
    run("index", photos, "--out", out, "--system", "colours", wanted=2)
    run("search", out, query, "--system", "colours", wanted=2)
    run("search", photos, query, "--cluster", "tcp://127.0.0.1:1", wanted=2)
    run("index", photos, "--out", out, "--device", "nowhere", wanted=2)


def test_choices_reach_the_extractor_and_wrong_ones_are_told(tmp_path):
    settings = chosen("DELF+FT+ATT", max_side=200, bf16=True).retriever().settings
    assert (settings["max_side"], settings["bf16"]) == (200, True)
    assert settings["attention"] is True
    shipped = find_system("DELF+FT+ATT").retriever().settings
    assert {k for k in shipped if shipped[k] != settings[k]} == {"max_side", "bf16"}
    with pytest.raises(ValueError, match="SIFT has no weights"):
        chosen("SIFT", max_side=200)


def test_weights_go_to_the_part_that_they_are_for():
    from delf_lesson.deep.weights import weights_path

    delf, dir_ = (str(weights_path(name)) for name in ("attention", "dir"))
    fused = chosen("DELF+FT+ATT+DIR+QE", weights=(dir_, delf)).retriever().settings
    assert fused == find_system("DELF+FT+ATT+DIR+QE").retriever().settings
    with pytest.raises(ValueError, match="is for dir, which DELF does not use"):
        chosen("DELF", weights=(dir_,))
    with pytest.raises(ValueError, match="both for delf"):
        chosen("DELF", weights=(delf, delf))
    with pytest.raises(ValueError, match="has no attention"):
        chosen("DELF+FT+ATT", weights=(str(weights_path("base")),)).retriever()


@pytest.mark.slow
def test_removing_is_as_never_having_added(texture):
    from delf_lesson.classical.sift import OpenCVSift
    from delf_lesson.retrieval.index import FeatureIndex
    from delf_lesson.retrieval.quantisation import Compression

    found = {f"{seed:02}": OpenCVSift().extract(texture(seed)) for seed in range(9)}
    fewer = {name: one for name, one in found.items() if name not in ("03", "07", "00")}
    everything = np.concatenate([one.descriptors for one in found.values()])
    for compression in (
        None,
        Compression(lists=8, parts=16, bits=4),
        Compression(lists=8, parts=16, bits=4, rotate=True),
    ):
        pair = []
        for begin in (found, fewer):
            index = FeatureIndex(128, compression)
            index.train(everything, len(everything))
            index.add(begin)
            pair.append(index)
        pair[0].remove(["07", "00", "03"])
        assert pair[0].names == pair[1].names and len(pair[0]) == len(pair[1])
        more = {"99": OpenCVSift().extract(texture(99))}
        for index in pair:
            index.add(more)
        query = found["05"].descriptors[:50]
        for one, other in zip(
            *(vars(index.search(query, 20)).values() for index in pair), strict=True
        ):
            np.testing.assert_array_equal(one, other)
        with pytest.raises(ValueError, match="does not hold 07"):
            pair[0].remove(["05", "07"])
        assert "05" in pair[0].names


def test_a_benchmark_measured_from_disk_is_as_in_memory(photos, tmp_path):
    (photos / "_distractors").mkdir()
    for path in photos.glob("other_*.png"):
        path.rename(photos / "_distractors" / path.name)
    link = tmp_path / "link"
    link.symlink_to(photos)
    chosen = ("--dataset", f"folder:{link}", "--distractors", "--system", "OpenCV-RootSIFT")
    asked = ("evaluate", *chosen, "--json")
    plain = json.loads(run(*asked).stdout)
    out = tmp_path / "index"
    for _ in range(2):
        stored = json.loads(run(*asked, "--on-disk", out).stdout)
        for key in ("map", "images", "queries", "average_precisions", "threshold"):
            assert stored[key] == plain[key], key
    assert "other images" in run(*asked, "--on-disk", out, "--index", "compressed", wanted=1).stderr
    assert "--on-disk" in run(*asked, "--cluster", "tcp://127.0.0.1:1", wanted=2).stderr


@pytest.mark.slow
def test_the_device_does_not_belong_to_an_index(photos, tmp_path):
    system = chosen("DELF+FT+ATT", device="cpu:0", batch=2, max_side=160)
    index = made(tmp_path / "index", photos / "scene_1", system)
    assert (index.system_name, index.options) == ("DELF+FT+ATT", SystemOptions(max_side=160))
    query = photos / "scene_1" / "a.png"
    found = [ranked(PhotoIndex.open(index.path).on(one), query) for one in ("cpu", "cpu:0")]
    assert found[0] == found[1] and len(found[0]) == 2
    run("index", photos / "scene_1", "--out", index.path, "--device", "cpu:0")
    run("search", index.path, query, "--device", "cpu:0")
