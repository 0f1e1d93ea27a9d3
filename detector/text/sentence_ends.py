"""Where a sentence ends within a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ABBREVIATIONS = frozenset(
    """
    no nos vs v etc al approx est pp p viz cf ca dept univ assn inc corp ltd co cos llc plc bros
    dlr dlrs mln bln pct sq cu oz lb lbs km cm mm kg mg hr hrs min e.g i.e a.m p.m u.s u.k u.n e.u
    u.s.a d.c l.a n.y ph.d m.d b.a m.a
    """.split()
)

# Written small these are words: "in Portland, Ore." but "they dug for ore.", "Wed. night" but "to
# wed."
_CAPITALISED_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof rev hon st mt ft jr sr sen rep gov gen lt col maj capt cmdr sgt cpl pvt adm
    supt det insp pres vice-pres messrs mme mlle fr jan feb mar apr jun jul aug sep sept oct nov
    dec mon tue tues wed thu thurs fri sat sun fig vol ed eds para art sec ch ave blvd rd ln hwy
    bldg apt ala ariz ark calif colo conn del fla ill ind kan ky md mass mich minn miss mo mont neb
    nev okla ore pa tenn tex vt va wash wis wyo
    """.split()
)

# After these a capital seldom starts a sentence: a title or number stands before its name.
_NEVER_FINAL = frozenset(
    """
    mr mrs ms dr prof rev hon st mt ft sen rep gov gen lt col maj capt cmdr sgt cpl pvt adm supt
    det insp pres messrs mme mlle fig vol approx est nos vs v e.g i.e cf
    """.split()
)

_STREETS = frozenset(("st", "dr", "ft", "mt"))

_AFTER_CLOCK = frozenset(
    """
    mon tue tues wed thu thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday
    jan feb mar apr jun jul aug sep sept oct nov dec january february march april may june july
    august september october november december gmt bst utc est edt et cst cdt ct mst mdt mt pst pdt
    pt cet cest eet msk ist jst hkt aest eastern central mountain pacific greenwich
    """.split()
)

_SENTENCE_STARTERS = frozenset(
    """
    the a an he she it they we you i his her its their our this that these those there here in on
    at for from with by to as if when while after before since although though because but and or
    so yet still however meanwhile moreover also then now today yesterday tomorrow what who why how
    where which some many most more all both each every no not one two three several last next
    earlier later according asked despite during under over until among between nobody everyone
    someone another there's instead perhaps once even only such police officials residents people
    """.split()
)

_CANDIDATE = re.compile(
    r"""
      (?=[.!?])(?:
      (?<![.!?])(?P<mark>[.!?]++)(?P<quotes>["')\]]*+)\s++(?=["'(\[]*+[^\W_a-z])
    | (?P<glued>(?<=[a-z0-9)]{2})[.!?]["']?)
      (?=["'(]?(?!(?:Com|Org|Net)\b)(?:[A-Z][a-z']+[ ,]|[AI]\ [a-z]))
    )""",
    re.VERBOSE,
)

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


def cut_line(line: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _CANDIDATE.finditer(line):
        if match["glued"] is not None:
            end = _end_of_glued(line, start, match)
            following = end
        else:
            end = match.end("quotes") if _ends_sentence(line, start, match) else None
            following = match.end()
        if end is None or following is None:
            continue
        yield from trim(line, start, end)
        start = following
    yield from trim(line, start, len(line))


def trim(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
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
        and following.group(1).lower() not in _SENTENCE_STARTERS
    ):
        return None
    quote = match.group()[1:]
    # It rained."We won," she said: the quotation mark opens, unless one is already open.
    if quote and line.count(quote, start, mark_end) % 2 == 0:
        return mark_end
    return match.end()


def _ends_sentence(line: str, start: int, match: re.Match[str]) -> bool:
    """Whether a full stop (or ... ! ?) before a blank and no small letter ends the sentence."""
    following = _NEXT_WORD.match(line, match.end())
    if following is not None and following.group(1)[0].islower():
        return False  # a small letter outside ASCII
    quotes = match["quotes"]
    if match["mark"] != ".":
        quoted = '"' in quotes or "'" in quotes
        return not (quoted and _ATTRIBUTION.match(line, match.end()))
    if '"' in quotes or "'" in quotes:
        return True
    if match.start() - start < 8 and _LIST_NUMBER.match(line[start : match.start()]):
        return False
    return _is_final(_word_before(line, match.start()), following, line)


def _word_before(line: str, at: int) -> re.Match[str] | None:
    window = line[max(0, at - 40) : at]
    return _LAST_WORD.search(line, at - len(window) + window.rfind(" ") + 1, at)


def _is_final(before: re.Match[str] | None, following: re.Match[str] | None, line: str) -> bool:
    """Whether a full stop between two words ends a sentence, rather than an abbreviation."""
    if before is None:
        return True
    word, next_word = before.group(1), following.group(1) if following else ""
    lowered, starts = word.lower(), next_word.lower() in _SENTENCE_STARTERS
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
