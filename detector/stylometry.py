"""Counted ("stylometric") features of a text, as scikit-learn transformers with named columns.

What is counted is what the literature on translationese and on machine paraphrase found telling:

* function words, cohesive markers, pronouns, "that" made explicit: Baker 1993 ("Corpus
  Linguistics and Translation Studies"), Koppel & Ordan 2011 ("Translationese and Its Dialects"),
  Volansky, Ordan & Wintner 2015 ("On the features of translationese"), Rabinovich & Wintner 2015
  ("Unsupervised Identification of Translationese");
* variety, density and the evening-out of sentences: Toral 2019 ("Post-editese: an Exacerbated
  Translationese"), Vanmassenhove, Shterionov & Way 2019 ("Lost in Translation: Loss and Decay of
  Linguistic Richness in Machine Translation");
* combinations nobody writes: Shahid et al. 2017 ("Accurate detection of automatically spun content
  via stylometric analysis"), Wahle et al. 2022 ("Identifying Machine-Paraphrased Plagiarism"),
  Cabanac, Labbé & Magazinov 2021 ("Tortured phrases").

Names, places and numbers are nobody's choice of words: they are masked before idiom is measured,
and left out of every count of variety.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from detector.text import NAME_PLACEHOLDER, americanize, split_sentences, tokenize

# A sentence is its words, a document its sentences; a string is cut into both.
Text = str | Sequence[str] | Sequence[Sequence[str]]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Columns = dict[str, Floats]

# Rows are worked through in batches of about this many words, to bound memory.
_BATCH_WORDS = 1 << 16
_NOTHING = np.zeros(0, np.int64), np.zeros(0, np.int64)
# Word caches are emptied beyond this many forms (some 20 MB).
_CACHE_LIMIT = 1 << 17
# What is longer is no word; only so much of it is looked at.
_LONGEST_WORD = 48

# --------------------------------------------------------------------------------------
# Rows of words
# --------------------------------------------------------------------------------------


def _split_row(text: Text, number: int) -> Iterator[Sequence[str]]:
    """Cut one row into sentences, each a sequence of words; empty ones are passed over."""
    if isinstance(text, str):
        for sentence in split_sentences(text):
            yield tokenize(sentence.text)
        return
    if not _is_listed(text):
        raise TypeError(f"row {number} is no text but {type(text).__name__}")
    if len(text) == 0:
        return
    if isinstance(text[0], str):
        yield text  # type: ignore[misc]
        return
    for words in text:
        if isinstance(words, str) or not _is_listed(words):
            raise TypeError(f"row {number} mixes words with sentences")
        if len(words):
            yield words


def _is_listed(value: object) -> bool:
    # Asking for list and tuple first spares most rows the slow question.
    return isinstance(value, (list, tuple)) or (
        isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, (bytes, bytearray))
    )


def _check_rows(rows: object) -> list[Text]:
    if isinstance(rows, (str, bytes)):
        raise TypeError("a list of texts is expected, not one string")
    return list(rows)  # type: ignore[call-overload]


@dataclass(frozen=True)
class _Batch:
    """The words of some rows, end to end, and where sentences and rows begin.

    Attributes:
        words: all words; a sentence is never empty.
        sentence_starts: index of each sentence's first word.
        sentence_rows: the row of each sentence, the first row of the batch being 0.
        size: how many rows there are, those without words included.
    """

    words: list[str]
    sentence_starts: Ints
    sentence_rows: Ints
    size: int

    @classmethod
    def gather(cls, rows: Sequence[Text], opening: str | None = None) -> _Batch:
        """Lay all rows end to end; `opening` is put before each sentence."""
        return next(cls.gather_some(rows, opening, at_most=None), (0, cls([], *_NOTHING, 0)))[1]

    @classmethod
    def gather_some(
        cls, rows: Sequence[Text], opening: str | None = None, at_most: int | None = _BATCH_WORDS
    ) -> Iterator[tuple[int, _Batch]]:
        """Lay rows end to end, about `at_most` words in a batch.

        Yields the number of each batch's first row, and the batch.
        """
        first = 0
        words: list[str] = []
        starts: list[int] = []
        sentence_rows: list[int] = []
        for number, row in enumerate(rows):
            for sentence in _split_row(row, number):
                starts.append(len(words))
                sentence_rows.append(number - first)
                if opening is not None:
                    words.append(opening)
                words.extend(sentence)
            if number + 1 == len(rows) or (at_most is not None and len(words) >= at_most):
                arrays = np.array(starts, np.int64), np.array(sentence_rows, np.int64)
                yield first, cls(words, *arrays, number + 1 - first)
                first, words, starts, sentence_rows = number + 1, [], [], []

    @cached_property
    def sentence_lengths(self) -> Ints:
        return np.diff(self.sentence_starts, append=len(self.words))

    @cached_property
    def sentences(self) -> Ints:
        """For each word, the number of its sentence."""
        return np.repeat(np.arange(len(self.sentence_starts)), self.sentence_lengths)

    @cached_property
    def rows(self) -> Ints:
        """For each word, the number of its row."""
        return self.sentence_rows[self.sentences]


def _sum_by(groups: Ints, values: npt.NDArray[Any], size: int) -> Floats:
    return np.bincount(groups, weights=values, minlength=size).astype(float)


def _divide(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """`part / whole`, 0 where there is no whole."""
    return np.asarray(part / np.maximum(whole, 1))


def _share(part: Floats, rest: Floats, prior: float = 0.5) -> Floats:
    """Share of `part` in both, drawn to `prior` as by one more case where cases are few."""
    return (part + prior) / (part + rest + 1.0)


# --------------------------------------------------------------------------------------
# What a word is, whatever stands beside it
# --------------------------------------------------------------------------------------

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


def _is_open(form: str) -> bool:
    """Whether a word in lower case is of an open class: noun, verb, adjective, adverb."""
    return form not in _CLOSED_CLASS


_MARKS = {
    "comma": ",",
    "colon": ":",
    "semicolon": ";",
    "dash": "-",
    "quotation": '"',
    "opening": "([",
    "closing": ")]",
    "question": "?",
    "exclamation": "!",
    "stop": ".",
}

_NOMINAL = re.compile(r".{3}(?:tion|sion|ment|ness|ity|ance|ence|ism|ship)s?$|.{3}ities$")
_CONTRACTION = re.compile(r"(?:n't|'(?:re|ve|ll|d|m))$|^(?:it|he|she|that|there|what|who|let)'s$")

_SHAPES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("word", lambda form: form[:1].isalpha()),
    ("capital", lambda form: form[:1].isupper()),
    ("small", lambda form: form[:1].islower() and form != NAME_PLACEHOLDER),
    ("long", lambda form: form[:1].isalpha() and len(form) >= 9),
    ("short", lambda form: form[:1].isalpha() and len(form) <= 3),
    ("hyphenated", lambda form: form[:1].isalpha() and "-" in form),
    ("contraction", lambda form: bool(_CONTRACTION.search(form.lower()))),
    ("contracted not", lambda form: form.endswith("n't")),
    ("genitive", lambda form: form.endswith("'s") and not _CONTRACTION.search(form.lower())),
    ("nominalisation", lambda form: form.islower() and bool(_NOMINAL.search(form))),
    ("adverb", lambda form: form.islower() and len(form) > 4 and form.endswith("ly")),
    (
        "ing",
        lambda form: form.islower() and len(form) > 4 and form.endswith("ing") and _is_open(form),
    ),
    (
        "opening ing",
        lambda form: len(form) > 5 and form.endswith("ing") and _is_open(form.lower()),
    ),
    (
        "participle",
        lambda form: form in _PARTICIPLES or (len(form) > 4 and form.endswith("ed")),
    ),
    (
        "comparative",
        lambda form: len(form) > 4 and form.endswith("er") and _is_open(form),
    ),
    (
        "content",
        lambda form: form[:1].islower() and _is_open(form) and form != NAME_PLACEHOLDER,
    ),
)

_TRAITS = (
    *_WORD_CLASSES,
    *_MARKS,
    *(name for name, _ in _SHAPES),
)
_TRAIT = {name: place for place, name in enumerate(_TRAITS)}

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
_PAIR_KINDS = tuple(_MARKER_PAIRS)
_PAIRS = tuple((*pair.split(), kind) for kind, pairs in _MARKER_PAIRS.items() for pair in pairs)
_PAIR_WORDS = {
    word: number for number, word in enumerate(sorted({w for pair in _PAIRS for w in pair[:2]}), 1)
}


def _tabulate_pairs() -> npt.NDArray[np.uint8]:
    """Kind (from 1) of the marker that two words open, by their numbers; 0 for no marker."""
    table = np.zeros((len(_PAIR_WORDS) + 1,) * 2, np.uint8)
    for first, second, kind in _PAIRS:
        table[_PAIR_WORDS[first], _PAIR_WORDS[second]] = _PAIR_KINDS.index(kind) + 1
    return table


_PAIR_TABLE = _tabulate_pairs()
_FUNCTION_NUMBERS = {word: number for number, word in enumerate(FUNCTION_WORDS)}
_CLASSES_OF: dict[str, list[int]] = {}
for _name, _words in (*_WORD_CLASSES.items(), *_MARKS.items()):
    for _word in _words.split() if _name in _WORD_CLASSES else _words:
        _CLASSES_OF.setdefault(_word, []).append(_TRAIT[_name])


class _Lexicon(dict[str, int]):
    """The place of every word form met so far in tables of what is known of it.

    A form is worked out when it is first asked for. Threads may share one lexicon: a form gets
    its place only after its entries are written.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._types: dict[str, int] = {}
        self.traits = np.zeros((4096, len(_TRAITS)), np.uint8)
        # Per form: the number of its lower-case form, of its function word (or one more than
        # there are), its letters, and its number among the words of markers (or 0).
        self.facts = np.zeros((4096, 4), np.int64)

    def __missing__(self, form: str) -> int:
        if len(form) > _LONGEST_WORD:
            return self[form[:_LONGEST_WORD]]
        with self._lock:
            if form in self:
                return self[form]
            place = len(self)
            if place == len(self.traits):
                self.traits = np.concatenate([self.traits, np.zeros_like(self.traits)])
                self.facts = np.concatenate([self.facts, np.zeros_like(self.facts)])
            lowered = form.lower()
            for trait in _CLASSES_OF.get(lowered, ()):
                self.traits[place, trait] = 1
            for name, fits in _SHAPES:
                self.traits[place, _TRAIT[name]] = fits(form)
            self.facts[place] = (
                self._types.setdefault(lowered, len(self._types)),
                _FUNCTION_NUMBERS.get(lowered, len(FUNCTION_WORDS)),
                len(form),
                _PAIR_WORDS.get(lowered, 0),
            )
            self[form] = place
        return place


_lexicon = _Lexicon()


def _open_lexicon() -> _Lexicon:
    """The shared lexicon; a full one is replaced, and whoever still holds it goes on with it."""
    global _lexicon
    if len(_lexicon) > _CACHE_LIMIT:
        _lexicon = _Lexicon()
    return _lexicon


# --------------------------------------------------------------------------------------
# Style
# --------------------------------------------------------------------------------------


class _Counts:
    """What is counted in a batch, by word, by sentence and by row."""

    def __init__(self, batch: _Batch) -> None:
        self.batch = batch
        self.size = batch.size
        lexicon = _open_lexicon()
        places = np.fromiter(map(lexicon.__getitem__, batch.words), np.int64, len(batch.words))
        self.facts = lexicon.facts[places]
        # traits[d]: for each word, the traits of the word d further on in its sentence.
        self.traits = [lexicon.traits[places]]
        for distance in range(1, 4):
            ahead = np.zeros_like(self.traits[0])
            ahead[:-distance] = self.traits[0][distance:]
            ahead[self._remaining < distance] = 0
            self.traits.append(ahead)

    @cached_property
    def _remaining(self) -> Ints:
        """For each word, how many words of its sentence follow."""
        batch = self.batch
        ends = np.repeat(batch.sentence_starts + batch.sentence_lengths, batch.sentence_lengths)
        return ends - 1 - np.arange(len(batch.words))

    @cached_property
    def followed(self) -> Bools:
        """For each word, whether it is not the last of its sentence."""
        return self._remaining > 0

    def has(self, trait: str, ahead: int = 0) -> Bools:
        """For each word, whether it, or the word that far ahead in its sentence, has a trait."""
        return self.traits[ahead][:, _TRAIT[trait]].view(bool)

    @cached_property
    def _row_starts(self) -> tuple[Ints, Ints]:
        """The rows that hold a sentence, and the number of the first sentence of each."""
        rows = self.batch.sentence_rows
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        return rows[starts], starts

    def tally(self, flags: Mapping[str, Bools], by_sentence: bool = False) -> Columns:
        """How many words (or sentences) of each row are flagged, for all flags at once."""
        rows, starts = self._row_starts
        tallies = np.zeros((len(flags), self.size))
        if len(rows):
            at = starts if by_sentence else self.batch.sentence_starts[starts]
            stacked = np.stack(list(flags.values()))
            tallies[:, rows] = np.add.reduceat(stacked, at, axis=1, dtype=np.int32)
        return dict(zip(flags, tallies, strict=True))

    @cached_property
    def sentence_totals(self) -> Ints:
        """How often each trait occurs in each sentence."""
        if not len(self.facts):
            return np.zeros((0, len(_TRAITS)), np.int64)
        return np.add.reduceat(self.traits[0], self.batch.sentence_starts, axis=0, dtype=np.int64)

    @cached_property
    def totals(self) -> Floats:
        """How often each trait occurs in each row."""
        totals = np.zeros((self.size, len(_TRAITS)))
        rows, starts = self._row_starts
        if len(rows):
            totals[rows] = np.add.reduceat(self.sentence_totals, starts, axis=0)
        return totals

    def total(self, trait: str) -> Floats:
        return self.totals[:, _TRAIT[trait]]

    def rate(self, traits: Mapping[str, str]) -> Columns:
        """Occurrences of traits a word, under new names."""
        places = [_TRAIT[trait] for trait in traits]
        rates = self.totals[:, places].T / np.maximum(self.words, 1)
        return dict(zip(traits.values(), rates, strict=True))

    @cached_property
    def words(self) -> Floats:
        """How many words each row holds, numbers and marks not counted."""
        return self.total("word")

    @cached_property
    def sentences(self) -> Floats:
        """How many sentences each row holds."""
        return np.bincount(self.batch.sentence_rows, minlength=self.size).astype(float)


def _count_function_words(counts: _Counts) -> Floats:
    """Share of each function word among the words of a row (Koppel & Ordan 2011)."""
    width = len(FUNCTION_WORDS) + 1
    cells = counts.batch.rows * width + counts.facts[:, 1]
    table = np.bincount(cells, minlength=counts.size * width).reshape(counts.size, width)
    return table[:, :-1] / np.maximum(counts.words, 1)[:, None]


_PUNCTUATION = ("comma", "colon", "semicolon", "dash", "quotation", "opening", "question")
_MARK_COLUMNS = {mark: f"punctuation:{mark}" for mark in (*_PUNCTUATION, "exclamation")}


def _measure_punctuation(counts: _Counts) -> Columns:
    """Marks a word; the typography of an engine was taken away before (Volansky et al. 2015)."""
    return counts.rate(_MARK_COLUMNS)


_LENGTH_RATES = {
    "long": "length:long_words",
    "short": "length:short_words",
    "hyphenated": "length:hyphenated",
}


def _measure_lengths(counts: _Counts) -> Columns:
    """Lengths of sentences and words, and how even they are (Toral 2019)."""
    rows, size = counts.batch.sentence_rows, counts.size
    lengths = counts.sentence_totals[:, _TRAIT["word"]].astype(float)
    sentence_mean, sentence_spread = _average(rows, lengths, counts.sentences)
    steps = np.abs(lengths[1:] - lengths[:-1]) * (rows[1:] == rows[:-1])
    step = _divide(_sum_by(rows[1:], steps, size), counts.sentences - 1)
    is_word = counts.has("word")
    letters = counts.facts[is_word, 2].astype(float)
    letters_mean, letters_spread = _average(counts.batch.rows[is_word], letters, counts.words)
    return {
        "length:words": np.log1p(counts.words),
        "length:sentence_mean": sentence_mean,
        "length:sentence_sd": sentence_spread,
        "length:sentence_evenness": _divide(sentence_spread, sentence_mean),
        "length:sentence_step": _divide(step, sentence_mean),
        "length:word_mean": letters_mean,
        "length:word_sd": letters_spread,
        **counts.rate(_LENGTH_RATES),
    }


def _average(groups: Ints, values: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the values of each group; 0 for a group without any."""
    mean = _divide(_sum_by(groups, values, len(sizes)), sizes)
    deviations = (values - mean[groups]) ** 2
    return mean, np.sqrt(_divide(_sum_by(groups, deviations, len(sizes)), sizes))


def _link_repeats(keys: Ints) -> tuple[Ints, Bools]:
    """For each key, where it stood before (-1 for nowhere), and whether it comes again."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    same = ranked[1:] == ranked[:-1]
    earlier = order[:-1][same]
    before = np.full(len(keys), -1, np.int64)
    before[order[1:][same]] = earlier
    comes_again = np.zeros(len(keys), bool)
    comes_again[earlier] = True
    return before, comes_again


def _average_window_types(rows: Ints, before: Ints, total: Ints, window: int) -> Floats:
    """Mean share of different words over all windows of a row (MATTR; Covington & McFall 2010).

    A row shorter than `window` is one window. A word is new in the windows that start after its
    last occurrence: these are counted, word by word, without going through the windows.
    """
    width = np.minimum(total, window)
    first = (np.cumsum(total) - total)[rows]
    place = np.arange(len(rows)) - first
    earliest = np.maximum(np.maximum(before - first + 1, place - width[rows] + 1), 0)
    latest = np.minimum(place, (total - width)[rows])
    new = np.maximum(latest - earliest + 1, 0)
    return _divide(_sum_by(rows, new, len(total)), (total - width + 1) * width)


def _measure_variety(counts: _Counts, window: int) -> Columns:
    """How varied, how dense, how repetitive the vocabulary is (Vanmassenhove et al. 2019)."""
    size = counts.size
    is_function = counts.facts[:, 1] < len(FUNCTION_WORDS)
    kept = np.flatnonzero(counts.has("small") | is_function)
    rows, types = counts.batch.rows[kept], counts.facts[kept, 0]
    content = counts.has("content")[kept]
    before, comes_again = _link_repeats(rows * (int(types.max(initial=0)) + 1) + types)
    is_new = before < 0
    distance = np.arange(len(rows)) - before
    total = np.bincount(rows, minlength=size)
    content_total = np.bincount(rows[content], minlength=size)
    new = np.bincount(rows[is_new], minlength=size)
    content_new = np.bincount(rows[is_new & content], minlength=size)
    once = np.bincount(rows[is_new & ~comes_again], minlength=size)
    near = np.bincount(rows[content & ~is_new & (distance <= 60)], minlength=size)
    doubled = np.bincount(rows[~is_new & (distance == 1)], minlength=size)
    return {
        "variety:mattr": _average_window_types(rows, before, total, window),
        "variety:guiraud": new / np.sqrt(np.maximum(total, 1)),
        "variety:content_guiraud": content_new / np.sqrt(np.maximum(content_total, 1)),
        "variety:hapax": _divide(once, total),
        "variety:density": _divide(content_total, total),
        "variety:content_repetition": _divide(content_total - content_new, content_total),
        "variety:content_near_repetition": _divide(near, content_total),
        "variety:doubled": _divide(doubled, total),
    }


_RATES = {
    "definite": "grammar:definite",
    "indefinite": "grammar:indefinite",
    "preposition": "grammar:prepositions",
    "particle": "grammar:particles",
    "pronoun": "grammar:pronouns",
    "first person": "grammar:first_person",
    "second person": "grammar:second_person",
    "possessive": "grammar:possessives",
    "demonstrative": "grammar:demonstratives",
    "modal": "grammar:modals",
    "auxiliary": "grammar:auxiliaries",
    "coordinating": "grammar:coordination",
    "subordinating": "grammar:subordination",
    "relative": "grammar:relatives",
    "quantifier": "grammar:quantifiers",
    "negation": "grammar:negation",
    "nominalisation": "grammar:nominalisations",
    "adverb": "grammar:adverbs",
    "ing": "grammar:ing_forms",
    "participle": "grammar:participles",
    "hedge": "grammar:hedges",
    "intensifier": "grammar:intensifiers",
    "contraction": "grammar:contractions",
    "genitive": "grammar:genitives",
    "reporting": "grammar:reporting",
}


def _find_constructions(counts: _Counts) -> dict[str, Bools]:
    """For each word, which constructions it opens, told by its neighbours: there is no tagger."""
    has = counts.has
    be, comma, more, of = has("be"), has("comma"), has("more"), has("of")
    content, reporting = has("content"), has("reporting")
    between = has("adverb", 1) | has("not", 1)
    return {
        "passive": be & (has("participle", 1) | (between & has("participle", 2))),
        "progressive": be & has("ing", 1),
        "perfect": has("have") & (has("participle", 1) | has("be", 1)),
        "of_chain": of & (has("of", 2) | has("of", 3)),
        "of_the": of & has("definite", 1),
        "content_pairs": content & has("content", 1),
        "more_than": more & (has("than", 2) | has("than", 3)),
        "more_word": more & has("content", 1),
        "er_than": has("comparative") & has("than", 1),
        "comma_relative": comma & (has("relative", 1) | has("that", 1)),
        "comma_and": comma & has("and", 1),
        "participle_phrase": comma & has("ing", 1),
        "that": reporting & has("that", 1),
        "no that": reporting & has("clause subject", 1),
        "full not": has("auxiliary") & has("not", 1),
        "full pronoun": has("pronoun") & ~has("contraction") & has("auxiliary", 1),
    }


def _measure_grammar(counts: _Counts) -> Columns:
    """Classes of words and constructions (Volansky et al. 2015; Rabinovich & Wintner 2015).

    "That" is made explicit where it follows a verb of saying (Olohan & Baker 2000); a genitive is
    "'s" or "of"; a contraction is weighed against the full forms that could have been contracted.
    """
    found = counts.tally(_find_constructions(counts))
    that, no_that = found.pop("that"), found.pop("no that")
    full_not, full_pronoun = found.pop("full not"), found.pop("full pronoun")
    short_not = counts.total("contracted not")
    return {
        **counts.rate(_RATES),
        **{f"grammar:{name}": _divide(tally, counts.words) for name, tally in found.items()},
        "grammar:definite_share": _share(counts.total("definite"), counts.total("indefinite")),
        "grammar:of_share": _share(counts.total("of"), counts.total("genitive")),
        "grammar:explicit_that": _share(that, no_that),
        "grammar:contracted_not": _share(short_not, full_not),
        "grammar:contracted_pronoun": _share(counts.total("contraction") - short_not, full_pronoun),
    }


def _measure_cohesion(counts: _Counts) -> Columns:
    """Markers that say how sentences hang together (Baker 1993; Volansky et al. 2015)."""
    numbers = counts.facts[:, 3]
    kinds = np.zeros(len(numbers), np.uint8)
    kinds[:-1] = _PAIR_TABLE[numbers[:-1], numbers[1:]]
    kinds *= counts.followed
    pairs = counts.tally({kind: kinds == place for place, kind in enumerate(_PAIR_KINDS, 1)})
    markers = {kind: counts.total(kind) + pairs[kind] for kind in _PAIR_KINDS}
    markers["markers"] = np.sum(list(markers.values()), axis=0)
    return {
        f"cohesion:{kind.split()[0]}": _divide(total, counts.words)
        for kind, total in markers.items()
    }


_OPENINGS = {
    "coordinating": "conjunction",
    "preposition": "preposition",
    "pronoun": "pronoun",
    "definite": "article",
    "demonstrative": "demonstrative",
    "subordinating": "subordinate",
    "opening ing": "ing_form",
    "quotation": "quotation",
}
_CLOSING = [_TRAIT[mark] for mark in ("stop", "question", "exclamation")]


def _find_openings(counts: _Counts) -> dict[str, Bools]:
    """For each sentence, how it begins: what stands first, and what was moved there."""
    starts = counts.batch.sentence_starts
    first = counts.traits[0][starts].view(bool)
    early = np.arange(len(counts.facts)) - starts[counts.batch.sentences]
    early_comma = counts.has("comma") & (early >= 1) & (early <= 7)
    fronted = np.bincount(counts.batch.sentences[early_comma], minlength=len(starts)) > 0
    flags = {f"opening:{name}": first[:, _TRAIT[trait]] for trait, name in _OPENINGS.items()}
    markers = np.asarray(first[:, [_TRAIT[kind] for kind in _PAIR_KINDS]].any(axis=1))
    return {**flags, "opening:marker": markers, "opening:early_comma": fronted}


def _find_bounds(counts: _Counts) -> dict[str, Bools]:
    """For each sentence, clues that its bounds were copied from another language.

    Engines translate sentence by sentence and copy where they stop: sentences stay long, two run
    on in one, and what opens or closes across a bound is lost.
    """
    batch, totals = counts.batch, counts.sentence_totals
    starts = batch.sentence_starts
    ends = starts + batch.sentence_lengths - 1
    # A quotation mark or parenthesis may stand after the stop.
    last = counts.traits[0][ends] | counts.traits[0][np.maximum(ends - 1, starts)]
    ends_word = counts.has("small") & (
        counts.facts[:, 2] > 3
    )  # "Dr." has a capital, "vs." is short
    inner = ends_word & counts.has("stop", 1) & counts.has("capital", 2)
    clauses = totals[:, _TRAIT["comma"]] + totals[:, _TRAIT["semicolon"]]
    return {
        "bounds:small_start": counts.has("small")[starts],
        "bounds:unclosed": last[:, _CLOSING].sum(axis=1) == 0,
        "bounds:inner_stop": np.bincount(batch.sentences[inner], minlength=len(starts)) > 0,
        "bounds:odd_quotation": totals[:, _TRAIT["quotation"]] % 2 == 1,
        "bounds:odd_parenthesis": totals[:, _TRAIT["opening"]] != totals[:, _TRAIT["closing"]],
        "bounds:long": totals[:, _TRAIT["word"]] > 35,
        "bounds:many_commas": clauses > 3,
    }


def _measure_sentences(counts: _Counts) -> Columns:
    """Shares of sentences that begin or end in a telling way."""
    flags = counts.tally({**_find_openings(counts), **_find_bounds(counts)}, by_sentence=True)
    return {name: _divide(tally, counts.sentences) for name, tally in flags.items()}


class StylometricFeatures(TransformerMixin, BaseEstimator):
    """Counts what a text's style is made of: some 180 named columns, nothing to be learnt.

    A row of the input is a sentence (a sequence of words), a document (a sequence of such
    sentences) or a string, which is cut into sentences and words first. Words are those of
    `detector.text.tokenize` over normalised text. Columns are shares, means and rates, so
    sentences and documents have the same ones; those that compare sentences (spread, evenness) are
    0 for a single sentence. A row without words is all zeros, but for shares that have a prior.

    Columns are called ``group:name``; the groups are ``function`` (Koppel & Ordan 2011),
    ``punctuation``, ``length``, ``variety``, ``grammar``, ``cohesion``, ``opening`` and ``bounds``.

    Args:
        window: words in a window of the moving-average type-token ratio.
    """

    def __init__(self, window: int = 50) -> None:
        self.window = window

    def fit(self, X: Iterable[Text], y: object = None) -> Self:
        """Learn nothing; there for pipelines."""
        return self

    def transform(self, X: Iterable[Text]) -> npt.NDArray[np.float32]:
        """Features of each row: float32 of shape (rows, columns), all finite.

        Raises TypeError for a row that is no text, ValueError for a window under 1.
        """
        if self.window < 1:
            raise ValueError(f"window must be 1 or more, not {self.window}")
        rows = _check_rows(X)
        features = np.zeros((len(rows), len(_STYLE_COLUMNS)), np.float32)
        for start, batch in _Batch.gather_some(rows):
            counts = _Counts(batch)
            part = features[start : start + batch.size]
            part[:, : len(FUNCTION_WORDS)] = _count_function_words(counts)
            part[:, len(FUNCTION_WORDS) :].T[:] = list(self._measure(counts).values())
        return features

    def _measure(self, counts: _Counts) -> Columns:
        return {
            **_measure_punctuation(counts),
            **_measure_lengths(counts),
            **_measure_variety(counts, self.window),
            **_measure_grammar(counts),
            **_measure_cohesion(counts),
            **_measure_sentences(counts),
        }

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Names of the columns, in order."""
        return np.array(_STYLE_COLUMNS, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _name_style_columns() -> tuple[str, ...]:
    empty = _Counts(_Batch.gather([]))
    functions = (f"function:{word}" for word in FUNCTION_WORDS)
    return (*functions, *StylometricFeatures()._measure(empty))


_STYLE_COLUMNS = _name_style_columns()


# --------------------------------------------------------------------------------------
# Idiom
# --------------------------------------------------------------------------------------

_OPENING = "\x02"  # stands before each sentence; no tokenizer yields it
_UNKNOWN, _SENTENCE, _QUOTATION, _NAME, _NUMBER, _DAY, _MONTH, _GENITIVE = range(8)
_SPECIAL = 8
_WORD_BITS = 16
_WORD_MASK = (1 << _WORD_BITS) - 1
_MOST_WORDS = (1 << _WORD_BITS) - _SPECIAL
# Beside a word's number while it is looked up: a genitive "'s" goes with it.
_WITH_GENITIVE = 1 << _WORD_BITS
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_MONTHS = frozenset(
    """
    january february march april may june july august september october november december
    """.split()
)
_DIGITS = re.compile(r"\d+(?:[.,:/]\d+)*")
_PLACEHOLDERS = {
    _OPENING: _SENTENCE,
    '"': _QUOTATION,
    "'": _QUOTATION,
    "'s": _GENITIVE,
    NAME_PLACEHOLDER: _NAME,
}
# Words of the frequency ranks that stand for function words and for words everybody uses.
_FUNCTION_RANK, _COMMON_RANK = 150, 2000
# The logarithm of the frequency under which a word is rare: twice in a million words.
_RARE = float(np.log(2e-6))
# Strength of the shorter context when it is mixed with a longer one (in words seen).
_BIGRAM_PRIOR, _TRIGRAM_PRIOR = 500.0, 50.0


def _hash_word(word: str) -> int:
    """Give a word a 64-bit number that is the same on every machine."""
    return int.from_bytes(
        blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"
    )


def _mask_word(form: str) -> tuple[int, str, bool]:
    """Give a word's placeholder (or -1), its plain form, and whether a genitive "'s" is with it."""
    if form in _PLACEHOLDERS:
        return _PLACEHOLDERS[form], form, False
    lowered = form.lower()
    genitive = lowered.endswith("'s") and not _CONTRACTION.search(lowered)
    if genitive:
        lowered = lowered[:-2]
    if form[:1].isupper() and (lowered in _DAYS or lowered in _MONTHS):
        return (_DAY if lowered in _DAYS else _MONTH), lowered, genitive
    masked = _DIGITS.sub("0", lowered)
    return (_NUMBER if masked == "0" else -1), americanize(masked), genitive


def _is_written_as_name(form: str) -> bool:
    return form[:1].isupper() and form != "I" and not form.startswith("I'")


class _WordNumbers(dict[str, int]):
    """The number of every form met so far; a form is worked out when it is first asked for."""

    def __init__(self, vocabulary: dict[int, int]) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, form: str) -> int:
        if len(form) > _LONGEST_WORD:
            return self[form[:_LONGEST_WORD]]
        number, word, genitive = _mask_word(form)
        if number < 0:
            otherwise = _NAME if _is_written_as_name(form) else _UNKNOWN
            number = self._vocabulary.get(_hash_word(word), otherwise)
        if genitive:
            number |= _WITH_GENITIVE
        if len(self) > _CACHE_LIMIT:
            self.clear()
        self[form] = number
        return number


@dataclass(frozen=True)
class _Numbered:
    """A batch as word numbers: genitives cut off, names run together, quotation marks gone.

    Attributes:
        numbers: the number of each word.
        rows: the row of each word.
        place: how many words of its sentence stand before each, the sentence's opening included.
        size: how many rows there are.
    """

    numbers: Ints
    rows: Ints
    place: Ints
    size: int

    @classmethod
    def read(cls, batch: _Batch, word_numbers: Mapping[str, int]) -> _Numbered:
        found = np.fromiter(map(word_numbers.__getitem__, batch.words), np.int64, len(batch.words))
        return cls.join(found, batch)

    @classmethod
    def join(cls, found: Ints, batch: _Batch) -> _Numbered:
        copies = 1 + (found >= _WITH_GENITIVE)
        numbers = np.repeat(found & _WORD_MASK, copies)
        numbers[np.cumsum(copies)[copies == 2] - 1] = _GENITIVE
        kept = numbers != _QUOTATION
        is_name = numbers == _NAME
        kept[1:] &= ~(is_name[1:] & is_name[:-1])
        numbers, rows = numbers[kept], np.repeat(batch.rows, copies)[kept]
        at = np.arange(len(numbers))
        place = at - np.maximum.accumulate(np.where(numbers == _SENTENCE, at, 0))
        return cls(numbers, rows, place, batch.size)


@dataclass(frozen=True)
class _Table:
    """How often each of some keys was counted: ascending keys, and the count of each."""

    keys: Ints
    counts: npt.NDArray[Any]

    def locate(self, keys: Ints) -> Ints:
        """Places of keys in the table, -1 for a key that is not there."""
        if not len(self.keys):
            return np.full(len(keys), -1, np.int64)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def count(self, places: Ints) -> Ints:
        """Counts at places, 0 at -1."""
        if not len(self.keys):
            return np.zeros(len(places), np.int64)
        return np.where(places < 0, 0, self.counts[places]).astype(np.int64)


@dataclass(frozen=True)
class _Located:
    """Where the n-grams that end at each word stand in the tables; -1 for nowhere."""

    text: _Numbered
    bigrams: Ints
    trigrams: Ints


def _count_same(rows: Ints, places: Ints, own_rows: Ints, own_places: Ints) -> Ints:
    """How often each (row, place) occurs among the own ones."""
    span = int(max(places.max(initial=0), own_places.max(initial=0))) + 2
    own, often = np.unique(own_rows * span + own_places, return_counts=True)
    wanted = rows * span + places
    if not len(own):
        return np.zeros_like(wanted)
    at = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
    return np.where((own[at] == wanted) & (places >= 0), often[at], 0)


def _pack_pairs(first: Ints, second: Ints) -> Ints:
    return (first << _WORD_BITS) | second


class _Index:
    """The arrays of a fitted `NgramIdiomaticity`, ready to be looked up."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], least: int) -> None:
        numbers = range(_SPECIAL, _SPECIAL + len(arrays["word_hashes"]))
        vocabulary = dict(zip(arrays["word_hashes"].tolist(), numbers, strict=True))
        self.word_numbers = _WordNumbers(vocabulary)
        self.words = arrays["word_counts"].astype(np.int64)
        self.bigrams = _Table(arrays["bigram_keys"].astype(np.int64), arrays["bigram_counts"])
        contexts = arrays["trigram_contexts"].astype(np.int64)
        self.trigrams = _Table(
            _pack_pairs(contexts, arrays["trigram_words"].astype(np.int64)),
            arrays["trigram_counts"],
        )
        self.least = least
        self.first_word = _SPECIAL + int(arrays["marks"][0])
        self.total = float(self.words.sum())

    def locate(self, batch: _Batch) -> _Located:
        """Look up every n-gram of a batch, whose sentences have their opening."""
        text = _Numbered.read(batch, self.word_numbers)
        bigrams = np.full(len(text.numbers), -1, np.int64)
        trigrams = bigrams.copy()
        second = np.flatnonzero(text.place >= 1)
        bigrams[second] = self.bigrams.locate(
            _pack_pairs(text.numbers[second - 1], text.numbers[second])
        )
        third = np.flatnonzero(text.place >= 2)
        third = third[bigrams[third - 1] >= 0]
        trigrams[third] = self.trigrams.locate(_pack_pairs(bigrams[third - 1], text.numbers[third]))
        return _Located(text, bigrams, trigrams)

    def count(self, found: _Located, left_out: _Located | None) -> tuple[Ints, Ints, Ints]:
        """Counts of the word, bigram and trigram that end at each word, less those left out."""
        counts = [
            self.words[found.text.numbers],
            self.bigrams.count(found.bigrams),
            self.trigrams.count(found.trigrams),
        ]
        if left_out is not None:
            rows, own = found.text.rows, left_out.text.rows
            pairs = (
                (found.text.numbers, left_out.text.numbers),
                (found.bigrams, left_out.bigrams),
                (found.trigrams, left_out.trigrams),
            )
            for order, (places, own_places) in enumerate(pairs):
                rest = counts[order] - _count_same(rows, places, own, own_places)
                # What is left of a pruned table must be pruned alike.
                counts[order] = np.where(rest < self.least, 0, rest)
        return counts[0], counts[1], counts[2]


def _summarize(
    values: Mapping[str, Floats], rows: Ints, size: int, percentiles: Sequence[int]
) -> Columns:
    """Mean and percentiles (0 the least, 100 the greatest) by row; NaN for a row without values.

    All values are between -1000 and 1000: rows are sorted at once by laying them that far apart.
    """
    total = np.bincount(rows, minlength=size)
    with np.errstate(invalid="ignore"):
        means = {name: _sum_by(rows, value, size) / total for name, value in values.items()}
    apart = rows * 2000.0
    ranked = np.sort(np.stack(list(values.values())) + apart, axis=1) - apart
    ranked = np.concatenate([ranked, np.full((len(values), 1), np.nan)], axis=1)
    last = np.cumsum(total) - 1
    steps = np.rint(np.outer(np.array(percentiles) / 100, total - 1)).astype(np.int64)
    at = np.where(total > 0, last - (total - 1) + steps, len(rows))
    return {
        column: part
        for name, row in zip(values, ranked, strict=True)
        for column, part in (
            (f"idiom:{name}_mean", means[name]),
            *((f"idiom:{name}_{p}", row[place]) for p, place in zip(percentiles, at, strict=True)),
        )
    }


def _share_of(flags: Bools, among: Bools, rows: Ints, size: int) -> Floats:
    """Share of the flagged among some words of each row; NaN where there are none."""
    whole = np.bincount(rows[among], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.bincount(rows[among & flags], minlength=size) / whole


class NgramIdiomaticity(TransformerMixin, BaseEstimator):
    """Measures how usual the words of a text and their combinations are in people's English.

    Learns from human sentences how often words, pairs and triples of words occur, and gives for
    each row the frequency of its words, the log-probability of each word after the one and the two
    before it (mixed as in a hierarchical Dirichlet model: MacKay & Peto 1995), what the context
    adds to it (pointwise mutual information), and how many pairs of common words were never seen
    together. Spinners and engines choose words that mean the right thing and that nobody puts
    there (Shahid et al. 2017; Cabanac et al. 2021); engines also flatten towards the frequent
    (Vanmassenhove et al. 2019).

    Names, places and numbers are placeholders: a capitalised word that is not usually written
    small is part of a name, and a run of them is one; days, months and numbers are one word each.

    Rows are as for `StylometricFeatures`. N-grams do not cross sentences.

    A text that was counted by `fit` looks more usual than a text that was not, and so does its
    translation. `transform(..., counted=...)` leaves such counts out.

    Args:
        least_count: n-grams and words seen less often are forgotten.
        max_bigrams: how many pairs to keep, the most frequent first (6 bytes each).
        max_trigrams: how many triples to keep (8 bytes each).

    Attributes:
        arrays_: what was learnt, by name; what `to_arrays` gives.
    """

    def __init__(
        self, least_count: int = 2, max_bigrams: int = 500_000, max_trigrams: int = 500_000
    ) -> None:
        self.least_count = least_count
        self.max_bigrams = max_bigrams
        self.max_trigrams = max_trigrams

    def fit(self, X: Iterable[Text], y: object = None) -> Self:
        """Count the words and n-grams of human texts.

        Raises ValueError for parameters out of range and where there is not a word to learn.
        """
        if self.least_count < 1 or self.max_bigrams < 0 or self.max_trigrams < 0:
            raise ValueError(
                "least_count must be 1 or more, max_bigrams and max_trigrams 0 or more"
            )
        sentences = _share_forms(_check_rows(X))
        arrays = _choose_words(sentences, self.least_count)
        if not len(arrays["word_hashes"]):
            raise ValueError("no word occurs often enough to be learnt")
        arrays |= _count_ngrams(sentences, arrays, self)
        self._learn(arrays)
        sample = sentences[:: -(-len(sentences) // _NEUTRAL_SENTENCES)]
        with warnings.catch_warnings():
            # A column that no training sentence has a value for stays at 0.
            warnings.simplefilter("ignore", RuntimeWarning)
            neutral = np.nanmedian(self._measure(sample, sample), axis=0)
        self._learn(arrays | {"neutral": np.nan_to_num(neutral).astype(np.float32)})
        return self

    def _learn(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self.arrays_ = dict(arrays)
        self._index = _Index(self.arrays_, self.least_count)

    def transform(
        self, X: Iterable[Text], counted: bool | Iterable[Text] = False
    ) -> npt.NDArray[np.float32]:
        """Features of each row: float32 of shape (rows, columns), all finite.

        What a row has no value for (the rarest content word of "He did.") is answered with the
        median of the training sentences.

        Args:
            X: the rows.
            counted: whether `fit` counted these very rows, whose own counts are then left out; or,
                for each row, the text that `fit` counted and that is to be left out for it: its
                human original, say, or all sentences of its article. Both sides of a pair should
                leave out the same text, or the difference shows which one was counted.

        Raises NotFittedError before `fit`, TypeError for a row that is no text, ValueError where
        there are not as many counted texts as rows.
        """
        check_is_fitted(self, "arrays_")
        rows = _check_rows(X)
        if isinstance(counted, bool):
            own = rows if counted else None
        else:
            own = _check_rows(counted)
            if len(own) != len(rows):
                raise ValueError(f"{len(own)} counted texts for {len(rows)} rows")
        features = self._measure(rows, own)
        return np.where(np.isnan(features), self.arrays_["neutral"], features).astype(np.float32)

    def _measure(self, rows: Sequence[Text], own: Sequence[Text] | None) -> Floats:
        """Features of each row, NaN where it has no value."""
        features = np.full((len(rows), len(_IDIOM_COLUMNS)), np.nan)
        for start, batch in _Batch.gather_some(rows, _OPENING):
            end = start + batch.size
            left_out = None
            if own is not None:
                left_out = self._index.locate(_Batch.gather(own[start:end], _OPENING))
            columns = _measure_idiom(self._index, self._index.locate(batch), left_out)
            features[start:end].T[:] = list(columns.values())
        return features

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Names of the columns, in order."""
        return np.array(_IDIOM_COLUMNS, dtype=object)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give what was learnt as plain arrays, for storing without pickle."""
        check_is_fitted(self, "arrays_")
        return {**self.arrays_, "settings": np.array([_FORMAT, self.least_count], np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Build a fitted transformer from what `to_arrays` gave.

        Raises ValueError for arrays that are missing, of the wrong kind, out of order or of
        another version.
        """
        _check_arrays(arrays)
        model = cls(
            least_count=int(arrays["settings"][1]),
            max_bigrams=len(arrays["bigram_keys"]),
            max_trigrams=len(arrays["trigram_words"]),
        )
        model._learn({name: np.asarray(arrays[name]) for name in _KINDS if name != "settings"})
        return model

    def __getstate__(self) -> dict[str, Any]:
        # The index is as large again, and is rebuilt from the arrays in milliseconds.
        return {name: value for name, value in super().__getstate__().items() if name != "_index"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "arrays_" in state:
            self._learn(state["arrays_"])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


_FORMAT = 1
_NEUTRAL_SENTENCES = 2000
_KINDS = {
    "word_hashes": np.uint64,
    "word_counts": np.uint32,
    "marks": np.int64,
    "bigram_keys": np.uint32,
    "bigram_counts": np.uint16,
    "trigram_contexts": np.uint32,
    "trigram_words": np.uint16,
    "trigram_counts": np.uint16,
    "neutral": np.float32,
    "settings": np.int64,
}


def _share_forms(rows: Iterable[Text]) -> list[list[str]]:
    """Give the sentences of all rows, every form being one and the same string object."""
    forms: dict[str, str] = {}
    return [
        [forms.setdefault(word, word) for word in sentence]
        for number, row in enumerate(rows)
        for sentence in _split_row(row, number)
    ]


def _choose_words(sentences: Iterable[Sequence[str]], least: int) -> dict[str, npt.NDArray[Any]]:
    """Find the words that are usually written small: marks first, then by falling frequency."""
    every: Counter[str] = Counter()
    initial: Counter[str] = Counter()
    for sentence in sentences:
        every.update(sentence)
        # A sentence's first word has its capital from there, behind a quotation mark too.
        initial[next((word for word in sentence if word[:1].isalnum()), "")] += 1
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for form, often in every.items():
        number, word, _ = _mask_word(form)
        if number < 0:
            total[word] += often
            if _is_written_as_name(form):
                capital[word] += often - initial[form]
            else:
                small[word] += often
    chosen = [word for word, often in small.items() if often >= max(least, capital[word])]
    chosen.sort(key=lambda word: (word[:1].isalnum(), -total[word], word))
    chosen = chosen[:_MOST_WORDS]
    marks = sum(not word[:1].isalnum() for word in chosen)
    hashes = np.array([_hash_word(word) for word in chosen], np.uint64)
    return {"word_hashes": hashes, "marks": np.array([marks], np.int64)}


def _count_ngrams(
    sentences: Sequence[Sequence[str]],
    arrays: Mapping[str, npt.NDArray[Any]],
    model: NgramIdiomaticity,
) -> dict[str, npt.NDArray[Any]]:
    """Count the chosen words, their pairs and, after kept pairs, their triples."""
    numbers, place = _number_sentences(sentences, arrays)
    words = np.bincount(numbers, minlength=_SPECIAL + len(arrays["word_hashes"]))
    words[_UNKNOWN] = 0
    known = numbers != _UNKNOWN
    second = np.flatnonzero((place >= 1) & known)
    second = second[known[second - 1]]
    pairs = _pack_pairs(numbers[second - 1], numbers[second])
    bigrams = _keep_frequent(pairs, model.least_count, model.max_bigrams)
    bigram_at = np.full(len(numbers), -1, np.int64)
    bigram_at[second] = bigrams.locate(pairs)
    third = np.flatnonzero((place >= 2) & (bigram_at >= 0))
    third = third[bigram_at[third - 1] >= 0]
    triples = _pack_pairs(bigram_at[third - 1], numbers[third])
    trigrams = _keep_frequent(triples, model.least_count, model.max_trigrams)
    return {
        "word_counts": words.astype(np.uint32),
        "bigram_keys": bigrams.keys.astype(np.uint32),
        "bigram_counts": bigrams.counts,
        "trigram_contexts": (trigrams.keys >> _WORD_BITS).astype(np.uint32),
        "trigram_words": (trigrams.keys & _WORD_MASK).astype(np.uint16),
        "trigram_counts": trigrams.counts,
    }


def _number_sentences(
    sentences: Sequence[Sequence[str]], arrays: Mapping[str, npt.NDArray[Any]]
) -> tuple[Ints, Ints]:
    """Give the number of each word of all sentences, and its place in its sentence."""
    hashes = arrays["word_hashes"].tolist()
    word_numbers = _WordNumbers(
        dict(zip(hashes, range(_SPECIAL, _SPECIAL + len(hashes)), strict=True))
    )
    read = [
        _Numbered.read(batch, word_numbers) for _, batch in _Batch.gather_some(sentences, _OPENING)
    ]
    numbers = np.concatenate([text.numbers for text in read])
    return numbers, np.concatenate([text.place for text in read])


def _keep_frequent(keys: Ints, least: int, most: int) -> _Table:
    """Count keys and keep the most frequent; of equals, the smallest."""
    found, counts = np.unique(keys, return_counts=True)
    order = np.lexsort((found, -counts))[:most]
    kept = np.sort(order[counts[order] >= least])
    return _Table(found[kept], np.minimum(counts[kept], 65535).astype(np.uint16))


def _check_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise ValueError unless arrays are what `NgramIdiomaticity.to_arrays` gives."""
    for name, kind in _KINDS.items():
        if name not in arrays:
            raise ValueError(f"array {name} is missing")
        if arrays[name].dtype != kind or arrays[name].ndim != 1:
            raise ValueError(f"array {name} is not a row of {np.dtype(kind)}")
    if len(arrays["settings"]) != 2 or arrays["settings"][0] != _FORMAT:
        raise ValueError(f"arrays are not of format {_FORMAT}")
    if arrays["settings"][1] < 1:
        raise ValueError("least count in settings is under 1")
    sizes = {name: len(array) for name, array in arrays.items()}
    bigrams, words = sizes["bigram_keys"], sizes["word_counts"]
    expected = {
        "word_hashes": words - _SPECIAL,
        "marks": 1,
        "bigram_counts": bigrams,
        "trigram_words": sizes["trigram_contexts"],
        "trigram_counts": sizes["trigram_contexts"],
        "neutral": len(_IDIOM_COLUMNS),
    }
    for name, size in expected.items():
        if sizes[name] != size:
            raise ValueError(f"array {name} has {sizes[name]} entries, not {size}")
    trigrams = _pack_pairs(
        arrays["trigram_contexts"].astype(np.int64), arrays["trigram_words"].astype(np.int64)
    )
    for name, keys in (("bigrams", arrays["bigram_keys"].astype(np.int64)), ("trigrams", trigrams)):
        if (np.diff(keys) <= 0).any():
            raise ValueError(f"{name} are not in ascending order")


def _measure_idiom(index: _Index, found: _Located, left_out: _Located | None) -> Columns:
    """Features of located rows, NaN where a row has no value."""
    text = found.text
    numbers, rows, size = text.numbers, text.rows, text.size
    ones, twos, threes = index.count(found, left_out)
    is_word = (numbers >= index.first_word) | (numbers == _UNKNOWN)
    unknown = is_word & (ones == 0)
    known = is_word & ~unknown
    content = known & (numbers >= index.first_word + _FUNCTION_RANK)
    frequency = np.log((ones + 0.5) / index.total)
    usual = {"frequency": frequency[content]}
    columns = _summarize(usual, rows[content], size, (0, 10, 25, 50))
    columns["idiom:unknown"] = _share_of(unknown, is_word, rows, size)
    common = numbers < index.first_word + _COMMON_RANK
    rare = content & (frequency < _RARE)
    columns["idiom:rare"] = _share_of(rare | unknown, content | unknown, rows, size)
    columns["idiom:common"] = _share_of(common, content, rows, size)
    # A word, a mark or a placeholder may be context; only words and marks are predicted.
    listed = (numbers >= _SPECIAL) & ~unknown
    second = np.flatnonzero(listed & (text.place >= 1))
    second = second[ones[second - 1] > 0]
    first = second - 1
    expected = np.exp(frequency[second])
    after_one = (twos[second] + _BIGRAM_PRIOR * expected) / (ones[first] + _BIGRAM_PRIOR)
    after_two = (threes[second] + _TRIGRAM_PRIOR * after_one) / (twos[first] + _TRIGRAM_PRIOR)
    pairs = rows[second]
    one, two = np.log(after_one), np.log(after_two)
    gain = one - frequency[second]
    unseen = twos[second] == 0
    chance = np.where(unseen, np.log1p(ones[first] * expected), 0)
    context = {"bigram": one, "trigram": two, "gain": gain, "second_gain": two - one}
    columns |= _summarize(context, pairs, size, (0, 10, 25, 50, 90, 100))
    columns |= _summarize({"unseen_chance": chance}, pairs, size, (90, 100))
    everything = np.ones(len(second), bool)
    columns["idiom:bigram_seen"] = _share_of(~unseen, everything, pairs, size)
    third = text.place[second] >= 2
    columns["idiom:trigram_seen"] = _share_of(threes[second] > 0, third, pairs, size)
    both_common = common[second] & common[first] & (numbers[first] >= _SPECIAL)
    columns["idiom:unseen_common"] = _share_of(unseen, both_common, pairs, size)
    both = content[second] & content[first]
    columns |= _summarize({"content_gain": gain[both]}, pairs[both], size, (0, 50))
    mixed = content[second] != content[first]
    columns |= _summarize({"mixed_gain": gain[mixed]}, pairs[mixed], size, (0, 10))
    return columns


def _name_idiom_columns() -> tuple[str, ...]:
    nothing = {name: np.zeros(int(name == "marks"), kind) for name, kind in _KINDS.items()}
    nothing["word_counts"] = np.ones(_SPECIAL, np.uint32)
    index = _Index(nothing, 1)
    return tuple(_measure_idiom(index, index.locate(_Batch.gather([])), None))


_IDIOM_COLUMNS = _name_idiom_columns()
