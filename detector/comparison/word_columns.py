"""Words of both sides in columns, between anchors, joined to phrases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from detector.comparison.anchors import Place
from detector.comparison.word_forms import Form, Forms
from detector.comparison.word_units import AUXILIARIES, list_units, pair_units
from detector.text.word_lists import read_words

_VERB_HELPERS = AUXILIARIES | {"to", "not"}

_DETERMINERS = frozenset("the a an his her its their our my".split())

# These go with the word behind them, never with the one before.
_FOLLOWED = AUXILIARIES | _DETERMINERS | frozenset("that this these those".split())

_DAYS = frozenset(read_words("text/data/calendar.txt")["days"])

# Words that a phrase is made of: kept amid it, and what a moved one takes in beside it.
_LONGEST_BRIDGE, _MOST_WIDENED = 2, 5

# What became of the words of a column.
KEPT, _FORM, CHANGED, MOVED = range(4)


class Column(NamedTuple):
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

    def touches(self, other: Column) -> bool:
        """Whether `other` follows at once on both sides."""
        return self.end == other.start and self.original_end == other.original_start

    def join(self, other: Column) -> Column:
        """One column of this and the one that follows."""
        return Column(CHANGED, self.start, other.end, self.original_start, other.original_end)


def find_moved(copy: Forms, original: Forms, anchors: Sequence[tuple[int, int]]) -> list[Column]:
    """Phrases with a content word that are left over on both sides, the longest first."""
    anchored, original_anchored = {i for i, _ in anchors}, {j for _, j in anchors}
    free = [i not in anchored for i in range(len(copy))]
    original_free = [j not in original_anchored for j in range(len(original))]
    places = defaultdict(list)
    for j, form in enumerate(original):
        if original_free[j] and not form.is_function:
            places[form.stem].append(j)
    candidates = []
    reached: dict[int, int] = {}  # by how far the copy lies behind the original
    for i, form in enumerate(copy):
        if free[i] and not form.is_function:
            for j in places[form.stem][:20]:
                if i < reached.get(i - j, 0):  # in the match that was found before
                    continue
                match = _extend_match(copy, original, free, original_free, i, j)
                reached[i - j] = match.end
                # "shown" is no moved "show", but "allegations are" is a moved "allegation is"
                if match.end - match.start > 1 or form.key == original[j].key:
                    candidates.append(match)
    moved: list[Column] = []
    for column in sorted(set(candidates), key=lambda c: (c.start - c.end, c.start)):
        rows = range(column.start, column.end)
        original_rows = range(column.original_start, column.original_end)
        if all(free[i] for i in rows) and all(original_free[j] for j in original_rows):
            moved.append(column)
            for i, j in zip(rows, original_rows, strict=True):
                free[i] = original_free[j] = False
    return moved


def _extend_match(
    copy: Forms,
    original: Forms,
    free: Sequence[bool],
    original_free: Sequence[bool],
    i: int,
    j: int,
) -> Column:
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
    return Column(MOVED, i - before + 1, i + after, j - before + 1, j + after)


def find_columns(
    copy: Forms,
    original: Forms,
    anchors: Sequence[tuple[int, int]],
    moved: Sequence[Column],
) -> list[Column]:
    """Columns in the copy's order, kept words in runs; moved phrases at their place in the copy."""
    moved_at = {column.start: column for column in moved}
    gone = {j for column in moved for j in range(column.original_start, column.original_end)}
    columns: list[Column] = []
    start = original_start = 0  # of a run of kept words, or where one may begin
    end = original_end = 0
    for i, j in [*anchors, (len(copy), len(original))]:
        kept = i < len(copy) and copy[i].lower == original[j].lower
        if kept and i == end and j == original_end:
            end, original_end = i + 1, j + 1
            continue
        if start < end:
            columns.append(Column(KEPT, start, end, original_start, original_end))
        if end < i or original_end < j:
            place = (end, i, original_end, j)
            columns += _align_stretch(copy, original, place, moved_at, gone)
        if not kept and i < len(copy):
            columns.append(Column(_FORM, i, i + 1, j, j + 1))
        start, original_start = (i, j) if kept else (i + 1, j + 1)
        end, original_end = i + 1, j + 1
    return columns


def _align_stretch(
    copy: Forms,
    original: Forms,
    place: Place,
    moved_at: dict[int, Column],
    gone: set[int],
) -> list[Column]:
    """Put the words of a changed stretch in each other's places, between its moved phrases."""
    at, end, original_at, original_end = place
    columns: list[Column] = []
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
    pairs = pair_units(list_units(copy, rows), list_units(original, original_rows))
    # The empty side of a column stands behind what came before it.
    at = place[0]
    for unit, other in pairs:
        start, at = (at, at) if unit is None else unit[:2]
        original_start, original_at = (original_at, original_at) if other is None else other[:2]
        same = unit is not None and other is not None and unit.form.lower == other.form.lower
        columns.append(Column(KEPT if same else CHANGED, start, at, original_start, original_at))
    return sorted(columns, key=lambda column: (column.start, column.end))


def join_columns(copy: Forms, original: Forms, columns: list[Column]) -> list[Column]:
    """Make phrases of neighbouring changed words."""
    joined: list[Column] = []
    for column in columns:
        if joined and _belong_together(copy, original, joined[-1], column):
            joined[-1] = joined[-1].join(column)
        else:
            joined.append(column)
    return joined


def _belong_together(copy: Forms, original: Forms, last: Column, column: Column) -> bool:
    """Whether a column goes on with the phrase before it."""
    if last.state != CHANGED or not last.touches(column):
        return False
    changed = _list_words_of(copy, original, last)
    if column.state == _FORM:
        # "has been raising" for "raised": the helpers belong to their verb
        return all(form.lower in _VERB_HELPERS for form in changed)
    if column.state != CHANGED:
        return False
    if last.is_two_sided and column.is_two_sided:
        # "secretary of state": what "of" ties together stays together
        return changed[-1].lower == "of" != copy[last.end - 1].lower
    following = _list_words_of(copy, original, column)
    if last.is_two_sided and all(form.lower in _FOLLOWED for form in following):
        return False
    return not (column.is_two_sided and changed[-1].lower == "that")


def attach_rest(copy: Forms, original: Forms, columns: list[Column]) -> list[Column]:
    """Let a phrase take in what was added or dropped behind it and belongs to it.

    "presented his apologies" for "apologised", "regulatory authority" for "regulator".
    """
    attached: list[Column] = []
    for column in columns:
        last = attached[-1] if attached else None
        if last is not None and _takes_in(copy, original, last, column):
            attached[-1] = last.join(column)
        else:
            attached.append(column)
    return attached


def _takes_in(copy: Forms, original: Forms, last: Column, column: Column) -> bool:
    changed = last.state in (CHANGED, _FORM) and column.state == CHANGED
    if not changed or not last.touches(column) or not last.is_two_sided or column.is_two_sided:
        return False
    words, following = (_list_words_of(copy, original, c) for c in (last, column))
    if not _has_content(words) or not _has_content(following):
        return False
    return last.state == _FORM or following[0].lower in _DETERMINERS


def _list_words_of(copy: Forms, original: Forms, column: Column) -> list[Form]:
    """The words of a column, the copy's first."""
    return [
        *copy[column.start : column.end],
        *original[column.original_start : column.original_end],
    ]


def extend_phrases(copy: Forms, original: Forms, columns: list[Column]) -> list[Column]:
    """Let a phrase take in the kept word that it cannot be read without.

    "pieces of equipment" for "equipment", and "on the previous Tuesday" for "earlier Tuesday".
    """
    extended: list[Column] = []
    for column in columns:
        last = extended[-1] if extended else None
        if (
            last is not None
            and last.state == CHANGED
            and column.state == KEPT
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


def _needs(changed: Forms, phrase: Column, following: Form) -> bool:
    if not _has_content(changed):
        return False
    if phrase.is_two_sided:
        return following.lower in _DAYS
    if following.lower.endswith("ing") or changed[0].is_function:
        return False
    return any(form.lower == "of" for form in changed[1:])


def widen_moved(copy: Forms, original: Forms, columns: list[Column]) -> list[Column]:
    """Let a moved phrase take in what was added beside it and what was dropped beside it.

    "according to the police" for "police said".
    """
    if all(column.state != MOVED for column in columns):
        return columns
    one_sided = [c for c in columns if c.state == CHANGED and not c.is_two_sided]
    added = [c for c in one_sided if c.start < c.end]
    dropped = [c for c in one_sided if c.start == c.end]
    added_at = {edge: c for c in added for edge in (c.start, c.end)}
    dropped_at = {edge: c for c in dropped for edge in (c.original_start, c.original_end)}
    taken: set[Column] = set()
    widened = {}
    for moved in (column for column in columns if column.state == MOVED):
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


def _span_all(moved: Column, beside: Sequence[Column], is_changed: bool) -> Column:
    """A moved phrase with what stands beside it on either side."""
    rows = [moved, *(column for column in beside if column.start < column.end)]
    columns = [moved, *(column for column in beside if column.start == column.end)]
    return Column(
        CHANGED if is_changed else MOVED,
        min(column.start for column in rows),
        max(column.end for column in rows),
        min(column.original_start for column in columns),
        max(column.original_end for column in columns),
    )


def bridge(copy: Forms, original: Forms, columns: list[Column]) -> list[Column]:
    """Make one phrase of what was added before a kept word and dropped behind it, or the reverse.

    "the tax on diesel" for "diesel duty".
    """
    bridged: list[Column] = []
    for column in columns:
        bridged.append(column)
        if len(bridged) < 3:
            continue
        before, kept, after = bridged[-3:]
        if (
            before.state == after.state == CHANGED
            and kept.state == KEPT
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


def _has_content(forms: Iterable[Form]) -> bool:
    return any(not form.is_function for form in forms)
