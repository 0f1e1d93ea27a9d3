"""Normalise typography; every character keeps its place in the caller's text.

Engines and scrapers leave a keyboard behind: curly or straight quotation marks, entities,
ligatures, no-break spaces, a space before a full stop. None of it tells how the *words* were
chosen, and all of it would be learnt if it could be seen. `normalize` takes it away and
remembers where each remaining character stood.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_SINGLE_QUOTES = "‘’‚‛′ʼ´`＇"

_DOUBLE_QUOTES = "“”„‟″«»＂〝〞"

_QUOTES = _SINGLE_QUOTES + _DOUBLE_QUOTES

_PLAIN_QUOTES = {ord(c): "'" for c in _SINGLE_QUOTES} | {ord(c): '"' for c in _DOUBLE_QUOTES}

# Nobody sees them: Default_Ignorable_Code_Point of Unicode.
_INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)

_CONTROLS = r"\x00-\x08\x0e-\x1f\x7f"

_WIDE = r"\u0132\u0133\u017f\u2100-\u214f\u2460-\u24ff\u3300-\u33ff\ufb00-\ufb06\uff01-\uff5e"

_WIDE += r"\U0001d400-\U0001d7ff"

_MARKS = r"\u0300-\u034e\u0350-\u036f"

_BLANKS = r" \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\x0b\x0c"

_BREAKS = r"\n\r\u2028\u2029\x85"

_DASHES = r"\-–−‒‐‑—―"

# First what hides a character. Most texts hold none, which one quick search tells.
_HIDDEN = re.compile(rf"[&{_INVISIBLE}{_CONTROLS}{_WIDE}{_MARKS}]")

_ENTITY_NAME = (
    r"(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30})" rf"[{_BLANKS}]*+;"
)

_CHARACTERS = re.compile(
    rf"""
      (?P<entity>&(?:(?:amp|\#38|\#[xX]26);)++(?:{_ENTITY_NAME})?|&{_ENTITY_NAME})
    | (?P<invisible>[{_INVISIBLE}]+)
    | (?P<control>[{_CONTROLS}]+)
    | (?P<wide>[{_WIDE}])
    | (?P<combining>\w[{_MARKS}]+)
    """,
    re.VERBOSE,
)

_ESCAPED_AMPERSANDS = re.compile(r"&(?:(?:amp|#38|#[xX]26);)*+")

# "&#38;#38;lt;" and worse: nobody escapes deeper, and a text made to do so must not cost more.
_DECODING_PASSES = 4

# Then typography, in one pass: each alternative is a piece with one plain form. The two
# look-aheads in front are for speed: at a letter, or at the blank between two words, no
# alternative can match.
_TYPOGRAPHY = re.compile(
    rf"""
    (?=[{_BLANKS}{_BREAKS}{_QUOTES}'…{_DASHES}]|,,|\.[{_BLANKS}]\.)
    (?!(?<![(\[“„])[ ]\w)(?:
      (?P<newline>[{_BLANKS}]*(?:\r\n?|[{_BREAKS}])
        (?:[{_BLANKS}]*(?:\r\n?|[{_BREAKS}]))*[{_BLANKS}]*)
    | (?P<dash>[{_BLANKS}]*(?:[{_DASHES}]{{2,}}|[—―]|(?<=\s)[{_DASHES}](?=\s))
        (?:[{_BLANKS}]+(?:[{_DASHES}]{{2,}}|[—―]|[{_DASHES}](?=\s)))*[{_BLANKS}]*)
    | (?P<hyphen>[–−‒‐‑])
    | (?P<close>[{_BLANKS}]+(?:(?=”)|(?=[.,;:!?%)\]](?:[\s"'{_QUOTES}—―]|,,\w|[{_DASHES}]{{2}}|$))))
    | (?P<open>(?<=[(\[“„])[{_BLANKS}]+)
    | (?P<doubled>['{_SINGLE_QUOTES}]{{2}}|,,(?=\w))
    | (?P<ellipsis>…|\.[{_BLANKS}]\.[{_BLANKS}]\.)
    | (?P<space>[{_BLANKS}]{{2,}}|[{_BLANKS[1:]}])
    | (?P<quote>[{_QUOTES}])
    )""",
    re.VERBOSE,
)

_PLAIN_FORMS = {
    "dash": " - ",
    "hyphen": "-",
    "close": "",
    "open": "",
    "doubled": '"',
    "ellipsis": "...",
    "space": " ",
    "invisible": "",
    "control": " ",
}

# What stands between sentences and is none of their words. First marks of footnotes behind a
# sentence ("after all.1 The", "all.[2]", "all.<sup>3</sup>"), then what ends a line of another
# program ("<br>", "</s>", a line feed as the two characters of its escape, "|"), and what labels or
# parts sentences on a site ("#news @CoastPost", ">>" in one character).
_BETWEEN_SENTENCES = re.compile(
    r"""
      (?=[\u00ab\u00a0\u202f\[<\u00b9\u00b2\u00b3\u2070-\u2079\u2020\u2021*\d\\ |\u00b6/])(?:
      (?P<note>(?<=[.!?"'\u201d\u2019)])(?:
        [ ]?(?:\[(?:\d{1,3}|[a-z]|note\ \d{1,2}|citation\ needed|edit)\]|<sup>[^<>]{0,12}</sup>)+
      | [ ]?[\u00b9\u00b2\u00b3\u2070-\u2079\u2020\u2021*]+(?=\s|$)
      | (?<=[a-z][a-z][.!?])[ ]?\(\d{1,2}\)(?=\s+["'(\u201c\u2018]?[A-Z]|\s*$|\s*\n)
      | (?:(?<=[a-z]{2}[.!?])|(?<=[a-z][.!?]["'\u201d\u2019]))
        (?<!\bno\.)(?<!\bvol\.)(?<!\bfig\.)(?<!\bpp\.)\d{1,3}(?=\s+["'(\u201c\u2018]?[A-Z]|\s*$|\s*\n)
      ))
    | (?P<tag>(?i:<br\b[^<>]{0,60}>|</?[sp]>|\[SEP\]|<(?:eos|bos|sep|pad)>))
    | (?P<escape>(?:\\r)?\\n(?![a-z])|(?<=[.!?"'\u201d\u2019])(?:\\r)?\\n)
    | (?P<label>(?<=[.!?"'\u201d\u2019)])(?:[ ]+[#@]\w{2,40})+
        (?=[ ]*(?:$|\n)|[ ]+["'(\u201c\u2018]?[A-Z]))
    | (?P<arrow>(?<=[.!?"'\u201d\u2019)])[ ]+[\u00ab\u00bb\u2039\u203a][ ]+)
    | (?P<french>(?:(?<=\s)|^)\u00ab[ \u00a0\u202f](?=\S)
        |(?<=\S)[ \u00a0\u202f]\u00bb(?=[\s.,;:!?]|$))
    | (?P<bar>(?<=[.!?"'\u201d\u2019)\]])[ ]*(?:\|+|\u00b6|//(?=[ ])))
    )""",
    re.VERBOSE,
)

_GUILLEMETS = frozenset("\u00ab\u00bb")

# In French a blank stands on the inner side of either.
_FRENCH_QUOTE = re.compile(r"\u00ab[ \u00a0\u202f]|[ \u00a0\u202f]\u00bb")

_FRENCH_QUOTES = {"\u00ab": "\u201c", "\u00bb": "\u201d"}

_LINE_BREAK = re.compile(rf"\r\n|[{_BREAKS}]")


def _plain_form(match: re.Match[str]) -> str:
    """What stands in normalised text for one piece of typography."""
    kind = match.lastgroup or ""
    plain = _PLAIN_FORMS.get(kind)
    if plain is not None:
        return plain
    piece = match.group()
    if kind == "quote":
        return piece.translate(_PLAIN_QUOTES)
    if kind == "newline":
        return "\n\n" if len(_LINE_BREAK.findall(piece)) > 1 else "\n"
    if kind == "entity":
        return _unescape(piece)
    return unicodedata.normalize("NFC" if kind == "combining" else "NFKC", piece)


def _unescape(entity: str) -> str:
    """The character that an entity stands for, however often its ampersand was escaped."""
    bare = _ESCAPED_AMPERSANDS.sub("&", entity)
    compact = "".join(bare.split())
    plain = html.unescape(compact)
    return bare if plain == compact else plain


@dataclass(frozen=True, slots=True)
class Normalized:
    """Normalised text that knows where each of its characters stood in the caller's text.

    Attributes:
        text: the normalised text.
        starts: for each character of `text`, where the piece it stands for starts in the
            caller's text.
        ends: likewise, where that piece ends.
    """

    text: str
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the caller's text of the characters ``[start, end)`` of `text`.

        An empty span maps to an empty span. Raises IndexError outside the text.
        """
        if not 0 <= start <= end <= len(self.text):
            raise IndexError(
                f"span {start}:{end} lies outside a text of {len(self.text)} characters"
            )
        if start == end:
            at = int(self.starts[start]) if start < len(self.text) else self._original_length()
            return at, at
        return int(self.starts[start]), int(self.ends[end - 1])

    def _original_length(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0


def normalize(text: str) -> Normalized:
    r"""Take away what engines and scrapers leave in typography, keeping every offset.

    Quotation marks and apostrophes become straight, dashes `` - ``, ligatures, full-width
    letters and entities plain characters; invisible characters, runs of blanks and blanks
    before punctuation go. Line breaks stay (a blank line as ``\n\n``). What is normal
    already comes back as it is.
    """
    if _BETWEEN_SENTENCES.search(text):
        cleared = substitute(_BETWEEN_SENTENCES, text, _clear)
        return compose(cleared, _normalize_cleared(cleared.text))
    return _normalize_cleared(text)


def _clear(match: re.Match[str]) -> str:
    kind, piece = match.lastgroup, match.group()
    is_quote = not _GUILLEMETS.isdisjoint(piece) and _GUILLEMETS.issubset(match.string)
    if kind in ("arrow", "french") and is_quote:
        return _FRENCH_QUOTE.sub(lambda quote: _FRENCH_QUOTES[quote[0].strip()], piece)
    if kind == "french":
        return piece
    return "" if kind == "note" else "\n"


def _normalize_cleared(text: str) -> Normalized:
    if not _HIDDEN.search(text):
        return substitute(_TYPOGRAPHY, text)
    decoded = substitute(_CHARACTERS, text)
    for _ in range(_DECODING_PASSES - 1):
        further = substitute(_CHARACTERS, decoded.text)
        if further.text == decoded.text:
            break
        decoded = compose(decoded, further)
    return compose(decoded, substitute(_TYPOGRAPHY, decoded.text))


def normalize_text(text: str) -> str:
    """The text of `normalize` alone, where nobody asks for offsets (training)."""
    if _HIDDEN.search(text) or _BETWEEN_SENTENCES.search(text):
        return normalize(text).text
    return _TYPOGRAPHY.sub(_plain_form, text)


def substitute(
    pattern: re.Pattern[str], text: str, plain_form: Callable[[re.Match[str]], str] = _plain_form
) -> Normalized:
    """Put plain forms in the place of all matches, and note where each character came from."""
    return replace_spans(
        text, [(*match.span(), plain_form(match)) for match in pattern.finditer(text)]
    )


def replace_spans(text: str, pieces: Sequence[tuple[int, int, str]]) -> Normalized:
    """Put other text in the place of spans, and note where each character came from.

    Args:
        text: the text.
        pieces: start, end and what stands there instead, in order; they do not overlap.
    """
    places = np.arange(len(text), dtype=np.int32)
    if not pieces:
        return Normalized(text, places, places + 1)
    match_starts = np.array([start for start, _, _ in pieces], dtype=np.int32)
    match_ends = np.array([end for _, end, _ in pieces], dtype=np.int32)
    plain_lengths = np.array([len(plain) for _, _, plain in pieces], dtype=np.int32)
    kept = (text[end:start] for end, start in zip([0, *match_ends], match_starts, strict=False))
    plain_text = (
        "".join(
            part
            for pair in zip(kept, (plain for _, _, plain in pieces), strict=True)
            for part in pair
        )
        + text[int(match_ends[-1]) :]
    )
    places = np.arange(len(plain_text), dtype=np.int32)
    # The text is kept and replaced by turns: kept pieces at even places, replaced ones at odd.
    sources = np.zeros(2 * len(pieces) + 1, dtype=np.int32)
    sources[1::2], sources[2::2] = match_starts, match_ends
    lengths = np.empty_like(sources)
    lengths[0::2] = np.append(match_starts, len(text)) - sources[0::2]
    lengths[1::2] = plain_lengths
    moved = np.repeat(sources - (np.cumsum(lengths) - lengths), lengths)
    starts = (places + moved).astype(np.int32)
    ends = starts + 1
    replaced = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    starts[replaced] = np.repeat(match_starts, plain_lengths)
    ends[replaced] = np.repeat(match_ends, plain_lengths)
    return Normalized(plain_text, starts, ends)


def compose(first: Normalized, second: Normalized) -> Normalized:
    """`second`, made of the text of `first`, with offsets in the text that `first` was made of."""
    return Normalized(second.text, first.starts[second.starts], first.ends[second.ends - 1])
