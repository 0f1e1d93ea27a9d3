"""Where synonyms come from: WordNet and a thesaurus."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Protocol

from detector.training.generation.inflection import (
    PARTS_OF_SPEECH,
    WORDNET_FOLDER,
    WORDNET_SUFFIX,
    MissingPackageError,
)

#: Where Debian's libaiksaurus-1.2-data puts the thesaurus.
AIKSAURUS_FOLDER = Path("/usr/share/aiksaurus")


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

    def __init__(self, folder: Path = WORDNET_FOLDER, neighbours: bool = False) -> None:
        self.name = "wordnet-neighbours" if neighbours else "wordnet"
        self.folder = folder
        self.neighbours = neighbours
        self._cache: dict[tuple[str, str], list[str]] = {}

    @cached_property
    def _offsets(self) -> dict[str, dict[str, list[int]]]:
        return {pos: self._read_index(pos) for pos in PARTS_OF_SPEECH}

    @cached_property
    def _data(self) -> dict[str, bytes]:
        return {pos: self._file("data", pos).read_bytes() for pos in PARTS_OF_SPEECH}

    def _file(self, stem: str, pos: str) -> Path:
        path = self.folder / f"{stem}.{WORDNET_SUFFIX[pos]}"
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
            self._cache[key] = drop_repeats(self._look_up(word, part_of_speech), word)
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


class ThesaurusSource:
    """A thesaurus in Roget's manner: groups of loosely related words, parts of speech mixed.

    Reads Aiksaurus's `words.dat` and `meanings.dat` (Debian `libaiksaurus-1.2-data`), a list that
    owes nothing to WordNet. Raises `MissingPackageError` naming the package.
    """

    def __init__(self, folder: Path = AIKSAURUS_FOLDER) -> None:
        self.name = "aiksaurus"
        self.folder = folder
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
            self._cache[word] = drop_repeats((words[number] for number in numbers), word)
        return self._cache[word]


def _numbers_until_mark(data: bytes, start: int) -> tuple[int, ...]:
    """Read big-endian 16-bit numbers up to 0xFFFF."""
    end = start
    while data[end : end + 2] != b"\xff\xff":
        if end >= len(data):
            raise ValueError("the thesaurus file is cut off")
        end += 2
    return struct.unpack(f">{(end - start) // 2}H", data[start:end])


def drop_repeats(words: Iterable[str], headword: str) -> list[str]:
    """Keep usable candidates once each: lower case, at most three words, no "yr", not the word."""
    usable = re.compile(r"(?=...)[a-z]+(?:[ '-][a-z]+){0,2}")
    return [word for word in dict.fromkeys(words) if word != headword and usable.fullmatch(word)]
