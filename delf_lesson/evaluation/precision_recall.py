"""One threshold for all queries (slide "Precision & Recall Result"; paper, section 5; notebook 06).

A ranking always has a first image, also for a query of which the collection holds nothing. A user
wants to be told nothing then, so a system must say how sure it is, in one unit for all queries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delf_lesson.datasets.benchmark import Truth


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Micro precision and recall if all results of at least a score are returned.

    thresholds: float64 (T,), every score there is, falling; precision, recall: float64 (T,),
    fractions in [0, 1] at these thresholds.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    def at(self, threshold: float) -> tuple[float, float]:
        """Precision and recall at any threshold; 1 and 0 where nothing is returned."""
        row = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        if row < 0:
            return 1.0, 0.0
        return float(self.precision[row]), float(self.recall[row])

    def threshold_for(self, precision: float) -> float | None:
        """What a user would choose for a wanted precision: of the thresholds that reach it, the
        highest that has the largest recall. None if none reaches it."""
        reached = np.flatnonzero(self.precision >= precision)
        if len(reached) == 0:
            return None
        return float(self.thresholds[reached[self.recall[reached].argmax()]])

    def thinned(self, points: int = 200) -> "PrecisionRecall":
        """At most so many of its points, about equally far apart in recall."""
        if len(self.recall) == 0:  # nothing was returned for any query
            return self
        wanted = np.linspace(self.recall[0], self.recall[-1], points)
        rows = np.unique(np.searchsorted(self.recall, wanted))
        return PrecisionRecall(self.thresholds[rows], self.precision[rows], self.recall[rows])


def micro_precision_recall(
    returned: Mapping[str, Sequence[tuple[str, float]]], truth: Mapping[str, Truth]
) -> PrecisionRecall:
    """The slide's PRE = Σ|TP| / Σ|R| and REC = Σ|TP| / Σ|P| over all queries, P the positives.

    returned: by query name, the images found, with scores that can be compared between queries.
    truth: by query name; a query without one shows no landmark, so all it returns is wrong.

    Junk is neither right nor wrong, and positives that were not returned are missed. The paper
    does not divide by Σ|P|, since it does not know all positives. Raises ValueError if an image is
    named twice for a query, a score is not finite or no query has a positive.
    """
    positives = sum(len(truth[query].positives) for query in returned if query in truth)
    if positives == 0:
        raise ValueError("truth holds no positive of any query returned; recall needs one")
    scores: list[float] = []
    right: list[bool] = []
    for query, found in returned.items():
        known = truth.get(query)
        if len({image for image, _ in found}) != len(found):
            raise ValueError(f"returned names an image twice for {query}")
        for image, score in found:
            if known is None or image not in known.junk:
                scores.append(score)
                right.append(known is not None and image in known.positives)
    values = np.array(scores, np.float64)
    if not np.isfinite(values).all():
        raise ValueError("returned holds scores that are NaN or infinite")
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.cumsum(np.array(right, bool)[order])
    last = np.flatnonzero(np.diff(values, append=-np.inf))  # equal scores are returned together
    return PrecisionRecall(values[last], hits[last] / (last + 1), hits[last] / positives)
