"""Which articles, pivots and systems are held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from detector.text.hashing import hash_widely

#: What training never sees, so that a figure for the unseen can be given.
HELD_OUT_PIVOTS = frozenset({"es", "ro", "fa", "is", "ta", "th"})

HELD_OUT_SYSTEMS = frozenset({"nllb", "argos", "bergamot-base", "bergamot-base-memory"})

TEST_SETS_TRANSLATED = {"wmt10": "dev", "wmt15": "dev", "wmt16": "test"}

FLORES_TRAIN_UNTIL, FLORES_DEV_UNTIL = 597, 797


def draw_rows(frame: pd.DataFrame, keys: Sequence[str], most: int, seed: int) -> pd.DataFrame:
    """At most `most` rows of each combination of `keys`, drawn by a seed, in the frame's order."""
    shuffled = frame.sample(frac=1.0, random_state=seed)
    rank = shuffled.groupby(list(keys), sort=False).cumcount()
    return shuffled[np.asarray(rank < most)].sort_index()


def hash_fraction(key: str) -> float:
    """A number in [0, 1) that depends on `key` alone: splits that survive new rows."""
    return hash_widely(key.encode(), "big") / 2**64


def split_by_article(article_id: str, test: float = 0.2, dev: float = 0.2) -> str:
    """``"train"``, ``"dev"`` or ``"test"``, the same for every row of an article."""
    fraction = hash_fraction(article_id)
    return "test" if fraction < test else "dev" if fraction < test + dev else "train"
