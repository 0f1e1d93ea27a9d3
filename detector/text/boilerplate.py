"""Tell what a web page puts around its article from the article."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from detector.text.word_lists import read_lines, read_words

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
    | (?:do\ you\ have|have\ you\ got|got|have)\ an?\ (?:news\ )?(?:tip|story)
        (?:\ (?:for\ us|to\ (?:share|tell)(?:\ us)?))?\?\W*
        (?:(?:contact|e-?mail|write\ to|let\ us|tell\ us|call|send)\b.{{0,120}})?
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
    | what\ to\ read\ next | you\ may\ also\ (?:like|be\ interested\ in)
    | join\ the\ (?:conversation|discussion) | share\ (?:this|on|via)\b.{{0,60}}
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

_WORDS = read_words("text/data/boilerplate.txt")

_OPENING_WORDS = frozenset(_WORDS["opening words"])

_CLOSING_MARKS = read_lines("text/data/boilerplate.txt")["closing marks"]

_FIRST_WORD = re.compile(r"\W{0,20}([^\W_]+)")

_DATE_UNITS = frozenset(_WORDS["date units"]).union(*read_words("text/data/calendar.txt").values())

_DATE_WORDS = _DATE_UNITS.union(_WORDS["date words"])

_ORDINAL = re.compile(r"\d{1,4}(?:st|nd|rd|th|am|pm)?$")

ALPHANUMERIC = re.compile(r"[^\W_]+")

_SENTENCE_ENDS = (".", "!", "?")

_LONGEST_BOILERPLATE = 400

#: Headlines in a row that are no part of an article, and sentences above them that make it one.
_FEWEST_TEASERS, _FEWEST_SENTENCES = 3, 5

#: Characters of such a line, and of all of them as a share of the text.
_LONGEST_TEASER, _MOST_TEASERS = 100, 0.25

# What stands above the headlines of other articles.
_TEASER_HEADING = re.compile(
    r"\W*(?:related|recommended|trending|most (?:read|popular|viewed|shared)|also read|read (?:more"
    r"|also|next)|in other news|more (?:stories|news|articles|from|on|in)|what to read next"
    r"|you may also (?:like|be interested in)|editors?'?s? picks?)\b.{0,40}",
    re.IGNORECASE,
)

# Texts that ask for consent, whoever wrote them: one of the first marks and three of all, in a
# sentence that says "you" or "our partners". An article on privacy has one or two.
_ADDRESSES_READER = re.compile(
    r"\b(?:you|your|our\ (?:\d+\ )?(?:partners|vendors|site|website))\b", re.IGNORECASE
)

_PLAIN_CONSENT_MARKS = (
    r"cookies?|tracking technolog\w+",
    r"our (?:[\d,]+ )?(?:partners|vendors)",
    r"personal (?:data|information)",
    r"consent\w*",
    r"legitimate interests?",
    r"privacy (?:policy|notice|settings|cent\w+)",
)

_CONSENT_MARKS = (
    *_PLAIN_CONSENT_MARKS,
    r"geolocation|device scanning|unique identifiers?|browsing data",
    r"permission|object to|withdraw|refuse|reject|opt(?:ing)?[ -]out|at any time",
    r"preferences|choices|settings|options",
    r"advertis\w+|personali[sz]ed (?:ads?|content)",
    r"measurement|audience (?:research|insights)|analytics",
    r"process(?:es|ing)?\b",
    r"stor(?:e|es|ing)\b|access information",
    r"click(?:ing)?|agree|accept",
    r"(?:this|our) (?:web)?site|our services?|(?:these|necessary) cookies|your browser",
)

_CONSENT = re.compile(r"\b(?:" + "|".join(f"({m})" for m in _CONSENT_MARKS) + ")", re.IGNORECASE)

_FEWEST_CONSENT_MARKS = 3

# "These cookies are needed for the website to function."
_COOKIES = re.compile(
    r"\b(?:these|such|necessary|functional|targeting|performance|use|our) cookies\b"
    r".*\b(?:(?:web)?site|browser|services)\b",
    re.IGNORECASE,
)

# What stands beside such sentences and belongs to them: "We value your privacy", "They help us to
# see how visitors move around the site."
_BESIDE_CONSENT = re.compile(
    r"\b(?:cookies?|privacy|consent|preferences|visitors|partners|vendors|personal data"
    r"|(?:this|our|the) (?:web)?site)\b",
    re.IGNORECASE,
)

#: So many sentences that ask for consent are a text of their own, with all that stands among them.
_FEWEST_CONSENT_SENTENCES = 3

#: Two of them with more sentences between them do not belong together.
_LONGEST_GAP = 3


def is_finished(piece: str) -> bool:
    """Whether a piece ends as a sentence does: full stop, question or exclamation mark."""
    return piece.rstrip("\"')] ").endswith(_SENTENCE_ENDS)


def is_boilerplate(line: str) -> bool:
    """Whether a web page put a line around its article, rather than a writer in it."""
    if len(line) > _LONGEST_BOILERPLATE:
        return False
    first = _FIRST_WORD.match(line)
    if first is None:
        return False
    word, start = first.group(1).lower(), first.start(1)
    finished = is_finished(line)
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


def is_consent(piece: str) -> bool:
    """Whether a sentence asks a reader to be tracked: "We and our partners store ..."."""
    if _COOKIES.search(piece):
        return True
    if not _ADDRESSES_READER.search(piece):
        return False
    marks = {match.lastindex or 0 for match in _CONSENT.finditer(piece)}
    plain = min(marks, default=0) <= len(_PLAIN_CONSENT_MARKS)
    return plain and len(marks) >= _FEWEST_CONSENT_MARKS


def find_consent(pieces: Sequence[str]) -> frozenset[int]:
    """Indices of the sentences that ask a reader to be tracked, and of those that go with them."""
    asking = [index for index, piece in enumerate(pieces) if is_consent(piece)]
    found = set(asking)
    for run in _group_runs(asking):
        if len(run) < _FEWEST_CONSENT_SENTENCES:
            continue
        first, last = run[0], run[-1]
        while first > 0 and _BESIDE_CONSENT.search(pieces[first - 1]):
            first -= 1
        while last + 1 < len(pieces) and _BESIDE_CONSENT.search(pieces[last + 1]):
            last += 1
        found.update(range(first, last + 1))
    return frozenset(found)


def find_teasers(pieces: Sequence[tuple[str, str]]) -> Iterator[int]:
    """Indices of the headlines of other articles that stand below an article.

    They are short, three and more in a row, at its end or below a line that says so. Where they are
    much of a text it is a list, which keeps them.

    Args:
        pieces: kind and text of each sentence, see `detector.text.sentences.Sentence`.
    """
    runs = [(kind, list(run)) for kind, run in groupby(range(len(pieces)), lambda i: pieces[i][0])]
    last = max((n for n, (kind, _) in enumerate(runs) if kind != "boilerplate"), default=-1)
    size, sentences = sum(len(text) for _, text in pieces), 0
    for number, (kind, run) in enumerate(runs):
        sentences += len(run) if kind == "sentence" else 0
        if kind != "headline" or sentences < _FEWEST_SENTENCES or len(run) < _FEWEST_TEASERS:
            continue
        lengths = [len(pieces[index][1]) for index in run]
        if max(lengths) > _LONGEST_TEASER or sum(lengths) > _MOST_TEASERS * size:
            continue
        if number == last or _TEASER_HEADING.fullmatch(pieces[run[0] - 1][1]):
            yield from run


def _group_runs(places: Sequence[int]) -> list[list[int]]:
    """Places in groups, a new one behind every long gap."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place - runs[-1][-1] - 1 <= _LONGEST_GAP:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _is_date_line(line: str) -> bool:
    """Whether a line is only a date, a time or a "2 hours ago"."""
    if len(line) > 60:
        return False
    words = ALPHANUMERIC.findall(line.lower())
    numbers = sum(bool(_ORDINAL.match(word)) for word in words)
    known = [word for word in words if word in _DATE_WORDS]
    return 0 < numbers == len(words) - len(known) and not _DATE_UNITS.isdisjoint(known)
