"""Trains the intent model, measures it and writes it down, in one run:

    pip install -r requirements.txt
    python train.py --data intent.parquet

writes intent.onnx and the figures in CARD.md beside this folder, and, with --fixtures FOLDER, rows
of the test split with what the model makes of them. Takes a few minutes of one processor; the same
seed gives the same file on the same machine.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import gzip
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime
from scipy.optimize import minimize_scalar

import graph
import net
from data import CLASSES, INPUTS, SPACES, load
from figures import confidence, mean_error, score, table

SEED = 1
HIDDEN = 96
FOLDS = 5
# Chosen on the validation split.
SETTINGS = {"epochs": 8, "rate": 1e-3, "decay": 1e-3, "drop": 0.4, "token_drop": 0.4}
SMOOTHING = 0.02
# Rare classes weigh more by this power of how rare they are.
RARE = 0.15
# Commits of a repository's own that its prior is made of, and what each class has in advance.
OWN, ADVANCE = 50, 4.0
ROWS = 300


def targets(rows):
    return (np.eye(len(CLASSES)) * (1 - SMOOTHING) + SMOOTHING / len(CLASSES))[rows.label].astype("f4")


def weights(rows):
    counts = np.bincount(rows.label, minlength=len(CLASSES))
    weight = (counts.mean() / counts) ** RARE
    return (weight / np.average(weight, weights=counts))[rows.label].astype("f4")


def fit(rows, scale, seed=SEED):
    return net.train(
        rows, scale, targets(rows), weights(rows), hidden=HIDDEN, vector=graph.VECTOR, seed=seed, **SETTINGS
    )


def logits(model, rows, scale):
    pieces = range(0, len(rows), 4096)
    return np.concatenate([model.forward(scale(rows.inputs(slice(at, at + 4096))))[0] for at in pieces])


def unseen(train, scale, rng):
    """The logits of each training row by a net that saw no commit of its repository."""
    repos = np.unique(train.repo)
    rng.shuffle(repos)
    fold = np.array([{repo: at % FOLDS for at, repo in enumerate(repos)}[repo] for repo in train.repo])
    out = np.zeros((len(train), len(CLASSES)), "f4")
    for one in range(FOLDS):
        model = fit(train.where(fold != one), scale)
        out[fold == one] = logits(model, train.where(fold == one), scale)
    return out


def sharpness(out, label):
    """By how much logits are to be multiplied for their likelihood to be greatest."""

    def loss(factor):
        probs = net.softmax(out * factor)[np.arange(len(label)), label]
        return -np.log(np.maximum(probs, 1e-9)).mean()

    return minimize_scalar(loss, bounds=(0.3, 3), method="bounded").x


def majority(train, rows):
    probs = np.zeros((len(rows), len(CLASSES)))
    probs[:, np.bincount(train.label).argmax()] = 1
    return probs


def by_rules(rows, names):
    """Path and size alone."""
    value = lambda name: rows.dense[:, names.index(name)]
    choice = np.full(len(rows), CLASSES.index("fix"))
    choice[(value("new_share") > 0.3) | (value("ln_add") > np.log1p(60))] = CLASSES.index("feature")
    choice[(value("add_ratio") < 0.45) & (value("kind_src") > 0.5)] = CLASSES.index("refactor")
    choice[value("kind_test") > 0.8] = CLASSES.index("test")
    choice[value("kind_docs") + value("kind_changelog") > 0.8] = CLASSES.index("docs")
    upkeep = np.maximum.reduce([value("kind_manifest") + value("kind_lock"), value("kind_config"), value("kind_ci")])
    choice[upkeep > 0.6] = CLASSES.index("upkeep")
    return np.eye(len(CLASSES))[choice]


def boosted(train):
    model = lightgbm.LGBMClassifier(
        n_estimators=200,
        num_leaves=31,
        learning_rate=0.08,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.5,
        min_child_samples=30,
        n_jobs=1,
        random_state=SEED,
        verbose=-1,
    )
    return model.fit(train.dense, train.label)


def with_prior(probs, usual, labels):
    """What the model says, given what the repository's last commits called themselves."""
    own = np.bincount(labels, minlength=len(CLASSES)) + ADVANCE * usual * len(CLASSES)
    corrected = probs * (own / own.sum() / usual)
    return corrected / corrected.sum(1, keepdims=True)


def by_repository_prior(rows, probs, usual):
    """Of each repository's newer half: with and without a prior from the commits before."""
    plain, own = [], []
    for repo in np.unique(rows.repo):
        at = np.where((rows.repo == repo) & (rows.view == "full"))[0]
        at = at[np.argsort(rows.time[at], kind="stable")]
        half = len(at) // 2
        for place in range(half, len(at)):
            last = rows.label[at[max(0, place - OWN) : place]]
            now = at[place : place + 1]
            plain.append((rows.label[now[0]], probs[now[0]]))
            own.append((rows.label[now[0]], with_prior(probs[now], usual, last)[0]))
    both = []
    for pairs in (plain, own):
        label, out = np.array([one for one, _ in pairs]), np.array([one for _, one in pairs])
        both.append(score(out, label))
    return both


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path, required=True, help="intent.parquet")
    arguments.add_argument("--fixtures", type=Path, help="where rows for the tests go")
    given = arguments.parse_args()
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    here = Path(__file__).resolve().parent.parent

    rows = load(given.data)
    train, val, test = (rows.where(rows.split == split) for split in ("train", "val", "test"))
    scale = net.Scale(train.dense, sum(buckets for _, buckets in SPACES))
    rng = np.random.default_rng(SEED)

    model = fit(train, scale)
    held_out = np.concatenate([unseen(train, scale, rng), logits(model, val, scale)])
    label = np.concatenate([train.label, val.label])
    full = np.concatenate([train.view, val.view]) == "full"
    factor = np.float32(sharpness(held_out[full], label[full]))
    model.weights[4] *= factor
    model.weights[5] *= factor
    usual = net.softmax(held_out[full] * factor).mean(0)
    graph.save(here / "intent.onnx", model, scale)

    names = (here / "train" / "dense.txt").read_text().split()
    lines = [f"Trained by `train.py` with seed {SEED}; the logits were multiplied by {factor:.3f}.\n"]
    contenders = [
        ("majority", majority(train, test)),
        ("path and size rules", by_rules(test, names)),
        ("LightGBM, 200 rounds, dense inputs", boosted(train).predict_proba(test.dense)),
    ]
    own = net.softmax(logits(model, test, scale))
    contenders.append(("**this model**", own))
    for view, title in (("full", "whole commits"), ("partial", "part of a commit's hunks")):
        at = test.view == view
        lines.append(f"\nTest split, {title} ({at.sum()}):\n")
        lines.append(table([(name, score(probs[at], test.label[at])) for name, probs in contenders]))
    on_val = net.softmax(logits(model, val, scale))
    at = val.view == "full"
    lines.append(f"\nValidation split, whole commits ({at.sum()}), for comparison:\n")
    lines.append(table([("**this model**", score(on_val[at], val.label[at]))]))

    at = test.view == "full"
    lines.append("\nBy repository, whole commits:\n\n| repository | commits | accuracy | macro-F1 | mean confidence |\n|---|--:|--:|--:|--:|")
    for repo in np.unique(test.repo):
        here_at = at & (test.repo == repo)
        got = score(own[here_at], test.label[here_at])
        lines.append(f"| {repo} | {here_at.sum()} | {got['accuracy']:.3f} | {got['macro']:.3f} | {own[here_at].max(1).mean():.3f} |")
    lines.append("\nCalibration, whole commits of the test split:\n")
    lines.append(confidence(own[at], test.label[at]))
    plain, corrected = by_repository_prior(test, own, usual)
    lines.append(f"\nThe newer half of each test repository, without and with a prior from its last {OWN} commits:\n")
    lines.append(table([("as it is", plain), ("with the prior", corrected)]))
    vector = model.forward(scale(test.inputs()))[1]
    lines.append("\n" + alike(test, vector))
    lines.append("\nHow often it says each class by itself (the prior is measured against this): " + ", ".join(f"`{name}` {share:.4f}" for name, share in zip(CLASSES, usual)) + ".\n")
    write_figures(here / "CARD.md", "\n".join(lines))
    print("\n".join(lines))

    if given.fixtures:
        write_rows(given.fixtures, here / "intent.onnx", model, scale, test, rng)


def alike(rows, vector):
    """How near the vectors of a part and the whole are, beside any two."""
    unit = vector / (np.linalg.norm(vector, axis=1, keepdims=True) + 1e-9)
    whole = {(r, t): at for at, (r, t, v) in enumerate(zip(rows.repo, rows.time, rows.view)) if v == "full"}
    pairs = [
        (at, whole[r, t])
        for at, (r, t, v) in enumerate(zip(rows.repo, rows.time, rows.view))
        if v == "partial" and (r, t) in whole
    ]
    a, b = np.array(pairs).T
    near = (unit[a] * unit[b]).sum(1).mean()
    other = (unit[a] * unit[np.roll(b, 1000)]).sum(1).mean()
    return f"The vector: cosine of part and whole of the same commit {near:.3f}, of any two {other:.3f}."


def write_figures(card, text):
    """Puts the figures between their marks."""
    begin, end = "<!-- figures -->\n", "<!-- end of figures -->"
    head, rest = card.read_text().split(begin)
    card.write_text(head + begin + text + "\n" + rest[rest.index(end) :])


def write_rows(folder, path, model, scale, test, rng):
    """Rows of the test split: the inputs, then what NumPy makes of them, checked with ONNX Runtime."""
    at = np.sort(rng.choice(len(test), ROWS, replace=False))
    inputs = test.inputs(at).astype("<f4")
    out, vector = model.forward(scale(inputs))
    expected = np.concatenate([net.softmax(out), vector], axis=1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    ran = [np.concatenate(session.run(None, {"x": inputs[one : one + 1]}), axis=1)[0] for one in range(ROWS)]
    difference = np.abs(np.array(ran) - expected).max()
    assert difference < 1e-5, difference
    print(f"NumPy and ONNX Runtime differ by {difference:.1e} at most")
    both = np.concatenate([inputs, expected], axis=1).astype("<f4")
    assert both.shape == (ROWS, INPUTS + len(CLASSES) + graph.VECTOR)
    with open(folder / "rows.f32.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(both.tobytes())


if __name__ == "__main__":
    main()
