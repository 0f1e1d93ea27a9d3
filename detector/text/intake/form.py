"""Tell whether a text has the form of the articles that thresholds were measured on.

Thresholds hold for whole articles: sentences that end, written in small and capital letters, made
of words. Speech recognition, a text in small letters, a table, a list or a program is none of
these, and its probability means little. Bounds were set where fewer than one real article in two
hundred lies beyond each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detector.text.masking import MaskedSentence
from detector.text.sentences import Sentence
from detector.text.word_lists import read_words

_FUNCTION_WORDS = frozenset[str]().union(*read_words("text/data/function_words.txt").values())

_WORD = re.compile(r"[A-Za-z][A-Za-z']*")

_STARTS_LARGE = re.compile(r"\W*[^\W_a-z]")

# "do n't", "it 's", "`` Yes , '' he said": cut up for a program
_TOKENIZED = re.compile(r"\w (?:n't|'s|'re|'ve|'ll|'d|'m)\b|-LRB-|-RRB-|``")

_SYMBOL = re.compile(r"[^\w\s.,;:!?'\"()$%£€°&/-]|_")

_DIGIT = re.compile(r"\d")

_LETTER, _CAPITAL = re.compile(r"[^\W\d_]"), re.compile(r"(?![a-z])[^\W\d_]")

#: Words of the sentence that a word of the text stands in, on average.
_LONGEST_SENTENCES = 60

#: Of words, those at whose end a sentence ends.
_FEWEST_ENDS = 0.018

#: Of words, those in lines that do not end as a sentence does.
_MOST_UNFINISHED = 0.6

#: Of letters, capitals; of words, those with a capital in front.
_FEWEST_CAPITALS, _MOST_CAPITALS, _MOST_CAPITALIZED = 0.004, 0.3, 0.6

#: Of sentences, those with a capital, a digit or another alphabet's letter in front.
_FEWEST_LARGE_STARTS = 0.5

#: Of words: prose has 47 in 100, lists of results 12 to 25.
_FEWEST_FUNCTION_WORDS = 0.2

#: Of words, those behind which a comma stands, a semicolon or a colon.
_MOST_COMMAS = 0.4

#: Of characters.
_MOST_DIGITS, _MOST_SYMBOLS, _FEWEST_LETTERS = 0.15, 0.015, 0.6

#: Of words, traces of a program that cut them apart.
_MOST_TOKENIZED = 0.01


@dataclass(frozen=True, slots=True)
class _Form:
    """Shares that tell an article from what is none; see the bounds above."""

    sentence_words: float
    ends: float
    unfinished: float
    capitals: float
    capitalized: float
    large_starts: float
    function_words: float
    commas: float
    digits: float
    symbols: float
    letters: float
    tokenized: float


def find_deviation(judged: Sequence[tuple[Sentence, MaskedSentence]]) -> str | None:
    """How the judged sentences of a text differ from any article's; None where they do not.

    Args:
        judged: each sentence that is judged, plain and masked.
    """
    if not judged:
        return None
    form = _measure_form(judged)
    deviations = (
        (form.capitals < _FEWEST_CAPITALS, "there are no capital letters"),
        (form.sentence_words > _LONGEST_SENTENCES, "sentence ends could not be found"),
        (form.ends < _FEWEST_ENDS, "sentence ends could not be found"),
        (form.large_starts < _FEWEST_LARGE_STARTS, "sentences start with small letters"),
        (form.capitals > _MOST_CAPITALS, "it is written in capital letters"),
        (form.capitalized > _MOST_CAPITALIZED, "most words start with a capital"),
        (form.symbols > _MOST_SYMBOLS, "it holds markup, code or a table"),
        (form.commas > _MOST_COMMAS, "it holds markup, code or a table"),
        (form.digits > _MOST_DIGITS, "it holds numbers rather than words"),
        (form.letters < _FEWEST_LETTERS, "it holds marks rather than words"),
        (form.function_words < _FEWEST_FUNCTION_WORDS, "it is a list rather than sentences"),
        (form.unfinished > _MOST_UNFINISHED, "most lines do not end as sentences do"),
        (form.tokenized > _MOST_TOKENIZED, "a program cut its words apart"),
    )
    return next((name for deviates, name in deviations if deviates), None)


def _measure_form(judged: Sequence[tuple[Sentence, MaskedSentence]]) -> _Form:
    text = " ".join(sentence.text for sentence, _ in judged)
    counts = [masked.word_count for _, masked in judged]
    total = max(1, sum(counts))
    words = _WORD.findall(text)
    count = max(1, len(words))
    letters = _count(_LETTER, text)
    pairs = list(zip(counts, (sentence for sentence, _ in judged), strict=True))
    return _Form(
        sentence_words=sum(n * n for n in counts) / total,
        ends=sum(map(text.count, ".!?")) / count,
        unfinished=sum(n for n, sentence in pairs if sentence.kind == "headline") / total,
        capitals=sum(map(str.isupper, _CAPITAL.findall(text))) / max(1, letters),
        capitalized=sum(word[0].isupper() for word in words) / count,
        large_starts=sum(bool(_STARTS_LARGE.match(s.text)) for _, s in pairs) / len(pairs),
        function_words=sum(word.lower() in _FUNCTION_WORDS for word in words) / count,
        commas=sum(map(text.count, ",;:")) / count,
        digits=_count(_DIGIT, text) / len(text),
        symbols=_count(_SYMBOL, text) / len(text),
        letters=letters / len(text),
        tokenized=_count(_TOKENIZED, text) / count,
    )


def _count(pattern: re.Pattern[str], text: str) -> int:
    return len(pattern.findall(text))
