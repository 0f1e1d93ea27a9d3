"""Pairs of a human and a machine sentence, with a label for each word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from detector.text.masking import MaskedSentence, mask_sentence
from detector.text.words import tokenize
from detector.training.corpora.splits import draw_rows


def collect_common_words(texts: Iterable[str], minimum: int = 2) -> frozenset[str]:
    """Words (in lower case) that stand small at least as often as capitalised inside sentences.

    `mask_sentence` needs them to tell "President" from "Putin" at the head of a sentence.
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


SHARED, OWN, UNLABELLED = 0, 1, -1


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """The masked sentences of both sides of a pair, with a mark for each word.

    A word is `OWN` where the other side has no such word, `SHARED` where it has, and
    `UNLABELLED` where nothing is said of it (punctuation marks). `is_translation` says that the
    human side is itself a translation, by a professional.
    """

    original: MaskedSentence
    text: MaskedSentence
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
        original: the human sentence, normalised.
        text: the machine's sentence, normalised.
        kind: ``"translated"`` or ``"spun"``.
        common_words: see `detector.text.masking.mask_sentence`.
        marks: spans of `text` that experts found wrong; where given, a word of the machine's is
            `OWN` only if it is marked.
        is_translation: whether `original` is a human translation.
    """
    human, machine = mask_sentence(original, common_words), mask_sentence(text, common_words)
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
    return draw_rows(frame, ["original"], per_original, seed)
