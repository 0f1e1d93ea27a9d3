"""Documents of the document corpora with labels, of which the encoder saw nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from detector.results import ORIGINAL
from detector.training.corpora.broad.documents import (
    load_edited_articles,
    load_human_articles,
    load_machine_documents,
)
from detector.training.corpora.broad.holdouts import (
    DEV,
    DOUBTFUL,
    FIT,
    HELD_OUT,
    REWRITTEN,
    TRAIN,
    find_held_out_systems,
)
from detector.training.corpora.broad.sentence_pairs import are_cased_alike
from detector.training.corpora.splits import hash_fraction

DOCUMENT_COLUMNS = (
    "text", "label", "group", "article_id", "pivot", "system", "rate", "split", "held_out",
    "by_translator",
)  # fmt: skip

#: The corpora whose originals are professionals' translations.
TRANSLATED_DOCUMENTS = "translated_documents"

#: How registers of teachers' versions begin.
TEACHERS = "teachers' versions"

#: Articles of one outlet, at most: so no outlet speaks for its register.
_ARTICLES_OF_AN_OUTLET = 60

#: Registers of one outlet, of which all articles may take part.
_FEWEST_OUTLETS_TO_CAP = 3

_LEVELS = {"Adv": "advanced", "Int": "intermediate", "Ele": "elementary"}

#: How a text that went through a language model so many times is called.
_LOOPS_OF_A_COPY = "2 round"


def load_labelled_documents(folder: Path, permissive: bool = False) -> pd.DataFrame:
    """Documents that the encoder was not tuned on, with `DOCUMENT_COLUMNS`.

    `group` is the corpus of machine documents and of their originals, and the register of human
    articles. `split` is ``"dev"`` (classifier, calibration, thresholds) or ``"test"`` (figures).
    What an engine or a language model made that is never trained on is of the test split, whatever
    article it is of, and `held_out`. `permissive`: without corpora of restricted licences.
    """
    articles = load_human_articles(folder, permissive)
    parts = [_label_human(articles), _label_edited(load_edited_articles(folder))]
    for corpus, frame in load_machine_documents(folder, permissive).items():
        parts += _label_versions(corpus, frame[frame["split"] != TRAIN])
    return pd.concat(parts, ignore_index=True)[list(DOCUMENT_COLUMNS)]


def _label_human(articles: pd.DataFrame) -> pd.DataFrame:
    articles = articles[~articles["split"].isin((TRAIN, REWRITTEN, DOUBTFUL))]
    splits = articles["split"].map({FIT: "dev", DEV: "dev", HELD_OUT: "test"})
    frame = _label_as_human(articles["text"], articles["register"], articles["key"], splits)
    return frame[_cap_outlets(articles).to_numpy()]


def _cap_outlets(articles: pd.DataFrame) -> pd.Series:
    """Which articles take part where no outlet may have more than `_ARTICLES_OF_AN_OUTLET`."""
    order = articles["key"].map(lambda key: hash_fraction(f"cap {key}")).sort_values().index
    rank = articles.loc[order].groupby(["register", "outlet"]).cumcount().reindex(articles.index)
    outlets = articles.groupby("register")["outlet"].transform("nunique")
    return (rank < _ARTICLES_OF_AN_OUTLET) | (outlets < _FEWEST_OUTLETS_TO_CAP)


def _label_edited(articles: pd.DataFrame) -> pd.DataFrame:
    """Teachers' versions of newspaper articles, half of the articles in each split."""
    heads = articles["article_id"].astype(str).str.replace(r"\s*-(adv|int|ele)$", "", regex=True)
    splits = heads.map(lambda head: "test" if hash_fraction(f"edited {head}") < 0.5 else "dev")
    registers = f"{TEACHERS}, " + articles["level"].map(_LEVELS)
    return _label_as_human(articles["text"], registers, "edited/" + heads, splits)


def _label_as_human(
    texts: pd.Series, groups: pd.Series, ids: pd.Series, splits: pd.Series
) -> pd.DataFrame:
    columns = {"text": texts, "group": groups, "article_id": ids, "split": splits}
    return pd.DataFrame(columns).assign(
        label=ORIGINAL, pivot="", system="", rate=0.0, held_out=False, by_translator=False
    )


def _label_versions(corpus: str, frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The machine's versions of a corpus, and their originals, each once."""
    alike = [are_cased_alike(o, t) for o, t in zip(frame["original"], frame["text"], strict=True)]
    frame = frame[np.array(alike, dtype=bool)]
    if corpus == "broken_telephone":
        frame = frame[frame["system"].str.contains(_LOOPS_OF_A_COPY, regex=False)]
    is_held_out = find_held_out_systems(frame)
    frame = frame.assign(
        group=corpus,
        held_out=is_held_out,
        split=np.where((frame["split"] == HELD_OUT) | is_held_out, "test", "dev"),
        pivot=frame["pivot"].fillna("") if "pivot" in frame else "",
        rate=0.0,
        by_translator=False,
    )
    by_translator = corpus == TRANSLATED_DOCUMENTS
    # An article has one original in each split that it has versions in.
    originals = frame.drop_duplicates(["article_id", "split"]).assign(
        text=lambda rows: rows["original"],
        label=ORIGINAL,
        pivot="",
        system="",
        held_out=False,
        by_translator=by_translator,
    )
    return [originals, frame.assign(label=frame["kind"])]
