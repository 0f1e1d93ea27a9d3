"""Labelled pairs: read them, split them by article, and make views with word labels of them.

A pair is a person's text and what a machine made of it. What separates the two is tiny beside
topic, so everything here keeps the pair together and keeps an article on one side of a split.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from detector.text import View, make_view, normalize_text, tokenize

#: What training never sees, so that a figure for the unseen can be given.
HELD_OUT_PIVOTS = frozenset({"es", "ro", "fa", "is", "ta", "th"})
HELD_OUT_SYSTEMS = frozenset({"nllb", "argos", "bergamot-base", "bergamot-base-memory"})
HELD_OUT_OUTLETS = frozenset(
    {"wikinews-2019", "wmt20-en-sources", "wmt21-en-sources", "wmt22-en-sources"}
)
_TEST_SETS_TRANSLATED = {"wmt10": "dev", "wmt15": "dev", "wmt16": "test"}
_FLORES_TRAIN_UNTIL, _FLORES_DEV_UNTIL = 597, 797


def hash_fraction(key: str) -> float:
    """A number in [0, 1) that depends on `key` alone: splits that survive new rows."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def split_by_article(article_id: str, test: float = 0.2, dev: float = 0.2) -> str:
    """``"train"``, ``"dev"`` or ``"test"``, the same for every row of an article."""
    fraction = hash_fraction(article_id)
    return "test" if fraction < test else "dev" if fraction < test + dev else "train"


def checksum_file(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --------------------------------------------------------------------------------------
# The public corpora
# --------------------------------------------------------------------------------------


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
        [frame["position"] < _FLORES_TRAIN_UNTIL, frame["position"] < _FLORES_DEV_UNTIL],
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
    frame["split"] = frame["test_set"].map(_TEST_SETS_TRANSLATED).fillna("train")
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
    """Experts' marks on machine translations from Chinese (MQM), beside a person's translation.

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


# --------------------------------------------------------------------------------------
# Words usually written small
# --------------------------------------------------------------------------------------


def collect_common_words(texts: Iterable[str], minimum: int = 2) -> frozenset[str]:
    """Words (in lower case) that stand small at least as often as capitalised inside sentences.

    `make_view` needs them to tell "President" from "Putin" at the head of a sentence.
    """
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for text in texts:
        for i, token in enumerate(tokenize(text)):
            if token[0].islower():
                small[token] += 1
            elif i and token[0].isupper():
                capital[token.lower()] += 1
    return frozenset(w for w, n in small.items() if n >= minimum and n >= capital[w])


# --------------------------------------------------------------------------------------
# Word labels
# --------------------------------------------------------------------------------------

SHARED, OWN, UNLABELLED = 0, 1, -1


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Views of both sides of a pair, with a mark for each word.

    A word is `OWN` where the other side has no such word, `SHARED` where it has, and
    `UNLABELLED` where nothing is said of it (punctuation marks). `is_translation` says that the
    person's side is itself a translation, by a professional.
    """

    original: View
    text: View
    original_words: tuple[int, ...]
    text_words: tuple[int, ...]
    kind: str
    is_translation: bool = False


def label_pair(
    original: str,
    text: str,
    kind: str,
    common_words: Container[str],
    marks: Sequence[tuple[int, int]] | None = None,
    is_translation: bool = False,
) -> LabelledPair:
    """Compare a pair word by word, as bags: a word that was only moved is not the machine's.

    Args:
        original: the person's sentence, normalised.
        text: the machine's sentence, normalised.
        kind: ``"translated"`` or ``"spun"``.
        common_words: see `detector.text.make_view`.
        marks: spans of `text` that experts found wrong; where given, a word of the machine's is
            `OWN` only if it is marked.
        is_translation: whether `original` is a person's translation.
    """
    human, machine = make_view(original, common_words), make_view(text, common_words)
    own = _mark_own_words(machine.words, human.words)
    if marks is not None:
        own = tuple(
            word if word == UNLABELLED else int(any(start < b and a < end for a, b in marks))
            for word, (start, end) in zip(own, machine.places, strict=True)
        )
    return LabelledPair(
        human, machine, _mark_own_words(human.words, machine.words), own, kind, is_translation
    )


def _mark_own_words(words: Sequence[str], other: Sequence[str]) -> tuple[int, ...]:
    left = Counter(other)
    marks = []
    for word in words:
        if not word[0].isalnum():
            marks.append(UNLABELLED)
        elif left[word] > 0:
            left[word] -= 1
            marks.append(SHARED)
        else:
            marks.append(OWN)
    return tuple(marks)


def choose_pairs(frame: pd.DataFrame, per_original: int, seed: int) -> pd.DataFrame:
    """At most `per_original` versions of each original, drawn evenly over systems and pivots.

    The same original stands beside dozens of translations; seen dozens of times, it would be
    learnt by heart as "human".
    """
    shuffled = frame.sample(frac=1.0, random_state=seed)
    rank = shuffled.groupby("original", sort=False).cumcount()
    return shuffled[rank < per_original].sort_index()
