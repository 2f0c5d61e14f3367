"""Index, votes and the engine that ties them."""

import faiss
import numpy as np
import pytest
from PIL import Image

from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.retrieval.folder_search import search_folder
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.ranking import ORDERS, reordered
from delf_lesson.retrieval.retrievers import RetrievalEngine
from delf_lesson.retrieval.voting import Neighbours, group_by_image, votes


def engine(**options) -> RetrievalEngine:
    return RetrievalEngine(OpenCVSift(300), **options)


def test_votes_by_hand():
    """Two query features; image 7 holds both near neighbours of the first."""
    neighbours = Neighbours(
        images=np.array([[7, 7, 2], [2, 7, 5]]),
        features=np.array([[1, 4, 0], [3, 1, 9]]),
        similarities=np.float32([[0.9, 0.8, 0.5], [0.7, 0.6, 0.6]]),
    )
    matches = group_by_image(neighbours)
    assert list(matches) == [2, 5, 7]
    assert matches[7].query.tolist() == [0, 1]
    assert matches[7].image.tolist() == [1, 1]  # feature 4 is the farther one of query 0
    assert matches[2].query.tolist() == [0, 1] and matches[2].image.tolist() == [0, 3]
    # weights: similarity less that of the last neighbour
    expected = {2: 0.0 + 0.1, 5: 0.0, 7: 0.4 + 0.0}
    assert votes(matches, 8) == pytest.approx([expected.get(image, 0) for image in range(8)])


def test_missing_neighbours_do_not_vote():
    """FAISS marks a neighbour it does not have by -1."""
    neighbours = Neighbours(np.array([[3, -1]]), np.array([[0, -1]]), np.float32([[0.9, 0.1]]))
    assert list(group_by_image(neighbours)) == [3]


def test_a_view_of_the_same_scene_comes_first(photos):
    for scene in ("scene_1", "scene_2"):
        found = search_folder(engine(), photos, photos / scene / "a.png")
        first = found.ranking.results[0]
        assert first.image == str(photos / scene / "b.jpg")
        assert first.inliers >= 20 and first.lines.shape == (first.inliers, 4)
        assert all(result.inliers < first.inliers / 2 for result in found.ranking.results[1:])


def test_lines_end_at_corresponding_points(photos):
    """b.jpg is a.png turned by 20 degrees about (160, 120) and shrunk to 0.8."""
    found = search_folder(engine(), photos, photos / "scene_1" / "a.png")
    lines = found.ranking.results[0].lines.astype(float)
    angle = np.deg2rad(20)
    turn = 0.8 * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    expected = (lines[:, :2] - (160, 120)) @ turn.T + (160, 120)
    assert np.median(np.linalg.norm(lines[:, 2:] - expected, axis=1)) < 1


def test_scores_fall_along_the_ranking(photos):
    for order in ORDERS:
        found = search_folder(engine(order=order), photos, photos / "scene_1" / "a.png")
        scores = [result.score for result in found.ranking.results]
        assert scores == sorted(scores, reverse=True)


def test_unverified_images_follow_the_verified_ones(photos):
    ranking = search_folder(engine(verify_top=1), photos, photos / "scene_1" / "a.png").ranking
    assert ranking.results[0].inliers > 0
    assert all(result.inliers == 0 for result in ranking.results[1:])
    rest = [result.vote for result in ranking.results[1:]]
    assert rest == sorted(rest, reverse=True)


def test_the_order_decides_between_inliers_and_votes(photos):
    """By hand from one search: the product lets a vote twice as large outweigh ten inliers."""
    query = photos / "scene_1" / "a.png"
    by = {
        order: search_folder(engine(order=order), photos, query).ranking.results for order in ORDERS
    }
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
        engine(order="best")


@pytest.mark.parametrize("compression", [None, Compression(lists=8, parts=16, bits=4)])
def test_the_ranking_does_not_depend_on_order_or_threads(photos, compression):
    images = sorted(photos.rglob("*.*"))
    rankings = []
    threads = faiss.omp_get_max_threads()
    for order, count in ((images, 1), (images[::-1], 2), (images[3:] + images[:3], 8)):
        faiss.omp_set_num_threads(count)
        filled = engine(compression=compression)
        filled.add(order)
        found = filled.search(images[0]).results
        rankings.append([(one.image, one.inliers, one.vote, one.score) for one in found])
    faiss.omp_set_num_threads(threads)
    assert rankings[0] == rankings[1] == rankings[2]


def test_images_added_after_a_search_are_found_too(photos):
    images = sorted(photos.rglob("*.*"))
    whole, grown = engine(), engine()
    whole.add(images)
    grown.add([image for image in images if image.parent.name != "scene_1"])
    grown.search(images[0])
    index = grown.index
    grown.add([image for image in images if image.parent.name == "scene_1"])
    assert grown.index is index  # what was there is not indexed again
    expected = [(one.image, one.inliers, one.vote) for one in whole.search(images[0]).results]
    found = [(one.image, one.inliers, one.vote) for one in grown.search(images[0]).results]
    assert found == expected


def test_an_image_added_anew_replaces_what_was_there(texture):
    filled = engine()
    filled.add([texture(1), texture(2)], names=["one", "two"])
    filled.search(texture(1))
    filled.add([texture(3)], names=["one"])
    assert len(filled) == 2
    assert filled.search(texture(3)).results[0].image == "one"
    assert filled.search(texture(1)).results[0].inliers == 0


def test_the_query_is_no_result_of_itself_but_its_copy_is(photos):
    query = photos / "scene_1" / "a.png"
    (photos / "copy.png").write_bytes(query.read_bytes())
    found = search_folder(engine(), photos, query)
    assert [skipped.image for skipped in found.skipped] == [str(query)]
    assert found.ranking.results[0].image == str(photos / "copy.png")


def test_broken_images_are_skipped_with_a_warning_that_names_them(photos):
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much more")
    (photos / "empty.png").write_bytes(b"")
    Image.new("RGB", (64, 64), "grey").save(photos / "flat.png")
    Image.new("RGB", (1, 1)).save(photos / "tiny.png")
    warned = []
    query = photos / "scene_1" / "a.png"
    found = search_folder(engine(), photos, query, warn=warned.append)
    names = {skipped.image.rsplit("/", 1)[-1]: skipped.reason for skipped in warned}
    assert set(names) == {"broken.jpg", "empty.png", "flat.png", "tiny.png"}
    assert "no keypoints" in names["flat.png"] and "empty" in names["empty.png"]
    assert len(found.skipped) == 5  # and the query
    assert len(found.ranking.results) == 9


def test_without_a_way_to_skip_a_broken_image_is_an_error(photos):
    (photos / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.jpg"):
        engine().add([photos / "broken.jpg"])


def test_queries_that_cannot_be_used(photos, tmp_path):
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "flat.png")
    with pytest.raises(ValueError, match="no keypoints"):
        search_folder(engine(), photos, tmp_path / "flat.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.png"):
        search_folder(engine(), photos, tmp_path / "broken.png")
    with pytest.raises(FileNotFoundError, match="query"):
        search_folder(engine(), photos, tmp_path / "missing.png")


def test_a_folder_of_which_nothing_can_be_used(tmp_path, photos):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="none of the 1 images"):
        search_folder(engine(), folder, photos / "scene_1" / "a.png")


def test_an_empty_engine_says_so(texture):
    with pytest.raises(ValueError, match="add images"):
        engine().search(texture(1))


def test_arrays_are_searched_as_files_are(texture):
    filled = engine()
    filled.add([texture(1), texture(2)], names=["one", "two"])
    assert filled.search(texture(2)).results[0].image == "two"
    with pytest.raises(ValueError, match="names"):
        filled.add([texture(3)], names=["a", "b"])
    with pytest.raises(ValueError, match="top"):
        filled.search(texture(2), top=0)
