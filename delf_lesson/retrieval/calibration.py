"""What chance explains: scores measured against those of unrelated images (lab 07).

Most images of a collection are unrelated to a query. So the median of a query's scores, and their
spread about it, describe unrelated images, whatever the descriptor. They need no truth and no
training.
"""

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

NORMAL = NormalDist()
TO_SIGMA = 1 / NORMAL.inv_cdf(0.75)
"""The standard deviation of normally distributed values, over the median of their distances from
the median."""


def surprises(scores: ArrayLike) -> NDArray[np.float64]:
    """How many standard deviations each score (N,) lies above those of unrelated images.

    Both the centre and the spread are medians, so that the few related images hardly change them.
    All are 0 if more than half of the scores are equal.
    """
    values: NDArray[np.float64] = np.asarray(scores, np.float64)
    if len(values) == 0:
        return values
    above = values - np.median(values)
    spread = TO_SIGMA * np.median(np.abs(above))
    return above / spread if spread > 0 else np.zeros(len(values))


def least_surprise(images: int, false_alarms: float) -> float:
    """The surprise that `false_alarms` of `images` unrelated ones exceed, if it is normal.

    It grows with the collection: the best of many unrelated images is further from their median.
    Raises ValueError unless false_alarms is above 0.
    """
    if false_alarms <= 0:
        raise ValueError(f"false_alarms is {false_alarms}; wanted more than 0 images")
    share = min(false_alarms / max(images, 1), 0.5)
    return NORMAL.inv_cdf(1 - share)


def vote_surprises(votes: Mapping[str, float]) -> dict[str, float]:
    """The surprises of images' votes, or of votes times inliers, by name.

    votes: at least 0. They are compared by their logarithms, since those of related images are
    many times as large. An image with half the median vote or less counts little less than one
    with the median.
    """
    values = np.array(list(votes.values()), np.float64)
    typical = np.median(values) if len(values) else 0.0
    if typical > 0:
        values = np.log1p(values / typical)
    return dict(zip(votes, surprises(values).tolist(), strict=True))
