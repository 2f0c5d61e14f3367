"""What students may write in notebooks 03 to 05, right and wrong; see `answers_classical`."""

import numpy as np
import torch
import torch.nn.functional as F


def field(wrong=""):
    def answer(layers):
        size, jump, first = 1, 1, 0.0
        for kernel, stride, padding in layers:
            if wrong == "late":
                jump *= stride
            size += (kernel if wrong == "kernel" else kernel - 1) * (
                1 if wrong == "pixels" else jump
            )
            half = kernel / 2 if wrong == "half" else (kernel - 1) / 2
            moved = half - (0 if wrong == "padding" else padding)
            first += moved * (1 if wrong == "centre" else jump)
            if wrong != "late":
                jump *= stride
        return size, jump, first

    return answer


def field_from_the_top(layers):
    low, high = 0, 0  # the samples that cell 0 sees, layer by layer down to the image
    for kernel, stride, padding in reversed(layers):
        low, high = low * stride - padding, high * stride - padding + kernel - 1
    return high - low + 1, int(np.prod([stride for _, stride, _ in layers])), (low + high) / 2


def field_by_sum(layers):
    steps = np.cumprod([1, *[stride for _, stride, _ in layers]])
    grown = [(k - 1) * step for (k, _, _), step in zip(layers, steps, strict=False)]
    moved = [((k - 1) / 2 - p) * step for (k, _, p), step in zip(layers, steps, strict=False)]
    return [1 + sum(grown), steps[-1], sum(moved)]


def centres(wrong=""):
    def answer(rows, columns, stride, offset, scale):
        points = []
        cells = [(row, column) for row in range(rows) for column in range(columns)]
        if wrong == "by column":
            cells = [(row, column) for column in range(columns) for row in range(rows)]
        for row, column in cells:
            at = []
            for step in (column, row):
                v = step * stride + (0 if wrong == "offset" else offset)
                half = 0 if wrong == "half" else 0.5
                factor = {"times": scale, "none": 1.0}.get(wrong, 1 / scale)
                at.append((v + half) * factor - half)
            points.append(at[::-1] if wrong == "yx" else at)
        return np.array(points)

    return answer


def centres_by_mesh(rows, columns, stride, offset, scale):
    x, y = np.meshgrid(*(offset + stride * np.arange(count) for count in (columns, rows)))
    return (np.c_[x.ravel(), y.ravel()] + 0.5) / scale - 0.5


def centres_by_indices(rows, columns, stride, offset, scale):
    y, x = np.indices((rows, columns), dtype=np.float32) * stride + offset + 0.5
    return torch.tensor(np.stack([x, y], axis=-1).reshape(-1, 2)) / scale - 0.5


def entropy(wrong=""):
    def answer(logits, labels):
        total = 0.0
        for n, (row, label) in enumerate(zip(logits, labels, strict=True)):
            row = np.asarray(logits[:, label] if wrong == "axis" else row, np.float64)
            row = row - (0 if wrong == "overflow" else row.max())
            share = np.exp(row) / np.exp(row).sum()
            p = share[n] if wrong == "axis" else share[label]
            loss = 1 - p if wrong == "no log" else -(np.log2(p) if wrong == "log2" else np.log(p))
            total += loss
        total *= -1 if wrong == "sign" else 1
        return total if wrong == "sum" else total / len(labels)

    return answer


def entropy_in_torch(logits, labels):
    return F.cross_entropy(torch.tensor(logits).double(), torch.tensor(labels))


def entropy_by_logaddexp(logits, labels):
    rows = np.asarray(logits, np.float64)
    chosen = np.take_along_axis(rows, labels[:, None], axis=1)[:, 0]
    return np.mean(np.logaddexp.reduce(rows, axis=1) - chosen)


def step(wrong=""):
    def answer(weights, x, labels, rate):
        n = len(labels)
        gradient = np.zeros_like(weights)
        for row, label in zip(x, labels, strict=True):
            z = weights @ row
            p = np.exp(z - z.max())
            p /= p.sum()
            for c in range(len(weights)):
                y = 0 if wrong == "labels" else float(c == label)
                gradient[c] += (p[c] - y) * row
        if wrong != "sum":
            gradient /= n
        if wrong == "gradient":
            return gradient
        return weights + (1 if wrong == "up" else -1) * (1 if wrong == "rate" else rate) * gradient

    return answer


def step_by_autograd(weights, x, labels, rate):
    w = torch.tensor(weights, requires_grad=True)
    F.cross_entropy(torch.tensor(x) @ w.T, torch.tensor(labels)).backward()
    return w - rate * w.grad


def step_at_once(weights, x, labels, rate):
    z = (x @ weights.T).astype(np.float32)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return weights - rate * (p - np.eye(len(weights))[labels]).T @ x / len(x)


def attended(wrong=""):
    def answer(features, scores):
        if wrong == "softmax":
            scores = np.exp(scores) / np.exp(scores).sum()
        total = np.zeros(len(features))
        for y in range(scores.shape[0]):
            for x in range(scores.shape[1]):
                cell = features[:, y, x]
                norm = np.linalg.norm(features if wrong == "whole" else cell)
                unit = cell if wrong == "raw" else cell / norm
                total += unit * (1 if wrong == "no scores" else scores[y, x])
        if wrong == "sum":
            return total
        return total / (scores.size if wrong in ("cells", "no scores") else scores.sum())

    return answer


def attended_by_einsum(features, scores):
    unit = features / np.linalg.norm(features, axis=0)
    return np.einsum("chw,hw->c", unit, scores / scores.sum()).astype(np.float32)


def attended_in_torch(features, scores):
    unit = F.normalize(torch.tensor(features), dim=0).flatten(1)
    weights = torch.tensor(scores).flatten()
    return unit @ weights / weights.sum()


def top(wrong=""):
    def answer(xy, scores, k):
        order = sorted(range(len(scores)), key=lambda i: scores[i], reverse=wrong != "lowest")
        order = order[: k - 1 if wrong == "off by one" else k]
        order = {"backwards": order[::-1], "unsorted": sorted(order), "first": range(k)}.get(
            wrong, order
        )
        return np.array([xy[i] for i in order if i < len(xy)])

    return answer


def top_by_partition(xy, scores, k):
    k = min(k, len(scores))
    best = np.argpartition(-scores, k - 1)[:k]
    return xy[best[np.argsort(-scores[best])]].astype(np.float64)


def top_in_torch(xy, scores, k):
    return torch.tensor(xy)[torch.tensor(scores).topk(min(k, len(scores))).indices]


RIGHT = {
    "receptive_field": [field(), field_from_the_top, field_by_sum],
    "cell_centres": [centres(), centres_by_mesh, centres_by_indices],
    "cross_entropy": [entropy(), entropy_in_torch, entropy_by_logaddexp],
    "classifier_step": [step(), step_by_autograd, step_at_once],
    "attend": [attended(), attended_by_einsum, attended_in_torch],
    "top_k": [top(), top_by_partition, top_in_torch],
}

WRONG = {
    "receptive_field": {
        "whole kernel": (field("kernel"), "whole kernel"),
        "own stride": (field("late"), "already in the step"),
        "pixels for steps": (field("pixels"), "(kernel - 1) pixels"),
        "no padding": (field("padding"), "padding is left out"),
        "half a step off": (field("half"), "half a step off"),
        "centre in pixels": (field("centre"), "steps of one pixel"),
        "field alone": (lambda layers: field()(layers)[0], "wanted 3"),
    },
    "cell_centres": {
        "y before x": (centres("yx"), "Points are (y, x)"),
        "scale multiplied": (centres("times"), "scale is multiplied"),
        "no half pixel": (centres("half"), "half pixel is missing"),
        "no offset": (centres("offset"), "first centre is left out"),
        "no scale": (centres("none"), "scale is not used"),
        "column by column": (centres("by column"), "column by column"),
    },
    "cross_entropy": {
        "sum": (entropy("sum"), "added up"),
        "sign": (entropy("sign"), "sign is missing"),
        "axis": (entropy("axis"), "runs over the pictures"),
        "overflow": (entropy("overflow"), "exp overflows"),
        "base 2": (entropy("log2"), "base 2"),
        "no logarithm": (entropy("no log"), "not its logarithm"),
    },
    "classifier_step": {
        "uphill": (step("up"), "uphill"),
        "sum": (step("sum"), "sum over the batch"),
        "no rate": (step("rate"), "rate is not used"),
        "no labels": (step("labels"), "labels are not taken off"),
        "gradient": (step("gradient"), "returns the gradient"),
        "transposed": (lambda *given: step()(*given).T, "shape"),
    },
    "attend": {
        "not unit": (attended("raw"), "not brought to unit length"),
        "one norm": (attended("whole"), "whole grid"),
        "sum": (attended("sum"), "This is the sum"),
        "by cells": (attended("cells"), "number of cells"),
        "softmax": (attended("softmax"), "softmax"),
        "no scores": (attended("no scores"), "scores are not used"),
    },
    "top_k": {
        "lowest": (top("lowest"), "*lowest*"),
        "best last": (top("backwards"), "best comes last"),
        "unsorted": (top("unsorted"), "order they came"),
        "one too few": (top("off by one"), "One too few"),
        "first k": (top("first"), "first k points"),
    },
}
