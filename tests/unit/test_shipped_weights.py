"""The shipped weights are small, say where they come from, and do what they were trained for."""

import numpy as np
import pytest

from delf_lesson.datasets.rendered import pictures
from delf_lesson.deep.weights import load_trained, weights_folder
from delf_lesson.evaluation.selection import shares_on_mask
from delf_lesson.evaluation.systems import SYSTEMS

DELF = ("DELF", "DELF+FT", "DELF+FT+ATT")


def test_delf_fits_into_14_mb():
    files = list(weights_folder().glob("*.safetensors"))
    assert {file.name for file in files} == {
        "resnet18_base.safetensors",
        "resnet18_delf.safetensors",
    }
    assert sum(file.stat().st_size for file in files) < 14e6


def test_cards_tell_the_way_from_random_weights_to_attention():
    card, stages = load_trained("attention").card, []
    while "stage" in card:
        stages.append(card["stage"])
        assert card["recipe"]["epochs"] == len(card["loss"]) == len(card["accuracy"])
        assert card["seconds"] > 0 and card["recipe"]["seed"] == 0
        guessing = sum(np.log(count) for count in card["classes"].values())
        assert card["loss"][-1] < 0.75 * guessing
        card = card["trunk"]
    assert stages == ["attention", "ft", "base"] and card["weights"] == "random"
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
    features = SYSTEMS[name].extractor().extract(image)
    assert features.descriptors.shape[1] == 40 and len(features) > 100


def test_attention_finds_landmarks_of_a_city_it_has_never_seen():
    shown = [p for p in pictures("lutetia") if p.view == "good"][::24]
    extractor = SYSTEMS["DELF+FT+ATT"].extractor()
    shares = [shares_on_mask(extractor.extract(p.read()), p.mask(), (100,))[0] for p in shown]
    area = np.mean([picture.mask().mean() for picture in shown])
    assert len(shown) > 5 and np.mean(shares) > 2 * area
