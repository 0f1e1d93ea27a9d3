"""Align the words of two sentences, and name what became of each phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detector.comparison.anchors import find_anchors
from detector.comparison.word_columns import (
    CHANGED,
    KEPT,
    MOVED,
    Column,
    attach_rest,
    bridge,
    extend_phrases,
    find_columns,
    find_moved,
    join_columns,
    widen_moved,
)
from detector.comparison.word_forms import (
    IRREGULAR,
    Form,
    Forms,
    are_variants,
    are_written_otherwise,
    describe,
)
from detector.results import SPELLING, SUBSTITUTION_KINDS
from detector.text.intake.misspellings import FEWEST_LETTERS, is_known, is_slip
from detector.text.word_lists import read_words

WORD_LINK_KINDS = ("same", *SUBSTITUTION_KINDS)
"""Kinds of `WordLink`: "same" is a run of words that were kept, the others are substitutions."""

# Less of the content words kept than the first, and of all words than the second, and nothing but a
# rephrasing can be named.
_LEAST_KEPT, _LEAST_ANCHORED, _MOST_UNANCHORED = 0.12, 0.35, 4

_CALENDAR = frozenset[str]().union(*read_words("text/data/calendar.txt").values())


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


def align_words(copy: Sequence[str], original: Sequence[str]) -> tuple[WordLink, ...]:
    """Link the words of a copied sentence to those of its original, in the copy's order.

    Args:
        copy: the words of the copy (punctuation marks left out: see `Word.is_word`).
        original: the words of the original.

    Returns:
        Links that hold each word of both sides once. Memory and time grow with the product of the
        lengths up to 250,000 pairs of words and linearly beyond.
    """
    return tuple(align_forms([describe(w) for w in copy], [describe(w) for w in original]))


def align_forms(copy: Forms, original: Forms) -> list[WordLink]:
    """Link words that are described already, as `align_words` does."""
    if [form.lower for form in copy] == [form.lower for form in original]:
        return [WordLink("same", range(len(copy)), range(len(original)))] if copy else []
    anchors = find_anchors(copy, original)
    if not _share_enough(copy, original, anchors):
        return [_make_link(copy, original, Column(CHANGED, 0, len(copy), 0, len(original)))]
    moved = find_moved(copy, original, anchors)
    columns = find_columns(copy, original, anchors, moved)
    columns = attach_rest(copy, original, join_columns(copy, original, columns))
    columns = extend_phrases(copy, original, columns)
    columns = widen_moved(copy, original, columns)
    return [_make_link(copy, original, column) for column in bridge(copy, original, columns)]


def _share_enough(copy: Forms, original: Forms, anchors: Sequence[tuple[int, int]]) -> bool:
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


def _make_link(copy: Forms, original: Forms, column: Column) -> WordLink:
    first = copy[column.start : column.end]
    second = original[column.original_start : column.original_end]
    if column.state == KEPT:
        kind = "same"
    else:
        kind = "word order" if column.state == MOVED else _name_kind(first, second)
    return WordLink(
        kind,
        range(column.start, column.end),
        range(column.original_start, column.original_end),
    )


def _name_kind(copy: Forms, original: Forms) -> str:
    """What was done to a phrase."""
    if not copy or not original:
        return "added" if copy else "dropped"
    if [form.lower for form in copy] == [form.lower for form in original]:
        return "same"
    if are_written_otherwise(copy, original):
        return SPELLING
    if len(copy) == len(original) == 1 and _is_slip(copy[0], original[0]):
        return SPELLING
    contents = [form for form in copy if not form.is_function]
    original_contents = [form for form in original if not form.is_function]
    if not contents and not original_contents:
        lemmas = [[IRREGULAR.get(f.lower) for f in side] for side in (copy, original)]
        return "inflection" if lemmas[0] == lemmas[1] and None not in lemmas[0] else "function word"
    if len(contents) == len(original_contents) == 1 and _are_numbers(contents, original_contents):
        return "name or number"
    if sorted(f.stem for f in contents) == sorted(f.stem for f in original_contents):
        return _name_form_change(contents, original_contents)
    if len(contents) == len(original_contents) == 1 and (
        variant := _name_variant(contents[0], original_contents[0])
    ):
        return variant
    return _name_choice(copy, original, len(contents), len(original_contents))


def _is_slip(form: Form, other: Form) -> bool:
    """Whether one is the other misspelt; with a capital, it may be a name that was translated."""
    if form.is_capitalized != other.is_capitalized or form.stem == other.stem:
        return False  # "sank" and "sunk" are forms of one word
    return is_slip(form.lower, other.lower)


def _are_names(copy: Forms, original: Forms) -> bool:
    """Whether one name stands for another: "Marbury" for "Denholm", "Monday" for "Thursday".

    Capitals alone make no name: "Foreign Minister" and "Foreign Secretary" are words of English.
    """
    sides = [[form for form in side if not form.is_function] for side in (copy, original)]
    if not all(f.is_capitalized or f.is_number for side in sides for f in side):
        return False
    if all(side and all(f.lower in _CALENDAR for f in side) for side in sides):
        return True
    return all(any(map(_is_foreign, side)) for side in sides)


def _is_foreign(form: Form) -> bool:
    """Whether it is no word of English, as far as the list of these goes."""
    return len(form.lower) >= FEWEST_LETTERS and form.lower.isalpha() and not is_known(form.lower)


def _are_numbers(copy: Forms, original: Forms) -> bool:
    return all(form.is_number for form in (*copy, *original))


def _name_form_change(copy: Forms, original: Forms) -> str:
    if [form.stem for form in copy] != [form.stem for form in original]:
        return "word order"
    if all(a.lower == b.lower for a, b in zip(copy, original, strict=True)):
        return "function word"
    return "inflection"


def _name_variant(first: Form, second: Form) -> str | None:
    if are_variants(first.stem, second.stem, False):
        return "inflection"
    names = first.is_capitalized and second.is_capitalized
    return "name or number" if names and are_variants(first.stem, second.stem, True) else None


def _name_choice(copy: Forms, original: Forms, contents: int, original_contents: int) -> str:
    """Whether content words were exchanged one for one, or more was said otherwise."""
    same_length = len(copy) == len(original) <= 3 and contents == original_contents
    particle = contents == original_contents == 1 and max(len(copy), len(original)) == 2
    alike = same_length or particle or len(copy) == len(original) == 1
    if not alike:
        return "rephrasing"
    return "name or number" if _are_names(copy, original) else "synonym"
