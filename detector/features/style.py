"""Counted ("stylometric") features of a text: plain functions from words to named columns.

What is counted is what the literature on translationese and on machine paraphrase found telling:

* function words, cohesive markers, pronouns, "that" made explicit: Baker 1993 ("Corpus
  Linguistics and Translation Studies"), Koppel & Ordan 2011 ("Translationese and Its Dialects"),
  Volansky, Ordan & Wintner 2015 ("On the features of translationese"), Rabinovich & Wintner 2015
  ("Unsupervised Identification of Translationese");
* variety, density and the evening-out of sentences: Toral 2019 ("Post-editese: an Exacerbated
  Translationese"), Vanmassenhove, Shterionov & Way 2019 ("Lost in Translation: Loss and Decay of
  Linguistic Richness in Machine Translation").

Names, places and numbers are nobody's choice of words: they are left out of every count of
variety. Quotation marks are not counted: some engines drop them, so they tell the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.features.word_rows import Batch, Bools, Columns, Floats, Ints, Row, list_rows, sum_by
from detector.text.word_classes import (
    FUNCTION,
    FUNCTION_WORDS,
    LETTERS,
    MARKER,
    PAIR_KINDS,
    PAIR_TABLE,
    TRAIT,
    TYPE,
    open_lexicon,
)


def measure_style(rows: Iterable[Row], window: int = 50) -> npt.NDArray[np.float32]:
    """Measure what the style of each row is made of: float32 (rows, `STYLE_COLUMNS`), all finite.

    Columns are shares, means and rates, so sentences and documents have the same ones; those that
    compare sentences (spread, evenness) are 0 for a single sentence. A row without words is all
    zeros, but for shares that have a prior. Words are those of a `MaskedSentence`.

    Args:
        rows: sentences (sequences of words) or documents (sequences of sentences).
        window: words in a window of the moving-average type-token ratio.

    Raises TypeError for a row that holds no words, ValueError for a window under 1.
    """
    if window < 1:
        raise ValueError(f"window must be 1 or more, not {window}")
    rows = list_rows(rows)
    features = np.zeros((len(rows), len(STYLE_COLUMNS)), np.float32)
    for start, batch in Batch.extract_some(rows):
        counts = _Counts(batch)
        part = features[start : start + batch.size]
        part[:, : len(FUNCTION_WORDS)] = _count_function_words(counts)
        part[:, len(FUNCTION_WORDS) :].T[:] = list(_measure_columns(counts, window).values())
    return features


def _measure_columns(counts: _Counts, window: int) -> Columns:
    return {
        **counts.rate(_MARK_COLUMNS),
        **_measure_lengths(counts),
        **_measure_variety(counts, window),
        **_measure_grammar(counts),
        **_measure_cohesion(counts),
        **_measure_sentences(counts),
    }


def _divide(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """`part / whole`, 0 where there is no whole."""
    return np.asarray(part / np.maximum(whole, 1))


def _share(part: Floats, rest: Floats, prior: float = 0.5) -> Floats:
    """Share of `part` in both, drawn to `prior` as by one more case where cases are few."""
    return (part + prior) / (part + rest + 1.0)


class _Counts:
    """What is counted in a batch, by word, by sentence and by row.

    Attributes:
        facts: (words, 4), numbers known of each word; see `Lexicon`.
        traits: for each distance up to 3, (words, traits) of the word that far ahead in the same
            sentence.
        words: how many words each row holds, numbers and marks not counted.
        sentences: how many sentences each row holds.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.size = batch.size
        lexicon = open_lexicon()
        places = np.fromiter(map(lexicon.__getitem__, batch.words), np.int64, len(batch.words))
        self.facts = lexicon.facts[places]
        self.traits = [lexicon.traits[places]]
        ends = np.repeat(batch.sentence_starts + batch.sentence_lengths, batch.sentence_lengths)
        remaining = ends - 1 - np.arange(len(places))
        self.is_last = remaining == 0
        for distance in range(1, 4):
            ahead = np.zeros_like(self.traits[0])
            ahead[:-distance] = self.traits[0][distance:]
            ahead[remaining < distance] = 0
            self.traits.append(ahead)
        self.words = self.total("word")
        self.sentences = np.bincount(batch.sentence_rows, minlength=self.size).astype(float)

    def has(self, trait: str, ahead: int = 0) -> Bools:
        """For each word, whether it, or the word that far ahead in its sentence, has a trait."""
        return self.traits[ahead][:, TRAIT[trait]].view(bool)

    @cached_property
    def _row_starts(self) -> tuple[Ints, Ints]:
        """The rows that hold a sentence, and the number of the first sentence of each."""
        rows = self.batch.sentence_rows
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        return rows[starts], starts

    def tally(self, flags: Mapping[str, Bools], by_sentence: bool = False) -> Columns:
        """How many words (or sentences) of each row are flagged, for all flags at once."""
        rows, starts = self._row_starts
        tallies = np.zeros((len(flags), self.size))
        if len(rows):
            at = starts if by_sentence else self.batch.sentence_starts[starts]
            stacked = np.stack(list(flags.values()))
            tallies[:, rows] = np.add.reduceat(stacked, at, axis=1, dtype=np.int32)
        return dict(zip(flags, tallies, strict=True))

    @cached_property
    def sentence_totals(self) -> Ints:
        """How often each trait occurs in each sentence."""
        if not len(self.facts):
            return np.zeros((0, len(TRAIT)), np.int64)
        return np.add.reduceat(self.traits[0], self.batch.sentence_starts, axis=0, dtype=np.int64)

    @cached_property
    def totals(self) -> Floats:
        """How often each trait occurs in each row."""
        totals = np.zeros((self.size, len(TRAIT)))
        rows, starts = self._row_starts
        if len(rows):
            totals[rows] = np.add.reduceat(self.sentence_totals, starts, axis=0)
        return totals

    def total(self, trait: str) -> Floats:
        return self.totals[:, TRAIT[trait]]

    def rate(self, traits: Mapping[str, str]) -> Columns:
        """Occurrences of traits a word, under new names."""
        places = [TRAIT[trait] for trait in traits]
        rates = self.totals[:, places].T / np.maximum(self.words, 1)
        return dict(zip(traits.values(), rates, strict=True))


def _count_function_words(counts: _Counts) -> Floats:
    """Share of each function word among the words of a row (Koppel & Ordan 2011)."""
    width = len(FUNCTION_WORDS) + 1
    cells = counts.batch.rows * width + counts.facts[:, FUNCTION]
    table = np.bincount(cells, minlength=counts.size * width).reshape(counts.size, width)
    return table[:, :-1] / np.maximum(counts.words, 1)[:, None]


# Marks a word; the typography of an engine was taken away before (Volansky et al. 2015).
_MARK_COLUMNS = {
    mark: f"punctuation:{mark}"
    for mark in ("comma", "colon", "semicolon", "dash", "opening", "question", "exclamation")
}

_LENGTH_RATES = {
    "long": "length:long_words",
    "short": "length:short_words",
    "hyphenated": "length:hyphenated",
}


def _measure_lengths(counts: _Counts) -> Columns:
    """Lengths of sentences and words, and how even they are (Toral 2019)."""
    rows, size = counts.batch.sentence_rows, counts.size
    lengths = counts.sentence_totals[:, TRAIT["word"]].astype(float)
    sentence_mean, sentence_spread = _average(rows, lengths, counts.sentences)
    steps = np.abs(lengths[1:] - lengths[:-1]) * (rows[1:] == rows[:-1])
    step = _divide(sum_by(rows[1:], steps, size), counts.sentences - 1)
    is_word = counts.has("word")
    letters = counts.facts[is_word, LETTERS].astype(float)
    letters_mean, letters_spread = _average(counts.batch.rows[is_word], letters, counts.words)
    return {
        "length:words": np.log1p(counts.words),
        "length:sentence_mean": sentence_mean,
        "length:sentence_sd": sentence_spread,
        "length:sentence_evenness": _divide(sentence_spread, sentence_mean),
        "length:sentence_step": _divide(step, sentence_mean),
        "length:word_mean": letters_mean,
        "length:word_sd": letters_spread,
        **counts.rate(_LENGTH_RATES),
    }


def _average(groups: Ints, values: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the values of each group; 0 for a group without any."""
    mean = _divide(sum_by(groups, values, len(sizes)), sizes)
    deviations = (values - mean[groups]) ** 2
    return mean, np.sqrt(_divide(sum_by(groups, deviations, len(sizes)), sizes))


def _link_repeats(keys: Ints) -> tuple[Ints, Bools]:
    """For each key, where it stood before (-1 for nowhere), and whether it comes again."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    same = ranked[1:] == ranked[:-1]
    earlier = order[:-1][same]
    before = np.full(len(keys), -1, np.int64)
    before[order[1:][same]] = earlier
    comes_again = np.zeros(len(keys), bool)
    comes_again[earlier] = True
    return before, comes_again


def _average_window_types(rows: Ints, before: Ints, total: Ints, window: int) -> Floats:
    """Mean share of different words over all windows of a row (MATTR; Covington & McFall 2010).

    A row shorter than `window` is one window. A word is new in the windows that start after its
    last occurrence: these are counted, word by word, without going through the windows.
    """
    width = np.minimum(total, window)
    first = (np.cumsum(total) - total)[rows]
    place = np.arange(len(rows)) - first
    earliest = np.maximum(np.maximum(before - first + 1, place - width[rows] + 1), 0)
    latest = np.minimum(place, (total - width)[rows])
    new = np.maximum(latest - earliest + 1, 0)
    return _divide(sum_by(rows, new, len(total)), (total - width + 1) * width)


def _measure_variety(counts: _Counts, window: int) -> Columns:
    """How varied, how dense, how repetitive the vocabulary is (Vanmassenhove et al. 2019)."""
    size = counts.size
    is_function = counts.facts[:, FUNCTION] < len(FUNCTION_WORDS)
    kept = np.flatnonzero(counts.has("small") | is_function)
    rows, types = counts.batch.rows[kept], counts.facts[kept, TYPE]
    content = counts.has("content")[kept]
    before, comes_again = _link_repeats(rows * (int(types.max(initial=0)) + 1) + types)
    is_new = before < 0
    distance = np.arange(len(rows)) - before
    total = np.bincount(rows, minlength=size)
    content_total = np.bincount(rows[content], minlength=size)
    new = np.bincount(rows[is_new], minlength=size)
    content_new = np.bincount(rows[is_new & content], minlength=size)
    once = np.bincount(rows[is_new & ~comes_again], minlength=size)
    near = np.bincount(rows[content & ~is_new & (distance <= 60)], minlength=size)
    doubled = np.bincount(rows[~is_new & (distance == 1)], minlength=size)
    return {
        "variety:mattr": _average_window_types(rows, before, total, window),
        "variety:guiraud": new / np.sqrt(np.maximum(total, 1)),
        "variety:content_guiraud": content_new / np.sqrt(np.maximum(content_total, 1)),
        "variety:hapax": _divide(once, total),
        "variety:density": _divide(content_total, total),
        "variety:content_repetition": _divide(content_total - content_new, content_total),
        "variety:content_near_repetition": _divide(near, content_total),
        "variety:doubled": _divide(doubled, total),
    }


_RATES = {
    "definite": "grammar:definite",
    "indefinite": "grammar:indefinite",
    "preposition": "grammar:prepositions",
    "particle": "grammar:particles",
    "pronoun": "grammar:pronouns",
    "first person": "grammar:first_person",
    "second person": "grammar:second_person",
    "possessive": "grammar:possessives",
    "demonstrative": "grammar:demonstratives",
    "modal": "grammar:modals",
    "auxiliary": "grammar:auxiliaries",
    "coordinating": "grammar:coordination",
    "subordinating": "grammar:subordination",
    "relative": "grammar:relatives",
    "quantifier": "grammar:quantifiers",
    "negation": "grammar:negation",
    "nominalisation": "grammar:nominalisations",
    "adverb": "grammar:adverbs",
    "ing": "grammar:ing_forms",
    "participle": "grammar:participles",
    "hedge": "grammar:hedges",
    "intensifier": "grammar:intensifiers",
    "contraction": "grammar:contractions",
    "genitive": "grammar:genitives",
    "reporting": "grammar:reporting",
}


def _find_constructions(counts: _Counts) -> dict[str, Bools]:
    """For each word, which constructions it opens, told by its neighbours: there is no tagger."""
    has = counts.has
    be, comma, more, of = has("be"), has("comma"), has("more"), has("of")
    content, reporting = has("content"), has("reporting")
    between = has("adverb", 1) | has("not", 1)
    return {
        "passive": be & (has("participle", 1) | (between & has("participle", 2))),
        "progressive": be & has("ing", 1),
        "perfect": has("have") & (has("participle", 1) | has("be", 1)),
        "of_chain": of & (has("of", 2) | has("of", 3)),
        "of_the": of & has("definite", 1),
        "content_pairs": content & has("content", 1),
        "more_than": more & (has("than", 2) | has("than", 3)),
        "more_word": more & has("content", 1),
        "er_than": has("comparative") & has("than", 1),
        "comma_relative": comma & (has("relative", 1) | has("that", 1)),
        "comma_and": comma & has("and", 1),
        "participle_phrase": comma & has("ing", 1),
        "that": reporting & has("that", 1),
        "no that": reporting & has("clause subject", 1),
        "full not": has("auxiliary") & has("not", 1),
        "full pronoun": has("pronoun") & ~has("contraction") & has("auxiliary", 1),
    }


def _measure_grammar(counts: _Counts) -> Columns:
    """Classes of words and constructions (Volansky et al. 2015; Rabinovich & Wintner 2015).

    "That" is made explicit where it follows a verb of saying (Olohan & Baker 2000); a genitive is
    "'s" or "of"; a contraction is weighed against the full forms that could have been contracted.
    """
    found = counts.tally(_find_constructions(counts))
    that, no_that = found.pop("that"), found.pop("no that")
    full_not, full_pronoun = found.pop("full not"), found.pop("full pronoun")
    short_not = counts.total("contracted not")
    return {
        **counts.rate(_RATES),
        **{f"grammar:{name}": _divide(tally, counts.words) for name, tally in found.items()},
        "grammar:definite_share": _share(counts.total("definite"), counts.total("indefinite")),
        "grammar:of_share": _share(counts.total("of"), counts.total("genitive")),
        "grammar:explicit_that": _share(that, no_that),
        "grammar:contracted_not": _share(short_not, full_not),
        "grammar:contracted_pronoun": _share(counts.total("contraction") - short_not, full_pronoun),
    }


def _measure_cohesion(counts: _Counts) -> Columns:
    """Markers that say how sentences hang together (Baker 1993; Volansky et al. 2015)."""
    numbers = counts.facts[:, MARKER]
    kinds = np.zeros(len(numbers), np.uint8)
    kinds[:-1] = PAIR_TABLE[numbers[:-1], numbers[1:]]
    kinds[counts.is_last] = 0
    pairs = counts.tally({kind: kinds == place for place, kind in enumerate(PAIR_KINDS, 1)})
    markers = {kind: counts.total(kind) + pairs[kind] for kind in PAIR_KINDS}
    markers["markers"] = np.sum(list(markers.values()), axis=0)
    return {
        f"cohesion:{kind.split()[0]}": _divide(total, counts.words)
        for kind, total in markers.items()
    }


_OPENINGS = {
    "coordinating": "conjunction",
    "preposition": "preposition",
    "pronoun": "pronoun",
    "definite": "article",
    "demonstrative": "demonstrative",
    "subordinating": "subordinate",
    "opening ing": "ing_form",
}

_CLOSING = [TRAIT[mark] for mark in ("stop", "question", "exclamation")]


def _find_openings(counts: _Counts) -> dict[str, Bools]:
    """For each sentence, how it begins: what stands first, and what was moved there."""
    starts = counts.batch.sentence_starts
    first = counts.traits[0][starts].view(bool)
    early = np.arange(len(counts.facts)) - starts[counts.batch.sentences]
    early_comma = counts.has("comma") & (early >= 1) & (early <= 7)
    fronted = np.bincount(counts.batch.sentences[early_comma], minlength=len(starts)) > 0
    flags = {f"opening:{name}": first[:, TRAIT[trait]] for trait, name in _OPENINGS.items()}
    markers = np.asarray(first[:, [TRAIT[kind] for kind in PAIR_KINDS]].any(axis=1))
    return {**flags, "opening:marker": markers, "opening:early_comma": fronted}


def _find_bounds(counts: _Counts) -> dict[str, Bools]:
    """For each sentence, clues that its bounds were copied from another language.

    Engines translate sentence by sentence and copy where they stop: sentences stay long, and what
    opens or closes across a bound is lost.
    """
    totals = counts.sentence_totals
    starts = counts.batch.sentence_starts
    ends = starts + counts.batch.sentence_lengths - 1
    # A parenthesis may close after the stop.
    last = counts.traits[0][ends] | counts.traits[0][np.maximum(ends - 1, starts)]
    clauses = totals[:, TRAIT["comma"]] + totals[:, TRAIT["semicolon"]]
    return {
        "bounds:small_start": counts.has("small")[starts],
        "bounds:unclosed": last[:, _CLOSING].sum(axis=1) == 0,
        "bounds:odd_parenthesis": totals[:, TRAIT["opening"]] != totals[:, TRAIT["closing"]],
        "bounds:long": totals[:, TRAIT["word"]] > 35,
        "bounds:many_commas": clauses > 3,
    }


def _measure_sentences(counts: _Counts) -> Columns:
    """Shares of sentences that begin or end in a telling way."""
    flags = counts.tally({**_find_openings(counts), **_find_bounds(counts)}, by_sentence=True)
    return {name: _divide(tally, counts.sentences) for name, tally in flags.items()}


def _name_columns() -> tuple[str, ...]:
    functions = (f"function:{word}" for word in FUNCTION_WORDS)
    return (*functions, *_measure_columns(_Counts(Batch.gather([])), 50))


#: ``group:name`` of each column; the groups are ``function`` (Koppel & Ordan 2011),
#: ``punctuation``, ``length``, ``variety``, ``grammar``, ``cohesion``, ``opening``, ``bounds``.
STYLE_COLUMNS = _name_columns()
