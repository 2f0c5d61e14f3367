"""Where cells look beside their receptive field's centre: our trunks, ImageNet's, an untrained one.

python tests/benchmarks/localisation_bias.py [--weights FILE]...
"""

import argparse

import torch

from delf_lesson.classroom.experiments import localisation_bias
from delf_lesson.datasets.rendered import rendered_images
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.weights import load_trunk, make_trunk


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", action="append", default=[], help="also a file, or imagenet")
    options = parser.parse_args()
    images = [
        p.read() for p in rendered_images("albion") if p.view == "good" and p.role == "database"
    ]
    torch.manual_seed(0)
    trunks = {"untrained": make_trunk("resnet18").eval()}
    trunks |= {name: load_trunk(name) for name in ("base", "ft", *options.weights)}
    for name, trunk in trunks.items():
        x, y = localisation_bias(Delf(trunk, cell_anchor="field"), images[::12])
        print(f"{name}: {x:.1f} pixels to the right, {y:.1f} down", flush=True)


if __name__ == "__main__":
    main()
