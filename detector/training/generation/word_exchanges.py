"""Words that an editor exchanges for one another, each only where the other fits.

A spinner exchanges words whatever stands around them: "to post prices" becomes "to job prices",
"the purchase of oil" "the buy of oil". A person does not, and this module stands for a person.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from detector.training.generation.spinner import starts_with_vowel_sound

#: Equals wherever they stand; one pair between semicolons.
_ANYWHERE = """
began|started;bought|purchased;nearly|almost;huge|massive;despite|in spite of;company|firm
companies|firms;children|kids;country|nation;countries|nations;film|movie;films|movies;money|cash
often|frequently;quickly|rapidly;for example|for instance;usually|normally;mainly|mostly
entirely|completely;especially|particularly;eventually|ultimately;crucial|vital;furious|angry
famous|well-known;mistake|error;mistakes|errors;employee|worker;employees|workers;lawyer|attorney
lawyers|attorneys;teenager|teen;teenagers|teens;photograph|photo;photographs|photos;ship|vessel
ships|vessels;aircraft|plane;region|area;regions|areas;opportunity|chance;opportunities|chances
rival|competitor;rivals|competitors;investigation|inquiry;resigned|stepped down;arrested|detained
rejected|turned down;destroyed|wrecked;halted|stopped
"""

#: A word and what may stand for it wherever it stands: an editor prefers the short and usual word.
_SIMPLER = """
begin|start;begins|starts;roughly|about;approximately|about;although|though;ahead of|before
individuals|people;wounded|injured;negotiations|talks;proposal|plan;ballot|vote;physician|doctor
physicians|doctors;currently|now;numerous|many;several|a number of;prior to|before;in order to|to
due to|because of;regarding|about;additional|extra;sufficient|enough;commenced|began;commence|begin
obtain|get;obtained|got;utilize|use;assisted|helped;resides|lives;subsequently|later;enormous|huge
essential|vital;probe|inquiry;attempts to|tries to;permitted to|allowed to;whilst|while
difficult|hard;wealthy|rich;automobile|car;automobiles|cars;blaze|fire;hazard|danger
hazards|dangers;remarks|comments;departed|left;demonstrated|showed;acquired|bought;informed|told
requested|asked for;sought to|tried to;vowed to|promised to;pledged to|promised to;launched|started
verified|confirmed;terrified|scared;residents|people;salary|pay;entire|whole;method|approach
stated|said;noted|said;formerly|once;merely|only;simply|just
"""

_MODAL = r"(?:to|will|would|can|could|may|might|must|should|not) "
_THE = r"(?:the|a|an|this|that|its|his|her|their|new) "
_NUMBER = r"(?= (?:[$£€]?\d|two|three|four|five|six|seven|eight|nine|ten|half|a (?:dozen|hundred)))"
_CLAUSE = r"(?= (?:that|it|he|she|they|we|the|this|there)\b)"
_AMOUNT = r"(?= (?:by|to|from|\d))"
_TO = r"(?= to\b)"
_NOUN = r"(?= (?:the|a|an|his|her|its|their|last) [\w-]+(?:[.,;]| (?:in|on|of|at|by|for|with)\b))"
_END = r"(?=[.,;])"
_NO_AUXILIARY = (
    r"(?<!has )(?<!have )(?<!had )(?<!be )(?<!been )(?<!is )(?<!are )(?<!was )(?<!were )(?<!an )"
)

#: What stands before, two words that stand for one another there, what stands after.
_EITHER_WAY_IN_PLACE = (
    (_MODAL, "buy", "purchase", ""),
    ("", "tried", "attempted", _TO),
    ("", "want", "hope", _TO),
    ("", "wants", "hopes", _TO),
    ("", "wanted", "hoped", _TO),
    ("", "think", "believe", _CLAUSE),
    ("", "thinks", "believes", _CLAUSE),
    ("", "showed", "revealed", r"(?= that\b)"),
    ("", "shows", "reveals", r"(?= that\b)"),
    ("", "said", "added", _END),
    ("", "needs", "requires", r"(?= (?:a|an|the|more)\b)"),
    ("", "more than", "over", _NUMBER),
    ("", "less than", "under", _NUMBER),
    ("", "after", "following", _NOUN),
    (_NO_AUXILIARY, "rose", "increased", _AMOUNT),
    (_NO_AUXILIARY, "fell", "dropped", _AMOUNT),
    (_THE, "attack", "assault", ""),
    (_THE, "fight", "battle", ""),
    (_THE, "deal", "agreement", ""),
    (_THE, "post", "job", r"(?= as\b)"),
    (_THE, "shop", "store", _END),
)  # fmt: skip

#: What stands before, a word, what may stand for it, what stands after.
_IN_PLACE = (
    (_MODAL, "attempt", "try", _TO),
    ("", "try", "attempt", _TO),
    ("", "start", "begin", _TO),
    ("", "starts", "begins", _TO),
    ("", "announced", "said", _CLAUSE),
    (_MODAL, "demonstrate", "show", ""),
    (_MODAL, "acquire", "buy", ""),
    (_MODAL, "help", "assist", r"(?= (?:the|him|her|them|us|people|those)\b[^,;]{0,30}[.,;])"),
    (_MODAL, "increase", "raise", r"(?= (?:the|its|their|his|her)\b)"),
    (_MODAL, "reduce", "cut", r"(?= (?:the|its|their|his|her)\b)"),
    (_MODAL, "end", "finish", r"(?= (?:the|its|their|his|her)\b)"),
    (_MODAL, "keep", "maintain", r"(?= (?:the|its|their) [a-z]+[.,;])"),
    (_MODAL, "need", "require", r"(?= (?:a|an|the|more)\b)"),
    ("", "about", "around|roughly|some", _NUMBER),
    ("", "around", "about", _NUMBER),
    ("", "at least", "no fewer than", _NUMBER),
    ("", "many", "a number of", r"(?= [a-z]+s\b)"),
    ("", "before", "ahead of", _NOUN),
    ("", "because", "since", r"(?= (?:it|he|she|they|we|the)\b)"),
    (r", ", "but", "yet", r"(?= (?:it|he|she|they|we|the)\b)"),
    (r"(?:was|were|been) ", "hurt", "injured", ""),
    (r"(?:was|were|been) ", "injured", "hurt|wounded", ""),
    (r"(?:ask|asked|know|knows|clear|decide|decided|see) ", "whether", "if", ""),
    (r"(?<!the )(?<!of )(?<!from )", "last year", "a year ago", _END),
    (_THE, "plan", "proposal", ""),
    (_THE, "vote", "ballot", _END),
    (_THE, "important", "key", r"(?= [a-z]+\b)"),
    (_THE, "leader", "head", r"(?= of\b)"),
    (r"the ", "world", "globe", _END),
    (r"(?:peace|trade|of|for|begin|in|resume|hold|the) ", "talks", "negotiations", ""),
    ("", "police", "officers", r"(?= (?:said|say|have|were|are|had|arrested|found)\b)"),
)  # fmt: skip

_ARTICLE = re.compile(r"\b([Aa])n? $")


@dataclass(frozen=True)
class _Exchange:
    """A word in its place, and what may stand for it there."""

    pattern: re.Pattern[str]
    others: tuple[str, ...]


class _Found(NamedTuple):
    """Where a word stands that may be exchanged."""

    start: int
    end: int
    others: tuple[str, ...]


def _collect() -> Iterator[_Exchange]:
    for pair in filter(None, _ANYWHERE.replace("\n", ";").split(";")):
        one, other = pair.split("|")
        yield _compile("", one, other, "")
        yield _compile("", other, one, "")
    for pair in filter(None, _SIMPLER.replace("\n", ";").split(";")):
        long, short = pair.split("|")
        yield _compile("", long, short, "")
    for before, one, other, after in _EITHER_WAY_IN_PLACE:
        yield _compile(before, one, other, after)
        yield _compile(before, other, one, after)
    for place in _IN_PLACE:
        yield _compile(*place)


def _compile(before: str, word: str, others: str, after: str) -> _Exchange:
    first = f"[{word[0]}{word[0].upper()}]"
    pattern = rf"(?<![\w'-]){before}(?P<word>{first}{re.escape(word[1:])})(?![\w'-]){after}"
    return _Exchange(re.compile(pattern), tuple(others.split("|")))


_EXCHANGES = tuple(_collect())


def exchange_words(sentence: str, rng: random.Random, rate: float) -> str:
    """A sentence in which each word that has an equal in its place is exchanged at `rate`.

    A capital stays one. Inside a sentence it is a name's, which is left alone.
    """
    found: dict[int, _Found] = {}
    for exchange in _EXCHANGES:
        for match in exchange.pattern.finditer(sentence):
            start, end = match.span("word")
            is_name = sentence[start].isupper() and start > 1
            if not is_name and start not in found:
                found[start] = _Found(start, end, exchange.others)
    edited, at = "", 0
    for start in sorted(found):
        if start < at or rng.random() >= rate:
            continue
        word = rng.choice(found[start].others)
        edited = _fit_article(edited + sentence[at:start], word)
        edited += word[0].upper() + word[1:] if sentence[start].isupper() else word
        at = found[start].end
    return edited + sentence[at:]


def _fit_article(before: str, word: str) -> str:
    """What stands before a word, with "a" or "an" at its end as the word asks for."""
    article = _ARTICLE.search(before)
    if article is None:
        return before
    n = "n" if starts_with_vowel_sound(word) else ""
    return f"{before[: article.start()]}{article[1]}{n} "
