"""Load and save weights: ours, those of a training run, and torchvision's for ImageNet.

A file is safetensors in float16. Its card says which trunk it belongs to, the mean and standard
deviation of the input, and how it was trained. Slide "Train Local Descriptor Network by using
Classification task"; lab 04.
"""

import hashlib
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
import torchvision
from torch import Tensor, nn

from delf_lesson.deep.backbone import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Colour,
    ResNetTrunk,
    Trunk,
    resnets,
)
from delf_lesson.deep.delf import Attention
from delf_lesson.deep.efficientnet import (
    INPUT_MEAN,
    INPUT_STD,
    LITE0,
    EfficientNetLite0,
    base_of,
    changed_tensors,
    packaged_state,
    unchanged_tensors,
)
from delf_lesson.deep.reduction import Pca
from delf_lesson.files import DownloadError, cache_dir, project_root, write_atomically

SHIPPED = {"base": "base", "ft": "delf", "attention": "delf"}
"""The stages whose weights are shipped, and the end of the file's name; FT is part of DELF's."""
BEGINS_WITH = {"ft": "base", "attention": "ft", "siamac": "base", "dir": "ft"}
"""The stage whose trunk a stage starts from. The authors of siaMAC started from ImageNet's weights,
those of DIR from a trunk that they had trained to classify landmarks."""
SHIPPED_GLOBAL = ("siamac", "dir")
"""The networks that describe whole images; see `global_descriptors.load_global`."""
SHIPPED_LIFT = "lift"
"""The networks of patches; see `lift.load_lift`. They have no backbone."""


@dataclass(frozen=True)
class Trained:
    """What a weights file holds: everything `Delf` needs, and the card that says how it was made.

    attention: None before stage two. reduction: fitted to the descriptors that these
    networks keep of their training images.
    """

    trunk: Trunk
    attention: Attention | None
    reduction: Pca | None
    card: dict[str, Any]


def save_weights(path: str | Path, tensors: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    """Write tensors with their card (JSON), whole or not at all.

    Matrices and filters as float16; vectors, which batch normalisation's statistics are, stay
    float32. Raises ValueError for a value that float16 cannot hold.
    """
    halves = {}
    for name, tensor in tensors.items():
        value = tensor.detach().cpu().contiguous()
        halves[name] = value.half() if value.is_floating_point() and value.ndim > 1 else value
        if not torch.isfinite(halves[name]).all():
            raise ValueError(f"tensors: {name} holds values that are not finite in float16")
    write_atomically(path, safetensors.torch.save(halves, {"card": json.dumps(dict(card))}))


def load_weights(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors as float32, and the card.

    Raises FileNotFoundError if there is no such file, ValueError if it is damaged or has no card.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"weights: there is no file {path}; name {', '.join(SHIPPED)}, imagenet or a file, or "
            "make it with `delf-lesson train`"
        )
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            card = (file.metadata() or {}).get("card")
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except safetensors.SafetensorError as error:
        raise ValueError(f"path: {path} is not a whole weights file ({error})") from error
    if card is None:
        raise ValueError(f"path: {path} has no card; wanted weights that `delf-lesson` wrote")
    # Copies, since the file is mapped: it may be rewritten while its tensors are in use.
    copies = {
        name: tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)
        for name, tensor in tensors.items()
    }
    return copies, json.loads(card)


def weights_folder() -> Path:
    """Where the shipped weights lie."""
    return project_root() / "data" / "weights"


def weights_path(weights: str | Path, backbone: str = LITE0) -> Path:
    """The file of shipped weights by their name, or the path that is given."""
    if str(weights) == SHIPPED_LIFT:
        return weights_folder() / "lift.safetensors"
    names = {**SHIPPED, **{name: name for name in SHIPPED_GLOBAL}}
    if str(weights) in names:
        return weights_folder() / f"{backbone}_{names[str(weights)]}.safetensors"
    return Path(weights)


def empty_trunk(card: Mapping[str, Any], path: Path) -> Trunk:
    """The trunk that a card describes, for the weights of its file to fill."""
    lacking = {"backbone", "mean", "std"} - set(card)
    if lacking:
        raise ValueError(f"weights: the card of {path} lacks {', '.join(sorted(lacking))}")
    return make_trunk(card["backbone"], tuple(card["mean"]), tuple(card["std"]))


def backbones() -> list[str]:
    """The names of the trunks: EfficientNet-Lite0, and torchvision's ResNets."""
    return [LITE0, *resnets()]


def make_trunk(name: str = LITE0, mean: Colour | None = None, std: Colour | None = None) -> Trunk:
    """A trunk with random weights. mean, std: of its input; by default its ImageNet weights'.

    Raises ValueError for an unknown name.
    """
    if name not in backbones():
        raise ValueError(f"name is {name!r}; wanted one of {', '.join(backbones())}")
    if name == LITE0:
        return EfficientNetLite0(mean or INPUT_MEAN, std or INPUT_STD)
    return ResNetTrunk(name, mean or IMAGENET_MEAN, std or IMAGENET_STD)


def load_trunk(weights: str | Path = "imagenet", backbone: str = LITE0) -> Trunk:
    """A trunk with its weights, ready to extract.

    weights: "imagenet" (see `imagenet_trunk`), "base", "ft" or "attention" (shipped), or a file
    that training wrote, whose card then names the backbone.
    """
    return load_trained(weights, backbone).trunk


def load_trained(weights: str | Path, backbone: str = LITE0) -> Trained:
    """The networks and the reduction of "base", "ft" or "attention", or of a weights file.

    "base" is the trunk as ImageNet trained it, with a reduction fitted on the renderings.
    "ft" is the trunk of the shipped DELF without its attention, and with its card. The reduction
    is DELF's: the two differ in the selection of cells alone. "imagenet" has no reduction.
    """
    stage = str(weights)
    if stage == "imagenet":
        trunk = imagenet_trunk(backbone)
        return Trained(trunk, None, None, {"weights": "imagenet", "backbone": backbone})
    path = weights_path(weights, backbone)
    tensors, card = load_weights(path)
    trunk = empty_trunk(card, path)
    load_into(trunk, {**unchanged_tensors(card, path), **with_prefix("trunk", tensors)}, trunk.name)
    attention = None
    if stage != "ft" and (values := with_prefix("attention", tensors)):
        attention = Attention(trunk.channels)
        load_into(attention, values, "attention")
    reduction = None
    if values := with_prefix("reduction", tensors):
        if set(values) != {"mean", "components"}:
            raise ValueError(f"weights: the reduction of {path} is not complete; train it again")
        mean, components = values["mean"].numpy(), values["components"].numpy()
        reduction = Pca(mean, components, card["reduction"])
    return Trained(trunk, attention, reduction, card["trunk"] if stage == "ft" else card)


def save_trained(path: str | Path, trained: Trained) -> None:
    """Write a file that `load_trained` reads, its card completed by what these networks need."""
    trunk, reduction = trained.trunk, trained.reduction
    tensors = {f"trunk.{name}": tensor for name, tensor in changed_tensors(trunk).items()}
    if trained.attention is not None:
        attention = trained.attention.state_dict()
        tensors |= {f"attention.{name}": tensor for name, tensor in attention.items()}
    if reduction is not None:
        tensors["reduction.mean"] = torch.from_numpy(reduction.mean)
        tensors["reduction.components"] = torch.from_numpy(reduction.components)
    card: dict[str, Any] = {"backbone": trunk.name, "mean": trunk.mean, "std": trunk.std}
    card["reduction"] = None if reduction is None else reduction.trained_on
    save_weights(path, tensors, {**card, **base_of(trunk), **trained.card})


def begin_trunk(
    stage: str, weights: str | Path | None, backbone: str = LITE0, seed: int = 0
) -> tuple[Trunk, dict[str, Any]]:
    """The trunk that a stage of training begins with, and its card; see `load_trunk`.

    weights: None stands for random ones by the seed in stage "base", for "base" in "ft" and
    "siamac", and for "ft" in "attention" and "dir".
    """
    if weights is None and stage == "base":
        torch.manual_seed(seed)
        return make_trunk(backbone), {"weights": "random", "seed": seed}
    start = load_trained(weights or BEGINS_WITH[stage], backbone)
    return start.trunk, start.card


def imagenet_trunk(backbone: str = LITE0, url: str | None = None) -> Trunk:
    """A trunk with ImageNet weights.

    Those of EfficientNet-Lite0 come with a package (see `packaged_weights`). Those of a ResNet are
    downloaded from `url`, by default torchvision's, and kept in the cache; the eight hexadecimal
    digits at the end of the file's name begin its SHA-256. Raises DownloadError if the file can't
    be fetched or isn't what its name says.
    """
    trunk = make_trunk(backbone)
    if backbone == LITE0 and url is None:
        load_into(trunk, packaged_state(), LITE0)
        return trunk
    if url is None:
        url = torchvision.models.get_model_weights(backbone).IMAGENET1K_V1.url
    path = cache_dir() / "weights" / url.rsplit("/", 1)[-1]
    if not path.is_file():
        _download(url, path)
    digest = path.stem.rsplit("-", 1)[-1]
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(digest):
        raise DownloadError(f"{path} is not the file its name promises; delete it and try again")
    load_into(trunk, torch.load(path, map_location="cpu", weights_only=True), trunk.name)
    return trunk


def _download(url: str, path: Path) -> None:
    digest = path.stem.rsplit("-", 1)[-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    remedy = f"try again, or download it elsewhere and put it at {path}"
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=digest, progress=False)
    except RuntimeError as error:  # of the wrong hash; nothing is left at path
        raise DownloadError(
            f"{url} is not the file its name promises ({error}); {remedy}"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{url} could not be fetched ({error}); {remedy}") from error


def with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names start with `prefix.`, without that prefix."""
    start = f"{prefix}."
    return {name[len(start) :]: t for name, t in tensors.items() if name.startswith(start)}


def load_into(network: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    """Load the tensors that a network needs; ValueError if one is missing or of another shape."""
    wanted = network.state_dict()
    missing = set(wanted) - set(tensors)
    odd = [n for n in wanted if n in tensors and wanted[n].shape != tensors[n].shape]
    if missing or odd:
        first = sorted(missing)[0] if missing else odd[0]
        raise ValueError(f"weights do not fit {name}: {first} is missing or of another shape")
    network.load_state_dict({n: tensors[n] for n in wanted})
    network.eval()
