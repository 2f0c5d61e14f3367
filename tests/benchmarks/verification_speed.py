"""Speed of verification: pairs a second, against scikit-image's RANSAC and OpenCV's matcher.

Fitting alone. Pairs of images of 640x480 with 200 putative matches each. A share of the matches
follows one affine transformation (rotation up to 34 degrees, zoom up to 2, stretch up to 2, noise
of 2 px). The other matches are random. A pair counts as found if it has more inliers than all but
1% of the false pairs, whose matches are all random. Of pairs with exactly that many inliers, a
share counts, so that false pairs reach 1%. Seconds are the processor's, so that other work of the
machine does not count.

Matching and fitting, as a search does for its first 100 images. A query and 100 images have 1000
features of 40 numbers each. Ten images show 200 features of the query, moved by an affine
transformation. The others are unrelated. Seconds are those of the clock, the best of five runs.

    python tests/benchmarks/verification_speed.py [--pairs 100]
"""

import argparse
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from skimage.measure import ransac as skimage_ransac
from skimage.transform import AffineTransform

from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.retrieval import matching
from delf_lesson.retrieval.matching import PairMatcher, verify_candidates
from delf_lesson.retrieval.ransac import ransac
from delf_lesson.retrieval.verification import transform, verify
from delf_lesson.retrieval.voting import Result

MATCHES, THRESHOLD, TRIALS, NOISE = 200, 20.0, 1000, 2.0
SIZE = np.array([640.0, 480.0])
RATIOS = (0.05, 0.10, 0.20, 0.40)
FALSE_ALARMS = 0.01
FEATURES, DIMENSIONS, CANDIDATES, SHARED = 1000, 40, 100, 200
RUNS = 5
Pair = tuple[np.ndarray, np.ndarray]
Method = Callable[[np.ndarray, np.ndarray], int]


def rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def viewpoint(rng: np.random.Generator) -> np.ndarray:
    """A change of viewpoint about the middle of the image (3, 3)."""
    zoom, squeeze = np.exp(rng.uniform(-0.7, 0.7)), np.exp(rng.uniform(0, 0.7))
    axis = rotation(rng.uniform(0, np.pi))
    matrix = np.eye(3)
    matrix[:2, :2] = zoom * rotation(rng.uniform(-0.6, 0.6)) @ axis @ np.diag([1, 1 / squeeze])
    matrix[:2, :2] = matrix[:2, :2] @ axis.T
    middle = SIZE / 2
    matrix[:2, 2] = middle - matrix[:2, :2] @ middle + rng.uniform(-40, 40, 2)
    return matrix


def pair(rng: np.random.Generator, ratio: float) -> Pair:
    query, image = rng.uniform(0, 1, (2, MATCHES, 2)) * SIZE
    right = round(ratio * MATCHES)
    while right:
        matrix = viewpoint(rng)
        points = rng.uniform(0, 1, (3000, 2)) * SIZE
        there = transform(matrix, points)
        seen = ((there >= 0) & (there < SIZE)).all(axis=1)
        if seen.sum() >= right:
            query[:right] = points[seen][:right]
            image[:right] = there[seen][:right] + rng.normal(0, NOISE, (right, 2))
            break
    order = rng.permutation(MATCHES)
    return query[order], image[order]


def by_skimage(query: np.ndarray, image: np.ndarray) -> int:
    _, inliers = skimage_ransac(
        (query, image),
        AffineTransform,
        min_samples=3,
        residual_threshold=THRESHOLD,
        max_trials=TRIALS,
        rng=0,
    )
    return 0 if inliers is None else int(inliers.sum())


def by_opencv(query: np.ndarray, image: np.ndarray) -> int:
    inliers = cv2.estimateAffine2D(
        query, image, method=cv2.RANSAC, ransacReprojThreshold=THRESHOLD, maxIters=TRIALS
    )[1]
    return 0 if inliers is None else int(inliers.sum())


METHODS: dict[str, Method] = {
    "scikit-image": by_skimage,
    "read (NumPy)": lambda q, i: ransac(q, i, THRESHOLD, TRIALS).count,
    "OpenCV alone": by_opencv,
    "verify": lambda q, i: verify(q, i, threshold=THRESHOLD, trials=TRIALS).count,
}


def counted(method: Method, pairs: Sequence[Pair]) -> tuple[np.ndarray, float]:
    """Inliers of each pair, and the processor's seconds a pair, of all threads together."""
    started = time.process_time()
    counts = [method(*points) for points in pairs]
    return np.array(counts), (time.process_time() - started) / len(pairs)


def share_found(true: np.ndarray, false: np.ndarray) -> float:
    needed = np.sort(false)[::-1][int(FALSE_ALARMS * len(false))]
    above, at = (false > needed).mean(), (false == needed).mean()
    return (true > needed).mean() + (true == needed).mean() * (FALSE_ALARMS - above) / at


def features(rng: np.random.Generator) -> LocalFeatures:
    rows = l2_normalise(rng.normal(size=(FEATURES, DIMENSIONS)))
    ones = np.ones(FEATURES)
    return LocalFeatures(rng.uniform(0, 1, (FEATURES, 2)) * SIZE, rows, ones, ones, SIZE)


def second_view(query: LocalFeatures, rng: np.random.Generator) -> LocalFeatures:
    """An image that shows `SHARED` features of the query."""
    image = features(rng)
    xy, rows = image.xy.copy(), image.descriptors.copy()
    xy[:SHARED] = transform(viewpoint(rng), query.xy[:SHARED]) + rng.normal(0, NOISE, (SHARED, 2))
    rows[:SHARED] = query.descriptors[:SHARED] + rng.normal(0, 0.08, (SHARED, DIMENSIONS))
    return LocalFeatures(xy, l2_normalise(rows), image.scores, image.scales, SIZE)


def seconds(function: Callable[[], object]) -> float:
    """The best of some runs, by the clock."""
    spent = []
    for _ in range(RUNS):
        started = time.perf_counter()
        function()
        spent.append(time.perf_counter() - started)
    return min(spent)


def report_matching(rng: np.random.Generator) -> None:
    query = features(rng)
    images = {str(k): features(rng) for k in range(CANDIDATES - 10)}
    images |= {f"view {k}": second_view(query, rng) for k in range(10)}
    results = {k: Result(name, 0.0, 0, 1.0) for k, name in enumerate(images)}
    matcher, by_opencv = PairMatcher(query.descriptors), cv2.BFMatcher(cv2.NORM_L2, crossCheck=True)

    def searched(threads: int) -> Callable[[], object]:
        def work() -> dict[int, Result]:
            matching.THREADS = threads
            return verify_candidates(
                results, query, images, None, None, "affine", 0.04, minimum_inliers=20, seed=0
            )

        return work

    found = searched(1)()
    views = [result.inliers for k, result in found.items() if result.image.startswith("view")]
    others = [result.inliers for k, result in found.items() if result.image.isdigit()]
    print(f"inliers of views {min(views)} to {max(views)}, of others {max(others)} at most")
    rates = {
        "OpenCV's matcher alone": lambda: [
            by_opencv.match(query.descriptors, image.descriptors) for image in images.values()
        ],
        "PairMatcher alone": lambda: [
            matcher.match(image.descriptors) for image in images.values()
        ],
        "matched and verified, 1 thread": searched(1),
        "matched and verified, 2 threads": searched(2),
    }
    base = 0.0
    for name, work in rates.items():
        spent = seconds(work)
        base = base or spent
        print(f"{name:32} {CANDIDATES / spent:6.0f} pairs a second ({base / spent:4.1f}x)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100, help="of each kind; false ones threefold")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    false = [pair(rng, 0.0) for _ in range(3 * options.pairs)]
    true = {ratio: [pair(rng, ratio) for _ in range(options.pairs)] for ratio in RATIOS}
    print(
        f"{MATCHES} matches, {THRESHOLD:g} px, {TRIALS} trials, {options.pairs} true pairs a ratio"
    )
    print("inliers:       none  " + "  ".join(f"{ratio:12.0%}" for ratio in RATIOS))
    slow: list[float] = []
    for name, method in METHODS.items():
        noise, seconds = counted(method, false)
        by_ratio = {ratio: counted(method, pairs) for ratio, pairs in true.items()}
        times = [seconds, *(spent for _, spent in by_ratio.values())]
        slow = slow or times
        rates = "  ".join(
            f"{1 / spent:6.0f} ({base / spent:4.0f}x)"
            for spent, base in zip(times, slow, strict=True)
        )
        print(f"{name:14} pairs a second (against scikit-image): {rates}")
        shares = "  ".join(f"{share_found(counts, noise):.2f}" for counts, _ in by_ratio.values())
        print(f"{'':14} true pairs found at {FALSE_ALARMS:.0%} false alarms: {shares}", flush=True)
    print(f"\n{CANDIDATES} images, {FEATURES} features of {DIMENSIONS} numbers each")
    report_matching(rng)


if __name__ == "__main__":
    main()
