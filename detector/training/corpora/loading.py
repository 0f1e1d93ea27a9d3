"""Load the training corpora, with splits."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from detector.text.normalization import normalize_text
from detector.training.corpora.splits import (
    FLORES_DEV_UNTIL,
    FLORES_TRAIN_UNTIL,
    HELD_OUT_PIVOTS,
    HELD_OUT_SYSTEMS,
    TEST_SETS_TRANSLATED,
    hash_fraction,
    split_by_article,
)


def load_roundtrip_news(folder: Path) -> pd.DataFrame:
    """English-original news (WMT 2009-2016) beside its round trips, split by article."""
    frame = pd.read_parquet(folder / "roundtrip_news.parquet")
    frame["corpus"] = "roundtrip_news"
    frame["split"] = frame["article_id"].map(split_by_article)
    return _finish(frame)


def load_roundtrip_flores(folder: Path) -> pd.DataFrame:
    """FLORES sentences beside their round trips; neighbouring positions share a split."""
    frame = pd.read_parquet(folder / "roundtrip_flores_dev.parquet")
    frame["corpus"] = "roundtrip_flores"
    frame["article_id"] = "flores-" + (frame["position"] // 20).astype(str)
    frame["split"] = np.select(
        [frame["position"] < FLORES_TRAIN_UNTIL, frame["position"] < FLORES_DEV_UNTIL],
        ["train", "dev"],
        "test",
    )
    return _finish(frame)


def load_translated_news(folder: Path) -> pd.DataFrame:
    """Foreign news: a professional's English (``original``) beside a machine's (``text``)."""
    frame = pd.read_parquet(folder / "translated_news.parquet")
    frame = frame.rename(columns={"language": "pivot", "human": "original"})
    frame["corpus"] = "translated_news"
    frame["article_id"] = frame["test_set"] + "-" + (frame["position"] // 20).astype(str)
    frame["split"] = frame["test_set"].map(TEST_SETS_TRANSLATED).fillna("train")
    return _finish(frame)


def load_human_news(folder: Path) -> pd.DataFrame:
    """Whole human articles with `outlet`, `text`, `article_id` and `split`.

    A part of BBC and Reuters is for training; every other outlet is kept out of it entirely.
    """
    frame = pd.read_parquet(folder / "human_news.parquet").rename(columns={"corpus": "outlet"})
    frame["article_id"] = frame["outlet"] + "/" + frame["article_id"]
    fraction = frame["article_id"].map(hash_fraction)
    train_share = frame["outlet"].map({"bbc-2004": 0.4, "reuters-1987": 0.3}).fillna(0.0)
    frame["split"] = np.where(fraction < train_share, "train", "dev")
    return frame.reset_index(drop=True)


_MARK = re.compile(r"</?v>")


def load_error_spans(folder: Path, test_set: str = "newstest2020") -> pd.DataFrame:
    """Experts' marks on machine translations from Chinese (MQM), beside a human translation.

    One row per (system, segment): `original` is a human translation, `text` the machine's and
    `marks` the ``(start, end)`` spans in `text` that at least one rater marked as wrong.
    """
    frame = pd.read_parquet(folder / "error_spans_zh_en.parquet")
    frame = frame[frame["test_set"] == test_set].copy()
    frame["text"] = frame["marked_text"].str.replace(_MARK, "", regex=True).str.strip()
    human = frame["system"].str.startswith(("Human-", "ref."))
    originals = frame[human].groupby(["doc", "segment"], sort=True)["text"].first()
    rows = []
    for (system, doc, segment), group in frame[~human].groupby(
        ["system", "doc", "segment"], sort=True
    ):
        if (doc, segment) not in originals.index:
            continue
        text = group["text"].mode().iloc[0]
        marks = [
            span
            for row in group.itertuples()
            if row.text == text and row.severity in ("Major", "Minor")
            for span in _parse_marks(str(row.marked_text))
        ]
        rows.append((originals[doc, segment], text, "zh", system, f"{test_set}-{doc}", marks))
    result = pd.DataFrame(
        rows, columns=["original", "text", "pivot", "system", "article_id", "marks"]
    )
    return result.assign(kind="translated", corpus="error_spans_zh_en", split="train")


def _parse_marks(marked: str) -> list[tuple[int, int]]:
    """Spans between ``<v>`` and ``</v>``, as offsets in the text without its marks."""
    spans, removed, start = [], 0, -1
    plain = _MARK.sub("", marked)
    offset = len(plain) - len(plain.lstrip())
    for match in _MARK.finditer(marked):
        at = max(0, match.start() - removed - offset)
        removed += len(match.group())
        if match.group() == "<v>":
            start = at
        elif start >= 0:
            spans.append((start, at))
            start = -1
    return spans


def _finish(frame: pd.DataFrame) -> pd.DataFrame:
    """Normalise both sides alike, drop empty rows, name what is held out."""
    frame = frame.copy()
    frame["kind"] = "translated"
    for column in ("original", "text"):
        unique = {text: normalize_text(text).strip() for text in frame[column].unique()}
        frame[column] = frame[column].map(unique)
    frame = frame[(frame["text"] != "") & (frame["original"] != "")]
    frame["held_out"] = frame["pivot"].isin(HELD_OUT_PIVOTS) | frame["system"].isin(
        HELD_OUT_SYSTEMS
    )
    return frame.reset_index(drop=True)
