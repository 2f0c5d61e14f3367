"""A system measured on a small benchmark with known answers, and on real photos."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from retrieval_helpers import local_retriever

from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.datasets import Benchmark, Query, Truth, load
from delf_lesson.evaluation.report import evaluate, measure, one_query_each
from delf_lesson.retrieval.voting import ORDERS
from delf_lesson.systems.registry import SYSTEMS

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"


@pytest.fixture
def benchmark(photos, tmp_path, texture):
    """Two scenes asked for; scene 1's query is a part of a picture whose rest is scene 2."""
    images = sorted(photos.rglob("*.png")) + sorted(photos.rglob("*.jpg"))
    images = [path.rename(path.with_stem(f"{path.parent.name}_{path.stem}")) for path in images]
    both = Image.new("RGB", (640, 240))
    both.paste(Image.fromarray(texture(1)), (0, 0))
    both.paste(Image.fromarray(texture(2)), (320, 0))
    both.save(tmp_path / "both.png")
    queries = (
        Query("left", tmp_path / "both.png", "scene_1", (0, 0, 319, 239)),
        Query("left_again", tmp_path / "both.png", "scene_1", (0, 0, 319, 239)),
        Query("right", tmp_path / "both.png", "scene_2", (320, 0, 639, 239)),
    )
    truth = {
        query.name: Truth(
            frozenset({f"{query.landmark}_a"}), frozenset({f"{query.landmark}_b"}), frozenset()
        )
        for query in queries
    }
    return Benchmark("small", tuple(images), queries, truth)


@pytest.fixture
def retriever(benchmark):
    retriever = local_retriever(OpenCVSift())
    retriever.add(benchmark.images)
    return retriever


def test_a_query_is_cut_to_its_box_and_finds_its_own_scene(retriever, benchmark):
    found = evaluate(retriever, benchmark)
    assert set(found.rankings["left"][:2]) == {"scene_1_a", "scene_1_b"}
    assert set(found.rankings["right"][:2]) == {"scene_2_a", "scene_2_b"}
    assert found.mean_average_precision == 1.0


def test_map_is_the_mean_of_the_queries_asked(retriever, benchmark):
    wrong = dict(benchmark.truth, right=benchmark.truth["left"])
    mixed = Benchmark("mixed", benchmark.images, benchmark.queries, wrong)
    found = evaluate(retriever, mixed)
    assert found.average_precisions["left"] == 1.0
    assert found.average_precisions["right"] < 0.5
    expected = sum(found.average_precisions.values()) / 3
    assert found.mean_average_precision == pytest.approx(expected)
    assert set(evaluate(retriever, mixed, mixed.queries[1:]).rankings) == {"left_again", "right"}


def test_one_query_each_takes_them_in_turn(benchmark):
    def asked(landmark, count):
        return [Query(f"{landmark}_{k}", None, landmark, None) for k in range(count)]

    queries = (*asked("a", 5), *asked("b", 5), *asked("c", 1))
    some = Benchmark("some", (), queries, {})
    assert [query.name for query in one_query_each(some)] == ["a_0", "b_1", "c_0"]
    first = one_query_each(some, in_turn=False)
    assert [query.name for query in first] == ["a_0", "b_0", "c_0"]


def test_junk_leaves_the_ranking_before_it_is_judged(retriever, benchmark):
    truth = Truth(frozenset({"scene_1_b"}), frozenset(), frozenset({"scene_1_a"}))
    one = Benchmark("junk", benchmark.images, benchmark.queries[:1], {"left": truth})
    assert evaluate(retriever, one).mean_average_precision == 1.0


def test_an_image_that_was_skipped_counts_as_not_found(benchmark):
    retriever = local_retriever(OpenCVSift())
    retriever.add([path for path in benchmark.images if path.stem != "scene_1_a"])
    found = evaluate(retriever, benchmark)
    assert found.average_precisions["left"] == 0.5 and found.average_precisions["right"] == 1.0


def test_a_retriever_with_no_or_other_images_is_refused(benchmark, texture):
    retriever = local_retriever(OpenCVSift())
    with pytest.raises(
        ValueError, match=r"retriever holds 0 images, .* of small; call retriever.add"
    ):
        evaluate(retriever, benchmark)
    retriever.add([texture(1)], names=["stranger"])
    with pytest.raises(ValueError, match=r"retriever holds 1 images"):
        evaluate(retriever, benchmark)


def test_distractor_queries_return_something_and_have_no_precision(retriever, benchmark, texture):
    nothing = Query("nothing", benchmark.images[-1], None, None)
    found = evaluate(retriever, benchmark, distractor_queries=[nothing])
    assert set(found.returned) == {"left", "left_again", "right", "nothing"}
    assert "nothing" not in found.rankings and "nothing" not in found.average_precisions
    for name, ranking in found.rankings.items():
        assert ranking == [image for image, _ in found.returned[name]]
        values = [value for _, value in found.returned[name]]
        assert values == sorted(values, reverse=True)
    assert all(len(spent) == 4 for spent in found.seconds.values())


def test_the_confidence_is_the_inliers_whatever_ranks(retriever, benchmark):
    query = benchmark.queries[0]
    by = {}
    for order in ORDERS:
        retriever.ranking = replace(retriever.ranking, order=order)
        results = retriever.search(query.read()).results
        found = evaluate(retriever, benchmark, [query]).returned[query.name]
        by[order] = [value for _, value in found]
        if order == "votes":
            assert by["votes"] == [one.vote for one in results]
        else:
            assert [int(value) for value in by[order]] == [one.inliers for one in results]
    assert sorted(by["product"]) == sorted(by["inliers"])


def test_progress_sees_every_query(retriever, benchmark):
    seen = []
    evaluate(retriever, benchmark, progress=lambda queries, label: seen.extend(queries) or queries)
    assert tuple(seen) == benchmark.queries


def test_queries_without_a_landmark_are_refused(retriever, benchmark):
    nothing = Query("nothing", benchmark.queries[0].path, None, None)
    with pytest.raises(ValueError, match="queries: nothing has no truth in small"):
        evaluate(retriever, benchmark, [nothing])
    with pytest.raises(ValueError, match="queries: it is empty"):
        evaluate(retriever, benchmark, [])


@pytest.mark.slow
@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photos are not beside this checkout")
def test_the_first_photo_of_a_place_finds_the_others():
    benchmark = load(f"folder:{PHOTOS}", distractors=True)
    queries = one_query_each(benchmark, in_turn=False)
    report = measure(SYSTEMS["OpenCV-RootSIFT"], benchmark, queries)
    assert (report["queries"], report["images"]) == (18, 171)
    assert report["precision_at_1"] >= 15 / 18
    assert report["map"] >= 0.72
