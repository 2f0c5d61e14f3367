"""Exercises of labs 04 and 05: cross-entropy, pooling by attention, selection."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.deep.numpy_reference import attend, classifier_step, cross_entropy, softmax
from delf_lesson.features import LocalFeatures


def _logits(rng: np.random.Generator) -> Sequence[Case]:
    return [
        Case("two pictures, three classes", (np.array([[2.0, 0, 1], [0, 3, 0]]), np.array([0, 2]))),
        Case("random logits", (rng.normal(0, 2, (8, 5)), rng.integers(0, 5, 8))),
        Case(
            "logits of a thousand and more",
            (np.array([[1000.0, 998], [0, 1200]]), np.array([0, 1])),
        ),
    ]


def _wrong_axis(logits: NDArray, labels: NDArray) -> float:
    shifted = logits - logits.max(axis=0)
    logs = shifted - np.log(np.exp(shifted).sum(axis=0))
    return float(-logs[np.arange(len(labels)), labels].mean())


def _overflowing(logits: NDArray, labels: NDArray) -> float:
    raised = np.exp(logits)
    shares = raised / raised.sum(axis=1, keepdims=True)
    return float(-np.log(shares[np.arange(len(labels)), labels]).mean())


def _no_logarithm(logits: NDArray, labels: NDArray) -> float:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = raised / raised.sum(axis=1, keepdims=True)
    return float((1 - shares[np.arange(len(labels)), labels]).mean())


def _batches(rng: np.random.Generator) -> Sequence[Case]:
    return [
        Case(
            "untrained weights and two descriptors",
            (np.zeros((2, 3)), np.array([[1.0, 0, 0], [0, 1, 0]]), np.array([0, 1]), 1.0),
        ),
        Case(
            "random weights and descriptors",
            (rng.normal(size=(4, 6)), rng.normal(size=(10, 6)), rng.integers(0, 4, 10), 0.5),
        ),
    ]


def _changed(
    weights: NDArray, descriptors: NDArray, labels: NDArray, share: float, label: float
) -> NDArray[np.float64]:
    """A step by share * p - label * y in place of p - y."""
    error = share * softmax(descriptors @ weights.T)
    error[np.arange(len(labels)), labels] -= label
    return error.T @ descriptors / len(labels)


def _grids(rng: np.random.Generator) -> Sequence[Case]:
    two = np.array([[[3.0, 0]], [[4, 2]]])  # two cells: (3, 4) and (0, 2)
    return [
        Case("two cells, of which the second scores 0", (two, np.array([[1.0, 0]]))),
        Case("two cells of scores 1 and 3", (two, np.array([[1.0, 3]]))),
        Case("a random grid", (rng.gamma(1, 2, (8, 5, 7)), rng.gamma(1, 1, (5, 7)))),
    ]


def _unit(features: NDArray, axis: int | None = 0) -> NDArray:
    return features / np.sqrt((features**2).sum(axis=axis, keepdims=True))


def _pooled(
    weigh: Callable[[NDArray], NDArray], unit: Callable[[NDArray], NDArray] = _unit
) -> Callable[[NDArray, NDArray], NDArray]:
    return lambda features, scores: (unit(features) * weigh(scores)).sum(axis=(1, 2))


def _softmax(scores: NDArray) -> NDArray:
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def top_k(xy: NDArray, scores: NDArray, k: int) -> NDArray[np.float32]:
    """The best points, by the package's `LocalFeatures.top`."""
    columns = np.ones((len(xy), 1), np.float32)
    size = (int(xy.max()) + 2, int(xy.max()) + 2)
    features = LocalFeatures(
        xy.astype(np.float32), columns, scores.astype(np.float32), columns[:, 0], size
    )
    return features.top(k).xy


def _points(rng: np.random.Generator) -> Sequence[Case]:
    few = np.array([[0.0, 0], [10, 5], [20, 9], [30, 2]])
    xy = rng.uniform(0, 100, (50, 2)).astype(np.float32)
    scores = rng.permutation(50).astype(np.float32)
    return [
        Case("four points, two of them to keep", (few, np.array([0.1, 0.7, 0.3, 0.9]), 2)),
        Case("fifty random points", (xy, scores, 12)),
        Case("fewer points than asked for", (few, np.array([3.0, 1, 2, 5]), 9)),
    ]


EXERCISES = (
    Exercise(
        name="cross_entropy",
        notebook="04_learning_descriptors",
        task="The mean cross-entropy of a batch of logits.",
        points=2,
        reference=cross_entropy,
        cases=_logits,
        mistakes=(
            Mistake(
                "The losses are added up; wanted their mean, so that the loss does not depend on "
                "the size of the batch.",
                lambda logits, labels: cross_entropy(logits, labels) * len(labels),
            ),
            Mistake(
                "The sign is missing: a loss falls when the probability of the label rises.",
                lambda logits, labels: -cross_entropy(logits, labels),
            ),
            Mistake(
                "Softmax runs over the pictures: each *row* is one picture, and its classes share "
                "a sum of 1 (axis=1).",
                _wrong_axis,
            ),
            Mistake(
                "exp overflows for large logits. Take the largest of each row off first: the "
                "probabilities stay the same.",
                _overflowing,
            ),
            Mistake(
                "The logarithm is to the base 2 (or 10); the loss is in natural logarithms, so "
                "that it is log C for a network that knows nothing.",
                lambda logits, labels: cross_entropy(logits, labels) / np.log(2),
            ),
            Mistake(
                "This is 1 - p(label) and not its logarithm. The logarithm punishes sure mistakes.",
                _no_logarithm,
            ),
        ),
        hints=(
            "Softmax turns a row of logits into probabilities. Only that of the right class "
            "counts.",
            "Take each row's largest logit off, exp, divide by the row's sum. "
            "p[np.arange(len(labels)), labels] picks one probability a row.",
            "log_sum = np.log(np.exp(z).sum(axis=1)) of z = logits - logits.max(axis=1, "
            "keepdims=True); the mean of log_sum - z[np.arange(len(labels)), labels].",
        ),
    ),
    Exercise(
        name="classifier_step",
        notebook="04_learning_descriptors",
        task="One step of gradient descent for the weights of a linear classifier.",
        points=3,
        reference=classifier_step,
        cases=_batches,
        mistakes=(
            Mistake(
                "The step goes uphill: subtract rate times the gradient.",
                lambda w, x, labels, rate: w + rate * _changed(w, x, labels, 1, 1),
            ),
            Mistake(
                "The gradient is a sum over the batch; the loss is a mean, so divide by the number "
                "of pictures.",
                lambda w, x, labels, rate: w - rate * len(labels) * _changed(w, x, labels, 1, 1),
            ),
            Mistake(
                "The learning rate is not used.",
                lambda w, x, labels, rate: w - _changed(w, x, labels, 1, 1),
            ),
            Mistake(
                "The labels are not taken off: the gradient is (p - y)ᵀ x, with y 1 at the label. "
                "With p alone every class is pushed away.",
                lambda w, x, labels, rate: w - rate * _changed(w, x, labels, 1, 0),
            ),
            Mistake(
                "This returns the gradient; wanted the weights after the step.",
                lambda w, x, labels, rate: _changed(w, x, labels, 1, 1),
            ),
        ),
        hints=(
            "What does the loss of one picture become if the logit of one class rises a little? "
            "Something simple, of the probability and the label.",
            "The derivative by the logits is p - y: the probabilities, less 1 at the label. A "
            "logit is w·x, so by the weights it is (p - y)ᵀ x, the mean over the batch.",
            "error = softmax(x @ weights.T); error[np.arange(n), labels] -= 1; "
            "return weights - rate * error.T @ x / n.",
        ),
    ),
    Exercise(
        name="attend",
        notebook="05_attention",
        task="The mean of the cells' unit descriptors, weighted by their attention scores.",
        points=3,
        reference=attend,
        cases=_grids,
        mistakes=(
            Mistake(
                "The descriptors are not brought to unit length first, so strong cells count "
                "twice: by their score and by their norm.",
                lambda f, s: (f * s).sum(axis=(1, 2)) / s.sum(),
            ),
            Mistake(
                "The norm runs over the whole grid, or over each channel: each *cell* has its own "
                "descriptor (axis 0).",
                lambda f, s: _pooled(lambda w: w / w.sum(), lambda grid: _unit(grid, None))(f, s),
            ),
            Mistake(
                "This is the sum; divide by the sum of the scores, so that only the scores' "
                "proportions matter.",
                _pooled(lambda scores: scores),
            ),
            Mistake(
                "This divides by the number of cells, as the public code does; here cells that "
                "score 0 must count for nothing: divide by the sum of the scores.",
                _pooled(lambda scores: scores / scores.size),
            ),
            Mistake(
                "The scores pass a softmax. Attention here is a plain weighted mean: scores are "
                "positive already.",
                _pooled(_softmax),
            ),
            Mistake(
                "The scores are not used: all cells count alike, and nothing is selected.",
                _pooled(lambda scores: np.full(scores.shape, 1 / scores.size)),
            ),
        ),
        hints=(
            "Write the mean of unit descriptors without attention first. Where do the scores "
            "enter, and what keeps the result from growing when all scores double?",
            "np.linalg.norm(features, axis=0) is the norm of every cell (H, W). Divide by it, "
            "multiply by scores, and sum over both axes of the grid.",
            "unit = features / np.linalg.norm(features, axis=0); "
            "return (unit * scores).sum(axis=(1, 2)) / scores.sum().",
        ),
    ),
    Exercise(
        name="top_k",
        notebook="05_attention",
        task="The k points of the highest scores, the best first.",
        points=1,
        reference=top_k,
        cases=_points,
        mistakes=(
            Mistake(
                "These are the k of the *lowest* scores: argsort goes upwards.",
                lambda xy, scores, k: xy[np.argsort(scores)[:k]],
            ),
            Mistake(
                "The right points, but the best comes last: turn the order round.",
                lambda xy, scores, k: top_k(xy, scores, k)[::-1],
            ),
            Mistake(
                "The right points in the order they came: sort them by score, the best first.",
                lambda xy, scores, k: xy[np.sort(np.argsort(-scores)[:k])],
            ),
            Mistake(
                "One too few (or too many): keep k.",
                lambda xy, scores, k: top_k(xy, scores, k - 1),
            ),
            Mistake(
                "These are the first k points; the scores are not used.",
                lambda xy, scores, k: xy[:k],
            ),
        ),
        hints=(
            "Which order of the rows puts the highest score first?",
            "np.argsort(-scores) are the rows from best to worst. If there are fewer than k, a "
            "slice takes what there is.",
            "return xy[np.argsort(-scores)[:k]]",
        ),
    ),
)
