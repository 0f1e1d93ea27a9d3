"""Synonym spinners: machines that make `spun` training text out of people's English.

Article spinners swap words for entries of a synonym list without understanding the sentence, so
the result keeps its grammar and loses its idiom ("call" → "appeal", "readout" → "reading"). Here
are several lists (WordNet, a thesaurus, English → pivot → English through bilingual dictionaries),
a `Spinner` that puts their words into a text with the inflection kept, and a real rule-based round
trip through Apertium. Everything reads the data files of Debian packages; nothing is downloaded.
"""

from __future__ import annotations

import gzip
import hashlib
import random
import re
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

PARTS_OF_SPEECH = ("noun", "verb", "adjective", "adverb")
_WORDNET_SUFFIX = {"noun": "noun", "verb": "verb", "adjective": "adj", "adverb": "adv"}
_WORDNET_NUMBER = {"1": "noun", "2": "verb", "3": "adjective", "4": "adverb", "5": "adjective"}

Form = Literal[
    "base", "plural", "third", "past", "participle", "gerund", "comparative", "superlative"
]


class MissingPackageError(FileNotFoundError):
    """A file or command is not on this machine; the message names the Debian package to install."""

    def __init__(self, missing: str | Path, package: str) -> None:
        super().__init__(f"{missing} is missing; install it with: apt-get install {package}")
        self.package = package


# ---- word lists ----


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTION_WORDS = _words("""
    a an the this that these those some any no every each either neither both all half such
    i me my mine myself you your yours yourself yourselves he him his himself she her hers herself
    it its itself we us our ours ourselves they them their theirs themselves one ones oneself
    who whom whose which what whatever whichever whoever where when why how there here then than
    be am is are was were been being have has had having do does did done doing
    will would shall should can could may might must ought need dare cannot going gonna used
    and or but nor so yet if because although though while whereas unless until till since as
    whether of in on at by for with about against between among into through during before after
    above below to from up down out off over under again further once within without toward
    towards upon across behind beyond near along around per via amid despite except like unlike
    not never only also too very just even still already ever much many more most less least few
    fewer several other others another same own else quite rather almost now away back
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred hundreds thousand thousands million millions billion billions trillion dozen dozens
    first second third fourth fifth sixth percent cent cents pence mr mrs ms dr sir yes ok
    let lets got 's am pm according due ago
    """)
_DETERMINERS = _words(
    "the a an this that these those his her its their my our your no every each some any another"
    " such whose"
)
_MODALS = _words(
    "will would shall should can could may might must cannot do does did don't doesn't didn't"
    " won't wouldn't can't couldn't shouldn't let"
)
_SUBJECTS = _words("i he she it we they who you")
_BE = _words(
    "be am is are was were been being isn't aren't wasn't weren't he's it's she's i'm we're they're"
    " you're that's"
)
_HAVE = _words("have has had having haven't hasn't hadn't i've we've they've you've he'd they'd")
_PREPOSITIONS = _words(
    "of in on at by for with about against between among into through during from under over"
    " without within across per despite toward towards upon"
)
_COPULAS = _words(
    "become becomes became becoming remain remains remained remaining seem seems seemed stay"
    " stays stayed look looks looked feel feels felt grow grows grew sound sounds sounded get gets"
)
_PARTICLES = _words("up out off down in on over away back around through along")
_DEGREES = _words("very so too more most less least quite rather as")
_ADVERBS_INSIDE_VERBS = _words("not also never only already just since ever still")
_TITLES = _words(
    "mr mrs ms dr gen sen rep gov st prof col lt sgt capt rev hon no vs jr sr inc corp co ltd"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
)

# Verbs that stay as they are in the past; the exception lists leave them out.
_INVARIANT_VERBS = _words(
    "bet bid burst cast broadcast forecast recast cost cut hit hurt knit let offset put quit read"
    " reread rid set reset shed shut slit split spread thrust upset wed wet"
)
_PARTICIPLE_LIKE_BASE = _words("come become overcome run outrun overrun rerun")
# Regular verbs (in news English) for which the exception lists give a rarer second past form.
_RARE_PASTS = _words(
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
_ADD_ES = _words(
    "go undergo forgo outgo do undo redo overdo outdo echo veto hero potato tomato torpedo embargo"
)
_MANS = _words("human german roman ottoman talisman shaman caiman norman")

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


class Lexicon:
    """What WordNet knows of words: parts of speech, frequencies and irregular inflection.

    Reads `index.*`, `*.exc` and (if there) `cntlist.rev` of a WordNet 3 folder.
    Raises `MissingPackageError` naming `wordnet-base`.
    """

    def __init__(self, folder: str | Path = "/usr/share/wordnet") -> None:
        self.folder = Path(folder)
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
        lines = self._lines(f"index.{_WORDNET_SUFFIX[pos]}")
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
        for line in self._lines(f"{_WORDNET_SUFFIX[pos]}.exc"):
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
            head = (
                next((i for i, word in enumerate(words) if word in _PREPOSITIONS), len(words)) - 1
            )
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
        if verb in _PARTICIPLE_LIKE_BASE:
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


# ---- sources ----


class SynonymSource(Protocol):
    """A list that spinners take words from."""

    name: str

    def candidates(self, word: str, part_of_speech: str) -> list[str]:
        """Substitutes of a base form, in base form, the source's first choice first.

        A candidate may have several words. `part_of_speech` is one of `PARTS_OF_SPEECH`.
        """
        ...


class WordNetSource:
    """WordNet synonyms: the words that share a synset, the commonest sense first.

    With `neighbours` the next-wider words follow (hypernyms; for adjectives the similar ones), as
    sloppier spinners use. Reads `index.*` and `data.*` (format: wndb(5WN)); Fellbaum (1998).
    Raises `MissingPackageError` naming `wordnet-base`.
    """

    def __init__(self, folder: str | Path = "/usr/share/wordnet", neighbours: bool = False) -> None:
        self.name = "wordnet-neighbours" if neighbours else "wordnet"
        self.folder = Path(folder)
        self.neighbours = neighbours
        self._cache: dict[tuple[str, str], list[str]] = {}

    @cached_property
    def _offsets(self) -> dict[str, dict[str, list[int]]]:
        return {pos: self._read_index(pos) for pos in PARTS_OF_SPEECH}

    @cached_property
    def _data(self) -> dict[str, bytes]:
        return {pos: self._file("data", pos).read_bytes() for pos in PARTS_OF_SPEECH}

    def _file(self, stem: str, pos: str) -> Path:
        path = self.folder / f"{stem}.{_WORDNET_SUFFIX[pos]}"
        if not path.exists():
            raise MissingPackageError(path, "wordnet-base")
        return path

    def _read_index(self, pos: str) -> dict[str, list[int]]:
        offsets: dict[str, list[int]] = {}
        for line in self._file("index", pos).read_text(encoding="utf-8").splitlines():
            if line and line[0] != " ":
                fields = line.split()
                senses = int(fields[2])
                offsets[fields[0]] = [int(offset) for offset in fields[-senses:]]
        return offsets

    def candidates(self, word: str, part_of_speech: str) -> list[str]:
        """Synonyms of all senses in order; wider words after them if `neighbours`."""
        key = (word, part_of_speech)
        if key not in self._cache:
            self._cache[key] = _unique(self._look_up(word, part_of_speech), word)
        return self._cache[key]

    def _look_up(self, word: str, pos: str) -> list[str]:
        found: list[str] = []
        wider: list[str] = []
        for offset in self._offsets[pos].get(word.replace(" ", "_"), ()):
            words, pointers = self._synset(pos, offset)
            found += words
            if self.neighbours:
                for target in pointers:
                    wider += self._synset(pos, target)[0]
        return found + wider

    def _synset(self, pos: str, offset: int) -> tuple[list[str], list[int]]:
        """Words of a synset and the offsets of its hypernyms or similar adjectives."""
        data = self._data[pos]
        fields = data[offset : data.index(b"\n", offset)].decode().split(" | ")[0].split()
        size = int(fields[3], 16)
        words = [
            re.sub(r"\(\w+\)$", "", word).replace("_", " ") for word in fields[4 : 4 + 2 * size : 2]
        ]
        first = 4 + 2 * size + 1
        count = int(fields[first - 1])
        rows = [fields[first + 4 * i : first + 4 * i + 4] for i in range(count)]
        same_file = {"noun": "n", "verb": "v", "adjective": "as", "adverb": "r"}[pos]
        return words, [int(row[1]) for row in rows if row[0] in "@&" and row[2] in same_file]


_DICTD_DIGITS = {
    char: value
    for value, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}


class Dictd:
    """A dictionary in dictd's format: `name.index` (base-64 offsets) and `name.dict.dz`.

    `entries` gives the raw entries of a headword; the files are read at the first look-up.
    Raises `MissingPackageError` naming `package`. Format: dictfmt(1), dictzip(1).
    """

    def __init__(self, folder: str | Path, name: str, package: str) -> None:
        self.index_path = Path(folder) / f"{name}.index"
        self.text_path = Path(folder) / f"{name}.dict.dz"
        for path in (self.index_path, self.text_path):
            if not path.exists():
                raise MissingPackageError(path, package)

    @cached_property
    def _text(self) -> bytes:
        with gzip.open(self.text_path) as file:
            return file.read()

    @cached_property
    def _index(self) -> dict[str, str]:
        """Headword → its "offset<tab>size" pairs, still encoded: most are never asked for."""
        index: dict[str, str] = {}
        with self.index_path.open(encoding="utf-8") as file:
            for line in file:
                key, place = line.rstrip("\n").split("\t", 1)
                head = _bare(key)
                index[head] = f"{index[head]} {place}" if head in index else place
        return index

    def entries(self, headword: str) -> list[str]:
        """Entries of a headword in the file's order; case, hyphens, apostrophes do not count."""
        spans = self._index.get(_fold(headword), "").split()
        pairs = sorted(
            (_decode_number(start), _decode_number(size))
            for start, size in zip(spans[::2], spans[1::2], strict=True)
        )
        return [self._text[start : start + size].decode() for start, size in pairs]


def _decode_number(digits: str) -> int:
    value = 0
    for char in digits:
        value = value * 64 + _DICTD_DIGITS[char]
    return value


def _fold(headword: str) -> str:
    """Make the key that dictfmt sorts under: lower case; letters, digits and spaces only."""
    return re.sub(r"[^\w ]|_", "", headword.lower())


_SOMEBODY = r"(?:sb|sth|sbsth|sthsb|so|jdn|jdm|jds|etw|sich|jdnetw|jdmetw|etwjdn|etwjdm)"
_TRAILING_OBJECTS = re.compile(
    rf"(\w+)(?: {_SOMEBODY})+(?: (?:of|about|for|to|from|with|on|in|into)(?: {_SOMEBODY})+)?"
)
_LEADING_OBJECTS = re.compile(
    rf"(?:(?:(?:an|auf|aus|bei|für|gegen|in|mit|nach|um|von|vor|zu|über) )?{_SOMEBODY} )+(\w+)"
)
_ANY_OBJECT = re.compile(rf"(?:.* )?{_SOMEBODY}(?: .*)?")


def _bare(key: str) -> str:
    """Take the placeholders off a folded verb ("remind sb of sth", "jdn an etw erinnern")."""
    if " " not in key:
        return key
    match = _TRAILING_OBJECTS.fullmatch(key) or _LEADING_OBJECTS.fullmatch(key)
    return match[1] if match else key


class _Translation(NamedTuple):
    text: str
    tag: str  # part of speech as far as the dictionary tells, else ""


_POS_TAGS = {"n": "noun", "masc": "noun", "fem": "noun", "neut": "noun", "pl": "noun",
             "v": "verb", "adj": "adjective", "adv": "adverb"}  # fmt: skip


#: Pivot languages, and how their verbs end in a dictionary: Hungarian ones end like other words.
FREEDICT_PIVOTS = {
    "deu": r"(e[lr]?n|tun)$",
    "fra": r"([aei]r(se)?|re)$",
    "hrv": r"(t|ć)i( se)?$",
    "hun": r"",
    "nld": r"[ea]?n$",
    "por": r"([aei]r(se)?|re)$",
    "spa": r"([aei]r(se)?|re)$",
}


class FreeDictPivotSource:
    """English words that share a translation: English → pivot → English through FreeDict.

    Nobody checks the sense on the way, which gives the confusions that translated news shows:
    "call" → Aufruf → "appeal", "readout" → Anzeige → "display".
    `pivot` is one of `FREEDICT_PIVOTS`, else `ValueError`. Raises `MissingPackageError` naming the
    FreeDict package.
    """

    def __init__(self, pivot: str, folder: str | Path = "/usr/share/dictd") -> None:
        if pivot not in FREEDICT_PIVOTS:
            raise ValueError(f"pivot must be one of {', '.join(FREEDICT_PIVOTS)}, not {pivot!r}")
        self.name = f"freedict-{pivot}"
        self.pivot = pivot
        self._there = Dictd(folder, f"freedict-eng-{pivot}", f"dict-freedict-eng-{pivot}")
        self._back = Dictd(folder, f"freedict-{pivot}-eng", f"dict-freedict-{pivot}-eng")
        self._cache: dict[tuple[str, str], list[str]] = {}

    def candidates(self, word: str, part_of_speech: str) -> list[str]:
        """English words reached through the pivot: those reached by most ways, then by file order.

        True synonyms thus stand in front, the confusions of one stray sense behind, and last
        the compounds of the word itself.
        """
        key = (word, part_of_speech)
        if key not in self._cache:
            self._cache[key] = _unique(self._look_up(word, part_of_speech), word)
        return self._cache[key]

    def _look_up(self, word: str, pos: str) -> list[str]:
        pivots = [
            item.text
            for item in _translations(self._there.entries(word), word)
            if self._may_be(item, pos)
        ]
        columns = [
            [
                back.text
                for back in _translations(self._back.entries(pivot), pivot, self.pivot == "deu")
                if back.tag in ("", pos) and back.text != word
            ]
            for pivot in dict.fromkeys(pivots)
        ]
        ways = Counter(word for column in columns for word in set(column))
        depth = max(map(len, columns), default=0)
        rows = [column[row] for row in range(depth) for column in columns if row < len(column)]
        return sorted(rows, key=lambda found: (word in found.split(" "), -ways[found]))

    def _may_be(self, item: _Translation, pos: str) -> bool:
        if item.tag:
            return item.tag == pos
        capital = item.text[:1].isupper()
        is_verb = re.search(FREEDICT_PIVOTS[self.pivot], item.text) is not None
        if self.pivot == "deu":
            return capital if pos == "noun" else not capital and (pos == "verb") == is_verb
        return is_verb or pos != "verb"


def _translations(entries: Sequence[str], headword: str, exact: bool = False) -> list[_Translation]:
    """List the translations in a headword's raw entries; `exact` also compares the case."""
    found: list[_Translation] = []
    first_sound = ""
    for entry in entries:
        head, _, body = entry.partition("\n")
        name = re.split(r" [/<]", head)[0].strip()
        bare = _bare(_fold(name))
        if bare != _fold(headword) or (exact and name[:1].isupper() != headword[:1].isupper()):
            continue
        sound = head.partition(" /")[2].partition("/")[0]
        # Some dictionaries file phrases under their first word; only the sound gives them away.
        if bare == _fold(name):
            if first_sound and sound != first_sound and sound.startswith(first_sound):
                continue
            first_sound = first_sound or sound
        head_tag = _tag_of(head)
        for line in body.split("\n"):
            if not line.startswith(("   ", " see:")):
                found += _split_translations(line, head_tag)
    return found


def _split_translations(line: str, head_tag: str) -> list[_Translation]:
    line = re.sub(r"^\s*\d+\.\s*", "", line)
    line = re.sub(r"\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|\"[^\"]*\"", " ", line)
    found = []
    for piece in re.split(r"[,;](?![^<]*>)", line):
        text = " ".join(re.sub(r"<[^>]*>", " ", piece).split()).removeprefix("to ")
        folded = _fold(text)
        bare = _bare(folded)
        if bare != folded:
            text = bare
        if text and not _ANY_OBJECT.fullmatch(bare):
            found.append(_Translation(text, _tag_of(piece) or head_tag))
    return found


def _tag_of(text: str) -> str:
    for tags in re.findall(r"<([^>]*)>", text):
        for tag in tags.split(","):
            if tag.strip() in _POS_TAGS:
                return _POS_TAGS[tag.strip()]
    return ""


class ThesaurusSource:
    """A thesaurus in Roget's manner: groups of loosely related words, parts of speech mixed.

    Reads Aiksaurus's `words.dat` and `meanings.dat` (Debian `libaiksaurus-1.2-data`), a list that
    owes nothing to WordNet. Raises `MissingPackageError` naming the package.
    """

    def __init__(self, folder: str | Path = "/usr/share/aiksaurus") -> None:
        self.name = "aiksaurus"
        self.folder = Path(folder)
        for name in ("words.dat", "meanings.dat"):
            if not (self.folder / name).exists():
                raise MissingPackageError(self.folder / name, "libaiksaurus-1.2-data")
        self._cache: dict[str, list[str]] = {}

    @cached_property
    def _words(self) -> tuple[list[str], dict[str, tuple[int, ...]]]:
        """All words, and the numbers of the groups that each stands in.

        A record is the word (":" for a space), a zero byte, 16-bit numbers and 0xFFFF.
        """
        data = (self.folder / "words.dat").read_bytes()
        words: list[str] = []
        groups: dict[str, tuple[int, ...]] = {}
        start = 0
        while start < len(data):
            end = data.index(0, start)
            words.append(data[start:end].decode("latin-1").replace(":", " "))
            start = end + 1
            numbers = _numbers_until_mark(data, start)
            groups[words[-1]] = numbers
            start += 2 * len(numbers) + 2
        return words, groups

    @cached_property
    def _groups(self) -> list[tuple[int, ...]]:
        """The groups: numbers of the two words that name it, then of all its words, in order."""
        data = (self.folder / "meanings.dat").read_bytes()
        groups: list[tuple[int, ...]] = []
        start = 0
        while start < len(data):
            groups.append(_numbers_until_mark(data, start))
            start += 2 * len(groups[-1]) + 2
        return groups

    def candidates(self, word: str, part_of_speech: str) -> list[str]:
        """All words of the word's groups, those that share most groups with it first.

        The part of speech makes no difference here.
        """
        if word not in self._cache:
            words, groups = self._words
            numbers = [n for group in groups.get(word, ()) for n in self._groups[group]]
            shared = Counter(numbers)
            numbers.sort(key=lambda number: -shared[number])
            self._cache[word] = _unique((words[number] for number in numbers), word)
        return self._cache[word]


def _numbers_until_mark(data: bytes, start: int) -> tuple[int, ...]:
    """Read big-endian 16-bit numbers up to 0xFFFF."""
    end = start
    while data[end : end + 2] != b"\xff\xff":
        if end >= len(data):
            raise ValueError("the thesaurus file is cut off")
        end += 2
    return struct.unpack(f">{(end - start) // 2}H", data[start:end])


class TorturedPhraseSource:
    """Phrases that spinners left in published papers: what was meant → what they wrote.

    Reads a Parquet file with columns `tortured` and `expected` (the Problematic Paper Screener's
    list; Cabanac, Labbé & Magazinov 2021). For `Spinner(phrases=...)`.
    """

    def __init__(self, path: str | Path) -> None:
        import pandas  # only this source needs it

        self.name = "tortured-phrases"
        self.phrases: dict[str, list[str]] = {}
        table = pandas.read_parquet(path, columns=["tortured", "expected"]).dropna()
        for tortured, expected in zip(table["tortured"], table["expected"], strict=True):
            old, new = expected.lower().strip(), tortured.lower().strip()
            if old != new and 2 <= len(old.split()) <= 5:
                self.phrases.setdefault(old, []).append(new)

    def candidates(self, word: str, part_of_speech: str) -> list[str]:
        """Give what spinners wrote for a phrase (as it stands in text, not in base form)."""
        return self.phrases.get(word.lower(), [])


def _unique(words: Iterable[str], headword: str) -> list[str]:
    """Keep usable candidates once each: lower case, at most three words, no "yr", not the word."""
    usable = re.compile(r"(?=...)[a-z]+(?:[ '-][a-z]+){0,2}")
    return [word for word in dict.fromkeys(words) if word != headword and usable.fullmatch(word)]


# ---- spinner ----


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


@cache
def _load_default_lexicon() -> Lexicon:
    return Lexicon()


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
        phrases: TorturedPhraseSource | None = None,
        lexicon: Lexicon | None = None,
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
        self.phrases = phrases
        self.lexicon = lexicon or _load_default_lexicon()
        self._usable: dict[tuple[str, str], list[list[str]]] = {}
        self._replaceable: dict[str, bool] = {}

    def spin(self, text: str) -> SpunText:
        """Spin one text (a sentence or a whole article)."""
        digest = hashlib.blake2b(f"{self.seed}\0{text}".encode(), digest_size=8).digest()
        rng = random.Random(int.from_bytes(digest, "big"))
        tokens = [
            _Token(m.start(), m.end(), m[0], m[0].lower().replace("’", "'"))
            for m in _TOKEN.finditer(text)
        ]
        edits = self._swap_phrases(tokens, rng)
        taken = {i for first, (last, _) in edits.items() for i in range(first, last + 1)}
        places = [i for i in self._places(text, tokens) if i not in taken]
        wanted = int(len(places) * self.rate + rng.random())
        rng.shuffle(places)
        chosen: dict[tuple[str, str], str] = {}
        done = 0
        for place in places:
            if done >= wanted:
                break
            new = self._replace(tokens, place, rng, chosen)
            if new is not None:
                edits[place] = (place, new)
                done += 1
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
        readings = self.lexicon.readings(token.lower)
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
                    for reading in self.lexicon.readings(word)
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
            if self.lexicon.knows(candidate, pos) and candidate not in _FUNCTION_WORDS
        ]
        if self.common_only:
            found = [word for word in found if self.lexicon.count(word, pos) > 0] or found
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
            self.lexicon.readings(core),
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
        new = self.lexicon.inflect(base, reading.part_of_speech, reading.form)
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

    def _swap_phrases(self, tokens: list[_Token], rng: random.Random) -> dict[int, tuple[int, str]]:
        """Choose the phrases to replace: first token → (last token, new phrase)."""
        edits: dict[int, tuple[int, str]] = {}
        if self.phrases is None:
            return edits
        free_from = 0
        for i in range(len(tokens)):
            size, options = self._find_phrase(tokens, i) if i >= free_from else (0, [])
            if options and rng.random() < self.rate:
                edits[i] = (i + size - 1, _match_capital(rng.choice(options), tokens[i].text))
                free_from = i + size
        return edits

    def _find_phrase(self, tokens: list[_Token], i: int) -> tuple[int, list[str]]:
        """Find the longest known phrase that starts at token `i`: length and substitutes."""
        assert self.phrases is not None
        for size in range(min(5, len(tokens) - i), 1, -1):
            options = self.phrases.candidates(" ".join(t.lower for t in tokens[i : i + size]), "")
            if options:
                return size, options
        return 0, []

    def _assemble(
        self, text: str, tokens: list[_Token], edits: Mapping[int, tuple[int, str]]
    ) -> SpunText:
        pieces: list[str] = []
        swaps: list[Swap] = []
        copied = length = 0
        for first in sorted(edits):
            last, new = edits[first]
            between = text[copied : tokens[first].start]
            if self.fix_articles and first and copied <= tokens[first - 1].start:
                between = _fix_article(between, tokens[first - 1], new)
            pieces += [between, new]
            length += len(between)
            swaps.append(
                Swap(length, length + len(new), text[tokens[first].start : tokens[last].end], new)
            )
            length += len(new)
            copied = tokens[last].end
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
    right = "an" if _starts_with_vowel_sound(new.lower()) else "a"
    if article.text[0].isupper():
        right = right.capitalize()
    head, _, tail = between.rpartition(article.text)
    return head + right + tail


def _starts_with_vowel_sound(word: str) -> bool:
    if re.match(r"hour|honest|honou?r|heir", word):
        return True
    if re.match(r"eu|ewe|one\b|once\b|u(?:ni(?![ndm])|s[aeiu]|t[ei]|biq|ran|kr)", word):
        return False
    return word[0] in "aeiou"


def guess_reading(
    readings: Sequence[Reading], before: str, before_that: str, after: str, possessive: bool = False
) -> Reading:
    """Choose a word's likeliest reading by its frequency and its neighbours (lower case).

    A few rules instead of a tagger: spinners make such mistakes too.
    """
    if len(readings) == 1:
        best = readings[0]
    else:
        best = max(
            readings,
            key=lambda r: (
                (r.frequency + 0.3) * _context_weight(r, before, before_that, after, possessive)
            ),
        )
    auxiliary = before_that if before.endswith("ly") or before in _ADVERBS_INSIDE_VERBS else before
    may_be_participle = best.form == "past" or (
        best.form == "base"
        and best.part_of_speech == "verb"
        and best.lemma in _PARTICIPLE_LIKE_BASE
    )
    if may_be_participle and (auxiliary in _BE or auxiliary in _HAVE or after == "by"):
        return best._replace(form="participle")
    return best


def _context_weight(
    r: Reading, before: str, before_that: str, after: str, possessive: bool
) -> float:
    pos, form = r.part_of_speech, r.form
    is_finite = pos == "verb" and form in ("base", "third", "past")
    weight = 1.0
    if possessive:
        weight *= 1.0 if pos == "noun" else 0.001
    if before in _DETERMINERS or before.endswith("'s"):
        weight *= 0.01 if is_finite and before != "that" else 1.0
    elif before in _MODALS or (before_that in _MODALS and before in _ADVERBS_INSIDE_VERBS):
        weight *= 30.0 if pos == "verb" and form == "base" else 0.05
    elif before == "to":
        weight *= 8.0 if pos == "verb" and form == "base" else 0.3 if pos == "noun" else 0.05
    elif before in _SUBJECTS:
        weight *= 10.0 if is_finite else 0.1
    elif before in _BE or before in _COPULAS:
        weight *= (
            0.01 if pos == "verb" and form in ("base", "third") else 0.5 if pos == "noun" else 2.0
        )
    elif before in _HAVE:
        weight *= 5.0 if form in ("past", "participle") else 0.02 if is_finite else 1.0
    elif before in _DEGREES:
        weight *= 4.0 if pos in ("adjective", "adverb") else 0.3
    elif before in _PREPOSITIONS:
        weight *= 0.02 if is_finite else 1.5 if pos == "noun" or form == "gerund" else 1.0
    if after in _DETERMINERS or after in ("him", "them", "me", "us", "it"):
        weight *= 3.0 if pos == "verb" else 0.7
    elif after == "of":
        weight *= 3.0 if pos == "noun" else 0.3
    return weight


# ---- round trips ----


_LONGEST_MESSAGE = 500  # the engines print what they have translated so far, too
_EMPTY_LINE = "0"  # what is sent for an empty sentence: the engines would swallow it


class ApertiumRoundTrip:
    """English → pivot → English through Apertium's rule-based engines (Forcada et al. 2011).

    `pivot` is `spa` or `cat`. Raises `MissingPackageError` when the command or the language pair
    is missing, `RuntimeError` when an engine fails.
    """

    def __init__(self, pivot: str, command: str = "apertium") -> None:
        if pivot not in ("spa", "cat"):
            raise ValueError(f"pivot must be 'spa' or 'cat', not {pivot!r}")
        self.name = f"apertium-{pivot}"
        self.pivot = pivot
        self.command = command
        self.package = f"apertium-eng-{pivot}"
        if shutil.which(command) is None:
            raise MissingPackageError(f"the command {command!r}", self.package)

    def translate(self, sentences: list[str]) -> list[str]:
        """Send sentences round, in order; a line break inside one becomes a space."""
        lines = [" ".join(sentence.split()) for sentence in sentences]
        for mode in (f"eng-{self.pivot}", f"{self.pivot}-eng"):
            lines = self._run(mode, lines)
        return lines

    def _run(self, mode: str, lines: list[str]) -> list[str]:
        if not any(lines):
            return lines
        # The engines end a sentence at a blank line but may translate across a single line break.
        # -u leaves unknown words without their asterisk.
        result = subprocess.run(
            [self.command, "-u", mode],
            input="\n\n".join(line or _EMPTY_LINE for line in lines) + "\n",
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if result.returncode:
            message = (result.stderr + result.stdout).strip()
            if "does not exist" in message:
                raise MissingPackageError(f"Apertium's mode {mode}", self.package)
            raise RuntimeError(f"apertium {mode} failed: {message[:_LONGEST_MESSAGE]}")
        translated = [" ".join(line.split()) for line in result.stdout.split("\n\n")]
        if len(translated) == len(lines):
            pairs = zip(lines, translated, strict=True)
            return [translation if line else "" for line, translation in pairs]
        if len(lines) == 1:
            return [" ".join(translated)]
        middle = len(lines) // 2  # one of the lines broke the count: find it
        return self._run(mode, lines[:middle]) + self._run(mode, lines[middle:])
