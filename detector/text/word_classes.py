"""What is known of a word whatever stands beside it: its classes, its shape, its letters.

The classes are those that the literature on translationese counts; see `detector.counting`.
"""

from __future__ import annotations

import re
import threading

import numpy as np
import numpy.typing as npt

from detector.text.masking import NAME_PLACEHOLDER

# Word caches are emptied beyond this many forms (some 20 MB).
CACHE_LIMIT = 1 << 17

# What is longer is no word; only so much of it is looked at.
LONGEST_WORD = 48

# Those that told human from machine most steadily on round trips and on translations of news.
FUNCTION_WORDS = tuple(
    """
    the a an of in to for with on at by from as into after over under within during about across
    and or but if that which who what when while though although because than whether
    this these that's those such same other it he we you they i him its their our
    is are was were be been being has have had having will would can could should may might must
    not no don't it's
    also only just even already again still very more some any
    up out off down according said
    """.split()
)

_WORD_CLASSES = {
    "definite": "the",
    "indefinite": "a an",
    "preposition": """
        of in to for with on at by from as into about after before over under through within during
        between against across until since towards toward upon among amongst amid without beyond
        behind near despite per via throughout along around beside besides above below including
        regarding concerning following like than onto inside outside""",
    "particle": "up down off out away back over",
    "pronoun": """
        i you he she it we they me him her us them myself yourself himself herself itself ourselves
        themselves one oneself someone somebody something anyone anybody anything everyone everybody
        everything nobody nothing it's he's she's i'm we're they're you're i've we've they've you've
        he'd she'd i'd we'd they'd you'd he'll she'll i'll we'll they'll you'll it'll""",
    "first person": """
        i me my mine myself we us our ours ourselves i'm i've i'd i'll we're we've we'd we'll""",
    "second person": "you your yours yourself yourselves you're you've you'd you'll",
    "possessive": "my your his her its our their mine yours hers ours theirs",
    "demonstrative": "this that these those",
    "modal": """
        will would shall should can could may might must won't wouldn't shouldn't can't cannot
        couldn't ought""",
    "be": "be am is are was were been being isn't aren't wasn't weren't",
    "have": "have has had having haven't hasn't hadn't",
    "auxiliary": """
        am is are was were do does did have has had will would shall should can could may might must
        """,
    "coordinating": "and or but nor yet so",
    "subordinating": """
        because although though while whereas unless whether if since until when once as lest""",
    "relative": "who whom whose which where",
    "quantifier": """
        all both each every some any many much most more few fewer less least several another
        enough""",
    "negation": "not no never none nobody nothing nor neither cannot",
    "additive marker": """
        moreover furthermore additionally besides also likewise similarly further namely indeed
        again""",
    "contrast marker": """
        however nevertheless nonetheless instead rather conversely still otherwise contrary
        although though whereas yet""",
    "causal marker": "therefore thus hence consequently accordingly thereby because so since",
    "temporal marker": """
        meanwhile subsequently finally then afterwards afterward eventually previously currently
        recently initially lastly firstly secondly thereafter""",
    "hedge": """
        perhaps maybe possibly probably apparently reportedly allegedly presumably likely about
        roughly approximately almost nearly somewhat rather quite""",
    "intensifier": "very really extremely highly too so quite totally completely absolutely",
    "reporting": """
        say says said saying tell tells told add adds added announce announces announced explain
        explains explained claim claims claimed report reports reported note notes noted stress
        stressed emphasize emphasized emphasise emphasised declare declared argue argues argued
        insist insists insisted admit admits admitted confirm confirms confirmed believe believes
        believed think thinks thought know knows knew hope hopes hoped warn warns warned suggest
        suggests suggested state states stated indicate indicates indicated mention mentioned claim
        show shows showed find finds found estimate estimates estimated reveal reveals revealed
        assure assured conclude concluded predict predicted expect expects expected""",
    "clause subject": """
        the a an i he she it we they you there his her its our their this these those xx""",
    "that": "that",
    "not": "not",
    "more": "more less",
    "than": "than",
    "of": "of",
    "and": "and",
}  # fmt: skip

# Irregular past participles of the verbs that newspapers use most.
_PARTICIPLES = frozenset(
    """
    made taken given found held known seen shown sent built told paid put set cut hit left lost won
    sold bought brought caught taught written driven chosen spoken broken stolen worn born drawn
    grown thrown shot hurt led fed kept laid met read said spent understood thought heard forced
    done gone become begun come run fallen risen fought forgotten hidden beaten bitten blown felt
    flown frozen hung meant rung sung sunk shaken slept spread stuck struck sworn swept torn woken
    withdrawn overthrown undertaken overcome upheld got gotten had been let lent lit cast split
    """.split()
)

# Closed-class words: what is left of the lower-case words carries the content.
_CLOSED_CLASS = frozenset(FUNCTION_WORDS).union(
    *(
        words.split()
        for name, words in _WORD_CLASSES.items()
        if name not in ("reporting", "clause subject")
    )
) - {"said", "according"}

_MARKS = {
    "comma": ",",
    "colon": ":",
    "semicolon": ";",
    "dash": "-",
    "opening": "([",
    "closing": ")]",
    "question": "?",
    "exclamation": "!",
    "stop": ".",
}

_NOMINAL = re.compile(r".{3}(?:tion|sion|ment|ness|ity|ance|ence|ism|ship)s?$|.{3}ities$")

_CONTRACTION = re.compile(r"(?:n't|'(?:re|ve|ll|d|m))$|^(?:it|he|she|that|there|what|who|let)'s$")


def is_contraction(lowered: str) -> bool:
    """Whether a word in lower case is contracted from two ("it's", "don't")."""
    return "'" in lowered and bool(_CONTRACTION.search(lowered))


def is_genitive(lowered: str) -> bool:
    """Whether a word in lower case ends in a genitive "'s"."""
    return lowered.endswith("'s") and not is_contraction(lowered)


def _find_shape(form: str) -> dict[str, bool]:
    """What the letters of a form tell; a capital means a name, of which little is asked."""
    lowered = form.lower()
    is_word, is_lower, length = form[:1].isalpha(), form.islower(), len(form)
    is_open = form not in _CLOSED_CLASS
    return {
        "word": is_word,
        "small": form[:1].islower() and form != NAME_PLACEHOLDER,
        "long": is_word and length >= 9,
        "short": is_word and length <= 3,
        "hyphenated": is_word and "-" in form,
        "contraction": is_contraction(lowered),
        "contracted not": form.endswith("n't"),
        "genitive": form.endswith("'s") and is_genitive(lowered),
        "nominalisation": is_lower and bool(_NOMINAL.search(form)),
        "adverb": is_lower and length > 4 and form.endswith("ly"),
        "ing": is_lower and length > 4 and form.endswith("ing") and is_open,
        "opening ing": length > 5 and form.endswith("ing") and lowered not in _CLOSED_CLASS,
        "participle": form in _PARTICIPLES or (length > 4 and form.endswith("ed")),
        "comparative": length > 4 and form.endswith("er") and is_open,
        "content": form[:1].islower() and is_open and form != NAME_PLACEHOLDER,
    }


_SHAPES = tuple(_find_shape(""))

_TRAITS = (*_WORD_CLASSES, *_MARKS, *_SHAPES)

#: The column of each trait in `Lexicon.traits`.
TRAIT = {name: place for place, name in enumerate(_TRAITS)}

# Markers of two words and more, told by the two that give them away ("on the other hand").
_MARKER_PAIRS = {
    "additive marker": (
        "in addition", "as well", "in particular", "for example", "for instance", "in fact",
        "of course",
    ),
    "contrast marker": (
        "other hand", "even though", "in contrast", "despite this", "at least", "in spite",
    ),
    "causal marker": ("a result", "due to", "because of", "owing to", "for this", "in order"),
    "temporal marker": (
        "same time", "so far", "the meantime", "at present", "in recent", "after that",
    ),
}  # fmt: skip

PAIR_KINDS = tuple(_MARKER_PAIRS)

_PAIRS = tuple((*pair.split(), kind) for kind, pairs in _MARKER_PAIRS.items() for pair in pairs)

_PAIR_WORDS = {
    word: number for number, word in enumerate(sorted({w for pair in _PAIRS for w in pair[:2]}), 1)
}

_FUNCTION_NUMBERS = {word: number for number, word in enumerate(FUNCTION_WORDS)}


def _tabulate_pairs() -> npt.NDArray[np.uint8]:
    table = np.zeros((len(_PAIR_WORDS) + 1,) * 2, np.uint8)
    for first, second, kind in _PAIRS:
        table[_PAIR_WORDS[first], _PAIR_WORDS[second]] = PAIR_KINDS.index(kind) + 1
    return table


#: Kind (from 1) of the marker that two words open, by their marker numbers; 0 for no marker.
PAIR_TABLE = _tabulate_pairs()


def _list_classes() -> dict[str, list[int]]:
    members = {name: words.split() for name, words in _WORD_CLASSES.items()}
    members |= {name: list(marks) for name, marks in _MARKS.items()}
    classes: dict[str, list[int]] = {}
    for name, words in members.items():
        for word in words:
            classes.setdefault(word, []).append(TRAIT[name])
    return classes


_CLASSES_OF = _list_classes()

#: The columns of `Lexicon.facts`.
TYPE, FUNCTION, LETTERS, MARKER = range(4)


class Lexicon(dict[str, int]):
    """The place of every word form met so far in tables of what is known of it.

    A form is worked out when it is first asked for. Threads may share one lexicon: a form gets
    its place only after its entries are written.

    Attributes:
        traits: (forms, traits), 1 where a form has a trait; columns by `TRAIT`.
        facts: (forms, 4), numbers: of its lower-case form, of its function word (or one more than
            there are), of its letters, and among the words of markers (or 0).
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._types: dict[str, int] = {}
        self.traits = np.zeros((4096, len(_TRAITS)), np.uint8)
        self.facts = np.zeros((4096, 4), np.int64)

    def __missing__(self, form: str) -> int:
        if len(form) > LONGEST_WORD:
            return self[form[:LONGEST_WORD]]
        with self._lock:
            if form not in self:
                if len(self) == len(self.traits):
                    self.traits = np.concatenate([self.traits, np.zeros_like(self.traits)])
                    self.facts = np.concatenate([self.facts, np.zeros_like(self.facts)])
                self._describe(form, len(self))
                self[form] = len(self)
            return self[form]

    def _describe(self, form: str, place: int) -> None:
        lowered = form.lower()
        self.traits[place, _CLASSES_OF.get(lowered, [])] = 1
        self.traits[place, -len(_SHAPES) :] = list(_find_shape(form).values())
        self.facts[place] = (
            self._types.setdefault(lowered, len(self._types)),
            _FUNCTION_NUMBERS.get(lowered, len(FUNCTION_WORDS)),
            len(form),
            _PAIR_WORDS.get(lowered, 0),
        )


_lexicon = Lexicon()


def open_lexicon() -> Lexicon:
    """The shared lexicon; a full one is replaced, and whoever still holds it goes on with it."""
    global _lexicon
    if len(_lexicon) > CACHE_LIMIT:
        _lexicon = Lexicon()
    return _lexicon
