"""What students may write in notebooks 01 and 02: right in several ways, and wrong in many.

WRONG gives of each answer some words that its message must hold.
"""

import cv2
import numpy as np
import torch


def harris(wrong=""):
    def answer(tensor, k=0.04):
        out = np.zeros(tensor.shape[:2])
        for y in range(tensor.shape[0]):
            for x in range(tensor.shape[1]):
                a, b, c = tensor[y, x] if wrong != "order" else tensor[y, x][[0, 2, 1]]
                det = a * b - (0 if wrong == "no C" else c if wrong == "C" else c * c)
                trace = (a + b) if wrong == "trace" else (a + b) ** 2
                out[y, x] = det - (1 if wrong == "no k" else k) * trace
        return -out if wrong == "sign" else out

    return answer


def harris_by_eigenvalues(tensor, k):
    matrix = np.stack([tensor[..., [0, 2]], tensor[..., [2, 1]]], axis=-2).astype(np.float64)
    one, two = np.moveaxis(np.linalg.eigvalsh(matrix), -1, 0)
    return one * two - k * (one + two) ** 2


def harris_in_torch(tensor, k):
    a, b, c = torch.tensor(tensor).unbind(2)
    return a * b - c**2 - k * (a + b) ** 2


def extrema(wrong=""):
    def answer(dog, least):
        found = []
        levels = range(len(dog)) if wrong == "levels" else range(1, len(dog) - 1)
        for level in levels:
            for y in range(1, dog.shape[1] - 1):
                for x in range(1, dog.shape[2] - 1):
                    low = level if wrong == "level" else max(level - 1, 0)
                    high = level + 1 if wrong == "level" else level + 2
                    cube = dog[low:high, y - 1 : y + 2, x - 1 : x + 2]
                    value = dog[level, y, x]
                    top = value == cube.max() and (
                        value > least or (wrong == "least" and value > 0)
                    )
                    bottom = value == cube.min() and (
                        value < -least or (wrong == "least" and value < 0)
                    )
                    if top or (bottom and wrong != "maxima"):
                        found.append((level, x, y) if wrong == "xy" else (level, y, x))
        return np.array(found).reshape(-1, 3)

    return answer


def extrema_from_the_last(dog, least):
    return extrema()(dog, least)[::-1].astype(np.float64)


def extrema_by_windows(dog, least):
    cubes = np.lib.stride_tricks.sliding_window_view(dog, (3, 3, 3)).reshape(
        *(side - 2 for side in dog.shape), 27
    )
    middle = dog[1:-1, 1:-1, 1:-1]
    high = (middle == cubes.max(-1)) & (middle > least)
    low = (middle == cubes.min(-1)) & (middle < -least)
    return [tuple(int(i) + 1 for i in at) for at in np.argwhere(high | low)]


def histogram(wrong=""):
    def answer(angle, weight, bins):
        out = np.zeros((len(angle), bins), np.float32)
        for n in range(len(angle)):
            for a, w in zip(np.ravel(angle[n]), np.ravel(weight[n]), strict=True):
                w = 1 if wrong == "weight" else w
                place = a * bins / (2 * np.pi)
                if wrong == "nearest":
                    out[n, int(np.rint(place)) % bins] += w
                    continue
                low = int(np.floor(place))
                rest = place - low
                if wrong == "floor":
                    out[n, low % bins] += w
                    continue
                out[n, low % bins] += w * (1 - rest)
                if low + 1 < bins or wrong != "wrap":
                    out[n, (low + 1) % bins] += w * rest
        return out.sum(axis=0) if wrong == "one" else out

    return answer


def histogram_by_add_at(angle, weight, bins):
    place = np.asarray(angle) / (2 * np.pi / bins)
    low = place.astype(int)
    out = np.zeros((len(angle), bins))
    rows = np.broadcast_to(np.arange(len(angle))[:, None], low.shape)
    np.add.at(out, (rows, low % bins), weight * (1 - (place - low)))
    np.add.at(out, (rows, (low + 1) % bins), weight * (place - low))
    return out


def histogram_by_tents(angle, weight, bins):
    away = angle[..., None] * bins / (2 * np.pi) - np.arange(bins)
    away = np.abs((away + bins / 2) % bins - bins / 2)
    return (np.maximum(0, 1 - away) * weight[..., None]).sum(axis=1)


def normalised(wrong=""):
    def length(rows):
        if wrong == "L1":
            return rows.sum(axis=1, keepdims=True)
        if wrong == "whole":
            return np.linalg.norm(rows)
        return np.linalg.norm(rows, axis=0 if wrong == "axis" else 1, keepdims=True)

    def answer(rows):
        rows = rows.astype(np.float64)
        if wrong == "cut first":
            rows = np.minimum(rows, 0.2)
        unit = rows / np.maximum(length(rows), 1e-12)
        cut = unit if wrong == "no cut" else np.minimum(unit, 0.2)
        return cut if wrong == "no last" else cut / np.maximum(length(cut), 1e-12)

    return answer


def normalised_row_by_row(rows):
    done = []
    for row in rows.tolist():
        for most in (0.2, 1):
            size = sum(value * value for value in row) ** 0.5
            row = [min(value / size, most) for value in row]
        done.append(row)
    return done


def normalised_in_torch(rows):
    unit = torch.nn.functional.normalize(torch.tensor(rows), dim=1)
    return torch.nn.functional.normalize(unit.clamp(max=0.2), dim=1)


def ratio(wrong=""):
    def answer(first, second, ratio):
        kept = []
        for i, descriptor in enumerate(first):
            away = ((second - descriptor) ** 2).sum(axis=1)
            away = away if wrong == "squared" else np.sqrt(away)
            if wrong == "similarity":
                away = -(second @ descriptor)
            near, nearer = np.argsort(away)[1], np.argsort(away)[0]
            quotient = away[nearer] / away[near]
            if wrong == "similarity":
                quotient = away[near] / away[nearer]
            passes = {
                "distance": away[nearer] < ratio,
                "all": True,
                "turned": quotient > 1 / ratio,
                "fails": away[near] / away[nearer] < ratio,
            }.get(wrong, quotient < ratio)
            if passes:
                kept.append((nearer, i) if wrong == "columns" else (i, nearer))
        return np.array(kept).reshape(-1, 2)

    return answer


def ratio_by_opencv(first, second, ratio):
    found = cv2.BFMatcher(cv2.NORM_L2).knnMatch(
        first.astype(np.float32), second.astype(np.float32), k=2
    )
    return [(a.queryIdx, a.trainIdx) for a, b in found if a.distance < ratio * b.distance]


def ratio_at_once(first, second, ratio):
    away = np.linalg.norm(first[:, None] - second[None], axis=2)
    order = np.argsort(away, axis=1)
    rows = np.arange(len(first))
    good = away[rows, order[:, 0]] < ratio * away[rows, order[:, 1]]
    return np.c_[rows, order[:, 0]][good].astype(np.float32)


RIGHT = {
    "harris_response": [harris(), harris_by_eigenvalues, harris_in_torch],
    "extrema": [extrema(), extrema_from_the_last, extrema_by_windows],
    "angle_histograms": [histogram(), histogram_by_add_at, histogram_by_tents],
    "normalise_histograms": [normalised(), normalised_row_by_row, normalised_in_torch],
    "ratio_test": [ratio(), ratio_by_opencv, ratio_at_once],
}

WRONG = {
    "harris_response": {
        "trace not squared": (harris("trace"), "trace is not squared"),
        "without C": (harris("no C"), "beside the diagonal: det"),
        "C not squared": (harris("C"), "C is subtracted"),
        "without k": (harris("no k"), "k is not used"),
        "entries swapped": (harris("order"), "another order"),
        "sign": (harris("sign"), "sign is turned round"),
        "transposed": (lambda m, k: harris()(m, k).T, "wanted an array of shape"),
    },
    "extrema": {
        "maxima only": (extrema("maxima"), "minima are missing"),
        "one level only": (extrema("level"), "of the same level only"),
        "no threshold": (extrema("least"), "threshold is not used"),
        "x and y swapped": (extrema("xy"), "(level, x, y)"),
        "outer levels": (extrema("levels"), "first or the last level"),
        "a mask": (lambda dog, least: dog > least, "shape"),
    },
    "angle_histograms": {
        "nearest bin": (histogram("nearest"), "nearest bin only"),
        "lower bin": (histogram("floor"), "bin below it only"),
        "circle not closed": (histogram("wrap"), "circle is not closed"),
        "no weights": (histogram("weight"), "weights are not used"),
        "one for all": (histogram("one"), "share one histogram"),
    },
    "normalise_histograms": {
        "no second": (normalised("no last"), "last step is missing"),
        "no cut": (normalised("no cut"), "Nothing is cut"),
        "cut first": (normalised("cut first"), "cut comes before"),
        "L1": (normalised("L1"), "by their sum (L1)"),
        "wrong axis": (normalised("axis"), "wrong axis"),
        "one norm for all": (normalised("whole"), "One norm for all rows"),
    },
    "ratio_test": {
        "squared": (ratio("squared"), "Squared distances"),
        "similarities": (ratio("similarity"), "Similarities are compared"),
        "nearest distance": (ratio("distance"), "distance itself"),
        "every match": (ratio("all"), "Every descriptor is matched"),
        "columns swapped": (ratio("columns"), "columns are turned round"),
        "those that fail": (ratio("fails"), "fail the test"),
    },
}
