"""Training learns, stops and goes on as if it had not, and freezes what should stay."""

import csv
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from delf_lesson.cli.main import command
from delf_lesson.datasets.training_set import training_images
from delf_lesson.deep.backbone import ResNetTrunk
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.weights import load_trained, load_trunk, load_weights
from delf_lesson.training.checkpoints import rate_factor
from delf_lesson.training.delf_training import GAMMAS, DelfClassifier, train
from delf_lesson.training.recipes import FROM_IMAGENET, RECIPES, Recipe, recipe_for
from delf_lesson.training.training_data import (
    ATTRIBUTES,
    AugmentedImages,
    augmentation,
    image_folder,
    rendered_attributes,
    rendered_landmarks,
)

QUICK = Recipe(epochs=3, batch=12, rate=0.05, size=48, smallest=0.6, bf16=False, workers=0)


@pytest.fixture(scope="module")
def stripes(tmp_path_factory):
    """Pictures of three classes, told apart by the direction of their stripes: (12 a class)."""
    folder = tmp_path_factory.mktemp("stripes")
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    for name, along in (("level", y), ("upright", x), ("slanted", x + y)):
        (folder / name).mkdir()
        for k in range(12):
            wave = np.sin(along * rng.uniform(0.5, 0.9) + rng.uniform(0, 6))
            grey = 128 + 90 * wave[..., None] + rng.normal(0, 12, (64, 64, 3))
            image = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
            image.save(folder / name / f"{k:02}.png")
    return folder


def fresh():
    torch.manual_seed(5)
    return ResNetTrunk("resnet18")


def test_an_image_folder_is_labelled_by_its_sub_folders(stripes, tmp_path):
    data = image_folder(stripes)
    assert data.classes == {"landmark": ("level", "slanted", "upright")}
    assert len(data) == 36 and np.bincount(data.labels[:, 0]).tolist() == [12, 12, 12]
    image, label = AugmentedImages(data, augmentation(32))[0]
    assert image.shape == (3, 32, 32) and 0 <= image.min() <= image.max() <= 1
    assert label.shape == (1,)
    (tmp_path / "one").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "one" / "a.png")
    with pytest.raises(ValueError, match="sub-folders"):
        image_folder(tmp_path)


def test_the_rendered_sets_have_the_labels_of_their_pictures():
    base, clean = rendered_attributes(), rendered_landmarks("clean")
    full = training_images("full")
    assert tuple(base.classes) == ATTRIBUTES and len(base) == len(full)
    for row in (0, 777, 4000):
        named = [base.classes[t][k] for t, k in zip(ATTRIBUTES, base.labels[row], strict=True)]
        assert named == [getattr(full[row], task) for task in ATTRIBUTES]
    assert len(clean.classes["landmark"]) == 120
    assert np.array_equal(base.readers[5](), full[5].read())


@pytest.mark.slow
def test_the_trunk_learns_the_classes(stripes, tmp_path):
    plan = replace(QUICK, epochs=16)
    found = list(train("ft", fresh(), image_folder(stripes), tmp_path, plan))
    assert len(found) == 16
    assert found[-1].loss < 0.6 * np.log(3) and found[-1].accuracy > 0.7
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(16))
    tensors, card = load_weights(tmp_path / "ft.safetensors")
    assert card["backbone"] == "resnet18" and card["recipe"]["epochs"] == 16
    assert card["classes"] == {"landmark": 3} and card["pictures"] == 36
    assert load_trunk(tmp_path / "ft.safetensors").channels == 256
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


@pytest.mark.slow
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(stripes, tmp_path):
    data = image_folder(stripes)
    whole = list(train("ft", fresh(), data, tmp_path / "whole", QUICK))
    first = train("ft", fresh(), data, tmp_path / "cut", QUICK)
    next(first)
    first.close()
    rest = list(train("ft", fresh(), data, tmp_path / "cut", QUICK))
    assert [one.epoch for one in rest] == [1, 2]
    for one, other in zip(whole[1:], rest, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-4)
    a, _ = load_weights(tmp_path / "whole" / "ft.safetensors")
    b, _ = load_weights(tmp_path / "cut" / "ft.safetensors")
    assert all(torch.allclose(a[name], b[name], atol=2e-3) for name in a)
    assert not list(train("ft", fresh(), data, tmp_path / "cut", QUICK))  # nothing is left to do
    with pytest.raises(ValueError, match="rate"):
        list(train("ft", fresh(), data, tmp_path / "cut", replace(QUICK, rate=0.01)))
    with pytest.raises(ValueError, match="starting weights"):
        list(train("ft", ResNetTrunk("resnet18"), data, tmp_path / "cut", QUICK))
    fewer = replace(data, classes={"landmark": ("level", "slanted", "other")})
    with pytest.raises(ValueError, match="classes"):
        list(train("ft", fresh(), fewer, tmp_path / "cut", QUICK))
    with pytest.raises(ValueError, match="data"):
        list(train("ft", fresh(), replace(data, name="other"), tmp_path / "cut", QUICK))
    swapped = replace(data, labels=(data.labels + 1) % 3)
    with pytest.raises(ValueError, match="labels"):
        list(train("ft", fresh(), swapped, tmp_path / "cut", QUICK))
    more_workers = replace(QUICK, workers=1)
    assert not list(train("ft", fresh(), data, tmp_path / "cut", more_workers))


@pytest.mark.parametrize("steps", range(2, 14))
def test_the_rate_rises_to_its_highest_and_falls_to_nothing(steps):
    factors = [rate_factor(step, steps) for step in range(steps + 1)]
    assert max(factors) == 1 and 0 <= factors[-1] < 1e-9
    peak = factors.index(1.0)
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    assert peak <= max(1, steps // 10)


@pytest.mark.slow
def test_a_trunk_is_at_rest_and_free_between_and_after_stages(stripes, tmp_path):
    data, trunk = image_folder(stripes), fresh()
    before = Delf(trunk, scales=(1.0,), max_features=20)
    image = data.readers[0]()
    described, settings = before.extract(image), before.settings
    run = train("ft", trunk, data, tmp_path / "ft", QUICK)
    next(run)
    assert not trunk.training
    list(run)
    assert np.array_equal(before.extract(image).descriptors, described.descriptors)
    assert before.settings == settings != Delf(trunk, scales=(1.0,), max_features=20).settings
    list(train("attention", trunk, data, tmp_path / "att", QUICK))
    assert not trunk.training and all(p.requires_grad for p in trunk.parameters())


@pytest.mark.slow
def test_what_is_trained_is_written_even_if_its_reduction_fails(stripes, tmp_path):
    plan = replace(QUICK, epochs=1)
    with pytest.raises(ValueError, match="dimensions"):
        list(train("ft", fresh(), image_folder(stripes), tmp_path, plan, reduce_to=10_000))
    found = load_trained(tmp_path / "ft.safetensors")
    assert found.reduction is None and found.card["reduction"] is None


def test_only_some_classes_keep_their_pictures_and_are_numbered_anew(stripes):
    data = image_folder(stripes)
    two = data.only(["upright", "level"])
    assert two.classes == {"landmark": ("level", "upright")} and len(two) == 24
    for row in (0, 12):
        name = two.classes["landmark"][two.labels[row, 0]]
        place = [data.classes["landmark"][label] for label in data.labels[:, 0]].index(name)
        assert np.array_equal(two.readers[row](), data.readers[place]())
    with pytest.raises(ValueError, match="steep"):
        data.only(["steep"])
    with pytest.raises(ValueError, match="tasks"):
        rendered_attributes().only(["brick"])


def test_examples_can_be_sent_to_another_process(stripes):
    """Loaders start their workers afresh on macOS and Windows."""
    again = pickle.loads(pickle.dumps(AugmentedImages(image_folder(stripes), augmentation(32))))
    assert again[3][0].shape == (3, 32, 32)


@pytest.mark.slow
def test_attention_leaves_the_trunk_as_it_is(stripes, tmp_path):
    trunk = fresh()
    before = {name: tensor.clone() for name, tensor in trunk.state_dict().items()}
    found = list(train("attention", trunk, image_folder(stripes), tmp_path, QUICK))
    assert len(found) == 3
    for name, tensor in trunk.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    tensors, card = load_weights(tmp_path / "attention.safetensors")
    assert card["stage"] == "attention"
    assert {"attention.conv1.weight", "attention.bn1.running_mean"} <= set(tensors)
    found = load_trained(tmp_path / "attention.safetensors")
    image = image_folder(stripes).readers[0]()
    features = Delf(found.trunk, found.attention, found.reduction, max_features=9).extract(image)
    assert features.descriptors.shape == (9, 40)
    assert found.reduction.trained_on == stripes.name == found.card["data"]


@pytest.mark.slow
def test_a_file_holds_the_reduction_of_what_its_networks_keep(stripes, tmp_path):
    data = image_folder(stripes)
    list(train("ft", fresh(), data, tmp_path, replace(QUICK, epochs=1)))
    found = load_trained(tmp_path / "ft.safetensors")
    assert found.attention is None
    kept = [
        Delf(found.trunk, max_features=200).extract(read()).descriptors for read in data.readers
    ]
    values = np.linalg.svd(np.concatenate(kept) - np.concatenate(kept).mean(0))[1] ** 2
    rows = np.concatenate(kept) - found.reduction.mean
    explained = np.square(rows @ found.reduction.components.T).sum()
    assert explained == pytest.approx(values[:40].sum(), rel=1e-3)  # no 40 axes explain more


def test_stage_two_rescales_the_whole_batch_in_training_only(monkeypatch):
    sizes = []
    model = DelfClassifier(fresh(), [3])
    monkeypatch.setattr(
        model.trunk,
        "forward",
        lambda images: sizes.append(images.shape[-1]) or torch.rand(2, 256, 2, 2),
    )
    model.train()
    for _ in range(60):
        model(torch.rand(2, 3, 224, 224))
    wanted = {int(224 * gamma) for gamma in GAMMAS}
    assert set(sizes) == wanted
    sizes.clear()
    model.eval()
    model(torch.rand(2, 3, 224, 224))
    assert sizes == [224]
    assert not model.trunk.training


def test_data_that_do_not_fit_are_refused(stripes, tmp_path):
    with pytest.raises(ValueError, match="batch"):
        list(train("ft", fresh(), image_folder(stripes), tmp_path, replace(QUICK, batch=99)))
    with pytest.raises(ValueError, match="tasks"):
        list(train("ft", fresh(), rendered_attributes(), tmp_path, QUICK))
    with pytest.raises(ValueError, match="epochs"):
        replace(QUICK, epochs=-1)
    assert set(RECIPES) == {"base", "ft", "attention"}


@pytest.mark.slow
def test_what_a_trunk_knows_is_kept_as_the_recipe_says(stripes, tmp_path):
    """Frozen parts and statistics stay; the average lies between the start and the end."""
    start = fresh().state_dict()
    keeping = replace(QUICK, frozen=3, fixed_norms=True, head_rate=0.1)
    states = {}
    for share in (1.0, 0.25):
        torch.manual_seed(0)
        trunk = fresh()
        trunk.load_state_dict(start)
        plan = replace(keeping, average=share)
        list(train("ft", trunk, image_folder(stripes), tmp_path / str(share), plan, reduce_to=None))
        states[share] = trunk.state_dict()
    for name, value in states[1.0].items():
        frozen = name.startswith(("conv1", "bn1", "layer1")) or "running" in name
        assert torch.equal(value, start[name]) == (frozen or "num_batches" in name), name
        if value.is_floating_point():
            between = start[name] + 0.25 * (value - start[name])
            assert torch.allclose(states[0.25][name], between, atol=1e-5), name


def test_a_trunk_from_imagenet_has_a_recipe_that_keeps_what_it_knows():
    assert recipe_for("ft", "efficientnet_lite0") == FROM_IMAGENET["ft"]
    assert recipe_for("ft", "resnet50") == RECIPES["ft"]
    assert FROM_IMAGENET["ft"].average < 1 and FROM_IMAGENET["ft"].fixed_norms
    for wrong in ({"average": 0.0}, {"frozen": -1}, {"head_rate": 0.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            replace(QUICK, **wrong)


def options(stripes, out, *more):
    quick = ["--epochs", "2", "--batch", "12", "--size", "48", "--workers", "0", "--no-bf16"]
    return ["--data", str(stripes), "--out", str(out), *quick, *more]


@pytest.mark.slow
def test_the_command_trains_one_stage_after_the_other(stripes, tmp_path):
    runner = CliRunner()
    base = runner.invoke(command, ["train", "base", *options(stripes, tmp_path / "base")])
    assert base.exit_code == 0, base.output
    weights = str(tmp_path / "base" / "base.safetensors")
    then = options(stripes, tmp_path / "att", "--weights", weights)
    attention = runner.invoke(command, ["train", "attention", *then])
    assert attention.exit_code == 0, attention.output
    assert (tmp_path / "att" / "attention.safetensors").is_file()
    wrong = runner.invoke(
        command, ["train", "ft", *options(stripes, tmp_path, "--weights", "nothing")]
    )
    assert wrong.exit_code == 2 and "nothing" in wrong.output
    for name, value in (("--backbone", "vgg16"), ("--device", "gpu9"), ("--data", "/nowhere")):
        wrong = runner.invoke(command, ["train", "base", *options(stripes, tmp_path, name, value)])
        assert wrong.exit_code == 2 and value in wrong.output
    absent = options(stripes, tmp_path / "none", "--backbone", "resnet18")  # has no shipped weights
    answer = runner.invoke(command, ["train", "ft", *absent])
    assert answer.exit_code == 1 and "delf-lesson train" in answer.output


TWO = """
import sys, torch
from dataclasses import replace
from pathlib import Path
from delf_lesson.training import delf_training as training
from delf_lesson.training.recipes import Recipe
from delf_lesson.deep.backbone import ResNetTrunk
from delf_lesson.training.training_data import image_folder

seen = []
real = training.TrunkClassifier.forward
training.TrunkClassifier.forward = lambda self, x: (seen.append(x.clone()), real(self, x))[1]
plan = Recipe(epochs=1, batch=12, rate=0.05, size=48, bf16=False, workers=0)
torch.manual_seed(5)
trunk = ResNetTrunk("resnet18")
rank = torch.distributed.is_available() and __import__("os").environ["RANK"]
found = list(training.train("ft", trunk, image_folder(sys.argv[1]), sys.argv[2] + "/out", plan))
metrics = (found[0].loss, found[0].accuracy)
torch.save({"metrics": metrics, "images": seen[0], "weight": trunk.conv1.weight.detach(),
            "statistics": trunk.bn1.running_mean}, f"{sys.argv[2]}/{rank}.pt")
"""


@pytest.mark.slow
def test_two_processes_share_the_work(stripes, tmp_path):
    """Each sees other pictures and crops, their gradients are one, and so are their metrics."""
    (tmp_path / "two.py").write_text(TWO, encoding="utf-8")
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    words = [*launch, str(tmp_path / "two.py"), str(stripes), str(tmp_path)]
    run = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    one, other = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    assert len(one["images"]) == len(other["images"]) == 6
    assert not torch.allclose(one["images"], other["images"])
    assert torch.equal(one["weight"], other["weight"])
    assert one["metrics"] == other["metrics"]
    assert (tmp_path / "out" / "ft.safetensors").is_file()


def test_a_batch_that_cannot_be_shared_is_refused(stripes, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "delf_lesson.training.delf_training.join_processes", lambda device: (5, 0, device)
    )
    with pytest.raises(ValueError, match="multiple of 5"):
        list(train("ft", fresh(), image_folder(stripes), tmp_path, QUICK))
