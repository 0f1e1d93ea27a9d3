"""Writes lists of synonyms small enough to be read here, in the formats of the Debian packages."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LETTERS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}


def write_wordnet(
    folder: Path,
    synsets: Mapping[str, Sequence[Sequence[str]]],
    counts: Mapping[str, int],
    exceptions: Mapping[str, str],
) -> Path:
    """A WordNet folder (wndb): part of speech → sets of synonyms; lemma%number → count."""
    for suffix, letter in _LETTERS.items():
        data = "  1 a licence line\n"
        places: dict[str, list[int]] = {}
        for synset in synsets.get(suffix, ()):
            members = " ".join(f"{word} 0" for word in synset)
            offset = len(data)
            data += f"{offset:08d} 00 {letter} {len(synset):02x} {members} 000 | a gloss\n"
            for word in synset:
                places.setdefault(word.split("(")[0], []).append(offset)
        index = "  1 a licence line\n" + "".join(
            f"{word} {letter} {len(offsets)} 0 {len(offsets)} 0 "
            + " ".join(f"{offset:08d}" for offset in offsets)
            + "  \n"
            for word, offsets in sorted(places.items())
        )
        (folder / f"data.{suffix}").write_text(data)
        (folder / f"index.{suffix}").write_text(index)
        (folder / f"{suffix}.exc").write_text(exceptions.get(suffix, ""))
    lines = [f"{key}:00:00:: 1 {count}\n" for key, count in sorted(counts.items())]
    (folder / "cntlist.rev").write_text("".join(lines))
    return folder


def write_dictd(folder: Path, name: str, entries: Sequence[tuple[str, str]]) -> None:
    """A dictionary of dictd: headwords and their raw entries, in order."""
    text, index = b"", ""
    for head, entry in entries:
        raw = entry.encode()
        index += f"{head}\t{_encode(len(text))}\t{_encode(len(raw))}\n"
        text += raw
    (folder / f"{name}.index").write_text(index, encoding="utf-8")
    with gzip.open(folder / f"{name}.dict.dz", "wb") as file:
        file.write(text)


def _encode(number: int) -> str:
    text = ""
    while number or not text:
        text, number = _DIGITS[number % 64] + text, number // 64
    return text


def write_aiksaurus(
    folder: Path, records: Sequence[tuple[str, Sequence[int]]], groups: Sequence[Sequence[int]]
) -> Path:
    """Aiksaurus's files: words with the numbers of their groups, and groups of words' numbers."""
    words = b"".join(
        word.encode() + b"\0" + struct.pack(f">{len(numbers) + 1}H", *numbers, 0xFFFF)
        for word, numbers in records
    )
    meanings = b"".join(struct.pack(f">{len(g) + 1}H", *g, 0xFFFF) for g in groups)
    (folder / "words.dat").write_bytes(words)
    (folder / "meanings.dat").write_bytes(meanings)
    return folder
