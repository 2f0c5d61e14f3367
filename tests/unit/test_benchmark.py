"""A system measured on a small benchmark whose right answers are known."""

import pytest
from PIL import Image

from delf_lesson.classical.opencv_sift import OpenCVSift
from delf_lesson.datasets import Benchmark, Query, Truth
from delf_lesson.evaluation.benchmark import evaluate, first_queries
from delf_lesson.retrieval.engine import RetrievalEngine


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
def engine(benchmark):
    engine = RetrievalEngine(OpenCVSift())
    engine.add(benchmark.images)
    return engine


def test_a_query_is_cut_to_its_box_and_finds_its_own_scene(engine, benchmark):
    found = evaluate(engine, benchmark)
    assert set(found.rankings["left"][:2]) == {"scene_1_a", "scene_1_b"}
    assert set(found.rankings["right"][:2]) == {"scene_2_a", "scene_2_b"}
    assert found.mean_average_precision == 1.0


def test_map_is_the_mean_of_the_queries_asked(engine, benchmark):
    wrong = dict(benchmark.truth, right=benchmark.truth["left"])
    mixed = Benchmark("mixed", benchmark.images, benchmark.queries, wrong)
    found = evaluate(engine, mixed)
    assert found.average_precisions["left"] == 1.0
    assert found.average_precisions["right"] < 0.5
    expected = sum(found.average_precisions.values()) / 3
    assert found.mean_average_precision == pytest.approx(expected)
    assert set(evaluate(engine, mixed, first_queries(mixed)).rankings) == {"left", "right"}


def test_junk_leaves_the_ranking_before_it_is_judged(engine, benchmark):
    truth = Truth(frozenset({"scene_1_b"}), frozenset(), frozenset({"scene_1_a"}))
    one = Benchmark("junk", benchmark.images, benchmark.queries[:1], {"left": truth})
    assert evaluate(engine, one).mean_average_precision == 1.0


def test_an_engine_with_other_images_is_refused(benchmark):
    engine = RetrievalEngine(OpenCVSift())
    engine.add(benchmark.images[:3])
    with pytest.raises(ValueError, match=r"engine holds 3 images, .* of small; call engine.add"):
        evaluate(engine, benchmark)
