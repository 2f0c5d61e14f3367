"""Images a second of extraction from files, beside the bare trunk on the same pyramid; of training.

    python tests/benchmarks/extraction_throughput.py [--backbone resnet50] [--device cuda]
        [--batch 8] [--bf16] [--images 64] [--size 1024x768]

The bare trunk has its input on the device already, in batches of the same size and precision, and
nothing is done with what it gives. Extraction reads JPEG files, resizes, scores, selects, reduces.
Training is stage one from files, beside forward and backward on one batch that is there already.
Weights are random: speed does not depend on their values.
"""

import argparse
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from delf_lesson.datasets.rendered import rendered_images
from delf_lesson.deep.delf import Attention, Delf
from delf_lesson.deep.reduction import Pca
from delf_lesson.deep.weights import make_trunk
from delf_lesson.images import read_image
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.training.delf_training import TrunkClassifier, train
from delf_lesson.training.recipes import Recipe
from delf_lesson.training.training_data import ClassificationDataset

CLASSES = 8


def photographs(folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """Files as a camera's: pictures of the benchmark enlarged, JPEG of quality 90."""
    shown = rendered_images("distractors")
    paths = []
    for number in range(count):
        image = cv2.resize(shown[number % len(shown)].read(), size)
        paths.append(folder / f"{number:04}.jpg")
        cv2.imwrite(str(paths[-1]), image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    return paths


def wait(device: str) -> float:
    """The time when the device has done all that it was given."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


@torch.inference_mode()
def bare(extractor: Delf, image: np.ndarray, images: int) -> float:
    """Images a second of the trunk alone over the pyramid."""
    levels = [
        torch.from_numpy(np.repeat(level[None], extractor.batch, 0))
        .to(extractor.device)
        .permute(0, 3, 1, 2)
        .float()
        / 255
        for level in extractor.prepare(image).levels
    ]
    kind = torch.device(extractor.device).type

    def once() -> None:
        with torch.autocast(kind, torch.bfloat16, enabled=extractor.bf16):
            for level in levels:
                extractor.trunk(level)

    once()
    rounds = max(1, images // extractor.batch)
    started = wait(extractor.device)
    for _ in range(rounds):
        once()
    return rounds * extractor.batch / (wait(extractor.device) - started)


def extraction(extractor: Delf, paths: list[Path]) -> float:
    """Images a second from files to features."""
    database = ImageDatabase(extractor)
    list(database.describe_all(paths[: extractor.batch]))
    started = wait(extractor.device)
    descriptions = list(database.describe_all(paths))
    seconds = wait(extractor.device) - started
    assert all(len(features) == extractor.max_features for features in descriptions)
    return len(descriptions) / seconds


def bare_training(backbone: str, recipe: Recipe, device: str, steps: int) -> float:
    """Pictures a second of forward and backward on one batch."""
    model = TrunkClassifier(make_trunk(backbone), [CLASSES]).to(device)
    model.to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, nesterov=True)
    images = torch.rand(recipe.batch, 3, recipe.size, recipe.size, device=device)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.arange(recipe.batch, device=device) % CLASSES
    kind = torch.device(device).type

    def once() -> None:
        with torch.autocast(kind, torch.bfloat16, enabled=recipe.bf16):
            logits = model(images)[0]
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(logits.float(), labels).backward()
        optimiser.step()

    once()
    started = wait(device)
    for _ in range(steps):
        once()
    return steps * recipe.batch / (wait(device) - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--size", default="1024x768")
    parser.add_argument("--training-batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=1, help="that read training pictures")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    torch.manual_seed(0)
    trunk = make_trunk(options.backbone)
    reduction = Pca(np.zeros(trunk.channels), np.eye(trunk.channels)[:40], "nothing")
    extractor = Delf(
        trunk,
        Attention(trunk.channels),
        reduction,
        max_side=max(width, height),
        device=options.device,
        bf16=options.bf16,
        batch=options.batch,
    )
    name = torch.cuda.get_device_name() if options.device.startswith("cuda") else "processor"
    half = ", bf16" if options.bf16 else ""
    print(f"{options.backbone} on {name}, {options.size}, batches of {options.batch}{half}")
    with TemporaryDirectory() as folder:
        paths = photographs(Path(folder), options.images, (width, height))
        alone = bare(extractor, read_image(paths[0]), options.images)
        whole = extraction(extractor, paths)
        print(f"bare trunk {alone:.2f} images/s, extraction {whole:.2f}: {whole / alone:.2f} of it")
        recipe = Recipe(
            epochs=1,
            batch=options.training_batch,
            size=224,
            bf16=options.bf16,
            workers=options.workers,
        )
        count = 4 * recipe.batch
        readers = [partial(read_image, paths[k % len(paths)]) for k in range(count)]
        labels = (np.arange(count, dtype=np.int64) % CLASSES)[:, None]
        classes = {"landmark": tuple(str(number) for number in range(CLASSES))}
        data = ClassificationDataset(readers, labels, classes, "enlarged")
        alone = bare_training(options.backbone, recipe, options.device, 4)
        run = train(
            "ft",
            make_trunk(options.backbone),
            data,
            Path(folder) / "run",
            recipe,
            options.device,
            reduce_to=None,
        )
        (metrics,) = run
        whole = metrics.pictures_per_second
        print(f"training {alone:.1f} pictures/s bare, from files {whole:.1f}: {whole / alone:.2f}")


if __name__ == "__main__":
    main()
