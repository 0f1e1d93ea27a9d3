"""Group texts that are nearly the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detector.text.hashing import hash_word
from detector.text.words import tokenize
from detector.training.corpora.splits import hash_fraction

_SKETCH = 24

_SHINGLE = 5

_FEWEST_WORDS_TO_SKETCH = 12


def identify_articles(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which rows make up one text, and an id for each row's article.

    Rows are of one text by the ``article_id`` that their file gives, or by their original. Texts
    that are (nearly) the same are one article. Its id is made of the text, so that the same
    article brought again in another file is known to be the same.
    """
    text = frame["_original"].where(frame["_original"] != "", frame["_text"])
    given = frame["file"] + "\0" + frame["article_id"]
    own = pd.Series(np.where(frame["article_id"] != "", given, "\0" + text), index=frame.index)
    codes, _ = pd.factorize(own)
    groups = _join_groups(_find_near_duplicates(text, codes), codes.max(initial=0) + 1)
    first = text.groupby(groups[codes]).transform("min")
    ids = {t: f"pairs/{hash_word(t):08x}{_tail(t)}" for t in first.unique()}
    return pd.Series(codes, index=frame.index), first.map(ids)


def _tail(text: str) -> str:
    return f"{int(hash_fraction(text) * 2**32):08x}"


def _join_groups(pairs: Iterable[tuple[int, int]], size: int) -> npt.NDArray[np.int32]:
    """The group (size,) of each of so many things, of which pairs belong together."""
    one, other = np.array([*pairs], dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(size, size))
    _, groups = connected_components(graph, directed=False)
    return np.asarray(groups)


def _find_near_duplicates(
    texts: pd.Series, codes: npt.NDArray[np.int64]
) -> Iterable[tuple[int, int]]:
    """Pairs of article codes whose texts are the same or share half of their sketches.

    A sketch is the smallest hashes of a text's runs of words (Broder 1997, "On the resemblance
    and containment of documents").
    """
    seen: dict[int, list[int]] = {}
    known: dict[str, int] = {}
    for text, code in zip(texts, codes, strict=True):
        if text in known:
            if known[text] != code:
                yield known[text], int(code)
            continue
        known[text] = int(code)
        sketch = _sketch(text)
        shared = Counter(other for value in sketch for other in seen.get(value, ()))
        for other, count in shared.items():
            if other != code and 2 * count > len(sketch):
                yield other, int(code)
        for value in sketch:
            holders = seen.setdefault(value, [])
            if code not in holders:
                holders.append(int(code))


def _sketch(text: str) -> list[int]:
    words = [word.lower() for word in tokenize(text)]
    if len(words) < _FEWEST_WORDS_TO_SKETCH:
        return []
    runs = zip(*(words[i:] for i in range(_SHINGLE)), strict=False)
    return sorted({hash_word(" ".join(run)) for run in runs})[:_SKETCH]
