"""A folder of photos ranked by local features, with votes and verification."""

import json

import faiss
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from retrieval_helpers import global_retriever, local_retriever

from delf_lesson import images
from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.cli.main import command
from delf_lesson.images import list_images
from delf_lesson.retrieval.fusion import FusedRetriever
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.retrievers import MATCHINGS, VERIFICATION_PARTS
from delf_lesson.retrieval.voting import ORDERS, reordered
from delf_lesson.systems.baselines import ColourHistogram


def ranked(photos, query, **options):
    """The images of a folder but the query, ranked for it."""
    retriever = local_retriever(**options)
    retriever.add([image for image in list_images(photos) if image != query])
    return retriever.search(query)


def search(photos, query, status=0):
    """What the command prints. SIFT, unlike DELF, finds nothing in flat and in tiny images."""
    words = ["search", str(photos), str(query), "--json", "--system", "OpenCV-RootSIFT"]
    answer = CliRunner().invoke(command, words)
    assert answer.exit_code == status, answer.output
    return json.loads(answer.stdout) if status == 0 else answer.stderr


def test_a_view_of_the_same_scene_comes_first(photos):
    for scene in ("scene_1", "scene_2"):
        ranking = ranked(photos, photos / scene / "a.png")
        first = ranking.results[0]
        assert first.image == str(photos / scene / "b.jpg")
        assert first.inliers >= 20 and first.lines.shape == (first.inliers, 4)
        assert all(result.inliers < first.inliers / 2 for result in ranking.results[1:])


def test_lines_end_at_corresponding_points(photos):
    """b.jpg is a.png turned by 20 degrees about (160, 120) and shrunk to 0.8."""
    ranking = ranked(photos, photos / "scene_1" / "a.png")
    lines = ranking.results[0].lines.astype(float)
    angle = np.deg2rad(20)
    turn = 0.8 * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    expected = (lines[:, :2] - (160, 120)) @ turn.T + (160, 120)
    assert np.median(np.linalg.norm(lines[:, 2:] - expected, axis=1)) < 1


def test_scores_fall_along_the_ranking(photos):
    for order in ORDERS:
        ranking = ranked(photos, photos / "scene_1" / "a.png", order=order)
        scores = [result.score for result in ranking.results]
        assert scores == sorted(scores, reverse=True)


def test_unverified_images_follow_the_verified_ones(photos):
    ranking = ranked(photos, photos / "scene_1" / "a.png", verify_top=1)
    assert ranking.results[0].inliers > 0
    assert all(result.inliers == 0 for result in ranking.results[1:])
    rest = [result.vote for result in ranking.results[1:]]
    assert rest == sorted(rest, reverse=True)


def test_the_order_decides_between_inliers_and_votes(photos):
    """By hand from one search: the product lets a vote twice as large outweigh ten inliers."""
    query = photos / "scene_1" / "a.png"
    by = {order: ranked(photos, query, order=order).results for order in ORDERS}
    assert all(one.inliers == 0 and one.score == one.vote for one in by["votes"])
    for one in by["product"]:
        assert one.score == pytest.approx(one.vote * (1 + one.inliers / 10))
    for one in by["inliers"]:
        assert int(one.score) == one.inliers
    for order in ORDERS:  # one search is enough to know every order
        assert [one.image for one in reordered(by["inliers"], order)] == [
            one.image for one in by[order]
        ]
    with pytest.raises(ValueError, match="order is 'best'"):
        local_retriever(order="best")


@pytest.mark.parametrize("matching", MATCHINGS)
@pytest.mark.parametrize("compression", [None, Compression(lists=8, parts=16, bits=4)])
def test_the_ranking_does_not_depend_on_order_or_threads(photos, compression, matching):
    files = sorted(photos.rglob("*.*"))
    rankings = []
    threads = faiss.omp_get_max_threads()
    for order, count in ((files, 1), (files[::-1], 2), (files[3:] + files[:3], 8)):
        faiss.omp_set_num_threads(count)
        filled = local_retriever(compression=compression, matching=matching, ratio=0.9)
        filled.add(order)
        found = filled.search(files[0]).results
        rankings.append([(one.image, one.inliers, one.vote, one.score) for one in found])
    faiss.omp_set_num_threads(threads)
    assert rankings[0] == rankings[1] == rankings[2]


def test_bytes_are_of_all_that_ranking_reads(photos):
    """Four bytes a number: two of a place, 128 of a descriptor; codes take 8 bytes and an id 8."""
    files = sorted(photos.rglob("*.*"))
    compression = Compression(lists=8, parts=16, bits=4)
    parts = {}
    for kind in (*MATCHINGS, "votes"):
        for coded in (None, compression):
            options = {"order": "votes"} if kind == "votes" else {"matching": kind}
            filled = local_retriever(compression=coded, **options)
            filled.add(files)
            parts[kind, coded is not None] = filled.bytes
    count = sum(len(features) for features in filled.database.descriptions.values())
    descriptors, places = count * 128 * 4, count * 2 * 4
    for (kind, coded), found in parts.items():
        index = {k: v for k, v in found.items() if k not in VERIFICATION_PARTS}
        assert index["descriptors"] == (count * 8 if coded else descriptors)
        assert found.get("places", 0) == (0 if kind == "votes" else places)
        read_again = kind == "pairwise" and coded
        assert found.get("verified descriptors", 0) == (descriptors if read_again else 0)
    assert parts["votes", True].keys() == {"descriptors", "ids", "codebooks", "map"}


def test_images_added_after_a_search_are_found_too(photos):
    files = sorted(photos.rglob("*.*"))
    whole, grown = local_retriever(), local_retriever()
    whole.add(files)
    grown.add([image for image in files if image.parent.name != "scene_1"])
    grown.search(files[0])
    index = grown.index
    grown.add([image for image in files if image.parent.name == "scene_1"])
    assert grown.index is index  # what was there is not indexed again
    expected = [(one.image, one.inliers, one.vote) for one in whole.search(files[0]).results]
    found = [(one.image, one.inliers, one.vote) for one in grown.search(files[0]).results]
    assert found == expected


def test_an_image_added_anew_replaces_what_was_there(texture):
    filled = local_retriever()
    filled.add([texture(1), texture(2)], names=["one", "two"])
    filled.search(texture(1))
    filled.add([texture(3)], names=["one"])
    assert len(filled) == 2
    assert filled.search(texture(3)).results[0].image == "one"
    assert filled.search(texture(1)).results[0].inliers == 0


def test_the_query_is_no_result_of_itself_but_its_copy_is(photos):
    query = photos / "scene_1" / "a.png"
    (photos / "copy.png").write_bytes(query.read_bytes())
    answer = search(photos, query)
    assert [skipped["image"] for skipped in answer["skipped"]] == [str(query)]
    assert answer["results"][0]["image"] == str(photos / "copy.png")


def test_broken_images_are_skipped_and_named_with_the_reason(photos):
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much more")
    (photos / "empty.png").write_bytes(b"")
    Image.new("RGB", (64, 64), "grey").save(photos / "flat.png")
    Image.new("RGB", (1, 1)).save(photos / "tiny.png")
    answer = search(photos, photos / "scene_1" / "a.png")
    reasons = {s["image"].rsplit("/", 1)[-1]: s["reason"] for s in answer["skipped"]}
    assert set(reasons) == {"broken.jpg", "empty.png", "flat.png", "tiny.png", "a.png"}
    assert "no keypoints" in reasons["flat.png"] and "empty" in reasons["empty.png"]
    assert len(answer["results"]) == 9


def test_without_a_way_to_skip_a_broken_image_is_an_error(photos):
    (photos / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.jpg"):
        local_retriever().add([photos / "broken.jpg"])


def test_queries_that_cannot_be_used(photos, tmp_path):
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "flat.png")
    assert "no keypoints" in search(photos, tmp_path / "flat.png", status=1)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert "broken.png is not an image" in search(photos, tmp_path / "broken.png", status=1)
    search(photos, tmp_path / "missing.png", status=2)


def test_a_folder_of_which_nothing_can_be_used(tmp_path, photos):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"no picture")
    assert "none of the 1 images" in search(folder, photos / "scene_1" / "a.png", status=1)


def test_every_image_is_read_once_and_the_query_described_once(photos, monkeypatch):
    """Also by two systems together, and with an empty cache as with a full one."""
    reads, extractions = [], []
    read, extract = images.read_content, OpenCVSift.extract
    monkeypatch.setattr(images, "read_content", lambda path: reads.append(path) or read(path))
    monkeypatch.setattr(
        OpenCVSift, "extract", lambda self, image: extractions.append(image) or extract(self, image)
    )
    for round_ in (1, 2):
        search(photos, photos / "scene_1" / "a.png")
        assert len(reads) == len(set(reads)) == 10
        assert len(extractions) == 10, round_
        reads.clear()
    fused = FusedRetriever(local_retriever(), global_retriever(ColourHistogram()))
    fused.add(list_images(photos))
    fused.search(photos / "scene_1" / "a.png")
    assert len(reads) == 11


def test_an_empty_database_says_so(texture):
    with pytest.raises(ValueError, match="add images"):
        local_retriever().search(texture(1))


def test_arrays_are_searched_as_files_are(texture):
    filled = local_retriever()
    filled.add([texture(1), texture(2)], names=["one", "two"])
    assert filled.search(texture(2)).results[0].image == "two"
    with pytest.raises(ValueError, match="names"):
        filled.add([texture(3)], names=["a", "b"])
    with pytest.raises(ValueError, match="top"):
        filled.search(texture(2), top=0)
