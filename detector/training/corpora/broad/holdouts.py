"""Which documents, systems and outlets of the document corpora are never trained on.

A split depends on the hash of an article's id alone, never on what else is drawn, and is the same
for all versions of the article.
"""

from __future__ import annotations

import pandas as pd

from detector.training.corpora.splits import hash_fraction

TRAIN, DEV, HELD_OUT = "train", "dev", "held_out"
#: Human articles that the encoder never sees, so that classifier and thresholds can be fitted on
#: them; those that a language model rewrote, split with its versions; and those taken out.
FIT, REWRITTEN, DOUBTFUL = "fit", "rewritten", "doubtful"

HELD_OUT_PROMPTS = frozenset({"p1", "p8"})

HELD_OUT_AFRICAN_LANGUAGES = frozenset({"lug"})

HELD_OUT_ENGINES = frozenset({"wmt21 Online-G", "wmt22 Online-G", "wmt21 Facebook-AI"})

HELD_OUT_LANGUAGE_MODELS = frozenset({"GPT-4-1106 (ALMA repo)", "LLM polish (Claude-instant)"})

#: "native essays" are held out with the essay prompts: they are of the same collection.
HELD_OUT_REGISTERS = frozenset({"press release", "native essays"})

#: Local pages of it read like machine translation: neither human nor machine for certain.
DOUBTFUL_OUTLETS = frozenset({"The Pioneer"})

_DEV_SHARE = 0.1

#: Share of articles held out by corpus; `_OTHERS` for the corpora that share their article ids.
_HELD_OUT_SHARES = {
    "ted_talks": 1 / 3,
    "broken_telephone": 0.25,
    "translated_documents": 0.2,
    "language_model_articles": 0.5,
}
_OTHERS, _OTHERS_HELD_OUT_SHARE = "documents", 0.2

_OUTLETS_HELD_OUT_SHARE = 0.15

_FEWEST_OUTLETS_TO_HOLD_SOME_OUT = 5

#: Of human articles that are neither held out nor dev, the share that the encoder learns from.
_HUMAN_TRAINING_SHARE = 0.5


def split_document(corpus: str, article_id: str) -> str:
    """``"train"``, ``"dev"`` or ``"held_out"`` for a document that has machine versions."""
    if corpus == "asap_essays":
        prompt = article_id.split("-")[1]
        return HELD_OUT if prompt in HELD_OUT_PROMPTS else _split(corpus, article_id)
    if corpus == "lafand_news":
        language = article_id.split("-")[0]
        return HELD_OUT if language in HELD_OUT_AFRICAN_LANGUAGES else _split(corpus, article_id)
    if corpus == "broken_telephone":  # the chapters of a book stay together
        article_id = article_id.rstrip("0123456789")
    if corpus in _HELD_OUT_SHARES:
        return _split(corpus, article_id, _HELD_OUT_SHARES[corpus])
    return _split(_OTHERS, article_id, _OTHERS_HELD_OUT_SHARE)


def _split(salt: str, key: str, held_out_share: float = 0.0) -> str:
    fraction = hash_fraction(f"{salt} {key}")
    if fraction < held_out_share:
        return HELD_OUT
    return DEV if fraction < held_out_share + (1 - held_out_share) * _DEV_SHARE else TRAIN


def find_held_out_systems(frame: pd.DataFrame) -> pd.Series:
    """Which rows are by an engine or a language model that is never trained on."""
    return frame["system"].isin(HELD_OUT_ENGINES | HELD_OUT_LANGUAGE_MODELS).astype(bool)


def find_held_out_outlets(articles: pd.DataFrame) -> frozenset[str]:
    """Outlets whose articles are never trained on: some of each register that has many.

    Args:
        articles: with ``register`` and ``outlet``.
    """
    counts = articles.groupby("register")["outlet"].nunique()
    registers = counts[counts >= _FEWEST_OUTLETS_TO_HOLD_SOME_OUT].index
    outlets = articles.loc[articles["register"].isin(registers), "outlet"].unique()
    return frozenset(
        outlet
        for outlet in map(str, outlets)
        if not outlet.startswith("(")
        and hash_fraction(f"outlet {outlet}") < _OUTLETS_HELD_OUT_SHARE
    )


def split_human_articles(articles: pd.DataFrame, rewritten: frozenset[str]) -> pd.Series:
    """The split of each human article.

    Args:
        articles: with ``corpus``, ``register``, ``outlet`` and ``article_id``.
        rewritten: ids of articles that have versions by a language model, and are split with them.
    """
    outlets = find_held_out_outlets(articles)
    splits = []
    for row in articles.itertuples():
        if row.outlet in DOUBTFUL_OUTLETS:
            splits.append(DOUBTFUL)
        elif row.register in HELD_OUT_REGISTERS or row.outlet in outlets:
            splits.append(HELD_OUT)
        elif row.article_id in rewritten:
            splits.append(REWRITTEN)
        else:
            splits.append(_split_human_article(f"{row.corpus}/{row.article_id}"))
    return pd.Series(splits, index=articles.index, dtype=object)


def _split_human_article(key: str) -> str:
    split = _split("people", key)
    is_to_fit = split == TRAIN and hash_fraction(f"fit {key}") >= _HUMAN_TRAINING_SHARE
    return FIT if is_to_fit else split
