"""What students may write in notebooks 06 and 07, right and wrong; see `answers_classical`."""

import cv2
import numpy as np
import scipy.integrate
from sklearn.preprocessing import normalize


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def reduced(wrong=""):
    def answer(rows, mean, components):
        x = np.asarray(rows, np.float64)
        x = x if wrong == "first" else unit(x)
        x = x if wrong in ("mean", "late mean") else x - mean
        x = x @ components.T
        x = x - mean[: len(components)] if wrong == "late mean" else x
        x = x / x.std(axis=0) if wrong == "whitened" else x
        return x if wrong == "last" else unit(x)

    return answer


def reduced_row_by_row(rows, mean, components):
    done = []
    for row in rows.tolist():
        size = sum(v * v for v in row) ** 0.5
        row = [v / size - m for v, m in zip(row, mean.tolist(), strict=True)]
        row = [sum(a * b for a, b in zip(row, c, strict=True)) for c in components.tolist()]
        size = sum(v * v for v in row) ** 0.5
        done.append([v / size for v in row])
    return done


def reduced_by_sklearn(rows, mean, components):
    return normalize((normalize(rows) - mean) @ components.T)


def voted(wrong=""):
    def answer(images, similarities, count):
        total = np.zeros(count)
        for row, near in zip(images, similarities, strict=True):
            low = (similarities[images >= 0] if wrong == "one low" else near[row >= 0]).min()
            low = 0 if wrong == "raw" else low
            seen = []
            for image, s in zip(row, near, strict=True):
                if image < 0 and wrong != "missing":
                    continue
                if image in seen and wrong != "every":
                    continue
                seen.append(image)
                total[image] += 1 if wrong == "counted" else s - low
        return total

    return answer


def voted_by_dictionaries(images, similarities, count):
    total = {}
    for row, near in zip(images.tolist(), similarities.tolist(), strict=True):
        pairs = [(image, s) for image, s in zip(row, near, strict=True) if image >= 0]
        low = min(s for _, s in pairs)
        best = {}
        for image, s in pairs:
            best[image] = max(best.get(image, -1), s)
        for image, s in best.items():
            total[image] = total.get(image, 0) + s - low
    return [total.get(image, 0) for image in range(count)]


def voted_at_once(images, similarities, count):
    near = np.where(images < 0, np.inf, similarities).astype(np.float32)
    weight = similarities - near.min(axis=1, keepdims=True)
    alike = images[:, :, None] == images[:, None, :]
    first = ~(alike & np.tri(images.shape[1], k=-1, dtype=bool)).any(axis=2)
    use = first & (images >= 0)
    return np.bincount(images[use], weight[use], minlength=count)


def agreed(wrong=""):
    def answer(model, query, image, threshold):
        ends = []
        if wrong == "turned":
            query, image = image, query
        for (x, y), partner in zip(query, image, strict=True):
            there = model @ np.array([x, y, 0 if wrong == "shift" else 1])
            dx, dy = there[:2] - partner
            away = {
                "squared": dx * dx + dy * dy,
                "sum": abs(dx) + abs(dy),
                "apart": max(abs(dx), abs(dy)),
            }.get(wrong, np.hypot(dx, dy))
            ends.append(away <= threshold)
        return sum(ends) if wrong == "number" else ends

    return answer


def agreed_by_opencv(model, query, image, threshold):
    there = cv2.transform(query[None], model[:2])[0]
    return np.sqrt(((there - image) ** 2).sum(axis=1)) <= threshold


def agreed_in_zeros_and_ones(model, query, image, threshold):
    there = np.c_[query, np.ones(len(query))] @ model.T
    return (np.hypot(*(there[:, :2] - image).T) <= threshold).astype(np.uint8)


def expanded(wrong=""):
    def answer(query, found):
        total = np.zeros(len(query)) if wrong == "no query" else np.array(query, np.float64)
        for vector in found[:1] if wrong == "first" else found:
            total = total + vector / (len(found) if wrong == "half" else 1)
        if wrong == "not unit":
            return total / (1 + len(found))
        return total / np.sqrt((total**2).sum())

    return answer


def expanded_by_stack(query, found):
    return unit(np.vstack([query, found]).mean(axis=0)).astype(np.float32)


def expanded_by_sklearn(query, found):
    return normalize((query + np.sum(found, axis=0))[None])[0]


def precise(wrong=""):
    def answer(ranking, positives, junk):
        if wrong == "wrong":
            junk = set()
        if wrong == "right":
            positives, junk = positives | junk, set()
        area, found, rank, before = 0, 0, 0, 1.0
        for image in ranking:
            if image in junk:
                rank += wrong == "rank"
                continue
            rank += 1
            found += image in positives
            after = found / rank
            if image in positives:
                area += after if wrong == "rectangles" else (before + after) / 2
            before = after
        return area / (max(found, 1) if wrong == "found" else len(positives))

    return answer


def precise_by_trapezoids(ranking, positives, junk):
    hits = np.array([image in positives for image in ranking if image not in junk])
    precision = np.r_[1, np.cumsum(hits) / np.arange(1, len(hits) + 1)]
    recall = np.r_[0, np.cumsum(hits) / len(positives)]
    return scipy.integrate.trapezoid(precision, recall)


def precise_of_ranks(ranking, positives, junk):
    kept = [image for image in ranking if image not in junk]
    ranks = [rank for rank, image in enumerate(kept) if image in positives]
    old = [found / rank if rank else 1 for found, rank in enumerate(ranks)]
    new = [(found + 1) / (rank + 1) for found, rank in enumerate(ranks)]
    return np.float32(sum(old) + sum(new)) / (2 * len(positives))


def micro(wrong=""):
    def answer(returned, positives, junk, threshold):
        right, given, possible, each = 0, 0, 0, []
        for query, found in returned.items():
            known = positives.get(query, set())
            if wrong in ("known", "macro") and not known:
                continue
            kept = [i for i, s in found if (s > threshold if wrong == "over" else s >= threshold)]
            kept = [i for i in kept if wrong == "junk" or i not in junk.get(query, ())]
            hits = sum(i in known for i in kept)
            all_of = sum(i in known for i, _ in found) if wrong == "returned" else len(known)
            right, given, possible = right + hits, given + len(kept), possible + all_of
            each.append((hits / len(kept) if kept else 1, hits / all_of if all_of else 1))
        if wrong == "macro":
            return tuple(np.mean(each, axis=0))
        pair = right / given, right / possible
        return pair[::-1] if wrong == "turned" else pair

    return answer


def micro_by_sets(returned, positives, junk, threshold):
    kept = {(q, i) for q, found in returned.items() for i, s in found if s >= threshold}
    kept -= {(q, i) for q, images in junk.items() for i in images}
    right = kept & {(q, i) for q, images in positives.items() for i in images}
    return [len(right) / len(kept), len(right) / sum(map(len, positives.values()))]


def micro_at_once(returned, positives, junk, threshold):
    rows = [
        (score, image in positives.get(query, ()))
        for query, found in returned.items()
        for image, score in found
        if image not in junk.get(query, ())
    ]
    scores, hits = np.array(rows).T
    over = scores >= threshold
    return hits[over].mean(), hits[over].sum() / sum(map(len, positives.values()))


def fused(wrong=""):
    def stretched(scores):
        low, high = min(scores.values()), max(scores.values())
        if wrong == "raw":
            return dict(scores)
        low = 0 if wrong == "highest" else low
        return {image: (score - low) / (high - low) for image, score in scores.items()}

    def answer(local, whole, weight):
        weight = 1 - weight if wrong == "weight" else weight
        a, b = stretched(local), stretched(whole)
        images = set(a) & set(b) if wrong == "both" else set(a) | set(b)
        total = {i: weight * a.get(i, 0) + (1 - weight) * b.get(i, 0) for i in sorted(images)}
        if wrong == "unsorted":
            return total
        return dict(sorted(total.items(), key=lambda one: one[1], reverse=wrong != "worst first"))

    return answer


def fused_by_arrays(local, whole, weight):
    images = sorted({*local, *whole})
    columns = []
    for scores in (local, whole):
        column = np.array([scores.get(image, np.nan) for image in images], np.float32)
        column = (column - np.nanmin(column)) / (np.nanmax(column) - np.nanmin(column))
        columns.append(np.nan_to_num(column))
    total = weight * columns[0] + (1 - weight) * columns[1]
    return {images[i]: total[i] for i in np.argsort(-total, kind="stable")}


def fused_by_loop(local, whole, weight):
    total = {}
    for scores, share in ((local, weight), (whole, 1 - weight)):
        values = sorted(scores.values())
        for image in scores:
            part = share * (scores[image] - values[0]) / (values[-1] - values[0])
            total[image] = total.get(image, 0) + part
    return {image: total[image] for image in sorted(total, key=lambda i: (-total[i], i))}


RIGHT = {
    "l2_pca_l2": [reduced(), reduced_row_by_row, reduced_by_sklearn],
    "vote_counting": [voted(), voted_by_dictionaries, voted_at_once],
    "inliers": [agreed(), agreed_by_opencv, agreed_in_zeros_and_ones],
    "average_query_expansion": [expanded(), expanded_by_stack, expanded_by_sklearn],
    "ap_with_junk": [precise(), precise_by_trapezoids, precise_of_ranks],
    "micro_at": [micro(), micro_by_sets, micro_at_once],
    "score_fusion": [fused(), fused_by_arrays, fused_by_loop],
}

WRONG = {
    "l2_pca_l2": {
        "no mean": (reduced("mean"), "mean is not taken off"),
        "no first L2": (reduced("first"), "first normalisation is missing"),
        "no last L2": (reduced("last"), "last normalisation is missing"),
        "whitened": (reduced("whitened"), "Whitened"),
        "mean after": (reduced("late mean"), "after the projection"),
        "components as columns": (lambda rows, mean, c: unit(unit(rows) - mean) @ c, "raised"),
    },
    "vote_counting": {
        "every neighbour": (voted("every"), "a vote for each of its neighbours"),
        "counted": (voted("counted"), "Votes are counted"),
        "similarity": (voted("raw"), "similarity itself"),
        "-1 as an index": (voted("missing"), "-1 stands for *no*"),
        "one farthest": (voted("one low"), "farthest of all features"),
    },
    "inliers": {
        "wrong way": (agreed("turned"), "wrong side"),
        "squared": (agreed("squared"), "*squared*"),
        "sum of both": (agreed("sum"), "|dx| + |dy|"),
        "x and y apart": (agreed("apart"), "judged apart"),
        "no shift": (agreed("shift"), "shift is left out"),
        "number": (agreed("number"), "number of inliers"),
    },
    "average_query_expansion": {
        "no query": (expanded("no query"), "left out of the mean"),
        "not unit": (expanded("not unit"), "shorter than 1"),
        "query as half": (expanded("half"), "as much as all"),
        "first only": (expanded("first"), "Only the first image"),
    },
    "ap_with_junk": {
        "junk wrong": (precise("wrong"), "Junk counts as wrong"),
        "junk right": (precise("right"), "Junk counts as right"),
        "junk keeps its rank": (precise("rank"), "keeps its rank"),
        "rectangles": (precise("rectangles"), "rectangles"),
        "by found": (precise("found"), "right images *found*"),
    },
    "micro_at": {
        "macro": (micro("macro"), "mean over queries"),
        "junk wrong": (micro("junk"), "Junk counts as wrong"),
        "known queries only": (micro("known"), "without a landmark are left out"),
        "over, not at": (micro("over"), ">=, not >"),
        "recall of returned": (micro("returned"), "positives that were returned"),
        "turned round": (micro("turned"), "Recall comes first"),
    },
    "score_fusion": {
        "raw scores": (fused("raw"), "added as they come"),
        "weight": (fused("weight"), "given to the other"),
        "by the highest": (fused("highest"), "by the highest only"),
        "both only": (fused("both"), "are dropped"),
        "unsorted": (fused("unsorted"), "not that of the fused score"),
        "worst first": (fused("worst first"), "worst comes first"),
    },
}
