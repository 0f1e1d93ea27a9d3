"""Pairs of copy and original of the document corpora."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd

from detector.results import EDITED, MACHINE_REWRITTEN, ORIGINAL
from detector.training.corpora.broad.labelled_documents import (
    TEACHERS,
    TRANSLATED_DOCUMENTS,
    load_labelled_documents,
)
from detector.training.corpora.splits import hash_fraction

#: Machine versions of a corpus of documents, beside one of the other corpora's.
_SHARE_OF_A_CORPUS = 0.5

#: A language model's rewriting in its own words keeps no sentence: whoever did it retold the
#: article, and what told the hand would be the model's style alone.
_RETOLD = "rewritten"


def load_document_pairs(folder: Path, seed: int, most: int) -> list[pd.DataFrame]:
    """Machines' versions beside their originals, and teachers' versions of one article.

    Professionals' and machines' translations of one article are left out: neither is a copy of the
    other, and a round trip whose first half a human did is made no differently.

    Args:
        folder: where the training corpora lie.
        seed: of what is drawn.
        most: pairs of a kind and split, at most.

    Returns:
        Frames with the columns of `load_pairs`.
    """
    documents = load_labelled_documents(folder)
    return [_pair_versions(documents, seed, most), _pair_teachers(documents, seed, most)]


def _pair_versions(documents: pd.DataFrame, seed: int, most: int) -> pd.DataFrame:
    machine = documents[
        (documents["label"] != ORIGINAL)
        & (documents["group"] != TRANSLATED_DOCUMENTS)
        & ~documents["system"].str.endswith(_RETOLD)
    ]
    originals = documents.loc[
        documents["label"] == ORIGINAL, ["group", "article_id", "split", "text"]
    ]
    pairs = machine.rename(columns={"text": "copy"}).merge(
        originals.rename(columns={"text": "original"}), on=["group", "article_id", "split"]
    )
    shuffled = pairs.sample(frac=1.0, random_state=seed)
    rank = shuffled.groupby(["group", "split", "held_out"], sort=False).cumcount()
    chosen = shuffled[np.asarray(rank < max(1, round(most * _SHARE_OF_A_CORPUS)))]
    return chosen.sort_index().assign(relation=MACHINE_REWRITTEN)


def _pair_teachers(documents: pd.DataFrame, seed: int, most: int) -> pd.DataFrame:
    """Each two levels of an article, in both directions."""
    levels = documents[documents["group"].str.startswith(TEACHERS)]
    rows = [
        (copy.text, original.text, article_id, copy.split)
        for article_id, versions in levels.groupby("article_id", sort=True)
        for copy, original in permutations(versions.itertuples(), 2)
    ]
    pairs = pd.DataFrame(rows, columns=["copy", "original", "article_id", "split"])
    order = [hash_fraction(f"{seed} {copy}") for copy in pairs["copy"]]
    pairs = pairs.iloc[np.argsort(order, kind="stable")].groupby("split").head(most)
    return pairs.sort_index().assign(
        relation=EDITED, group="teachers", pivot="", system="", rate=0.0, held_out=False
    )
