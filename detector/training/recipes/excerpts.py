"""Pairs of copy and original once more, both cut to the same few sentences.

Many a copy is of a hundred words or less, and so is what most corpora hold of machines; what
teachers and second translators write is long. Whole pairs alone would teach that short ones are a
machine's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from detector.comparison.alignment import DescribedText, LinkedTexts, align_linked
from detector.results import EDITED, INDEPENDENT, MACHINE_REWRITTEN, RETOLD, VERBATIM
from detector.text.document import Document
from detector.text.language import ENGLISH

#: How many excerpts of a relation's groups there are, at most, as a share of the whole pairs'.
_SHARES = {
    RETOLD: 1.0, MACHINE_REWRITTEN: 2 / 3, EDITED: 1 / 3, INDEPENDENT: 1 / 3, VERBATIM: 1 / 9,
}  # fmt: skip

#: Between so many words of the copy; the shortest are as frequent as the longest.
_FEWEST, _MOST = 40, 220

#: Of either text; what `detector.reasons.MINIMUM_COMPARED_WORDS` does not withhold.
_FEWEST_OF_A_SIDE = 30

#: A text of which more is left is no excerpt.
_MOST_LEFT = 0.8

#: From the first to the last sentence that was found the original may have up to so many times the
#: words of the excerpt; of more, those around the middle one are taken.
_MOST_BETWEEN = 2.0

_WORD = re.compile(r"\w+")


class Excerpt(NamedTuple):
    """Sentences of a copy, and those of its original that go with them.

    Attributes:
        copy: of the copy.
        original: of the original.
        is_linked: some of the copy's stem from the original.
    """

    copy: str
    original: str
    is_linked: bool


def add_excerpts(pairs: pd.DataFrame, most: dict[str, int], seed: int) -> pd.DataFrame:
    """The pairs, and beside them some cut to a few sentences.

    Args:
        pairs: of copy and original, see `load_pairs`.
        most: whole pairs of a group and split, at most, see `Amounts.pairs`.
        seed: draws which pairs are cut, where, and to how many words.

    Returns:
        The pairs with `pair`, a number that an excerpt has of the whole pair that it is of, and
        `is_excerpt`.
    """
    whole = pairs.assign(pair=np.arange(len(pairs)), is_excerpt=False)
    rng = np.random.default_rng(seed)
    cut: list[dict[str, Any]] = []
    for (split, relation, _), group in whole.groupby(["split", "relation", "group"], sort=True):
        wanted = round(most[str(split)] * _SHARES[str(relation)])
        cut += list(_draw(group.sample(frac=1.0, random_state=seed), wanted, rng))
    excerpts = pd.DataFrame(cut, columns=whole.columns).astype(whole.dtypes)
    return pd.concat([whole, excerpts], ignore_index=True)


def _draw(group: pd.DataFrame, wanted: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Cut so many pairs; those are left out of which no sentence shows what was done."""
    count = 0
    for row in group.to_dict("records"):
        if count == wanted:
            return
        words = math.exp(rng.uniform(math.log(_FEWEST), math.log(_MOST)))
        cut = cut_alike(row["copy"], row["original"], words, float(rng.random()))
        if cut is not None and _is_excerpt(row, cut):
            count += 1
            if _shows(row["relation"], cut):
                yield {**row, "copy": cut.copy, "original": cut.original, "is_excerpt": True}


def _is_excerpt(row: dict[str, Any], cut: Excerpt) -> bool:
    """Whether both sides are long enough, the copy's is a part of the whole, and was changed."""
    is_changed = row["relation"] in (VERBATIM, INDEPENDENT) or cut.copy != cut.original
    fewest = min(len(text.split()) for text in (cut.copy, cut.original))
    is_part = len(cut.copy) <= _MOST_LEFT * len(row["copy"])
    return is_changed and fewest >= _FEWEST_OF_A_SIDE and is_part


def _shows(relation: str, cut: Excerpt) -> bool:
    """Whether an excerpt is what the whole pair is: some sentence stems from the original, or none.

    And not only white space and punctuation was changed.
    """
    if relation in (VERBATIM, INDEPENDENT):
        return cut.is_linked == (relation == VERBATIM)
    words = (_WORD.findall(text.lower()) for text in (cut.copy, cut.original))
    return cut.is_linked and next(words) != next(words)


def cut_alike(copy: str, original: str, words: float, place: float) -> Excerpt | None:
    """Sentences of a copy that follow one another, and those of the original that they stem from.

    Where none stems from it, its first sentences. None where the copy is too short.

    Args:
        copy: the copy.
        original: its original.
        words: how many the excerpt of the copy has at least, with the last sentence whole.
        place: from 0 to 1: below a half the excerpt is of the copy's beginning, else it begins at
            a sentence that is drawn by it.
    """
    documents = tuple(Document.make(text, (), ENGLISH) for text in (copy, original))
    ours, theirs = (
        [sentence.text.count(" ") + 1 for sentence in document.sentences] for document in documents
    )
    ends = [(first, _find_end(ours, first, words)) for first in range(len(ours))]
    runs = [(first, end) for first, end in ends if end is not None]
    if not runs:
        return None
    first, end = runs[max(0, int((2.0 * place - 1.0) * len(runs)))]
    linked = align_linked(LinkedTexts.link(*map(DescribedText.describe, documents)))
    sources = {
        source
        for link in linked.links
        if any(first <= sentence < end for sentence in link.sentences)
        for source in link.original_sentences
    }
    found = _bound(sorted(sources), theirs, words)
    texts = _cut(documents[0], first, end), _cut(documents[1], *found)
    return Excerpt(*texts, is_linked=bool(sources))


def _find_end(counts: Sequence[int], first: int, words: float) -> int | None:
    """Before which sentence so many words stand, from a first one on; None where they do not."""
    total = 0
    for index in range(first, len(counts)):
        total += counts[index]
        if total >= words:
            return index + 1
    return None


def _bound(sources: Sequence[int], counts: Sequence[int], words: float) -> tuple[int, int]:
    """From which sentence of the original to which: all that copies stem from, or most of it."""
    if not sources:
        return 0, _find_end(counts, 0, words) or len(counts)
    first, last = sources[0], sources[-1]
    if sum(counts[first : last + 1]) > _MOST_BETWEEN * words:
        middle = sources[len(sources) // 2]
        first, last = max(first, middle - len(sources)), min(last, middle + len(sources))
    return first, last + 1


def _cut(document: Document, first: int, end: int) -> str:
    """Sentences of a text with what stands between them."""
    if first >= end:
        return ""
    one, last = document.sentences[first], document.sentences[end - 1]
    bounds = np.array([[one.normalized_start, last.normalized_start + len(last.text)]])
    starts, ends = document.locate(bounds)
    return document.text[int(starts[0]) : int(ends[0])]
