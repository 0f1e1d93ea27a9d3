"""Normalise text and cut it into sentences and words; every piece keeps its place in the caller's text.

Engines and scrapers leave a keyboard behind: curly or straight quotation marks, entities,
ligatures, no-break spaces, a space before a full stop. None of it tells how the *words* were
chosen, and all of it would be learnt if it could be seen. `normalize` takes it away and
remembers where each remaining character stood.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

NAME_PLACEHOLDER = "xx"
NUMBER_PLACEHOLDER = "0"

# --------------------------------------------------------------------------------------
# Normalisation
# --------------------------------------------------------------------------------------

_SINGLE_QUOTES = "‘’‚‛′ʼ´`＇"
_DOUBLE_QUOTES = "“”„‟″«»＂〝〞"
_ZERO_WIDTH = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\ufeff\u061c"
_ZERO_WIDTH += "".join(map(chr, range(0x202A, 0x202F))) + "".join(map(chr, range(0x2066, 0x206A)))
_SPACES = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\x0b\x0c"
_PLAIN = {ord(c): "'" for c in _SINGLE_QUOTES} | {ord(c): '"' for c in _DOUBLE_QUOTES}

# One pass over the text: each alternative is a piece of typography with one plain form.
_TYPOGRAPHY = re.compile(
    rf"""
      (?P<entity>&(?:amp;)*(?:\#[0-9]{{1,7}}|\#[xX][0-9a-fA-F]{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,30}});)
    | (?P<newline>[ {_SPACES}]*(?:\r\n?|\u2028|\u2029|\x85|\n)(?:[ {_SPACES}]*(?:\r\n?|\u2028|\u2029|\x85|\n))*[ {_SPACES}]*)
    | (?P<dash>[ {_SPACES}]*(?:[—―]+|-{{2,}}|(?<=[\s{_SPACES}])[–−‒-](?=[\s{_SPACES}]))[ {_SPACES}]*)
    | (?P<hyphen>[–−‒‐‑])
    | (?P<close>[ {_SPACES}]+(?=[,;:!?%)\]](?:[\s"'”’]|$))|[ {_SPACES}]+(?=\.(?:[\s"'”’]|$))|[ {_SPACES}]+(?=[”]))
    | (?P<open>(?<=[(\[“„])[ {_SPACES}]+)
    | (?P<doubled>``|''|’’|‘‘|,,(?=\w))
    | (?P<ellipsis>…|\.[ ]\.[ ]\.)
    | (?P<invisible>[{_ZERO_WIDTH}]+)
    | (?P<control>[\x00-\x08\x0e-\x1f\x7f]+)
    | (?P<space>[ {_SPACES}]{{2,}}|[{_SPACES}])
    | (?P<quote>[{_SINGLE_QUOTES}{_DOUBLE_QUOTES}])
    | (?P<wide>[\u0132\u0133\u017f\u2100-\u214f\u2460-\u24ff\u3300-\u33ff\ufb00-\ufb06\uff01-\uff5e])
    | (?P<combining>\w[\u0300-\u036f]+)
    """,
    re.VERBOSE,
)


def _plain_form(match: re.Match[str]) -> str:
    """What stands in normalised text for one piece of typography."""
    kind, piece = match.lastgroup, match.group()
    if kind == "entity":
        plain = html.unescape(piece)
        while plain != piece and "&" in plain:
            piece, plain = plain, html.unescape(plain)
        if plain == match.group():
            return plain
        return _TYPOGRAPHY.sub(_plain_form, plain) if len(plain) < 8 else plain
    if kind == "newline":
        return "\n\n" if len(re.findall(r"\r\n|[\r\n\u2028\u2029\x85]", piece)) > 1 else "\n"
    if kind == "dash":
        return " - "
    if kind == "hyphen":
        return "-"
    if kind in ("close", "open", "invisible"):
        return ""
    if kind == "doubled":
        return '"'
    if kind == "ellipsis":
        return "..."
    if kind in ("space", "control"):
        return " "
    if kind == "quote":
        return piece.translate(_PLAIN)
    if kind == "combining":
        return unicodedata.normalize("NFC", piece)
    return unicodedata.normalize("NFKC", piece)


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
            raise IndexError(f"span {start}:{end} lies outside a text of {len(self.text)} characters")
        if start == end:
            at = int(self.starts[start]) if start < len(self.text) else self._original_length()
            return at, at
        return int(self.starts[start]), int(self.ends[end - 1])

    def _original_length(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0


def normalize(text: str) -> Normalized:
    """Take away what engines and scrapers leave in typography, keeping every offset.

    Quotation marks and apostrophes become straight, dashes `` - ``, ligatures, full-width
    letters and entities plain characters; invisible characters, runs of blanks and blanks
    before punctuation go. Line breaks stay (a blank line as ``\\n\\n``).
    """
    pieces: list[str] = []
    starts: list[npt.NDArray[np.int32]] = []
    ends: list[npt.NDArray[np.int32]] = []
    position = 0

    def keep(upto: int) -> None:
        if upto > position:
            pieces.append(text[position:upto])
            places = np.arange(position, upto, dtype=np.int32)
            starts.append(places)
            ends.append(places + 1)

    for match in _TYPOGRAPHY.finditer(text):
        plain = _plain_form(match)
        keep(match.start())
        if plain:
            pieces.append(plain)
            starts.append(np.full(len(plain), match.start(), dtype=np.int32))
            ends.append(np.full(len(plain), match.end(), dtype=np.int32))
        position = match.end()
    keep(len(text))
    empty = np.empty(0, dtype=np.int32)
    return Normalized(
        "".join(pieces),
        np.concatenate(starts) if starts else empty,
        np.concatenate(ends) if ends else empty,
    )


def normalize_text(text: str) -> str:
    """The text of `normalize` alone, where nobody asks for offsets (training)."""
    return _TYPOGRAPHY.sub(_plain_form, text)


# --------------------------------------------------------------------------------------
# Words
# --------------------------------------------------------------------------------------

_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof rev hon st mt ft jr sr sen rep gov gen lt col maj capt cmdr sgt cpl pvt adm
    supt det insp pres vice-pres messrs mme mlle fr bros inc corp ltd co cos llc plc dept univ assn
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thurs fri sat sun
    no nos vs v etc al approx est fig vol pp ed eds p para art sec ch cf ca viz
    ave blvd rd ln hwy bldg apt e.g i.e a.m p.m u.s u.k u.n e.u u.s.a d.c l.a n.y ph.d m.d b.a m.a
    ala ariz ark calif colo conn del fla ill ind kan ky md mass mich minn miss mo mont neb nev okla
    ore pa tenn tex vt va wash wis wyo dlr dlrs mln bln pct sq cu oz lb lbs km cm mm kg mg hr hrs min
    """.split()
)
# After these a capital seldom starts a sentence: a title, month or number stands before its name.
_NEVER_FINAL = frozenset(
    """
    mr mrs ms dr prof rev hon st mt ft sen rep gov gen lt col maj capt cmdr sgt cpl pvt adm supt
    det insp pres messrs mme mlle no nos vs v e.g i.e cf fig vol approx est
    """.split()
)
_SENTENCE_STARTERS = frozenset(
    """
    the a an he she it they we you i his her its their our this that these those there here in on
    at for from with by to as if when while after before since although though because but and or
    so yet still however meanwhile moreover also then now today yesterday tomorrow what who why how
    where which some many most more all both each every no not one two three several last next
    earlier later according asked despite during under over until among between
    """.split()
)

_WORD = re.compile(
    r"""
      (?:[A-Za-z]\.){2,}(?=\W|$)                     # U.S. a.m.
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

_BOILERPLATE = re.compile(
    r"""^\W*(?:
      leave\ a\ (?:comment|reply)\b.* | (?:add|post|write)\ a\ comment\b.* | \d*\ ?comments?
    | download\ (?:the|our)\ .{0,60}\bapps?\b.* | get\ (?:the|our)\ .{0,40}\bapp\b.*
    | (?:sign\ up|subscribe|register)\ (?:for|to|now|here|today)\b.{0,120}
    | (?:click|tap)\ here\b.{0,120} | (?:read|see|watch|find\ out|learn)\ (?:more|also|next)\b.{0,140}
    | (?:related|recommended|more\ (?:on|from|stories)|most\ (?:read|popular)|trending|also\ read)\b.{0,120}
    | advertisement.{0,40} | sponsored(?:\ content)?.{0,20} | story\ continues\ below.{0,40}
    | (?:follow|like|join|find)\ us\ on\b.{0,80} | share\ (?:this|on|via)\b.{0,80} | share | tweet | print | email
    | (?:photo|image|picture|video|credit|source|graphic|file\ photo|photograph)s?(?:\ credit|\ by|\ courtesy)?\ ?[:/].{0,140}
    | .{0,160}\((?:ap|afp|reuters|getty|epa|pa|file)\ ?(?:photo|images|file)?[^)]{0,60}\)
    | .{0,240}\b(?:getty\ images|ap\ (?:file|photo)|afp/getty|reuters/\w+|shutterstock|file\ photo)\W*
    | .{0,200}\ /\ (?:ap|afp|epa|reuters|getty|pool|getty\ images)(?:\ (?:file|images|photo|pool))*(?:\ via\ .{0,30})?
    | (?:copyright|\(c\)|©|all\ rights\ reserved)\b.{0,160} | ©.{0,160} | .{0,120}\ball\ rights\ reserved\b.{0,80}
    | (?:ie|internet\ explorer)\ \d+\ is\ not\ supported.{0,160} | .{0,40}\bvisit\ our\ site\ on\ another\ browser\W*
    | (?:this|our)\ (?:site|website)\ uses\ cookies\b.{0,200} | (?:enable|please\ enable)\ (?:javascript|cookies)\b.{0,120}
    | (?:(?:the\ )?associated\ press|reuters|afp|[A-Z][\w.'-]+(?:\ [A-Z][\w.'-]+){1,3}(?:(?:,|\ and)\ [A-Z][\w.'-]+(?:\ [A-Z][\w.'-]+){1,3})*)\ contributed(?:\ to\ this\ (?:report|story|article))?\W*
    | (?:reporting|editing|writing|additional\ reporting)\ by\b.{0,200}
    | (?:by|from)\ [A-Z][\w.'-]+(?:\ [A-Z][\w.'-]+){1,3}(?:,.{0,60})?
    | (?:published|updated|posted|last\ (?:updated|modified))\b[^a-z]{0,3}.{0,60}
    | (?:skip\ to\ (?:main\ )?content|back\ to\ top|menu|home|search|log\ ?in|sign\ in|close|loading|play|replay)\W*
    )$""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_BYLINE = re.compile(r"^(?:By|From) [A-Z]")

_TERMINAL = re.compile(r"[.!?][\"')\]]*$")
_CANDIDATE = re.compile(
    r"""
      (?P<mark>(?:\.\.\.|[.!?])+)(?P<quotes>["')\]]*)(?P<gap>\s+)(?=["'(\[]*[^\W_a-z])
    | (?P<glued>(?<=[a-z0-9)]{2})[.!?]["']?)(?=[A-Z][a-z']*[ ,][a-z])
    """,
    re.VERBOSE,
)
_LAST_WORD = re.compile(r"([A-Za-z](?:[\w'-]|\.(?=[A-Za-z]))*)$")
_NEXT_WORD = re.compile(r"[\"'(\[]*([^\W_]+)")


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

    Line breaks end a sentence unless the next line goes on in lower case. Abbreviations,
    initials, decimals and quotations do not; a full stop glued to the next sentence, as
    scrapers leave it, does.
    """
    normalized = normalize(text)
    sentences = []
    for line_start, line_end in _iterate_lines(normalized.text):
        line = normalized.text[line_start:line_end]
        if _is_boilerplate(line):
            pieces: list[tuple[int, int]] = [(0, len(line))]
        else:
            pieces = list(_cut_line(line))
        for start, end in pieces:
            piece = line[start:end].replace("\n", " ")
            if not any(c.isalnum() for c in piece):
                continue
            if _is_boilerplate(piece):
                kind = "boilerplate"
            else:
                kind = "sentence" if _TERMINAL.search(piece) else "headline"
            span = normalized.original_span(line_start + start, line_start + end)
            sentences.append(Sentence(piece, *span, kind))
    return sentences


def _is_boilerplate(line: str) -> bool:
    if len(line) > 400 or not _BOILERPLATE.match(line):
        return False
    # "By" and "From" open ordinary sentences too: a byline has only names after them.
    return not (line[:5].lower().startswith(("by ", "from ")) and not _is_byline(line))


def _is_byline(line: str) -> bool:
    return bool(_BYLINE.match(line)) and not line.rstrip().endswith((".", "!", "?"))


def _iterate_lines(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of lines, a line that goes on in lower case joined to the one before it."""
    start = 0
    for match in re.finditer(r"\n+", text):
        goes_on = (
            len(match.group()) == 1
            and match.end() < len(text)
            and text[match.end()].islower()
            and match.start() > start
            and text[match.start() - 1] not in ".!?\"'"
        )
        if not goes_on:
            if match.start() > start:
                yield start, match.start()
            start = match.end()
    if start < len(text):
        yield start, len(text)


def _cut_line(line: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _CANDIDATE.finditer(line):
        if match["glued"] is None and not _ends_sentence(line, match):
            continue
        end = match.end("quotes") if match["glued"] is None else match.end()
        yield from _trim(line, start, end)
        start = match.end()
    yield from _trim(line, start, len(line))


def _trim(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = line[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(stripped)


def _ends_sentence(line: str, match: re.Match[str]) -> bool:
    if match["mark"] != ".":
        # "Stop!" he said: after a quotation that ends in ! or ? lower case was already ruled out.
        return True
    if match["quotes"]:
        return True
    before = _LAST_WORD.search(line, max(0, match.start() - 40), match.start())
    if before is None:
        return True
    word, following = before.group(1), _NEXT_WORD.match(line, match.end())
    lowered, next_word = word.lower(), following.group(1) if following else ""
    if lowered in _NEVER_FINAL and (word[0].isupper() or lowered in ("vs", "v", "e.g", "i.e", "cf")):
        # "the answer was no. He left": a plain word, no title.
        return lowered == "no" and not next_word[:1].isdigit()
    if len(word) == 1 and word.isupper() and word != "I":
        return next_word.lower() in _SENTENCE_STARTERS and _is_after_lower(line, before.start())
    if "." in word or lowered in _ABBREVIATIONS:
        if lowered in _ABBREVIATIONS and "." not in word and not word[0].isupper() and len(word) > 3:
            return True
        return next_word.lower() in _SENTENCE_STARTERS
    return True


def _is_after_lower(line: str, at: int) -> bool:
    """Whether the word before offset `at` is in lower case ("vitamin C. The ...", not "J. K.")."""
    before = line[:at].rstrip().rsplit(" ", 1)[-1]
    return before.islower()


# --------------------------------------------------------------------------------------
# The view that evidence is gathered from
# --------------------------------------------------------------------------------------

_BRITISH_STEMS = re.compile(
    r"""^(?:
      (?P<our>(?:behavi|col|endeav|fav|flav|harb|hon|hum|lab|neighb|od|parl|rum|sav|splend|tum|val|vap|vig|rig|cland|arm|ard|cand|ferv|ranc|succ|glam|misdemean|disfav|dishon|discol)our)(?P<our_rest>\w*)
    | (?P<ise>(?:actual|apolog|author|capital|categor|central|character|civil|colon|computer|critic|crystall|custom|decentral|demobil|democrat|demon|deregular|digit|econom|emphas|energ|equal|familiar|fantas|final|formal|fratern|general|global|harmon|hospital|human|ideal|immun|individual|industrial|initial|institutional|international|jeopard|legal|legitim|liberal|local|marginal|material|maxim|memor|minim|mobil|modern|monopol|national|natural|neutral|normal|optim|organ|patron|penal|personal|polar|popular|prior|privat|radical|rational|real|recogn|reorgan|revolution|scrutin|sensational|social|special|stabil|standard|steril|subsid|summar|symbol|sympath|synchron|terror|traumat|util|vandal|victim|visual|vocal|weapon|western|destabil|unrecogn|uncivil|disorgan|demoral|moral|commercial|dramat|hypnot|mesmer|agon|brutal|bastard|editorial|hypothes|idol|magnet|mechan|motor|ostrac|oxid|pressur|public|random|regular|revital|ritual|romantic|satir|slav|stigmat|synthes|tantal|trivial|vapor|verbal|woman)is)(?P<ise_rest>e|es|ed|ing|er|ers|ation|ations|able)
    | (?P<yse>(?:anal|paral|catal)ys)(?P<yse_rest>e|es|ed|ing)
    | (?P<re>(?:cent|met|kilomet|centimet|millimet|theat|lit|lust|somb|spect|fib|calib|sab|meag)re)(?P<re_rest>s?)
    | (?P<ll>(?:travel|cancel|label|model|level|signal|total|fuel|counsel|marshal|quarrel|rival|channel|dial|equal|initial|jewel|libel|panel|pedal|refuel|shovel|spiral|tunnel|unravel|dishevel))l(?P<ll_rest>ed|ing|er|ers|ery)
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
    "foetus": "fetus", "oestrogen": "estrogen", "haemorrhage": "hemorrhage", "leukaemia": "leukemia",
    "orthopaedic": "orthopedic", "archaeology": "archeology", "mediaeval": "medieval",
    "moustache": "mustache", "pyjamas": "pajamas", "kerb": "curb", "artefact": "artifact",
    "artefacts": "artifacts", "learnt": "learned", "burnt": "burned", "dreamt": "dreamed",
    "spelt": "spelled", "spoilt": "spoiled", "gaol": "jail", "percent": "per cent",
    "adviser": "advisor", "advisers": "advisors", "cosy": "cozy", "draught": "draft",
    "mould": "mold", "smoulder": "smolder", "ok": "okay", "yoghurt": "yogurt", "likeable": "likable",
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
