"""Cut documents and their machine versions into pairs of sentences."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from detector.comparison.alignment import align
from detector.text.document import Document
from detector.text.language import ENGLISH
from detector.text.sentences import Sentence, split_sentences

FEWEST_WORDS = 5

#: Corpora with misspellings or words glued together on the human side, which a machine repairs.
UNCLEAN_CORPORA = frozenset({"asap_essays", "detectrl"})

#: Corpora of which little is left if only texts with as many sentences take part.
_CORPORA_TO_ALIGN = frozenset(
    {
        "detectrl", "paraphrased_documents", "broken_telephone", "language_model_articles",
        "ted_talks",
    }
)  # fmt: skip

_ARTICLES_OF_A_KNOWN_WORD = 5

#: Misspelt so often that articles have them, too.
_MISSPELT = frozenset(
    "dont cant wont didnt doesnt isnt wasnt wouldnt couldnt shouldnt havent hasnt arent im ive "
    "youre theyre thats whats alot untill becuase thier wich definately cuz gonna u ur tho".split()
)


class SentencePair(NamedTuple):
    """A human sentence beside a machine's version of it, both normalised.

    Attributes:
        corpus, article_id, system: where it is from.
        original: the human sentence.
        text: the machine's.
        kind: ``"translated"`` or ``"spun"``.
        is_translation: whether `original` is itself a translation.
        marks: spans of `text` that experts found wrong; None where none looked.
    """

    corpus: str
    article_id: str
    system: str
    original: str
    text: str
    kind: str
    is_translation: bool = False
    marks: list[tuple[int, int]] | None = None


@lru_cache(maxsize=20_000)
def cut(text: str) -> tuple[tuple[str, str], ...]:
    """The sentences (normalised) of a text, each with its kind."""
    return tuple((sentence.text, sentence.kind) for sentence in split_sentences(text))


def list_whole_sentences(text: str) -> list[str]:
    """The different sentences of a text with five words or more, without headlines."""
    found = (s for s, kind in cut(text) if kind == "sentence" and s.count(" ") + 1 >= FEWEST_WORDS)
    return list(dict.fromkeys(found))


def align_sentences(original: str, text: str, search: bool = False) -> list[tuple[str, str]]:
    """Pairs of a human and a machine sentence, by their order where both texts have as many.

    A pair whose sides share next to nothing or have very unlike lengths is taken for misaligned;
    one that is the same on both sides teaches nothing. Both are left out.

    Args:
        original: a human document.
        text: a machine's version of it.
        search: where the texts have not as many sentences, align them by likeness, and keep what
            is one against one; otherwise there are no pairs.
    """
    human, machine = cut(original), cut(text)
    if len(human) == len(machine):
        candidates = [
            (own, made)
            for (own, kind), (made, _) in zip(human, machine, strict=True)
            if kind == "sentence"
        ]
    else:
        candidates = _search_pairs(original, text) if search else []
    return [(own, made) for own, made in candidates if own != made and _may_be_aligned(own, made)]


def _search_pairs(original: str, text: str) -> list[tuple[str, str]]:
    human, machine = (Document.make(side, frozenset(), ENGLISH) for side in (original, text))
    return [
        (own.text, made.text)
        for own, made in match_sentences(human, machine)
        if own.kind == "sentence"
    ]


def match_sentences(original: Document, copy: Document) -> Iterator[tuple[Sentence, Sentence]]:
    """Sentences of an original and of its copy that alignment puts one against one."""
    for link in align(copy, original).links:
        if len(link.sentences) == len(link.original_sentences) == 1:
            yield original.sentences[link.original_sentences[0]], copy.sentences[link.sentences[0]]


def _may_be_aligned(own: str, made: str) -> bool:
    a, b = own.lower().split(), made.lower().split()
    if min(len(a), len(b)) < FEWEST_WORDS or not 0.5 <= len(a) / len(b) <= 2:
        return False
    return sum((Counter(a) & Counter(b)).values()) >= 0.12 * min(len(a), len(b))


def are_cased_alike(original: str, text: str) -> bool:
    """Whether both sides have about as many capitals: some human sides lost theirs."""
    a, b = (len(re.findall(r"\b[A-Z]", side)) + 3 for side in (original, text))
    return 0.6 <= a / b <= 1.7


def collect_known_words(texts: Iterable[str]) -> frozenset[str]:
    """Words in small letters of at least five of the texts, frequent misspellings left out."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(re.findall(r"[a-z]+", text)))
    known = {word for word, n in counts.items() if n >= _ARTICLES_OF_A_KNOWN_WORD}
    return frozenset(known - _MISSPELT)


def has_unknown_words(sentence: str, known: frozenset[str]) -> bool:
    """Whether a word in small letters is not `known`: misspelt, or glued to the next."""
    return any(word not in known for word in re.findall(r"\b[a-z]+", sentence))


def iterate_document_pairs(
    frame: pd.DataFrame,
    most_of_a_text: int,
    known: frozenset[str],
    banned: frozenset[str],
    rng: random.Random,
) -> Iterator[SentencePair]:
    """Pairs of sentences of a corpus, one version of each article before a second.

    Args:
        frame: rows of `detector.training.corpora.broad.documents.load_machine_documents`.
        most_of_a_text: pairs of one row, at most.
        known: in `UNCLEAN_CORPORA` both sides may have these words only.
        banned: human sentences that are left out.
        rng: draws the order of the rows, and sentences of a text.
    """
    for row in order_versions(frame, rng.randrange(2**31)).itertuples():
        corpus, original, text = str(row.corpus), str(row.original), str(row.text)
        if not are_cased_alike(original, text):
            continue
        pairs = [
            pair
            for pair in align_sentences(original, text, search=corpus in _CORPORA_TO_ALIGN)
            if pair[0] not in banned
            and not (corpus in UNCLEAN_CORPORA and any(has_unknown_words(s, known) for s in pair))
        ]
        for own, made in rng.sample(pairs, min(len(pairs), most_of_a_text)):
            yield SentencePair(
                corpus, str(row.article_id), str(row.system), own, made, str(row.kind),
                is_translation=corpus == "translated_documents",
            )  # fmt: skip


def order_versions(frame: pd.DataFrame, seed: int, by: str = "article_id") -> pd.DataFrame:
    """The rows at random, but every article (or original) comes before its second version."""
    shuffled = frame.sample(frac=1.0, random_state=seed)
    rank = shuffled.groupby(by, sort=False).cumcount()
    return shuffled.loc[rank.sort_values(kind="stable").index]
