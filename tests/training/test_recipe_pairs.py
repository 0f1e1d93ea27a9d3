"""What the shipped model's judge of words learns from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")

from detector.detector import Detector
from detector.training.recipe_pairs import SPUN_FOR_WORDS, spin_for_words
from detector.training.spinning import SpunText, Swap
from detector.verdict import EDITED, VERBATIM


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


SPINNERS = [OneWordSpinner("harbour", "haven"), OneWordSpinner("council", "assembly")]


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
        words = [w for i in document.evidence.judged for w in document.evidence.views[i].words]
        marked = {w.lower() for w, m in zip(words, document.marks, strict=True) if m == 1.0}
        assert marked <= swapped
        assert len(document.marks) == len(words)
    assert any(np.sum(d.marks) for d in documents)
