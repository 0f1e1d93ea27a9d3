"""Pairs of copy and original of the document corpora."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd

from detector.results import MACHINE_REWRITTEN, ORIGINAL, RETOLD
from detector.training.corpora.broad.labelled_documents import (
    TEACHERS,
    TRANSLATED_DOCUMENTS,
)
from detector.training.corpora.splits import draw_rows, hash_fraction

#: Machine versions of a corpus of documents, beside one of the other corpora's.
_SHARE_OF_A_CORPUS = 0.5

#: Professionals' translations that are copied, beside one of the other corpora's articles.
_SHARE_OF_TRANSLATIONS = 0.4

#: What copies of professionals' translations are called, whoever made them.
TRANSLATIONS = "professionals' translations"

#: Systems whose names end so rewrote an article in their own words.
_OWN_WORDS = "rewritten"


def pair_documents(documents: pd.DataFrame, seed: int, most: int) -> list[pd.DataFrame]:
    """Machines' versions beside their originals, and teachers' versions of one article.

    A language model's rewriting in its own words, and a machine's and a professional's translation
    of one foreign article, of which neither is a copy of the other, tell an article anew as
    teachers' versions do.

    Args:
        documents: see `detector.training.corpora.broad.labelled_documents`.
        seed: of what is drawn.
        most: pairs of a kind and split, at most.

    Returns:
        Frames with the columns of `load_pairs`.
    """
    return [_pair_versions(documents, seed, most), _pair_teachers(documents, seed, most)]


def choose_other_registers(documents: pd.DataFrame, seed: int, most: int) -> pd.DataFrame:
    """Human articles of the document corpora, at most so many of a register and split.

    They are for copies by humans. A threshold rests on as many articles as it can: the bound of
    its rate is the tighter for it.
    """
    of_machines = documents.loc[documents["label"] != ORIGINAL, "group"].unique()
    human = documents[
        ~documents["group"].isin(of_machines) & ~documents["group"].str.startswith(TEACHERS)
    ]
    return draw_rows(human, ["group", "split"], most, seed)


def choose_translations(documents: pd.DataFrame, seed: int, most: int) -> pd.DataFrame:
    """Professionals' translations, some of each split, for copies by machines and humans.

    An article that is a translation itself can be copied as any other.
    """
    by_translator = documents[documents["by_translator"]].assign(group=TRANSLATIONS)
    return draw_rows(by_translator, ["split"], max(1, round(most * _SHARE_OF_TRANSLATIONS)), seed)


def _pair_versions(documents: pd.DataFrame, seed: int, most: int) -> pd.DataFrame:
    machine = documents[documents["label"] != ORIGINAL]
    originals = documents.loc[
        documents["label"] == ORIGINAL, ["group", "article_id", "split", "text"]
    ]
    pairs = machine.rename(columns={"text": "copy"}).merge(
        originals.rename(columns={"text": "original"}), on=["group", "article_id", "split"]
    )
    share = max(1, round(most * _SHARE_OF_A_CORPUS))
    chosen = draw_rows(pairs, ["group", "split", "held_out"], share, seed)
    is_retold = chosen["system"].str.endswith(_OWN_WORDS)
    is_retold |= chosen["group"] == TRANSLATED_DOCUMENTS
    relation = np.where(is_retold, RETOLD, MACHINE_REWRITTEN)
    return chosen.assign(relation=relation)


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
        relation=RETOLD, group="teachers", pivot="", system="", rate=0.0, held_out=False
    )
