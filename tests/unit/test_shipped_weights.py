"""The shipped weights are small, say where they come from, and do what they were trained for."""

from dataclasses import asdict

import numpy as np
import pytest

from delf_lesson.classical.properties import compare, view_of_pair
from delf_lesson.classroom.experiments import shares_on_mask
from delf_lesson.datasets.correspondences import pairs
from delf_lesson.datasets.rendered import rendered_images
from delf_lesson.deep.backbone import values_digest
from delf_lesson.deep.weights import (
    imagenet_trunk,
    load_trained,
    load_weights,
    weights_folder,
    weights_path,
)
from delf_lesson.systems.registry import BASELINES, SYSTEMS
from delf_lesson.training.lift_training import PARTS, LiftRecipe
from delf_lesson.training.metric_training import METRIC_FROM_IMAGENET, MetricRecipe
from delf_lesson.training.recipes import FROM_IMAGENET, Recipe

DELF = ("DELF", "DELF+FT", "DELF+FT+ATT")


def test_all_weights_together_fit_into_25_mb():
    files = list(weights_folder().glob("*.safetensors"))
    assert {file.name for file in files} == {
        "efficientnet_lite0_base.safetensors",
        "efficientnet_lite0_delf.safetensors",
        "efficientnet_lite0_dir.safetensors",
        "efficientnet_lite0_siamac.safetensors",
        "lift.safetensors",
    }
    assert sum(file.stat().st_size for file in files) < 25e6


@pytest.mark.parametrize(("stage", "begun"), [("siamac", "base"), ("dir", "ft")])
def test_cards_of_global_descriptors_tell_recipe_and_beginning(stage, begun):
    tensors, card = load_weights(weights_path(stage))
    recipe = card["recipe"]
    # The command makes it again; what a recipe has learned to tell since then is as it was.
    assert MetricRecipe(**recipe) == METRIC_FROM_IMAGENET[stage]
    assert card["stage"] == stage and card["pooling"] == recipe["pooling"]
    assert recipe["epochs"] == len(card["loss"]) == len(card["accuracy"])
    # Negatives become harder with every epoch, so fewer tuples are right; the loss falls all the
    # same.
    assert card["loss"][-1] < card["loss"][0]
    assert card["trunk"]["stage"] == begun and card["notice"]
    assert card["pictures"] == 3529 and card["landmarks"] == 120 and card["pairs"] > 50_000
    assert ("whitening.mean" in tensors) == (stage == "siamac")


def test_the_card_of_lift_tells_its_three_trainings():
    _, card = load_weights(weights_path("lift"))
    plan = asdict(LiftRecipe())
    assert card["recipe"] == {**plan, **{k: list(plan[k]) for k in ("epochs", "rates")}}
    for part, epochs in zip(PARTS, plan["epochs"], strict=True):
        assert len(card["loss"][part]) == epochs
        assert card["accuracy"][part][-1] > card["accuracy"][part][0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["siaMAC", "DIR"])
def test_whole_images_of_a_landmark_are_alike(name):
    """Of a city that training never saw."""
    shown = [p for p in rendered_images("lutetia") if p.role == "database" and p.view == "good"]
    of: dict[str, list] = {}
    for picture in shown:
        of.setdefault(picture.landmark, []).append(picture)
    chosen = [picture for own in of.values() for picture in own[:6:2]]
    extractor = SYSTEMS[name].make_extractor()
    vectors = np.stack([extractor.extract(picture.read()).vector for picture in chosen])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)
    landmarks = np.array([picture.landmark for picture in chosen])
    likeness = vectors @ vectors.T - 2 * np.eye(len(chosen))
    right = (landmarks[likeness.argmax(axis=1)] == landmarks).mean()
    assert len(chosen) == 33 and right > 5 * 2 / 32  # chance finds 2 of 32


@pytest.mark.slow
def test_lift_finds_the_same_points_in_two_pictures():
    views = [view_of_pair(pair) for pair in pairs("lutetia", "light")[:3]]
    untrained = BASELINES["LIFT-untrained"].make_extractor()
    found = compare({"LIFT": SYSTEMS["LIFT"].make_extractor(), "untrained": untrained}, views)
    right = {name: own.matching.right.sum() for name, own in found.items()}
    assert right["LIFT"] > 1.4 * right["untrained"]
    assert found["LIFT"].repeatability > found["untrained"].repeatability


def test_cards_tell_the_way_from_imagenet_to_attention():
    card, stages = load_trained("attention").card, []
    while "stage" in card and card["stage"] != "base":
        stages.append(card["stage"])
        assert Recipe(**card["recipe"]) == FROM_IMAGENET[card["stage"]]
        assert card["recipe"]["epochs"] == len(card["loss"]) == len(card["accuracy"])
        assert card["seconds"] > 0
        guessing = sum(np.log(count) for count in card["classes"].values())
        assert card["loss"][-1] < 0.75 * guessing
        card = card["trunk"]
    assert stages == ["attention", "ft"] and card["weights"] == "imagenet"
    assert load_trained("base").card["stage"] == "base"
    assert load_trained("ft").card["stage"] == "ft"


def test_ft_is_the_trunk_of_delf_without_its_attention():
    ft, delf = load_trained("ft"), load_trained("attention")
    assert ft.attention is None and delf.attention is not None
    for name, tensor in ft.trunk.state_dict().items():
        assert (tensor == delf.trunk.state_dict()[name]).all(), name


@pytest.mark.parametrize("name", DELF)
def test_systems_describe_in_forty_numbers(name):
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    features = SYSTEMS[name].make_extractor().extract(image)
    assert features.descriptors.shape[1] == 40 and len(features) > 100


@pytest.mark.slow
def test_attention_finds_landmarks_of_a_city_it_has_never_seen():
    shown = [p for p in rendered_images("lutetia") if p.view == "good"][::24]
    extractor = SYSTEMS["DELF+FT+ATT"].make_extractor()
    shares = [shares_on_mask(extractor.extract(p.read()), p.mask(), (100,))[0] for p in shown]
    area = np.mean([picture.mask().mean() for picture in shown])
    assert len(shown) > 5 and np.mean(shares) > 2 * area


def test_the_base_trunk_is_the_packages_with_a_reduction():
    tensors, card = load_weights(weights_path("base"))
    assert set(tensors) == {"reduction.mean", "reduction.components"}
    assert card["notice"] and card["trunk"]["weights"] == "imagenet"
    assert values_digest(load_trained("base").trunk) == values_digest(imagenet_trunk())
