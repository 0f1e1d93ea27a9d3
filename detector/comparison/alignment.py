"""Align a copy with its original: sentences first, then words, then substitutions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from detector.comparison.sentence_alignment import Group, group_sentences, make_links
from detector.comparison.sentence_similarity import SentenceForms
from detector.comparison.word_alignment import WordLink, align_forms
from detector.comparison.word_forms import Form, describe
from detector.results import SPELLING, SUBSTITUTION_KINDS, SentenceLink, Substitution
from detector.text.document import Document
from detector.text.words import tokenize

# An outlet's spelling is no rewording.
_KEPT = ("same", SPELLING)


class _Words(NamedTuple):
    """Words, and where each of them stands in the caller's text."""

    forms: list[Form]
    starts: list[int]
    ends: list[int]
    quoted: list[bool]

    @classmethod
    def join(cls, parts: Sequence[_Words]) -> _Words:
        """The words of several sentences, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            [form for part in parts for form in part.forms],
            [start for part in parts for start in part.starts],
            [end for part in parts for end in part.ends],
            [is_quoted for part in parts for is_quoted in part.quoted],
        )


@dataclass(frozen=True, slots=True)
class WordCounts:
    """What became of the words of one link between sentences.

    Attributes:
        words, original_words: how many words the copy and the original have in it.
        kept, original_kept: how many of them are the same, at the same place, or only spelt
            otherwise.
        runs: how many runs the kept words make.
        function_changes: how many changed words, of both sides, are function words.
        quoted: how many of the original's words stand in quotation marks.
        quoted_kept: how many of those are kept.
        quoted_copy: how many of the copy's words stand in quotation marks.
        names: how many of the original's words are names or numbers, inside the sentence.
        names_kept: how many of those are kept.
        kinds: the number of substitutions of each of `SUBSTITUTION_KINDS`.
    """

    words: int
    original_words: int
    kept: int
    original_kept: int
    runs: int
    function_changes: int
    quoted: int
    quoted_kept: int
    quoted_copy: int
    names: int
    names_kept: int
    kinds: tuple[int, ...]

    @property
    def changed_share(self) -> float:
        """Share of the words of both sides that were not kept."""
        kept = self.kept + self.original_kept
        return 1 - kept / max(self.words + self.original_words, 1)


@dataclass(frozen=True, slots=True)
class Alignment:
    """What stands where in a copy and its original.

    Attributes:
        links: which sentences stem from which, in the copy's order, what was dropped last;
            boilerplate takes no part.
        substitutions: what was put in place of what in linked sentences, in the copy's order;
            offsets are those of the caller's texts, scores are 0.
        coverage: share of the copy's words in sentences that stem from the original.
        original_coverage: share of the original's words in sentences that the copy has.
        word_counts: what became of the words of each link with two sides, in the order of `links`.
    """

    links: tuple[SentenceLink, ...]
    substitutions: tuple[Substitution, ...]
    coverage: float
    original_coverage: float
    word_counts: tuple[WordCounts, ...]


@dataclass(frozen=True, slots=True)
class DescribedText:
    """A document's words, sentence by sentence, for all comparisons that it takes part in.

    Attributes:
        document: the document.
        words: of each sentence that takes part, by its index.
        forms: of the same sentences.
    """

    document: Document
    words: dict[int, _Words]
    forms: SentenceForms

    @classmethod
    def describe(cls, document: Document) -> DescribedText:
        """Boilerplate takes no part; a quotation goes on in the next sentence of its line."""
        words = {}
        is_quoted, end = False, 0
        for number, sentence in enumerate(document.sentences):
            if sentence.is_of_article:
                start = sentence.normalized_start
                is_quoted = is_quoted and "\n" not in document.normalized.text[end:start]
                words[number], is_quoted = _describe_words(
                    document, sentence.text, start, is_quoted
                )
                end = start + len(sentence.text)
        return cls(document, words, SentenceForms([of_one.forms for of_one in words.values()]))

    def measure_share(self, sentences: Iterable[int]) -> float:
        """Share of all words that stand in some of the sentences, as `forms` counts these.

        A sentence that comes again counts once: pages hold an article twice.
        """
        keys = [tuple(form.lower for form in of_one.forms) for of_one in self.words.values()]
        whole = sum(map(len, set(keys)))
        return sum(map(len, {keys[n] for n in sentences})) / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class LinkedTexts:
    """A copy and its original whose sentences are linked, before any words are.

    Attributes:
        copy: the copy.
        original: its supposed original.
        groups: their sentences that belong together.
    """

    copy: DescribedText
    original: DescribedText
    groups: list[Group]

    @classmethod
    def link(cls, copy: DescribedText, original: DescribedText) -> LinkedTexts:
        """Link their sentences; what is not like anything in the other text is not linked."""
        return cls(copy, original, group_sentences(copy.forms, original.forms))

    def are_of(self, copy: Document, original: Document) -> bool:
        """Whether it is these documents that are linked."""
        return self.copy.document is copy and self.original.document is original

    @property
    def coverages(self) -> tuple[float, float]:
        """`Alignment.coverage` and `Alignment.original_coverage`."""
        return (
            self.copy.measure_share(i for group in self.groups for i in group.copied),
            self.original.measure_share(j for group in self.groups for j in group.originals),
        )


def align(copy: Document, original: Document) -> Alignment:
    """Align a copy with its original, and name what was substituted.

    Args:
        copy: the copy.
        original: its supposed original, or any other text: what is not like it is not linked.
    """
    texts = DescribedText.describe(copy), DescribedText.describe(original)
    return align_linked(LinkedTexts.link(*texts))


def align_linked(linked: LinkedTexts) -> Alignment:
    """Align the words of linked sentences, and name what was substituted."""
    copy, original = linked.copy, linked.original
    links = make_links(linked.groups, list(copy.words), list(original.words))
    substitutions: list[Substitution] = []
    counts = []
    for link in links:
        if not link.sentences or not link.original_sentences:
            continue
        first = _Words.join([copy.words[n] for n in link.sentences])
        second = _Words.join([original.words[n] for n in link.original_sentences])
        word_links = align_forms(first.forms, second.forms)
        documents = copy.document, original.document
        substitutions += _name_substitutions(*documents, first, second, word_links)
        counts.append(_count_words(first, second, word_links))
    return Alignment(links, tuple(substitutions), *linked.coverages, tuple(counts))


def find_substitutions(copy: Document, original: Document) -> list[Substitution]:
    """Name what a copied sentence has in place of what its original has.

    Args:
        copy: a sentence, or several that were split or merged.
        original: what they stem from.

    Returns:
        Substitutions in the copy's order, with offsets in the caller's texts and scores of 0.
        Typography and capital letters are none.
    """
    first, _ = _describe_words(copy, copy.normalized.text, 0)
    second, _ = _describe_words(original, original.normalized.text, 0)
    links = align_forms(first.forms, second.forms)
    return list(_name_substitutions(copy, original, first, second, links))


def _describe_words(
    document: Document, text: str, at: int, is_quoted: bool = False
) -> tuple[_Words, bool]:
    """The words of a stretch of a document's normalised text, and whether it ends in a quotation.

    Args:
        document: the document.
        text: of the stretch.
        at: where it begins in the normalised text.
        is_quoted: whether it begins in a quotation.
    """
    forms, firsts, lasts, quoted = [], [], [], []
    end = 0
    for word in tokenize(text):
        start = text.index(word, end)
        end = start + len(word)
        if word[0].isalnum() or word == "%":
            forms.append(describe(word))
            firsts.append(at + start)
            lasts.append(at + end - 1)
            quoted.append(is_quoted)
        elif word == '"':
            is_quoted = _opens(document.normalized.text, at + start, not is_quoted)
    starts = document.normalized.starts[np.array(firsts, np.int64)].tolist()
    ends = document.normalized.ends[np.array(lasts, np.int64)].tolist()
    return _Words(forms, starts, ends, quoted), is_quoted


def _opens(text: str, at: int, otherwise: bool) -> bool:
    """Whether a quotation mark opens a quotation, as far as what stands beside it tells."""
    before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
    if before.isalnum() or before in tuple(".,!?"):
        return False
    return after.isalnum() or otherwise


def _name_substitutions(
    copy: Document,
    original: Document,
    first: _Words,
    second: _Words,
    links: Iterable[WordLink],
) -> Iterator[Substitution]:
    for link in links:
        if link.kind != "same":
            start, end = _find_span(first, link.words)
            original_start, original_end = _find_span(second, link.original_words)
            yield Substitution(
                start,
                end,
                copy.text[start:end],
                original_start,
                original_end,
                original.text[original_start:original_end],
                link.kind,
            )


def _find_span(place: _Words, words: range) -> tuple[int, int]:
    """Offsets of a run of words; an empty one stands behind the word before it."""
    if words:
        return place.starts[words.start], place.ends[words.stop - 1]
    if words.start:
        return place.ends[words.start - 1], place.ends[words.start - 1]
    return (place.starts[0], place.starts[0]) if place.starts else (0, 0)


def _count_words(first: _Words, second: _Words, links: Sequence[WordLink]) -> WordCounts:
    changed = [link for link in links if link.kind not in _KEPT]
    same = [link for link in links if link.kind in _KEPT]
    kept = {j for link in same for j in link.original_words}
    names = {
        j
        for j, form in enumerate(second.forms)
        if form.is_number or (j > 0 and form.is_capitalized)
    }
    quoted = {j for j, is_quoted in enumerate(second.quoted) if is_quoted}
    kinds = Counter(link.kind for link in links)
    return WordCounts(
        words=len(first.forms),
        original_words=len(second.forms),
        kept=sum(len(link.words) for link in same),
        original_kept=len(kept),
        runs=sum(is_kept for is_kept, _ in groupby(link.kind in _KEPT for link in links)),
        function_changes=sum(first.forms[i].is_function for link in changed for i in link.words)
        + sum(second.forms[j].is_function for link in changed for j in link.original_words),
        quoted=len(quoted),
        quoted_kept=len(quoted & kept),
        quoted_copy=sum(first.quoted),
        names=len(names),
        names_kept=len(names & kept),
        kinds=tuple(kinds[kind] for kind in SUBSTITUTION_KINDS),
    )
