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
from delf_lesson.reading_ahead import ahead
from delf_lesson.retrieval.reduction import LearnedWhitening

BEGIN_PICTURES = 600
"""The whitening that training begins with is computed from so many pictures at most."""
DESCRIBED_AT_ONCE = 32
PAIRS = 200_000
"""Pairs that a whitening is learned from at most; more, evenly spread, are left out."""


@torch.no_grad()
def describe_all(
    network: Callable[[Tensor], Tensor],
    data: RelatedPictures,
    rows: NDArray,
    device: str = "cpu",
    readers: int = 1,
) -> NDArray[np.float32]:
    """The vectors (N, D) of the pictures of these rows; readers: threads that read them ahead."""
    parts = np.split(rows, range(DESCRIBED_AT_ONCE, len(rows), DESCRIBED_AT_ONCE))
    found = [
        forward_all(network, images, device).cpu().numpy()
        for images in ahead(data.read, parts, readers, 2 * readers)
    ]
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
    network: GlobalNetwork, data: RelatedPictures, device: str = "cpu", readers: int = 1
) -> LearnedWhitening | None:
    """siaMAC's, of pairs of the data, `PAIRS` at most; DIR's is a layer of its network.

    None also where there are no more pairs than dimensions.
    """
    if not isinstance(network.pooling, Mac):
        return None
    first = np.repeat(np.arange(len(data)), [len(own) for own in data.positives])
    second = np.concatenate(list(data.positives))
    if len(first) <= network.trunk.channels:
        return None
    if len(first) > PAIRS:
        spread = np.linspace(0, len(first) - 1, PAIRS).astype(np.int64)
        first, second = first[spread], second[spread]
    rows = np.union1d(first, second)
    vectors = describe_all(network, data, rows, device, readers)
    one, other = (vectors[np.searchsorted(rows, own)] for own in (first, second))
    return LearnedWhitening.fit(one, other, vectors.shape[1], data.name)
