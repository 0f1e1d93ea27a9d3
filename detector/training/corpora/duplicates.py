"""Which rows make up a text, and which texts are nearly the same."""

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


def number_documents(frame: pd.DataFrame) -> pd.Series:
    """Which rows make up one text: by the ``article_id`` of their file, or by their original.

    Args:
        frame: with ``file``, ``article_id`` and, normalised, ``_original`` and ``_text``.

    Returns:
        A number for each row, the same for rows of one text.
    """
    text = frame["_original"].where(frame["_original"] != "", frame["_text"])
    given = frame["file"] + "\0" + frame["article_id"]
    own = np.where(frame["article_id"] != "", given, "\0" + text)
    return pd.Series(pd.factorize(own)[0], index=frame.index)


def join_rows(texts: pd.Series, numbers: pd.Series) -> pd.Series:
    """Whole texts: the different ones among `texts` of each number, in order, run together."""
    parts = pd.DataFrame({"number": numbers, "text": texts})
    parts = parts[parts["text"] != ""].drop_duplicates()
    joined = parts.groupby("number")["text"].agg(" ".join).to_dict()
    # As objects: an article of fifty rows is kept once, not fifty times.
    return pd.Series([joined.get(n, "") for n in numbers], numbers.index, dtype=object)


def identify_articles(frame: pd.DataFrame) -> pd.Series:
    """An id for each row's article, made of its text.

    Texts that are (nearly) the same are one article. Since the id is made of the text, the same
    article brought again in another file is known to be the same.

    Args:
        frame: as `number_documents` takes it, with ``document``, which that gave.
    """
    originals, texts = (join_rows(frame[c], frame["document"]) for c in ("_original", "_text"))
    whole = originals.where(originals != "", texts)
    documents = whole.groupby(frame["document"]).first()
    groups = _join_groups(_find_near_duplicates(documents), len(documents))
    first = documents.groupby(groups).transform("min")
    ids = {text: f"pairs/{hash_word(text):08x}{_tail(text)}" for text in first.unique()}
    return frame["document"].map(first).map(ids)


def _tail(text: str) -> str:
    return f"{int(hash_fraction(text) * 2**32):08x}"


def _join_groups(pairs: Iterable[tuple[int, int]], size: int) -> npt.NDArray[np.int32]:
    """The group (size,) of each of so many things, of which pairs belong together."""
    one, other = np.array([*pairs], dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(size, size))
    _, groups = connected_components(graph, directed=False)
    return np.asarray(groups)


def _find_near_duplicates(texts: Iterable[str]) -> Iterable[tuple[int, int]]:
    """Pairs of places of texts that are the same or share half of their sketches.

    A sketch is the smallest hashes of a text's runs of words (Broder 1997, "On the resemblance
    and containment of documents").
    """
    seen: dict[int, list[int]] = {}
    known: dict[str, int] = {}
    for place, text in enumerate(texts):
        if text in known:
            yield known[text], place
            continue
        known[text] = place
        sketch = _sketch(text)
        shared = Counter(other for value in sketch for other in seen.get(value, ()))
        for other, count in shared.items():
            if 2 * count > len(sketch):
                yield other, place
        for value in sketch:
            seen.setdefault(value, []).append(place)


def _sketch(text: str) -> list[int]:
    words = [word.lower() for word in tokenize(text)]
    if len(words) < _FEWEST_WORDS_TO_SKETCH:
        return []
    runs = zip(*(words[i:] for i in range(_SHINGLE)), strict=False)
    return sorted({hash_word(" ".join(run)) for run in runs})[:_SKETCH]
