"""One ranking of two: local features with a vector of the whole image (slide "mAP Result")."""

from collections.abc import Mapping


def fuse(
    local: Mapping[str, float], whole: Mapping[str, float], weight: float = 0.25
) -> dict[str, float]:
    """Weighted mean of two scores of the same query by image, best first (paper, section 5).

    local: scores by local features, as DELF's; whole: by a vector of the whole image, as DIR's;
    weight: of the local score, the paper's by default.

    Each score is stretched first, so that the query's best image has 1 and its worst 0; an image
    that only one of them returned has the other's 0. Scores of different queries can therefore
    not be compared. Ties come in the order of the names. Introduced in notebook 06.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight}; wanted 0 to 1")
    first, second = _stretched(local), _stretched(whole)
    fused = {
        image: weight * first.get(image, 0.0) + (1 - weight) * second.get(image, 0.0)
        for image in sorted({*first, *second})
    }
    return dict(sorted(fused.items(), key=lambda item: -item[1]))


def _stretched(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores from 0 to 1; all 1 if they are equal."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if low == high:
        return dict.fromkeys(scores, 1.0)
    return {image: (score - low) / (high - low) for image, score in scores.items()}
