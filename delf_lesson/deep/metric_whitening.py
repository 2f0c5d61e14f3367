"""Whitening before and after siaMAC and DIR are trained (slide "mAP Result"; notebook 07)."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from delf_lesson.deep.global_descriptors import GlobalNetwork
from delf_lesson.deep.metric_learning import RelatedPictures, forward_all
from delf_lesson.deep.pooling import Mac, Rmac, begin_whitening, gem, region_vectors
from delf_lesson.retrieval.reduction import LearnedWhitening

BEGIN_PICTURES = 600
"""The whitening that training begins with is computed from so many pictures at most."""
DESCRIBED_AT_ONCE = 32


@torch.no_grad()
def describe_all(
    network: Callable[[Tensor], Tensor], data: RelatedPictures, rows: NDArray, device: str = "cpu"
) -> NDArray[np.float32]:
    """The vectors (N, D) of the pictures of these rows."""
    found = []
    for start in range(0, len(rows), DESCRIBED_AT_ONCE):
        images = [data.readers[row]() for row in rows[start : start + DESCRIBED_AT_ONCE]]
        found.append(forward_all(network, images, device).cpu().numpy())
    return np.concatenate(found)


@torch.no_grad()
def begin_pooling(network: GlobalNetwork, data: RelatedPictures, device: str = "cpu") -> None:
    """A pooling's linear layer begins as the whitening of what it is given; MAC has none."""
    pooling = network.pooling
    if isinstance(pooling, Mac):
        return
    rows = []
    for read in data.readers[:: -(-len(data) // BEGIN_PICTURES)]:
        features = forward_all(network.trunk, [read()], device)
        own = (
            region_vectors(features, pooling.levels)[0]
            if isinstance(pooling, Rmac)
            else F.normalize(gem(features, pooling.power))
        )
        rows.append(own.cpu())
    begin_whitening(pooling.whiten, torch.cat(rows))


def learned_whitening(
    network: GlobalNetwork, data: RelatedPictures, device: str = "cpu"
) -> LearnedWhitening | None:
    """siaMAC's, of all pairs of the data; DIR's is a layer of its network.

    None also where there are no more pairs than dimensions.
    """
    if not isinstance(network.pooling, Mac):
        return None
    vectors = describe_all(network, data, np.arange(len(data)), device)
    first = np.concatenate([np.full(len(own), row) for row, own in enumerate(data.positives)])
    second = np.concatenate(list(data.positives))
    if len(first) <= vectors.shape[1]:
        return None
    return LearnedWhitening.fit(vectors[first], vectors[second], vectors.shape[1], data.name)
