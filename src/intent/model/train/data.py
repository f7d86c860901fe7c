"""The data set: rows of numbers that were made from commits, and the six classes they are sorted into."""

from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as parquet
import scipy.sparse as sparse

CLASSES = ["feature", "fix", "refactor", "test", "docs", "upkeep"]

# What a commit called itself, and what that is here. `perf` and `style` cannot be told from a diff
# (F1 of 0 and .02 in every model tried), so they count as what they look like. `revert` is left out:
# it is whatever it takes back.
CLASS_OF = {
    "feat": "feature",
    "fix": "fix",
    "refactor": "refactor",
    "perf": "refactor",
    "style": "refactor",
    "test": "test",
    "docs": "docs",
    "chore": "upkeep",
    "build": "upkeep",
    "ci": "upkeep",
    "deps": "upkeep",
}

# The dense inputs that a diff alone has: the nine of a file's history behind them are left out.
DENSE = 124
# Buckets of hashed tokens: added and deleted lines, paths, context.
SPACES = [("added", 128), ("deleted", 128), ("path", 64), ("context", 64)]
INPUTS = DENSE + sum(buckets for _, buckets in SPACES)


@dataclass
class Rows:
    """Rows of the data set: inputs, class, and where each is from."""

    dense: np.ndarray
    hashed: sparse.csr_matrix
    label: np.ndarray
    repo: np.ndarray
    time: np.ndarray
    split: np.ndarray
    view: np.ndarray

    def where(self, mask):
        """The rows that `mask` picks."""
        return Rows(
            self.dense[mask],
            self.hashed[np.where(mask)[0]],
            self.label[mask],
            self.repo[mask],
            self.time[mask],
            self.split[mask],
            self.view[mask],
        )

    def inputs(self, at=slice(None)):
        """The model's inputs of the rows `at`, as the Rust code makes them."""
        return np.concatenate([self.dense[at], self.hashed[at].toarray()], axis=1)

    def __len__(self):
        return len(self.label)


def load(path):
    """Reads the parquet file."""
    table = parquet.read_table(path)
    column = lambda name: table[name].to_numpy(zero_copy_only=False)
    kind = column("type")
    keep = np.array([one in CLASS_OF for one in kind])
    spaces = []
    for name, buckets in SPACES:
        ids = table[f"id_{name}"].combine_chunks()
        counts = table[f"n_{name}"].combine_chunks().values.to_numpy().astype("f4")
        at = ids.values.to_numpy().astype("i4") % buckets
        offsets = ids.offsets.to_numpy().copy()
        space = sparse.csr_matrix((counts.copy(), at, offsets), shape=(len(kind), buckets))
        space.sum_duplicates()
        space.data = np.log1p(space.data)
        spaces.append(space)
    rows = Rows(
        dense=np.stack(column("dense")).astype("f4")[:, :DENSE],
        hashed=sparse.hstack(spaces).tocsr().astype("f4"),
        label=np.array([CLASSES.index(CLASS_OF.get(one, "fix")) for one in kind]),
        repo=column("repo").astype(str),
        time=column("ts"),
        split=column("split").astype(str),
        view=column("view").astype(str),
    )
    return rows.where(keep)
