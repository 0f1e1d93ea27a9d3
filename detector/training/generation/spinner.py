"""Synonym spinners: machines that make `spun` training text out of human English.

Article spinners swap words for entries of a synonym list without understanding the sentence, so
the result keeps its grammar and says what nobody would ("call" → "appeal", "readout" → "reading").
A `Spinner` puts words of several lists (WordNet, a thesaurus, English → pivot → English through
bilingual dictionaries) into a text with the inflection kept. The lists are data files of Debian
packages; nothing is downloaded.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from detector.text.hashing import hash_widely
from detector.text.word_lists import read_words
from detector.training.generation.inflection import Inflector, open_inflector, parse_words
from detector.training.generation.synonym_sources import SynonymSource
from detector.training.generation.word_readings import guess_reading

#: Shares of the replaceable words that spinners swap: in the text that the encoder is tuned on, the
#: development documents, and what the model of words is fitted on.
TUNING_SPIN_RATES = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)

#: In the copies that comparisons are fitted and measured on.
COMPARISON_SPIN_RATES = (0.1, 0.2, 0.3, 0.5, 0.7)

#: In the documents that the model card's figures rest on, each rate by itself.
EVALUATION_SPIN_RATES = (0.1, 0.2, 0.5)

#: In the versions that are made of a user's originals.
AUGMENTATION_SPIN_RATES = (0.1, 0.2, 0.3, 0.5)

_FUNCTION_WORDS = frozenset(read_words("text/data/function_words.txt")["unspun"])

_PARTICLES = parse_words("up out off down in on over away back around through along")

_TITLES = parse_words(
    "mr mrs ms dr gen sen rep gov st prof col lt sgt capt rev hon no vs jr sr inc corp co ltd"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
)


class Swap(NamedTuple):
    """One substitution: where it stands in the spun text, the word there was, the word there is."""

    start: int
    end: int
    source: str
    replacement: str


@dataclass(frozen=True)
class SpunText:
    """A spun text and what was swapped, in reading order."""

    text: str
    substitutions: tuple[Swap, ...]


class _Token(NamedTuple):
    start: int
    end: int
    text: str
    lower: str


_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

_SENTENCE_BREAK = re.compile(r"[.!?:\n“”\"‘]")


class Spinner:
    """Swaps a share of a text's content words for synonyms, as article spinners do.

    `rate`: the share of the replaceable words (content words that a source knows) to swap.
    `sense`: "first" keeps to the first three candidates of a source, "any" takes the whole list.
    `choice`: "fixed" always takes the first source's first candidate, as cheap spinners do;
    "random" draws one, the earlier ones a little oftener. `consistent`: a word gets the same
    substitute throughout a text. `common_only`: prefer candidates that WordNet's tagged text has.
    `fix_articles`: adapt "a"/"an" to the new word. Each of these is drawn from the seed if None.
    The output depends on seed, settings and text only, not on the order of calls.
    """

    def __init__(
        self,
        sources: Sequence[SynonymSource],
        rate: float,
        seed: int,
        sense: Literal["first", "any"] | None = None,
        choice: Literal["fixed", "random"] | None = None,
        consistent: bool | None = None,
        common_only: bool | None = None,
        fix_articles: bool | None = None,
        inflector: Inflector | None = None,
    ) -> None:
        if not 0.0 <= rate <= 1.0:
            raise ValueError(f"rate must be between 0 and 1, not {rate}")
        if not sources:
            raise ValueError("a Spinner needs at least one source")
        style = random.Random(f"style {seed}")
        drawn_sense: Literal["first", "any"] = style.choice(("first", "any"))
        drawn_choice: Literal["fixed", "random"] = style.choice(("fixed", "random", "random"))
        drawn = [style.random() < 0.5 for _ in range(3)]
        self.sources = list(sources)
        self.rate = rate
        self.seed = seed
        self.sense = sense or drawn_sense
        self.choice = choice or drawn_choice
        self.consistent = drawn[0] if consistent is None else consistent
        self.common_only = drawn[1] if common_only is None else common_only
        self.fix_articles = drawn[2] if fix_articles is None else fix_articles
        self.inflector = inflector or open_inflector()
        self._usable: dict[tuple[str, str], list[list[str]]] = {}
        self._replaceable: dict[str, bool] = {}

    def spin(self, text: str) -> SpunText:
        """Spin one text (a sentence or a whole article)."""
        rng = random.Random(hash_widely(f"{self.seed}\0{text}".encode(), "big"))
        tokens = [
            _Token(m.start(), m.end(), m[0], m[0].lower().replace("’", "'"))
            for m in _TOKEN.finditer(text)
        ]
        places = self._places(text, tokens)
        wanted = int(len(places) * self.rate + rng.random())
        rng.shuffle(places)
        chosen: dict[tuple[str, str], str] = {}
        edits: dict[int, str] = {}
        for place in places:
            if len(edits) >= wanted:
                break
            new = self._replace(tokens, place, rng, chosen)
            if new is not None:
                edits[place] = new
        return self._assemble(text, tokens, edits)

    def _places(self, text: str, tokens: list[_Token]) -> list[int]:
        """Positions of the words that may be replaced."""
        names = {
            token.text
            for i, token in enumerate(tokens)
            if token.text[0].isupper() and i and not _starts_sentence(text, tokens, i)
        }
        places = []
        for i, token in enumerate(tokens):
            if not self._is_replaceable(_core(token.lower)) or _is_in_address(text, token):
                continue
            if token.text[0].isupper() and not self._is_common_start(text, tokens, i, names):
                continue
            places.append(i)
        return places

    def _is_common_start(self, text: str, tokens: list[_Token], i: int, names: set[str]) -> bool:
        token = tokens[i]
        if token.text in names or not _starts_sentence(text, tokens, i):
            return False
        if len(token.text) > 1 and not token.text[1:].islower():
            return False
        follower_is_name = i + 1 < len(tokens) and tokens[i + 1].text[0].isupper()
        readings = self.inflector.readings(token.lower)
        return not follower_is_name and any(reading.frequency >= 3 for reading in readings)

    def _is_replaceable(self, word: str) -> bool:
        known = self._replaceable.get(word)
        if known is None:
            known = self._replaceable[word] = (
                len(word) > 2
                and word not in _FUNCTION_WORDS
                and word.replace("-", "").isalpha()
                and any(
                    self._candidates(reading.lemma, reading.part_of_speech)
                    for reading in self.inflector.readings(word)
                )
            )
        return known

    def _candidates(self, lemma: str, pos: str) -> list[list[str]]:
        """Each source's usable candidates; sources that have none are left out."""
        key = (lemma, pos)
        if key not in self._usable:
            lists = [self._filter(source.candidates(lemma, pos), pos) for source in self.sources]
            self._usable[key] = [found for found in lists if found]
        return self._usable[key]

    def _filter(self, candidates: list[str], pos: str) -> list[str]:
        found = [
            candidate
            for candidate in candidates
            if self.inflector.knows(candidate, pos) and candidate not in _FUNCTION_WORDS
        ]
        if self.common_only:
            found = [word for word in found if self.inflector.count(word, pos) > 0] or found
        return found[:3] if self.sense == "first" else found

    def _replace(
        self,
        tokens: list[_Token],
        place: int,
        rng: random.Random,
        chosen: dict[tuple[str, str], str],
    ) -> str | None:
        """Find the new word for a place, inflected and capitalised as the old one, or None."""
        token = tokens[place]
        core = _core(token.lower)
        after = tokens[place + 1].lower if place + 1 < len(tokens) else ""
        reading = guess_reading(
            self.inflector.readings(core),
            tokens[place - 1].lower if place else "",
            tokens[place - 2].lower if place > 1 else "",
            after,
            possessive=core != token.lower,
        )
        key = (reading.lemma, reading.part_of_speech)
        base = chosen.get(key) if self.consistent else None
        if base is None:
            base = self._choose(self._candidates(*key), rng)
        if base is None or (
            after in _PARTICLES and reading.part_of_speech == "verb" and " " in base
        ):
            return None  # "zeroed in in", "come up out": even cheap spinners avoid these
        chosen[key] = base
        new = self.inflector.inflect(base, reading.part_of_speech, reading.form)
        if new == core:
            return None
        return _match_capital(new + token.text[len(core) :], token.text)

    def _choose(self, lists: list[list[str]], rng: random.Random) -> str | None:
        if not lists:
            return None
        if self.choice == "fixed":
            return lists[0][0]
        candidates = rng.choice(lists)
        # Squaring favours the front of the list, where sources put the likelier words.
        return candidates[int(len(candidates) * rng.random() ** 2)]

    def _assemble(self, text: str, tokens: list[_Token], edits: Mapping[int, str]) -> SpunText:
        pieces: list[str] = []
        swaps: list[Swap] = []
        copied = length = 0
        for place in sorted(edits):
            token, new = tokens[place], edits[place]
            between = text[copied : token.start]
            if self.fix_articles and place and copied <= tokens[place - 1].start:
                between = _fix_article(between, tokens[place - 1], new)
            pieces += [between, new]
            length += len(between)
            swaps.append(Swap(length, length + len(new), token.text, new))
            length += len(new)
            copied = token.end
        pieces.append(text[copied:])
        return SpunText("".join(pieces), tuple(swaps))


def _match_capital(new: str, old: str) -> str:
    return new[0].upper() + new[1:] if old[0].isupper() else new


def _core(word: str) -> str:
    """Take a possessive 's off a word."""
    return word.removesuffix("'s")


def _is_in_address(text: str, token: _Token) -> bool:
    """Tell whether the word belongs to a web or mail address, a file name or a tag."""
    before, after = text[max(token.start - 1, 0) : token.start], text[token.end : token.end + 2]
    return (before != "" and before in "@/_#&.") or re.match(r"[@_/]|\.\w", after) is not None


def _starts_sentence(text: str, tokens: list[_Token], i: int) -> bool:
    if i == 0:
        return True
    previous = tokens[i - 1]
    gap = text[previous.end : tokens[i].start]
    if gap.startswith(".") and (previous.lower in _TITLES or len(previous.lower) == 1):
        return False
    return _SENTENCE_BREAK.search(gap) is not None


def _fix_article(between: str, article: _Token, new: str) -> str:
    """`between` ends with the article that stands before the new word; make the two agree."""
    if article.lower not in ("a", "an"):
        return between
    right = "an" if starts_with_vowel_sound(new.lower()) else "a"
    if article.text[0].isupper():
        right = right.capitalize()
    head, _, tail = between.rpartition(article.text)
    return head + right + tail


def starts_with_vowel_sound(word: str) -> bool:
    """Whether "an" stands before a word, given in small letters, and not "a"."""
    if re.match(r"hour|honest|honou?r|heir", word):
        return True
    if re.match(r"eu|ewe|one\b|once\b|u(?:ni(?![ndm])|s[aeiu]|t[ei]|biq|ran|kr)", word):
        return False
    return word[0] in "aeiou"
