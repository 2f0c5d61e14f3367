"""Exercises of notebook 06: reduction, votes, verification and query expansion."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.features import l2_normalise
from delf_lesson.retrieval.expansion import expand_global
from delf_lesson.retrieval.neighbours import Neighbours
from delf_lesson.retrieval.ransac import agreeing
from delf_lesson.retrieval.reduction import Projection
from delf_lesson.retrieval.verification import transform
from delf_lesson.retrieval.voting import group_by_image, votes


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
    one = np.array([[0, 1, 2]]), np.array([[0.9, 0.7, 0.4]])
    twice = np.array([[1, 1, 0, 2]]), np.array([[0.9, 0.8, 0.6, 0.5]])
    images = rng.integers(0, 5, (12, 8))
    similarities = -np.sort(-rng.uniform(0, 1, images.shape), axis=1)
    missing = images.copy()
    missing[:6, 5:] = -1
    fewer = np.where(missing < 0, 0.0, similarities)
    return [
        Case("one feature with three neighbours", (*one, 3)),
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


def inliers(
    model: NDArray, query_xy: NDArray, image_xy: NDArray, threshold: float
) -> NDArray[np.bool_]:
    """The package's `agreeing`."""
    return agreeing(model, query_xy, image_xy, threshold)


def _matches(rng: np.random.Generator) -> Sequence[Case]:
    shift = np.array([[1.0, 0, 10], [0, 1, 0], [0, 0, 1]])
    points = np.array([[0.0, 0], [5, 5], [9, 1]])
    moved = np.array([[10.0, 0], [18, 9], [19, 5]])  # off by 0, by (3, 4) and by (0, 4)
    small = np.array([[1.0, 0, 2], [0, 1, 0], [0, 0, 1]])
    near = points[[0, 0, 0]] + np.array([[5, 0], [-2, 0], [2, 0]])
    turn = np.array([[0.8, -0.6, 30], [0.6, 0.8, -5], [0, 0, 1]])
    query = rng.uniform(0, 200, (40, 2))
    image = transform(turn, query) + rng.normal(0, 6, query.shape)
    return [
        Case("a shift, and points off by 0, 5 and 4 pixels", (shift, points, moved, 5.0)),
        Case("the same with a threshold of 3 pixels", (shift, points, moved, 3.0)),
        Case(
            "a shift of 2, and points off by 3, 4 and 0 pixels",
            (small, points[[0, 0, 0]], near, 3.0),
        ),
        Case("a turn and forty noisy points", (turn, query, image, 8.0)),
    ]


def _measured(
    agrees: Callable[[NDArray, float], NDArray],
) -> Callable[[NDArray, NDArray, NDArray, float], NDArray]:
    return lambda model, query, image, threshold: agrees(transform(model, query) - image, threshold)


def average_query_expansion(query: NDArray, found: NDArray) -> NDArray[np.float32]:
    """The package's `expand_global`, without alpha."""
    return expand_global(query, found)


def _vectors(rng: np.random.Generator) -> Sequence[Case]:
    drawn = l2_normalise(rng.normal(size=(6, 10)))
    axes = np.eye(3, dtype=np.float32)
    return [
        Case("a query and one image at a right angle", (axes[0], axes[1:2])),
        Case("a query and two images", (axes[0], axes[1:3])),
        Case("random unit vectors", (drawn[0], drawn[1:])),
    ]


def _unit(vector: NDArray) -> NDArray:
    return l2_normalise(vector[None])[0]


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
    Exercise(
        name="inliers",
        notebook="06_retrieval_pipeline",
        task="Which matches agree with a transformation within a threshold.",
        points=2,
        reference=inliers,
        cases=_matches,
        mistakes=(
            Mistake(
                "The transformation is applied to the wrong side: it brings points of the query "
                "into the image.",
                lambda model, query, image, threshold: agreeing(model, image, query, threshold),
            ),
            Mistake(
                "The *squared* distance is held against the threshold, which is in pixels.",
                _measured(lambda off, threshold: (off**2).sum(axis=1) <= threshold),
            ),
            Mistake(
                "|dx| + |dy| is not the distance; take the root of the sum of squares.",
                _measured(lambda off, threshold: np.abs(off).sum(axis=1) <= threshold),
            ),
            Mistake(
                "x and y are judged apart: a point 5 right and 5 down is 7 pixels away.",
                _measured(lambda off, threshold: np.abs(off).max(axis=1) <= threshold),
            ),
            Mistake(
                "The shift is left out: multiply (x, y, 1), not (x, y), by the matrix.",
                lambda model, query, image, threshold: agreeing(
                    np.array([[1, 1, 0], [1, 1, 0], [1, 1, 1]]) * model, query, image, threshold
                ),
            ),
            Mistake(
                "This is the number of inliers; wanted which they are, True or False for each "
                "match.",
                lambda *given: int(agreeing(*given).sum()),
            ),
        ),
        hints=(
            "Where does the model put each point of the query, and how far is that from its "
            "partner?",
            "An affine model is [A | t] in its first two rows: points @ A.T + t. The distance of "
            "each pair is np.linalg.norm(..., axis=1).",
            "there = query_xy @ model[:2, :2].T + model[:2, 2]; "
            "return np.linalg.norm(there - image_xy, axis=1) <= threshold.",
        ),
    ),
    Exercise(
        name="average_query_expansion",
        notebook="06_retrieval_pipeline",
        task="The query expanded by the mean with the vectors of the images found first.",
        points=1,
        reference=average_query_expansion,
        cases=_vectors,
        mistakes=(
            Mistake(
                "The query itself is left out of the mean; it is the only image known to be right.",
                lambda query, found: _unit(found.mean(axis=0)),
            ),
            Mistake(
                "The mean is shorter than 1: bring it to unit length again.",
                lambda query, found: (query + found.sum(axis=0)) / (1 + len(found)),
            ),
            Mistake(
                "The query counts as much as all the images found together; in the mean of k + 1 "
                "vectors each counts once.",
                lambda query, found: _unit(query + found.mean(axis=0)),
            ),
            Mistake(
                "Only the first image found is used; take all of them.",
                lambda query, found: _unit(query + found[0]),
            ),
        ),
        hints=(
            "How many vectors is the mean of, and how long is it?",
            "Sum the query and all rows of found (axis 0), then divide by the length of that sum. "
            "Dividing by k + 1 first changes nothing.",
            "total = query + found.sum(axis=0); return total / np.linalg.norm(total).",
        ),
    ),
)
