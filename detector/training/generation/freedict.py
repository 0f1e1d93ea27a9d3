"""Synonyms through a foreign language, by FreeDict dictionaries."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from detector.training.generation.inflection import MissingPackageError
from detector.training.generation.synonym_sources import drop_repeats

#: Where Debian's dict-freedict-… packages put their dictionaries.
DICTD_FOLDER = Path("/usr/share/dictd")

_DICTD_DIGITS = {
    char: value
    for value, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}


class Dictd:
    """A dictionary in dictd's format: `name.index` (base-64 offsets) and `name.dict.dz`.

    `entries` gives the raw entries of a headword; the files are read at the first look-up.
    Raises `MissingPackageError` naming `package`. Format: dictfmt(1), dictzip(1).
    """

    def __init__(self, folder: Path, name: str, package: str) -> None:
        self.index_path = folder / f"{name}.index"
        self.text_path = folder / f"{name}.dict.dz"
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

    def __init__(self, pivot: str, folder: Path = DICTD_FOLDER) -> None:
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
            self._cache[key] = drop_repeats(self._look_up(word, part_of_speech), word)
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
