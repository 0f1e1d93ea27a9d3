"""Align a copy with its original, sentences first, then words, and name what was substituted.

Sentences are linked by the rare words that they share and by the order they stand in, then split,
merged and moved ones are looked for (Gale & Church 1993, "A Program for Aligning Sentences in
Bilingual Corpora", has the moves; here both texts are in one language, so words are the evidence).
Names alone link nothing: two articles on one event share those.

Words are linked by identity, inflection and spelling along the heaviest common subsequence; what
stands between two such anchors on either side stands in each other's place (monolingual alignment
by neighbourhood: Sultan, Bethard & Sumner 2014, "Back to Basics for Monolingual Alignment").
Neighbouring changed words make one phrase.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import fmean, median, pstdev
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Indel
from scipy.sparse import csr_matrix

from detector.lexicon import TRAIT, open_lexicon
from detector.text import Normalized, Sentence, americanize, normalize, split_sentences, tokenize
from detector.verdict import SUBSTITUTION_KINDS, SentenceLink, Substitution

WORD_LINK_KINDS = ("same", *SUBSTITUTION_KINDS)
"""Kinds of `WordLink`: "same" is a run of words that were kept, the others are substitutions."""

# --------------------------------------------------------------------------------------
# Words: what makes two of them the same, or nearly
# --------------------------------------------------------------------------------------

_FUNCTION_CLASSES = [
    TRAIT[name]
    for name in (
        "definite", "indefinite", "preposition", "particle", "pronoun", "possessive",
        "demonstrative", "auxiliary", "be", "have", "modal", "coordinating", "subordinating",
        "relative", "that", "not", "more", "than",
    )
]  # fmt: skip
_VERB_HELPERS = frozenset(
    """
    am is are was were be been being do does did have has had having will would shall should can
    could may might must isn't aren't wasn't weren't haven't hasn't hadn't won't wouldn't can't
    cannot couldn't shouldn't to not
    """.split()
)
# These go with the word behind them, never with the one before.
_FOLLOWED = _VERB_HELPERS - {"to", "not"} | frozenset(
    "the a an that this these those his her its their our my".split()
)
# Open-class words that mostly stand in for a function word: "in front of", "rather than".
_LIKE_FUNCTION = frozenset(
    "front instead rather because due order although though however whoever anyone thru".split()
)
_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        """
        zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
        fifteen sixteen seventeen eighteen nineteen twenty
        """.split()
    )
} | {
    word: str(10 * number)
    for number, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), 3)
}
_NUMBER_WORDS |= {
    word: f"{number}th"
    for number, word in enumerate(
        "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 4
    )
}
# Written small, "us" is a pronoun.
_UNITED_STATES = frozenset(("US", "U.S.", "USA", "U.S.A.", "U.S"))
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())

_IRREGULAR = {
    form: forms[0]
    for forms in (
        line.split()
        for line in """
        be am is are was were been being isn't aren't wasn't weren't
        have has had having
        do does did done doing
        say says said saying
        go goes went gone going
        make made
        take took taken
        give gave given
        find found
        hold held
        know knew known
        see saw seen
        show shown
        send sent
        build built
        tell told
        pay paid
        lose lost
        win won winning
        sell sold
        buy bought
        bring brought
        catch caught
        teach taught
        write wrote written
        drive drove driven
        choose chose chosen
        speak spoke spoken
        break broke broken
        steal stole stolen
        wear wore worn
        draw drew drawn
        grow grew grown
        throw threw thrown
        shoot shot
        lead led
        feed fed
        keep kept
        lay laid
        meet met
        spend spent
        understand understood
        think thought
        hear heard
        become became
        begin began begun beginning
        come came
        run ran running
        fall fell fallen
        rise rose risen
        fight fought
        forget forgot forgotten
        hide hid hidden
        beat beaten
        feel felt
        fly flew flown
        freeze froze frozen
        hang hung
        mean meant
        sing sang sung
        sink sank sunk
        shake shook shaken
        sleep slept
        strike struck
        swear swore sworn
        sweep swept
        tear tore torn
        withdraw withdrew withdrawn
        overthrow overthrew overthrown
        undertake undertook undertaken
        overcome overcame
        stand stood
        sit sat sitting
        get got gotten getting
        leave left
        eat ate eaten
        seek sought
        bind bound
        deal dealt
        blow blew blown
        man men
        woman women
        child children
        person people
        foot feet
        tooth teeth
        life lives
        wife wives
        good better best
        bad worse worst
        will would
        can could
        may might
        shall should
        """.strip().splitlines()
    )
    for form in forms
}
_DOUBLED = re.compile(r"([bdgmnprt])\1$")
_VOWEL = re.compile(r"[aeiouy]")
_INFLECTIONS = re.compile(r"(?:ing|ed|ly)$")

# Two endings that stand behind one common beginning make two words of one family.
_ENDINGS = frozenset(
    """
    - a al ally an ance ance ans ant ants ation ational ations ative d de der ding e ed en ence ency
    ent er ers es ese ful g ia ial ian ians ic ical ies ify ing ion ional ions ise ish ism ist ists
    ition ities ity ive ization ize ized izing less ly ment ments n ness o or ors ous r rs s se sion
    sive ssion t te tic ting tion tional tions tive ure y ying z
    """.split()
)
_VARIANT_LETTERS = str.maketrans({"y": "i", "j": "i", "w": "v", "z": "s", "q": "k", "c": "k"})
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


class _Form(NamedTuple):
    """What is asked of a word: as written small, without spelling, without inflection."""

    lower: str
    key: str
    stem: str
    is_function: bool
    is_capitalized: bool
    is_number: bool


_Forms = Sequence[_Form]


@lru_cache(maxsize=1 << 17)
def _describe(word: str) -> _Form:
    lower = word.lower().replace("’", "'")
    if word in _UNITED_STATES:
        return _Form(lower, "usa", "usa", False, True, False)
    key = _make_key(lower)
    lexicon = open_lexicon()
    place = lexicon[lower]
    is_function = lower in _LIKE_FUNCTION or bool(lexicon.traits[place, _FUNCTION_CLASSES].any())
    return _Form(
        lower,
        key,
        key if is_function else _find_stem(key, lower.removesuffix("'s").removesuffix("'")),
        is_function,
        word[:1].isupper() and word != "I",
        any(letter.isdigit() for letter in key),
    )


def _make_key(lower: str) -> str:
    """The word without what its spelling could be otherwise: points, hyphens, accents, British."""
    if lower in _NUMBER_WORDS:
        return _NUMBER_WORDS[lower]
    tens, _, ones = lower.partition("-")
    if tens in _NUMBER_WORDS and len(_NUMBER_WORDS.get(ones, "")) == 1:  # "forty-three"
        return str(int(_NUMBER_WORDS[tens]) + int(_NUMBER_WORDS[ones]))
    plain = americanize(lower)
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    bare = _NOT_ALPHANUMERIC.sub("", plain)
    return bare or lower


def _find_stem(key: str, lower: str) -> str:
    """The word without its inflection: one stem for "carry", "carries" and "carried"."""
    irregular = _IRREGULAR.get(lower)
    if irregular is not None:
        return irregular
    stem = key[:-1] if key.endswith("s") and not lower.endswith("s") else key
    if len(stem) <= 3 or not stem.isalpha():
        return stem
    if stem.endswith("ies") and len(stem) > 4:
        stem = stem[:-3] + "y"
    elif stem.endswith(("sses", "xes", "ches", "shes", "zes")):
        stem = stem[:-2]
    elif stem.endswith("s") and not stem.endswith(("ss", "us", "is")):
        stem = stem[:-1]
    elif stem.endswith("ied") and len(stem) > 4:
        stem = stem[:-3] + "y"
    match = _INFLECTIONS.search(stem)
    least = 2 if stem.endswith("ing") else 3
    if match and match.start() >= least and _VOWEL.search(stem, 0, match.start()):
        stem = _DOUBLED.sub(r"\1", stem[: match.start()])
    return stem[:-1] if stem.endswith("e") and len(stem) > 3 else stem


@lru_cache(maxsize=1 << 16)
def _are_variants(first: str, second: str, names: bool) -> bool:
    """Whether two stems are one word in two spellings, or of one family ("defence", "defensive").

    Where `names` holds, both are capitalised: other alphabets are put into ours in several ways.
    """
    if first.isdigit() or second.isdigit():
        return False
    if names and first[0].translate(_VARIANT_LETTERS) == second[0].translate(_VARIANT_LETTERS):
        plain, other = (name.translate(_VARIANT_LETTERS) for name in (first, second))
        bare, other_bare = (re.sub(r"[aeiouh]", "", name) for name in (plain, other))
        if bare == other_bare and len(bare) > 1:
            return True
        if min(len(plain), len(other)) > 4 and Indel.normalized_similarity(plain, other) >= 0.8:
            return True
    common = next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    if common < 4 or common < 0.5 * max(len(first), len(second)):
        return False
    return all((stem[common:] or "-") in _ENDINGS for stem in (first, second))


# --------------------------------------------------------------------------------------
# Words of a pair of sentences
# --------------------------------------------------------------------------------------

# What two equal words weigh, and how much more where their neighbours are equal as well.
_CONTENT_WEIGHT, _FUNCTION_WEIGHT, _NEIGHBOUR_WEIGHT = 2.0, 0.7, 0.3
# The table of a pair of sentences holds a cell for each pair of words; longer ones are cut.
_MOST_CELLS = 250_000
_MOST_GAP_CELLS = 400
# So many equal pairs are chained one by one; more of them are faster as a table.
_MOST_CHAINED = 500
_LONGEST_BRIDGE, _MOST_WIDENED, _MOST_COMPARED = 2, 5, 100
# Less of the content words kept than the first, and of all words than the second, and nothing but a
# rephrasing can be named.
_LEAST_KEPT, _LEAST_ANCHORED, _MOST_UNANCHORED = 0.12, 0.35, 4

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WordLink:
    """Which words of a copied sentence stand in the place of which of its original.

    Attributes:
        kind: one of `WORD_LINK_KINDS`.
        words: indices into the copy's words, one run; empty where something was dropped.
        original_words: indices into the original's words, one run; empty where it was added.
    """

    kind: str
    words: range
    original_words: range


# What became of the words of a column.
_KEPT, _FORM, _CHANGED, _MOVED = range(4)


class _Column(NamedTuple):
    """Words that stand in each other's place: ``[start, end)`` of the copy and the original.

    `state` is one of: kept (the same words), form (one word in two forms or spellings), changed,
    moved (the same words, at another place).
    """

    state: int
    start: int
    end: int
    original_start: int
    original_end: int

    @property
    def is_two_sided(self) -> bool:
        """Whether something stands on both sides."""
        return self.start < self.end and self.original_start < self.original_end

    def touches(self, other: _Column) -> bool:
        """Whether `other` follows at once on both sides."""
        return self.end == other.start and self.original_end == other.original_start

    def join(self, other: _Column) -> _Column:
        """One column of this and the one that follows."""
        return _Column(_CHANGED, self.start, other.end, self.original_start, other.original_end)


def align_words(copy: Sequence[str], original: Sequence[str]) -> tuple[WordLink, ...]:
    """Link the words of a copied sentence to those of its original, in the copy's order.

    Args:
        copy: the words of the copy (punctuation marks left out: see `Word.is_word`).
        original: the words of the original.

    Returns:
        Links that hold each word of both sides once. Memory and time grow with the product of the
        lengths up to 250,000 pairs of words and linearly beyond.
    """
    return tuple(_link_forms([_describe(w) for w in copy], [_describe(w) for w in original]))


def _link_forms(copy: _Forms, original: _Forms) -> list[WordLink]:
    if [form.lower for form in copy] == [form.lower for form in original]:
        return [WordLink("same", range(len(copy)), range(len(original)))] if copy else []
    anchors = _find_anchors(copy, original)
    if not _share_enough(copy, original, anchors):
        return [_make_link(copy, original, _Column(_CHANGED, 0, len(copy), 0, len(original)))]
    moved = _find_moved(copy, original, anchors)
    columns = _find_columns(copy, original, anchors, moved)
    columns = _extend_phrases(copy, original, _join_columns(copy, original, columns))
    columns = _widen_moved(copy, original, columns)
    return [_make_link(copy, original, column) for column in _bridge(copy, original, columns)]


def _share_enough(copy: _Forms, original: _Forms, anchors: Sequence[tuple[int, int]]) -> bool:
    """Whether enough was kept to say what stands in whose place."""
    contents = min(
        sum(not form.is_function for form in copy), sum(not form.is_function for form in original)
    )
    kept = sum(not copy[i].is_function for i, _ in anchors)
    if not anchors:
        return max(len(copy), len(original)) <= _MOST_UNANCHORED
    shortest = min(len(copy), len(original))
    enough = kept > _LEAST_KEPT * contents or len(anchors) >= _LEAST_ANCHORED * shortest
    return contents <= 3 or enough


# ------------------------------------------------------------------------------ anchors


def _find_anchors(copy: _Forms, original: _Forms) -> list[tuple[int, int]]:
    """Pairs of words that are the same, or forms or spellings of the same, in both orders."""
    first, second = _number_words(copy, original)
    head, tail = _measure_equal_ends(first, second)
    end, original_end = len(first) - tail, len(second) - tail
    is_function = np.array([form.is_function for form in copy], bool)
    anchors = [(i, i) for i in range(head)]
    for start, stop, original_start, original_stop in _cut_long(
        first, second, (head, end, head, original_end)
    ):
        part = _find_heaviest(
            first[start:stop], second[original_start:original_stop], is_function[start:stop]
        )
        anchors += [(start + i, original_start + j) for i, j in part]
    anchors += [(end + i, original_end + i) for i in range(tail)]
    anchors = _uncross(first, second, is_function, anchors)
    return _drop_stray_anchors(copy, original, anchors)


def _number_words(copy: _Forms, original: _Forms) -> tuple[Ints, Ints]:
    """A number for each word; forms and spellings of one word get the same."""
    numbers: dict[str, int] = {}
    first = np.array([numbers.setdefault(form.stem, len(numbers)) for form in copy], np.int64)
    shared = len(numbers)
    second = np.array([numbers.setdefault(form.stem, len(numbers)) for form in original], np.int64)
    if len(numbers) == shared:
        return first, second
    seen = set(second.tolist())
    lonely = _list_content(form for form in copy if numbers[form.stem] not in seen)
    same = np.arange(len(numbers))
    for form in _list_content(form for form in original if numbers[form.stem] >= shared):
        for other in lonely:
            names = form.is_capitalized and other.is_capitalized
            if _are_variants(other.stem, form.stem, names):
                same[numbers[form.stem]] = numbers[other.stem]
                break
    return first, same[second]


def _list_content(forms: Iterable[_Form]) -> list[_Form]:
    """The content words among forms, each stem once, so few that all can be compared."""
    contents = {f.stem: f for f in forms if not f.is_function and len(f.stem) > 1}
    return list(contents.values())[:_MOST_COMPARED]


def _measure_equal_ends(first: Ints, second: Ints) -> tuple[int, int]:
    """How many words are equal at the beginning, and how many of the rest at the end."""
    shortest = min(len(first), len(second))
    unequal = np.flatnonzero(first[:shortest] != second[:shortest])
    head = int(unequal[0]) if len(unequal) else shortest
    rest = shortest - head
    unequal = np.flatnonzero(first[::-1][:rest] != second[::-1][:rest])
    return head, int(unequal[0]) if len(unequal) else rest


_Place = tuple[int, int, int, int]


def _cut_long(first: Ints, second: Ints, place: _Place) -> Iterator[_Place]:
    """Cut a stretch that is too long for a table at words that occur once on each side.

    What stays too long is left out: nothing is anchored in it (patience diff, as version-control
    systems do it).
    """
    start, end, original_start, original_end = place
    if (end - start) * (original_end - original_start) <= _MOST_CELLS:
        yield place
    else:
        yield from _cut_at_unique(first, second, place)


def _cut_at_unique(first: Ints, second: Ints, place: _Place) -> Iterator[_Place]:
    start, end, original_start, original_end = place
    once, once_at = _find_unique(first[start:end])
    original_once, original_at = _find_unique(second[original_start:original_end])
    _, here, there = np.intersect1d(once, original_once, assume_unique=True, return_indices=True)
    pairs = sorted(zip(once_at[here].tolist(), original_at[there].tolist(), strict=True))
    at, original_from = start, original_start
    chain = [(start + pairs[k][0], original_start + pairs[k][1]) for k in _find_rising(pairs)]
    for i, j in [*chain, (end, original_end)]:
        if 0 < (i - at) * (j - original_from) <= _MOST_CELLS:
            yield at, i, original_from, j
        if i < end and j < original_end:
            yield i, i + 1, j, j + 1
        at, original_from = i + 1, j + 1


def _find_unique(numbers: Ints) -> tuple[Ints, Ints]:
    values, places, counts = np.unique(numbers, return_index=True, return_counts=True)
    return values[counts == 1], places[counts == 1]


def _find_rising(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Indices of a longest run of `pairs` (sorted by the first) that rises in the second."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, (_, value) in enumerate(pairs):
        at = bisect_left(ends, value)
        before.append(places[at - 1] if at else -1)
        ends[at:], places[at:] = [value, *ends[at + 1 :]], [place, *places[at + 1 :]]
    chain = []
    place = places[-1] if places else -1
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]


def _find_heaviest(
    first: Ints, second: Ints, is_function: npt.NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """The heaviest common subsequence: content words weigh more, and so do neighbours."""
    if not len(first) or not len(second):
        return []
    equal = first[:, None] == second[None, :]
    weights = np.where(is_function, _FUNCTION_WEIGHT, _CONTENT_WEIGHT)[:, None] * equal
    both = equal[1:, 1:] & equal[:-1, :-1]
    weights[1:, 1:] += _NEIGHBOUR_WEIGHT * both
    weights[:-1, :-1] += _NEIGHBOUR_WEIGHT * both
    rows, columns = np.nonzero(equal)
    if len(rows) <= _MOST_CHAINED:
        rated = zip(rows.tolist(), columns.tolist(), weights[equal].tolist(), strict=True)
        return [(i, j) for i, j, _ in _find_chain(rated)]
    best = np.zeros((len(first) + 1, len(second) + 1))
    for row, weight in enumerate(weights):
        through = np.maximum(best[row, 1:], best[row, :-1] + weight)
        np.maximum.accumulate(through, out=best[row + 1, 1:])
    return _trace_back(best.tolist(), equal)


def _trace_back(best: list[list[float]], equal: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    i, j = len(best) - 1, len(best[0]) - 1
    pairs = []
    while i and j:
        here = best[i][j]
        if here == best[i - 1][j]:
            i -= 1
        elif here == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            if equal[i, j]:
                pairs.append((i, j))
    return pairs[::-1]


def _uncross(
    first: Ints,
    second: Ints,
    is_function: npt.NDArray[np.bool_],
    anchors: list[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Give up a run of anchors that a longer stretch has been moved across.

    In "on Sunday he left the town" for "he left the town on Sunday" either part may be anchored;
    what is left over on both sides of the shorter one tells that it is the one that moved.
    """
    runs = _list_runs(anchors)
    ends = [(len(first), len(second))]
    number = 0
    last = (-1, -1)
    while number < len(runs):
        run = runs[number]
        following = runs[number + 1][0] if number + 1 < len(runs) else ends[0]
        before = (run[0][0] - last[0]) - (run[0][1] - last[1])
        after = (following[0] - run[-1][0]) - (following[1] - run[-1][1])
        if before * after < 0 and min(abs(before), abs(after)) > len(run):
            rows, columns = slice(last[0] + 1, following[0]), slice(last[1] + 1, following[1])
            free = first[rows].copy()
            free[[i - last[0] - 1 for i, _ in run]] = -1
            again = [
                (last[0] + 1 + i, last[1] + 1 + j)
                for i, j in _find_heaviest(free, second[columns], is_function[rows])
                if (last[1] + 1 + j) not in {j for _, j in run}
            ]
            runs[number : number + 1] = _list_runs(again)
            if not again:
                continue
            number += len(_list_runs(again)) - 1
        last = runs[number][-1]
        number += 1
    return [pair for run in runs for pair in run]


def _drop_stray_anchors(
    copy: _Forms, original: _Forms, anchors: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Without function words that stand alone amid long changed stretches: mere coincidences."""
    runs = _list_runs(anchors)
    kept: list[tuple[int, int]] = []
    end, original_end = 0, 0
    for number, run in enumerate(runs):
        following = runs[number + 1][0] if number + 1 < len(runs) else (len(copy), len(original))
        before = max(run[0][0] - end, run[0][1] - original_end)
        after = max(following[0] - run[-1][0], following[1] - run[-1][1]) - 1
        stray = (
            all(copy[i].is_function for i, _ in run)
            and min(before, after) > 0
            and before + after >= 3 * len(run) + 2
        )
        if not stray:
            kept += run
            end, original_end = run[-1][0] + 1, run[-1][1] + 1
    return kept


def _list_runs(anchors: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Anchors that follow each other without a gap on either side, together."""
    runs: list[list[tuple[int, int]]] = []
    for i, j in anchors:
        if runs and runs[-1][-1] == (i - 1, j - 1):
            runs[-1].append((i, j))
        else:
            runs.append([(i, j)])
    return runs


# ------------------------------------------------------------------------- moved phrases


def _find_moved(
    copy: _Forms, original: _Forms, anchors: Sequence[tuple[int, int]]
) -> list[_Column]:
    """Phrases with a content word that are left over on both sides, the longest first."""
    anchored, original_anchored = {i for i, _ in anchors}, {j for _, j in anchors}
    free = [i not in anchored for i in range(len(copy))]
    original_free = [j not in original_anchored for j in range(len(original))]
    places = defaultdict(list)
    for j, form in enumerate(original):
        if original_free[j] and not form.is_function:
            places[form.stem].append(j)
    candidates = []
    for i, form in enumerate(copy):
        if free[i] and not form.is_function:
            for j in places[form.stem][:20]:
                match = _extend_match(copy, original, free, original_free, i, j)
                # "shown" is no moved "show", but "allegations are" is a moved "allegation is"
                if match.end - match.start > 1 or form.key == original[j].key:
                    candidates.append(match)
    moved: list[_Column] = []
    for column in sorted(set(candidates), key=lambda c: (c.start - c.end, c.start)):
        rows = range(column.start, column.end)
        original_rows = range(column.original_start, column.original_end)
        if all(free[i] for i in rows) and all(original_free[j] for j in original_rows):
            moved.append(column)
            for i, j in zip(rows, original_rows, strict=True):
                free[i] = original_free[j] = False
    return moved


def _extend_match(
    copy: _Forms,
    original: _Forms,
    free: Sequence[bool],
    original_free: Sequence[bool],
    i: int,
    j: int,
) -> _Column:
    def fits(k: int, m: int) -> bool:
        return (
            0 <= k < len(copy)
            and 0 <= m < len(original)
            and free[k]
            and original_free[m]
            and copy[k].stem == original[m].stem
        )

    before = after = 1
    while fits(i - before, j - before):
        before += 1
    while fits(i + after, j + after):
        after += 1
    return _Column(_MOVED, i - before + 1, i + after, j - before + 1, j + after)


# --------------------------------------------------------- what stands between the anchors


def _find_columns(
    copy: _Forms,
    original: _Forms,
    anchors: Sequence[tuple[int, int]],
    moved: Sequence[_Column],
) -> list[_Column]:
    """Columns in the copy's order, kept words in runs; moved phrases at their place in the copy."""
    moved_at = {column.start: column for column in moved}
    gone = {j for column in moved for j in range(column.original_start, column.original_end)}
    columns: list[_Column] = []
    start = original_start = 0  # of a run of kept words, or where one may begin
    end = original_end = 0
    for i, j in [*anchors, (len(copy), len(original))]:
        kept = i < len(copy) and copy[i].lower == original[j].lower
        if kept and i == end and j == original_end:
            end, original_end = i + 1, j + 1
            continue
        if start < end:
            columns.append(_Column(_KEPT, start, end, original_start, original_end))
        if end < i or original_end < j:
            place = (end, i, original_end, j)
            columns += _align_stretch(copy, original, place, moved_at, gone)
        if not kept and i < len(copy):
            columns.append(_Column(_FORM, i, i + 1, j, j + 1))
        start, original_start = (i, j) if kept else (i + 1, j + 1)
        end, original_end = i + 1, j + 1
    return columns


def _align_stretch(
    copy: _Forms,
    original: _Forms,
    place: _Place,
    moved_at: dict[int, _Column],
    gone: set[int],
) -> list[_Column]:
    """Put the words of a changed stretch in each other's places; moved phrases stand aside."""
    at, end, original_at, original_end = place
    columns: list[_Column] = []
    rows: list[int] = []
    while at < end:
        column = moved_at.get(at)
        if column is None:
            rows.append(at)
            at += 1
        else:
            columns.append(column)
            at = column.end
    original_rows = [j for j in range(place[2], original_end) if j not in gone]
    # The empty side of a column stands behind what came before it.
    at = place[0]
    for i, j in _pair_by_place(copy, original, rows, original_rows):
        start, at = (at, at) if i is None else (i, i + 1)
        original_start, original_at = (original_at, original_at) if j is None else (j, j + 1)
        same = i is not None and j is not None and copy[i].lower == original[j].lower
        state = _KEPT if same else _CHANGED
        columns.append(_Column(state, start, at, original_start, original_at))
    return columns


def _pair_by_place(
    copy: _Forms, original: _Forms, rows: list[int], original_rows: list[int]
) -> list[tuple[int | None, int | None]]:
    """Pair words of like class in order; None where a word has no partner."""
    if not rows or not original_rows or len(rows) * len(original_rows) > _MOST_GAP_CELLS:
        return [*((i, None) for i in rows), *((None, j) for j in original_rows)]
    best = [[0.0] * (len(original_rows) + 1) for _ in range(len(rows) + 1)]
    for a, i in enumerate(rows, 1):
        for b, j in enumerate(original_rows, 1):
            best[a][b] = max(
                best[a - 1][b], best[a][b - 1], best[a - 1][b - 1] + _fit(copy[i], original[j])
            )
    pairs: list[tuple[int | None, int | None]] = []
    a, b = len(rows), len(original_rows)
    while a or b:
        if a and b and best[a][b] > max(best[a - 1][b], best[a][b - 1]):
            a, b = a - 1, b - 1
            pairs.append((rows[a], original_rows[b]))
        elif b and (not a or best[a][b] == best[a][b - 1]):
            b -= 1
            pairs.append((None, original_rows[b]))
        else:
            a -= 1
            pairs.append((rows[a], None))
    return pairs[::-1]


def _fit(first: _Form, second: _Form) -> float:
    """How well a word stands in another's place, by class and ending; 0 where it cannot."""
    if first.is_function != second.is_function:
        return 0.0
    if first.is_function:
        return 0.6 if first.stem == second.stem else 0.3
    fit = 1.0
    if first.is_number != second.is_number:
        fit -= 0.5
    if first.is_capitalized == second.is_capitalized:
        fit += 0.1
    if first.lower[-2:] == second.lower[-2:]:
        fit += 0.2
    return fit


def _join_columns(copy: _Forms, original: _Forms, columns: list[_Column]) -> list[_Column]:
    """Make phrases of neighbouring changed words."""
    joined: list[_Column] = []
    for column in columns:
        if joined and _belong_together(copy, original, joined[-1], column):
            joined[-1] = joined[-1].join(column)
        else:
            joined.append(column)
    return joined


def _belong_together(copy: _Forms, original: _Forms, last: _Column, column: _Column) -> bool:
    """Whether a column goes on with the phrase before it."""
    if last.state != _CHANGED or not last.touches(column):
        return False
    changed = _list_words_of(copy, original, last)
    if column.state == _FORM:
        # "has been raising" for "raised": the helpers belong to their verb
        return all(form.lower in _VERB_HELPERS for form in changed)
    if column.state != _CHANGED:
        return False
    if last.is_two_sided and column.is_two_sided:
        # "secretary of state": what "of" ties together stays together
        return changed[-1].lower == "of" != copy[last.end - 1].lower
    following = _list_words_of(copy, original, column)
    if last.is_two_sided and all(form.lower in _FOLLOWED for form in following):
        return False
    return not (column.is_two_sided and changed[-1].lower == "that")


def _list_words_of(copy: _Forms, original: _Forms, column: _Column) -> list[_Form]:
    """The words of a column, the copy's first."""
    return [
        *copy[column.start : column.end],
        *original[column.original_start : column.original_end],
    ]


def _extend_phrases(copy: _Forms, original: _Forms, columns: list[_Column]) -> list[_Column]:
    """Let a phrase take in the kept word that it cannot be read without.

    "pieces of equipment" for "equipment", and "on the previous Tuesday" for "earlier Tuesday".
    """
    extended: list[_Column] = []
    for column in columns:
        last = extended[-1] if extended else None
        if (
            last is not None
            and last.state == _CHANGED
            and column.state == _KEPT
            and last.touches(column)
            and not copy[column.start].is_function
            and _needs(_list_words_of(copy, original, last), last, copy[column.start])
        ):
            word = column._replace(end=column.start + 1, original_end=column.original_start + 1)
            extended[-1] = last.join(word)
            column = column._replace(start=word.end, original_start=word.original_end)
        if column.start < column.end or column.original_start < column.original_end:
            extended.append(column)
    return extended


def _needs(changed: _Forms, phrase: _Column, following: _Form) -> bool:
    if not _has_content(changed):
        return False
    if phrase.is_two_sided:
        return following.lower in _DAYS
    if following.lower.endswith("ing") or changed[0].is_function:
        return False
    return any(form.lower == "of" for form in changed[1:])


def _widen_moved(copy: _Forms, original: _Forms, columns: list[_Column]) -> list[_Column]:
    """Let a moved phrase take in what was added beside it and what was dropped beside it.

    "according to the police" for "police said".
    """
    if all(column.state != _MOVED for column in columns):
        return columns
    one_sided = [c for c in columns if c.state == _CHANGED and not c.is_two_sided]
    added = [c for c in one_sided if c.start < c.end]
    dropped = [c for c in one_sided if c.start == c.end]
    added_at = {edge: c for c in added for edge in (c.start, c.end)}
    dropped_at = {edge: c for c in dropped for edge in (c.original_start, c.original_end)}
    taken: set[_Column] = set()
    widened = {}
    for moved in (column for column in columns if column.state == _MOVED):
        nearby = (
            added_at.get(moved.start) or added_at.get(moved.end),
            dropped_at.get(moved.original_start) or dropped_at.get(moved.original_end),
        )
        beside = [column for column in nearby if column and column not in taken]
        words = [form for column in beside for form in _list_words_of(copy, original, column)]
        if (len(beside) == 2 and len(words) <= _MOST_WIDENED) or not _has_content(words):
            widened[moved] = _span_all(moved, beside, _has_content(words))
            taken.update(beside)
    return [widened.get(column, column) for column in columns if column not in taken]


def _span_all(moved: _Column, beside: Sequence[_Column], is_changed: bool) -> _Column:
    """A moved phrase with what stands beside it on either side."""
    rows = [moved, *(column for column in beside if column.start < column.end)]
    columns = [moved, *(column for column in beside if column.start == column.end)]
    return _Column(
        _CHANGED if is_changed else _MOVED,
        min(column.start for column in rows),
        max(column.end for column in rows),
        min(column.original_start for column in columns),
        max(column.original_end for column in columns),
    )


def _bridge(copy: _Forms, original: _Forms, columns: list[_Column]) -> list[_Column]:
    """Make one phrase of what was added before a kept word and dropped behind it, or the reverse.

    "the tax on diesel" for "diesel duty".
    """
    bridged: list[_Column] = []
    for column in columns:
        bridged.append(column)
        if len(bridged) < 3:
            continue
        before, kept, after = bridged[-3:]
        if (
            before.state == after.state == _CHANGED
            and kept.state == _KEPT
            and kept.end - kept.start <= _LONGEST_BRIDGE
            and before.touches(kept)
            and kept.touches(after)
            and not before.is_two_sided
            and not after.is_two_sided
            and (before.start < before.end) != (after.start < after.end)
            and all(_has_content(_list_words_of(copy, original, c)) for c in bridged[-3:])
        ):
            bridged[-3:] = [before.join(after)]
    return bridged


def _has_content(forms: Iterable[_Form]) -> bool:
    return any(not form.is_function for form in forms)


# ---------------------------------------------------------------------------------- kinds


def _make_link(copy: _Forms, original: _Forms, column: _Column) -> WordLink:
    first = copy[column.start : column.end]
    second = original[column.original_start : column.original_end]
    if column.state == _KEPT:
        kind = "same"
    else:
        kind = "word order" if column.state == _MOVED else _name_kind(first, second)
    return WordLink(
        kind,
        range(column.start, column.end),
        range(column.original_start, column.original_end),
    )


def _name_kind(copy: _Forms, original: _Forms) -> str:
    """What was done to a phrase."""
    if not copy or not original:
        return "added" if copy else "dropped"
    if [form.lower for form in copy] == [form.lower for form in original]:
        return "same"
    if "".join(form.key for form in copy) == "".join(form.key for form in original):
        return "name or spelling"
    contents = [form for form in copy if not form.is_function]
    original_contents = [form for form in original if not form.is_function]
    if not contents and not original_contents:
        lemmas = [[_IRREGULAR.get(f.lower) for f in side] for side in (copy, original)]
        return "inflection" if lemmas[0] == lemmas[1] and None not in lemmas[0] else "function word"
    if sorted(f.stem for f in contents) == sorted(f.stem for f in original_contents):
        return _name_form_change(contents, original_contents)
    if len(contents) == len(original_contents) == 1 and (
        variant := _name_variant(contents[0], original_contents[0])
    ):
        return variant
    return _name_choice(copy, original, len(contents), len(original_contents))


def _name_form_change(copy: _Forms, original: _Forms) -> str:
    if [form.stem for form in copy] != [form.stem for form in original]:
        return "word order"
    if all(a.lower == b.lower for a, b in zip(copy, original, strict=True)):
        return "function word"
    return "inflection"


def _name_variant(first: _Form, second: _Form) -> str | None:
    if _are_variants(first.stem, second.stem, False):
        return "inflection"
    names = first.is_capitalized and second.is_capitalized
    return "name or spelling" if names and _are_variants(first.stem, second.stem, True) else None


def _name_choice(copy: _Forms, original: _Forms, contents: int, original_contents: int) -> str:
    """Whether content words were exchanged one for one, or more was said otherwise."""
    same_length = len(copy) == len(original) <= 3 and contents == original_contents
    particle = contents == original_contents == 1 and max(len(copy), len(original)) == 2
    alike = same_length or particle or len(copy) == len(original) == 1
    return "synonym" if alike else "rephrasing"


# --------------------------------------------------------------------------------------
# Sentences
# --------------------------------------------------------------------------------------

# Similarity is a mean of three views of a pair: rare words shared, words in order, letters in
# order. Their shares are those of a logistic regression that told round trips of news sentences
# from the other sentences of the same article.
_RARE_SHARE, _WORD_ORDER_SHARE, _LETTER_SHARE = 0.375, 0.4, 0.225
# One in five hundred pairs of other sentences reaches the first, one in thirty the second; the
# second is enough where the neighbours on both sides are linked.
_LEAST_SIMILARITY, _LEAST_BETWEEN, _LEAST_MOVED = 0.42, 0.27, 0.46
_NAMES_ONLY_DISCOUNT = 0.6
# A further sentence joins a link if so much of it is in what the link had not yet explained.
_LEAST_CONTAINED = 0.45
_MOST_SENTENCES = 3
_WIDEST_GAP = 4
_CANDIDATES, _LEAST_CANDIDATE = 6, 0.1
_BLOCK = 1000
# A word that would bring more pairs of sentences together than this brings none.
_MOST_PAIRS_OF_WORD, _MOST_PAIRS = 40_000, 20_000_000
# Order is compared over the first words of a sentence only; what is longer is no sentence.
_COMPARED_WORDS, _COMPARED_LETTERS = 300, 2000


_FormLists = Sequence[_Forms]


class _Sentences:
    """Sentences of both texts, and how alike any of one is to any of the other."""

    def __init__(self, copy: _FormLists, original: _FormLists) -> None:
        self.forms = (copy, original)
        self.keys = tuple([[f.key for f in forms] for forms in side] for side in self.forms)
        self.stems = tuple(
            [[f.stem for f in forms[:_COMPARED_WORDS]] for forms in side] for side in self.forms
        )
        self.names = _find_names(self.forms)
        self.contents = tuple(
            [frozenset(f.stem for f in forms if not f.is_function) for forms in side]
            for side in self.forms
        )
        counts = Counter(stem for side in self.contents for stems in side for stem in stems)
        total = len(copy) + len(original)
        self.weights = {stem: math.log(1 + total / count) for stem, count in counts.items()}

    def weigh(self, stems: Iterable[str]) -> float:
        weights = self.weights
        return sum([weights[stem] for stem in stems])

    def compare(self, copied: Sequence[int], originals: Sequence[int]) -> float:
        """Similarity, 0 to 1, of one or more sentences of the copy and of the original."""
        keys = [key for i in copied for key in self.keys[0][i]]
        other_keys = [key for j in originals for key in self.keys[1][j]]
        if not keys or not other_keys:
            return 0.0
        if keys == other_keys:
            return 1.0
        stems = frozenset().union(*[self.contents[0][i] for i in copied])
        other_stems = frozenset().union(*[self.contents[1][j] for j in originals])
        shared = stems & other_stems
        whole = self.weigh(stems) + self.weigh(other_stems)
        rare = 2 * self.weigh(shared) / whole if whole else 0.0
        order = Indel.normalized_similarity(
            [stem for i in copied for stem in self.stems[0][i]],
            [stem for j in originals for stem in self.stems[1][j]],
        )
        letters = Indel.normalized_similarity(
            " ".join(keys[:_COMPARED_WORDS])[:_COMPARED_LETTERS],
            " ".join(other_keys[:_COMPARED_WORDS])[:_COMPARED_LETTERS],
        )
        similarity = _RARE_SHARE * rare + _WORD_ORDER_SHARE * order + _LETTER_SHARE * letters
        if shared <= self.names and order < 0.75:
            similarity *= _NAMES_ONLY_DISCOUNT
        return float(min(similarity, 1.0))

    def find_candidates(self) -> Iterator[tuple[int, int]]:
        """Pairs of sentences worth a comparison, by the rare words that they share."""
        yield from self._pair_identical()
        sides = self._tabulate()
        if sides is None:
            return
        first, second = sides
        whole = [np.array([self.weigh(stems) for stems in side]) for side in self.contents]
        for start in range(0, first.shape[0], _BLOCK):
            shared = first[start : start + _BLOCK] @ second.T
            for row in range(shared.shape[0]):
                place = slice(shared.indptr[row], shared.indptr[row + 1])
                columns = shared.indices[place]
                dice = 2 * shared.data[place] / (whole[0][start + row] + whole[1][columns])
                best = np.flatnonzero(dice >= _LEAST_CANDIDATE)
                if len(best) > _CANDIDATES:
                    best = best[np.argsort(-dice[best], kind="stable")[:_CANDIDATES]]
                for column in columns[best].tolist():
                    yield start + row, column

    def _pair_identical(self) -> Iterator[tuple[int, int]]:
        places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for j, forms in enumerate(self.forms[1]):
            places[tuple(form.key for form in forms)].append(j)
        met: Counter[tuple[str, ...]] = Counter()
        for i, forms in enumerate(self.forms[0]):
            keys = tuple(form.key for form in forms)
            if met[keys] < len(places.get(keys, ())):
                yield i, places[keys][met[keys]]
                met[keys] += 1

    def _tabulate(self) -> tuple[csr_matrix, csr_matrix] | None:
        """Sentences by words, both texts; words that too many sentences have are left out."""
        counts = [Counter(stem for stems in side for stem in stems) for side in self.contents]
        pairs = {stem: counts[0][stem] * counts[1][stem] for stem in counts[0] if counts[1][stem]}
        numbers: dict[str, int] = {}
        spent = 0
        for stem in sorted(pairs, key=lambda stem: (pairs[stem], stem)):
            spent += pairs[stem]
            if pairs[stem] > _MOST_PAIRS_OF_WORD or spent > _MOST_PAIRS:
                break
            numbers[stem] = len(numbers)
        if not numbers:
            return None
        tables = []
        for side in self.contents:
            rows = [[numbers[stem] for stem in stems if stem in numbers] for stems in side]
            ends = np.cumsum([0, *map(len, rows)])
            columns = np.fromiter((n for row in rows for n in row), np.int64, int(ends[-1]))
            roots = np.sqrt([self.weights[stem] for stem in numbers])
            tables.append(csr_matrix((roots[columns], columns, ends), (len(side), len(numbers))))
        return tables[0], tables[1]


def _find_names(sides: Iterable[Iterable[_Forms]]) -> frozenset[str]:
    """Stems that are numbers, or always capitalised and not only at the start of a sentence."""
    names, others = set(), set()
    for side in sides:
        for forms in side:
            for place, form in enumerate(forms):
                if form.is_number or (form.is_capitalized and place):
                    names.add(form.stem)
                elif not form.is_capitalized:
                    others.add(form.stem)
    return frozenset(names - others)


@dataclass(slots=True)
class _Group:
    """Sentences of the copy and of the original that belong together, while links are sought."""

    copied: list[int]
    originals: list[int]
    similarity: float


def align_sentences(
    copy: Sequence[Sequence[str]], original: Sequence[Sequence[str]]
) -> tuple[SentenceLink, ...]:
    """Link the sentences of a copy to those of its original.

    Args:
        copy: the words of each sentence of the copy.
        original: the words of each sentence of the original.

    Returns:
        Links that hold each sentence of both sides once: those of the copy in its order ("added"
        where nothing in the original is like them), then what was "dropped", in the original's.
    """
    return _link_sentences(_describe_all(copy), _describe_all(original))


def _describe_all(sentences: Sequence[Sequence[str]]) -> list[list[_Form]]:
    return [[_describe(word) for word in sentence] for sentence in sentences]


def _link_sentences(copy: _FormLists, original: _FormLists) -> tuple[SentenceLink, ...]:
    sentences = _Sentences(copy, original)
    rated = _rate_candidates(sentences)
    groups = _link_between(sentences, _link_in_order(rated))
    _grow_groups(sentences, groups)
    groups += _link_moved(groups, rated)
    _grow_groups(sentences, groups)
    return _make_sentence_links(groups, len(copy), len(original))


def _rate_candidates(sentences: _Sentences) -> list[tuple[int, int, float]]:
    rated = []
    for i, j in sorted(set(sentences.find_candidates())):
        similarity = sentences.compare([i], [j])
        if similarity >= _LEAST_SIMILARITY:
            rated.append((i, j, similarity))
    return rated


def _link_in_order(rated: Iterable[tuple[int, int, float]]) -> list[_Group]:
    return [_Group([i], [j], similarity) for i, j, similarity in _find_chain(rated)]


def _find_chain(rated: Iterable[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """The pairs, rising on both sides, whose similarities have the greatest sum."""
    pairs = sorted(rated, key=lambda pair: (pair[0], -pair[1]))
    size = max((j for _, j, _ in pairs), default=-1) + 2
    best: list[tuple[float, int]] = [(0.0, -1)] * size  # a Fenwick tree of maxima over j
    before: list[int] = []
    for number, (_, j, similarity) in enumerate(pairs):
        total, last = 0.0, -1
        at = j
        while at:
            if best[at][0] > total:
                total, last = best[at]
            at -= at & -at
        before.append(last)
        at = j + 1
        while at < size:
            if total + similarity > best[at][0]:
                best[at] = (total + similarity, number)
            at += at & -at
    last = max(best, default=(0.0, -1))[1]
    chain = []
    while last >= 0:
        chain.append(pairs[last])
        last = before[last]
    return chain[::-1]


def _link_between(sentences: _Sentences, groups: list[_Group]) -> list[_Group]:
    """Link what stands between linked neighbours on less evidence, in narrow gaps."""
    linked: list[_Group] = []
    ends = _Group([len(sentences.forms[0])], [len(sentences.forms[1])], 0.0)
    start = original_start = 0
    for group in [*groups, ends] if groups else []:
        rows = range(start, group.copied[0])
        columns = range(original_start, group.originals[0])
        if 0 < len(rows) <= _WIDEST_GAP and 0 < len(columns) <= _WIDEST_GAP:
            rated = [(i, j, sentences.compare([i], [j])) for i in rows for j in columns]
            linked += _link_in_order([r for r in rated if r[2] >= _LEAST_BETWEEN])
        if group is not ends:
            linked.append(group)
        start, original_start = group.copied[0] + 1, group.originals[0] + 1
    return linked


def _link_moved(groups: Sequence[_Group], rated: Iterable[tuple[int, int, float]]) -> list[_Group]:
    """Link what is left and alike wherever it stands, the most alike first."""
    used = {i for group in groups for i in group.copied}
    original_used = {j for group in groups for j in group.originals}
    moved = []
    for i, j, similarity in sorted(rated, key=lambda item: (-item[2], item[:2])):
        if similarity >= _LEAST_MOVED and i not in used and j not in original_used:
            moved.append(_Group([i], [j], similarity))
            used.add(i)
            original_used.add(j)
    return moved


def _grow_groups(sentences: _Sentences, groups: list[_Group]) -> None:
    """Let sentences that are still free join a neighbour's link: splits and merges."""
    for side in (0, 1):
        owners = {k: g for g in groups for k in (g.copied, g.originals)[side]}
        for free in range(len(sentences.forms[side])):
            if free in owners:
                continue
            neighbours = [owners[k] for k in (free - 1, free + 1) if k in owners]
            offers = [
                (_rate_joining(sentences, group, side, free), number)
                for number, group in enumerate(neighbours)
            ]
            similarity, number = max(offers, default=(0.0, 0))
            if similarity > 0:
                group = neighbours[number]
                members = (group.copied, group.originals)[side]
                members.append(free)
                members.sort()
                group.similarity = similarity
                owners[free] = group


def _rate_joining(sentences: _Sentences, group: _Group, side: int, free: int) -> float:
    """Similarity of a group with one more sentence; 0 where that does not belong to it."""
    members, others = (group.copied, group.originals)[:: 1 if side == 0 else -1]
    if len(others) > 1 or len(members) >= _MOST_SENTENCES:
        return 0.0
    explained = frozenset().union(*(sentences.contents[side][k] for k in members))
    residue = sentences.contents[1 - side][others[0]] - explained
    shared = sentences.contents[side][free] & residue
    own = sentences.weigh(sentences.contents[side][free])
    if shared <= sentences.names or sentences.weigh(shared) < _LEAST_CONTAINED * own:
        return 0.0
    joined = sorted([*members, free])
    similarity = sentences.compare(*((joined, others) if side == 0 else (others, joined)))
    return similarity if similarity > group.similarity else 0.0


def _make_sentence_links(
    groups: list[_Group], copy_length: int, original_length: int
) -> tuple[SentenceLink, ...]:
    groups = sorted(groups, key=lambda group: group.copied)
    in_order = set(_find_rising([(g.copied[0], g.originals[0]) for g in groups]))
    links: dict[int, SentenceLink] = {}
    for number, group in enumerate(groups):
        kind = "split" if len(group.copied) > 1 else "merged"
        links[group.copied[0]] = SentenceLink(
            "one-to-one" if len(group.copied) == len(group.originals) == 1 else kind,
            tuple(group.copied),
            tuple(group.originals),
            round(group.similarity, 4),
            number not in in_order,
        )
    used = {i for group in groups for i in group.copied}
    original_used = {j for group in groups for j in group.originals}
    links |= {i: SentenceLink("added", (i,), (), 0.0) for i in range(copy_length) if i not in used}
    dropped = (j for j in range(original_length) if j not in original_used)
    return (
        *(links[i] for i in sorted(links)),
        *(SentenceLink("dropped", (), (j,), 0.0) for j in dropped),
    )


# --------------------------------------------------------------------------------------
# Texts
# --------------------------------------------------------------------------------------


class _Words(NamedTuple):
    """Words, and where each of them stands in the caller's text."""

    forms: list[_Form]
    starts: list[int]
    ends: list[int]
    quoted: list[bool]

    @classmethod
    def join(cls, parts: Iterable[_Words]) -> _Words:
        """The words of several sentences, one after the other."""
        whole = cls([], [], [], [])
        for part in parts:
            whole.forms.extend(part.forms)
            whole.starts.extend(part.starts)
            whole.ends.extend(part.ends)
            whole.quoted.extend(part.quoted)
        return whole


@dataclass(frozen=True, slots=True)
class WordCounts:
    """What became of the words of one link between sentences.

    Attributes:
        words, original_words: how many words the copy and the original have in it.
        kept: how many of them are the same, at the same place.
        runs: how many runs the kept words make.
        function_changes: how many changed words, of both sides, are function words.
        quoted: how many of the original's words stand in quotation marks.
        quoted_kept: how many of those are kept.
        quoted_copy: how many of the copy's words stand in quotation marks.
        names: how many of the original's words are names or numbers, inside the sentence.
        names_kept: how many of those are kept.
        kinds: the number of substitutions of each of `SUBSTITUTION_KINDS`.
    """

    words: int
    original_words: int
    kept: int
    runs: int
    function_changes: int
    quoted: int
    quoted_kept: int
    quoted_copy: int
    names: int
    names_kept: int
    kinds: tuple[int, ...]

    @property
    def changed_share(self) -> float:
        """Share of the words of both sides that were not kept."""
        return 1 - 2 * self.kept / max(self.words + self.original_words, 1)


@dataclass(frozen=True, slots=True)
class Alignment:
    """What stands where in a copy and its original.

    Attributes:
        copy: the sentences of the copy; boilerplate is among them and takes no part.
        original: the sentences of the original, likewise.
        links: which sentences stem from which, in the copy's order, what was dropped last.
        substitutions: what was put in place of what in linked sentences, in the copy's order;
            offsets are those of the caller's texts, scores are 0.
        coverage: share of the copy's words in sentences that stem from the original.
        original_coverage: share of the original's words in sentences that the copy has.
        word_counts: what became of the words of each link with two sides, in the order of `links`.
    """

    copy: tuple[Sentence, ...]
    original: tuple[Sentence, ...]
    links: tuple[SentenceLink, ...]
    substitutions: tuple[Substitution, ...]
    coverage: float
    original_coverage: float
    word_counts: tuple[WordCounts, ...]


def align(copy: str, original: str) -> Alignment:
    """Align a copy with its original, and name what was substituted.

    Args:
        copy: the copy as the caller has it.
        original: its supposed original, or any other text: what is not like it is not linked.
    """
    sentences, original_sentences = tuple(split_sentences(copy)), tuple(split_sentences(original))
    words = _cut_sentences(copy, sentences)
    original_words = _cut_sentences(original, original_sentences)
    links = _number_links(
        _link_sentences(
            [sentence.forms for sentence in words.values()],
            [sentence.forms for sentence in original_words.values()],
        ),
        list(words),
        list(original_words),
    )
    substitutions: list[Substitution] = []
    counts = []
    for link in links:
        if link.sentences and link.original_sentences:
            first = _Words.join(words[n] for n in link.sentences)
            second = _Words.join(original_words[n] for n in link.original_sentences)
            word_links = _link_forms(first.forms, second.forms)
            substitutions += _name_substitutions(copy, original, first, second, word_links)
            counts.append(_count_words(first, second, word_links))
    linked = [link for link in links if link.sentences and link.original_sentences]
    return Alignment(
        sentences,
        original_sentences,
        links,
        tuple(substitutions),
        _measure_coverage(words, (n for link in linked for n in link.sentences)),
        _measure_coverage(original_words, (n for link in linked for n in link.original_sentences)),
        tuple(counts),
    )


def find_substitutions(copy: str, original: str) -> list[Substitution]:
    """Name what a copied sentence has in place of what its original has.

    Args:
        copy: a sentence, or several that were split or merged, as the caller has them.
        original: what they stem from.

    Returns:
        Substitutions in the copy's order, with offsets in the strings given and scores of 0.
        Typography and capital letters are none.
    """
    first, second = _cut_words(copy), _cut_words(original)
    links = _link_forms(first.forms, second.forms)
    return list(_name_substitutions(copy, original, first, second, links))


def _cut_words(text: str) -> _Words:
    normalized = normalize(text)
    return _place_words(normalized.text, normalized, 0)


def _cut_sentences(text: str, sentences: Sequence[Sentence]) -> dict[int, _Words]:
    """The words of each sentence that takes part, by its index."""
    normalized = normalize(text)
    flat = normalized.text.replace("\n", " ")
    words = {}
    firsts = np.searchsorted(normalized.starts, [sentence.start for sentence in sentences])
    for number, (sentence, first) in enumerate(zip(sentences, firsts.tolist(), strict=True)):
        if sentence.kind != "boilerplate":
            # The piece of typography that a sentence starts in may begin before it.
            words[number] = _place_words(
                sentence.text, normalized, flat.index(sentence.text, first)
            )
    return words


def _place_words(text: str, normalized: Normalized, at: int) -> _Words:
    """The words of a normalised text that begins at `at`, with offsets in the caller's."""
    forms, firsts, lasts, quoted = [], [], [], []
    inside = False
    end = 0
    for word in tokenize(text):
        start = text.index(word, end)
        end = start + len(word)
        if word[0].isalnum():
            forms.append(_describe(word))
            firsts.append(at + start)
            lasts.append(at + end - 1)
            quoted.append(inside)
        elif word == '"':
            inside = not inside
    starts = normalized.starts[np.array(firsts, np.int64)].tolist()
    ends = normalized.ends[np.array(lasts, np.int64)].tolist()
    return _Words(forms, starts, ends, quoted)


def _number_links(
    links: Iterable[SentenceLink], numbers: list[int], original_numbers: list[int]
) -> tuple[SentenceLink, ...]:
    """Links between sentences counted with the boilerplate that took no part."""
    return tuple(
        SentenceLink(
            link.kind,
            tuple(numbers[n] for n in link.sentences),
            tuple(original_numbers[n] for n in link.original_sentences),
            link.similarity,
            link.moved,
        )
        for link in links
    )


def _measure_coverage(words: dict[int, _Words], linked: Iterable[int]) -> float:
    whole = sum(len(sentence.forms) for sentence in words.values())
    return sum(len(words[n].forms) for n in linked) / whole if whole else 0.0


def _name_substitutions(
    copy: str,
    original: str,
    first: _Words,
    second: _Words,
    links: Iterable[WordLink],
) -> Iterator[Substitution]:
    for link in links:
        if link.kind != "same":
            start, end = _find_span(first, link.words)
            original_start, original_end = _find_span(second, link.original_words)
            yield Substitution(
                start,
                end,
                copy[start:end],
                original_start,
                original_end,
                original[original_start:original_end],
                link.kind,
            )


def _find_span(place: _Words, words: range) -> tuple[int, int]:
    """Offsets of a run of words; an empty one stands behind the word before it."""
    if words:
        return place.starts[words.start], place.ends[words.stop - 1]
    if words.start:
        return place.ends[words.start - 1], place.ends[words.start - 1]
    return (place.starts[0], place.starts[0]) if place.starts else (0, 0)


def _count_words(first: _Words, second: _Words, links: Sequence[WordLink]) -> WordCounts:
    kept = {j for link in links if link.kind == "same" for j in link.original_words}
    changed = [link for link in links if link.kind != "same"]
    names = {
        j
        for j, form in enumerate(second.forms)
        if form.is_number or (j > 0 and form.is_capitalized)
    }
    quoted = {j for j, is_quoted in enumerate(second.quoted) if is_quoted}
    kinds = Counter(link.kind for link in changed)
    return WordCounts(
        words=len(first.forms),
        original_words=len(second.forms),
        kept=len(kept),
        runs=len(links) - len(changed),
        function_changes=sum(first.forms[i].is_function for link in changed for i in link.words)
        + sum(second.forms[j].is_function for link in changed for j in link.original_words),
        quoted=len(quoted),
        quoted_kept=len(quoted & kept),
        quoted_copy=sum(first.quoted),
        names=len(names),
        names_kept=len(names & kept),
        kinds=tuple(kinds[kind] for kind in SUBSTITUTION_KINDS),
    )


# --------------------------------------------------------------------------------------
# Figures by which a relation can be judged
# --------------------------------------------------------------------------------------

_MEASURED_KINDS = tuple(kind for kind in SUBSTITUTION_KINDS if kind != "wrong sense")

ALIGNMENT_COLUMNS = (
    "coverage",
    "original coverage",
    "kept words",
    "kept sentences",
    *(f"{kind} per 100" for kind in _MEASURED_KINDS),
    "changes per 100",
    "added words",
    "dropped words",
    "kept run",
    "function changes",
    "changed sentences",
    "changed share mean",
    "changed share median",
    "changed share low",
    "changed share high",
    "changed share spread",
    "similarity mean",
    "similarity low",
    "order kept",
    "moved sentences",
    "added sentences",
    "dropped sentences",
    "split sentences",
    "merged sentences",
    "quoted words",
    "quoted words kept",
    "quotation change",
    "names kept",
    "length ratio",
)
"""Names of what `measure_alignment` measures, in its order."""


def measure_alignment(alignment: Alignment) -> dict[str, float]:
    """Measure what was done to the linked sentences: `ALIGNMENT_COLUMNS`, in their order, finite.

    Shares lie between 0 and 1; "per 100" counts substitutions in 100 words of the linked sentences
    of the copy; "kept run" is the mean length, in words, of runs of kept words, its logarithm;
    "length ratio" the logarithm of the copy's words to the original's, over linked sentences. "low"
    and "high" are the first and the last decile over links. Where nothing is linked, shares of what
    was kept are 0, as are all others.
    """
    counts = alignment.word_counts
    measures = {
        "coverage": alignment.coverage,
        "original coverage": alignment.original_coverage,
        **_measure_words(counts),
        **_measure_spread(counts),
        **_measure_links(alignment.links),
        **_measure_quotations(counts),
    }
    return {name: float(measures[name]) for name in ALIGNMENT_COLUMNS}


def _measure_words(counts: Sequence[WordCounts]) -> dict[str, float]:
    words, original_words = sum(c.words for c in counts), sum(c.original_words for c in counts)
    kept, runs = sum(c.kept for c in counts), sum(c.runs for c in counts)
    changed = words + original_words - 2 * kept
    kinds = {
        kind: 100 * sum(c.kinds[place] for c in counts) / max(words, 1)
        for place, kind in enumerate(SUBSTITUTION_KINDS)
        if kind in _MEASURED_KINDS
    }
    return {
        "kept words": 2 * kept / max(words + original_words, 1),
        "kept sentences": _share(c.changed_share == 0 for c in counts),
        **{f"{kind} per 100": rate for kind, rate in kinds.items()},
        "changes per 100": sum(kinds.values()),
        "added words": max(words - kept, 0) / max(words, 1),
        "dropped words": max(original_words - kept, 0) / max(original_words, 1),
        "kept run": math.log1p(kept / max(runs, 1)),
        "function changes": sum(c.function_changes for c in counts) / max(changed, 1),
        "names kept": sum(c.names_kept for c in counts) / max(sum(c.names for c in counts), 1),
        "length ratio": math.log((words + 1) / (original_words + 1)),
    }


def _measure_spread(counts: Sequence[WordCounts]) -> dict[str, float]:
    """How the changes lie over the sentences: a person's in a few, a machine's in all."""
    shares = sorted(c.changed_share for c in counts) or [0.0]
    last = len(shares) - 1
    return {
        "changed sentences": _share(share > 0 for share in shares),
        "changed share mean": fmean(shares),
        "changed share median": median(shares),
        "changed share low": shares[round(0.1 * last)],
        "changed share high": shares[round(0.9 * last)],
        "changed share spread": pstdev(shares),
    }


def _measure_links(links: Sequence[SentenceLink]) -> dict[str, float]:
    linked = [link for link in links if link.sentences and link.original_sentences]
    similarities = sorted(link.similarity for link in linked) or [0.0]
    firsts = [link.original_sentences[0] for link in linked]
    return {
        "similarity mean": fmean(similarities),
        "similarity low": similarities[round(0.1 * (len(similarities) - 1))],
        "order kept": _share(a < b for a, b in pairwise(firsts))
        if len(firsts) > 1
        else 1.0 * bool(firsts),
        "moved sentences": _share(link.moved for link in linked),
        "added sentences": _share(link.kind == "added" for link in links if link.sentences),
        "dropped sentences": _share(
            link.kind == "dropped" for link in links if link.original_sentences
        ),
        "split sentences": _share(link.kind == "split" for link in linked),
        "merged sentences": _share(link.kind == "merged" for link in linked),
    }


def _measure_quotations(counts: Sequence[WordCounts]) -> dict[str, float]:
    quoted, copied = sum(c.quoted for c in counts), sum(c.quoted_copy for c in counts)
    words = sum(c.original_words for c in counts)
    return {
        "quoted words": quoted / max(words, 1),
        "quoted words kept": sum(c.quoted_kept for c in counts) / max(quoted, 1),
        "quotation change": abs(quoted - copied) / max(quoted + copied, 1),
    }


def _share(claims: Iterable[bool]) -> float:
    listed = list(claims)
    return sum(listed) / max(len(listed), 1)
