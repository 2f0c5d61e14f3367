"""Exercises of lab 06: the reduction of descriptors, and votes."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.deep.reduction import Projection
from delf_lesson.features import l2_normalise
from delf_lesson.retrieval.voting import Neighbours, group_by_image, votes


def l2_pca_l2(rows: NDArray, mean: NDArray, components: NDArray) -> NDArray[np.float32]:
    """The package's `Projection.apply`."""
    return Projection(mean, components, "an exercise").apply(rows)


def _projections(rng: np.random.Generator) -> Sequence[Case]:
    rows = rng.gamma(1, 3, (9, 8)).astype(np.float32)
    basis = np.linalg.qr(rng.normal(size=(8, 8)))[0].astype(np.float32)
    mean = l2_normalise(rows).mean(axis=0)
    plane = np.array([[3.0, 4], [0, 2]])
    return [
        Case(
            "two descriptors of two numbers, one component",
            (plane, np.array([0.2, 0.3]), np.array([[0.6, 0.8]])),
        ),
        Case("random descriptors, three components", (rows, mean, basis[:3])),
    ]


def _whitened(rows: NDArray, mean: NDArray, components: NDArray) -> NDArray:
    projected = (l2_normalise(rows) - mean) @ components.T
    return l2_normalise(projected / projected.std(axis=0))


def vote_counting(images: NDArray, similarities: NDArray, count: int) -> NDArray[np.float64]:
    """The package's `votes` of `group_by_image`."""
    neighbours = Neighbours(
        images.astype(np.int64), np.zeros(images.shape, np.int64), similarities.astype(np.float32)
    )
    return votes(group_by_image(neighbours), count)


def _neighbours(rng: np.random.Generator) -> Sequence[Case]:
    simple = np.array([[0, 1, 2]]), np.array([[0.9, 0.7, 0.4]])
    twice = np.array([[1, 1, 0, 2]]), np.array([[0.9, 0.8, 0.6, 0.5]])
    images = rng.integers(0, 5, (12, 8))
    similarities = -np.sort(-rng.uniform(0, 1, images.shape), axis=1)
    missing = images.copy()
    missing[:6, 5:] = -1
    fewer = np.where(missing < 0, 0.0, similarities)
    return [
        Case("one feature with three neighbours", (*simple, 3)),
        Case("one feature with two neighbours in one image", (*twice, 4)),
        Case("twelve features with eight neighbours each", (images, similarities, 5)),
        Case("features with fewer neighbours (-1 stands for none)", (missing, fewer, 6)),
    ]


def _counted(
    weigh: Callable[[NDArray, NDArray], NDArray], once: bool = True, missing: bool = False
) -> Callable[[NDArray, NDArray, int], NDArray]:
    """Votes by other weights of (images, similarities), or with every neighbour counting."""

    def counted(images: NDArray, similarities: NDArray, count: int) -> NDArray:
        total = np.zeros(count)
        for row, weights in zip(images, weigh(images, similarities), strict=True):
            seen = set()
            for image, weight in zip(row.tolist(), weights.tolist(), strict=True):
                if (image < 0 and not missing) or (once and image in seen):
                    continue
                seen.add(image)
                total[image] += weight
        return total

    return counted


def _nearer(images: NDArray, similarities: NDArray) -> NDArray:
    listed = np.where(images < 0, np.inf, similarities)
    return similarities - listed.min(axis=1, keepdims=True)


EXERCISES = (
    Exercise(
        name="l2_pca_l2",
        notebook="06_retrieval_pipeline",
        task="DELF's reduction: unit length, PCA without whitening, unit length.",
        points=2,
        reference=l2_pca_l2,
        cases=_projections,
        mistakes=(
            Mistake(
                "The mean is not taken off before the projection.",
                lambda rows, mean, components: l2_normalise(l2_normalise(rows) @ components.T),
            ),
            Mistake(
                "The first normalisation is missing: the mean is that of *unit* descriptors.",
                lambda rows, mean, components: l2_normalise((rows - mean) @ components.T),
            ),
            Mistake(
                "The last normalisation is missing. What PCA leaves is shorter than 1, and "
                "distances of descriptors of different length mean little.",
                lambda rows, mean, components: (l2_normalise(rows) - mean) @ components.T,
            ),
            Mistake(
                "Whitened: each component is divided by its spread. DELF does not; it would lift "
                "the noise of the small components.",
                _whitened,
            ),
            Mistake(
                "The mean is taken off after the projection, where it has another length; first "
                "the mean, then the components.",
                lambda rows, mean, components: l2_normalise(
                    l2_normalise(rows) @ components.T - mean[: len(components)]
                ),
            ),
        ),
        hints=(
            "Three steps, in the order of the name. Which of them needs the mean?",
            "components holds one direction a *row* (K, D): a projection of rows (N, D) is "
            "rows @ components.T. Take the mean off before it.",
            "unit = rows / norms; p = (unit - mean) @ components.T; return p / norms of p, with "
            "norms by np.linalg.norm(..., axis=1, keepdims=True).",
        ),
    ),
    Exercise(
        name="vote_counting",
        notebook="06_retrieval_pipeline",
        task="The vote of every image: how much nearer its features are than the farthest listed.",
        points=3,
        reference=vote_counting,
        cases=_neighbours,
        mistakes=(
            Mistake(
                "An image gets a vote for each of its neighbours of one query feature. It gets one "
                "only, by the nearest, or a façade of alike windows would win every time.",
                _counted(_nearer, once=False),
            ),
            Mistake(
                "Votes are counted; wanted their weights, similarity less that of the farthest "
                "neighbour of the same query feature.",
                _counted(lambda images, similarities: np.ones_like(similarities)),
            ),
            Mistake(
                "The similarity itself is the weight: take off that of the farthest neighbour "
                "listed, which says nothing.",
                _counted(lambda images, similarities: similarities),
            ),
            Mistake(
                "-1 stands for *no* neighbour; as an index it is the last image, which gets votes.",
                _counted(_nearer, missing=True),
            ),
            Mistake(
                "The farthest of all features is taken off; each query feature has its own.",
                _counted(lambda images, s: s - s[images >= 0].min()),
            ),
        ),
        hints=(
            "Go through the query features one by one. What is the farthest neighbour that each "
            "has, and which images does it name, each once?",
            "Neighbours come nearest first, so the first time an image is named is its nearest. "
            "The weight is the similarity less the smallest of the row; leave -1 out of both.",
            "For each row: low = min of similarities where image >= 0; seen = set(); for each "
            "image >= 0 not in seen: total[image] += similarity - low; seen.add(image).",
        ),
    ),
)
