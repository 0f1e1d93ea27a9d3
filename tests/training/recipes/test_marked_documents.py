"""What the shipped model's judge of words learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")

from detector.detector import Detector
from detector.results import EDITED, VERBATIM
from detector.training.generation.spinner import SpunText, Swap
from detector.training.recipes.shipped_pairs import (
    SPUN_FOR_WORDS,
    mark_experts_documents,
    spin_for_words,
)


class OneWordSpinner:
    """Puts one word in the place of another wherever it stands."""

    def __init__(self, source: str, replacement: str) -> None:
        self.source, self.replacement = source, replacement

    def spin(self, text: str) -> SpunText:
        pieces = text.split(self.source)
        swaps, at = [], 0
        for piece in pieces[:-1]:
            at += len(piece)
            swaps.append(Swap(at, at + len(self.replacement), self.source, self.replacement))
            at += len(self.replacement)
        return SpunText(self.replacement.join(pieces), tuple(swaps))


SPINNERS = [
    OneWordSpinner("harbour", "haven"),
    OneWordSpinner("council", "assembly"),
    OneWordSpinner("cold", "frigid"),
    OneWordSpinner("winter", "wintertide"),
]


def make_frame(article: str) -> pd.DataFrame:
    rows = [
        ("gazette/1", "dev", EDITED, "gazette", article),
        ("gazette/1", "dev", EDITED, "gazette", article),
        ("gazette/2", "test", EDITED, "gazette", article + " It is for figures."),
        ("foreign/3", "dev", EDITED, "retranslation", article + " It is a translator's."),
        ("gazette/4", "dev", VERBATIM, "gazette", article + " It is copied."),
    ]
    return pd.DataFrame(rows, columns=["article_id", "split", "relation", "group", "original"])


def test_what_the_spinner_swapped_is_marked_word_by_word(
    tiny_detector: Detector, person_article: str
) -> None:
    documents = spin_for_words(tiny_detector, make_frame(person_article), SPINNERS)
    assert len(documents) == SPUN_FOR_WORDS == len(SPINNERS)
    assert {d.article_id for d in documents} == {"gazette/1"}
    for document in documents:
        swapped = {document.text[start:end] for start, end in document.gold}
        assert len(swapped) <= 1
        words = [
            w for masked in document.features.judged_sentences for w in masked.words
        ]
        marked = {w.lower() for w, m in zip(words, document.marks, strict=True) if m == 1.0}
        assert marked <= swapped
        assert len(document.marks) == len(words)
    assert any(np.sum(d.marks) for d in documents)


def test_what_experts_marked_is_marked_in_the_document(
    tiny_detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.training.recipes.shipped_pairs.EXPERTS_SHARE", 1.0)
    human = "The harbour opened again on Monday morning, and the boats were back by noon."
    rows = [
        ("Human-A.0", 1, human, "No-error"),
        ("Human-A.0", 2, "The men waited for days in the cafe.", "No-error"),
        ("Online.1", 1, human.replace("harbour", "<v>haven</v>"), "Major"),
        ("Online.1", 1, human.replace("harbour", "haven"), "No-error"),
        ("Online.1", 2, "The men waited for days in the <v>coffee house</v>.", "Minor"),
    ]
    frame = pd.DataFrame(rows, columns=["system", "segment", "marked_text", "severity"])
    frame = frame.assign(test_set="newstest2020", doc="gazette.7", rater="rater1", category="x")
    frame.to_parquet(tmp_path / "error_spans_zh_en.parquet")
    (document,) = mark_experts_documents(tiny_detector, tmp_path)
    assert document.group == "experts"
    assert document.article_id == "newstest2020-gazette.7"
    assert [document.text[start:end] for start, end in document.gold] == ["haven", "coffee house"]
    features = document.features
    words = [word for masked in features.judged_sentences for word in masked.words]
    marked = [w for w, m in zip(words, document.marks, strict=True) if m == 1.0]
    assert marked == ["haven", "coffee", "house"]
