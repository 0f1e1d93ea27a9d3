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
huge|massive;despite|in spite of;quickly|rapidly;for example|for instance;usually|normally
mainly|mostly;entirely|completely;especially|particularly;eventually|ultimately;crucial|vital
famous|well-known
"""

#: A word and what may stand for it wherever it stands: an editor prefers the short and usual word.
_SIMPLER = """
begin|start;begins|starts;approximately|about;although|though;individuals|people
wounded|injured;negotiations|talks;proposal|plan;physician|doctor;physicians|doctors
currently|now;numerous|many;prior to|before;in order to|to;additional|extra;commence|begin
obtain|get;utilize|use;resides|lives;subsequently|later;enormous|huge;essential|vital
permitted to|allowed to;whilst|while;automobile|car;automobiles|cars;remarks|comments
vowed to|promised to;pledged to|promised to;terrified|scared;nearly|almost;entire|whole
method|approach;formerly|once;merely|only;simply|just
employee|worker;employees|workers;lawyer|attorney;lawyers|attorneys;teenager|teen;teenagers|teens
companies|firms;region|area;regions|areas;opportunities|chances;halted|stopped
"""

_MODAL = r"(?:to|will|would|can|could|may|might|must|should|not) "
_WHO = r"(?:he|she|they|we|you|who|people) "
_THE = r"(?:the|a|an|this|its|his|her|their|our|new) "
_SINGULAR = r"(?:a|an|this|another|one) "
_POSSESSIVE = r"(?= (?:the|its|their|his|her)\b)"
_DETERMINERS = "the|a|an|his|her|its|their"
_OBJECT = rf"(?= (?:{_DETERMINERS})\b)"
_COUNT = r"(?:\d|(?:two|three|four|five|six|seven|eight|nine|ten|half|a (?:dozen|hundred))\b)"
#: No decade: "over 90s music" is about it.
_NUMBER = rf"(?= (?!\d+s\b)(?:[$£€]\d|{_COUNT}))"
_PEOPLE = rf"(?= {_COUNT}[\d,]* ?(?:people|[a-z]+s)\b)"
#: A number behind one of these is an amount.
_BEFORE_AMOUNT = (
    r"(?:for|in|by|to|with|has|have|had|cost|costs|raised|lost|spent|paid|sold|killed|drew|only"
    r"|after) "
)
_BEFORE_COUNT = r"(?:there are|there were|are|were|in|for|with|by|from|has|have|had) "
_BY_AMOUNT = r"(?= (?:(?:by|to|from) )?(?:[$£€]?\d|a (?:third|quarter|half|tenth|fifth)\b))"
_CLAUSE = r"(?= (?:that|he|she|they|we) [a-z])"
_TO = r"(?= to\b)"
_END = r"(?=[.,;])"
#: The noun phrase ends with the word, so it is the noun.
_NOUN = (
    r"(?=[.,;]| (?:in|on|at|by|for|with|from|near|after|before|that|which|and|was|were|is|are|has"
    r"|had|will|would|said|says)\b)"
)
#: No verb follows, so that the noun begins no clause: "after the attack killed two".
_RESTS = r"(?:[.,;]| (?:in|on|at|with|between|against|of)\b)"
_EVENT = (
    rf"(?= (?:{_DETERMINERS}|last|next) (?:\w+ )?(?:election|vote|match|game|summit"
    r"|meeting|trial|ceremony|season|talks|race|visit|festival|launch|tournament|release"
    rf"|opening|final|wedding|concert|debate|conference){_RESTS})"
)
_INCIDENT = (
    rf"(?= (?:{_DETERMINERS}|last) (?:\w+ )?(?:attack|crash|death|accident|incident|fire"
    r"|storm|arrest|defeat|victory|explosion|shooting|election|vote|meeting|match|game)"
    rf"{_RESTS})"
)
_NO_DISTANCE = (
    r"(?<!soon )(?<!shortly )(?<!hours )(?<!days )(?<!day )(?<!weeks )(?<!months )(?<!years )"
    r"(?<!minutes )(?<!just )(?<!ran )(?<!took )(?<!named )(?<!look )(?<!looks )(?<!looked )"
    r"(?<!looking )"
)
_NO_AUXILIARY = (
    r"(?<!has )(?<!have )(?<!had )(?<!be )(?<!been )(?<!being )(?<!is )(?<!are )(?<!was )(?<!were )"
    r"(?<!an )(?<!a )(?<!got )(?<!get )"
)
_NO_DEGREE = r"(?<!more )(?<!most )(?<!less )(?<!so )(?<!as )"
#: What money buys: no time, no story.
_GOODS = r"(?= (?:a|an|the|\d[\d,]*|two|three|four|five|more) (?!time\b|way\b)[a-z]+)"
_OFFER = (
    rf"(?= (?:{_DETERMINERS}) (?:offer|plea|bid|request|proposal|plan|recommendation"
    r"|appeal)\b)"
)

#: What stands before, two words that stand for one another there, what stands after.
_EITHER_WAY_IN_PLACE = (
    (_MODAL, "buy", "purchase", _GOODS),
    ("", "bought", "purchased", _GOODS),
    (_NO_AUXILIARY, "tried", "attempted", _TO),
    ("", "think", "believe", _CLAUSE),
    ("", "thinks", "believes", _CLAUSE),
    (_NO_AUXILIARY, "showed", "revealed", r"(?= that\b)"),
    ("", "shows", "reveals", r"(?= that\b)"),
    (r"(?:he|she|they|officials|police) ", "said", "added", r"(?=\.)"),
    ("", "needs", "requires", r"(?= (?:a|an|more)\b)"),
    (_NO_AUXILIARY, "rose", "increased", _BY_AMOUNT),
    (_NO_AUXILIARY, "fell", "dropped", _BY_AMOUNT),
    (_THE, "attack", "assault", _NOUN),
    (_THE, "fight", "battle", _NOUN),
    (_THE, "deal", "agreement", _NOUN),
    (_THE, "shop", "store", _END),
    (_THE, "film", "movie", _NOUN),
    (_THE, "rival", "competitor", _NOUN),
    (_NO_AUXILIARY, "began", "started", r"(?= (?:in|on|to|at|last|work|talks)\b)"),
    (r"(?<!how )(?<!more )", "often", "frequently", ""),
    (r"(?:their|two|three|four|young) ", "children", "kids", _END),
    (_THE, "opportunity", "chance", _TO),
)  # fmt: skip

#: What stands before, a word, what may stand for it, what stands after.
_IN_PLACE = (
    (_WHO, "hope", "want", _TO),
    (r"(?:he|she|it|who) ", "hopes", "wants", _TO),
    (_MODAL, "attempt", "try", _TO),
    (_THE, "post", "job", r"(?= as\b)"),
    (_THE, "mistake", "error", _NOUN),
    (r"(?:was|were|is|are) ", "furious", "angry", ""),
    (r"(?<!no )", "less than", "under", _NUMBER),
    (_BEFORE_AMOUNT, "under", "less than", _NUMBER),
    (_WHO, "try", "attempt", _TO),
    (_WHO, "start", "begin", _TO),
    (r"(?:he|she|it|who) ", "starts", "begins", _TO),
    (r"(?:he|she|it|who) ", "attempts", "tries", _TO),
    (_NO_AUXILIARY, "sought", "tried", _TO),
    ("", "announced", "said", _CLAUSE),
    (_NO_AUXILIARY, "stated", "said", r"(?= that\b)"),
    (_NO_AUXILIARY, "noted", "said", r"(?= that\b)"),
    (_NO_AUXILIARY, "informed", "told", r"(?= (?:the|him|her|them|us|me)\b)"),
    (_NO_AUXILIARY, "requested", "asked for", _OBJECT),
    (_NO_AUXILIARY, "demonstrated", "showed", r"(?= (?:that|how|a|his|her|its|their)\b)"),
    (_NO_AUXILIARY, "obtained", "got", _OBJECT),
    (_NO_AUXILIARY, "departed", "left", r"(?= for\b)"),
    (_NO_AUXILIARY, "commenced", "began", ""),
    ("", "assisted", "helped", r"(?= (?:him|her|them|the|in)\b)"),
    ("", "launched", "started", r"(?= (?:a|an|its|their) (?:campaign|investigation|inquiry|appeal"
        r"|project|programme|program|review|petition|scheme)\b)"),
    (_NO_AUXILIARY + r"(?<!looked )(?<!sounded )(?<!seemed )", "resigned", "stepped down|quit",
        r"(?=[.,;]| (?:after|over|last|amid)\b)"),
    (_MODAL, "demonstrate", "show", r"(?= (?:that|how|a|an|his|her|its|their)\b)"),
    (_MODAL, "help", "assist", r"(?= (?:him|her|them|us)(?:[.,;]| (?:in|with)\b))"),
    (_MODAL, "increase", "raise", _POSSESSIVE),
    (_MODAL, "reduce", "cut", _POSSESSIVE),
    (_MODAL, "need", "require", r"(?= (?:a|an|more)\b)"),
    (_BEFORE_AMOUNT, "about", "around|roughly|some", _NUMBER),
    (_BEFORE_AMOUNT, "around", "about|roughly|some", _NUMBER),
    ("", "roughly", "about|around", _NUMBER),
    (r"(?<!no )", "more than", "over", _NUMBER),
    (_BEFORE_AMOUNT, "over", "more than", _NUMBER),
    ("", "at least", "no fewer than", _PEOPLE),
    (_BEFORE_COUNT, "many", "a number of", r"(?= [a-z]+s\b)"),
    (_BEFORE_COUNT, "several", "a number of", r"(?= (?!hundreds?|thousands?|times)[a-z]+s\b)"),
    ("", "sufficient", "enough", r"(?= [a-z]+s\b)"),
    (r"(?<!brought )(?<!appeared )(?<!testified )(?<!spoke )(?<!just )", "before", "ahead of",
        _EVENT),
    ("", "ahead of", "before", _EVENT),
    (_NO_DISTANCE, "after", "following", _INCIDENT),
    (r"[a-z]+ed ", "following", "after", _INCIDENT),
    (_NO_AUXILIARY, "due to", "because of", r"(?= (?:the weather|the storm|the pandemic|a lack"
        r"|lack|bad|poor|heavy|high|low|concerns|injury|illness)\b)"),
    (r"(?<!just )(?<!not )(?<!only )(?<!simply )(?<!partly )(?<!largely )(?<!mainly )(?<!or )"
        r"(?<!and )(?<!is )(?<!was )(?<!'s )", "because", "since", r"(?= (?:it|he|she|they|we)\b)"),
    (r"(?<=, )", "but", "yet", r"(?= (?:it|he|she|they|we|the)\b)"),
    (r"(?:people|men|women|officers|passengers) (?:was|were|been) ", "hurt", "injured", ""),
    (r"(?:was|were|been) ", "injured", "hurt|wounded", ""),
    (r"(?:ask|asked|know|knows|decided) ", "whether", "if", r"(?! (?:or|to)\b)"),
    (r"[a-z]+ed ", "last year", "a year ago", _END),
    (r"(?:stories|questions|details|information|concerns|rules|laws) ", "regarding", "about", ""),
    (_THE, "plan", "proposal", _NOUN),
    (_THE, "ballot", "vote", _NOUN),
    (_THE, "blaze", "fire", _NOUN),
    (_THE, "hazard", "danger", _NOUN),
    (_THE, "probe", "inquiry", r"(?= into\b)"),
    (_THE, "investigation", "inquiry", r"(?= into\b)"),
    (_THE, "photograph", "photo", ""),
    (_THE, "company", "firm", _NOUN),
    (_THE, "firm", "company", r"(?= (?:in|that|which|was|is|has|had|will|would|said|says)\b)"),
    (_SINGULAR, "ship", "vessel", _NOUN),
    (_SINGULAR, "aircraft", "plane", _NOUN),
    (r"(?:his|her|their) ", "salary", "pay", _NOUN),
    (r"(?:the|of|more|some) ", "money", "cash", r"(?=[.,;]| (?:to|for|from|was|had|would)\b)"),
    (_THE, "important", "key", r"(?= (?!and\b|to\b|for\b|but\b|because\b)[a-z]+\b)"),
    (_NO_DEGREE, "difficult", "hard", ""),
    (_NO_DEGREE, "wealthy", "rich", ""),
    (r"the ", "leader", "head", r"(?= of\b)"),
    (r"(?:around|across) the ", "world", "globe", _END),
    (r"(?:peace|trade|of|for|begin|in|resume|hold|the) ", "talks", "negotiations", ""),
    (r"(?:^|the )", "police", "officers", r"(?= (?:said|say|have|were|are|had|arrested|found)\b)"),
    (r"local ", "residents", "people", ""),
    (_NO_AUXILIARY + r"(?<!the )", "rejected", "turned down", _OBJECT),
    ("", "turned down", "rejected", _OFFER),
    (r"(?<!in )(?:our|this) ", "country", "nation", _END),
    (r"(?:was|were|been|be) ", "arrested", "detained", ""),
    (r"(?:was|were|been|be) ", "destroyed", "wrecked", ""),
)  # fmt: skip

_ARTICLE = re.compile(r"\b([Aa])n? $")


@dataclass(frozen=True)
class _Exchange:
    """A word in its place, and what may stand for it there."""

    pattern: re.Pattern[str]
    others: tuple[str, ...]


class _Found(NamedTuple):
    """Where a word ends that may be exchanged, and for what."""

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
    word_itself = f"(?P<word>{first}{re.escape(word[1:])})"
    pattern = rf"(?<![\w'-])(?i:{before}){word_itself}(?![\w'-]){after}"
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
            before = found.get(start, _Found(end, ()))
            if not is_name and before.end == end:
                others = dict.fromkeys(before.others + exchange.others)
                found[start] = _Found(end, tuple(others))
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
