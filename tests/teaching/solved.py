"""One right solution of every exercise, as the text of a student's cell."""

SOLVED = {
    "harris_response": """
def my_harris_response(tensor, k):
    a, b, c = tensor[..., 0], tensor[..., 1], tensor[..., 2]
    return a * b - c * c - k * (a + b) ** 2
""",
    "extrema": """
import numpy as np


def my_extrema(dog, least):
    kept = []
    for l in range(1, dog.shape[0] - 1):
        for y in range(1, dog.shape[1] - 1):
            for x in range(1, dog.shape[2] - 1):
                cube = dog[l - 1 : l + 2, y - 1 : y + 2, x - 1 : x + 2]
                d = dog[l, y, x]
                if (d == cube.max() and d > least) or (d == cube.min() and d < -least):
                    kept.append((l, y, x))
    return np.array(kept).reshape(-1, 3)
""",
    "angle_histograms": """
import numpy as np


def my_angle_histograms(angle, weight, bins):
    out = np.zeros((len(angle), bins))
    for row in range(len(angle)):
        place = np.ravel(angle[row]) * bins / (2 * np.pi)
        low = np.floor(place).astype(int)
        rest = place - low
        np.add.at(out[row], low % bins, np.ravel(weight[row]) * (1 - rest))
        np.add.at(out[row], (low + 1) % bins, np.ravel(weight[row]) * rest)
    return out
""",
    "normalise_histograms": """
import numpy as np


def my_normalise_histograms(rows):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cut = np.minimum(unit, 0.2)
    return cut / np.linalg.norm(cut, axis=1, keepdims=True)
""",
    "ratio_test": """
import numpy as np


def my_ratio_test(first, second, ratio):
    distance = np.linalg.norm(first[:, None] - second[None], axis=2)
    order = np.argsort(distance, axis=1)
    rows = np.arange(len(first))
    near, next_near = distance[rows, order[:, 0]], distance[rows, order[:, 1]]
    return np.stack([rows, order[:, 0]], axis=1)[near < ratio * next_near]
""",
    "receptive_field": """
def my_receptive_field(layers):
    field, step, centre = 1, 1, 0.0
    for kernel, stride, padding in layers:
        field += (kernel - 1) * step
        centre += ((kernel - 1) / 2 - padding) * step
        step *= stride
    return field, step, centre
""",
    "cell_centres": """
import numpy as np


def my_cell_centres(rows, columns, stride, offset, scale):
    x, y = np.meshgrid(offset + stride * np.arange(columns), offset + stride * np.arange(rows))
    return (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) / scale - 0.5
""",
    "cross_entropy": """
import numpy as np


def my_cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels]).mean()
""",
    "classifier_step": """
import numpy as np


def my_classifier_step(weights, descriptors, labels, rate):
    z = descriptors @ weights.T
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return weights - rate * p.T @ descriptors / len(labels)
""",
    "attend": """
import numpy as np


def my_attend(features, scores):
    unit = features / np.linalg.norm(features, axis=0)
    return (unit * scores).sum(axis=(1, 2)) / scores.sum()
""",
    "top_k": """
import numpy as np


def my_top_k(xy, scores, k):
    return xy[np.argsort(-scores)[:k]]
""",
    "l2_pca_l2": """
import numpy as np


def my_l2_pca_l2(rows, mean, components):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    short = (unit - mean) @ components.T
    return short / np.linalg.norm(short, axis=1, keepdims=True)
""",
    "vote_counting": """
import numpy as np


def my_vote_counting(images, similarities, count):
    total = np.zeros(count)
    for row, near in zip(images, similarities):
        low, seen = near[row >= 0].min(), set()
        for image, similarity in zip(row, near):
            if image >= 0 and image not in seen:
                seen.add(image)
                total[image] += similarity - low
    return total
""",
    "inliers": """
import numpy as np


def my_inliers(model, query_xy, image_xy, threshold):
    there = query_xy @ model[:2, :2].T + model[:2, 2]
    return np.linalg.norm(there - image_xy, axis=1) <= threshold
""",
    "average_query_expansion": """
import numpy as np


def my_average_query_expansion(query, found):
    total = query + found.sum(axis=0)
    return total / np.linalg.norm(total)
""",
    "ap_with_junk": """
def my_ap_with_junk(ranking, positives, junk):
    area, found, precision = 0.0, 0, 1.0
    for rank, image in enumerate([one for one in ranking if one not in junk], start=1):
        before = precision
        found += image in positives
        precision = found / rank
        if image in positives:
            area += (before + precision) / 2 / len(positives)
    return area
""",
    "micro_at": """
def my_micro_at(returned, positives, junk, threshold):
    right = given = possible = 0
    for query, found in returned.items():
        known = positives.get(query, set())
        kept = {i for i, s in found if s >= threshold} - set(junk.get(query, ()))
        right += len(kept & known)
        given += len(kept)
        possible += len(known)
    return right / given, right / possible
""",
    "score_fusion": """
def my_score_fusion(local, whole, weight):
    def stretched(scores):
        low, high = min(scores.values()), max(scores.values())
        return {image: (score - low) / (high - low) for image, score in scores.items()}

    a, b = stretched(local), stretched(whole)
    fused = {i: weight * a.get(i, 0) + (1 - weight) * b.get(i, 0) for i in sorted({*a, *b})}
    return dict(sorted(fused.items(), key=lambda item: -item[1]))
""",
}
