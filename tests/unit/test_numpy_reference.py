"""What is written to be read computes what torch computes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from delf_lesson.deep.numpy_reference import attend, classifier_step, cross_entropy, softmax
from delf_lesson.training import delf_training


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.normal(size=(4, 6)), rng.normal(size=(10, 6)), rng.integers(0, 4, 10)


def test_softmax_and_cross_entropy(batch):
    weights, x, labels = batch
    logits = 300 * x @ weights.T  # exp of these overflows
    assert softmax(logits) == pytest.approx(torch.softmax(torch.tensor(logits), 1).numpy())
    wanted = F.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item()
    assert cross_entropy(logits, labels) == pytest.approx(wanted)
    assert cross_entropy(np.zeros((3, 8)), np.zeros(3, int)) == pytest.approx(np.log(8))


def test_a_step_is_that_of_gradient_descent(batch):
    weights, x, labels = batch
    parameter = torch.nn.Parameter(torch.tensor(weights))
    descent = torch.optim.SGD([parameter], lr=0.3)
    F.cross_entropy(torch.tensor(x) @ parameter.T, torch.tensor(labels)).backward()
    descent.step()
    assert classifier_step(weights, x, labels, 0.3) == pytest.approx(parameter.detach().numpy())


def test_pooling_by_attention():
    rng = np.random.default_rng(1)
    features, scores = rng.normal(size=(8, 5, 7)), rng.uniform(size=(5, 7))
    features[:, 2, 3] = 0  # a cell without a direction
    wanted = delf_training.attend(torch.tensor(features)[None], torch.tensor(scores)[None, None])
    assert attend(features, scores) == pytest.approx(wanted[0].numpy())


def test_labels_without_a_class_are_refused(batch):
    weights, x, labels = batch
    for wrong in (labels + 4, labels - 5, labels[:3]):
        with pytest.raises(ValueError, match="labels"):
            classifier_step(weights, x, wrong, 0.1)
