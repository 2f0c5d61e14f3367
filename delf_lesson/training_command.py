"""`delf-lesson train`: the stages of training from the command line (notebooks 04 and 05)."""

from pathlib import Path
from typing import Any

import click

from delf_lesson.files import DownloadError


@click.command()
@click.argument("stage", type=click.Choice(["base", "ft", "attention"]))
@click.option(
    "--data",
    default="rendered",
    show_default=True,
    help="The shipped rendered set, or a folder with one sub-folder a class.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for checkpoint, metrics and weights; a run that stopped goes on there.",
)
@click.option("--backbone", default="resnet18", show_default=True, help="A torchvision ResNet.")
@click.option(
    "--weights",
    help="What the trunk begins with: imagenet, base, ft, attention, or a weights file. By "
    "default nothing for base, base for ft, and ft for attention.",
)
@click.option("--epochs", type=click.IntRange(1), help="Instead of the stage's own number.")
@click.option("--batch", type=click.IntRange(1), help="Pictures a step, over all processes.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Highest learning rate.")
@click.option("--size", type=click.IntRange(32), help="Side of a crop in pixels.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(0))
@click.option("--device", default="cpu", show_default=True, help="Where torch computes, as cuda.")
@click.option("--bf16/--no-bf16", default=False, show_default=True, help="Half precision.")
def train(
    stage: str, data: str, out: Path, backbone: str, weights: str | None, device: str, **recipe: Any
) -> None:
    """Train the trunk (base, then ft on landmarks) or the attention on a frozen trunk.

    With several processes: torchrun --nproc-per-node N -m delf_lesson train STAGE ...
    """
    import os
    from dataclasses import replace

    import torch

    from delf_lesson.deep import recipes, training
    from delf_lesson.deep.backbone import resnets
    from delf_lesson.deep.training_data import choose_data
    from delf_lesson.deep.weights import SHIPPED, begin_trunk

    if backbone not in resnets():
        raise click.BadParameter(
            f"backbone: there is no {backbone!r}; choose one of {', '.join(resnets())}"
        )
    if weights not in (None, "imagenet", *SHIPPED) and not Path(str(weights)).is_file():
        raise click.BadParameter(
            f"weights: {weights} is no file; give one, or imagenet, {', '.join(SHIPPED)}"
        )
    if data != "rendered" and not Path(data).is_dir():
        raise click.BadParameter(f"data: {data} is no folder; give one, or rendered")
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise click.BadParameter(f"device: {device} cannot be used here ({error})") from error
    first = os.environ.get("RANK", "0") == "0"  # of several processes one speaks
    given = {name: value for name, value in recipe.items() if value is not None}
    try:
        plan = replace(recipes.RECIPES[stage], **given)  # type: ignore[index]
        trunk, card = begin_trunk(stage, weights, backbone, plan.seed)
        pictures = choose_data(stage, data)
        run = training.train(stage, trunk, pictures, out, plan, device, {"trunk": card})  # type: ignore[arg-type]
        for one in run:
            line = (
                f"epoch {one.epoch + 1} of {plan.epochs}: loss {one.loss:.3f}, "
                f"right {one.accuracy:.3f}, {one.pictures_per_second:.0f} pictures a second"
            )
            if first:
                click.echo(line, err=True)
    except (OSError, ValueError, DownloadError) as error:
        raise click.ClickException(str(error)) from error
    if first:
        click.echo(f"weights in {out / f'{stage}.safetensors'}")
