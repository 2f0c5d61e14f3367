"""Our Harris and SIFT beside OpenCV's: agreement, mAP, time and memory.

Agreement and mAP are of the rendered cities; time is a ratio within this run, for one picture
of 480x360 pixels, and memory what extracting it adds to a process of its own.

    python tests/benchmarks/classical_against_opencv.py [--images 100] [--no-retrieval]
"""

import argparse
import subprocess
import sys
import time

import cv2
import numpy as np

from delf_lesson.classical.harris import harris_response, structure_tensor
from delf_lesson.classical.sift import OpenCVSift, Sift
from delf_lesson.datasets import load
from delf_lesson.datasets.rendered import CITIES, rendered_images
from delf_lesson.evaluation.report import evaluate
from delf_lesson.images import to_grey
from delf_lesson.systems.registry import find_system

STRONGEST = 500
BLOCK = 5  # pixels, the side of cornerHarris's window
REPEATS = 15


def agreement(image: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Share of OpenCV's strongest keypoints that ours has, cosines there, Harris correlation."""
    theirs = OpenCVSift(STRONGEST, root=False).extract(image)
    ours = Sift(root=False, max_keypoints=100_000).extract(image)
    near = np.linalg.norm(theirs.xy[:, None] - ours.xy[None], axis=2) <= 1.5
    like = np.abs(np.log(theirs.scales[:, None] / ours.scales[None])) <= np.log(1.15)
    common = near & like
    cosine = np.where(common, theirs.descriptors @ ours.descriptors.T, -1).max(axis=1)
    has = common.any(axis=1)

    grey = to_grey(image)
    sigma = np.sqrt((BLOCK**2 - 1) / 12)
    response = harris_response(structure_tensor(grey, sigma, window="box"))
    reference = cv2.cornerHarris(grey, BLOCK, 3, 0.04, borderType=cv2.BORDER_REFLECT_101)
    correlation = np.corrcoef(response.ravel(), reference.ravel())[0, 1]
    return has.mean(), cosine[has], correlation


def median_seconds(work) -> float:
    """The median of several runs; the first warms up."""
    work()
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def peak_mebibytes(extractor: str) -> float:
    """Memory that extracting one picture adds to a process of its own, at its peak (Linux)."""
    program = (
        "from delf_lesson.classical.sift import OpenCVSift\n"
        "from delf_lesson.classical.sift import Sift\n"
        "from delf_lesson.datasets.rendered import rendered_images\n"
        "def kibibytes(key):\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return next(int(line.split()[1]) for line in lines if line.startswith(key))\n"
        "image = rendered_images('albion')[0].read()\n"
        "before = kibibytes('VmRSS')\n"
        f"{extractor}.extract(image)\n"
        "print(kibibytes('VmHWM') - before)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return int(run.stdout) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--no-retrieval", action="store_true")
    options = parser.parse_args()

    shown = [p for city in CITIES for p in rendered_images(city) if p.role != "query"]
    step = len(shown) / options.images
    shown = [shown[int(k * step)] for k in range(options.images)]
    shares, cosines, correlations = zip(*(agreement(p.read()) for p in shown), strict=True)
    print(f"{len(shown)} pictures of the cities")
    print(
        f"OpenCV's {STRONGEST} strongest keypoints that ours has: mean {np.mean(shares):.3f}, "
        f"least {np.min(shares):.3f}"
    )
    tenth, half = np.percentile(np.concatenate(cosines), [10, 50])
    print(
        f"cosine of descriptors at common keypoints: median {half:.4f}, a tenth below {tenth:.3f}"
    )
    print(f"Harris, correlation with cornerHarris: least {min(correlations):.6f}")

    odd = [agreement(p.read()[: p.size[1] - 7, : p.size[0] - 15])[0] for p in shown[:20]]
    print(f"the same share for 20 of them cut to odd sides: mean {np.mean(odd):.3f}")

    image = rendered_images("albion")[0].read()
    ours = median_seconds(lambda: Sift().extract(image))
    theirs = median_seconds(lambda: OpenCVSift().extract(image))
    count = len(Sift().extract(image))
    print(f"SIFT at {image.shape[1]}x{image.shape[0]}, {count} features: {ours / theirs:.1f}x")
    print(f"memory added: ours {peak_mebibytes('Sift()'):.0f} MiB, ", end="")
    print(f"OpenCV {peak_mebibytes('OpenCVSift()'):.0f} MiB")

    if not options.no_retrieval:
        for city in CITIES:
            benchmark = load(city)
            for name in ("OpenCV-SIFT", "SIFT", "OpenCV-RootSIFT", "RootSIFT", "Harris+SIFT"):
                retriever = find_system(name).retriever()
                retriever.add(benchmark.images)
                mean = evaluate(retriever, benchmark).mean_average_precision
                print(f"{city} {name}: mAP {mean:.3f}", flush=True)


if __name__ == "__main__":
    main()
