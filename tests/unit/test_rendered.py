"""The loader: what it gives, and what it says about files that are missing or changed."""

import shutil
from collections import Counter

import numpy as np
import pytest

from delf_lesson.datasets import Benchmark, load, rendered
from delf_lesson.datasets.correspondences import KINDS, landmark_depth, pairs
from delf_lesson.datasets.rendered import checked


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A small copy of the shipped files that a test may spoil."""
    shipped = rendered.data_folder()
    for name in ("SHA256SUMS", "albion/images.jsonl", "distractors/images.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(shipped / name, tmp_path / name)
    for folder in ("albion/images", "albion/queries", "distractors/queries"):
        shutil.copytree(shipped / folder, tmp_path / folder)
    monkeypatch.setattr(rendered, "data_folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("city", rendered.CITIES)
def test_a_city_is_like_oxford(city):
    benchmark = load(city)
    assert isinstance(benchmark, Benchmark) and benchmark.name == city
    assert len(benchmark.queries) == 55
    assert set(Counter(q.landmark for q in benchmark.queries).values()) == {5}
    assert len(benchmark.distractor_queries) >= 40
    names = {path.stem for path in benchmark.images}
    assert len(names) == len(benchmark.images) >= 11 * 16 + 150
    for query in benchmark.queries:
        truth = benchmark.truth[query.name]
        assert query.path.is_file() and query.name not in names
        assert truth.positives <= names and truth.junk <= names
        assert not truth.good & truth.ok and not truth.positives & truth.junk
        assert len(truth.positives) >= 8
        x0, y0, x1, y1 = query.box
        assert 0 <= x0 < x1 and 0 <= y0 < y1


def test_distractors_only_add_images_that_answer_no_query():
    plain, larger = load("lutetia"), load("lutetia", distractors=True)
    assert larger.name == "lutetia+D"
    assert set(plain.images) < set(larger.images)
    assert len(larger.images) - len(plain.images) >= 500
    assert dict(plain.truth) == dict(larger.truth)


def test_the_classes_are_those_of_the_visible_share():
    for picture in rendered.rendered_images("albion"):
        if picture.landmark and picture.role == "database":
            seen = picture.mask().mean()
            assert seen == pytest.approx(picture.area_share, abs=1e-4)
            if picture.visible_share < 0.25 or seen < 0.015:
                assert picture.view == "junk"
            else:
                assert picture.view == ("good" if picture.visible_share >= 0.6 else "ok")
        elif not picture.landmark:
            assert picture.view == "absent"


def test_pictures_are_keys():
    taken = rendered.rendered_images("albion")
    rendered._rendered_images.cache_clear()
    again = rendered.rendered_images("albion")
    assert taken[0] is not again[0] and len({*taken, *again}) == len(taken)


def test_boxes_hold_the_landmark():
    for picture in rendered.rendered_images("lutetia"):
        if picture.role == "query":
            x0, y0, x1, y1 = map(int, picture.box)
            mask = picture.mask()
            assert picture.read().shape == (*mask.shape, 3)
            assert mask[y0 : y1 + 1, x0 : x1 + 1].sum() == mask.sum() > 0


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"no data set 'oxford'; wanted albion, .*folder:PATH"):
        load("oxford")
    with pytest.raises(ValueError, match="name is 'training'"):
        rendered.rendered_images("training")


def test_a_missing_picture_is_named_with_the_command_that_restores_it(copy):
    next(iter(sorted((copy / "albion" / "images").iterdir()))).unlink()
    with pytest.raises(FileNotFoundError, match=r"1 pictures are missing.*git checkout -- "):
        load("albion")


def test_a_changed_picture_is_found_out_when_it_is_read_or_a_city_loaded(copy):
    picture = rendered.rendered_images("albion")[0]
    assert picture.read().ndim == 3 and len(load("albion").queries) == 55
    picture.path.write_bytes(picture.path.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match=rf"{picture.path.name} has changed.*git checkout -- "):
        picture.read()
    with pytest.raises(ValueError, match=rf"{picture.path.name} has changed"):
        load("albion")


def test_a_changed_list_is_found_out_when_a_city_is_loaded(copy):
    with (copy / "albion" / "images.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(ValueError, match=r"images.jsonl has changed"):
        load("albion")


def test_a_file_that_no_checksum_lists_is_refused(copy):
    (copy / "albion" / "new.jpg").write_bytes(b"new")
    with pytest.raises(ValueError, match="is not listed in"):
        checked(copy / "albion" / "new.jpg", copy)


def test_there_are_pairs_of_every_difficulty():
    assert len(pairs()) >= 60
    for kind in KINDS:
        assert len({p.landmark for p in pairs(kind=kind)}) >= 11
    assert all(p.kind == "night" for p in pairs("albion", "night"))
    assert max(p.scale_ratio for p in pairs(kind="scale")) > 2
    assert max(p.azimuth_difference for p in pairs(kind="viewpoint")) > 35
    with pytest.raises(ValueError, match="kind is 'fog'; wanted one of viewpoint"):
        pairs(kind="fog")
    with pytest.raises(ValueError, match="city is 'rome'; wanted one of albion"):
        pairs("rome")


@pytest.mark.slow
def test_points_go_there_and_back():
    for pair in pairs(kind="viewpoint"):
        y, x = np.nonzero(pair.covisible[0])
        xy = np.c_[x, y].astype(np.float64)[::29]
        there, visible = pair.transfer(xy)
        assert visible.all()
        back, _ = pair.transfer_back(there)
        assert np.nanmedian(np.linalg.norm(back - xy, axis=1)) < 0.3


def test_a_true_match_is_correct_and_a_moved_one_is_not():
    pair = pairs("albion", "scale")[0]
    y, x = np.nonzero(pair.covisible[0])
    xy = np.c_[x, y].astype(np.float64)[::50]
    there, _ = pair.transfer(xy)
    assert pair.correct(xy, there).all()
    assert pair.correct(xy, there + np.array([2, 0])).all()
    assert not pair.correct(xy, there + np.array([4, 0])).any()
    assert not pair.correct(xy, np.full_like(there, np.nan)).any()


def test_a_point_off_the_landmark_goes_nowhere():
    pair = pairs("lutetia", "light")[0]
    y, x = np.nonzero(~pair.first.mask())
    there, visible = pair.transfer(np.array([[x[0], y[0]], [-50.0, 3.0]]))
    assert np.isnan(there).all() and not visible.any()
    with pytest.raises(ValueError, match=r"xy has shape \(3,\)"):
        pair.transfer(np.zeros(3))


def test_depth_is_where_the_mask_is():
    picture = pairs("albion")[0].first
    assert np.array_equal(np.isfinite(landmark_depth(picture)), picture.mask())
    others = {p.name for pair in pairs() for p in (pair.first, pair.second)}
    without = next(p for p in rendered.rendered_images("albion") if p.name not in others)
    with pytest.raises(FileNotFoundError, match=r"git checkout"):
        landmark_depth(without)
