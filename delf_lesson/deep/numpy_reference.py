"""Training to read: what torch computes, in a few lines of NumPy (labs 04 and 05).

Slides "Train Local Descriptor Network by using Classification task" ("use only cross-entropy
loss") and "Training for Keypoint Selection". The networks use torch's own; tests compare the two.
"""

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logits (N, C) to probabilities (N, C), each row of sum 1."""
    # Taking off the largest changes nothing, and keeps exp from overflowing.
    raised = np.exp(logits - logits.max(axis=1, keepdims=True).astype(np.float64))
    probabilities: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return probabilities


def cross_entropy(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The mean of -log p(label) over a batch: logits (N, C), labels (N,) from 0 to C - 1.

    log C if the network knows nothing. Raises ValueError for a label that is no class.
    """
    _check(logits, labels)
    top = logits.max(axis=1).astype(np.float64)
    log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((log_sum - logits[np.arange(len(labels)), labels]).mean())


def classifier_step(
    weights: NDArray[np.floating],
    descriptors: NDArray[np.floating],
    labels: NDArray[np.integer],
    rate: float,
) -> NDArray[np.float64]:
    """The weights (C, D) of a linear classifier after one step down the cross-entropy's gradient.

    descriptors (N, D), labels (N,). The loss falls fastest against (p - y)^T x / N, where p are the
    probabilities (N, C) and y has a 1 at each label. Raises ValueError for a label without class.
    """
    logits = descriptors @ weights.T
    _check(logits, labels)
    error = softmax(logits)
    error[np.arange(len(labels)), labels] -= 1
    return weights - rate * error.T @ descriptors / len(labels)


def attend(features: NDArray[np.floating], scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """The mean of the unit descriptors (C,) of one grid (C, H, W), weighted by scores (H, W).

    What `delf_training.attend` computes for a batch.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=0), 1e-12)
    pooled: NDArray[np.float64] = (unit * scores).sum(axis=(1, 2)) / np.maximum(scores.sum(), 1e-6)
    return pooled


def _check(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> None:
    if len(labels) != len(logits) or not len(labels):
        raise ValueError(f"labels has {len(labels)} and logits {len(logits)} rows; wanted as many")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"labels holds no class of the {logits.shape[1]}; wanted 0 and up")
