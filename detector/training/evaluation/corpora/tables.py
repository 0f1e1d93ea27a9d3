"""The tables of the test split: what is found of each machine, and which humans are accused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.choices import DEFAULT_FALSE_POSITIVE_RATE
from detector.results import ORIGINAL, SPUN, TRANSLATED
from detector.training.evaluation.scored_documents import ScoredDocuments

Mask = npt.NDArray[np.bool_]

_LONG_ARTICLE = 600

#: Registers whose articles stand for other outlets' news: nothing of them was fitted on.
_OTHER_OUTLETS = ("news and opinion", "Indian English news", "news")

_WORDS = ((300, 600), (150, 300), (60, 150))

#: Corpora whose machine documents are measured against their own originals.
_CORPORA = {
    "school essays, both legs Google": ("asap_essays", TRANSLATED),
    "African news, research models": ("lafand_news", TRANSLATED),
    "news and summaries, two loops through Llama or Mistral": ("broken_telephone", TRANSLATED),
    "abstracts, stories and reviews, both legs Google": ("detectrl", TRANSLATED),
    "TED talks, human translations and six engines": ("ted_talks", TRANSLATED),
    "news through a language model of 2026": ("language_model_articles", TRANSLATED),
    "news reworded or rewritten by a language model of 2026": ("language_model_articles", SPUN),
    "abstracts, stories and reviews, paraphrased": ("paraphrased_documents", SPUN),
    "FLORES blocks": ("roundtrip_flores", TRANSLATED),
    "news round trip": ("roundtrip_news", TRANSLATED),
    "WMT 2021-22 engines, against professionals": ("translated_documents", TRANSLATED),
    "WMT 2016 engines, against professionals": ("translated_news", TRANSLATED),
}


def tabulate_test(scored: ScoredDocuments) -> dict[str, dict[str, Any]]:
    """What is told from what on the test split, by name of the row."""
    test = (scored.frame["split"] == "test").to_numpy()
    rows = {
        name: scored.compare(human, machine)
        for name, human, machine in _list_rows(scored.frame, scored.words)
        if (human & test).any() and (machine & test).any()
    }
    return {name: row for name, row in rows.items() if row["documents"]}


def _list_rows(
    frame: pd.DataFrame, words: npt.NDArray[np.int64]
) -> Iterator[tuple[str, Mask, Mask]]:
    """Name of each row, its human and its machine documents."""
    group, label = frame["group"].to_numpy(), frame["label"].to_numpy()
    test, held_out = (frame["split"] == "test").to_numpy(), frame["held_out"].to_numpy(dtype=bool)
    human = test & (label == ORIGINAL)
    others = human & np.isin(group, _OTHER_OUTLETS)
    news = test & (group == "roundtrip_news") & (label == TRANSLATED) & ~held_out
    yield "news round trip, against other outlets", others, news
    long = words > _LONG_ARTICLE
    yield f"– above {_LONG_ARTICLE} words", others & long, news & long
    for low, high in _WORDS:
        some = (words > low) & (words <= high)
        yield f"– {low}-{high} words", others & some, news & some
    for name, (corpus, kind) in _CORPORA.items():
        of_corpus = test & (group == corpus)
        machine = of_corpus & (label == kind)
        yield name, of_corpus & human, machine & ~held_out
        yield f"– unseen systems or pivots: {corpus}", of_corpus & human, machine & held_out
    spun = test & (label == SPUN) & (frame["rate"].to_numpy() > 0)
    originals = others | (human & np.isin(group, ["press release", "roundtrip_news"]))
    for source in sorted(frame["system"][spun].unique()):
        of_source = spun & (frame["system"] == source).to_numpy()
        for rate in sorted(frame["rate"][of_source].unique(), reverse=True):
            chosen = of_source & (frame["rate"] == rate).to_numpy()
            yield f"spun by {source}, {100 * rate:.0f} % of words", originals, chosen


def tabulate_labels(scored: ScoredDocuments) -> dict[str, Any]:
    """What machine documents of the test split are called, by what they are.

    Returns:
        For ``translated`` and ``spun`` how many documents there are, how many of them more
        likely are original, translated or spun, and of those flagged at 1 % how many are called
        translated or spun.
    """
    frame = scored.frame
    test, label = (frame["split"] == "test").to_numpy(), frame["label"].to_numpy()
    louder = np.array([TRANSLATED, SPUN])[scored.shares.argmax(axis=1)]
    is_machine = scored.probabilities * scored.shares.max(axis=1) > 1 - scored.probabilities
    named = np.where(is_machine, louder, ORIGINAL)
    nothing = np.zeros(len(frame), dtype=bool)
    flagged = scored.flagged.get(DEFAULT_FALSE_POSITIVE_RATE, nothing)
    table = {}
    for kind in (TRANSLATED, SPUN):
        own = test & (label == kind)
        table[kind] = {"documents": int(own.sum())} | {
            f"called {name}": int((named[own] == name).sum())
            for name in (ORIGINAL, TRANSLATED, SPUN)
        }
        table[kind] |= {"flagged": int((own & flagged).sum())} | {
            f"flagged and called {name}": int((own & flagged & (louder == name)).sum())
            for name in (TRANSLATED, SPUN)
        }
    return table
