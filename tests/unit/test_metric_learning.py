"""Losses by hand, mining by brute force, and training that stops and goes on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from delf_lesson.cli.main import command
from delf_lesson.deep.backbone import ResNetTrunk
from delf_lesson.deep.global_descriptors import GlobalDescriptor, GlobalNetwork, load_global
from delf_lesson.deep.weights import imagenet_trunk, load_weights, save_weights
from delf_lesson.features import Extractor
from delf_lesson.training import metric_learning as metric_whitening
from delf_lesson.training.metric_learning import (
    SHARED,
    contrastive_loss,
    forward_all,
    hard_negatives,
    labelled_tuples,
    learned_whitening,
    rendered_tuples,
    triplet_loss,
)
from delf_lesson.training.metric_training import (
    METRIC_RECIPES,
    MetricRecipe,
    metric_recipe_for,
    train_metric,
)
from delf_lesson.training.training_data import image_folder

QUICK = MetricRecipe("rmac", "triplet", 0.1, epochs=3, tuples=12, negatives=2, batch=4, rate=1e-3)


def at(degrees):
    """Unit vectors (..., 2) at these angles."""
    angle = torch.deg2rad(torch.tensor(degrees))
    return torch.stack([angle.cos(), angle.sin()], dim=-1)


def test_the_contrastive_loss_by_hand():
    """Chords: 60 degrees are 1 apart, 30 degrees 0.5176."""
    loss = contrastive_loss(at([0.0]), at([60.0]), at([[30.0, 90.0]]), margin=0.7)
    assert loss.item() == pytest.approx(1 / 2 + (0.7 - 0.517638) ** 2 / 2, abs=1e-5)


def test_the_triplet_loss_by_hand():
    """Squared: 60 degrees are 1, 90 are 2, 30 are 0.2679."""
    loss = triplet_loss(at([0.0]), at([60.0]), at([[30.0, 90.0]]), margin=0.1)
    assert loss.item() == pytest.approx((0.1 + 1 - 0.267949) / 2 / 2, abs=1e-5)


@pytest.mark.parametrize("loss", [contrastive_loss, triplet_loss])
def test_losses_have_gradients_where_vectors_are_equal(loss):
    query = at([0.0]).requires_grad_()
    loss(query, at([0.0]), at([[0.0]])).backward()
    assert torch.isfinite(query.grad).all()


def test_hard_negatives_are_the_nearest_of_other_landmarks():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    landmarks = np.arange(60) % 6
    found = hard_negatives(vectors, landmarks, np.array([7, 40]), 3)
    for query, rows in zip((7, 40), found, strict=True):
        best = {}  # of each other landmark the most similar
        for row in range(60):
            if landmarks[row] != landmarks[query]:
                own = (float(vectors[row] @ vectors[query]), row)
                best[landmarks[row]] = max(best.get(landmarks[row], own), own)
        assert rows.tolist() == [row for _, row in sorted(best.values(), reverse=True)[:3]]
    with pytest.raises(ValueError, match="1 to 5"):
        hard_negatives(vectors, landmarks, np.array([7]), 6)


def test_images_of_several_sizes_come_back_in_their_order():
    sizes = [(4, 6), (6, 4), (4, 6), (5, 5)]
    images = [np.full((*size, 3), k, np.uint8) for k, size in enumerate(sizes)]
    found = forward_all(lambda batch: batch.mean(dim=(2, 3)), images)
    assert (255 * found[:, 0]).tolist() == pytest.approx([0, 1, 2, 3])


def test_positives_of_the_rendered_set_share_what_they_show():
    data = rendered_tuples()
    assert len(data) == len(data.positives) == len(data.landmarks) > 3000
    assert len(np.unique(data.landmarks)) == 120
    counts = np.array([len(own) for own in data.positives])
    of_landmark = np.bincount(data.landmarks)[data.landmarks] - 1
    assert 0.5 < counts.sum() / of_landmark.sum() < 1  # not all pictures of a landmark
    for row, own in enumerate(data.positives):
        assert row not in own and (data.landmarks[own] == data.landmarks[row]).all()
    assert SHARED == 0.5


@pytest.fixture(scope="module")
def stripes(tmp_path_factory):
    """Three landmarks, told apart by the direction of their stripes; pictures of two sizes."""
    folder = tmp_path_factory.mktemp("stripes")
    rng = np.random.default_rng(0)
    for name, (a, b) in {"level": (0, 1), "slanted": (1, 1), "upright": (1, 0)}.items():
        (folder / name).mkdir()
        for k in range(8):
            y, x = np.mgrid[: 64 + 16 * (k % 2), :80]
            wave = np.sin((a * x + b * y) * rng.uniform(0.5, 0.9) + rng.uniform(0, 6))
            grey = 128 + 90 * wave[..., None] + rng.normal(0, 12, (*x.shape, 3))
            image = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
            image.save(folder / name / f"{k:02}.png")
    return folder


def fresh():
    torch.manual_seed(5)
    return ResNetTrunk("resnet18")


def test_a_folder_tells_landmarks_by_its_sub_folders(stripes):
    data = labelled_tuples(image_folder(stripes))
    assert np.bincount(data.landmarks).tolist() == [8, 8, 8]
    assert data.positives[9].tolist() == [8, 10, 11, 12, 13, 14, 15]
    (image,) = data.read([9])
    assert np.array_equal(image, data.readers[9]())
    (small,) = labelled_tuples(image_folder(stripes), longest=40).read([9])
    assert max(image.shape) > max(small.shape) == 40


@pytest.mark.slow
@pytest.mark.parametrize("stage", METRIC_RECIPES)
def test_training_brings_pictures_of_a_landmark_together(stripes, tmp_path, stage):
    plan = replace(QUICK, epochs=6, tuples=24)
    plan = replace(plan, **{k: getattr(METRIC_RECIPES[stage], k) for k in ("pooling", "loss")})
    plan = replace(plan, margin=METRIC_RECIPES[stage].margin)
    data = labelled_tuples(image_folder(stripes))
    found = list(train_metric(stage, fresh(), data, tmp_path, plan))
    assert len(found) == 6 and found[-1].loss < 0.8 * found[0].loss  # of ever harder negatives
    _, card = load_weights(tmp_path / f"{stage}.safetensors")
    assert card["stage"] == stage and card["pooling"] == plan.pooling
    assert card["pictures"] == 24 and card["landmarks"] == 3 and len(card["loss"]) == 6
    extractor = load_global(tmp_path / f"{stage}.safetensors")
    assert isinstance(extractor, Extractor)
    vectors = np.stack([extractor.extract(read()).vector for read in data.readers])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)
    likeness = vectors @ vectors.T
    same = data.landmarks[:, None] == data.landmarks
    assert likeness[same].mean() > likeness[~same].mean() + 0.1


@pytest.mark.slow
def test_what_imagenet_taught_is_kept_as_the_recipe_says(stripes, tmp_path):
    """Frozen parts are not in the file, and the others lie half way to where training led."""
    trunk = imagenet_trunk("efficientnet_lite0")
    packaged = {name: tensor.clone() for name, tensor in trunk.state_dict().items()}
    plan = replace(QUICK, epochs=1, rate=1e-3, frozen=5, average=0.5)
    list(train_metric("dir", trunk, labelled_tuples(image_folder(stripes)), tmp_path, plan))
    tensors, card = load_weights(tmp_path / "dir.safetensors")
    assert card["backbone"] == trunk.name and card["notice"]
    stored = {name[len("trunk.") :] for name in tensors if name.startswith("trunk.")}
    assert "blocks.4.expand.weight" in stored
    assert not [n for n in stored if n.startswith(("stem", *(f"blocks.{k}." for k in range(4))))]
    led = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["model"]
    for name in stored:
        half = (packaged[name] + led[f"trunk.{name}"]) / 2
        assert torch.allclose(tensors[f"trunk.{name}"], half, rtol=1e-3, atol=1e-4), name
    assert load_global(tmp_path / "dir.safetensors").network.trunk.channels == trunk.channels
    assert all(parameter.requires_grad for parameter in trunk.parameters())
    assert metric_recipe_for("dir", trunk.name).frozen and not metric_recipe_for("dir", "x").frozen


@pytest.mark.slow
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(stripes, tmp_path):
    data = labelled_tuples(image_folder(stripes))
    whole = list(train_metric("dir", fresh(), data, tmp_path / "whole", QUICK))
    first = train_metric("dir", fresh(), data, tmp_path / "cut", QUICK)
    next(first)
    first.close()
    rest = list(train_metric("dir", fresh(), data, tmp_path / "cut", QUICK))
    assert [one.epoch for one in rest] == [1, 2]
    for one, other in zip(whole[1:], rest, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-3)
    a, _ = load_weights(tmp_path / "whole" / "dir.safetensors")
    b, _ = load_weights(tmp_path / "cut" / "dir.safetensors")
    assert all(torch.allclose(a[name], b[name], atol=5e-3) for name in a)
    for odd, options in (
        ("margin", {"recipe": replace(QUICK, margin=0.2)}),
        ("starting weights", {"trunk": ResNetTrunk("resnet18")}),
        ("data", {"data": replace(data, name="other")}),
        ("pairs", {"data": replace(data, positives=[own[1:] for own in data.positives])}),
    ):
        given = {"trunk": fresh(), "data": data, "recipe": QUICK, **options}
        with pytest.raises(ValueError, match=odd):
            list(train_metric("dir", folder=tmp_path / "cut", **given))


@pytest.mark.slow
def test_readers_ahead_change_nothing_and_half_precision_little(stripes, tmp_path):
    data, quick = labelled_tuples(image_folder(stripes)), replace(QUICK, epochs=1, tuples=4)
    alone, several, half = (
        list(train_metric("dir", fresh(), data, tmp_path / str(k), replace(quick, **own)))
        for k, own in enumerate(({}, {"workers": 3}, {"bf16": True}))
    )
    assert [one.loss for one in several] == pytest.approx([one.loss for one in alone], rel=1e-4)
    assert [one.loss for one in half] == pytest.approx([one.loss for one in alone], rel=0.1)
    assert half[0].loss != alone[0].loss


def test_a_whitening_of_many_pairs_is_learned_from_some(stripes, monkeypatch):
    """Of 168 pairs, 50 here; of eight channels, as it takes more pairs than dimensions."""
    data = labelled_tuples(image_folder(stripes))

    class Small(torch.nn.Module):
        channels = 8

        def forward(self, images):
            return torch.nn.functional.avg_pool2d(images, 9).repeat(1, 3, 1, 1)[:, :8]

    network = GlobalNetwork(Small(), "mac")
    fitted = []

    def fit(first, second, dimensions, trained_on, ridge):
        fitted.append((len(first), len(second), dimensions))

    monkeypatch.setattr(metric_whitening.LearnedWhitening, "fit", fit)
    learned_whitening(network, data)
    monkeypatch.setattr(metric_whitening, "PAIRS", 50)
    learned_whitening(network, data)
    assert fitted == [(168, 168, 8), (50, 50, 8)]


@pytest.mark.slow
def test_batch_statistics_stay_frozen_and_filters_learn(stripes, tmp_path):
    trunk = fresh()
    before = {name: tensor.clone() for name, tensor in trunk.state_dict().items()}
    data, quick = labelled_tuples(image_folder(stripes)), replace(QUICK, epochs=1)
    list(train_metric("dir", trunk, data, tmp_path, quick))
    after = trunk.state_dict()
    running = [name for name in before if "running" in name]
    filters = [name for name in before if name.endswith("conv1.weight")]
    assert running and all(torch.equal(before[name], after[name]) for name in running)
    assert filters and not any(torch.equal(before[name], after[name]) for name in filters)


def test_data_without_a_pair_are_refused(stripes, tmp_path):
    data = labelled_tuples(image_folder(stripes))
    alone = replace(data, positives=[np.array([], np.int64)] * len(data))
    with pytest.raises(ValueError, match="no image has a positive"):
        next(train_metric("dir", fresh(), alone, tmp_path, QUICK))
    for options in ({"epochs": 0}, {"negatives": 0}, {"workers": 0}, {"rate": 0.0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            replace(QUICK, **options)


def test_several_resolutions_add_up():
    network = GlobalNetwork(fresh(), "mac")
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    both = GlobalDescriptor(network, scales=(0.5, 1.0)).extract(image).vector
    parts = [GlobalDescriptor(network, scales=(s,)).extract(image).vector for s in (0.5, 1.0)]
    total = np.sum(parts, axis=0)
    assert np.allclose(both, total / np.linalg.norm(total), atol=1e-4)
    assert GlobalDescriptor(network).settings != GlobalDescriptor(network, max_side=99).settings
    assert GlobalDescriptor(network).settings != GlobalDescriptor(network, bf16=True).settings
    other = GlobalNetwork(ResNetTrunk("resnet18"), "mac")
    assert GlobalDescriptor(network).settings != GlobalDescriptor(other).settings
    for options in ({"scales": ()}, {"max_side": 0}, {"batch": 0}):
        with pytest.raises(ValueError, match="max_side"):
            GlobalDescriptor(network, **options)


@pytest.mark.slow
def test_the_command_trains_on_a_folder_and_refuses_what_does_not_belong(stripes, tmp_path):
    weights = tmp_path / "trunk.safetensors"
    trunk = fresh()
    card = {"backbone": "resnet18", "mean": trunk.mean, "std": trunk.std}
    save_weights(weights, {f"trunk.{k}": t for k, t in trunk.state_dict().items()}, card)
    words = ["--data", str(stripes), "--epochs", "1", "--weights", str(weights)]
    for stage, more in (("siamac", []), ("dir", ["--pooling", "gem"])):
        out = tmp_path / stage
        call = ["train", stage, "--out", str(out), "--batch", "12", *words, *more]
        done = CliRunner().invoke(command, call)
        # three landmarks have no five others
        assert done.exit_code == 1 and "the other landmarks" in done.output
    out = ["--out", str(tmp_path)]
    odd = CliRunner().invoke(command, ["train", "dir", *out, "--size", "64"])
    assert odd.exit_code == 2 and "rendered pictures stay as they are" in odd.output
    odd = CliRunner().invoke(command, ["train", "ft", *out, "--tuples", "64"])
    assert odd.exit_code == 2 and "no option --tuples" in odd.output
    lift = CliRunner().invoke(command, ["train", "lift", "--out", str(tmp_path), *words])
    assert lift.exit_code == 2 and "rendered set" in lift.output
