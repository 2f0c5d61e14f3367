"""What DELF's extraction costs beyond its networks, beside another trunk, and the memory.

Ratios within this run, on random weights: speed does not depend on their values.

    python tests/benchmarks/delf_speed.py [--backbone efficientnet_lite0] [--against resnet18]
        [--threads 1] [--repeats 5]
"""

import argparse
import subprocess
import sys
import time

import numpy as np
import torch

from delf_lesson.deep.delf import SCALES, Attention, Delf
from delf_lesson.deep.efficientnet import LITE0
from delf_lesson.deep.reduction import Pca
from delf_lesson.deep.weights import make_trunk
from delf_lesson.images import rescale

WIDTH, HEIGHT = 640, 480


def delf(backbone: str, **settings: object) -> Delf:
    torch.manual_seed(0)
    trunk = make_trunk(backbone)
    channels = trunk.channels
    reduction = Pca(np.zeros(channels), np.eye(channels)[:40], "nothing")
    return Delf(trunk, Attention(channels), reduction, max_side=4096, **settings)


def seconds(works, repeats: int) -> list[float]:
    """The median time of each work; they take turns, so that all meet the same disturbances."""
    taken = []
    for _ in range(repeats + 1):
        times = []
        for work in works:
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
        taken.append(times)
    return np.median(taken[1:], axis=0).tolist()  # the first round warms up


def pyramid(image: np.ndarray) -> list[torch.Tensor]:
    """The tensors that extraction gives to its trunk."""
    resized = [rescale(image, scale) for scale in SCALES]
    return [torch.from_numpy(level[None]).permute(0, 3, 1, 2).float() / 255 for level in resized]


@torch.inference_mode()
def networks(extractor: Delf, tensors: list[torch.Tensor]) -> None:
    """The trunk and the attention alone, in float32."""
    for tensor in tensors:
        extractor.attention(extractor.trunk(tensor))


def peak_mebibytes(backbone: str) -> float:
    """Memory that extracting 1024x768 adds to a process of its own, at its peak (Linux)."""
    program = (
        "import sys; sys.path.insert(0, 'tests/benchmarks')\n"
        "import numpy as np\n"
        "from delf_speed import delf\n"
        "def kibibytes(key):\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return next(int(line.split()[1]) for line in lines if line.startswith(key))\n"
        f"extractor = delf({backbone!r})\n"
        "before = kibibytes('VmRSS')\n"
        "extractor.extract(np.zeros((768, 1024, 3), np.uint8))\n"
        "print(kibibytes('VmHWM') - before)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return int(run.stdout) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default=LITE0)
    parser.add_argument("--against", default="resnet18")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    plain, half = delf(options.backbone), delf(options.backbone, bf16=True)
    other = delf(options.against)
    tensors = pyramid(image)
    works = (
        lambda: networks(plain, tensors),
        lambda: plain.extract(image),
        lambda: half.extract(image),
        lambda: other.extract(image),
    )
    bare, whole, halved, others = seconds(works, options.repeats)
    print(f"{options.backbone}, {WIDTH}x{HEIGHT}, {len(SCALES)} scales, {options.threads} threads")
    print(f"extract: {whole:.2f} s; over trunk and attention alone: {whole / bare:.2f}x")
    print(f"in bfloat16: {halved / whole:.2f}x")
    print(f"{options.against}: {others:.2f} s, {others / whole:.2f}x")
    print(f"memory added at 1024x768: {peak_mebibytes(options.backbone):.0f} MiB")


if __name__ == "__main__":
    main()
