"""Cut a text into sentences, headlines and boilerplate, with offsets in the text of the caller."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest

from detector.text.boilerplate import (
    ALPHANUMERIC,
    find_consent,
    find_teasers,
    is_boilerplate,
    is_finished,
)
from detector.text.normalization import Normalized, normalize
from detector.text.sentence_ends import cut_line, trim
from detector.text.word_lists import read_words

# "... on the" / "corner": the line goes on, whatever the next begins with.
_LEAVES_OPEN = re.compile(
    rf"\b(?:{'|'.join(read_words('text/data/sentence_ends.txt')['leaves open'])})\.?$",
    re.IGNORECASE,
)


_SMALL_START = re.compile(r"(?<!\.[a-z])[.!?][\"')\]]*\s+[\"'(]*[a-z]")

_LARGE_START = re.compile(r"[.!?][\"')\]]*\s+[\"'(]*[A-Z]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, headline or boilerplate line of a text.

    Attributes:
        text: its normalised text, on one line.
        start, end: its offsets in the caller's text.
        kind: ``"sentence"``, ``"headline"`` (a line that does not end as a sentence does) or
            ``"boilerplate"`` (what a web page puts around its article); a `Document` has
            ``"foreign"`` besides, for what is not English.
        normalized_start: offset of its first character in the normalised text.
    """

    text: str
    start: int
    end: int
    kind: str
    normalized_start: int

    @property
    def is_of_article(self) -> bool:
        """Whether it is a sentence or headline of an English article; the rest has no say."""
        return self.kind in ("sentence", "headline")


def split_sentences(text: str) -> list[Sentence]:
    """Cut a text into sentences with offsets into that very text.

    Line breaks end a sentence unless the next line plainly goes on. Abbreviations, initials,
    decimals and quotations do not; a full stop glued to the next sentence, as scrapers leave
    it, does.
    """
    return split_normalized(normalize(text))


def split_normalized(normalized: Normalized) -> list[Sentence]:
    """Cut a text that is normalised already, as `split_sentences` does."""
    sentences = []
    in_small_letters = _is_in_small_letters(normalized.text)
    for line_start, line_end in _iterate_lines(normalized.text):
        line = normalized.text[line_start:line_end].replace("\n", " ")
        for start, end, kind in _classify_pieces(line, in_small_letters):
            first = line_start + start
            span = normalized.original_span(first, line_start + end)
            sentences.append(Sentence(line[start:end], *span, kind, first))
    for index in find_consent([sentence.text for sentence in sentences]):
        sentences[index] = replace(sentences[index], kind="boilerplate")
    for index in list(find_teasers([(sentence.kind, sentence.text) for sentence in sentences])):
        sentences[index] = replace(sentences[index], kind="boilerplate")
    return sentences


def _is_in_small_letters(text: str) -> bool:
    """Whether sentences start with small letters, as far as full stops tell."""
    small = len(_SMALL_START.findall(text))
    if not small or (small < 3 and not text.islower()):
        return False
    return small > 3 * len(_LARGE_START.findall(text))


def _classify_pieces(line: str, in_small_letters: bool) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each sentence of a line; what holds no letter or digit is left out."""
    if is_boilerplate(line):
        for start, end in trim(line, 0, len(line)):
            yield start, end, "boilerplate"
        return
    for start, end in cut_line(line, in_small_letters):
        piece = line[start:end]
        if not ALPHANUMERIC.search(piece):
            continue
        if len(piece) < len(line) and is_boilerplate(piece):
            yield start, end, "boilerplate"
        else:
            yield start, end, "sentence" if is_finished(piece) else "headline"


def _iterate_lines(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of lines, a line that goes on in the next joined with it."""
    start = 0
    while (end := text.find("\n\n", start)) >= 0:
        yield from _join_lines(text, start, end)
        start = end + 2
    yield from _join_lines(text, start, len(text))


def _join_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Offsets of the lines of one block (what stands between blank lines)."""
    lines = text[start:end].split("\n")
    wrapped = len(lines) > 2 and is_hard_wrapped(lines)
    line_start = start
    for line, following in zip_longest(lines, lines[1:]):
        line_end = start + len(line)
        if following is None or not (wrapped or _goes_on(line, following)):
            if line_end > line_start:
                yield line_start, line_end
            line_start = line_end + 1
        start = line_end + 1


def is_hard_wrapped(lines: list[str]) -> bool:
    """Whether lines were broken at a fixed width: none had room for the next one's first word."""
    lines = [line for line in lines if line]
    width = max(map(len, lines[:-1]), default=0)
    if not 30 <= width <= 120:
        return False
    full = all(
        len(line) + 1 + len(following.split(" ", 1)[0]) > width
        for line, following in pairwise(lines)
    )
    return full and any(
        following[0].islower() and not is_finished(line) for line, following in pairwise(lines)
    )


def _goes_on(line: str, following: str) -> bool:
    """Whether a sentence runs over the break between two lines."""
    if not line or not following:
        return False
    if following[0].islower():
        # "Stop!" / he said.
        open_end = not is_finished(line) or line.endswith(('!"', '?"', "!'", "?'"))
        return open_end and not is_boilerplate(line)
    return len(line) >= 30 and bool(_LEAVES_OPEN.search(line[-12:])) and not is_boilerplate(line)
