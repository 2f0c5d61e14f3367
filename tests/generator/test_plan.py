"""The plan keeps what the data card promises."""

from collections import Counter

import pytest

from data.generator.plan import CITIES, plan
from data.generator.weather import WEATHERS


def shots(name):
    return [(scene, shot) for scene in plan(name) for shot in scene.shots]


@pytest.mark.parametrize("city", CITIES)
def test_a_city_has_enough_of_everything(city):
    roles = Counter((scene.landmark, shot.role) for scene, shot in shots(city))
    assert len(CITIES[city]) == 11
    assert len({family for family, _ in CITIES[city].values()}) >= 8
    for landmark in CITIES[city]:
        assert roles[landmark, "query"] == 5
        assert roles[landmark, "database"] >= 16
    assert roles[None, "absent"] >= 150


def test_every_landmark_is_seen_by_night():
    for city in CITIES:
        dark = {s.landmark for s, shot in shots(city) if s.weather == "night"}
        assert set(CITIES[city]) <= dark


def test_there_are_enough_distractors_and_queries_without_a_landmark():
    roles = Counter(shot.role for _, shot in shots("distractors"))
    assert roles["distractor"] >= 500 and roles["distractor_query"] >= 40


def test_the_training_set_has_120_landmarks_of_40_pictures():
    counts = Counter(scene.landmark for scene, _ in shots("training"))
    assert len(counts) >= 120 and set(counts.values()) == {40}


def test_a_larger_training_set_begins_with_the_shipped_one():
    larger = plan("training", training_landmarks=130)
    assert larger[: len(plan("training"))] == plan("training")
    assert len({scene.landmark for scene in larger}) == 130
    with pytest.raises(ValueError, match="training_landmarks is 1; wanted 2 or more"):
        plan("training", training_landmarks=1)


def test_no_two_sets_share_a_building():
    used = {}
    for name in ("albion", "lutetia", "distractors", "training"):
        used[name] = {(s.family, s.seed) for s, _ in shots(name) if s.family}
    for a in used:
        for b in used:
            assert a == b or not used[a] & used[b]


def test_queries_without_a_landmark_show_no_place_of_the_distractors():
    places = {"distractor": set(), "distractor_query": set()}
    for scene, shot in shots("distractors"):
        places[shot.role].add((scene.kind, scene.family, scene.seed))
    assert not places["distractor"] & places["distractor_query"]


def test_names_and_seeds_are_unique_in_a_set():
    for name in ("albion", "lutetia", "distractors", "training"):
        taken = [shot for _, shot in shots(name)]
        assert len({shot.name for shot in taken}) == len(taken)
        assert len({shot.seed for shot in taken}) == len(taken)  # of the sampling noise, too


def test_the_plan_names_weathers_that_exist_and_is_the_same_every_time():
    for name in ("albion", "lutetia", "distractors", "training"):
        assert {scene.weather for scene in plan(name)} <= set(WEATHERS)
        assert plan(name) == plan(name)


def test_an_unknown_set_is_refused_by_name():
    with pytest.raises(ValueError, match="name is 'paris'; wanted one of albion"):
        plan("paris")
