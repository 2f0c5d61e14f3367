"""Easy, Medium, Hard: the protocol of Revisited Oxford and Paris (notebook 06).

F. Radenović et al., *Revisiting Oxford and Paris: Large-Scale Image Retrieval Benchmarking*,
CVPR 2018, where old benchmarks had become too easy to tell systems apart.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from delf_lesson.datasets.benchmark import Truth
from delf_lesson.evaluation.metrics import average_precision

Level = Literal["easy", "medium", "hard"]
LEVELS: tuple[Level, ...] = get_args(Level)


def at_level(truth: Truth, level: Level) -> tuple[frozenset[str], frozenset[str]]:
    """The positives of a level, and what it ignores as if it were junk.

    The protocol's easy images are the truth's good ones, its hard images the ok ones, and its
    unclear ones junk. Easy asks for easy images and ignores hard ones, Hard the other way round,
    Medium asks for both. Raises ValueError for another level.
    """
    if level == "easy":
        return truth.good, truth.ok | truth.junk
    if level == "medium":
        return truth.good | truth.ok, truth.junk
    if level == "hard":
        return truth.ok, truth.good | truth.junk
    raise ValueError(f"level is {level!r}; wanted one of {', '.join(LEVELS)}")


def average_precisions(
    rankings: Mapping[str, Sequence[str]], truth: Mapping[str, Truth], level: Level
) -> dict[str, float]:
    """Average precision by query at a level; queries without a positive at it are left out.

    Raises ValueError if a ranking has no truth, or if no query is left.
    """
    found = {}
    for query, ranking in rankings.items():
        if query not in truth:
            raise ValueError(f"rankings: {query} has no truth")
        positives, ignored = at_level(truth[query], level)
        if positives:
            found[query] = average_precision(ranking, positives, ignored)
    if not found:
        raise ValueError(
            f"rankings: none of its {len(rankings)} queries has a positive at level {level!r}; "
            "choose another level or other queries"
        )
    return found
