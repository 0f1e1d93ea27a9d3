"""Tell whether a text is an article, and in the form that thresholds were measured on.

Thresholds hold for whole articles: sentences that end, written in small and capital letters, made
of words. Speech recognition or a text in small letters is written otherwise; a table, a program, an
error page or the teasers of a front page are no article at all. The probability of either means
little. Bounds were set where fewer than one real article in two hundred lies beyond each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from detector.text.language import ENGLISH_FUNCTION_WORDS
from detector.text.masking import MaskedSentence
from detector.text.sentences import Sentence
from detector.text.word_lists import read_lines

_WORD = re.compile(r"[A-Za-z][A-Za-z']*")

_STARTS_LARGE = re.compile(r"\W*[^\W_a-z]")

# "do n't", "it 's", "`` Yes , '' he said": cut up for a program
_TOKENIZED = re.compile(r"\w (?:n't|'s|'re|'ve|'ll|'d|'m)\b|-LRB-|-RRB-|``")

_SYMBOL = re.compile(r"[^\w\s.,;:!?'\"()$%£€°&/-]|_")

_DIGIT = re.compile(r"\d")

_LETTER = re.compile(r"[^\W\d_]")

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

#: Of words, those behind which a comma stands, a semicolon or a colon: an article has 5 in 100.
_MOST_COMMAS, _MOST_SEPARATORS = 0.135, 0.4

#: Of words: learners of English, of whom some write no comma, have more function words.
_MOST_WITHOUT_COMMAS = 0.53

#: Of letters, those that English does not have.
_MOST_FOREIGN_LETTERS = 0.03

#: Of sentences, those that break off with dots, as teasers do, and how many there are.
_MOST_BROKEN_OFF, _FEWEST_BROKEN_OFF = 0.2, 3

#: Of sentences, those that speak to a visitor of a site that failed, and of how many kinds.
_MOST_FAILURES, _FEWEST_KINDS_OF_FAILURE = 0.2, 3

#: Of characters.
_MOST_DIGITS, _MOST_SYMBOLS, _FEWEST_LETTERS = 0.15, 0.015, 0.6

#: Of words, traces of a program that cut them apart.
_MOST_TOKENIZED = 0.01

_TOKEN = re.compile(r"[a-z]+|\d{3}")

_BREAKS_OFF = re.compile(r"(?:\.\.\.|\[\.\.\.\])[\"')]*$")

_FAILURES = dict(read_lines("text/data/failures.txt"))

_FAILURE_WORDS = frozenset(" ".join(_FAILURES.pop("words")).split())

# What an error page, a captcha or a wall before an article says; a group for each kind.
_FAILURE = re.compile(
    "|".join(rf"\b({'|'.join(kind)})" for kind in _FAILURES.values()), re.IGNORECASE
)

#: An error page has no more words.
_LONGEST_FAILURE = 300


_NO_ARTICLES = (
    _FAILED := "it speaks to the visitor of a site that failed",
    _TEASERS := "sentences break off with dots, as the starts of other articles do",
    _MARKUP := "it holds symbols as markup, code, tables and posts do",
    _NUMBERS := "it holds numbers rather than words",
    _MARKS := "it holds marks rather than words",
    _LIST := "it is a list rather than sentences",
    _LINES := "most lines do not end as sentences do",
)


@dataclass(frozen=True, slots=True)
class Deviation:
    """How a text differs from the articles that thresholds were measured on.

    Attributes:
        explanation: in words.
        is_article: it may be an article in another form; otherwise it is none.
    """

    explanation: str
    is_article: bool


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
    separators: float
    lacks_commas: bool
    foreign_letters: float
    broken_off: float
    failures: float
    digits: float
    symbols: float
    letters: float
    tokenized: float


def find_deviation(judged: Sequence[tuple[Sentence, MaskedSentence]]) -> Deviation | None:
    """How the judged sentences of a text differ from any article's; None where they do not.

    Args:
        judged: each sentence that is judged, plain and masked.
    """
    if not judged:
        return None
    form = _measure_form(judged)
    deviations = (
        (form.foreign_letters > _MOST_FOREIGN_LETTERS, "it holds letters that English has not"),
        (form.failures > _MOST_FAILURES, _FAILED),
        (form.broken_off > _MOST_BROKEN_OFF, _TEASERS),
        (form.symbols > _MOST_SYMBOLS, _MARKUP),
        (form.separators > _MOST_SEPARATORS, _MARKUP),
        (form.digits > _MOST_DIGITS, _NUMBERS),
        (form.letters < _FEWEST_LETTERS, _MARKS),
        (form.function_words < _FEWEST_FUNCTION_WORDS, _LIST),
        (form.capitals < _FEWEST_CAPITALS, "there are no capital letters"),
        (form.ends < _FEWEST_ENDS, "sentence ends could not be found"),
        (form.sentence_words > _LONGEST_SENTENCES, "its sentences are longer than articles' are"),
        (form.large_starts < _FEWEST_LARGE_STARTS, "sentences start with small letters"),
        (form.capitals > _MOST_CAPITALS, "it is written in capital letters"),
        (form.capitalized > _MOST_CAPITALIZED, "most words start with a capital"),
        (form.tokenized > _MOST_TOKENIZED, "a program cut its words apart"),
        (form.unfinished > _MOST_UNFINISHED, _LINES),
        (form.lacks_commas, "there are no commas"),
        (form.separators > _MOST_COMMAS, "there are too many commas and colons"),
    )
    found = next((explanation for deviates, explanation in deviations if deviates), None)
    return Deviation(found, found not in _NO_ARTICLES) if found else None


def _measure_form(judged: Sequence[tuple[Sentence, MaskedSentence]]) -> _Form:
    sentences = [sentence.text for sentence, _ in judged]
    text = " ".join(sentences)
    counts = [masked.word_count for _, masked in judged]
    total = max(1, sum(counts))
    words = _WORD.findall(text)
    count = max(1, len(words))
    characters = Counter(text)
    letters = {c: n for c, n in characters.items() if _LETTER.match(c)}
    letter_count = sum(letters.values())
    function_words = sum(word.lower() in ENGLISH_FUNCTION_WORDS for word in words) / count
    needs_commas = text.count('"') > 1 or function_words < _MOST_WITHOUT_COMMAS
    pairs = list(zip(counts, (sentence for sentence, _ in judged), strict=True))
    return _Form(
        sentence_words=sum(n * n for n in counts) / total,
        ends=sum(map(text.count, ".!?")) / count,
        unfinished=sum(n for n, sentence in pairs if sentence.kind == "headline") / total,
        capitals=sum(n for c, n in letters.items() if c.isupper()) / max(1, letter_count),
        capitalized=sum(word[0].isupper() for word in words) / count,
        large_starts=sum(bool(_STARTS_LARGE.match(s.text)) for _, s in pairs) / len(pairs),
        function_words=function_words,
        separators=sum(map(text.count, ",;:")) / count,
        lacks_commas=needs_commas and "," not in text,
        foreign_letters=sum(n for c, n in letters.items() if not c.isascii())
        / max(1, letter_count),
        broken_off=_measure_broken_off(sentences),
        failures=_measure_failures(sentences) if _may_have_failed(text, total) else 0.0,
        digits=_count(_DIGIT, characters) / len(text),
        symbols=_count(_SYMBOL, characters) / len(text),
        letters=letter_count / len(text),
        tokenized=len(_TOKENIZED.findall(text)) / count,
    )


def _measure_broken_off(sentences: Sequence[str]) -> float:
    count = sum(bool(_BREAKS_OFF.search(sentence)) for sentence in sentences)
    return count / len(sentences) if count >= _FEWEST_BROKEN_OFF else 0.0


def _may_have_failed(text: str, words: int) -> bool:
    """Whether a text may be an error page, as one quick look tells."""
    if words > _LONGEST_FAILURE:
        return False
    return len(_FAILURE_WORDS.intersection(_TOKEN.findall(text.lower()))) >= 3


def _measure_failures(sentences: Sequence[str]) -> float:
    kinds = [{match.lastindex for match in _FAILURE.finditer(each)} for each in sentences]
    if len(set().union(*kinds)) < _FEWEST_KINDS_OF_FAILURE:
        return 0.0
    return sum(map(bool, kinds)) / len(sentences)


def _count(pattern: re.Pattern[str], characters: Counter[str]) -> int:
    return sum(n for c, n in characters.items() if pattern.match(c))
