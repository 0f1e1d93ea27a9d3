"""Whole documents with labels, made from pairs of sentences and from human articles.

A document is what the classifier judges, so it is what calibration, thresholds and figures rest on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from detector.results import ORIGINAL, SPUN, TRANSLATED
from detector.training.corpora.broad.labelled_documents import (
    DOCUMENT_COLUMNS,
    load_labelled_documents,
)
from detector.training.corpora.loading import (
    load_human_news,
    load_roundtrip_flores,
    load_roundtrip_news,
    load_translated_news,
)
from detector.training.corpora.splits import hash_fraction
from detector.training.generation.synonym_lists import AIKSAURUS, SynonymLists

#: What spins the documents that figures rest on, from lists that training never sees.
HELD_OUT_SPINNERS = {AIKSAURUS: (AIKSAURUS,), "freedict-fra": ("freedict-fra",)}

#: The corpus whose originals are professionals' translations.
TRANSLATED_NEWS = "translated_news"


def join_sentences(
    frame: pd.DataFrame, side: str, keys: Sequence[str], minimum: int = 3
) -> pd.DataFrame:
    """One row per document: the sentences of `side` in order, one a line, grouped by `keys`."""
    ordered = frame.sort_values("position").drop_duplicates([*keys, "position"])
    grouped = ordered.groupby(list(keys), sort=True)
    documents = grouped[side].agg("\n".join).rename("text").reset_index()
    sizes = grouped.size().to_numpy()
    return documents[sizes >= minimum].reset_index(drop=True)


def make_parallel_documents(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """Human and machine versions of the articles of one corpus of pairs."""
    machine = join_sentences(frame, "text", ["article_id", "pivot", "system", "split", "held_out"])
    human = join_sentences(frame, "original", ["article_id", "split"])
    human = human.assign(pivot="", system="", held_out=False, label=ORIGINAL)
    both = pd.concat([human, machine.assign(label=TRANSLATED)], ignore_index=True)
    by_translator = (both["label"] == ORIGINAL) & (group == TRANSLATED_NEWS)
    return both.assign(group=group, rate=0.0, by_translator=by_translator)


def spin_documents(
    originals: pd.DataFrame,
    spun_by: Mapping[str, Sequence[str]],
    rates: Sequence[float],
    seed: int,
    lists: SynonymLists,
) -> pd.DataFrame:
    """Each original spun once by each system, at a rate drawn by its article.

    Args:
        originals: documents with `DOCUMENT_COLUMNS`.
        spun_by: system → names of the lists that it takes words from.
        rates: shares of the replaceable words that are replaced.
        seed: of the spinners and of the rates.
        lists: where the lists lie.
    """
    rows = []
    for name, chosen in spun_by.items():
        for rate_index, rate in enumerate(rates):
            spinner = lists.make_spinner(chosen, rate, seed)
            for row in originals.itertuples():
                drawn = int(hash_fraction(f"{row.article_id}{name}{seed}") * len(rates))
                if drawn == rate_index:
                    rows.append((row.Index, spinner.spin(str(row.text)).text, name, rate))
    spun = pd.DataFrame(rows, columns=["row", "text", "system", "rate"])
    rest = originals.drop(columns=["text", "system", "rate", "label"]).loc[spun["row"]]
    joined = pd.concat([rest.reset_index(drop=True), spun.drop(columns="row")], axis=1)
    return joined.assign(label=SPUN, by_translator=False)


def load_documents(folder: Path, permissive: bool = False) -> pd.DataFrame:
    """All documents that the encoder was not tuned on, with `DOCUMENT_COLUMNS`.

    See `load_news_documents` and
    `detector.training.corpora.broad.labelled_documents.load_labelled_documents`.
    """
    parts = [load_news_documents(folder), load_labelled_documents(folder, permissive)]
    return pd.concat(parts, ignore_index=True)


def load_news_documents(folder: Path) -> pd.DataFrame:
    """Documents made of the corpora of sentences, and human news.

    `group` is the corpus, the outlet or the register; `split` ``"dev"`` (classifier, calibration,
    thresholds) or ``"test"`` (figures). The outlets of ``human_news`` are of the split ``"dev"``;
    each register's false positives are measured with it left out, too.
    """
    parts = [
        make_parallel_documents(frame[frame["split"] != "train"], group)
        for frame, group in (
            (load_roundtrip_news(folder), "roundtrip_news"),
            (load_roundtrip_flores(folder), "roundtrip_flores"),
            (load_translated_news(folder), TRANSLATED_NEWS),
        )
    ]
    human = load_human_news(folder)
    human = human[human["split"] != "train"].rename(columns={"outlet": "group"})
    human = human.assign(
        label=ORIGINAL, pivot="", system="", rate=0.0, held_out=False, by_translator=False
    )
    documents = pd.concat([*parts, human], ignore_index=True)
    return documents[list(DOCUMENT_COLUMNS)]


def subsample_documents(documents: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """At most `most` documents of each (group, split, label, held_out), drawn by a fixed seed.

    An article's first version comes before the second of another, and articles in the same order
    whatever the label: so versions and their originals are drawn together.
    """
    keys = ["group", "split", "label", "held_out"]
    shuffled = documents.sample(frac=1.0, random_state=seed)
    version = shuffled.groupby([*keys, "article_id"], sort=False).cumcount()
    order = shuffled["article_id"].map(lambda article: hash_fraction(f"{seed} {article}"))
    ordered = shuffled.assign(version=version, order=order).sort_values(
        ["version", "order"], kind="stable"
    )
    rank = ordered.groupby(keys, sort=False).cumcount()
    return documents.loc[ordered.index[np.asarray(rank < most)]].sort_index()
