"""What the broad mix is drawn from, loaded once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from detector.text.normalization import normalize_text
from detector.training.corpora.broad.documents import load_human_articles, load_machine_documents
from detector.training.corpora.broad.holdouts import REWRITTEN, TRAIN
from detector.training.corpora.broad.sentence_pairs import (
    FEWEST_WORDS,
    SentencePair,
    collect_known_words,
    cut,
    order_versions,
)
from detector.training.corpora.labelled_pairs import choose_pairs
from detector.training.corpora.loading import (
    load_error_spans,
    load_human_news,
    load_roundtrip_flores,
    load_roundtrip_news,
    load_translated_news,
)


@dataclass(frozen=True)
class Sources:
    """The corpora, with what may not be trained on.

    Attributes:
        sentences: corpora of sentence pairs, by name.
        documents: corpora of documents with machine versions, by name.
        articles: human articles.
        human_news: human articles that sentences are taken from to be spun.
        known_words: words that are not misspelt.
        banned: human sentences of articles that are kept back, under whatever id: they are never
            trained on.
    """

    sentences: dict[str, pd.DataFrame]
    documents: dict[str, pd.DataFrame]
    articles: pd.DataFrame
    human_news: pd.DataFrame
    known_words: frozenset[str]
    banned: frozenset[str]

    @classmethod
    def load(cls, folder: Path, permissive: bool = False) -> Sources:
        """All that the broad mix is drawn from; `permissive`: of permissive licences."""
        sentences = _load_sentences(folder)
        documents = load_machine_documents(folder, permissive)
        articles = load_human_articles(folder, permissive)
        clean = articles.loc[~articles["register"].str.contains("essays"), "text"]
        return cls(
            sentences,
            documents,
            articles,
            load_human_news(folder),
            collect_known_words(map(str, clean)),
            frozenset(_iterate_banned(sentences, documents, articles)),
        )


def _load_sentences(folder: Path) -> dict[str, pd.DataFrame]:
    experts = load_error_spans(folder).assign(held_out=False)
    # Marks are offsets in `text`: the few texts that normalising would change are left out.
    experts = experts[experts["text"].map(normalize_text) == experts["text"]]
    originals = experts["original"].map(lambda text: normalize_text(text).strip())
    return {
        "roundtrip_news": load_roundtrip_news(folder),
        "roundtrip_flores": load_roundtrip_flores(folder),
        "translated_news": load_translated_news(folder),
        "error_spans_zh_en": experts.assign(original=originals),
    }


def _iterate_banned(
    sentences: dict[str, pd.DataFrame], documents: dict[str, pd.DataFrame], articles: pd.DataFrame
) -> Iterator[str]:
    for frame in sentences.values():
        yield from frame.loc[frame["split"] != TRAIN, "original"]
    texts = [frame.loc[frame["split"] != TRAIN, "original"] for frame in documents.values()]
    texts.append(articles.loc[~articles["split"].isin((TRAIN, REWRITTEN)), "text"])
    for text in pd.concat(texts).astype(str).unique():
        yield from (s for s, _ in cut(text) if s.count(" ") + 1 >= FEWEST_WORDS)


def iterate_sentence_pairs(
    corpus: str, frame: pd.DataFrame, versions: int, seed: int
) -> Iterator[SentencePair]:
    """Pairs of a corpus of sentences, one version of each original before a second."""
    chosen = order_versions(choose_pairs(frame, versions, seed), seed, by="original")
    is_translation = corpus in ("translated_news", "error_spans_zh_en")
    for row in chosen.itertuples():
        marks = [(int(a), int(b)) for a, b in row.marks] if "marks" in chosen else None
        yield SentencePair(
            corpus, str(row.article_id), str(row.system), str(row.original), str(row.text),
            "translated", is_translation, marks,
        )  # fmt: skip


def select_trainable(frame: pd.DataFrame, banned: frozenset[str]) -> pd.DataFrame:
    """Rows of a corpus of sentences that may be trained on."""
    frame = frame[(frame["split"] == TRAIN) & ~frame["held_out"].astype(bool)]
    return frame[(frame["original"] != frame["text"]) & ~frame["original"].isin(banned)]
