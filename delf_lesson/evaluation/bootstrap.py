"""How sure is a mean over a few queries (notebook 06)?"""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np


def mean_interval(
    values: Sequence[float],
    groups: Sequence[Hashable],
    level: float = 0.95,
    rounds: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of values (Efron, 1979).

    groups: of each value, as the landmark of a query. Groups are drawn with replacement, each with
    all its values: queries of one landmark succeed and fail together, and drawing them one by one
    would make the interval too narrow.

    Raises ValueError if there are no values, if lengths differ or for a level outside (0, 1).
    """
    if len(values) == 0 or len(values) != len(groups):
        raise ValueError(f"groups holds {len(groups)} for {len(values)} values; wanted one each")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; wanted a fraction between 0 and 1")
    own: dict[Hashable, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        own[group].append(value)
    sums = np.array([sum(one) for one in own.values()])
    counts = np.array([len(one) for one in own.values()])
    drawn = np.random.default_rng(seed).integers(len(sums), size=(rounds, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
