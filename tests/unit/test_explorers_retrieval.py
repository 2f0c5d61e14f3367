"""The explorers of notebooks 06 and 07 search, code and judge as the lesson's own functions do."""

from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from delf_lesson.cache import FeatureCache
from delf_lesson.classroom.explorers import pipeline_explorers as codes
from delf_lesson.classroom.explorers.live_explorers import Bar
from delf_lesson.classroom.explorers.photo_explorers import (
    OwnPhoto,
    RetrievalExplorer,
    draw_results,
    read_bytes,
    search_images,
)
from delf_lesson.classroom.explorers.pipeline_explorers import Pipeline, Stages, few_images
from delf_lesson.classroom.explorers.result_explorers import (
    as_rgb,
    explore_threshold,
    first_results,
    mark_places,
)
from delf_lesson.datasets import load
from delf_lesson.evaluation.metrics import PrecisionRecall
from delf_lesson.evaluation.report import one_query_each
from delf_lesson.features import l2_normalise
from delf_lesson.images import list_images, read_image


@pytest.fixture(scope="module")
def city():
    return load("albion")


def test_the_few_images_hold_right_ones_of_every_query_and_others(city):
    queries = one_query_each(city)
    names = [path.stem for path in few_images(city, queries)]
    assert len(names) == len(set(names)) == 5 * len(queries)
    for query in queries:
        assert len(city.truth[query.name].positives & set(names)) >= 4
    known = set().union(*(t.positives | t.junk for t in city.truth.values()))
    assert len(set(names) - known) == len(queries)


@pytest.fixture(scope="module")
def pipeline(city, tmp_path_factory):
    """One query among two pictures that show it from the front, and two that do not."""
    query = next(q for q in city.queries if q.name == "playhouse_q_01")
    others = sorted({path.stem for path in city.images} - city.truth[query.name].positives)[:10:9]
    paths = {path.stem: path for path in city.images}
    made = Pipeline([paths[name] for name in ("playhouse_04", "playhouse_18", *others)], [query])
    with pytest.raises(ValueError, match="nothing is described yet"):
        made.search(query.name, Stages())
    made.describe(FeatureCache(tmp_path_factory.mktemp("kept")), Bar())
    return made


@pytest.mark.slow
def test_the_pipeline_ranks_as_its_stages_are_set(city, pipeline):
    truth = city.truth["playhouse_q_01"]
    verified = pipeline.search("playhouse_q_01", Stages())
    assert verified[0].inliers > 20 and verified[0].image.split("/")[-1][:9] == "playhouse"
    votes = pipeline.search("playhouse_q_01", Stages(verification=False))
    assert all(result.inliers == 0 for result in votes)
    fused = pipeline.search("playhouse_q_01", Stages(fusion=True))
    assert {r.image for r in fused} >= {r.image for r in verified}
    wider = pipeline.search("playhouse_q_01", Stages(expansion=True))
    assert sum(r.inliers for r in wider) > sum(r.inliers for r in verified)
    drawn = draw_results(pipeline.queries["playhouse_q_01"], verified, truth)
    assert drawn.says.startswith("For playhouse_q_01 2 of the first")


@pytest.mark.slow
def test_codes_and_norm_are_other_indexes(pipeline):
    plain, coded, norm = (
        [r.vote for r in pipeline.search("playhouse_q_01", Stages(verification=False, **how))]
        for how in ({}, {"codes": True}, {"attention": False})
    )
    assert plain != coded and plain != norm


def test_before_its_button_is_pressed_the_explorer_says_so(city):
    explorer = RetrievalExplorer(city, one_query_each(city), None).explorer
    assert "Nothing is described yet" in explorer.drawn.says
    explorer.set(codes=True)
    assert "alert" not in explorer.message.value


def test_more_lists_and_bits_find_more_of_the_nearest(monkeypatch):
    monkeypatch.setattr(codes, "PARTS", (5, 10))
    monkeypatch.setattr(codes, "BITS", (4, 5))
    rng = np.random.default_rng(0)
    rows = l2_normalise(rng.normal(size=(codes.LEAST, 40)).astype(np.float32))
    found = codes.code_all(rows, rows[:40])
    for one in found.values():
        recalls = [one.recalls[probes] for probes in codes.PROBES]
        # Looking further also brings more that codes take for nearer, so only the first rise.
        assert 0 < recalls[0] < recalls[1] < recalls[2] < recalls[-1] < 1
    assert found[10, 5].recalls[32] > found[5, 4].recalls[32]
    assert found[10, 5].bytes == 6.25
    error = {key: np.linalg.norm(rows[0] - one.decoded) for key, one in found.items()}
    assert error[10, 5] < error[5, 4]
    with pytest.raises(ValueError, match="9984 or more"):
        codes.code_all(rows[:100], rows[:5])


CURVE = PrecisionRecall(
    np.array([30.0, 20.0, 8.0]), np.array([1.0, 0.9, 0.5]), np.array([0.2, 0.4, 0.6])
)


def test_the_threshold_says_what_is_returned_and_lets_pictures_in(city):
    query = city.queries[0]
    right = sorted(city.truth[query.name].positives)[0]
    wrong = next(
        path.stem for path in city.images if path.stem not in city.truth[query.name].positives
    )
    cells = {"one": {"first": {query.name: [[right, 25.5], [wrong, 9.0]]}}}
    explorer = explore_threshold({"one": CURVE}, cells, city, 40, 22)
    assert "returns 20% of what it should, and 100%" in explorer.drawn.says
    few = explorer.drawn.image
    explorer.set(threshold=8)
    assert "returns 60% of what it should, and 50%" in explorer.drawn.says
    assert (explorer.drawn.image[:, 530:] != few[:, 530:]).any()
    with pytest.raises(ValueError, match="cells lacks two"):
        explore_threshold({"two": CURVE}, cells, city, 40, 22)


def test_marks_have_their_curves_colours_and_results_fall():
    plot = np.full((60, 80, 3), 255, np.uint8)
    marked = mark_places(plot, np.array([[20.0, 30.0], [60.0, 30.0]]))
    assert tuple(marked[30, 20]) == as_rgb("#0072b2") and tuple(marked[30, 60]) == as_rgb("#e69f00")
    assert (plot == 255).all()
    first = {"q": [["a", 3.0], ["b", 9.0]], "r": [["c", 5.0]]}
    assert [image for _, image, _ in first_results(first)] == ["b", "c", "a"]


def test_a_photograph_is_found_in_a_folder(photos):
    images = [path for path in list_images(photos) if path.name != "b.jpg"]
    query = read_image(photos / "scene_1" / "b.jpg")
    picture, says = search_images("OpenCV-RootSIFT", images, query, Bar())
    assert "8 pictures were searched; 1 of the first 6 are verified." in says
    assert picture.shape[1] > 600


def test_what_is_no_photograph_is_refused_by_its_name(photos):
    good = (photos / "other_10.png").read_bytes()
    assert read_bytes("../up/other_10.png", good).shape == (240, 320, 3)
    with pytest.raises(ValueError, match=r"notes\.png cannot be used"):
        read_bytes("notes.png", b"not an image")


def test_own_photo_says_what_is_missing_and_leaves_out_what_it_cannot_read(photos):
    own = OwnPhoto()
    own.job.begin()
    own.job.thread.join(20)
    assert "no photograph is chosen" in own.job.result.value
    content = (photos / "scene_2" / "b.jpg").read_bytes()
    (photos / "broken.jpg").write_bytes(b"broken")
    (photos / "scene_2" / "b.jpg").unlink()
    photo = {"name": "b.jpg", "type": "image/jpeg", "size": len(content), "content": content}
    own.upload.value = [{**photo, "last_modified": datetime.now(UTC)}]
    own.folder.value = str(photos)
    own.job.begin()
    own.job.thread.join(60)
    assert "9 pictures were searched" in own.job.result.value
    assert "1 could not be used" in own.job.result.value
    assert own.labels.alt and own.image.layout.display != "none"
    own.folder.value = str(photos / "nowhere")
    own.job.begin()
    own.job.thread.join(20)
    assert "nowhere" in own.job.result.value and "alert" in own.job.result.value
    assert Image.open(photos / "other_10.png").size == (320, 240)  # what is searched is untouched
