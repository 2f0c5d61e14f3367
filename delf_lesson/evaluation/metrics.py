"""How good is a ranking (slides "Precision & Recall Result" and "mAP Result"; notebook 06)?"""

from collections.abc import Collection, Sequence


def average_precision(
    ranking: Sequence[str], positives: Collection[str], junk: Collection[str] = ()
) -> float:
    """Area under the precision-recall curve of one ranking, by the trapezoidal rule.

    This is the Oxford buildings protocol (Philbin et al., CVPR 2007): junk images are taken out
    before ranks are counted, and positives that were not returned count as missed. Returns a
    fraction in [0, 1]. Raises ValueError if there are no positives, if an image is both positive
    and junk, or if the ranking names an image twice.
    """
    positives, junk = _checked(ranking, positives, junk)
    area, found, precision = 0.0, 0, 1.0
    for rank, image in enumerate((image for image in ranking if image not in junk), start=1):
        hit = image in positives
        found += hit
        previous, precision = precision, found / rank
        if hit:
            area += (previous + precision) / 2 / len(positives)
    return area


def precision_at(
    ranking: Sequence[str], positives: Collection[str], junk: Collection[str] = (), k: int = 1
) -> float:
    """The share of the first k images, junk left out, that are positive.

    A ranking of fewer counts as if wrong images followed. Raises ValueError as `average_precision`
    does, and for a k below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; wanted 1 or more")
    positives, junk = _checked(ranking, positives, junk)
    first = [image for image in ranking if image not in junk][:k]
    return sum(image in positives for image in first) / k


def _checked(
    ranking: Sequence[str], positives: Collection[str], junk: Collection[str]
) -> tuple[set[str], set[str]]:
    positives, junk = set(positives), set(junk)
    if not positives:
        raise ValueError("positives is empty; a ranking is judged by at least one")
    if positives & junk:
        raise ValueError(f"junk and positives share {min(positives & junk)}")
    if len(set(ranking)) != len(ranking):
        raise ValueError("ranking names an image twice; each may stand at one rank only")
    return positives, junk
