"""Load the document corpora, with splits."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from detector.training.corpora.broad.holdouts import split_document, split_human_articles
from detector.training.corpora.broad.licences import RESTRICTED, is_restricted

DOCUMENT_FILES = (
    "roundtrip_documents", "translated_documents", "paraphrased_documents",
    "language_model_articles", "human_articles",
)  # fmt: skip

#: Human articles that are never trained on.
HUMAN_FILES = ("edited_articles",)

#: An engine repairs a pupil's spelling: essays with more words than these unknown are left out,
#: or "misspelt" would mean human.
_MOST_UNKNOWN_WORDS = 0.02


def load_machine_documents(folder: Path, permissive: bool = False) -> dict[str, pd.DataFrame]:
    """Documents with a machine's version of each, by corpus; `permissive`: without `RESTRICTED`.

    Each frame has ``corpus``, ``article_id``, ``domain`` where known, ``kind`` (``translated``,
    ``spun``), ``pivot`` where known, ``system``, ``original``, ``text`` and ``split``.
    """
    frames = {
        **_load_roundtrip_documents(folder),
        "translated_documents": _load_translated_documents(folder),
        "paraphrased_documents": _load_paraphrased_documents(folder),
        "language_model_articles": _load_language_model_articles(folder),
    }
    return {
        corpus: _finish(corpus, frame)
        for corpus, frame in frames.items()
        if not (permissive and corpus in RESTRICTED)
    }


def _load_roundtrip_documents(folder: Path) -> dict[str, pd.DataFrame]:
    frame = pd.read_parquet(folder / "roundtrip_documents.parquet").assign(kind="translated")
    essays = frame["corpus"] == "asap_essays"
    frame = frame[~essays | (frame["unknown_words"] <= _MOST_UNKNOWN_WORDS)]
    return {str(corpus): group for corpus, group in frame.groupby("corpus", sort=True)}


def _load_translated_documents(folder: Path) -> pd.DataFrame:
    """Here the ``original`` is a professional's translation."""
    frame = pd.read_parquet(folder / "translated_documents.parquet")
    return frame.rename(columns={"human": "original", "language": "pivot"}).assign(
        kind="translated"
    )


def _load_paraphrased_documents(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "paraphrased_documents.parquet").assign(kind="spun")


def _load_language_model_articles(folder: Path) -> pd.DataFrame:
    """Rewording and rewriting are ``spun``; the system's name says which it was."""
    frame = pd.read_parquet(folder / "language_model_articles.parquet")
    kind = frame["kind"].map({"roundtrip": "translated"}).fillna("spun")
    return frame.assign(system=frame["system"] + " " + frame["kind"], kind=kind)


def _finish(corpus: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Name the corpus and the split; ids are strings."""
    ids = frame["article_id"].astype(str)
    splits = [split_document(corpus, article_id) for article_id in ids]
    return frame.assign(corpus=corpus, article_id=ids, split=splits).reset_index(drop=True)


def load_human_articles(folder: Path, permissive: bool = False) -> pd.DataFrame:
    """Whole human articles with ``corpus``, ``register``, ``outlet``, ``key``, ``text``, ``split``.

    ``key`` is the article's id with its corpus. See `split_human_articles` for the splits.
    `permissive`: without the registers of `RESTRICTED`.
    """
    frame = pd.read_parquet(folder / "human_articles.parquet")
    frame["article_id"] = frame["article_id"].astype(str)
    versions = pd.read_parquet(folder / "language_model_articles.parquet", columns=["article_id"])
    rewritten = frozenset(versions["article_id"].astype(str))
    splits = split_human_articles(frame, rewritten)
    frame = frame.assign(key=frame["corpus"] + "/" + frame["article_id"], split=splits)
    return frame[~is_restricted(frame["register"])] if permissive else frame


def load_edited_articles(folder: Path) -> pd.DataFrame:
    """Articles that a human rewrote at a reading level; never trained on.

    Those that lost their apostrophes are left out. ``level`` is ``Adv``, ``Int`` or ``Ele``.
    """
    frame = pd.read_parquet(folder / "edited_articles.parquet")
    frame = frame[~frame["level"].str.contains("DAMAGED")]
    level = frame["level"].str.extract(r"([A-Za-z]+)(?:-Txt)?$", expand=False)
    return frame.assign(level=level).reset_index(drop=True)
