"""What is measured of a classifier, and how it is written down."""

import numpy as np
from sklearn.metrics import f1_score

from data import CLASSES

BINS = 10


def score(probs, label):
    """Accuracy, macro-F1, the true class among the first two, calibration error, F1 by class."""
    said = probs.argmax(1)
    first_two = np.argsort(-probs, axis=1)[:, :2]
    by_class = f1_score(label, said, average=None, labels=range(len(CLASSES)), zero_division=0)
    return {
        "accuracy": (said == label).mean(),
        "macro": by_class.mean(),
        "two": (first_two == label[:, None]).any(1).mean(),
        "error": mean_error(probs, label),
        "classes": by_class,
    }


def bins(probs, label):
    """By confidence in tenths: share of the rows, mean confidence, accuracy."""
    sure, right = probs.max(1), probs.argmax(1) == label
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    for one in range(BINS):
        at = place == one
        if at.any():
            yield one / BINS, at.mean(), sure[at].mean(), right[at].mean()


def mean_error(probs, label):
    """The expected calibration error over ten bins of confidence."""
    return sum(share * abs(right - sure) for _, share, sure, right in bins(probs, label))


def table(rows):
    """Contenders, one a line."""
    head = ["", "accuracy", "macro-F1", "top 2", "ECE", *(f"F1 `{name}`" for name in CLASSES)]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    for name, got in rows:
        cells = [got["accuracy"], got["macro"], got["two"], got["error"], *got["classes"]]
        lines.append(f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")
    return "\n".join(lines)


def confidence(probs, label):
    """The calibration curve, and what is left above each confidence."""
    lines = ["| confidence from | share | mean confidence | right | right from here on | share from here on |", "|--:|--:|--:|--:|--:|--:|"]
    sure, right = probs.max(1), probs.argmax(1) == label
    for start, share, mean, hit in bins(probs, label):
        above = sure >= start
        lines.append(f"| {start:.1f} | {share:.3f} | {mean:.3f} | {hit:.3f} | {right[above].mean():.3f} | {above.mean():.3f} |")
    return "\n".join(lines)
