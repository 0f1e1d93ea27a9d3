"""Normalise text, cut it into sentences and words; every piece keeps its place in the caller's.

Engines and scrapers leave a keyboard behind: curly or straight quotation marks, entities,
ligatures, no-break spaces, a space before a full stop. None of it tells how the *words* were
chosen, and all of it would be learnt if it could be seen. `normalize` takes it away and
remembers where each remaining character stood.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, zip_longest

import numpy as np
import numpy.typing as npt

NAME_PLACEHOLDER = "xx"
NUMBER_PLACEHOLDER = "0"

# --------------------------------------------------------------------------------------
# Normalisation
# --------------------------------------------------------------------------------------

_SINGLE_QUOTES = "‘’‚‛′ʼ´`＇"
_DOUBLE_QUOTES = "“”„‟″«»＂〝〞"
_QUOTES = _SINGLE_QUOTES + _DOUBLE_QUOTES
_PLAIN_QUOTES = {ord(c): "'" for c in _SINGLE_QUOTES} | {ord(c): '"' for c in _DOUBLE_QUOTES}
_ZERO_WIDTH = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\ufeff\u061c"
_ZERO_WIDTH += "".join(map(chr, range(0x202A, 0x202F))) + "".join(map(chr, range(0x2066, 0x206A)))
_CONTROLS = r"\x00-\x08\x0e-\x1f\x7f"
_WIDE = r"\u0132\u0133\u017f\u2100-\u214f\u2460-\u24ff\u3300-\u33ff\ufb00-\ufb06\uff01-\uff5e"
_MARKS = r"\u0300-\u036f"
_BLANKS = r" \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\x0b\x0c"
_BREAKS = r"\n\r\u2028\u2029\x85"
_DASHES = r"\-–−‒‐‑—―"

# First what hides a character. Most texts hold none, which one quick search tells.
_HIDDEN = re.compile(rf"[&{_ZERO_WIDTH}{_CONTROLS}{_WIDE}{_MARKS}]")
_ENTITY_NAME = (
    r"(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30})" rf"[{_BLANKS}]*+;"
)
_CHARACTERS = re.compile(
    rf"""
      (?P<entity>&(?:(?:amp|\#38|\#[xX]26);)++(?:{_ENTITY_NAME})?|&{_ENTITY_NAME})
    | (?P<invisible>[{_ZERO_WIDTH}]+)
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
    if not _HIDDEN.search(text):
        return _substitute(_TYPOGRAPHY, text)
    decoded = _substitute(_CHARACTERS, text)
    for _ in range(_DECODING_PASSES - 1):
        further = _substitute(_CHARACTERS, decoded.text)
        if further.text == decoded.text:
            break
        decoded = _compose(decoded, further)
    return _compose(decoded, _substitute(_TYPOGRAPHY, decoded.text))


def normalize_text(text: str) -> str:
    """The text of `normalize` alone, where nobody asks for offsets (training)."""
    if _HIDDEN.search(text):
        return normalize(text).text
    return _TYPOGRAPHY.sub(_plain_form, text)


def _substitute(pattern: re.Pattern[str], text: str) -> Normalized:
    """Put plain forms in the place of all matches, and note where each character came from."""
    found: list[tuple[int, int, int]] = []

    def replace(match: re.Match[str]) -> str:
        plain = _plain_form(match)
        found.append((match.start(), match.end(), len(plain)))
        return plain

    plain_text = pattern.sub(replace, text)
    places = np.arange(len(plain_text), dtype=np.int32)
    if not found:
        return Normalized(plain_text, places, places + 1)
    match_starts, match_ends, plain_lengths = np.array(found, dtype=np.int32).T
    # The text is kept and replaced by turns: kept pieces at even places, matches at odd ones.
    sources = np.zeros(2 * len(found) + 1, dtype=np.int32)
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


def _compose(first: Normalized, second: Normalized) -> Normalized:
    """`second`, made of the text of `first`, with offsets in the text that `first` was made of."""
    return Normalized(second.text, first.starts[second.starts], first.ends[second.ends - 1])


# --------------------------------------------------------------------------------------
# Words
# --------------------------------------------------------------------------------------

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

_WORD = re.compile(
    r"""
      (?:[A-Za-z]\.){2,12}+(?=\W|$)                  # U.S. a.m.; bounded, or a.a.a.a... is slow
    | [^\W\d_]+(?:['\u2019-][^\W\d_]+|-?\d+)*         # don't, build-up, COVID-19
    | \d+(?:[.,:/-]\d+)*(?:-[^\W\d_]+(?:-[^\W\d_]+)*|(?:st|nd|rd|th|s|pm|am|bn|m|k)\b)?
    | \.\.\.
    | [^\w\s]
    | _+
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, number or punctuation mark with its offsets in the string it was cut from."""

    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it holds a letter or a digit (and is no punctuation mark)."""
        return self.text[0].isalnum()


def split_words(text: str) -> list[Word]:
    """Cut a string into words, numbers and punctuation marks, with offsets.

    Clitics and hyphens stay inside their word ("don't", "build-up"), as do the points of
    initialisms ("U.S.").
    """
    return [Word(m.group(), m.start(), m.end()) for m in _WORD.finditer(text)]


def tokenize(text: str) -> list[str]:
    """The texts of `split_words`, for callers that need no offsets."""
    return _WORD.findall(text)


def count_words(text: str) -> int:
    """How many words and numbers (not punctuation marks) a string holds."""
    return sum(token[0].isalnum() for token in _WORD.findall(text))


# --------------------------------------------------------------------------------------
# Sentences
# --------------------------------------------------------------------------------------

# What a web page puts around its article. Ordinary sentences may look like it ("Related charges
# were dropped."), so a line that ends as a sentence does is held to the stricter list.
_NAME = r"(?-i:[^\W\d_a-zß-öø-ÿ])[\w.'-]+"
_NAMES = rf"{_NAME}(?:\ {_NAME}){{1,3}}(?:(?:,|\ and|,\ and|\ \&)\ {_NAME}(?:\ {_NAME}){{1,3}})*"
_AGENCY = r"(?:ap|afp|epa|pa|reuters|getty|pool|handout)"
_SITE = (
    r"(?:facebook|twitter|whatsapp|linkedin|reddit|pinterest|telegram|messenger|instagram|youtube)"
)
_OPENS_BOILERPLATE = re.compile(
    rf"""
      leave\ a\ (?:comment|reply)\b[^,]{{0,80}}
    | (?:add|post|write)\ a\ comment\b[^,]{{0,80}}
    | download\ (?:the|our)\ .{{0,60}}\bapps?\b.{{0,120}}
    | get\ (?:the|our)\ .{{0,40}}\bapp\b.{{0,120}}
    | (?:sign\ up|subscribe|register)\b.{{0,60}}\b(?:newsletters?|updates|alerts|inbox|account
        |briefings?|podcast|channel|e-?mails?|access|app)\b.{{0,100}}
    | (?:sign\ up|subscribe|register)(?:\ (?:now|here|today|for\ free))?\W*
    | (?:click|tap)\ here\b.{{0,120}}
    | (?:read|see|watch|find\ out|learn)\ (?:more|also|next)
        (?:\W*|\ ?[:|>].{{0,140}}|\ (?:about|at|on|in|from|here|stories|news)\b[^,]{{0,80}})
    | (?:related|recommended|trending|most\ (?:read|popular|viewed|shared)|also\ read
        |in\ other\ news)(?:\W*|\ ?[:|>].{{0,140}})
    | advertisement(?:\W*|\ ?[:-].{{0,60}})
    | (?:article|story)\ continues\ (?:below|after)\b.{{0,40}} | scroll\ to\ continue.{{0,40}}
    | (?:follow|like|join|find)\ us\ on\b.{{0,80}}
    | share\ (?:this|on|via)\b(?:\ (?:article|story|page|post|video|link|x|e-?mail|{_SITE}))*\W*
    | (?:(?:share|tweet|print|e-?mail|{_SITE}|copy\ link|save|comments?|on|via|to|this|page
        |article)(?:\W+|$))+
    | (?:photo|image|picture|video|credit|source|graphic|file\ photo|photograph|media)s?
        (?:\ (?:credits?|by|courtesy|source|caption|copyright))?(?:\ of)?\ ?[:/].{{0,240}}
    | (?:image|media|photo|video)\ (?:source|caption|copyright|credit),.{{0,240}}
    | photos?\ by\ {_NAMES}.{{0,80}}
    | (?:copyright\b|c\))[^a-z]{{0,12}}(?:\d{{4}}|all\ rights).{{0,200}}
    | all\ rights\ reserved\b.{{0,160}}
    | (?:ie|internet\ explorer)\ \d+\ is\ not\ supported.{{0,160}}
    | (?:this|our)\ (?:site|website)\ uses\ cookies\b.{{0,240}}
    | we(?:\ and\ our\ partners)?\ use\ cookies\ (?:to|and|on|for)\b.{{0,240}}
    | by\ (?:continuing|using)\b.{{0,80}}\byou\ (?:agree|accept|consent)\b.{{0,160}}
    | (?:accept|reject|manage)(?:\ all)?\ (?:cookies|cookie\ (?:settings|preferences)|all
        |preferences)\W*
    | cookie\ (?:policy|settings|preferences|notice)\W*
    | (?:please\ )?enable\ (?:javascript|cookies)\b.{{0,120}}
    | your\ browser\ (?:does\ not|doesn't)\ support\b.{{0,120}}
    | (?:reporting|editing|writing|additional\ reporting)\ by\ (?-i:[A-Z]).{{0,200}}
    | (?:published|updated|posted|first\ published|last\ (?:updated|modified)):.{{0,60}}
    | (?:skip\ to\ (?:main\ )?content|back\ to\ top|menu|home|search|log\ ?in|sign\ in|close
        |loading|play|replay)\W*
    | (?:privacy|terms\ of\ (?:use|service)|contact\ us|about\ us|advertise\ with\ us)
        (?:\ policy)?\W*
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_OPENS_UNFINISHED_BOILERPLATE = re.compile(
    rf"""
      [\d,]+\ comments?
    | by\ (?:dr\.?\ |prof\.?\ )?{_NAMES}(?:(?:,|\ \||\ -|\ in\ |\ for\ ).{{0,60}})?
    | from\ {_NAMES}\ in\ {_NAME}.{{0,40}}
    | (?:sign\ up|subscribe|register)\ (?:for|to|now|here|today)\b.{{0,120}}
    | (?:read|see|watch|find\ out|learn)\ (?:more|also|next)\b.{{0,60}}
    | (?:related|recommended|more)\ (?:stories|articles|topics|content|links|news|posts|videos
        |coverage|reading|for\ you|from|on|in)\b.{{0,60}}
    | most\ (?:read|popular|viewed|shared)\b.{{0,30}} | trending\b.{{0,30}}
    | what\ to\ read\ next | share\ (?:this|on|via)\b.{{0,60}}
    | sponsored(?:\ content|\ by\b.{{0,40}}|\ links?)? | advertisement.{{0,40}}
    | (?:published|updated|posted|first\ published|last\ (?:updated|modified))\b
        (?:\ (?:on|at|by))?\ ?(?:{_NAME},?\ )*\d.{{0,40}}
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ENDS_BOILERPLATE = re.compile(
    r"""
    [^.!?]{0,200}(?:
      \ball\ rights\ reserved\b.{0,80}
    | ©.{0,160}
    | \bvisit\ our\ site\ on\ another\ browser\W*
    | \bcontributed\ to\ this\ (?:report|story|article)(?:\ from\ [^.]{0,60})?\W*
    | \bassociated\ press\ contributed\W*
    )""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ENDS_UNFINISHED_BOILERPLATE = re.compile(
    rf"""
    # a caption and its credit; "(AP)" alone signs a text as well, and a text has more sentences
      [^.!?]{{0,240}}\({_AGENCY}\b[^()]{{0,60}}\)\W*
    | .{{0,240}}\((?:{_AGENCY}\ (?:file\ )?(?:photo|images)|(?:file\ )?photo|file)\b
        [^()]{{0,60}}\)\W*
    | .{{0,240}}\([^()]{{0,60}}/\ ?{_AGENCY}\b[^()]{{0,30}}\)\W*
    | .{{0,240}}\ /\ {_AGENCY}(?:\ (?:file|images|photo|pool))*(?:\ via\ .{{0,30}})?\W*
    | .{{0,240}}\b(?:getty\ images|ap\ (?:file|photo)|afp/getty|reuters/\w+|shutterstock
        |file\ photo)\W*
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# Looked for first, because nearly every line has none of them.
_OPENING_WORDS = frozenset(
    """
    leave add post posted write download get sign subscribe register click tap read see watch find
    learn related recommended trending most also in advertisement article story scroll follow like
    join share tweet print email e facebook twitter whatsapp linkedin reddit pinterest telegram
    messenger instagram youtube copy save comment comments photo photos image images picture
    pictures video videos credit credits source sources graphic graphics file photograph
    photographs media copyright c all ie internet this our we by from accept reject manage cookie
    cookies please enable your reporting editing writing additional published updated first last
    skip back menu home search log login close loading play replay privacy terms contact about
    advertise more what sponsored
    """.split()
)
_CLOSING_MARKS = (
    "(", "/", "©", "getty images", "photo", "shutterstock", "reserved", "browser", "contributed",
)  # fmt: skip
_FIRST_WORD = re.compile(r"\W{0,20}([^\W_]+)")
_DATE_UNITS = frozenset(
    """
    jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july
    august september october november december mon tue tues wed thu thurs fri sat sun monday
    tuesday wednesday thursday friday saturday sunday gmt bst utc est edt et pst pdt pt cet cest
    am pm ago read published posted updated modified
    """.split()
)
_DATE_WORDS = _DATE_UNITS | frozenset(
    """
    first last at on a p m hour hours hr hrs min mins minute minutes day days week weeks month
    months
    """.split()
)
_ORDINAL = re.compile(r"\d{1,4}(?:st|nd|rd|th|am|pm)?$")
_ALPHANUMERIC = re.compile(r"[^\W_]+")

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
# A line that ends in one of these goes on in the next, whatever that begins with.
_LEAVES_OPEN = re.compile(
    r"\b(?:a|an|the|of|in|on|at|to|for|from|by|with|and|or|but|that|which|who|whose|as|than"
    r"|into|near|his|her|its|their|our|my|is|are|was|were|has|have|had|be|been|mr|mrs|ms|dr)\.?$",
    re.IGNORECASE,
)
_SENTENCE_ENDS = (".", "!", "?")
_LONGEST_BOILERPLATE = 400


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, headline or boilerplate line of a text.

    Attributes:
        text: its normalised text, on one line.
        start, end: its offsets in the caller's text.
        kind: ``"sentence"``, ``"headline"`` (a line that does not end as a sentence does) or
            ``"boilerplate"`` (what a web page puts around its article).
    """

    text: str
    start: int
    end: int
    kind: str


def split_sentences(text: str) -> list[Sentence]:
    """Cut a text into sentences with offsets into that very text.

    Line breaks end a sentence unless the next line plainly goes on. Abbreviations, initials,
    decimals and quotations do not; a full stop glued to the next sentence, as scrapers leave
    it, does.
    """
    normalized = normalize(text)
    sentences = []
    for line_start, line_end in _iterate_lines(normalized.text):
        line = normalized.text[line_start:line_end].replace("\n", " ")
        for start, end, kind in _classify_pieces(line):
            span = normalized.original_span(line_start + start, line_start + end)
            sentences.append(Sentence(line[start:end], *span, kind))
    return sentences


def place_words(
    text: str, sentence: Sentence, places: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Offsets in the caller's text of spans within one of its sentences.

    Args:
        text: the caller's text.
        sentence: one that `split_sentences` cut from it.
        places: ``(start, end)`` in `sentence.text`, such as `View.places`.
    """
    piece = normalize(text[sentence.start : sentence.end])
    # What stands around a sentence can decide how its edge is normalised, though it rarely does.
    shift = piece.text.replace("\n", " ").find(sentence.text)
    if shift >= 0:
        starts, ends = piece.starts + sentence.start, piece.ends + sentence.start
    else:
        whole = normalize(text)
        shift = int(np.searchsorted(whole.starts, sentence.start))
        starts, ends = whole.starts, whole.ends
    return [(int(starts[shift + a]), int(ends[shift + b - 1])) for a, b in places]


def _classify_pieces(line: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each sentence of a line; what holds no letter or digit is left out."""
    if _is_boilerplate(line):
        for start, end in _trim(line, 0, len(line)):
            yield start, end, "boilerplate"
        return
    for start, end in _cut_line(line):
        piece = line[start:end]
        if not _ALPHANUMERIC.search(piece):
            continue
        if len(piece) < len(line) and _is_boilerplate(piece):
            yield start, end, "boilerplate"
        else:
            yield start, end, "sentence" if _is_finished(piece) else "headline"


def _is_finished(piece: str) -> bool:
    """Whether a piece ends as a sentence does: full stop, question or exclamation mark."""
    return piece.rstrip("\"')] ").endswith(_SENTENCE_ENDS)


def _is_boilerplate(line: str) -> bool:
    """Whether a web page put a line around its article, rather than a writer in it."""
    if len(line) > _LONGEST_BOILERPLATE:
        return False
    first = _FIRST_WORD.match(line)
    if first is None:
        return False
    word, start = first.group(1).lower(), first.start(1)
    finished = _is_finished(line)
    if (word in _OPENING_WORDS or word.isdigit()) and (
        _OPENS_BOILERPLATE.fullmatch(line, start)
        or (not finished and _OPENS_UNFINISHED_BOILERPLATE.fullmatch(line, start))
    ):
        return True
    if (word in _DATE_WORDS or word[0].isdigit()) and _is_date_line(line):
        return True
    lowered = line.lower()
    return any(mark in lowered for mark in _CLOSING_MARKS) and bool(
        _ENDS_BOILERPLATE.fullmatch(line)
        or (not finished and _ENDS_UNFINISHED_BOILERPLATE.fullmatch(line))
    )


def _is_date_line(line: str) -> bool:
    """Whether a line is only a date, a time or a "2 hours ago"."""
    if len(line) > 60:
        return False
    words = _ALPHANUMERIC.findall(line.lower())
    numbers = sum(bool(_ORDINAL.match(word)) for word in words)
    known = [word for word in words if word in _DATE_WORDS]
    return 0 < numbers == len(words) - len(known) and not _DATE_UNITS.isdisjoint(known)


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
    wrapped = len(lines) > 2 and _is_hard_wrapped(lines)
    line_start = start
    for line, following in zip_longest(lines, lines[1:]):
        line_end = start + len(line)
        if following is None or not (wrapped or _goes_on(line, following)):
            if line_end > line_start:
                yield line_start, line_end
            line_start = line_end + 1
        start = line_end + 1


def _is_hard_wrapped(lines: list[str]) -> bool:
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
        following[0].islower() and not _is_finished(line) for line, following in pairwise(lines)
    )


def _goes_on(line: str, following: str) -> bool:
    """Whether a sentence runs over the break between two lines."""
    if not line or not following:
        return False
    if following[0].islower():
        # "Stop!" / he said.
        open_end = not _is_finished(line) or line.endswith(('!"', '?"', "!'", "?'"))
        return open_end and not _is_boilerplate(line)
    return len(line) >= 30 and bool(_LEAVES_OPEN.search(line[-12:])) and not _is_boilerplate(line)


def _cut_line(line: str) -> Iterator[tuple[int, int]]:
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
        yield from _trim(line, start, end)
        start = following
    yield from _trim(line, start, len(line))


def _trim(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
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


# --------------------------------------------------------------------------------------
# The view that evidence is gathered from
# --------------------------------------------------------------------------------------

_BRITISH_STEMS = re.compile(
    r"""^(?:
      (?P<our>(?:behavi|col|endeav|fav|flav|harb|hon|hum|lab|neighb|od|parl|rum|sav|splend|tum
        |val|vap|vig|rig|cland|arm|ard|cand|ferv|ranc|succ|glam|misdemean|disfav|dishon
        |discol)our)(?P<our_rest>\w*)
    | (?P<ise>(?:actual|apolog|author|capital|categor|central|character|civil|colon|computer
        |critic|crystall|custom|decentral|demobil|democrat|demon|deregular|digit|econom|emphas
        |energ|equal|familiar|fantas|final|formal|fratern|general|global|harmon|hospital|human
        |ideal|immun|individual|industrial|initial|institutional|international|jeopard|legal
        |legitim|liberal|local|marginal|material|maxim|memor|minim|mobil|modern|monopol|national
        |natural|neutral|normal|optim|organ|patron|penal|personal|polar|popular|prior|privat
        |radical|rational|real|recogn|reorgan|revolution|scrutin|sensational|social|special
        |stabil|standard|steril|subsid|summar|symbol|sympath|synchron|terror|traumat|util|vandal
        |victim|visual|vocal|weapon|western|destabil|unrecogn|uncivil|disorgan|demoral|moral
        |commercial|dramat|hypnot|mesmer|agon|brutal|bastard|editorial|hypothes|idol|magnet
        |mechan|motor|ostrac|oxid|pressur|public|random|regular|revital|ritual|romantic|satir
        |slav|stigmat|synthes|tantal|trivial|vapor|verbal|woman)is)(?P<ise_rest>e|es|ed|ing|er
        |ers|ation|ations|able)
    | (?P<yse>(?:anal|paral|catal)ys)(?P<yse_rest>e|es|ed|ing)
    | (?P<re>(?:cent|met|kilomet|centimet|millimet|theat|lit|lust|somb|spect|fib|calib|sab
        |meag)re)(?P<re_rest>s?)
    | (?P<ll>(?:travel|cancel|label|model|level|signal|total|fuel|counsel|marshal|quarrel|rival
        |channel|dial|equal|initial|jewel|libel|panel|pedal|refuel|shovel|spiral|tunnel|unravel
        |dishevel))l(?P<ll_rest>ed|ing|er|ers|ery)
    | (?P<ence>(?:def|off|pret)enc|licenc)e(?P<ence_rest>s?)
    )$""",
    re.VERBOSE,
)
_BRITISH_WORDS = {
    "programme": "program", "programmes": "programs", "grey": "gray", "cheque": "check",
    "cheques": "checks", "tyre": "tire", "tyres": "tires", "aluminium": "aluminum",
    "jewellery": "jewelry", "manoeuvre": "maneuver", "manoeuvres": "maneuvers",
    "sceptical": "skeptical", "sceptic": "skeptic", "sceptics": "skeptics",
    "scepticism": "skepticism", "plough": "plow", "storey": "story", "storeys": "stories",
    "towards": "toward", "afterwards": "afterward", "forwards": "forward", "backwards": "backward",
    "whilst": "while", "amongst": "among", "amidst": "amid", "enrol": "enroll", "fulfil": "fulfill",
    "instalment": "installment", "instalments": "installments", "skilful": "skillful",
    "wilful": "willful", "judgement": "judgment", "ageing": "aging", "catalogue": "catalog",
    "dialogue": "dialog", "dialogues": "dialogs", "practise": "practice", "practised": "practiced",
    "practising": "practicing", "mum": "mom", "airplane": "plane", "aeroplane": "plane",
    "paediatric": "pediatric", "anaesthetic": "anesthetic", "encyclopaedia": "encyclopedia",
    "foetus": "fetus", "oestrogen": "estrogen", "haemorrhage": "hemorrhage",
    "leukaemia": "leukemia",
    "orthopaedic": "orthopedic", "archaeology": "archeology", "mediaeval": "medieval",
    "moustache": "mustache", "pyjamas": "pajamas", "kerb": "curb", "artefact": "artifact",
    "artefacts": "artifacts", "learnt": "learned", "burnt": "burned", "dreamt": "dreamed",
    "spelt": "spelled", "spoilt": "spoiled", "gaol": "jail", "percent": "per cent",
    "adviser": "advisor", "advisers": "advisors", "cosy": "cozy", "draught": "draft",
    "mould": "mold", "smoulder": "smolder", "ok": "okay", "yoghurt": "yogurt",
    "likeable": "likable",
    "sizeable": "sizable", "unmistakeable": "unmistakable", "analogue": "analog",
}  # fmt: skip


@lru_cache(maxsize=65536)
def americanize(word: str) -> str:
    """One spelling for British and American words: an outlet's choice, not a machine's."""
    lowered = word.lower()
    plain = _BRITISH_WORDS.get(lowered)
    if plain is None:
        match = _BRITISH_STEMS.match(lowered)
        if match is None:
            return word
        kind = next(name for name in ("our", "ise", "yse", "re", "ll", "ence") if match[name])
        stem, rest = match[kind], match[kind + "_rest"]
        plain = {
            "our": lambda: stem[:-3] + "or" + rest,
            "ise": lambda: stem[:-1] + "z" + rest,
            "yse": lambda: stem[:-1] + "z" + rest,
            "re": lambda: stem[:-2] + "er" + rest,
            "ll": lambda: stem + rest,
            "ence": lambda: (stem[:-1] + "se" if stem != "licenc" else "license") + rest,
        }[kind]()
    return plain.capitalize() if word[:1].isupper() else plain


@dataclass(frozen=True, slots=True)
class View:
    """A sentence as the evidence sees it: names, numbers, quotation marks and spelling made alike.

    Attributes:
        text: the words joined by blanks.
        words: the words of `text`.
        places: for each word, its ``(start, end)`` in the sentence it was made from (a run of
            names is one word).
    """

    text: str
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]

    @property
    def word_count(self) -> int:
        """How many of `words` are words or numbers, no punctuation marks."""
        return sum(word[0].isalnum() for word in self.words)


_INITIALISM = re.compile(r"^(?:[A-Za-z]\.){2,}$|^[A-Z]{2,}s?$|^[A-Z][\w']*[A-Z]\w*$")


def make_view(sentence: str, common_words: Container[str]) -> View:
    """Hide from a normalised sentence what is its outlet's or its topic's, not its writer's choice.

    A capitalised word that is not usually written small becomes part of a name, and a run of
    names one ``xx``; a number becomes ``0``; quotation marks go (some engines drop them); British
    spelling becomes American.

    Args:
        sentence: one normalised sentence.
        common_words: words (in lower case) that are usually written small.
    """
    words: list[str] = []
    places: list[tuple[int, int]] = []
    for match in _WORD.finditer(sentence):
        token = match.group()
        first = token[0]
        if first == '"' or (first == "'" and len(token) == 1):
            continue
        if first.isdigit():
            token = _mask_number(token)
        elif first.isupper() and _is_name(token, common_words):
            possessive = token.endswith("'s")
            if words and words[-1] == NAME_PLACEHOLDER and places[-1][1] >= match.start() - 1:
                places[-1] = (places[-1][0], match.end())
            else:
                words.append(NAME_PLACEHOLDER)
                places.append((match.start(), match.end()))
            if possessive:
                words.append("'s")
                places.append((match.end() - 2, match.end()))
            continue
        elif first.isalpha():
            token = americanize(token.lower() if first.isupper() else token)
            if " " in token:  # percent: per cent
                ahead, token = token.split(" ")
                words.append(ahead)
                places.append((match.start(), match.end()))
        words.append(token)
        places.append((match.start(), match.end()))
    return View(" ".join(words), tuple(words), tuple(places))


def _mask_number(token: str) -> str:
    unit = token.lstrip("0123456789.,:/")
    return NUMBER_PLACEHOLDER + (unit if unit.startswith("-") and unit[1:2].isalpha() else "")


def _is_name(token: str, common_words: Container[str]) -> bool:
    if token == "I" or token.startswith("I'"):
        return False
    if _INITIALISM.match(token) and token.lower() not in common_words:
        return True
    lowered = token.lower()
    if lowered in common_words:
        return False
    base = lowered.removesuffix("'s")
    return not (base in common_words or americanize(base) in common_words)
