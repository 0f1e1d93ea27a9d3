"""Put together words that a printer parted at the end of a line, as texts out of PDF files hold."""

from __future__ import annotations

import re

from detector.text.intake.misspellings import FEWEST_LETTERS, is_known
from detector.text.normalization import Normalized, replace_spans
from detector.text.sentences import is_hard_wrapped

_BLOCK = re.compile(r"[^\n](?:[^\n]|\n(?!\n))*")

# "dis-" / "tance"; not "pre-" / "and post-war", whose hyphen stands for a word that comes.
_PARTED = re.compile(r"(?<![\w'-])([A-Za-z]+)(-\n)(?!(?:and|but|nor|or|to)\b)([a-z]{2,})(?![\w'-])")

# "NATO-led", "Kurdish-held", "blockchain-based": these stand behind any name.
_SECOND_WORDS = frozenset(
    "aged aligned backed based born built controlled driven era friendly funded held hit led like "
    "linked made occupied owned related rich run sponsored style supported wide".split()
)

#: Lines of text set in columns are about as long as each other; those of verse are not.
_SHORTEST_LINE = 0.6


def rejoin_words(text: str) -> tuple[Normalized, int]:
    """Put parted words together, and count them.

    A parted word proves that lines were broken to fit a width: those of its block (what stands
    between blank lines) are joined, if they are about as long as each other.

    Args:
        text: as `detector.text.normalization.normalize` returns it.

    Returns:
        the text with offsets in the given one, and the number of words put together.
    """
    pieces: list[tuple[int, int, str]] = []
    words = 0
    if "-\n" not in text:
        return replace_spans(text, pieces), words
    for block in _BLOCK.finditer(text):
        parted = {
            block.start() + match.start(2): "-" if _is_compound(match[1], match[3]) else ""
            for match in _PARTED.finditer(block[0])
        }
        if not parted:
            continue
        words += len(parted)
        pieces += [(start, start + 2, hyphen) for start, hyphen in parted.items()]
        if _is_wrapped(block[0].split("\n")):
            breaks = (block.start() + match.start() for match in re.finditer("\n", block[0]))
            pieces += [(at, at + 1, " ") for at in breaks if at - 1 not in parted]
    return replace_spans(text, sorted(pieces)), words


def _is_compound(head: str, tail: str) -> bool:
    """Whether two halves are words of their own, and no word together: "short-" / "term"."""
    if is_known((head + tail).lower()):
        return False
    if tail in _SECOND_WORDS or (len(head) > 1 and head.isupper()):
        return True
    return all(len(half) < FEWEST_LETTERS or is_known(half.lower()) for half in (head, tail))


def _is_wrapped(lines: list[str]) -> bool:
    if len(lines) < 3:
        return False
    lengths = [len(line) for line in lines[:-1]]
    return is_hard_wrapped(lines) or min(lengths) >= _SHORTEST_LINE * max(lengths)
