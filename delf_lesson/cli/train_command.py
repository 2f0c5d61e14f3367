"""`delf-lesson train`: the networks from the command line (labs 04, 05 and 07)."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delf_lesson.files import DownloadError

if TYPE_CHECKING:
    from delf_lesson.training.checkpoints import Metrics


@dataclass(frozen=True)
class Asked:
    """What the command was asked for; given: the parts of a recipe that were named."""

    stage: str
    data: str
    out: Path
    backbone: str
    weights: str | None
    device: str
    given: dict[str, Any]

    def plan(self, recipe: Any) -> Any:
        """The recipe with what was asked for; an option that it does not know is refused."""
        odd = sorted(self.given.keys() - {field.name for field in fields(recipe)})
        if odd:
            raise click.BadParameter(f"{self.stage} has no option --{odd[0]}; leave it out")
        return replace(recipe, **self.given)


STAGES = ("base", "ft", "attention")
METRIC = ("siamac", "dir")


@click.command()
@click.argument("stage", type=click.Choice([*STAGES, *METRIC, "lift"]))
@click.option(
    "--data",
    default="rendered",
    show_default=True,
    help="The shipped rendered set; google-landmarks, what was fetched of it; or a folder with "
    "one sub-folder a class.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for checkpoint, metrics and weights; a run that stopped goes on there.",
)
@click.option(
    "--backbone",
    default="efficientnet_lite0",
    show_default=True,
    help="efficientnet_lite0, or a torchvision ResNet.",
)
@click.option(
    "--weights",
    help="What the trunk begins with: imagenet, base, ft, attention, or a weights file. By "
    "default nothing for base, base for ft and siamac, ft for attention and dir.",
)
@click.option(
    "--epochs",
    type=click.IntRange(0),
    help="Instead of the stage's own number. 0 keeps the networks of base, ft or attention as they "
    "are, and fits the reduction.",
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    help="Pictures a step, over all processes; tuples for siamac and dir, points for lift.",
)
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Highest learning rate.")
@click.option(
    "--size",
    type=click.IntRange(32),
    help="Side of a crop in pixels; for siamac and dir, the longer side of a picture.",
)
@click.option("--tuples", type=click.IntRange(1), help="An epoch, of siamac and dir.")
@click.option(
    "--pool",
    type=click.IntRange(1),
    help="Pictures that siamac and dir look for hard negatives in, each epoch others.",
)
@click.option("--seed", type=click.IntRange(0), help="0 by default.")
@click.option("--workers", type=click.IntRange(0), help="That read pictures, 1 by default.")
@click.option("--device", default="cpu", show_default=True, help="Where torch computes, as cuda.")
@click.option("--bf16/--no-bf16", default=None, help="Half precision.")
@click.option("--pooling", type=click.Choice(["mac", "gem", "rmac"]), help="Of siamac and dir.")
def train(
    stage: str, data: str, out: Path, backbone: str, weights: str | None, device: str, **recipe: Any
) -> None:
    """Train one network on the rendered landmarks or your own, and write its weights.

    DELF: base, then ft on landmarks, then attention on the frozen trunk. Whole images: siamac, dir.
    Patches: lift, of the rendered landmarks only, as it needs points known in several pictures.
    With several processes (DELF only): torchrun --nproc-per-node N -m delf_lesson train STAGE ...
    """
    import os

    import torch

    from delf_lesson.deep.weights import SHIPPED, backbones
    from delf_lesson.training.training_data import GOOGLE

    if backbone not in backbones():
        raise click.BadParameter(
            f"backbone: there is no {backbone!r}; choose one of {', '.join(backbones())}"
        )
    if weights not in (None, "imagenet", *SHIPPED) and not Path(str(weights)).is_file():
        raise click.BadParameter(
            f"weights: {weights} is no file; give one, or imagenet, {', '.join(SHIPPED)}"
        )
    if data not in ("rendered", GOOGLE) and not Path(data).is_dir():
        raise click.BadParameter(f"data: {data} is no folder; give one, or rendered, or {GOOGLE}")
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise click.BadParameter(f"device: {device} cannot be used here ({error})") from error
    first = os.environ.get("RANK", "0") == "0"  # of several processes one speaks
    given = {name: value for name, value in recipe.items() if value is not None}
    try:
        asked = Asked(stage, data, out, backbone, weights, device, given)
        begin = _lift if stage == "lift" else _metric if stage in METRIC else _classification
        for of_how_many, one in begin(asked):
            line = (
                f"epoch {one.epoch + 1} of {of_how_many}: loss {one.loss:.3f}, "
                f"right {one.accuracy:.3f}, {one.pictures_per_second:.0f} pictures a second"
            )
            if first:
                click.echo(line, err=True)
    except (OSError, ValueError, DownloadError) as error:
        raise click.ClickException(str(error)) from error
    if first:
        click.echo(f"weights in {out / f'{stage}.safetensors'}")


def _classification(asked: Asked) -> Iterator[tuple[str, "Metrics"]]:
    from delf_lesson.deep.weights import begin_trunk
    from delf_lesson.training import delf_training as training
    from delf_lesson.training.recipes import recipe_for
    from delf_lesson.training.training_data import choose_data

    stage: Any = asked.stage  # one of STAGES
    seed = asked.given.get("seed", 0)
    trunk, card = begin_trunk(stage, asked.weights, asked.backbone, seed)
    plan = asked.plan(recipe_for(stage, trunk.name))
    pictures = choose_data(stage, asked.data)
    out, device, card = asked.out, asked.device, {"trunk": card}
    run = training.train(stage, trunk, pictures, out, plan, device, card)
    return ((str(plan.epochs), one) for one in run)


def _metric(asked: Asked) -> Iterator[tuple[str, "Metrics"]]:
    from delf_lesson.deep.weights import begin_trunk
    from delf_lesson.training.metric_learning import labelled_tuples, rendered_tuples
    from delf_lesson.training.metric_training import metric_recipe_for, train_metric
    from delf_lesson.training.training_data import choose_data

    trunk, card = begin_trunk(asked.stage, asked.weights, asked.backbone)
    plan = asked.plan(metric_recipe_for(asked.stage, trunk.name))
    if asked.data == "rendered":
        if "size" in asked.given:
            raise click.BadParameter("size: rendered pictures stay as they are; leave out --size")
        related = rendered_tuples()
    else:
        related = labelled_tuples(choose_data("ft", asked.data), plan.size)
    run = train_metric(asked.stage, trunk, related, asked.out, plan, asked.device, {"trunk": card})
    return ((str(plan.epochs), one) for one in run)


def _lift(asked: Asked) -> Iterator[tuple[str, "Metrics"]]:
    from delf_lesson.training.lift_patches import rendered_patches
    from delf_lesson.training.lift_training import PARTS, LiftRecipe, train_lift

    if asked.data != "rendered" or asked.weights is not None:
        raise click.BadParameter(
            "lift learns from the rendered set and begins with nothing; leave out --data and "
            "--weights"
        )
    given = dict(asked.given)
    if "epochs" in given:
        given["epochs"] = (given["epochs"],) * len(PARTS)
    if "rate" in given:
        given["rates"] = (given.pop("rate"),) * len(PARTS)
    plan = replace(asked, given=given).plan(LiftRecipe())
    run = train_lift(rendered_patches(), asked.out, plan, asked.device)
    return ((f"{plan.epochs[PARTS.index(part)]}, {part}", one) for part, one in run)
