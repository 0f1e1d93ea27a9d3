"""What the model of words learns from: texts in which a machine's words are marked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("sklearn")

from detector.detector import Detector
from detector.features.document_features import DocumentFeatures
from detector.results import EDITED, VERBATIM
from detector.training.generation.spinner import SpunText, Swap
from detector.training.recipes.shipped_settings import Amounts, ShippedSettings
from detector.training.recipes.spans import measure_texts, read_experts_texts, spin_articles
from detector.training.recipes.work_files import (
    MarkedText,
    read_marked_texts,
    write_marked_texts,
)

SETTINGS = ShippedSettings(Path("corpora"), Path("model"), amounts=Amounts(spun_for_words=4))


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


def list_marked_words(detector: Detector, text: MarkedText) -> list[str]:
    def read(text: MarkedText) -> tuple[DocumentFeatures, float]:
        return detector.extractor.extract(detector.extractor.read(text.text)), 0.0

    [(features, _, marks)] = measure_texts(read, [text])
    words = [word for masked in features.judged_sentences for word in masked.words]
    return [word for word, mark in zip(words, marks, strict=True) if mark == 1.0]


def test_what_the_spinner_swapped_is_marked_word_by_word(
    tiny_detector: Detector, person_article: str
) -> None:
    texts = list(spin_articles(make_frame(person_article), SPINNERS, SETTINGS))
    assert len(texts) == SETTINGS.amounts.spun_for_words == len(SPINNERS)
    assert {text.article_id for text in texts} == {"gazette/1"}
    found = []
    for text in texts:
        swapped = {text.text[start:end] for start, end in text.gold}
        assert len(swapped) <= 1
        marked = list_marked_words(tiny_detector, text)
        assert {word.lower() for word in marked} <= swapped
        found += marked
    assert found


def test_what_experts_marked_is_marked_in_the_text(tiny_detector: Detector, tmp_path: Path) -> None:
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
    [text] = read_experts_texts(tmp_path, "newstest2020", share=1.0)
    assert text.group == "experts"
    assert text.article_id == "newstest2020-gazette.7"
    assert [text.text[start:end] for start, end in text.gold] == ["haven", "coffee house"]
    assert list_marked_words(tiny_detector, text) == ["haven", "coffee", "house"]
    assert list(read_experts_texts(tmp_path, "newstest2020", share=0.0)) == []


def test_marked_texts_come_back_as_they_were(tmp_path: Path) -> None:
    texts = [
        MarkedText("The haven.", [(4, 9)], "translated", "dev", "a1", marks=[0.0, 1.0, None]),
        MarkedText("“Naïve”", [], "human", "test", "a2", held_out=True),
    ]
    write_marked_texts(tmp_path / "texts.jsonl", texts)
    assert read_marked_texts(tmp_path / "texts.jsonl") == texts
