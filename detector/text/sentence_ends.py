"""Where a sentence ends within a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from detector.text.word_lists import read_words

_LISTS = read_words("text/data/sentence_ends.txt")

_CALENDAR = read_words("text/data/calendar.txt")

_ABBREVIATIONS = frozenset(_LISTS["abbreviations"])

_CAPITALISED_ABBREVIATIONS = frozenset(_LISTS["capitalised abbreviations"]).union(
    _CALENDAR["short days"], _CALENDAR["short months"]
)

_NEVER_FINAL = frozenset(_LISTS["never final"])

_STREETS = frozenset(_LISTS["streets"])

_AFTER_CLOCK = frozenset(_LISTS["after clock"]).union(*_CALENDAR.values())

_STARTERS = frozenset(_LISTS["starters"])

_BEFORE_A_COMMA = _STARTERS.union(_LISTS["before a comma"])

# What stands before a sentence and is none of its words: a bullet, a dash, a picture.
_ORNAMENT = (
    r"[-*~>/#\u00a7\u2022\u00b7\u2023\u2043\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    r"\U0001f000-\U0001faff\U0001f3fb-\U0001f3ff]"
)

_ORNAMENTS = re.compile(rf"\s*(?:(?:{_ORNAMENT}+\s+)+|(?:(?![-*~>/#\u00a7]){_ORNAMENT})+\s*)+")

# "$5m was paid.", "#TagTime was used.", "iPhone sales fell."
_LARGE_START = r"[^\W_a-z]|[$\u00a3\u20ac\u00a5\u20b9#@]\w|[a-z]{1,3}[A-Z]"

_PATTERN = r"""
      (?=[.!?])(?:
      (?<![.!?])(?P<mark>[.!?]++)(?P<quotes>["')\]]*+)
      (?P<gap>\s++(?:ORNAMENT++\s++)*+|\s*+(?:(?![-*~>/#\u00a7])ORNAMENT)++\s*+)(?=["'(\[]*+(?:START))
    | (?P<glued>(?<=[a-z0-9)]{2})[.!?]["']?)
      (?=["'(]?(?!(?:Com|Org|Net)\b)(?:[A-Z][a-z']+[ ,]|[AI]\ [a-z]))
    )"""


def _compile(start: str) -> re.Pattern[str]:
    """Where a sentence may end, if the next one starts so."""
    pattern = _PATTERN.replace("ORNAMENT", _ORNAMENT).replace("START", start)
    return re.compile(pattern, re.VERBOSE)


_CANDIDATE = _compile(_LARGE_START.replace("#", r"\#"))

#: In a text in small letters a sentence starts with one.
_CANDIDATE_IN_SMALL_LETTERS = _compile(r"[^\W_]|[$\u00a3\u20ac\u00a5\u20b9\#@]\w")

_LAST_WORD = re.compile(r"([A-Za-z](?:[\w'-]|\.(?=[A-Za-z]))*)$")

_NEXT_WORD = re.compile(r"[\"'(\[]*([^\W_]+)")

_LIST_NUMBER = re.compile(r"\W*(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})$")

# "Who pays?" Mayor Velik asked. But not: "Who pays?" Mayor Velik said that nobody would.
_ATTRIBUTION = re.compile(
    r"""(?!(?:He|She|It|They|We|I|You)\ )(?:[A-Z][\w.'-]{0,30}\ ){1,4}
    (?:(?:said|says|asked|asks|added|replied|wrote|wondered|shouted|cried|exclaimed|insisted
      |demanded|tweeted)\b(?!:|\ (?:that|he|she|it|they|there|the|this|his|her|their|a|an|no|how
      |why|what|whether|if)\b)|told\b)""",
    re.VERBOSE,
)


def cut_line(line: str, in_small_letters: bool = False) -> Iterator[tuple[int, int]]:
    """Offsets of the sentences of one normalised line, without blanks and bullets around them.

    Args:
        line: a line of a normalised text.
        in_small_letters: the text knows no capital letters, and a small one starts a sentence.
    """
    start = _skip_ornaments(line)
    candidate = _CANDIDATE_IN_SMALL_LETTERS if in_small_letters else _CANDIDATE
    for match in candidate.finditer(line, start):
        if match["glued"] is not None:
            end = _end_of_glued(line, start, match)
            following = end
        else:
            ends = _ends_sentence(line, start, match, in_small_letters)
            end = match.end("quotes") if ends else None
            following = match.end()
        if end is None or following is None:
            continue
        yield from trim(line, start, end)
        start = following
    yield from trim(line, start, len(line))


def _skip_ornaments(line: str) -> int:
    """Where the first word of a line may start."""
    match = _ORNAMENTS.match(line)
    return match.end() if match else 0


def trim(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Offsets of a piece of a line without the blanks around it; none for a blank piece."""
    piece = line[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(stripped)


def _end_of_glued(line: str, start: int, match: re.Match[str]) -> int | None:
    """Where a sentence ends whose full stop touches the next one; None if it does not end."""
    mark_end = match.start() + 1
    following = _NEXT_WORD.match(line, match.end())
    if line[match.start()] == "." and not _is_final(
        _word_before(line, match.start()), following, line
    ):
        return None
    # "rained.However, they" but not "the station Radio.Nord, which"
    if (
        following
        and line.startswith(",", following.end())
        and following.group(1).lower() not in _BEFORE_A_COMMA
    ):
        return None
    quote = match.group()[1:]
    # It rained."We won," she said: the quotation mark opens, unless one is already open.
    if quote and line.count(quote, start, mark_end) % 2 == 0:
        return mark_end
    return match.end()


def _ends_sentence(
    line: str, start: int, match: re.Match[str], in_small_letters: bool = False
) -> bool:
    """Whether a full stop (or ... ! ?) before a blank and no small letter ends the sentence."""
    following = _NEXT_WORD.match(line, match.end())
    if not in_small_letters and following is not None and following.group(1).islower():
        return False  # a small letter outside ASCII
    quotes = match["quotes"]
    if match["mark"] != ".":
        quoted = '"' in quotes or "'" in quotes
        return not (quoted and _ATTRIBUTION.match(line, match.end()))
    if '"' in quotes or "'" in quotes:
        return True
    if match.start() - start < 8 and _LIST_NUMBER.match(line[start : match.start()]):
        return False
    if "-" in match["gap"]:
        following = None  # "Springfield, Ill. - The": a dateline
    before = _word_before(line, match.start())
    return _is_final(before, following, line, in_small_letters)


def _word_before(line: str, at: int) -> re.Match[str] | None:
    window = line[max(0, at - 40) : at]
    return _LAST_WORD.search(line, at - len(window) + window.rfind(" ") + 1, at)


def _is_final(
    before: re.Match[str] | None,
    following: re.Match[str] | None,
    line: str,
    in_small_letters: bool = False,
) -> bool:
    """Whether a full stop between two words ends a sentence, rather than an abbreviation."""
    if before is None:
        return True
    word, next_word = before.group(1), following.group(1) if following else ""
    if in_small_letters:
        word = word.capitalize()
    lowered, starts = word.lower(), next_word.lower() in _STARTERS
    small = word[0].islower()
    if lowered == "no":
        return not any(c.isdigit() for c in next_word)
    if lowered in _NEVER_FINAL and (not small or lowered in _ABBREVIATIONS):
        # "on Main St. The fire": a street, no saint
        return starts and lowered in _STREETS and _is_capitalized_before(line, before.start())
    if small and "." not in word and len(word) > 3:
        return True
    if lowered in ("a.m", "p.m"):
        return next_word.lower() not in _AFTER_CLOCK and not next_word[:1].isdigit()
    if len(word) == 1 and not small and word != "I":
        return starts and not _is_capitalized_before(line, before.start())
    if (
        "." in word
        or lowered in _ABBREVIATIONS
        or (not small and lowered in _CAPITALISED_ABBREVIATIONS)
    ):
        return starts
    return True


def _is_capitalized_before(line: str, at: int) -> bool:
    """Whether the word before offset `at` is a name ("J. K. Rowe", not "vitamin C. The ...")."""
    words = line[max(0, at - 60) : at].split()
    return not words or not words[-1].islower()
