"""Exercises of notebook 04: the cross-entropy, and one step of a classifier's training."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from delf_lesson.classroom.exercises.exercise import Case, Exercise, Mistake
from delf_lesson.deep.by_hand import classifier_step, cross_entropy, softmax


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
)
