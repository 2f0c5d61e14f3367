"""A cell sees what its grid says; weights are what was asked for, or refused."""

import hashlib
import http.server
import threading
from functools import partial

import numpy as np
import pytest
import torch
import torchvision

from delf_lesson.deep import weights
from delf_lesson.deep.backbone import ResNetTrunk, fold_batch_norm, resnets
from delf_lesson.deep.weights import (
    imagenet_trunk,
    load_trained,
    load_trunk,
    load_weights,
    save_weights,
)
from delf_lesson.files import DownloadError


def influence(trunk, row, column, height=353, width=369):
    """Which pixels change the cell, by its gradient: (H, W)."""
    with torch.no_grad():
        for module in trunk.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.weight.fill_(1 / module.weight[0].numel())  # no gradient cancels
    trunk.maxpool = torch.nn.AvgPool2d(3, 2, 1)  # the same window, and all of it has a gradient
    image = torch.full((1, 3, height, width), 0.9, requires_grad=True)
    trunk.eval()(image)[0, :, row, column].sum().backward()
    return image.grad.abs().sum(dim=(0, 1)).numpy() > 0


LARGE = [pytest.param(name, marks=pytest.mark.slow) for name in ("resnet50", "resnext50_32x4d")]


@pytest.mark.parametrize("name", ["resnet18", *LARGE])
def test_the_receptive_field_is_what_the_gradient_reaches(name):
    trunk = ResNetTrunk(name, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    grid = trunk.grid
    row, column = 11, 10
    y, x = np.nonzero(influence(trunk, row, column))
    centre = [grid.offset + grid.stride * at for at in (column, row)]
    for seen, middle, size in ((x, centre[0], 369), (y, centre[1], 353)):
        half = (grid.receptive_field - 1) / 2
        assert seen.min() == max(0, middle - half) and seen.max() == min(size - 1, middle + half)


def test_known_geometries():
    """The published figures of torchvision's ResNets up to layer3."""
    grid = ResNetTrunk("resnet50").grid
    assert (grid.stride, grid.receptive_field, grid.offset) == (16, 267, 0.0)
    assert ResNetTrunk("resnet18").grid.receptive_field == 211
    assert ResNetTrunk("resnet50").channels == 1024 and ResNetTrunk("resnet18").channels == 256


def test_the_grid_has_a_cell_every_stride():
    with torch.inference_mode():
        features = ResNetTrunk().eval()(torch.rand(2, 3, 100, 161))
    assert features.shape == (2, 256, 7, 11)


def test_the_trunk_is_torchvisions_network_up_to_layer3():
    whole = torchvision.models.resnet18(weights=None).eval()
    trunk = ResNetTrunk("resnet18", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)).eval()
    state = whole.state_dict()
    trunk.load_state_dict({name: state[name] for name in trunk.state_dict()})
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        wanted = whole.maxpool(whole.relu(whole.bn1(whole.conv1(image))))
        wanted = whole.layer3(whole.layer2(whole.layer1(wanted)))
        assert torch.allclose(trunk(image), wanted, atol=1e-6)


def test_the_input_is_normalised_as_its_weights_want():
    image, mean, std = torch.rand(1, 3, 64, 64), (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)
    plain = ResNetTrunk("resnet18", (0.0,) * 3, (1.0,) * 3).eval()
    normalising = ResNetTrunk("resnet18", mean, std).eval()
    normalising.load_state_dict(plain.state_dict())
    by_hand = (image - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    with torch.inference_mode():
        assert torch.allclose(normalising(image), plain(by_hand), atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_folding_batch_norm_leaves_the_features(name):
    torch.manual_seed(0)
    trunk = ResNetTrunk(name)
    with torch.no_grad():
        for module in trunk.modules():  # statistics as training leaves them, not 0 and 1
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.1)
    image = torch.rand(1, 3, 96, 80)
    with torch.inference_mode():
        wanted = trunk.eval()(image)
        grid = trunk.grid
        fold_batch_norm(trunk)
        folded = trunk(image)
        assert torch.allclose(folded, wanted, atol=1e-4 * float(wanted.abs().max()))
        fold_batch_norm(trunk)
        assert torch.equal(trunk(image), folded)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in trunk.modules())
    assert trunk.grid == grid


def test_another_network_is_refused_with_the_names_there_are():
    assert {"resnet18", "resnet50", "resnet101"} <= set(resnets())
    with pytest.raises(ValueError, match="resnet50"):
        ResNetTrunk("vgg16")


@pytest.fixture
def server(tmp_path):
    """A folder on loopback, and the address it is served at."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


def put_state(folder, name, digest=None):
    """A whole state dict as torchvision publishes it, its name ending in its digest."""
    torch.manual_seed(1)
    state = torchvision.models.get_model(name, weights=None).state_dict()
    torch.save(state, folder / "new.pth")
    content = (folder / "new.pth").read_bytes()
    path = folder / f"{name}-{digest or hashlib.sha256(content).hexdigest()[:8]}.pth"
    path.write_bytes(content)
    return path.name, state


@pytest.mark.parametrize("name", ["resnet18", LARGE[0]])
def test_imagenet_weights_come_through_the_real_download(server, own_cache, name):
    folder, address = server
    file, state = put_state(folder, name)
    trunk = imagenet_trunk(name, f"{address}/{file}")
    assert torch.equal(trunk.layer3[0].conv1.weight, state["layer3.0.conv1.weight"])
    assert trunk.mean == (0.485, 0.456, 0.406) and not trunk.training
    (folder / file).unlink()
    again = imagenet_trunk(name, f"{address}/{file}")  # kept in the cache
    assert torch.equal(again.conv1.weight, trunk.conv1.weight)
    assert [path.name for path in (own_cache / "weights").iterdir()] == [file]


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(server, own_cache):
    folder, address = server
    file, _ = put_state(folder, "resnet18", digest="00000000")
    with pytest.raises(DownloadError, match="promises"):
        imagenet_trunk("resnet18", f"{address}/{file}")
    assert not list((own_cache / "weights").iterdir())


def test_what_was_put_into_the_cache_is_checked_too(own_cache):
    (own_cache / "weights").mkdir()
    (own_cache / "weights" / "resnet18-12345678.pth").write_text("<html>not found</html>")
    with pytest.raises(DownloadError, match="delete it"):
        imagenet_trunk("resnet18", "http://127.0.0.1:9/resnet18-12345678.pth")


def test_what_float16_cannot_hold_is_refused_and_statistics_are_kept(tmp_path):
    path = tmp_path / "one.safetensors"
    save_weights(path, {"bn.running_var": torch.tensor([1e5, 2.0])}, {})
    assert load_weights(path)[0]["bn.running_var"].tolist() == [1e5, 2.0]
    with pytest.raises(ValueError, match="conv"):
        save_weights(path, {"conv": torch.full((2, 2), 1e5)}, {})
    save_weights(path, {"trunk.a": torch.zeros(3)}, {"backbone": "resnet18"})
    with pytest.raises(ValueError, match="lacks mean, std"):
        load_trunk(path)


def test_no_network_is_said_with_the_remedy(server):
    _, address = server
    with pytest.raises(DownloadError, match="put it at"):
        imagenet_trunk("resnet18", f"{address}/resnet18-12345678.pth")
    with pytest.raises(DownloadError, match="put it at"):
        imagenet_trunk("resnet18", "http://127.0.0.1:9/resnet18-12345678.pth")


def test_weights_of_another_network_are_refused(server):
    folder, address = server
    file, _ = put_state(folder, "resnet50")
    with pytest.raises(ValueError, match="do not fit resnet18"):
        imagenet_trunk("resnet18", f"{address}/{file}")


def test_a_weights_file_keeps_tensors_and_card(tmp_path):
    trunk = ResNetTrunk("resnet18", (0.4, 0.5, 0.6), (0.2, 0.2, 0.3))
    tensors = {f"trunk.{name}": tensor for name, tensor in trunk.state_dict().items()}
    card = {"backbone": "resnet18", "mean": trunk.mean, "std": trunk.std, "seed": 7}
    path = tmp_path / "one.safetensors"
    save_weights(path, tensors, card)
    assert path.stat().st_size < 6_000_000  # float16
    loaded, found = load_weights(path)
    assert found["seed"] == 7
    assert torch.allclose(loaded["trunk.conv1.weight"], trunk.conv1.weight, atol=1e-3)
    again = load_trunk(path)
    assert again.mean == (0.4, 0.5, 0.6)
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        wanted = trunk.eval()(image)
        assert torch.allclose(again(image), wanted, atol=0.05 * float(wanted.abs().max()))


def test_imagenet_is_a_trunk_alone(monkeypatch):
    trunk = ResNetTrunk("resnet18")
    monkeypatch.setattr(weights, "imagenet_trunk", lambda backbone: trunk)
    found = load_trained("imagenet")
    assert found.trunk is trunk and found.attention is None and found.reduction is None


def test_half_an_attention_or_reduction_is_refused(tmp_path):
    trunk, path = ResNetTrunk("resnet18"), tmp_path / "one.safetensors"
    tensors = {f"trunk.{name}": tensor for name, tensor in trunk.state_dict().items()}
    card = {"backbone": "resnet18", "mean": trunk.mean, "std": trunk.std, "reduction": "some"}
    save_weights(path, {**tensors, "reduction.mean": torch.zeros(256)}, card)
    with pytest.raises(ValueError, match="reduction"):
        load_trained(path)
    save_weights(path, {**tensors, "attention.conv1.bias": torch.zeros(512)}, card)
    with pytest.raises(ValueError, match="attention"):
        load_trained(path)


def test_a_file_written_anew_changes_nothing_that_was_loaded(tmp_path):
    path = tmp_path / "one.safetensors"
    save_weights(path, {"running_var": torch.ones(1000)}, {})
    loaded = load_weights(path)[0]["running_var"]
    path.write_bytes(bytes(path.stat().st_size))  # in place, as cp does
    assert (loaded == 1).all()


def test_damaged_and_foreign_weights_are_refused(tmp_path):
    path = tmp_path / "one.safetensors"
    with pytest.raises(FileNotFoundError, match="delf-lesson train"):
        load_weights(path)
    save_weights(path, {"a": torch.zeros(3)}, {})
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ValueError, match="whole"):
        load_weights(path)
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="card"):
        load_weights(path)
