"""English inflection: which form a word is, and other words in that form.

No stemmer, as comparisons and indexes have one: it asks WordNet, and puts endings on as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

#: Where Debian's wordnet-base puts WordNet.
WORDNET_FOLDER = Path("/usr/share/wordnet")

PARTS_OF_SPEECH = ("noun", "verb", "adjective", "adverb")

WORDNET_SUFFIX = {"noun": "noun", "verb": "verb", "adjective": "adj", "adverb": "adv"}

_WORDNET_NUMBER = {"1": "noun", "2": "verb", "3": "adjective", "4": "adverb", "5": "adjective"}

Form = Literal[
    "base", "plural", "third", "past", "participle", "gerund", "comparative", "superlative"
]


class MissingPackageError(FileNotFoundError):
    """A file or command is not on this machine; the message names the Debian package to install."""

    def __init__(self, missing: str | Path, package: str) -> None:
        super().__init__(f"{missing} is missing; install it with: apt-get install {package}")
        self.package = package


def parse_words(text: str) -> frozenset[str]:
    """The words of a string, with blanks between them."""
    return frozenset(text.split())


PREPOSITIONS = parse_words(
    "of in on at by for with about against between among into through during from under over"
    " without within across per despite toward towards upon"
)

# Verbs that stay as they are in the past; the exception lists leave them out.
_INVARIANT_VERBS = parse_words(
    "bet bid burst cast broadcast forecast recast cost cut hit hurt knit let offset put quit read"
    " reread rid set reset shed shut slit split spread thrust upset wed wet"
)

PARTICIPLE_LIKE_BASE = parse_words("come become overcome run outrun overrun rerun")

# Regular verbs (in news English) for which the exception lists give a rarer second past form.
_RARE_PASTS = parse_words(
    "burnt dreamt leant leapt learnt smelt spelt spilt spoilt awaked clove knelled proven gat span"
    " spake forbad stove hove wrought dove pled lighted snuck drest blest curst stript shew sunken"
    " shrunken drunken stricken begat dwelt addrest slidden"
)

_SAME_PLURAL = (
    "people",
    "police",
    "staff",
    "sheep",
    "series",
    "species",
    "craft",
    "news",
    "offspring",
)

_PLURALS = {
    "bus": "buses",
    "gas": "gases",
    "index": "indexes",
    "folk": "folk",
    "brother": "brothers",
    "stomach": "stomachs",
}

_ADD_ES = parse_words(
    "go undergo forgo outgo do undo redo overdo outdo echo veto hero potato tomato torpedo embargo"
)

_MANS = parse_words("human german roman ottoman talisman shaman caiman norman")

_NOUN_ENDINGS = (
    ("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
    ("men", "man"), ("ies", "y"),
)  # fmt: skip

_VERB_ENDINGS: tuple[tuple[str, str, Form], ...] = (
    ("s", "", "third"), ("ies", "y", "third"), ("es", "e", "third"), ("es", "", "third"),
    ("ed", "e", "past"), ("ed", "", "past"), ("ied", "y", "past"),
    ("ing", "e", "gerund"), ("ing", "", "gerund"),
)  # fmt: skip

_ADJECTIVE_ENDINGS: tuple[tuple[str, str, Form], ...] = (
    ("er", "", "comparative"), ("est", "", "superlative"), ("er", "e", "comparative"),
    ("est", "e", "superlative"), ("ier", "y", "comparative"), ("iest", "y", "superlative"),
)  # fmt: skip


class Reading(NamedTuple):
    """One way to read a word: base form, part of speech, inflection, and how common it is."""

    lemma: str
    part_of_speech: str
    form: Form
    frequency: float


class Inflector:
    """What WordNet knows of words: parts of speech, frequencies and irregular inflection.

    Reads `index.*`, `*.exc` and (if there) `cntlist.rev` of a WordNet 3 folder.
    Raises `MissingPackageError` naming `wordnet-base`.
    """

    def __init__(self, folder: Path = WORDNET_FOLDER) -> None:
        self.folder = folder
        self._known = {pos: self._read_index(pos) for pos in PARTS_OF_SPEECH}
        self._add_counts()
        self._bases: dict[str, dict[str, list[str]]] = {}
        self._irregular: dict[str, dict[str, list[str]]] = {}
        for pos in PARTS_OF_SPEECH:
            self._bases[pos], self._irregular[pos] = self._read_exceptions(pos)
        self._readings: dict[str, tuple[Reading, ...]] = {}

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        if not path.exists():
            raise MissingPackageError(path, "wordnet-base")
        return path.read_text(encoding="utf-8").splitlines()

    def _read_index(self, pos: str) -> dict[str, float]:
        lines = self._lines(f"index.{WORDNET_SUFFIX[pos]}")
        return {line.split(" ", 1)[0]: 0.0 for line in lines if line and line[0] != " "}

    def _add_counts(self) -> None:
        if not (self.folder / "cntlist.rev").exists():
            return
        for line in self._lines("cntlist.rev"):
            key, _, count = line.split()
            lemma, rest = key.split("%", 1)
            known = self._known[_WORDNET_NUMBER[rest[0]]]
            if lemma in known:
                known[lemma] += int(count)

    def _read_exceptions(self, pos: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        bases: dict[str, list[str]] = {}
        inflected: dict[str, list[str]] = {}
        for line in self._lines(f"{WORDNET_SUFFIX[pos]}.exc"):
            form, *lemmas = line.split()
            for lemma in lemmas:
                bases.setdefault(form, []).append(lemma)
                inflected.setdefault(lemma, []).append(form)
        return bases, inflected

    def knows(self, phrase: str, part_of_speech: str) -> bool:
        """Tell whether the phrase is a base form of this part of speech."""
        return phrase.replace(" ", "_") in self._known[part_of_speech]

    def count(self, phrase: str, part_of_speech: str) -> float:
        """How often the base form was seen in WordNet's sense-tagged text (0 if never)."""
        return self._known[part_of_speech].get(phrase.replace(" ", "_"), 0.0)

    def readings(self, word: str) -> tuple[Reading, ...]:
        """All ways to read a lower-case word; empty for an unknown one."""
        found = self._readings.get(word)
        if found is None:
            found = self._readings[word] = tuple(self._analyse(word))
        return found

    def _analyse(self, word: str) -> Iterable[Reading]:
        seen: set[tuple[str, str, Form]] = set()
        for lemma, pos, form in self._candidates(word):
            if (lemma, pos, form) not in seen and lemma in self._known[pos]:
                seen.add((lemma, pos, form))
                yield Reading(lemma, pos, form, self._known[pos][lemma])

    def _candidates(self, word: str) -> Iterable[tuple[str, str, Form]]:
        yield from self._irregular_candidates(word)
        for ending, base in _NOUN_ENDINGS:
            if word.endswith(ending) and not word.endswith(("ss", "us", "is")):
                yield word[: -len(ending)] + base, "noun", "plural"
        for pos in PARTS_OF_SPEECH:
            yield word, pos, "base"
        if not self._bases["verb"].get(word):
            for ending, base, form in _VERB_ENDINGS:
                if word.endswith(ending) and not word.endswith("ss"):
                    yield word[: -len(ending)] + base, "verb", form
        for ending, base, form in _ADJECTIVE_ENDINGS:
            if word.endswith(ending):
                yield word[: -len(ending)] + base, "adjective", form

    def _irregular_candidates(self, word: str) -> Iterable[tuple[str, str, Form]]:
        for lemma in self._bases["noun"].get(word, ()):
            if lemma != word:
                yield lemma, "noun", "plural"
        for lemma in self._bases["verb"].get(word, ()):
            if lemma != word:
                yield lemma, "verb", self._verb_form(word, lemma)
        if word in _INVARIANT_VERBS:
            yield word, "verb", "past"
        for pos in ("adjective", "adverb"):
            for lemma in self._bases[pos].get(word, ()):
                if lemma != word:
                    yield lemma, pos, "superlative" if word.endswith("st") else "comparative"

    def _verb_form(self, word: str, lemma: str) -> Form:
        if word.endswith("ing"):
            return "gerund"
        if word.endswith("s") and not word.endswith("ss"):
            return "third"
        past, participle = self._pasts(lemma)
        return "participle" if word == participle != past else "past"

    def inflect(self, phrase: str, part_of_speech: str, form: Form) -> str:
        """Put a base form of one word or several into a form; unchanged for `base`."""
        if form == "base":
            return phrase
        words = phrase.split(" ")
        if part_of_speech == "verb":
            return " ".join([self._inflect_verb(words[0], form), *words[1:]])
        if part_of_speech == "noun":
            head = next((i for i, word in enumerate(words) if word in PREPOSITIONS), len(words)) - 1
            if head >= 0:
                words[head] = self._pluralise(words[head])
            return " ".join(words)
        return self._grade(phrase, part_of_speech, form)

    def _pluralise(self, noun: str) -> str:
        if noun in _PLURALS:
            return _PLURALS[noun]
        for form in self._irregular["noun"].get(noun, ()):
            if not form.endswith(("ae", "ing")):
                return form
        if noun.endswith("men") or noun.endswith(_SAME_PLURAL) or self._is_plural(noun):
            return noun
        if noun.endswith("man") and noun not in _MANS:
            return noun[:-3] + "men"
        return _add_s(noun)

    def _is_plural(self, noun: str) -> bool:
        """Tell whether a base form is a plural by its looks ("earnings", "goods")."""
        if len(noun) < 5 or not noun.endswith("s") or noun.endswith(("ss", "us", "is")):
            return False
        return bool(self.readings(noun[:-1]))

    def _inflect_verb(self, verb: str, form: Form) -> str:
        if form == "third":
            return {"be": "is", "have": "has"}.get(verb) or _add_s(verb)
        if form == "gerund":
            doubled = [f for f in self._irregular["verb"].get(verb, ()) if f.endswith("ing")]
            return doubled[0] if doubled else _add_ing(verb)
        past, participle = self._pasts(verb)
        return participle if form == "participle" else past

    def _pasts(self, verb: str) -> tuple[str, str]:
        if verb in _INVARIANT_VERBS:
            return verb, verb
        if verb == "be":
            return "was", "been"
        forms = [
            form
            for form in self._irregular["verb"].get(verb, ())
            if not form.endswith(("ing", "s")) and form not in _RARE_PASTS
        ]
        if not forms:
            return _add_ed(verb), _add_ed(verb)
        if forms == [verb + "n"]:  # "shown", "sewn": the regular past stands beside it
            return _add_ed(verb), forms[0]
        if verb in PARTICIPLE_LIKE_BASE:
            return forms[0], verb
        participles = [form for form in forms if re.search(r"u[nm]?[nkgm]$", form)] or [
            form for form in forms if form.endswith(("n", "ne"))
        ]
        pasts = [form for form in forms if form not in participles] or (
            [verb] if verb == "beat" else forms
        )
        return pasts[0], (participles or pasts)[0]

    def _grade(self, phrase: str, pos: str, form: Form) -> str:
        ending = "er" if form == "comparative" else "est"
        for known in (pos, "adjective", "adverb"):
            for inflected in self._irregular[known].get(phrase, ()):
                if inflected.endswith("st" if ending == "est" else ("r", "e")):
                    return inflected
        if _takes_endings(phrase):
            stem = phrase[:-1] if phrase.endswith("e") else _double_last(phrase)
            return (stem[:-1] + "i" if re.search(r"[^aeiou]y$", stem) else stem) + ending
        return ("more " if ending == "er" else "most ") + phrase


@cache
def _open_inflector(folder: Path) -> Inflector:
    return Inflector(folder)


def open_inflector(folder: Path = WORDNET_FOLDER) -> Inflector:
    """The inflector of a WordNet folder, read once.

    Raises:
        MissingPackageError: WordNet is not there.
    """
    return _open_inflector(folder)


def _add_s(word: str) -> str:
    if re.search(r"(s|x|z|ch|sh)$", word) or word in _ADD_ES:
        return word + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + "s"


def _add_ed(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ied"
    return _double_last(verb) + "ed"


def _add_ing(verb: str) -> str:
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return verb[:-1] + "ing"
    return _double_last(verb) + "ing"


def _double_last(word: str) -> str:
    """Double the last consonant of a short word ("stop" → "stopp"); longer ones stay."""
    if re.fullmatch(r"[^aeiou]*(qu)?[aeiouy][^aeiouwxy]", word) and len(word) > 2:
        return word + word[-1]
    return word


def _takes_endings(adjective: str) -> bool:
    """Tell whether an adjective takes -er and -est ("big", "happy") rather than "more"."""
    groups = re.findall(r"[aeiouy]+", adjective.removesuffix("e"))
    return re.search(r" |.ly$", adjective) is None and (
        len(groups) == 1 or (len(groups) == 2 and re.search(r"[^aeiou]y$", adjective) is not None)
    )
