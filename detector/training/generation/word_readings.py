"""Which part of speech a word has in its sentence."""

from __future__ import annotations

from collections.abc import Sequence

from detector.training.generation.inflection import (
    PARTICIPLE_LIKE_BASE,
    PREPOSITIONS,
    Reading,
    parse_words,
)

_DETERMINERS = parse_words(
    "the a an this that these those his her its their my our your no every each some any another"
    " such whose"
)

_MODALS = parse_words(
    "will would shall should can could may might must cannot do does did don't doesn't didn't"
    " won't wouldn't can't couldn't shouldn't let"
)

_SUBJECTS = parse_words("i he she it we they who you")

_BE = parse_words(
    "be am is are was were been being isn't aren't wasn't weren't he's it's she's i'm we're they're"
    " you're that's"
)

_HAVE = parse_words(
    "have has had having haven't hasn't hadn't i've we've they've you've he'd they'd"
)

_COPULAS = parse_words(
    "become becomes became becoming remain remains remained remaining seem seems seemed stay"
    " stays stayed look looks looked feel feels felt grow grows grew sound sounds sounded get gets"
)

_DEGREES = parse_words("very so too more most less least quite rather as")

_ADVERBS_INSIDE_VERBS = parse_words("not also never only already just since ever still")


def guess_reading(
    readings: Sequence[Reading], before: str, before_that: str, after: str, possessive: bool = False
) -> Reading:
    """Choose a word's likeliest reading by its frequency and its neighbours (lower case).

    A few rules instead of a tagger: spinners make such mistakes too.
    """
    if len(readings) == 1:
        best = readings[0]
    else:
        best = max(
            readings,
            key=lambda r: (
                (r.frequency + 0.3) * _context_weight(r, before, before_that, after, possessive)
            ),
        )
    auxiliary = before_that if before.endswith("ly") or before in _ADVERBS_INSIDE_VERBS else before
    may_be_participle = best.form == "past" or (
        best.form == "base" and best.part_of_speech == "verb" and best.lemma in PARTICIPLE_LIKE_BASE
    )
    if may_be_participle and (auxiliary in _BE or auxiliary in _HAVE or after == "by"):
        return best._replace(form="participle")
    return best


def _context_weight(
    r: Reading, before: str, before_that: str, after: str, possessive: bool
) -> float:
    pos, form = r.part_of_speech, r.form
    is_finite = pos == "verb" and form in ("base", "third", "past")
    weight = 1.0
    if possessive:
        weight *= 1.0 if pos == "noun" else 0.001
    if before in _DETERMINERS or before.endswith("'s"):
        weight *= 0.01 if is_finite and before != "that" else 1.0
    elif before in _MODALS or (before_that in _MODALS and before in _ADVERBS_INSIDE_VERBS):
        weight *= 30.0 if pos == "verb" and form == "base" else 0.05
    elif before == "to":
        weight *= 8.0 if pos == "verb" and form == "base" else 0.3 if pos == "noun" else 0.05
    elif before in _SUBJECTS:
        weight *= 10.0 if is_finite else 0.1
    elif before in _BE or before in _COPULAS:
        weight *= (
            0.01 if pos == "verb" and form in ("base", "third") else 0.5 if pos == "noun" else 2.0
        )
    elif before in _HAVE:
        weight *= 5.0 if form in ("past", "participle") else 0.02 if is_finite else 1.0
    elif before in _DEGREES:
        weight *= 4.0 if pos in ("adjective", "adverb") else 0.3
    elif before in PREPOSITIONS:
        weight *= 0.02 if is_finite else 1.5 if pos == "noun" or form == "gerund" else 1.0
    if after in _DETERMINERS or after in ("him", "them", "me", "us", "it"):
        weight *= 3.0 if pos == "verb" else 0.7
    elif after == "of":
        weight *= 3.0 if pos == "noun" else 0.3
    return weight
